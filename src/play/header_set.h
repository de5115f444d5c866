/* The headers that are in force at a place of a file: what decoders must have
 * been told before a play may begin there. Pure.
 *
 * One sequence header for each track of audio and of video, and beside it one
 * side header (multichannel configuration, colours). A further one for the
 * same track takes the place of the one before, whatever its codec; the end
 * of a sequence of Enhanced RTMP, and a frame of another codec, end it. (The
 * end of an AVC sequence does not: players go on with the same header, and
 * tools that put files together leave it out where it does not change.) A
 * packet of many tracks counts for its first one. */
#ifndef FLVD_PLAY_HEADER_SET_H
#define FLVD_PLAY_HEADER_SET_H

#include <stdint.h>

#include "flv/movie.h"

/* Headers of further tracks are not kept: then those tracks decode only where
 * the file repeats its headers, as when the play had begun too late. */
#define HEADER_SET_MAX_TAGS 16

struct header_set {
    uint8_t count;
    /* In the order in which to send them: video, then audio, each as they
     * first came in the file. */
    struct movie_tag tags[HEADER_SET_MAX_TAGS];
};

/* Takes note of the next tag of the file, of whatever kind. Begins with all
 * bytes 0. */
void header_set_note(struct header_set *set, const struct movie_tag *tag);

#endif
