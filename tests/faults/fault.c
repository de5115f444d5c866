#include "config.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef WITHOUT_OPENSSL
#include <openssl/crypto.h>
#endif

static const char *const names[FAULT_CALLS] = {
    [FAULT_ACCEPT4] = "accept4",
    [FAULT_BIND] = "bind",
    [FAULT_CALLOC] = "calloc",
    [FAULT_CLOCK_NANOSLEEP] = "clock_nanosleep",
    [FAULT_FCNTL] = "fcntl",
    [FAULT_FDOPEN] = "fdopen",
    [FAULT_FSTAT] = "fstat",
    [FAULT_GETADDRINFO] = "getaddrinfo",
    [FAULT_GETRANDOM] = "getrandom",
    [FAULT_GETRLIMIT] = "getrlimit",
    [FAULT_GETSOCKNAME] = "getsockname",
    [FAULT_GETSOCKOPT] = "getsockopt",
    [FAULT_IOCTL] = "ioctl",
    [FAULT_LISTEN] = "listen",
    [FAULT_MADVISE] = "madvise",
    [FAULT_MALLOC] = "malloc",
    [FAULT_MMAP] = "mmap",
    [FAULT_OPEN] = "open",
    [FAULT_OPENAT] = "openat",
    [FAULT_OPENSSL_MALLOC] = "OpenSSL's malloc",
    [FAULT_PREAD] = "pread",
    [FAULT_PTHREAD_CREATE] = "pthread_create",
    [FAULT_READ] = "read",
    [FAULT_REALLOC] = "realloc",
    [FAULT_REALLOCARRAY] = "reallocarray",
    [FAULT_RECV] = "recv",
    [FAULT_SENDMSG] = "sendmsg",
    [FAULT_SETRLIMIT] = "setrlimit",
    [FAULT_SETSOCKOPT] = "setsockopt",
    [FAULT_SHUTDOWN] = "shutdown",
    [FAULT_SIGTIMEDWAIT] = "sigtimedwait",
    [FAULT_SIGWAITINFO] = "sigwaitinfo",
    [FAULT_SOCKET] = "socket",
    [FAULT_STAT] = "stat",
    [FAULT_STATX] = "statx",
    [FAULT_SYSCALL] = "syscall",
    [FAULT_WRITE] = "write",
};

static struct fault_plan *plan; /* NULL: nothing fails, as in the test itself */
static __thread bool is_spared; /* of this thread nothing fails */
static __thread bool spares_worker; /* it is making a worker to be spared */
static __thread bool has_accepted;

const char *fault_call_name(enum fault_call call)
{
    return names[call];
}

const char *fault_error_name(int error)
{
    if (error == FAULT_SHORT)
        return "short";
    return error == FAULT_END ? "end" : strerrorname_np(error);
}

void fault_plan_clear(struct fault_plan *cleared)
{
    memset(cleared, 0, sizeof(*cleared));
}

void fault_begin(struct fault_plan *begun)
{
    plan = begun;
}

/* --- whether it fails ---------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *now);

static void stop_in_time(uint64_t total)
{
    struct timespec now;

    for (size_t i = 0; i < 2; i++) {
        if (plan->stop_at[i] != total)
            continue;
        (void)__real_clock_gettime(CLOCK_MONOTONIC, &now);
        atomic_store(&plan->stopped_ns,
                     (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
        kill(getpid(), SIGTERM);
    }
}

/* What is to go wrong with this call; 0: nothing. */
static int fault_of(enum fault_call call)
{
    uint64_t count;

    if (plan == NULL)
        return 0;
    if (call != FAULT_OPENSSL_MALLOC)
        stop_in_time(atomic_fetch_add(&plan->total, 1) + 1);
    if (is_spared || spares_worker)
        return 0;
    count = atomic_fetch_add(&plan->counts[call], 1) + 1;
    if (!atomic_load(&plan->is_armed) || plan->call != call ||
        (plan->persists ? count < plan->at : count != plan->at))
        return 0;
    atomic_fetch_add(&plan->fired, 1);
    return plan->error;
}

