/* Stands in for service_manager_systemd.c when flvd is built without
 * libsystemd. Sockets that were passed are refused: whoever passes them relies
 * on them. */
#include "config.h"

#include "base/service_manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool service_manager_is_available(void)
{
    return false;
}

int service_manager_sockets(char ***names,
                            char fault[static SERVICE_MANAGER_FAULT_BYTES])
{
    const char *pid = getenv("LISTEN_PID");

    *names = NULL;
    /* Else they are for a parent of ours, who has left the variables. */
    if (pid == NULL || getenv("LISTEN_FDS") == NULL || atol(pid) != getpid())
        return 0;
    snprintf(fault, SERVICE_MANAGER_FAULT_BYTES,
             "a service manager passed sockets (LISTEN_FDS), but this flvd was "
             "built without libsystemd and cannot take them");
    return -1;
}

int64_t service_manager_watchdog_ns(void)
{
    return 0;
}

bool service_manager_listens(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

void service_manager_tell(const char *lines)
{
    (void)lines;
}
