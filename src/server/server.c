/* Threads: the caller's accepts on the first listener, one more for each
 * further one, one waits for signals. Signals are blocked everywhere and taken
 * by sigtimedwait, which is the clock of --stop-after as well: no handler ever
 * runs, but an empty one that wakes listeners (listener.c). */
#include "config.h"

#include "server/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/limits.h"
#include "server/supervisor.h"
#include "server/table.h"

/* What viewers have to take their last words, and stuck ones to be let go. */
#define STOP_GENTLY_NS (3 * CLOCK_NS_PER_S)
#define STOP_HARD_NS (500 * CLOCK_NS_PER_MS)

/* All of it, with time to spare. */
#define STOP_NS (10 * CLOCK_NS_PER_S)

struct server {
    struct session_context context;
    struct roster roster;
    struct census census;
    struct keyring *keyring; /* NULL: no tokens */
    struct feed_pool feeds;
    struct tally tally;
    struct listener *listeners;
    size_t listener_count;
    struct supervisor supervisor;
    pthread_t signals;
    sem_t listeners_woken;
    atomic_bool is_over; /* nothing runs any more but the signals' thread */
    int64_t stop_at_ns;
};

/* Asked for while every file may be opened. */
static bool has_terminal;

/* What ends the server, or has it read anew. */
static void orders(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

/* What asks for the table of viewers. */
static void questions(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
}

static void waited_signals(sigset_t *set)
{
    orders(set);
    sigaddset(set, SIGUSR1);
}

/* Whether SIGHUP says that the terminal went away. Not under nohup(1). */
static bool has_controlling_terminal(void)
{
    struct sigaction action;
    int fd;

    if (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        return false;
    fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void server_block_signals(void)
{
    sigset_t set;

    has_terminal = has_controlling_terminal();
    waited_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    listener_block_wake();
    signal(SIGPIPE, SIG_IGN);
}

/* Waits for a signal; 0 when the time has come. One that is there already comes
 * first, however short the times are, and an order before a question, however
 * often that is asked. */
static int wait_for_signal(int64_t until_ns)
{
    static const struct timespec at_once;
    sigset_t set, first;
    int order;

    orders(&first);
    order = sigtimedwait(&first, NULL, &at_once);
    if (order > 0)
        return order;
    waited_signals(&set);
    for (;;) {
        int64_t now_ns = clock_now_ns();
        int64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
        struct timespec left = clock_timespec(left_ns);
        int signal_number = until_ns == CLOCK_NEVER
                                ? sigwaitinfo(&set, NULL)
                                : sigtimedwait(&set, NULL, &left);

        if (signal_number > 0)
            return signal_number;
        if (left_ns == 0)
            return 0;
    }
}

/* All listeners for RTMPS share one context. */
static void reload_certificates(const struct server *server)
{
    char fault[TLS_FAULT_BYTES];

    for (size_t i = 0; i < server->listener_count; i++) {
        struct tls_context *tls = server->listeners[i].tls;

        if (tls == NULL)
            continue;
        if (tls_context_reload(tls, fault))
            log_info("SIGHUP: the certificates were read again");
        else
            log_error("SIGHUP: the certificates stay as they were: %s", fault);
        return;
    }
}

static void reload_keys(const struct server *server)
{
    char fault[KEYRING_FAULT_BYTES];

    if (server->keyring == NULL)
        return;
    if (keyring_reload(server->keyring, fault))
        log_info("SIGHUP: the token file was read again");
    else
        log_error("SIGHUP: the keys of tokens stay as they were: %s", fault);
}

static void tell_alive(struct server *server)
{
    supervisor_tell_alive(&server->supervisor, server->listeners,
                          server->listener_count, &server->roster);
}

/* Returns when the server is to stop. */
static void wait_for_stop(struct server *server)
{
    for (;;) {
        int signal_number = wait_for_signal(
            clock_earlier(server->stop_at_ns, server->supervisor.due_ns));

        tell_alive(server);
        if (signal_number == 0 && clock_now_ns() < server->stop_at_ns)
            continue;
        if (signal_number == 0) {
            log_info("stopping: --stop-after is over");
            return;
        }
        if (signal_number == SIGUSR1) {
            table_log(&server->context);
            continue;
        }
        if (signal_number != SIGHUP || has_terminal) {
            log_info("stopping: SIG%s", sigabbrev_np(signal_number));
            return;
        }
        supervisor_tell_reloading();
        library_forget(server->context.library);
        log_info("SIGHUP: what was known of files was dropped");
        reload_certificates(server);
        reload_keys(server);
        supervisor_tell_ready(&server->roster);
    }
}

/* From here a signal does what it does by default: it ends the process. SIGHUP
 * does not: of a terminal that goes away it comes twice. */
static void let_second_signal_through(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* While viewers go on after the stop began, too. */
static void answer_questions(struct server *server)
{
    sigset_t set;

    questions(&set);
    while (!atomic_load(&server->is_over)) {
        if (sigwaitinfo(&set, NULL) > 0 && !atomic_load(&server->is_over))
            table_log(&server->context);
    }
}

static void *run_signals(void *argument)
{
    struct server *server = argument;

    wait_for_stop(server);
    atomic_store(&server->context.closing, true);
    let_second_signal_through();
    listener_wake_all(server->listeners, server->listener_count);
    sem_post(&server->listeners_woken);
    answer_questions(server);
    return NULL;
}

static void end_signals(struct server *server)
{
    atomic_store(&server->is_over, true);
    pthread_kill(server->signals, SIGUSR1);
    pthread_join(server->signals, NULL);
}

struct acceptor {
    struct server *server;
    struct listener *listener;
    pthread_t thread;
};

static void *run_acceptor(void *argument)
{
    struct acceptor *acceptor = argument;

    listener_run(acceptor->listener, &acceptor->server->context);
    return NULL;
}

/* How many sessions are left at `deadline_ns`, if not earlier none. */
static uint32_t wait_for_sessions(struct server *server, int64_t deadline_ns)
{
    uint32_t left;

    do {
        left = roster_wait_empty(
            &server->roster,
            clock_earlier(deadline_ns, server->supervisor.due_ns));
        tell_alive(server);
    } while (left > 0 && clock_now_ns() < deadline_ns);
    return left;
}

/* Those who are in may go on as if nothing were, for a while. */
static void drain(struct server *server)
{
    int64_t end_ns = clock_now_ns() + server->context.options->drain_ns;
    uint32_t left = roster_count(&server->roster);

    if (server->context.options->drain_ns == 0 || left == 0)
        return;
    log_info("%u connection%s may go on for %g s", (unsigned)left,
             left == 1 ? "" : "s",
             (double)server->context.options->drain_ns /
                 (double)CLOCK_NS_PER_S);
    if (wait_for_sessions(server, end_ns) == 0)
        log_info("the last one has gone");
}

/* How many sessions were still there when the time was over. */
static uint32_t stop_sessions(struct server *server)
{
    uint32_t left;

    atomic_store(&server->context.stopping, true);
    roster_interrupt(&server->roster, false);
    left = wait_for_sessions(server, clock_now_ns() + STOP_GENTLY_NS);
    if (left > 0) {
        roster_interrupt(&server->roster, true);
        left = wait_for_sessions(server, clock_now_ns() + STOP_HARD_NS);
    }
    if (left > 0)
        log_warn("%u sessions were still stuck at the end", (unsigned)left);
    return left;
}

/* Accepts on all listeners until the server is to stop. */
static bool accept_everywhere(struct server *server)
{
    struct acceptor acceptors[SERVER_MAX_LISTENERS];
    size_t started = 1;
    bool good = true;

    for (; started < server->listener_count; started++) {
        struct acceptor *acceptor = &acceptors[started];

        acceptor->server = server;
        acceptor->listener = &server->listeners[started];
        if (pthread_create(&acceptor->thread, NULL, run_acceptor, acceptor) !=
            0) {
            log_error("cannot start a thread for a listener");
            good = false;
            break;
        }
    }
    if (good) {
        supervisor_tell_ready(&server->roster);
        listener_run(&server->listeners[0], &server->context);
    } else {
        kill(getpid(), SIGTERM);
    }
    /* The acceptors must be there until they were woken. */
    while (sem_wait(&server->listeners_woken) != 0)
        ;
    for (size_t i = 1; i < started; i++)
        pthread_join(acceptors[i].thread, NULL);
    return good;
}

static bool init_server(struct server *server, const struct options *options,
                        struct library *library)
{
    uint64_t seeds[2] = {(uint64_t)clock_now_ns(), (uint64_t)getpid()};

    (void)!getrandom(seeds, sizeof(seeds), 0);
    if (!roster_init(&server->roster, options->max_clients, seeds[0]) ||
        !census_init(&server->census, options->max_clients_per_address,
                     options->max_clients, seeds[1])) {
        log_error("out of memory for --max-clients connections");
        return false;
    }
    server->context.options = options;
    server->context.library = library;
    server->context.roster = &server->roster;
    atomic_init(&server->context.closing, false);
    server->context.census = &server->census;
    feed_pool_init(&server->feeds);
    server->context.feeds = &server->feeds;
    tally_init(&server->tally);
    server->context.tally = &server->tally;
    atomic_init(&server->context.stopping, false);
    atomic_init(&server->context.sessions, 0);
    server->context.started_ns = clock_now_ns();
    server->context.started_unix_s = clock_unix_s();
    server->stop_at_ns = options->stop_after_ns == 0
                             ? CLOCK_NEVER
                             : clock_now_ns() + options->stop_after_ns;
    sem_init(&server->listeners_woken, 0, 0);
    atomic_init(&server->is_over, false);
    supervisor_init(&server->supervisor);
    return true;
}

/* Static: sessions that are stuck at the end still look at it. */
static struct server server;

const struct session_context *server_prepare(const struct options *options,
                                             struct library *library,
                                             struct keyring *keyring)
{
    limits_warn(options->max_clients);
    if (!init_server(&server, options, library))
        return NULL;
    server.keyring = keyring;
    return &server.context;
}

void server_clear(void)
{
    roster_destroy(&server.roster);
    census_destroy(&server.census);
    feed_pool_destroy(&server.feeds);
}

enum server_end server_run(struct listener *listeners, size_t listener_count)
{
    const struct options *options = server.context.options;
    bool good;

    server.listeners = listeners;
    server.listener_count = listener_count;
    if (pthread_create(&server.signals, NULL, run_signals, &server) != 0) {
        log_error("cannot start the thread that waits for signals");
        return SERVER_FAILED;
    }
    good = accept_everywhere(&server);
    for (size_t i = 0; i < listener_count; i++)
        listener_close(&listeners[i]); /* refuses, rather than leaves waiting */
    let_second_signal_through();
    supervisor_tell_stopping(&server.roster, options->drain_ns + STOP_NS);
    drain(&server);
    if (stop_sessions(&server) > 0)
        return SERVER_STUCK;
    end_signals(&server);
    return good ? SERVER_STOPPED : SERVER_FAILED;
}
