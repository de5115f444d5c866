/* Accepting, whatever happens: a listener that gives up on its first EMFILE,
 * or spins on it, takes the server down with it. */
#include "config.h"

#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/line_budget.h"
#include "base/log.h"
#include "server/admission.h"
#include "server/limits.h"

#define BACKLOG 4096

/* After a failure for want of something that only time can bring. */
#define BACK_OFF_NS (100 * CLOCK_NS_PER_MS)

/* What goes wrong is told at this rate, with its number. */
#define TELL_EVERY_NS (1 * CLOCK_NS_PER_S)
/* Peers that are refused are told at this rate, by address. */
#define REFUSED_LINES 10
#define REFUSED_WINDOW_NS (10 * CLOCK_NS_PER_S)

/* Breaks off a blocking accept, and does nothing else. Not shutdown(2), which
 * would close a socket for all who hold it, a service manager too. */
#define WAKE_SIGNAL SIGUSR2

/* How often it is sent until listeners have answered. */
#define WAKE_AGAIN_NS (5 * CLOCK_NS_PER_MS)

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

static void mask_wake_signal(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, WAKE_SIGNAL);
    pthread_sigmask(how, &set, NULL);
}

void listener_block_wake(void)
{
    struct sigaction action = {.sa_handler = do_nothing};

    mask_wake_signal(SIG_BLOCK);
    sigaction(WAKE_SIGNAL, &action, NULL); /* without SA_RESTART */
}

static bool fail(char *fault, const struct address *address, const char *what)
{
    char text[ADDRESS_TEXT_BYTES];
    char reason[96];
    int error = errno;

    address_format(&address->socket, text);
    if (address->is_any)
        snprintf(text, sizeof(text), "port %u",
                 (unsigned)address_port(&address->socket));
    snprintf(fault, LISTENER_FAULT_BYTES, "cannot %s %s: %s%s", what, text,
             strerror_r(error, reason, sizeof(reason)),
             error == EADDRINUSE ? "; stop what uses it or choose another port"
                                 : "");
    return false;
}

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static bool bind_and_listen(struct listener *listener,
                            const struct address *address, char *fault)
{
    socklen_t length = sizeof(listener->address);
    int family = address->socket.ss_family;

    set_option(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6)
        set_option(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY,
                   address->is_any ? 0 : 1);
    if (bind(listener->fd, (const struct sockaddr *)&address->socket,
             address->length) != 0)
        return fail(fault, address, "bind");
    if (listen(listener->fd, BACKLOG) != 0)
        return fail(fault, address, "listen on");
    if (getsockname(listener->fd, (struct sockaddr *)&listener->address,
                    &length) != 0)
        return fail(fault, address, "listen on");
    listener->is_any = address_is_any(&listener->address);
    return true;
}

static bool open_family(struct listener *listener,
                        const struct address *address, char *fault)
{
    int saved_errno;

    listener->fd =
        socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return fail(fault, address, "open a socket for");
    if (bind_and_listen(listener, address, fault))
        return true;
    saved_errno = errno;
    listener_close(listener);
    errno = saved_errno;
    return false;
}

static void init_listener(struct listener *listener, struct tls_context *tls)
{
    listener->tls = tls;
    atomic_init(&listener->is_accepting, false);
    atomic_init(&listener->busy_since_ns, 0);
}

bool listener_open(struct listener *listener, const struct address *address,
                   struct tls_context *tls,
                   char fault[static LISTENER_FAULT_BYTES])
{
    struct address ipv4 = *address;

    init_listener(listener, tls);
    if (open_family(listener, address, fault))
        return true;
    if (!address->is_any || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return false;
    /* This host has no IPv6. */
    address_any_ipv4(&ipv4);
    return open_family(listener, &ipv4, fault);
}

static bool has_option(int fd, int name, int value)
{
    int found;
    socklen_t length = sizeof(found);

    return getsockopt(fd, SOL_SOCKET, name, &found, &length) == 0 &&
           found == value;
}

/* What is wrong with a socket that was passed, or NULL. */
static const char *fault_of_passed(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return errno == ENOTSOCK ? "is no socket" : "cannot be looked at";
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
        return "is neither of IPv4 nor of IPv6";
    if (!has_option(fd, SO_TYPE, SOCK_STREAM))
        return "is not of TCP (ListenStream= in a socket unit)";
    if (!has_option(fd, SO_ACCEPTCONN, 1))
        return "does not listen (it must be passed with Accept=no)";
    return NULL;
}

/* Whoever passed it may have it non-blocking, and waits before it accepts, if
 * it ever does: a blocking socket is all the same to it. */
static void make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0 && (flags & O_NONBLOCK) != 0)
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

