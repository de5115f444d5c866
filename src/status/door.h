/* Who is connected to the status service: not more than a few, and the newest
 * come first, so that those who hold on to their connections keep nobody out.
 * Thread-safe. */
#ifndef FLVD_STATUS_DOOR_H
#define FLVD_STATUS_DOOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A page takes a handful, for a moment each. */
#define DOOR_MAX_VISITORS 64

struct door {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int visitors[DOOR_MAX_VISITORS]; /* descriptors, the oldest first */
    size_t count;
    size_t coming; /* were let in, and have not entered yet */
};

void door_init(struct door *door);
void door_destroy(struct door *door);

/* Before a newcomer enters. Where all places are taken the oldest visitor is
 * interrupted and waited for; false when it does not leave in time. */
bool door_let_in(struct door *door);

/* One that was let in does not come after all. */
void door_turn_away(struct door *door);

/* The connection with this descriptor begins, and ends: before it is closed, so
 * that nobody else's descriptor is ever interrupted. */
void door_enter(struct door *door, int fd);
void door_leave(struct door *door, int fd);

#endif
