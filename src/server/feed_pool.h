/* Feeds for those who send. A feed is 12 KiB of which nothing outlives a burst:
 * a viewer that waits has none, and the few that are in use are warm in the
 * cache. Thread-safe. */
#ifndef FLVD_SERVER_FEED_POOL_H
#define FLVD_SERVER_FEED_POOL_H

#include <pthread.h>
#include <stddef.h>

#include "server/feed.h"

/* Kept for the next who sends; what comes back beyond that is freed. */
#define FEED_POOL_KEPT 64

struct feed_pool {
    pthread_mutex_t lock;
    struct feed *kept[FEED_POOL_KEPT];
    size_t count;
};

void feed_pool_init(struct feed_pool *pool);
/* All feeds were given back. */
void feed_pool_destroy(struct feed_pool *pool);

/* A feed with nothing in it; NULL when memory is short. */
struct feed *feed_pool_take(struct feed_pool *pool);
/* Gives it back; what is in it is dropped. NULL is nothing. */
void feed_pool_give(struct feed_pool *pool, struct feed *feed);

#endif
