/* The frames of one type: how many, when, and which steps are a jump. Pure. */
#ifndef FLVD_FLV_TRACK_H
#define FLVD_FLV_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "flv/movie.h"

#define MOVIE_JUMP_BYTES 96

/* Counts a frame. True when its time jumps, and what is to be told of that is
 * in `what`. */
bool movie_track_add(struct movie_track *track, int64_t time_ms,
                     char what[static MOVIE_JUMP_BYTES]);

#endif
