/* Locking the process down once everything is bound and opened, so that who
 * takes it over gains little: it may read what it serves, talk to those who are
 * connected, and nothing else. */
#ifndef FLVD_SANDBOX_SANDBOX_H
#define FLVD_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/user.h"

struct sandbox_plan {
    const struct user *user; /* whom to become */
    bool is_locked;          /* else the user is all that changes */
    /* What may still be read: directories with all that is beneath, and the
     * folders that hold files. NULL: left out. */
    const char *const *paths;
    size_t path_count;
    const char *notify_socket; /* where the service manager listens, or NULL */
    bool may_poll;             /* poll, select and epoll are needed */
};

/* Does it, and logs what is in force and what the kernel cannot do, which is no
 * failure. False, and `fault`, when the user cannot be become: the process
 * must end. Call before any other thread exists: all of it binds the calling
 * thread and what that makes. */
bool sandbox_enter(const struct sandbox_plan *plan,
                   char fault[static USER_FAULT_BYTES]);

/* Starts the thread that logs refused system calls; false, with errno, when
 * none could be made. Once the log has its thread. */
bool sandbox_start_telling(void);

/* Ends it. */
void sandbox_stop_telling(void);

#endif
