/* sandbox, all of it: calls that are forbidden are made, and what serving takes
 * is done. What root runs becomes nobody. */
#include "config.h"

#include "sandbox/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "confined.h"
#include "sandbox/call_filter.h"

#define REPORT_BYTES 8192

static int log_fd;

static void set_up(void)
{
    tree_make();
    log_fd = memfd_create("log", 0);
    ck_assert_int_ge(log_fd, 0);
}

static void tear_down(void)
{
    close(log_fd);
    tree_remove();
}

static const char *read_log(void)
{
    static char text[REPORT_BYTES];
    const ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static bool has_line(const char *text)
{
    return strstr(read_log(), text) != NULL;
}

struct
try {
    int (*attempt)(const void *);
    const void *argument;
    bool may_poll;
    bool may_notify;
    bool is_open; /* --no-sandbox */
};

static bool enter(const struct try *try)
{
    const char *const paths[] = {path_of("media"), path_of("folder/file"),
                                 path_of("links/link"), NULL};
    char fault[USER_FAULT_BYTES];
    struct user user;
    struct sandbox_plan plan = {.user = &user,
                                .is_locked = !try->is_open,
                                .paths = paths,
                                .path_count = 4,
                                .may_poll = try->may_poll,
                                .notify_socket =
                                    try->may_notify ? "/run/x" : NULL};

    return user_find(NULL, &user, fault) && sandbox_enter(&plan, fault);
}

static int run_try(const void *argument)
{
    const struct try *try = argument;
    int status;

    if (!log_hold(log_fd, LOG_LEVEL_DEBUG) || !enter(try) || !log_let_out() ||
        !sandbox_start_telling())
        return NOT_SANDBOXED;
    status = try->attempt(try->argument);
    sandbox_stop_telling();
    log_stop();
    return status;
}

static int sandboxed(int (*attempt)(const void *), const void *argument)
{
    const struct try try = {.attempt = attempt, .argument = argument};

    return in_child(run_try, &try);
}

/* A system call without sensible arguments: those that are deadly are not even
 * looked at. */
static int make_call(const void *argument)
{
    const long *number = argument;

    return outcome(syscall(*number, -1L, 0L, 0L, 0L, 0L, 0L) >= 0);
}

static const long deadly[] = {SYS_execve,
                              SYS_execveat,
                              SYS_ptrace,
                              SYS_process_vm_readv,
                              SYS_process_vm_writev,
                              SYS_personality,
                              SYS_kcmp,
                              SYS_setuid,
                              SYS_setgid,
                              SYS_setresuid,
                              SYS_setresgid,
                              SYS_setreuid,
                              SYS_setregid,
                              SYS_setgroups,
                              SYS_setfsuid,
                              SYS_capset,
                              SYS_unshare,
                              SYS_setns,
                              SYS_mount,
                              SYS_umount2,
                              SYS_pivot_root,
                              SYS_chroot,
                              SYS_open_by_handle_at,
                              SYS_swapon,
                              SYS_bpf,
                              SYS_kexec_load,
                              SYS_init_module,
                              SYS_finit_module,
                              SYS_delete_module,
                              SYS_perf_event_open,
                              SYS_userfaultfd,
                              SYS_io_uring_setup,
                              SYS_io_uring_enter,
                              SYS_add_key,
                              SYS_request_key,
                              SYS_keyctl,
                              SYS_syslog,
                              SYS_reboot,
                              SYS_acct,
                              SYS_sethostname,
                              SYS_settimeofday,
                              SYS_clock_settime,
                              SYS_seccomp,
                              SYS_fanotify_init,
                              SYS_pidfd_getfd,
                              SYS_fsopen,
                              SYS_open_tree,
                              SYS_move_mount};

START_TEST(what_only_an_intruder_calls_ends_the_process)
{
    ck_assert_msg(sandboxed(make_call, &deadly[_i]) == ENDED_BY_SIGSYS,
                  "system call %ld does not end it", deadly[_i]);
}
END_TEST

static int start_a_process(const void *unused)
{
    (void)unused;
    return outcome(syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L) >= 0);
}

static int map_to_execute(const void *unused)
{
    (void)unused;
    return outcome(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int make_executable(const void *unused)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)unused;
    if (page == MAP_FAILED)
        return NOT_SANDBOXED;
    return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}