/* The same of a call that does it or does not. */
static bool fails(enum fault_call call)
{
    int error = fault_of(call);

    if (error == 0)
        return false;
    errno = error;
    return true;
}

/* Of one that takes a number of bytes: whether it fails, with `result`, or how
 * many it takes. */
static bool fails_or_shortens(enum fault_call call, size_t *size,
                              ssize_t *result)
{
    int error = fault_of(call);

    *result = error == FAULT_END ? 0 : -1;
    if (error == FAULT_SHORT && *size > 1)
        *size = 1;
    if (error > 0)
        errno = error;
    return error > 0 || error == FAULT_END;
}

/* --- the wrappers -------------------------------------------------------- */

/* Declares and begins the wrapper of a function. */
#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

/* One that fails with -1 and errno. */
#define WRAP_INT(call, name, parameters, arguments)                            \
    int __real_##name parameters;                                              \
    int __wrap_##name parameters;                                              \
    int __wrap_##name parameters                                               \
    {                                                                          \
        return fails(call) ? -1 : __real_##name arguments;                     \
    }

/* One that transfers `size` bytes. */
#define WRAP_TRANSFER(call, name, parameters, arguments)                       \
    ssize_t __real_##name parameters;                                          \
    ssize_t __wrap_##name parameters;                                          \
    ssize_t __wrap_##name parameters                                           \
    {                                                                          \
        ssize_t result;                                                        \
                                                                               \
        if (fails_or_shortens(call, &size, &result))                           \
            return result;                                                     \
        return __real_##name arguments;                                        \
    }

WRAP(void *, malloc, size_t size)
{
    return fails(FAULT_MALLOC) ? NULL : __real_malloc(size);
}

WRAP(void *, calloc, size_t count, size_t size)
{
    return fails(FAULT_CALLOC) ? NULL : __real_calloc(count, size);
}

WRAP(void *, realloc, void *memory, size_t size)
{
    return fails(FAULT_REALLOC) ? NULL : __real_realloc(memory, size);
}

WRAP(void *, reallocarray, void *memory, size_t count, size_t size)
{
    return fails(FAULT_REALLOCARRAY) ? NULL
                                     : __real_reallocarray(memory, count, size);
}

WRAP(void *, mmap, void *address, size_t size, int protection, int flags,
     int fd, off_t offset)
{
    return fails(FAULT_MMAP)
               ? MAP_FAILED
               : __real_mmap(address, size, protection, flags, fd, offset);
}

WRAP_TRANSFER(FAULT_READ, read, (int fd, void *data, size_t size),
              (fd, data, size))
WRAP_TRANSFER(FAULT_READ, __read_chk,
              (int fd, void *data, size_t size, size_t room),
              (fd, data, size, room))
WRAP_TRANSFER(FAULT_PREAD, pread, (int fd, void *data, size_t size, off_t at),
              (fd, data, size, at))
WRAP_TRANSFER(FAULT_PREAD, __pread_chk,
              (int fd, void *data, size_t size, off_t at, size_t room),
              (fd, data, size, at, room))
WRAP_TRANSFER(FAULT_RECV, recv, (int fd, void *data, size_t size, int flags),
              (fd, data, size, flags))
WRAP_TRANSFER(FAULT_RECV, __recv_chk,
              (int fd, void *data, size_t size, size_t room, int flags),
              (fd, data, size, room, flags))
WRAP_TRANSFER(FAULT_WRITE, write, (int fd, const void *data, size_t size),
              (fd, data, size))
WRAP_TRANSFER(FAULT_GETRANDOM, getrandom,
              (void *data, size_t size, unsigned flags), (data, size, flags))

WRAP(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
    size_t size = message->msg_iovlen > 0 ? message->msg_iov[0].iov_len : 0;
    const size_t whole = size;
    struct msghdr cut = *message;
    struct iovec first;
    ssize_t result;

    if (fails_or_shortens(FAULT_SENDMSG, &size, &result))
        return result;
    if (size != whole) {
        first = (struct iovec){.iov_base = message->msg_iov[0].iov_base,
                               .iov_len = size};
        cut.msg_iov = &first;
        cut.msg_iovlen = 1;
    }
    return __real_sendmsg(fd, &cut, flags);
}

