/* What a service manager such as systemd passes at the start and is told later:
 * sd_listen_fds(3), sd_watchdog_enabled(3), sd_notify(3). In a build without
 * libsystemd nothing is taken and nobody is told. */
#ifndef FLVD_BASE_SERVICE_MANAGER_H
#define FLVD_BASE_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether flvd was built with libsystemd. */
bool service_manager_is_available(void);

#define SERVICE_MANAGER_FIRST_FD 3
#define SERVICE_MANAGER_FAULT_BYTES 192

/* How many descriptors were passed to this process, from
 * SERVICE_MANAGER_FIRST_FD on, and what they are called: `names` is NULL if
 * there are none, else for the caller to free, each name and the array. The
 * environment does not tell of them any more. -1, and one line in `fault`, when
 * they cannot be taken. Call before any thread exists. */
int service_manager_sockets(char ***names,
                            char fault[static SERVICE_MANAGER_FAULT_BYTES]);

/* How often it must hear of us: WATCHDOG_USEC; 0 if it need not. */
int64_t service_manager_watchdog_ns(void);

/* Whether it wants to be told anything, which may be in vain. */
bool service_manager_listens(void);

/* Tells it lines such as "READY=1\nSTATUS=...". */
void service_manager_tell(const char *lines);

#endif
