/* When media is due: media time against monotonic time. Pure: `now` is an
 * argument. A time is origin + media time, never the last one plus a delta, so
 * errors do not add up. */
#ifndef FLVD_PLAY_MEDIA_CLOCK_H
#define FLVD_PLAY_MEDIA_CLOCK_H

#include <stdint.h>

/* A jump of the timestamps makes nobody wait longer than this. */
#define MEDIA_CLOCK_MAX_GAP_MS 10000
/* A track that lies further behind the other in the file has all of it sent
 * earlier. */
#define MEDIA_CLOCK_MAX_LAG_MS 1000

struct media_clock {
    int64_t origin_ns;   /* when pace 0 is played */
    int64_t shift_ms;    /* pace = media time + shift */
    int64_t furthest_ms; /* largest pace so far */
    int64_t last_ms;     /* the last pace */
    int64_t behind_ms;   /* how far paces since the furthest lay behind it */
    int64_t lag_ms;      /* of the track that lies behind; 0: not worth it */
};

/* Media time `media_ms` is played at `now_ns`. */
void media_clock_start(struct media_clock *clock, int64_t media_ms,
                       int64_t now_ns);

/* The pace of a media time: milliseconds of playing since the start. Times
 * are given in the order in which they are sent. A jump forward by more than
 * MEDIA_CLOCK_MAX_GAP_MS is shortened to it; a jump back by more than that goes
 * on from where playing is; smaller steps back (interleaving) stay as they
 * are. One of more than MEDIA_CLOCK_MAX_LAG_MS from which time leaps to the
 * front again shows that a track lies as far behind: from then on all paces are
 * played that much earlier, so that this track, too, comes in time. (After a
 * small jump back, time comes to the front step by step.) */
int64_t media_clock_pace(struct media_clock *clock, int64_t media_ms);

/* When a pace is played. */
int64_t media_clock_at_ns(const struct media_clock *clock, int64_t pace_ms);

#endif
