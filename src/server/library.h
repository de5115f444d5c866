/* Which movie a name stands for. FILE is looked up again for each play, so
 * that a file that was replaced is what new viewers get; the movie is shared
 * by all who play the same file. Thread-safe. */
#ifndef FLVD_SERVER_LIBRARY_H
#define FLVD_SERVER_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flv/movie.h"

struct library; /* opaque */

/* A library of one file. Opens it once to see that it can be played: NULL and
 * `error` filled when it cannot. `path` must outlive the library. */
struct library *library_open_file(const char *path, struct movie_error *error);

/* A library of one movie in memory, `length` bytes at `data`, which are
 * copied. NULL and `error` filled when that fails. */
struct library *library_open_memory(const void *data, size_t length,
                                    struct movie_error *error);

void library_close(struct library *library);

/* The movie to play, with a reference for the caller; NULL, and `error`
 * filled, when it cannot be played now. May block on the disk. */
struct movie *library_find(struct library *library, struct movie_error *error);

/* The name that the URL shows: the last part of the path without ".flv". */
const char *library_name(const struct library *library, size_t *length);

/* Forgets the movie that is kept between plays; who plays it goes on. */
void library_forget(struct library *library);

#endif
