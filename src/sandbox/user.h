/* Whom to become: started as root, flvd gives root up. */
#ifndef FLVD_SANDBOX_USER_H
#define FLVD_SANDBOX_USER_H

#include <stdbool.h>
#include <sys/types.h>

#define USER_NAME_BYTES 64
#define USER_FAULT_BYTES 256

struct user {
    char name[USER_NAME_BYTES];
    uid_t uid;
    gid_t gid;
    bool is_listed; /* in the user database, and with it the groups */
    bool changes;   /* it is another one than the process has */
};

/* Looks up `name`, which may also be a number; NULL: `nobody` for root, and
 * for others themselves. False, and `fault`, when there is no such user, or it
 * is another one and the process is not root. */
bool user_find(const char *name, struct user *user,
               char fault[static USER_FAULT_BYTES]);

/* Becomes the user for good, its groups included. False, and `fault`, when
 * that is not possible: the process may then be half of it, and must end. Call
 * before any other thread exists. */
bool user_become(const struct user *user, char fault[static USER_FAULT_BYTES]);

#endif
