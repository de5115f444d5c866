/* The list of connections. */
#include "config.h"

#include "server/roster.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/transport.h"

void roster_init(struct roster *roster, uint32_t limit, uint64_t seed)
{
    pthread_condattr_t attributes;

    memset(roster, 0, sizeof(*roster));
    roster->limit = limit;
    roster->random = seed | 1;
    pthread_mutex_init(&roster->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&roster->left, &attributes);
    pthread_condattr_destroy(&attributes);
}

void roster_destroy(struct roster *roster)
{
    pthread_cond_destroy(&roster->left);
    pthread_mutex_destroy(&roster->lock);
}

/* xorshift64: who is drawn must be hard to foretell from outside, which a
 * random seed does; it guards no secret. */
static uint64_t draw(struct roster *roster)
{
    roster->random ^= roster->random << 13;
    roster->random ^= roster->random >> 7;
    roster->random ^= roster->random << 17;
    return roster->random;
}

static void interrupt_one_unsettled(struct roster *roster)
{
    uint64_t chosen = draw(roster) % roster->unsettled;

    for (struct roster_entry *e = roster->entries; e != NULL; e = e->next) {
        if (e->is_settled)
            continue;
        if (chosen-- == 0) {
            if (e->fd >= 0)
                transport_interrupt(e->fd, true);
            /* Drawn once is enough: it is as good as gone. */
            e->is_settled = true;
            e->was_drawn = true;
            roster->unsettled--;
            return;
        }
    }
}

/* Whether the newcomer may stay; somebody else may have to go for it. */
static bool make_room(struct roster *roster)
{
    uint32_t threshold = roster->limit - roster->limit / 4;
    uint32_t over;

    /* As many as were interrupted a moment ago may still be in. */
    if (roster->count >= roster->limit) {
        if (roster->unsettled == 0)
            return false;
        interrupt_one_unsettled(roster);
        return true;
    }
    if (roster->count < threshold || roster->unsettled == 0)
        return true;
    over = roster->count - threshold + 1;
    if (draw(roster) % (roster->limit - threshold + 1) < over)
        interrupt_one_unsettled(roster);
    return true;
}

bool roster_enter(struct roster *roster, struct roster_entry *entry, int fd)
{
    bool entered;

    pthread_mutex_lock(&roster->lock);
    entered = !roster->closed && make_room(roster);
    if (entered) {
        entry->fd = fd;
        entry->is_settled = false;
        entry->was_drawn = false;
        entry->previous = NULL;
        entry->next = roster->entries;
        if (roster->entries != NULL)
            roster->entries->previous = entry;
        roster->entries = entry;
        roster->count++;
        roster->unsettled++;
    }
    pthread_mutex_unlock(&roster->lock);
    return entered;
}

static void settle(struct roster *roster, struct roster_entry *entry)
{
    if (!entry->is_settled) {
        entry->is_settled = true;
        roster->unsettled--;
    }
}

void roster_settle(struct roster *roster, struct roster_entry *entry)
{
    pthread_mutex_lock(&roster->lock);
    settle(roster, entry);
    pthread_mutex_unlock(&roster->lock);
}

bool roster_was_drawn(struct roster *roster, const struct roster_entry *entry)
{
    bool was_drawn;

    pthread_mutex_lock(&roster->lock);
    was_drawn = entry->was_drawn;
    pthread_mutex_unlock(&roster->lock);
    return was_drawn;
}

void roster_detach(struct roster *roster, struct roster_entry *entry)
{
    pthread_mutex_lock(&roster->lock);
    entry->fd = -1;
    pthread_mutex_unlock(&roster->lock);
}

void roster_leave(struct roster *roster, struct roster_entry *entry)
{
    pthread_mutex_lock(&roster->lock);
    settle(roster, entry);
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        roster->entries = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    roster->count--;
    /* Under the lock: whoever waits may destroy the roster right after. */
    pthread_cond_broadcast(&roster->left);
    pthread_mutex_unlock(&roster->lock);
}

void roster_interrupt(struct roster *roster, bool both)
{
    pthread_mutex_lock(&roster->lock);
    roster->closed = true;
    for (struct roster_entry *e = roster->entries; e != NULL; e = e->next) {
        if (e->fd >= 0)
            transport_interrupt(e->fd, both);
    }
    pthread_mutex_unlock(&roster->lock);
}

uint32_t roster_wait_empty(struct roster *roster, int64_t deadline_ns)
{
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % CLOCK_NS_PER_S)};
    uint32_t count;

    pthread_mutex_lock(&roster->lock);
    while (roster->count > 0) {
        if (pthread_cond_timedwait(&roster->left, &roster->lock, &deadline) ==
            ETIMEDOUT)
            break;
    }
    count = roster->count;
    pthread_mutex_unlock(&roster->lock);
    return count;
}

uint32_t roster_count(struct roster *roster)
{
    uint32_t count;

    pthread_mutex_lock(&roster->lock);
    count = roster->count;
    pthread_mutex_unlock(&roster->lock);
    return count;
}