START_TEST(no_process_is_started_and_no_code_brought)
{
    ck_assert_int_eq(sandboxed(start_a_process, NULL), ENDED_BY_SIGSYS);
    ck_assert_int_eq(sandboxed(map_to_execute, NULL), ENDED_BY_SIGSYS);
    ck_assert_int_eq(sandboxed(make_executable, NULL), ENDED_BY_SIGSYS);
}
END_TEST

/* One is shut down and connects to the other. */
struct sockets {
    int listener;
    int other;
    bool by_message;
};

static int open_listener(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(listen(fd, 1), 0); /* with a port of its own */
    return fd;
}

static int send_as_first(const void *argument)
{
    const struct sockets *sockets = argument;
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    struct iovec byte = {"", 1};
    const struct msghdr message = {.msg_name = &address,
                                   .msg_namelen = sizeof(address),
                                   .msg_iov = &byte,
                                   .msg_iovlen = 1};

    if (getsockname(sockets->other, (struct sockaddr *)&address, &length) !=
            0 ||
        shutdown(sockets->listener, SHUT_RD) != 0)
        return NOT_SANDBOXED;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (sockets->by_message)
        return outcome(sendmsg(sockets->listener, &message, MSG_FASTOPEN) == 1);
    return outcome(sendto(sockets->listener, "", 1, MSG_FASTOPEN,
                          (struct sockaddr *)&address, length) == 1);
}

START_TEST(no_listener_is_made_to_connect)
{
    struct sockets sockets = {open_listener(), open_listener(), _i != 0};

    ck_assert_int_eq(sandboxed(send_as_first, &sockets), ENDED_BY_SIGSYS);
    close(sockets.listener);
    close(sockets.other);
}
END_TEST

/* What serving does not take, but is no sure sign of an intruder. */
static const struct {
    const char *name;
    long number;
    long arguments[3];
} refused[] = {
    {"bind", SYS_bind, {-1}},
    {"listen", SYS_listen, {-1, 1}},
    {"connect", SYS_connect, {-1}},
    {"socket", SYS_socket, {AF_INET, SOCK_STREAM}},
    {"socket", SYS_socket, {AF_UNIX, SOCK_DGRAM}},
    {"socket", SYS_socket, {AF_NETLINK, SOCK_RAW}},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM}},
    {"openat", SYS_openat, {AT_FDCWD, 0, O_WRONLY}},
    {"openat", SYS_openat, {AT_FDCWD, 0, O_RDWR}},
    {"openat", SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CREAT}},
    {"openat", SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_TRUNC}},
    {"unlinkat", SYS_unlinkat, {-1}},
    {"mkdirat", SYS_mkdirat, {-1}},
    {"renameat2", SYS_renameat2, {-1}},
    {"fchmod", SYS_fchmod, {-1}},
    {"fchown", SYS_fchown, {-1}},
    {"ftruncate", SYS_ftruncate, {-1}},
    {"memfd_create", SYS_memfd_create, {0}},
    {"pipe2", SYS_pipe2, {0}},
    {"ppoll", SYS_ppoll, {0}},
    {"pselect6", SYS_pselect6, {0}},
    {"epoll_create1", SYS_epoll_create1, {0}},
    {"inotify_init1", SYS_inotify_init1, {0}},
    {"shmget", SYS_shmget, {0}},
    {"msgget", SYS_msgget, {0}},
    {"kill", SYS_kill, {1}},
    {"tgkill", SYS_tgkill, {1, 1}},
    {"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}},
    {"prctl", SYS_prctl, {PR_SET_NO_NEW_PRIVS, 0}},
    {"ioctl", SYS_ioctl, {0, 0x5412 /* TIOCSTI */}},
    {"fcntl", SYS_fcntl, {0, F_SETOWN, 1}},
    {"prlimit64", SYS_prlimit64, {1}},
    {"prlimit64", SYS_prlimit64, {0, RLIMIT_CORE, 1}},
    {"sched_setscheduler", SYS_sched_setscheduler, {0}},
    {"setpriority", SYS_setpriority, {0}},
    {"landlock_create_ruleset", 444, {0}},
};

