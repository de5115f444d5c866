/* SIGSYS, from the handler to a line of the log. */
#include "config.h"

#include "sandbox/refusals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/call_filter.h"

/* System calls have numbers below this, everywhere that matters. */
#define MAX_CALLS 1024
#define WORD_BITS 32
/* What the pipe says to end the thread. */
#define END (-1)

static atomic_uint told[MAX_CALLS / WORD_BITS];
static int ends[2] = {-1, -1};
static pthread_t thread;
static bool is_running;

#if defined(__x86_64__)
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__i386__)
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_EAX])
#elif defined(__aarch64__)
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#elif defined(__arm__)
#define RESULT(context) ((context)->uc_mcontext.arm_r0)
#elif defined(__riscv)
#define RESULT(context) ((context)->uc_mcontext.__gregs[REG_A0])
#endif

bool refusals_can_be_told(void)
{
#ifdef RESULT
    return true;
#else
    return false;
#endif
}

static bool is_first(int number)
{
    unsigned bit;

    if (number < 0 || number >= MAX_CALLS)
        return false;
    bit = 1u << (number % WORD_BITS);
    return (atomic_fetch_or(&told[number / WORD_BITS], bit) & bit) == 0;
}

static void on_refusal(int signal_number, siginfo_t *info, void *argument)
{
    const int saved_errno = errno;
    ucontext_t *context = argument;
    int number = info->si_syscall;

    (void)signal_number;
    /* The pipe does not block, and cannot be full: each number comes once. */
    if (is_first(number))
        (void)!write(ends[1], &number, sizeof(number));
#ifdef RESULT
    RESULT(context) = (__typeof__(RESULT(context)))(-ENOSYS);
#else
    (void)context;
#endif
    errno = saved_errno;
}

bool refusals_prepare(void)
{
    struct sigaction action = {.sa_sigaction = on_refusal,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t refusal;
    int flags;

    sigemptyset(&action.sa_mask);
    sigemptyset(&refusal);
    sigaddset(&refusal, SIGSYS);
    pthread_sigmask(SIG_UNBLOCK, &refusal, NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    /* Its own end only: the thread waits. */
    flags = fcntl(ends[1], F_GETFL);
    return fcntl(ends[1], F_SETFL, flags | O_NONBLOCK) == 0 &&
           sigaction(SIGSYS, &action, NULL) == 0;
}

static void *tell_refusals(void *unused)
{
    int number;

    (void)unused;
    for (;;) {
        const ssize_t n = read(ends[0], &number, sizeof(number));
        char *name;

        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof(number) || number == END)
            return NULL;
        name = call_filter_name(number);
        log_warn("sandbox: the system call %s (%d) was refused, as one that "
                 "flvd does not need: please report it",
                 name == NULL ? "without a name" : name, number);
        free(name);
    }
}

bool refusals_start(void)
{
    int error;

    if (ends[0] < 0)
        return true;
    error = pthread_create(&thread, NULL, tell_refusals, NULL);
    is_running = error == 0;
    errno = error;
    return is_running;
}

void refusals_stop(void)
{
    const int number = END;

    if (!is_running)
        return;
    /* Who was not told would be waited for in vain. */
    if (write(ends[1], &number, sizeof(number)) == (ssize_t)sizeof(number))
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
    is_running = false;
}
