/* A directory that is served, and the only way into it: by a relative path
 * that cannot leave it, whatever the path and whatever symbolic links there
 * are. Thread-safe. */
#ifndef FLVD_SERVER_DIRECTORY_H
#define FLVD_SERVER_DIRECTORY_H

#include <pthread.h>
#include <stdbool.h>

struct directory {
    const char *path;
    pthread_mutex_t lock; /* not held while anything is opened */
    int fd;               /* guarded by `lock` */
};

/* Opens the directory at `path`, which must outlive it. False, with errno and
 * nothing to be destroyed, when it cannot be opened, read or searched. */
bool directory_open(struct directory *directory, const char *path);
/* Whether the process may list it and open what is in it; false with errno. */
bool directory_is_readable(const struct directory *directory);

void directory_close(struct directory *directory);

/* Opens what is at its path now, which may be another directory than before.
 * False, with errno and nothing changed, when that fails. */
bool directory_reopen(struct directory *directory);

/* Opens a file in the directory, or below, for reading; -1 and errno when that
 * fails, EXDEV when the path leads out. Never waits for the other end of a
 * FIFO. What was opened may be anything: look at it. */
int directory_open_file(struct directory *directory, const char *path);

/* The two ways in which that is done, of a directory's descriptor: openat2,
 * which follows symbolic links that stay inside, and one component after the
 * other, for systems that have no openat2, which follows none. The first takes
 * the second where it must. */
int directory_open_beneath(int directory_fd, const char *path);
int directory_walk_beneath(int directory_fd, const char *path);

#endif
