/* Steps between frames. */
#include "config.h"

#include "flv/track.h"

#include <inttypes.h>
#include <stdio.h>

bool movie_track_add(struct movie_track *track, int64_t time_ms,
                     char what[static MOVIE_JUMP_BYTES])
{
    const int64_t from_ms = track->last_ms;
    const int64_t step_ms = time_ms - from_ms;

    track->last_ms = time_ms;
    if (track->frames++ == 0) {
        track->first_ms = time_ms;
        return false;
    }
    if (step_ms < -MOVIE_MAX_FALL_MS || step_ms > MOVIE_MAX_RISE_MS) {
        snprintf(what, MOVIE_JUMP_BYTES,
                 "time jumps from %" PRId64 " ms to %" PRId64 " ms", from_ms,
                 time_ms);
        return true;
    }
    if (step_ms > 0)
        track->last_step_ms = step_ms;
    return false;
}