static int make_refused(const void *argument)
{
    const long *arguments = refused[*(const int *)argument].arguments;

    return outcome(syscall(refused[*(const int *)argument].number, arguments[0],
                           arguments[1], arguments[2], 0L, 0L, 0L) >= 0);
}

START_TEST(what_is_not_needed_is_refused_and_told)
{
    char line[96];
    const int status = sandboxed(make_refused, &_i);

    snprintf(line, sizeof(line), "warning: sandbox: the system call %s (%ld)",
             refused[_i].name, refused[_i].number);
    ck_assert_msg(status == ENOSYS, "%s: %d, not ENOSYS", refused[_i].name,
                  status);
    ck_assert_msg(has_line(line), "not '%s' in:\n%s", line, read_log());
}
END_TEST

static int call_twice_and_another(const void *unused)
{
    (void)unused;
    (void)syscall(SYS_msgget, 0L, 0L);
    (void)syscall(SYS_msgget, 0L, 0L);
    (void)syscall(SYS_shmget, 0L, 0L, 0L);
    return WENT_WELL;
}

START_TEST(each_is_told_once)
{
    const char *first;

    ck_assert_int_eq(sandboxed(call_twice_and_another, NULL), WENT_WELL);
    first = strstr(read_log(), "system call msgget");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "system call msgget"));
    ck_assert(has_line("system call shmget"));
}
END_TEST

/* --- what serving takes still works --------------------------------------- */

static void *use_memory(void *unused)
{
    char *large = malloc(300000);

    if (large == NULL)
        return NULL;
    memset(large, 1, 300000);
    free(large);
    return unused;
}

static int work(const void *unused)
{
    const struct timespec moment = {.tv_nsec = 1000};
    pthread_attr_t attributes;
    struct rlimit limit;
    pthread_t thread;
    void *result;
    int fd;

    (void)unused;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    if (pthread_create(&thread, &attributes, use_memory, &limit) != 0 ||
        pthread_join(thread, &result) != 0 || result != &limit)
        return 1;
    fd = open(path_of("media/movie"), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || mmap(NULL, 5, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ||
        close(fd) != 0)
        return 2;
    if (clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL) != 0 ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0 || raise(SIGURG) != 0 ||
        kill(getpid(), 0) != 0)
        return 3;
    return WENT_WELL;
}

START_TEST(serving_is_possible)
{
    ck_assert_int_eq(sandboxed(work, NULL), WENT_WELL);
    ck_assert_msg(!has_line("was refused"), "%s", read_log());
}
END_TEST

static int poll_nothing(const void *unused)
{
    (void)unused;
    return outcome(poll(NULL, 0, 0) == 0);
}

static int open_datagram_socket(const void *unused)
{
    (void)unused;
    return outcome(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
}

static int open_stream_socket(const void *unused)
{
    (void)unused;
    return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
}

START_TEST(polling_and_notifying_are_for_those_who_ask)
{
    struct try try = {.attempt = poll_nothing};

    ck_assert_int_eq(in_child(run_try, &try), ENOSYS);
    try.may_poll = true;
    ck_assert_int_eq(in_child(run_try, &try), WENT_WELL);
    try.may_notify = true;
    try.attempt = open_datagram_socket;
    ck_assert_int_eq(in_child(run_try, &try), WENT_WELL);
    try.attempt = open_stream_socket;
    ck_assert_int_eq(in_child(run_try, &try), ENOSYS);
}
END_TEST

static int open_datagram_or_process(const void *unused)
{
    pid_t child;

    (void)unused;
    if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
        return errno;
    child = fork();
    if (child == 0)
        _exit(0);
    return outcome(child > 0 && waitpid(child, NULL, 0) == child);
}

START_TEST(without_it_nothing_is_forbidden)
{
    const struct try try = {.attempt = open_datagram_or_process,
                            .is_open = true};

    ck_assert_int_eq(in_child(run_try, &try), WENT_WELL);
    ck_assert(has_line("not locked down, as --no-sandbox says"));
}
END_TEST

/* --- what a process says of itself ---------------------------------------- */

struct status {
    char text[4096];
    struct stat directory; /* /proc/PID */
};

/* Of a child that has entered the sandbox, seen from here. */
static void see_status(struct status *status)
{
    int ready[2], go[2];
    char path[64], byte;
    pid_t child;
    int fd;
    ssize_t n;

    ck_assert_int_eq(pipe(ready) | pipe(go), 0);
    child = fork();
    if (child == 0) {
        const struct try try = {.attempt = NULL};

        if (!enter(&try))
            _exit(NOT_SANDBOXED);
        (void)!write(ready[1], "", 1);
        close(go[1]);
        _exit(read(go[0], &byte, 1) == 0 ? WENT_WELL : 1);
    }
    close(go[0]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
    fd = open(path, O_RDONLY);
    n = read(fd, status->text, sizeof(status->text) - 1);
    ck_assert_int_gt(n, 0);
    status->text[n] = '\0';
    close(fd);
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)child);
    ck_assert_int_eq(stat(path, &status->directory), 0);
    close(go[1]);
    close(ready[0]);
    ck_assert_int_eq(outcome_of(child), WENT_WELL);
}

