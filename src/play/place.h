/* Where a play stands among the tags of its timeline: all that going back to an
 * earlier place takes. `now` is an argument; reads the movie. */
#ifndef FLVD_PLAY_PLACE_H
#define FLVD_PLAY_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "play/media_clock.h"
#include "play/timeline.h"

struct playback_place {
    struct timeline timeline;
    struct media_clock clock;
    bool clock_runs;      /* a frame was seen */
    int64_t sent_pace_ms; /* of the tag that was given out last */
    int64_t sent_time_ms; /* its time on the timeline */
    bool has_next;        /* `next` was read but not given out */
    struct timeline_item next;
    int64_t next_pace_ms;
    uint8_t headers_left; /* of the landing's, which come before `next` */
    bool receives_audio;  /* what is read here is given out, not left out */
    bool receives_video;
    bool shows_one; /* while paused: the keyframe of a seek is to be shown */
};

/* Before the first tag of `movie`, of which it takes a reference; receives
 * both audio and video. */
void playback_place_init(struct playback_place *place, struct movie *movie,
                         const struct timeline_options *options);
void playback_place_destroy(struct playback_place *place);

/* Makes `to`, which is initialised and of the same movie, the same as
 * `from`. */
void playback_place_copy(struct playback_place *to,
                         const struct playback_place *from);

/* Reads the next tag into `next`. Frames have a pace, and the first of them
 * starts the clock; headers go out with what comes before them. May block on
 * the disk. */
enum movie_result playback_place_read(struct playback_place *place,
                                      int64_t now_ns);

/* `next` goes out: the place is behind it. */
void playback_place_give_out(struct playback_place *place);

/* Whether a tag is of a type that the viewer receives here. */
bool playback_place_receives(const struct playback_place *place,
                             const struct movie_tag *tag);

#endif
