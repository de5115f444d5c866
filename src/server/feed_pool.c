/* The newest first: the one that was used last is the warmest. */
#include "config.h"

#include "server/feed_pool.h"

#include <stdlib.h>

void feed_pool_init(struct feed_pool *pool)
{
    pthread_mutex_init(&pool->lock, NULL);
    pool->count = 0;
}

void feed_pool_destroy(struct feed_pool *pool)
{
    while (pool->count > 0)
        free(pool->kept[--pool->count]);
    pthread_mutex_destroy(&pool->lock);
}

struct feed *feed_pool_take(struct feed_pool *pool)
{
    struct feed *feed = NULL;

    pthread_mutex_lock(&pool->lock);
    if (pool->count > 0)
        feed = pool->kept[--pool->count];
    pthread_mutex_unlock(&pool->lock);
    if (feed == NULL)
        feed = malloc(sizeof(*feed));
    if (feed != NULL)
        feed_init(feed);
    return feed;
}

void feed_pool_give(struct feed_pool *pool, struct feed *feed)
{
    if (feed == NULL)
        return;
    feed_destroy(feed);
    pthread_mutex_lock(&pool->lock);
    if (pool->count < FEED_POOL_KEPT) {
        pool->kept[pool->count++] = feed;
        feed = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    free(feed);
}
