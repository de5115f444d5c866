/* A progress bar on a terminal: one line, drawn over again, and gone at the
 * end. */
#ifndef FLVD_CHECK_PROGRESS_H
#define FLVD_CHECK_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bar is never wider than this. */
#define PROGRESS_LINE_BYTES 256

/* What a bar shows. */
struct progress_state {
    const char *file; /* printable */
    size_t number;    /* of the file, from 1 */
    size_t count;     /* of files */
    int64_t done_bytes;
    int64_t size_bytes;
    int64_t elapsed_ns; /* on this file */
};

/* Makes the line for a terminal of so many columns, the last of which is left
 * free: what there is no room for is left out, the percentage last of all.
 * Gives its length, 0 where there is no room for anything. */
size_t progress_line(char line[static PROGRESS_LINE_BYTES],
                     const struct progress_state *state, unsigned columns);

struct progress {
    int fd;
    bool is_wanted;
    bool is_drawn;
    int64_t next_draw_ns;
    int64_t begin_ns; /* of this file */
    struct progress_state state;
};

/* A bar on `fd`, which stays the caller's, for `count` files. Draws nothing
 * when that is no terminal, or one that cannot clear a line. */
void progress_init(struct progress *progress, int fd, size_t count);

/* The next file begins; `file` is printable and outlives it. */
void progress_begin(struct progress *progress, const char *file);

/* Draws anew, ten times a second at the most: mostly does nothing. */
void progress_update(struct progress *progress, int64_t done_bytes,
                     int64_t size_bytes);

/* The file is through. The last one is drawn whatever the time. */
void progress_end(struct progress *progress);

/* Clears the line, for something else to be written there. */
void progress_clear(struct progress *progress);

#endif
