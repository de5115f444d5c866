/* Landlock (landlock(7)): a process takes from itself what it has no need of,
 * in the file system and in the network. It binds the calling thread and what
 * that makes. */
#ifndef FLVD_SANDBOX_LANDLOCK_H
#define FLVD_SANDBOX_LANDLOCK_H

#include <stdbool.h>

struct landlock {
    int fd;    /* of the rules; -1: none */
    int abi;   /* of the kernel; 0: it has none */
    int error; /* errno of what could not be let through for want of
                  something; 0: nothing was */
};

/* Begins rules that forbid all that the kernel can forbid: every access to
 * files, TCP, signals to other processes, and abstract UNIX sockets unless
 * `keeps_abstract`. False, with errno, when the kernel has no Landlock. */
bool landlock_begin(struct landlock *landlock, bool keeps_abstract);

/* Lets what is at `path` be read: a directory with all that is beneath it; of
 * anything else the folder that holds it, and the folder that holds what it
 * links to. What cannot be reached is left out; `error` tells of what is left
 * out for want of memory or descriptors. Call while that is possible,
 * with the privileges that it takes. */
void landlock_allow(struct landlock *landlock, const char *path);

/* Puts the rules in force. False, with errno, when that fails. No new
 * privileges must be in force. */
bool landlock_enforce(struct landlock *landlock);

/* Frees the rules. */
void landlock_end(struct landlock *landlock);

/* What the rules are about, for people. */
const char *landlock_reach(const struct landlock *landlock);

#endif
