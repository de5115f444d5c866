/* The list of connections. */
#include "config.h"

#include "server/roster.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "net/transport.h"

bool roster_init(struct roster *roster, uint32_t limit, uint64_t seed)
{
    memset(roster, 0, sizeof(*roster));
    roster->limit = limit;
    roster->patience_ns = ROSTER_PATIENCE_NS;
    roster->unsettled = malloc(limit * sizeof(roster->unsettled[0]));
    if (roster->unsettled == NULL)
        return false;
    roster->random = seed | 1;
    pthread_mutex_init(&roster->turn, NULL);
    pthread_mutex_init(&roster->lock, NULL);
    clock_cond_init(&roster->left);
    return true;
}

void roster_destroy(struct roster *roster)
{
    pthread_cond_destroy(&roster->left);
    pthread_mutex_destroy(&roster->lock);
    pthread_mutex_destroy(&roster->turn);
    free(roster->unsettled);
}

/* Who wants it again as soon as it was let go, to visit all, stands in line
 * behind those who wait. */
static void lock(struct roster *roster)
{
    pthread_mutex_lock(&roster->turn);
    pthread_mutex_lock(&roster->lock);
    pthread_mutex_unlock(&roster->turn);
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

static void add_unsettled(struct roster *roster, struct roster_entry *entry)
{
    entry->is_settled = false;
    entry->position = roster->unsettled_count;
    roster->unsettled[roster->unsettled_count++] = entry;
}

/* The last one takes its place: their order says nothing. */
static void settle(struct roster *roster, struct roster_entry *entry)
{
    struct roster_entry *last;

    if (entry->is_settled)
        return;
    entry->is_settled = true;
    last = roster->unsettled[--roster->unsettled_count];
    roster->unsettled[entry->position] = last;
    last->position = entry->position;
}

static void interrupt_one_unsettled(struct roster *roster)
{
    struct roster_entry *entry =
        roster->unsettled[draw(roster) % roster->unsettled_count];

    if (entry->fd >= 0)
        transport_interrupt(entry->fd, true);
    /* Drawn once is enough: it is as good as gone. */
    settle(roster, entry);
    entry->was_drawn = true;
    roster->going++;
}

static bool is_full(const struct roster *roster)
{
    return roster->closed || (roster->count - roster->going >= roster->limit &&
                              roster->unsettled_count == 0);
}

/* Draws one that has to go for a newcomer, if it is time for that. While
 * there are free places for as many as are not settled, it is not they who fill
 * the roster: viewers do, and more of them are joining. */
static void make_room(struct roster *roster)
{
    const uint32_t staying = roster->count - roster->going;
    const uint32_t threshold = roster->limit - roster->limit / 4;

    if (staying < threshold || roster->unsettled_count == 0)
        return;
    if (staying < roster->limit &&
        roster->unsettled_count <= roster->limit - staying)
        return;
    if (staying >= roster->limit ||
        draw(roster) % (roster->limit - threshold + 1) <
            staying - threshold + 1)
        interrupt_one_unsettled(roster);
}

/* Waits until there is a place, for those that are going. */
static bool wait_for_place(struct roster *roster)
{
    const struct timespec deadline =
        clock_timespec(clock_now_ns() + roster->patience_ns);

    while (roster->count >= roster->limit && !roster->closed) {
        if (pthread_cond_timedwait(&roster->left, &roster->lock, &deadline) ==
            ETIMEDOUT)
            break;
    }
    return roster->count < roster->limit && !roster->closed;
}

/* Puts it into the list in front of `next`, at the end for NULL. */
static void link_before(struct roster *roster, struct roster_entry *entry,
                        struct roster_entry *next)
{
    entry->next = next;
    entry->previous = next != NULL ? next->previous : roster->oldest;
    if (entry->previous != NULL)
        entry->previous->next = entry;
    else
        roster->entries = entry;
    if (next != NULL)
        next->previous = entry;
    else
        roster->oldest = entry;
}

static void unlink_entry(struct roster *roster, struct roster_entry *entry)
{
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        roster->entries = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    else
        roster->oldest = entry->previous;
}

bool roster_is_full(struct roster *roster)
{
    bool full;

    lock(roster);
    full = is_full(roster);
    pthread_mutex_unlock(&roster->lock);
    return full;
}

bool roster_enter(struct roster *roster, struct roster_entry *entry, int fd)
{
    bool entered = false;

    lock(roster);
    if (!is_full(roster)) {
        make_room(roster);
        entered = wait_for_place(roster);
    }
    if (entered) {
        entry->fd = fd;
        entry->was_drawn = false;
        entry->is_bookmark = false;
        link_before(roster, entry, roster->entries);
        roster->count++;
        add_unsettled(roster, entry);
    }
    pthread_mutex_unlock(&roster->lock);
    return entered;
}

void roster_settle(struct roster *roster, struct roster_entry *entry)
{
    lock(roster);
    settle(roster, entry);
    pthread_mutex_unlock(&roster->lock);
}

bool roster_was_drawn(struct roster *roster, const struct roster_entry *entry)
{
    bool was_drawn;

    lock(roster);
    was_drawn = entry->was_drawn;
    pthread_mutex_unlock(&roster->lock);
    return was_drawn;
}

void roster_detach(struct roster *roster, struct roster_entry *entry)
{
    lock(roster);
    entry->fd = -1;
    pthread_mutex_unlock(&roster->lock);
}

void roster_leave(struct roster *roster, struct roster_entry *entry)
{
    lock(roster);
    settle(roster, entry);
    unlink_entry(roster, entry);
    roster->count--;
    if (entry->was_drawn)
        roster->going--;
    /* Under the lock: whoever waits may destroy the roster right after. */
    pthread_cond_broadcast(&roster->left);
    pthread_mutex_unlock(&roster->lock);
}

void roster_interrupt(struct roster *roster, bool both)
{
    lock(roster);
    roster->closed = true;
    for (struct roster_entry *e = roster->entries; e != NULL; e = e->next) {
        if (e->fd >= 0)
            transport_interrupt(e->fd, both);
    }
    pthread_mutex_unlock(&roster->lock);
}

uint32_t roster_wait_empty(struct roster *roster, int64_t deadline_ns)
{
    const struct timespec deadline = clock_timespec(deadline_ns);
    uint32_t count;

    lock(roster);
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

    lock(roster);
    count = roster->count;
    pthread_mutex_unlock(&roster->lock);
    return count;
}

/* Moves the bookmark over the next few. Whether there may be more. */
static bool visit_some(struct roster *roster, struct roster_entry *bookmark,
                       void (*visit)(struct roster_entry *entry, void *context),
                       void *context)
{
    for (int i = 0; i < ROSTER_VISITS_AT_ONCE; i++) {
        struct roster_entry *entry = bookmark->previous;

        if (entry == NULL)
            return false;
        unlink_entry(roster, bookmark);
        link_before(roster, bookmark, entry);
        if (!entry->is_bookmark)
            visit(entry, context);
    }
    return true;
}

void roster_visit(struct roster *roster,
                  void (*visit)(struct roster_entry *entry, void *context),
                  void *context)
{
    struct roster_entry bookmark = {.fd = -1, .is_bookmark = true};

    lock(roster);
    link_before(roster, &bookmark, NULL);
    while (visit_some(roster, &bookmark, visit, context)) {
        pthread_mutex_unlock(&roster->lock);
        lock(roster);
    }
    unlink_entry(roster, &bookmark);
    pthread_mutex_unlock(&roster->lock);
}