static void expect_status(const struct status *status, const char *line)
{
    ck_assert_msg(strstr(status->text, line) != NULL, "not '%s' in:\n%s", line,
                  status->text);
}

START_TEST(the_kernel_says_so_too)
{
    struct status status;

    see_status(&status);
    expect_status(&status, "\nNoNewPrivs:\t1\n");
    expect_status(&status, "\nCapEff:\t0000000000000000\n");
    expect_status(&status, "\nCapPrm:\t0000000000000000\n");
    expect_status(&status, "\nCapInh:\t0000000000000000\n");
    if (call_filter_is_available())
        expect_status(&status, "\nSeccomp:\t2\n");
    /* Who is not dumpable belongs to root there. */
    ck_assert_uint_eq(status.directory.st_uid, 0);
    if (!is_root())
        return;
    expect_status(&status, "\nUid:\t65534\t65534\t65534\t65534\n");
    expect_status(&status, "\nGroups:\t65534 \n");
    expect_status(&status, "\nCapBnd:\t0000000000000000\n");
}
END_TEST

/* --- a kernel that has less ----------------------------------------------- */

#ifdef WITH_SECCOMP
/* As a kernel without Landlock and without filters would answer. */
static bool take_from_kernel(void)
{
    const struct scmp_arg_cmp filters = {0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    return filter != NULL &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                            SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp),
                            0) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                            filters) == 0 &&
           seccomp_load(filter) == 0;
}

static int enter_with_less(const void *unused)
{
    const struct try try = {.attempt = work};

    (void)unused;
    return take_from_kernel() ? run_try(&try) : NOT_SANDBOXED;
}

START_TEST(a_kernel_that_has_less_is_told_of_and_no_failure)
{
    ck_assert_int_eq(in_child(enter_with_less, NULL), WENT_WELL);
    ck_assert_msg(has_line("warning: not locked down by Landlock"), "%s",
                  read_log());
    ck_assert_msg(has_line("warning: not locked down by seccomp"), "%s",
                  read_log());
    ck_assert_msg(has_line("info: locked down: user "), "%s", read_log());
    ck_assert(!has_line("Landlock of ABI"));
    ck_assert(!has_line("system calls filtered"));
}
END_TEST
#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *calls = tcase_create("calls");

    tcase_set_timeout(calls, 60);
    tcase_add_checked_fixture(calls, set_up, tear_down);
    if (call_filter_is_available()) {
        tcase_add_loop_test(calls, what_only_an_intruder_calls_ends_the_process,
                            0, sizeof(deadly) / sizeof(deadly[0]));
        tcase_add_test(calls, no_process_is_started_and_no_code_brought);
        tcase_add_loop_test(calls, no_listener_is_made_to_connect, 0, 2);
        tcase_add_loop_test(calls, what_is_not_needed_is_refused_and_told, 0,
                            sizeof(refused) / sizeof(refused[0]));
        tcase_add_test(calls, each_is_told_once);
        tcase_add_test(calls, polling_and_notifying_are_for_those_who_ask);
#ifdef WITH_SECCOMP
        tcase_add_test(calls, a_kernel_that_has_less_is_told_of_and_no_failure);
#endif
    }
    tcase_add_test(calls, serving_is_possible);
    tcase_add_test(calls, without_it_nothing_is_forbidden);
    tcase_add_test(calls, the_kernel_says_so_too);
    suite_add_tcase(suite, calls);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
