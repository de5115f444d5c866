/* The filter, with libseccomp. What depends on an argument is here, the rest in
 * the lists. Where a call has two outcomes, both rules look at the same bits,
 * so that they exclude each other. */
#include "config.h"

#include "sandbox/call_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/call_list.h"
#include "sandbox/refusals.h"

#define OPEN_TO_WRITE (O_ACCMODE | O_CREAT | O_TRUNC)
/* Which argument of clone(2) the flags are. */
#ifdef __s390__
#define CLONE_FLAGS_INDEX 1
#else
#define CLONE_FLAGS_INDEX 0
#endif
#define SOCKET_KIND (~(SOCK_CLOEXEC | SOCK_NONBLOCK))

bool call_filter_is_available(void)
{
    return true;
}

/* --- rules ---------------------------------------------------------------- */

/* A filter in the making; the first error stays. */
struct making {
    scmp_filter_ctx context;
    int error;
};

static void add(struct making *making, uint32_t action, const char *name,
                unsigned count, const struct scmp_arg_cmp *arguments)
{
    const int number = seccomp_syscall_resolve_name(name);
    int error;

    if (number == __NR_SCMP_ERROR || making->error != 0)
        return;
    error = seccomp_rule_add_array(making->context, action, number, count,
                                   arguments);
    /* What exists on other architectures alone has no rule here. */
    if (error != 0 && number >= 0)
        making->error = error;
}

static void add_all(struct making *making, uint32_t action,
                    const char *const names[])
{
    for (; *names != NULL; names++)
        add(making, action, *names, 0, NULL);
}

/* Argument `index`, of which only `mask` is looked at, has to be `value`. */
static void add_if(struct making *making, uint32_t action, const char *name,
                   unsigned index, uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp argument = {index, SCMP_CMP_MASKED_EQ, mask,
                                          value};

    add(making, action, name, 1, &argument);
}

/* Allowed without the bit, and deadly with it. */
static void forbid_bit(struct making *making, const char *name, unsigned index,
                       uint64_t bit)
{
    add_if(making, SCMP_ACT_ALLOW, name, index, bit, 0);
    add_if(making, SCMP_ACT_KILL_PROCESS, name, index, bit, bit);
}

/* Of an int the kernel looks at the lower half alone. */
static void allow_value(struct making *making, const char *name, unsigned index,
                        uint32_t value)
{
    add_if(making, SCMP_ACT_ALLOW, name, index, UINT32_MAX, value);
}

static void add_files(struct making *making)
{
    static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
                                   F_SETFD, F_GETFL,         F_SETFL};

    add_if(making, SCMP_ACT_ALLOW, "open", 1, OPEN_TO_WRITE, O_RDONLY);
    add_if(making, SCMP_ACT_ALLOW, "openat", 2, OPEN_TO_WRITE, O_RDONLY);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        allow_value(making, "fcntl", 1, (uint32_t)commands[i]);
        allow_value(making, "fcntl64", 1, (uint32_t)commands[i]);
    }
    /* stdio asks whether it writes to a terminal. */
    allow_value(making, "ioctl", 1, TCGETS);
    /* What of a connection is not sent. */
    allow_value(making, "ioctl", 1, TIOCOUTQ);
}

static void add_memory(struct making *making)
{
    forbid_bit(making, "mmap", 2, PROT_EXEC);
    forbid_bit(making, "mmap2", 2, PROT_EXEC);
    forbid_bit(making, "mprotect", 2, PROT_EXEC);
}

/* Of the mappings it is nobody but the C library who names them, where it
 * can. */
static void add_names(struct making *making)
{
    allow_value(making, "prctl", 0, PR_SET_NAME);
    add_if(making, SCMP_ACT_ERRNO(EINVAL), "prctl", 0, UINT32_MAX, PR_SET_VMA);
}

