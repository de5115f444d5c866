/* One file from its first byte to its last: what is wrong with it, and what is
 * in it.
 *
 * What is damage is decided by the code that serves the file (flv/head,
 * flv/scan, flv/track); a survey adds what harms nobody's stream but is worth
 * knowing before a file is served. Reads what a player would read except the
 * payload; keeps nothing that grows with the file. */
#ifndef FLVD_CHECK_SURVEY_H
#define FLVD_CHECK_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "check/codec.h"
#include "flv/movie.h"

enum survey_weight {
    SURVEY_WARNING, /* players of flvd miss nothing */
    SURVEY_FAULT
};

/* Who is told, both with `context`. */
struct survey_watcher {
    /* Something is wrong: a text for people, valid during the call. */
    void (*on_remark)(void *context, enum survey_weight weight,
                      int64_t offset_bytes, const char *what);
    /* How far the survey is, after each tag. False ends it. */
    bool (*on_progress)(void *context, int64_t done_bytes, int64_t size_bytes);
    void *context;
};

struct survey_track {
    struct movie_track times;
    struct codec codec; /* of the first frame */
};

struct survey {
    uint64_t tags; /* of all types */
    uint64_t faults;
    uint64_t warnings;
    int64_t duration_ms; /* from the first frame to the end of the last */
    struct survey_track audio;
    struct survey_track video;
};

/* Surveys the file at `fd`, which stays the caller's; blocks on the disk.
 * False and `error` filled when it is no FLV file or cannot be read at all.
 *
 * Damage and jumps are told as they are met, MOVIE_MAX_FAULTS at the most, and
 * then how many more there are. Faults that come with the writer of a file,
 * and may be in each tag, are told at the end, once each with their number. */
bool survey_file(int fd, const struct survey_watcher *watcher,
                 struct survey *survey, struct movie_error *error);

#endif