WRAP_INT(FAULT_BIND, bind,
         (int fd, const struct sockaddr *address, socklen_t length),
         (fd, address, length))
WRAP_INT(FAULT_FSTAT, fstat, (int fd, struct stat *st), (fd, st))
WRAP_INT(FAULT_GETRLIMIT, getrlimit, (int resource, struct rlimit *limit),
         (resource, limit))
WRAP_INT(FAULT_GETSOCKNAME, getsockname,
         (int fd, struct sockaddr *address, socklen_t *length),
         (fd, address, length))
WRAP_INT(FAULT_GETSOCKOPT, getsockopt,
         (int fd, int level, int name, void *value, socklen_t *length),
         (fd, level, name, value, length))
WRAP_INT(FAULT_MADVISE, madvise, (void *address, size_t size, int advice),
         (address, size, advice))
WRAP_INT(FAULT_SETRLIMIT, setrlimit, (int resource, const struct rlimit *limit),
         (resource, limit))
WRAP_INT(FAULT_SETSOCKOPT, setsockopt,
         (int fd, int level, int name, const void *value, socklen_t length),
         (fd, level, name, value, length))
WRAP_INT(FAULT_SHUTDOWN, shutdown, (int fd, int how), (fd, how))
WRAP_INT(FAULT_SOCKET, socket, (int family, int type, int protocol),
         (family, type, protocol))
WRAP_INT(FAULT_STAT, stat, (const char *path, struct stat *st), (path, st))
WRAP_INT(FAULT_STATX, statx,
         (int directory, const char *path, int flags, unsigned mask,
          struct statx *file),
         (directory, path, flags, mask, file))

WRAP(int, open, const char *path, int flags, ...)
{
    return fails(FAULT_OPEN) ? -1 : __real_open(path, flags);
}

WRAP(int, openat, int directory, const char *path, int flags, ...)
{
    return fails(FAULT_OPENAT) ? -1 : __real_openat(directory, path, flags);
}

WRAP(FILE *, fdopen, int fd, const char *mode)
{
    return fails(FAULT_FDOPEN) ? NULL : __real_fdopen(fd, mode);
}

WRAP(int, fcntl, int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return fails(FAULT_FCNTL) ? -1 : __real_fcntl(fd, command, argument);
}

WRAP(int, ioctl, int fd, unsigned long request, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    return fails(FAULT_IOCTL) ? -1 : __real_ioctl(fd, request, argument);
}

