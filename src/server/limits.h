/* The limits of the system that a thread, two mappings and a descriptor for
 * each client run into: raised where flvd may, named where it may not. */
#ifndef FLVD_SERVER_LIMITS_H
#define FLVD_SERVER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum limit_kind {
    LIMIT_DESCRIPTORS,  /* RLIMIT_NOFILE */
    LIMIT_FILES,        /* fs.file-max */
    LIMIT_USER_THREADS, /* RLIMIT_NPROC */
    LIMIT_THREADS,      /* kernel.threads-max */
    LIMIT_PROCESS_IDS,  /* kernel.pid_max */
    LIMIT_TASKS,        /* pids.max of a cgroup */
    LIMIT_MAPPINGS,     /* vm.max_map_count */
    LIMIT_ADDRESSES,    /* RLIMIT_AS */
    LIMIT_KINDS
};

/* There is no such limit, or nobody can tell. */
#define LIMIT_NONE INT64_MAX

struct limits {
    struct {
        int64_t most; /* or LIMIT_NONE */
        int64_t used;
    } of[LIMIT_KINDS];
};

/* --- pure --------------------------------------------------------------- */

/* How many clients fit, and in *tightest the limit that says so. */
int64_t limits_allow(const struct limits *limits, enum limit_kind *tightest);

/* Which limit made a call fail with `error` (EMFILE, ENFILE, EAGAIN, ENOMEM);
 * false when it was none that is known. The number of the user's threads is
 * not counted: that limit it was when it is none of the others. */
bool limits_culprit(const struct limits *limits, int error,
                    enum limit_kind *culprit);

/* For people: which limit, its value if that could be read, how to raise it. */
#define LIMITS_TEXT_BYTES 256
void limits_describe(const struct limits *limits, enum limit_kind kind,
                     char text[static LIMITS_TEXT_BYTES]);

/* Where the cgroup of the tasks controller is, of what /proc/self/cgroup
 * says: "/sys/fs/cgroup/system.slice/flvd.service". False when there is
 * none. */
bool limits_cgroup_path(const char *cgroups, char *path, size_t size);

/* --- the system --------------------------------------------------------- */

/* Lets the process have as many descriptors and threads as it may: the soft
 * limit of 1024 descriptors is for programs that use select(2). */
void limits_raise(void);

/* Opens the files that limits are read from, and keeps them: later they may
 * not be opened any more. Call once, before other threads exist. */
void limits_keep_files(void);

/* What is in force now. Takes long where there are many mappings. */
void limits_read(struct limits *limits);

/* Logs one line if `clients` cannot all be held. */
void limits_warn(uint32_t clients);

/* For people: the limit that made a call fail with `error` just now. False when
 * it was none that is known. */
bool limits_explain(int error, char text[static LIMITS_TEXT_BYTES]);

#endif
