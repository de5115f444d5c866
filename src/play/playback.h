/* One viewer's play: which tag is next, with which timestamp, and when; pause
 * and seek. Pure but for the movie that it reads: `now` is an argument, nobody
 * sleeps, no sockets.
 *
 * A viewer is fed ahead of time: up to its lead in one burst, then, when half
 * of that was played, up to the lead again. With a lead of 0 each tag comes at
 * its own time. The first frame of a play has timestamp 0, also when it
 * started at an offset. */
#ifndef FLVD_PLAY_PLAYBACK_H
#define FLVD_PLAY_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "play/header_set.h"
#include "play/place.h"
#include "play/timeline.h"
#include "play/walk.h"

/* Tags that one step looks at for one that is received. */
#define PLAYBACK_STEP_TAGS 64

/* What to send. */
struct playback_item {
    struct movie_tag tag;
    uint32_t timestamp_ms; /* on the wire */
};

/* What a walk is on its way for. */
enum playback_errand {
    PLAYBACK_STAYS, /* there is none */
    PLAYBACK_SEEKS,
    PLAYBACK_SKIPS,   /* what is late */
    PLAYBACK_SWITCHES /* to another movie, while this one goes on */
};

struct playback {
    struct playback_place place;
    int64_t lead_ms;
    int64_t base_ms; /* timestamp on the wire = time on the timeline - this */
    bool is_based;   /* base_ms is settled: no start is still to be found */
    int64_t duration_ms;  /* of the play; 0: not limited */
    int64_t skip_late_ms; /* 0: nobody is moved */
    bool has_no_keyframe; /* ahead: nobody is moved until a seek */
    bool receives_audio;  /* from now on; a place before may say otherwise */
    bool receives_video;
    bool is_filling; /* up to the lead; else until half of it was played */
    bool is_paused;
    int64_t paused_ns;
    struct header_set headers; /* of the last landing: see headers_left */
    enum playback_errand errand;
    struct walk walk;     /* on an errand; its target stays */
    bool is_settled;      /* of a switch: the landing was found, */
    bool is_last_landing; /* and it is now or never */
    int64_t walked_ns;    /* when the last step of that walk was taken */
};

enum playback_step {
    PLAYBACK_SKIPPED, /* the viewer was late and was moved on: ask again */
    PLAYBACK_SWITCH,  /* here: call playback_switch_over */
    PLAYBACK_SEND,    /* a tag was given out: send it */
    PLAYBACK_WAIT,    /* nothing is due before *due_ns */
    PLAYBACK_ENDED,   /* all was given out; a seek may go on from here */
    PLAYBACK_FAILED   /* the movie could not be read on */
};

/* Before the first tag of `movie`, of which it takes a reference. */
void playback_init(struct playback *playback, struct movie *movie,
                   const struct timeline_options *options, int64_t lead_ms);
void playback_destroy(struct playback *playback);

struct movie *playback_movie(const struct playback *playback);

/* From now on the viewer is fed this far ahead; at least 0. */
void playback_set_lead(struct playback *playback, int64_t lead_ms);

/* A viewer whose next frame should have been played longer than this ago is
 * moved to the first keyframe that is not late: 0: never. Who is paused is not
 * late. Without such a keyframe it is fed on, or comes to the end if that is
 * late too. */
void playback_set_skip_late(struct playback *playback, int64_t skip_late_ms);

/* Before the first step: begins at the keyframe at or before `start_ms`, and
 * ends after `duration_ms` (0: not before the end). */
void playback_set_range(struct playback *playback, int64_t start_ms,
                        int64_t duration_ms);

/* From now on audio or video is left out, or given out again. What is left out
 * takes its time all the same. Whoever gives video out again seeks, so that it
 * begins with its headers and a keyframe. */
void playback_receive(struct playback *playback, bool audio, bool video);

/* The next step at the time `now_ns`; `item` is set on PLAYBACK_SEND, *due_ns
 * on PLAYBACK_WAIT: CLOCK_NEVER while paused, `now_ns` when there is more to be
 * read before anything is known. May block on the disk, for a bounded read. */
enum playback_step playback_next(struct playback *playback, int64_t now_ns,
                                 struct playback_item *item, int64_t *due_ns);

/* Nothing is given out from now on, but the one keyframe after a seek. */
void playback_pause(struct playback *playback, int64_t now_ns);
/* Goes on with the tag that is next. */
void playback_resume(struct playback *playback, int64_t now_ns);

/* Goes to the keyframe at or before `time_ms` on the wire, or to
 * the end if that is past it. The scan is done by the following steps. */
void playback_seek(struct playback *playback, int64_t time_ms);

/* Whether a step may lead elsewhere than to the next tag: places saved now are
 * none to go back to then. */
bool playback_is_landing(const struct playback *playback);

/* Goes on in another movie at the place on the timeline that was given out so
 * far: this one goes on up to the first keyframe of that one which is not
 * before what was given out, and PLAYBACK_SWITCH says that it has come to it.
 * Where there is no such keyframe, at once: to the last one, or to the end if
 * that movie is shorter. A seek that is under way, or comes before then, leads
 * into the other movie. */
void playback_switch(struct playback *playback, struct movie *movie);
/* On PLAYBACK_SWITCH. A place saved before is none to go back to. */
void playback_switch_over(struct playback *playback);

/* Remembers in `place`, which is initialised, where the play stands. */
void playback_save(const struct playback *playback,
                   struct playback_place *place);
/* Goes back to a place saved since the last seek, and from there over the first
 * `given_out` tags that were given out since then. */
void playback_restore(struct playback *playback,
                      const struct playback_place *place, size_t given_out);

/* The timestamp of the tag that was given out last. */
int64_t playback_position_ms(const struct playback *playback);

/* Where the viewer is: the timestamp that is played now, as far as tags were
 * given out, or the target of a seek that is under way. */
int64_t playback_viewer_ms(const struct playback *playback, int64_t now_ns);

/* Where the play stands, for those who look on. */
struct playback_standing {
    int64_t time_ms;         /* on the timeline, of what was given out last */
    int64_t played_at_ns;    /* when that is played; 0: nothing was yet */
    int64_t paused_ns;       /* since when it is paused; 0: it is not */
    int64_t round_length_ms; /* 0: not known yet */
};
void playback_stand(const struct playback *playback,
                    struct playback_standing *standing);

#endif
