/* Calls that fail when a test wants them to: what flvd calls of the C library
 * and the system goes through wrappers (the linker's --wrap), which do as a
 * plan in shared memory says. The test writes the plan, and reads what happened
 * so far, while flvd runs in a child of its own. OpenSSL's memory comes from
 * the same place. */
#ifndef FLVD_TESTS_FAULTS_FAULT_H
#define FLVD_TESTS_FAULTS_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum fault_call {
    FAULT_ACCEPT4,
    FAULT_BIND,
    FAULT_CALLOC,
    FAULT_CLOCK_NANOSLEEP,
    FAULT_FCNTL,
    FAULT_FDOPEN,
    FAULT_FSTAT,
    FAULT_GETADDRINFO,
    FAULT_GETRANDOM,
    FAULT_GETRLIMIT,
    FAULT_GETSOCKNAME,
    FAULT_GETSOCKOPT,
    FAULT_IOCTL,
    FAULT_LISTEN,
    FAULT_MADVISE,
    FAULT_MALLOC,
    FAULT_MMAP,
    FAULT_OPEN,
    FAULT_OPENAT,
    FAULT_OPENSSL_MALLOC,
    FAULT_PREAD,
    FAULT_PTHREAD_CREATE,
    FAULT_READ,
    FAULT_REALLOC,
    FAULT_REALLOCARRAY,
    FAULT_RECV,
    FAULT_SENDMSG,
    FAULT_SETRLIMIT,
    FAULT_SETSOCKOPT,
    FAULT_SHUTDOWN,
    FAULT_SIGTIMEDWAIT,
    FAULT_SIGWAITINFO,
    FAULT_SOCKET,
    FAULT_STAT,
    FAULT_STATX,
    FAULT_SYSCALL,
    FAULT_WRITE,
    FAULT_CALLS
};

/* Beside what errno may be: less than what was asked for is done, a byte where
 * there are bytes; and 0, as at the end of a file. */
#define FAULT_SHORT (-1)
#define FAULT_END (-2)

#define FAULT_MAX_PORTS 4
#define FAULT_NEVER 0

struct fault_plan {
    /* What is to happen, and which error it is. */
    atomic_bool is_armed;
    enum fault_call call;
    uint64_t at;   /* which of them, from 1 on */
    bool persists; /* that one and all that follow */
    int error;

    /* SIGTERM before these calls, of any kind and any thread; FAULT_NEVER. */
    uint64_t stop_at[2];

    /* The session of the next connection is spared: the calls for it neither
     * count nor fail. */
    atomic_bool spares_next;

    /* What is added to what the clocks tell. */
    _Atomic int64_t realtime_step_ns;
    _Atomic int64_t monotonic_step_ns;

    /* What happened. */
    _Atomic uint64_t counts[FAULT_CALLS];
    _Atomic uint64_t total; /* of all threads, spared or not, without OpenSSL */
    _Atomic uint64_t fired;
    _Atomic uint32_t accepting; /* listeners that came to their first accept4 */
    _Atomic uint32_t waits;     /* for a signal, that began */
    atomic_bool heeds_signals;  /* they were blocked, to be waited for */
    _Atomic int64_t stopped_ns; /* when SIGTERM came, by CLOCK_MONOTONIC */
    _Atomic uint16_t ports[FAULT_MAX_PORTS]; /* in the order of listen */
    _Atomic uint32_t port_count;
};

/* A plan of nothing, shared with the children to come. Call before anything
 * uses OpenSSL. */
struct fault_plan *fault_plan_new(void);

/* The plan is no more in force than for counting, and has counted nothing. */
void fault_plan_clear(struct fault_plan *plan);

/* In the child: from here on the plan is in force. */
void fault_begin(struct fault_plan *plan);

const char *fault_call_name(enum fault_call call);

/* Such as "ENOMEM" or "short". */
const char *fault_error_name(int error);

#endif
