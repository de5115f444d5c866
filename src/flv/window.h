/* The mapped pieces of one file, shared by all who send from it.
 *
 * A window is mapped when somebody first wants it and stays while somebody
 * holds it; the few that were used last stay longer. Only the kernel may read
 * the mapped bytes (see flv/movie.h); nothing here does. */
#ifndef FLVD_FLV_WINDOW_H
#define FLVD_FLV_WINDOW_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "flv/movie.h"

/* Windows that are kept although nobody holds them. */
#define WINDOW_SET_MAX_IDLE 16

struct window_set {
    int fd; /* stays the caller's */
    /* Guards all below and the references of each window. No other lock is
     * taken under it, and it is never taken with the scan lock held. Mapping
     * happens under it, so that no two viewers map the same window;
     * unmapping, which is slow, does not. */
    pthread_mutex_t lock;
    struct movie_window **windows;
    size_t count;
    size_t capacity;
    size_t idle; /* those without a reference */
    uint64_t uses;
};

void window_set_init(struct window_set *set, int fd);

/* Unmaps everything; nobody may hold a window any more. */
void window_set_destroy(struct window_set *set);

/* As movie_window_acquire and movie_window_release. */
struct movie_window *window_set_acquire(struct window_set *set,
                                        int64_t offset_bytes);
void window_set_release(struct window_set *set, struct movie_window *window);

#endif
