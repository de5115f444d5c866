/* With libsystemd, the reference of these protocols. */
#include "config.h"

#include "base/service_manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define NS_PER_US 1000

bool service_manager_is_available(void)
{
    return true;
}

int service_manager_sockets(char ***names,
                            char fault[static SERVICE_MANAGER_FAULT_BYTES])
{
    char reason[96];
    int count;

    *names = NULL;
    count = sd_listen_fds_with_names(1, names);
    if (count >= 0)
        return count;
    snprintf(fault, SERVICE_MANAGER_FAULT_BYTES,
             "the sockets that the service manager passed (LISTEN_FDS) cannot "
             "be taken: %s",
             strerror_r(-count, reason, sizeof(reason)));
    return -1;
}

int64_t service_manager_watchdog_ns(void)
{
    uint64_t interval_us = 0;

    if (sd_watchdog_enabled(0, &interval_us) <= 0 ||
        interval_us > INT64_MAX / NS_PER_US)
        return 0;
    return (int64_t)interval_us * NS_PER_US;
}

bool service_manager_listens(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

void service_manager_tell(const char *lines)
{
    (void)sd_notify(0, lines);
}
