/* Which system calls the process may still make (seccomp(2), by libseccomp;
 * call_filter_none.c stands in when flvd is built without it). */
#ifndef FLVD_SANDBOX_CALL_FILTER_H
#define FLVD_SANDBOX_CALL_FILTER_H

#include <stdbool.h>

struct call_filter_plan {
    bool may_poll;   /* poll, select and epoll are allowed */
    bool may_notify; /* so are datagrams of UNIX sockets */
};

/* Whether flvd was built with it. */
bool call_filter_is_available(void);

/* Puts the filter in force for the calling thread and all that it makes. What
 * flvd needs is allowed; what only an intruder would want ends the process; of
 * all else the caller is told that there is no such call, and `refusals` are
 * told of it. False, with errno, when the kernel has no such filters. No new
 * privileges must be in force. */
bool call_filter_enter(const struct call_filter_plan *plan);

/* The name of a system call; free it. NULL: unknown. */
char *call_filter_name(int number);

#endif
