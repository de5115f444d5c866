/* Files by path and state: how those that are to be played are opened, and
 * whether one was changed. */
#ifndef FLVD_BASE_FILE_H
#define FLVD_BASE_FILE_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

/* How a file is opened to be read, whatever it turns out to be. O_NONBLOCK:
 * opening a FIFO must not wait for somebody to write. */
#define FILE_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Whether both are of one file that was not changed in between, as far as its
 * size and times tell. */
bool file_is_same_state(const struct stat *a, const struct stat *b);

#endif
