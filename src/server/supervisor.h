/* What the service manager is told of a running flvd: that it is ready, reads
 * things anew, stops, and is alive. All of it does nothing where there is no
 * manager. */
#ifndef FLVD_SERVER_SUPERVISOR_H
#define FLVD_SERVER_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/listener.h"
#include "server/roster.h"

struct supervisor {
    int64_t interval_ns; /* between two signs of life; 0: none are wanted */
    int64_t due_ns;      /* of the next one; CLOCK_NEVER */
    bool told_stuck;
};

void supervisor_init(struct supervisor *supervisor);

/* Everything is bound and opened, or was read anew. */
void supervisor_tell_ready(struct roster *roster);

void supervisor_tell_reloading(void);

/* `stop_ns` is how long that may take. */
void supervisor_tell_stopping(struct roster *roster, int64_t stop_ns);

/* When the time has come for a sign of life, gives it, if flvd is alive: the
 * roster's lock can be had, and no listener has been at something else than
 * waiting in accept for as long as an interval. What waits for disks is not
 * looked at: a disk that hangs is no better after a restart. */
void supervisor_tell_alive(struct supervisor *supervisor,
                           const struct listener *listeners,
                           size_t listener_count, struct roster *roster);

#endif