/* As many arguments as openat2, the only one that flvd calls by number. */
WRAP(long, syscall, long number, ...)
{
    va_list list;
    long arguments[4];

    va_start(list, number);
    for (size_t i = 0; i < 4; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    return fails(FAULT_SYSCALL)
               ? -1
               : __real_syscall(number, arguments[0], arguments[1],
                                arguments[2], arguments[3]);
}

WRAP(int, getaddrinfo, const char *node, const char *service,
     const struct addrinfo *hints, struct addrinfo **found)
{
    return fails(FAULT_GETADDRINFO)
               ? EAI_SYSTEM
               : __real_getaddrinfo(node, service, hints, found);
}

/* --- listeners ----------------------------------------------------------- */

/* The test learns the port here: standard output may be what fails. */
WRAP(int, listen, int fd, int backlog)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof(address);
    int result = fails(FAULT_LISTEN) ? -1 : __real_listen(fd, backlog);

    if (plan != NULL && result == 0 && plan->port_count < FAULT_MAX_PORTS &&
        __real_getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        plan->ports[plan->port_count++] = ntohs(address.sin_port);
    return result;
}

WRAP(int, accept4, int fd, struct sockaddr *address, socklen_t *length,
     int flags)
{
    int accepted;

    if (plan != NULL && !has_accepted)
        atomic_fetch_add(&plan->accepting, 1);
    has_accepted = true;
    if ((plan == NULL || !atomic_load(&plan->spares_next)) &&
        fails(FAULT_ACCEPT4))
        return -1;
    accepted = __real_accept4(fd, address, length, flags);
    if (plan != NULL && accepted >= 0)
        spares_worker = atomic_exchange(&plan->spares_next, false);
    return accepted;
}

/* --- threads and signals ------------------------------------------------- */

struct start {
    void *(*run)(void *);
    void *argument;
};

static void *run_spared(void *argument)
{
    const struct start start = *(struct start *)argument;

    free(argument);
    is_spared = true;
    return start.run(start.argument);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
     void *(*run)(void *), void *argument)
{
    int error = fault_of(FAULT_PTHREAD_CREATE);
    struct start *start;

    if (error != 0)
        return error;
    if (!spares_worker)
        return __real_pthread_create(thread, attributes, run, argument);
    start = __real_malloc(sizeof(*start));
    if (start == NULL)
        abort();
    *start = (struct start){run, argument};
    error = __real_pthread_create(thread, attributes, run_spared, start);
    spares_worker = false;
    return error;
}

WRAP(int, pthread_sigmask, int how, const sigset_t *set, sigset_t *before)
{
    const int error = __real_pthread_sigmask(how, set, before);

    if (plan != NULL && how == SIG_BLOCK && sigismember(set, SIGTERM) == 1)
        atomic_store(&plan->heeds_signals, true);
    return error;
}

WRAP(int, sigtimedwait, const sigset_t *set, siginfo_t *info,
     const struct timespec *timeout)
{
    if (plan != NULL)
        atomic_fetch_add(&plan->waits, 1);
    return fails(FAULT_SIGTIMEDWAIT) ? -1
                                     : __real_sigtimedwait(set, info, timeout);
}

WRAP(int, sigwaitinfo, const sigset_t *set, siginfo_t *info)
{
    if (plan != NULL)
        atomic_fetch_add(&plan->waits, 1);
    return fails(FAULT_SIGWAITINFO) ? -1 : __real_sigwaitinfo(set, info);
}

/* --- clocks -------------------------------------------------------------- */

static struct timespec moved(struct timespec t, int64_t step_ns)
{
    const int64_t second_ns = 1000000000;
    const int64_t sum_ns = (int64_t)t.tv_sec * second_ns + t.tv_nsec + step_ns;

    return (struct timespec){.tv_sec = (time_t)(sum_ns / second_ns),
                             .tv_nsec = (long)(sum_ns % second_ns)};
}

static int64_t step_of(clockid_t clock)
{
    if (plan == NULL)
        return 0;
    return clock == CLOCK_REALTIME ? atomic_load(&plan->realtime_step_ns)
                                   : atomic_load(&plan->monotonic_step_ns);
}

WRAP(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    const int result = __real_clock_gettime(clock, now);

    *now = moved(*now, step_of(clock));
    return result;
}

WRAP(int, clock_nanosleep, clockid_t clock, int flags,
     const struct timespec *until, struct timespec *left)
{
    const int error = fault_of(FAULT_CLOCK_NANOSLEEP);
    const struct timespec moved_until = moved(*until, -step_of(clock));

    return error != 0
               ? error
               : __real_clock_nanosleep(clock, flags, &moved_until, left);
}

WRAP(int, pthread_cond_timedwait, pthread_cond_t *condition,
     pthread_mutex_t *lock, const struct timespec *until)
{
    const struct timespec moved_until =
        moved(*until, -step_of(CLOCK_MONOTONIC));

    return __real_pthread_cond_timedwait(condition, lock, &moved_until);
}

/* --- OpenSSL ------------------------------------------------------------- */

#ifndef WITHOUT_OPENSSL
static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails(FAULT_OPENSSL_MALLOC) ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *memory, size_t size, const char *file,
                             int line)
{
    (void)file;
    (void)line;
    return fails(FAULT_OPENSSL_MALLOC) ? NULL : __real_realloc(memory, size);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static bool take_openssl(void)
{
    return CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
                                    openssl_free) == 1;
}
#else
static bool take_openssl(void)
{
    return true;
}
#endif

struct fault_plan *fault_plan_new(void)
{
    struct fault_plan *made =
        __real_mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (made == MAP_FAILED || !take_openssl()) {
        fputs("there is no plan for the faults\n", stderr);
        exit(EXIT_FAILURE);
    }
    return made;
}
