/* Who is connected: the limit, interrupting everybody, waiting until nobody is
 * left. Thread-safe.
 *
 * A worker is entered before its thread exists and leaves as its last act, so
 * an empty roster means that nothing shared is used any more. Only the worker
 * closes its descriptor, and takes it out of its entry first: no descriptor
 * that was given to somebody else is ever interrupted. */
#ifndef FLVD_SERVER_ROSTER_H
#define FLVD_SERVER_ROSTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* One connection; lies in the worker's own memory. */
struct roster_entry {
    struct roster_entry *next; /* all of these are guarded by the roster */
    struct roster_entry *previous;
    int fd;            /* -1 once the worker took it out */
    uint32_t position; /* among those that are not settled */
    bool is_settled;   /* got to `connect`, or was drawn */
    bool was_drawn;    /* had to go for somebody else */
    bool is_bookmark;  /* no connection: where somebody is who visits all */
    struct profile *profile; /* what may be seen of it, set before it enters;
                              stays until it has left */
};

struct roster {
    pthread_mutex_t turn; /* is taken to take the next, and for nothing else */
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t left;
    struct roster_entry *entries; /* the newest first */
    struct roster_entry *oldest;
    uint32_t count;
    uint32_t limit;
    struct roster_entry **unsettled; /* room for all, to draw one of them */
    uint32_t unsettled_count;
    uint32_t going;      /* were drawn, and have not left yet */
    int64_t patience_ns; /* ROSTER_PATIENCE_NS, but for tests */
    uint64_t random;     /* state of the draw who is refused */
    bool closed;         /* nobody may enter any more */
};

/* How long a newcomer may have to wait for the one that goes for it: it only
 * has to wake up. */
#define ROSTER_PATIENCE_NS (200 * CLOCK_NS_PER_MS)

/* For `limit` connections, at least 1. False when memory is short. */
bool roster_init(struct roster *roster, uint32_t limit, uint64_t seed);
void roster_destroy(struct roster *roster);

/* Whether nobody could enter now: before anything is spent on a newcomer. */
bool roster_is_full(struct roster *roster);

/* Enters a connection. False when it is full of peers that got to `connect`,
 * or closed. Past three quarters of the limit, where there are more peers that
 * did not get to `connect` yet than free places, the fuller the likelier, and
 * always when it is full, one of those is drawn and interrupted: a flood of
 * them must not keep viewers out. When it is full the newcomer waits until that
 * one has left, so that there are never more than the limit; it is refused when
 * that takes too long. */
bool roster_enter(struct roster *roster, struct roster_entry *entry, int fd);

/* The peer got to `connect`. */
void roster_settle(struct roster *roster, struct roster_entry *entry);

/* Whether it was interrupted to make room. */
bool roster_was_drawn(struct roster *roster, const struct roster_entry *entry);

/* The descriptor is about to be closed: nobody interrupts it from now on. */
void roster_detach(struct roster *roster, struct roster_entry *entry);

/* The worker's last act: `entry` may be freed by the caller afterwards, but
 * the roster may be gone. */
void roster_leave(struct roster *roster, struct roster_entry *entry);

/* Lets nobody in any more and interrupts all that are in: those that wait for
 * bytes, and with `both` those that wait to send, too. */
void roster_interrupt(struct roster *roster, bool both);

/* Waits until nobody is in, `deadline_ns` at the latest. Returns how many
 * are left. */
uint32_t roster_wait_empty(struct roster *roster, int64_t deadline_ns);

uint32_t roster_count(struct roster *roster);

/* Calls `visit` for each connection, the oldest first, with the roster's lock
 * held: it must be quick. The lock is let go again and again, so that nobody
 * has to wait for a long list; who comes or leaves meanwhile may be visited or
 * not, nobody twice. */
#define ROSTER_VISITS_AT_ONCE 32
void roster_visit(struct roster *roster,
                  void (*visit)(struct roster_entry *entry, void *context),
                  void *context);

#endif