static void add_processes(struct making *making)
{
    const uint32_t self = (uint32_t)getpid();
    const struct scmp_arg_cmp only_asks[] = {{0, SCMP_CMP_EQ, 0, 0},
                                             {2, SCMP_CMP_EQ, 0, 0}};

    /* A thread shares all there is with the process; the kernel sees to it that
     * it has no namespaces of its own. */
    add_if(making, SCMP_ACT_ALLOW, "clone", CLONE_FLAGS_INDEX, CLONE_THREAD,
           CLONE_THREAD);
    add_if(making, SCMP_ACT_KILL_PROCESS, "clone", CLONE_FLAGS_INDEX,
           CLONE_THREAD, 0);
    allow_value(making, "kill", 0, self);
    allow_value(making, "tgkill", 0, self);
    add(making, SCMP_ACT_ALLOW, "prlimit64", 2, only_asks);
}

static void add_sockets(struct making *making)
{
    const struct scmp_arg_cmp datagrams[] = {
        {0, SCMP_CMP_EQ, AF_UNIX, 0},
        {1, SCMP_CMP_MASKED_EQ, (uint32_t)SOCKET_KIND, SOCK_DGRAM}};

    add(making, SCMP_ACT_ALLOW, "socket", 2, datagrams);
    add(making, SCMP_ACT_ALLOW, "connect", 0, NULL);
}

/* A listening socket that is shut down is like a new one, and whoever sends
 * with TCP Fast Open connects, which Landlock does not see. */
static void add_sending(struct making *making)
{
    forbid_bit(making, "send", 3, MSG_FASTOPEN);
    forbid_bit(making, "sendto", 3, MSG_FASTOPEN);
    forbid_bit(making, "sendmsg", 2, MSG_FASTOPEN);
}

static void add_rules(struct making *making,
                      const struct call_filter_plan *plan)
{
    add_all(making, SCMP_ACT_ALLOW, call_list_allowed);
    add_all(making, SCMP_ACT_ERRNO(ENOSYS), call_list_absent);
    add_all(making, SCMP_ACT_KILL_PROCESS, call_list_deadly);
    add_files(making);
    add_memory(making);
    add_names(making);
    add_processes(making);
    add_sending(making);
    if (plan->may_notify)
        add_sockets(making);
    if (plan->may_poll)
        add_all(making, SCMP_ACT_ALLOW, call_list_polling);
}

/* --- the filter ----------------------------------------------------------- */

static void set(struct making *making, enum scmp_filter_attr attribute,
                uint32_t value)
{
    /* What an older libseccomp does not know, it does without. */
    (void)seccomp_attr_set(making->context, attribute, value);
}

static void set_attributes(struct making *making)
{
    set(making, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    set(making, SCMP_FLTATR_CTL_NNP, 0); /* done before */
    /* The kernel logs who is killed in any case. More would be a line for each
     * thread, whose clone3 is refused. */
    set(making, SCMP_FLTATR_CTL_LOG, 0);
    /* A tree, for kernels that remember no outcomes, and for calls that have
     * arguments to be looked at. */
    set(making, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    /* Kernels before 5.16 would slow down speculation for who has a filter: it
     * helps against code that is run on behalf of others, and there is none. */
    set(making, SCMP_FLTATR_CTL_SSB, 1);
}

bool call_filter_enter(const struct call_filter_plan *plan)
{
    const uint32_t unknown =
        refusals_can_be_told() ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(ENOSYS);
    struct making making = {.context = seccomp_init(unknown)};

    if (making.context == NULL) {
        errno = ENOMEM;
        return false;
    }
    if (refusals_can_be_told() && !refusals_prepare()) {
        seccomp_release(making.context);
        return false;
    }
    set_attributes(&making);
    add_rules(&making, plan);
    if (making.error == 0)
        making.error = seccomp_load(making.context);
    seccomp_release(making.context);
    errno = -making.error;
    return making.error == 0;
}

char *call_filter_name(int number)
{
    return seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}
