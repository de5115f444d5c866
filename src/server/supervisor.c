/* A watchdog that is fed by a thread of its own says only that this thread
 * lives: hence the look at those who let players in. */
#include "config.h"

#include "server/supervisor.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/service_manager.h"

/* A sign of life may be late, but not as late as a second one would be. */
#define SIGNS_AN_INTERVAL 2

/* A listener that is out of descriptors or threads rests for a moment. */
#define LEAST_STUCK_NS (2 * CLOCK_NS_PER_S)

#define NS_PER_US 1000
#define LINES_BYTES 256

void supervisor_init(struct supervisor *supervisor)
{
    supervisor->interval_ns = service_manager_watchdog_ns() / SIGNS_AN_INTERVAL;
    supervisor->due_ns = supervisor->interval_ns == 0
                             ? CLOCK_NEVER
                             : clock_now_ns() + supervisor->interval_ns;
    supervisor->told_stuck = false;
    if (service_manager_listens() && !service_manager_is_available())
        log_warn("this flvd was built without libsystemd: it cannot tell the "
                 "service manager that it is ready (NOTIFY_SOCKET)");
}

static void tell_with_count(const char *line, struct roster *roster)
{
    char lines[LINES_BYTES];

    if (!service_manager_listens())
        return;
    snprintf(lines, sizeof(lines), "%s\nSTATUS=%" PRIu32 " connections", line,
             roster_count(roster));
    service_manager_tell(lines);
}

void supervisor_tell_ready(struct roster *roster)
{
    tell_with_count("READY=1", roster);
}

void supervisor_tell_reloading(void)
{
    char lines[LINES_BYTES];

    snprintf(lines, sizeof(lines),
             "RELOADING=1\nMONOTONIC_USEC=%" PRId64
             "\nSTATUS=Reading files and certificates anew",
             clock_now_ns() / NS_PER_US);
    service_manager_tell(lines);
}

/* The manager waits as long as is asked for, whatever its own timeout. */
void supervisor_tell_stopping(struct roster *roster, int64_t stop_ns)
{
    char line[LINES_BYTES / 2];

    snprintf(line, sizeof(line), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64,
             stop_ns / NS_PER_US);
    tell_with_count(line, roster);
}

static bool is_stuck(const struct supervisor *supervisor,
                     const struct listener *listeners, size_t listener_count,
                     int64_t now_ns)
{
    int64_t most_ns = supervisor->interval_ns > LEAST_STUCK_NS
                          ? supervisor->interval_ns
                          : LEAST_STUCK_NS;

    for (size_t i = 0; i < listener_count; i++) {
        int64_t since_ns = listener_busy_since_ns(&listeners[i]);

        if (since_ns != 0 && now_ns - since_ns > most_ns)
            return true;
    }
    return false;
}

void supervisor_tell_alive(struct supervisor *supervisor,
                           const struct listener *listeners,
                           size_t listener_count, struct roster *roster)
{
    int64_t now_ns = clock_now_ns();

    if (now_ns < supervisor->due_ns)
        return;
    supervisor->due_ns = now_ns + supervisor->interval_ns;
    if (!is_stuck(supervisor, listeners, listener_count, now_ns)) {
        tell_with_count("WATCHDOG=1", roster);
        return;
    }
    if (!supervisor->told_stuck)
        log_error("a listener is stuck: the service manager is not told any "
                  "more that flvd is alive");
    supervisor->told_stuck = true;
}