bool listener_adopt(struct listener *listener, int fd, struct tls_context *tls,
                    char fault[static LISTENER_FAULT_BYTES])
{
    const char *what = fault_of_passed(fd);
    socklen_t length = sizeof(listener->address);

    if (what != NULL) {
        snprintf(fault, LISTENER_FAULT_BYTES,
                 "the socket that was passed as descriptor %d %s", fd, what);
        return false;
    }
    init_listener(listener, tls);
    listener->fd = fd;
    make_blocking(fd);
    (void)getsockname(fd, (struct sockaddr *)&listener->address, &length);
    listener->is_any = address_is_any(&listener->address);
    return true;
}

void listener_close(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

/* Counts what went wrong and tells it once a second. */
struct complaint {
    uint64_t count;
    int64_t told_ns;
};

static bool is_to_be_told(struct complaint *complaint)
{
    int64_t now_ns = clock_now_ns();

    complaint->count++;
    if (complaint->told_ns != 0 && now_ns - complaint->told_ns < TELL_EVERY_NS)
        return false;
    complaint->told_ns = now_ns;
    return true;
}

static void complain(struct complaint *complaint, const char *what)
{
    if (is_to_be_told(complaint))
        log_warn("%s (%llu times so far)", what,
                 (unsigned long long)complaint->count);
}

/* Of what errno says, and of the limit behind it; then takes a rest. */
static void complain_of_shortage(struct complaint *complaint, const char *what)
{
    const int error = errno;
    char reason[96], limit[LIMITS_TEXT_BYTES] = "";

    if (is_to_be_told(complaint)) {
        bool is_known = limits_explain(error, limit);

        log_warn("%s: %s%s%s (%llu times so far)", what,
                 strerror_r(error, reason, sizeof(reason)),
                 is_known ? "; " : "", limit,
                 (unsigned long long)complaint->count);
    }
    clock_sleep_until(clock_now_ns() + BACK_OFF_NS);
}

/* Errors of accept that say something about this host, not about the one
 * connection: accept(2). */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

/* What a listener complains of. Each peer that is refused is told, but not in a
 * flood of them. */
struct complaints {
    struct complaint full;
    struct complaint shortage;
    struct line_budget refused;
    uint64_t refused_count;
};

static void tell_refused(struct complaints *complaints,
                         const struct sockaddr_storage *peer, const char *why)
{
    char address[ADDRESS_TEXT_BYTES];
    enum line_budget_answer answer =
        line_budget_take(&complaints->refused, clock_now_ns());

    complaints->refused_count++;
    if (answer == LINE_BUDGET_DROP)
        return;
    log_warn("%s was refused: %s (%llu refused so far)%s",
             address_format(peer, address), why,
             (unsigned long long)complaints->refused_count,
             answer == LINE_BUDGET_LAST
                 ? "; further ones in these 10 s are not told"
                 : "");
}

static void start_session(const struct listener *listener,
                          struct session_context *context, int fd,
                          const struct sockaddr_storage *peer,
                          struct complaints *complaints)
{
    switch (admission_decide(context, fd, peer, listener->tls)) {
    case ADMISSION_GRANTED:
        return;
    case ADMISSION_FULL:
        if (atomic_load(&context->closing))
            return;
        tally_refused(context->tally, TALLY_REFUSED_FULL);
        complain(&complaints->full,
                 "too many connections: the limit of --max-clients "
                 "is reached");
        return;
    case ADMISSION_FULL_OF_ADDRESS:
        tally_refused(context->tally, TALLY_REFUSED_ADDRESS);
        tell_refused(complaints, peer,
                     "its address has as many connections as "
                     "--max-clients-per-address lets it have");
        return;
    case ADMISSION_DENIED:
        tally_refused(context->tally, TALLY_REFUSED_DENIED);
        tell_refused(complaints, peer,
                     "--allow and --deny keep its address out");
        return;
    case ADMISSION_FAILED:
        tally_refused(context->tally, TALLY_REFUSED_SHORTAGE);
        complain_of_shortage(&complaints->shortage, "cannot start a session");
        return;
    }
}

/* The one place where the signal may come: the threads of sessions are made
 * with the mask of this one. */
static int accept_one(struct listener *listener, struct sockaddr_storage *peer)
{
    socklen_t length = sizeof(*peer);
    int fd, error;

    mask_wake_signal(SIG_UNBLOCK);
    atomic_store(&listener->busy_since_ns, 0);
    fd = accept4(listener->fd, (struct sockaddr *)peer, &length, SOCK_CLOEXEC);
    error = errno;
    atomic_store(&listener->busy_since_ns, clock_now_ns());
    mask_wake_signal(SIG_BLOCK);
    errno = error;
    return fd;
}

/* What accept could not do, unless it was the one connection's own fault, or a
 * signal. Whether it was worth counting. */
static bool handle_failure(struct listener *listener,
                           struct complaint *complaint)
{
    if (is_shortage(errno)) {
        complain_of_shortage(complaint, "cannot accept a connection");
        return true;
    }
    if (errno != EINVAL && errno != EBADF && errno != EAGAIN)
        return false;
    /* Somebody who has the socket too shut it down, or made it non-blocking
     * again. */
    if (errno == EINVAL)
        complain(complaint,
                 "a listening socket was shut down by somebody who has it "
                 "too: it takes nobody in until flvd is started again");
    make_blocking(listener->fd);
    clock_sleep_until(clock_now_ns() + BACK_OFF_NS);
    return true;
}

static void begin_accepting(struct listener *listener)
{
    listener->thread = pthread_self();
    atomic_store(&listener->is_accepting, true);
}

static void end_accepting(struct listener *listener)
{
    atomic_store(&listener->busy_since_ns, 0);
    atomic_store(&listener->is_accepting, false);
}

void listener_run(struct listener *listener, struct session_context *context)
{
    struct complaints complaints = {0};

    line_budget_init(&complaints.refused, REFUSED_LINES, REFUSED_WINDOW_NS);
    begin_accepting(listener);
    while (!atomic_load(&context->closing)) {
        struct sockaddr_storage peer = {0};
        int fd = accept_one(listener, &peer);

        if (fd >= 0)
            start_session(listener, context, fd, &peer, &complaints);
        else if (handle_failure(listener, &complaints.shortage))
            tally_accept_failed(context->tally);
    }
    end_accepting(listener);
}

void listener_hand_over(struct listener *listener, const atomic_bool *closing,
                        listener_take *take, void *argument)
{
    struct complaint complaint = {0};

    begin_accepting(listener);
    while (!atomic_load(closing)) {
        struct sockaddr_storage peer = {0};
        int fd = accept_one(listener, &peer);

        if (fd >= 0)
            take(argument, fd, &peer);
        else
            (void)handle_failure(listener, &complaint);
    }
    end_accepting(listener);
}

/* Whether it was awake already. */
static bool wake(struct listener *listener)
{
    if (!atomic_load(&listener->is_accepting))
        return true;
    pthread_kill(listener->thread, WAKE_SIGNAL);
    return false;
}

/* A signal that comes between the look at `closing` and accept is lost: hence
 * again and again. */
void listener_wake_all(struct listener *listeners, size_t count)
{
    for (;;) {
        size_t awake = 0;

        for (size_t i = 0; i < count; i++)
            awake += wake(&listeners[i]);
        if (awake == count)
            return;
        clock_sleep_until(clock_now_ns() + WAKE_AGAIN_NS);
    }
}

int64_t listener_busy_since_ns(const struct listener *listener)
{
    return atomic_load(&listener->busy_since_ns);
}
