/* Places are few and kept in the order of arrival: arrays are searched. */
#include "config.h"

#include "status/door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

/* How long a newcomer may have to wait for the one that goes for it. */
#define PATIENCE_NS (200 * CLOCK_NS_PER_MS)

void door_init(struct door *door)
{
    pthread_mutex_init(&door->lock, NULL);
    clock_cond_init(&door->changed);
    door->count = 0;
    door->coming = 0;
}

void door_destroy(struct door *door)
{
    pthread_cond_destroy(&door->changed);
    pthread_mutex_destroy(&door->lock);
}

static bool is_full(const struct door *door)
{
    return door->count + door->coming >= DOOR_MAX_VISITORS;
}

bool door_let_in(struct door *door)
{
    const struct timespec deadline =
        clock_timespec(clock_now_ns() + PATIENCE_NS);
    bool let_in;

    pthread_mutex_lock(&door->lock);
    if (is_full(door) && door->count > 0)
        shutdown(door->visitors[0], SHUT_RDWR);
    while (is_full(door)) {
        if (pthread_cond_timedwait(&door->changed, &door->lock, &deadline) ==
            ETIMEDOUT)
            break;
    }
    let_in = !is_full(door);
    /* One that was let in so long ago, and did not enter, got lost: memory was
     * short. */
    if (!let_in)
        door->coming = 0;
    else
        door->coming++;
    pthread_mutex_unlock(&door->lock);
    return let_in;
}

void door_turn_away(struct door *door)
{
    pthread_mutex_lock(&door->lock);
    if (door->coming > 0)
        door->coming--;
    pthread_mutex_unlock(&door->lock);
}

void door_enter(struct door *door, int fd)
{
    pthread_mutex_lock(&door->lock);
    if (door->coming > 0)
        door->coming--;
    if (door->count < DOOR_MAX_VISITORS)
        door->visitors[door->count++] = fd;
    else
        shutdown(fd, SHUT_RDWR); /* one that got lost came after all */
    pthread_mutex_unlock(&door->lock);
}

void door_leave(struct door *door, int fd)
{
    pthread_mutex_lock(&door->lock);
    for (size_t i = 0; i < door->count; i++) {
        if (door->visitors[i] != fd)
            continue;
        memmove(&door->visitors[i], &door->visitors[i + 1],
                (door->count - i - 1) * sizeof(door->visitors[0]));
        door->count--;
        break;
    }
    pthread_cond_signal(&door->changed);
    pthread_mutex_unlock(&door->lock);
}
