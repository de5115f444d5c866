/* A viewer's timeline: the rounds of a movie as one sequence of tags whose
 * times go on rising over the seams. Pure but for the movie that it reads.
 *
 * The time of a tag is the file's plus one constant per round: the first frame
 * of the file has 0, each further round begins one frame after the last of the
 * round before. */
#ifndef FLVD_PLAY_TIMELINE_H
#define FLVD_PLAY_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "flv/movie.h"

/* A file whose times fall below the first frame of the round by more than this
 * has no time on the timeline for them: it goes on from where it was. */
#define TIMELINE_MAX_LAG_MS 10000
/* Tags that are looked at for one that is wanted. */
#define TIMELINE_STEP_TAGS 64
/* How long a round of a single picture lasts. */
#define TIMELINE_STILL_MS 1000

struct timeline_options {
    bool audio; /* false: audio tags are left out */
    bool video;
    uint32_t rounds; /* how many times the file is played; 0: for ever */
};

struct timeline {
    struct movie_cursor cursor;
    struct timeline_options options;
    bool has_started;        /* the first frame was seen: first_ms is known */
    bool wait_for_keyframe;  /* video frames before it are left out */
    uint32_t round;          /* from 0 */
    uint64_t round_frames;   /* read in this round */
    int64_t first_ms;        /* the file's time of the first frame */
    int64_t constant_ms;     /* time on the timeline = the file's + this */
    int64_t round_start_ms;  /* nothing in the round is told to be earlier */
    int64_t round_length_ms; /* 0 until a round was read to its end */
    int64_t furthest_ms;     /* latest time that was read */
};

struct timeline_item {
    struct movie_tag tag;
    int64_t time_ms; /* on the timeline, at least 0 */
};

/* Before the first tag of `movie`, of which it takes a reference. */
void timeline_init(struct timeline *timeline, struct movie *movie,
                   const struct timeline_options *options);
void timeline_destroy(struct timeline *timeline);

/* Makes `to`, which is initialised and of the same movie, the same as
 * `from`. */
void timeline_copy(struct timeline *to, const struct timeline *from);

/* The next tag that is wanted. MOVIE_MORE: none was among the next
 * TIMELINE_STEP_TAGS, ask again; MOVIE_END: all rounds were read. May block on
 * the disk (movie_cursor_next). */
enum movie_result timeline_next(struct timeline *timeline,
                                struct timeline_item *item);

/* Puts back the tag that timeline_next gave out last; only once. */
void timeline_put_back(struct timeline *timeline);

/* The round in which `time_ms` lies, the last one at most, as far as the length
 * of a round is known; else 0. */
uint32_t timeline_round_at(const struct timeline *timeline, int64_t time_ms);

/* Back, or on, to before the first tag of that round. */
void timeline_move_to(struct timeline *timeline, int64_t time_ms);

#endif
