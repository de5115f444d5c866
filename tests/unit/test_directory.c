/* server/directory: nothing outside is ever opened. All that does not need
 * symbolic links is done in both ways. */
#include "config.h"

#include "server/directory.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/flvd-test-XXXXXX"; /* holds `in` and `out` */
static int in_fd, base_fd;
static unsigned descriptors; /* that were open before the test */

static int (*const ways[])(int, const char *) = {directory_open_beneath,
                                                 directory_walk_beneath};

static void make_file(const char *path, const char *text)
{
    const int fd = openat(base_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void make_link(const char *target, const char *path)
{
    ck_assert_int_eq(symlinkat(target, base_fd, path), 0);
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void set_up(void)
{
    char target[64];

    descriptors = count_descriptors();
    strcpy(strstr(base, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    ck_assert_int_eq(chmod(base, 0755), 0);
    base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(mkdirat(base_fd, "in", 0755), 0);
    ck_assert_int_eq(mkdirat(base_fd, "in/sub", 0755), 0);
    ck_assert_int_eq(mkdirat(base_fd, "in/sub/deep", 0755), 0);
    ck_assert_int_eq(mkdirat(base_fd, "in/x.flv", 0755), 0);
    ck_assert_int_eq(mkdirat(base_fd, "out", 0755), 0);
    make_file("in/file", "inside");
    make_file("in/sub/file", "inside");
    make_file("in/sub/deep/f i l\xC3\xA9%", "inside");
    make_file("in/x.flv/file", "inside");
    make_file("out/file", "outside");
    make_file("in/secret", "inside");
    ck_assert_int_eq(fchmodat(base_fd, "in/secret", 0, 0), 0);
    ck_assert_int_eq(mkfifoat(base_fd, "in/fifo", 0644), 0);
    make_link("sub/file", "in/to-file");
    make_link("sub", "in/to-sub");
    make_link("../file", "in/sub/to-file");
    make_link("../out/file", "in/to-outside");
    make_link("../out", "in/to-out");
    make_link("..", "in/to-up");
    make_link("../../out", "in/sub/to-out");
    make_link("loop", "in/loop");
    make_link("nothing", "in/to-nothing");
    snprintf(target, sizeof(target), "%s/in/file", base);
    make_link(target, "in/to-absolute");
    make_link("/", "in/to-root");
    make_link("/proc/self/cwd", "in/to-magic");
    in_fd = openat(base_fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(in_fd, 0);
}

static void tear_down(void)
{
    char command[64];

    close(in_fd);
    close(base_fd);
    ck_assert_uint_eq(count_descriptors(), descriptors);
    snprintf(command, sizeof(command), "rm -rf %s", base);
    ck_assert_int_eq(system(command), 0);
}

/* Whether what was opened is a file from inside. */
static bool is_inside(int fd)
{
    char text[16] = "";

    return read(fd, text, sizeof(text) - 1) == 6 && strcmp(text, "inside") == 0;
}

START_TEST(what_is_inside)
{
    static const char *const paths[] = {"file", "sub/file", "x.flv/file",
                                        "sub/deep/f i l\xC3\xA9%"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const int fd = ways[_i](in_fd, paths[i]);

        ck_assert_msg(fd >= 0, "%s: %s", paths[i], strerror(errno));
        ck_assert_msg(is_inside(fd), "%s", paths[i]);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
    }
}
END_TEST

START_TEST(what_is_not_there)
{
    char longest[NAME_MAX + 3];
    static const struct {
        const char *path;
        int error;
    } paths[] = {{"nothing", ENOENT},
                 {"sub/nothing", ENOENT},
                 {"nothing/file", ENOENT},
                 {"file/file", ENOTDIR},
                 {"sub/deep/nothing/x", ENOENT}};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ck_assert_int_eq(ways[_i](in_fd, paths[i].path), -1);
        ck_assert_msg(errno == paths[i].error, "%s: %s", paths[i].path,
                      strerror(errno));
    }
    memset(longest, 'x', sizeof(longest));
    longest[NAME_MAX + 1] = '\0';
    ck_assert_int_eq(ways[_i](in_fd, longest), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);
    longest[NAME_MAX] = '\0';
    ck_assert_int_eq(ways[_i](in_fd, longest), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(what_is_outside)
{
    char absolute[64];
    const char *const paths[] = {
        "..",          "../out/file",  "sub/../../out/file", absolute,
        "/etc/passwd", "to-outside",   "to-out/file",        "to-up/out/file",
        "to-up",       "sub/to-out",   "sub/to-out/file",    "to-absolute",
        "to-root",     "to-root/etc",  "to-magic",           "to-magic/file",
        "loop",        "to-nothing",   "to-sub/to-out/file", "",
        "//",          "/proc/self/fd"};

    snprintf(absolute, sizeof(absolute), "%s/out/file", base);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        errno = 0;
        ck_assert_msg(ways[_i](in_fd, paths[i]) == -1, "%s", paths[i]);
        ck_assert_msg(errno == EXDEV || errno == ELOOP || errno == ENOENT ||
                          errno == ENOTDIR,
                      "%s: %s", paths[i], strerror(errno));
        if (paths[i][0] == '/')
            ck_assert_int_eq(errno, EXDEV);
    }
}
END_TEST

static bool has_openat2(void)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    const int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

START_TEST(links_that_stay_inside)
{
    static const char *const paths[] = {"to-file", "to-sub/file",
                                        "sub/to-file"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const int fd = directory_open_beneath(in_fd, paths[i]);

        if (has_openat2())
            ck_assert_msg(fd >= 0 && is_inside(fd), "%s", paths[i]);
        if (fd >= 0)
            close(fd);
        ck_assert_int_eq(directory_walk_beneath(in_fd, paths[i]), -1);
    }
    ck_assert_int_eq(directory_open_beneath(in_fd, "to-outside"), -1);
    if (has_openat2())
        ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(what_is_no_file)
{
    struct stat st;
    int fd = ways[_i](in_fd, "fifo"); /* does not wait */

    ck_assert_int_ge(fd, 0);
    ck_assert(fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode));
    close(fd);
    fd = ways[_i](in_fd, "x.flv");
    ck_assert_int_ge(fd, 0);
    ck_assert(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode));
    close(fd);
}
END_TEST

/* Runs `test` in a process of its own; its result is the number of what went
 * wrong, or 0. */
static void run_apart(int (*test)(int argument), int argument)
{
    const pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(test(argument));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "it ended with %#x", (unsigned)status);
}

static int as_nobody(int way)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    if (ways[way](in_fd, "secret") != -1 || errno != EACCES)
        return 2;
    return ways[way](in_fd, "file") >= 0 ? 0 : 3;
}

START_TEST(what_may_not_be_read)
{
    run_apart(as_nobody, _i);
}
END_TEST

static int deny_openat2(int error)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {.len = sizeof(rules) / sizeof(rules[0]),
                                       .filter = rules};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
               ? 0
               : -1;
}

static int without_openat2(int error)
{
    int fd;

    /* Not where seccomp is not to be had, as under valgrind. */
    if (deny_openat2(error) != 0 || has_openat2())
        return 0;
    fd = directory_open_beneath(in_fd, "sub/file");
    if (fd < 0 || !is_inside(fd))
        return 1;
    if (directory_open_beneath(in_fd, "to-outside") >= 0 ||
        directory_open_beneath(in_fd, "to-out/file") >= 0 ||
        directory_open_beneath(in_fd, "../out/file") >= 0)
        return 2;
    return directory_open_beneath(in_fd, "nothing") < 0 && errno == ENOENT ? 0
                                                                           : 3;
}

START_TEST(a_system_without_openat2)
{
    run_apart(without_openat2, ENOSYS);
    run_apart(without_openat2, EPERM);
}
END_TEST

/* --- somebody exchanges a directory for a link that leads out ----------- */

static atomic_bool exchanged_enough;

static void *exchange(void *unused)
{
    (void)unused;
    while (!atomic_load(&exchanged_enough))
        ck_assert_int_eq(syscall(SYS_renameat2, base_fd, "in/sub", base_fd,
                                 "in/to-out", 2 /* RENAME_EXCHANGE */),
                         0);
    return NULL;
}

START_TEST(exchanged_meanwhile)
{
    pthread_t thread;
    unsigned opened = 0, refused = 0;

    atomic_store(&exchanged_enough, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, exchange, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        const int fd = ways[_i](in_fd, "sub/file");

        if (fd < 0) {
            refused++;
            continue;
        }
        ck_assert_msg(is_inside(fd), "try %d led out", i);
        close(fd);
        opened++;
    }
    atomic_store(&exchanged_enough, true);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(opened + refused, 20000);
}
END_TEST

/* --- struct directory --------------------------------------------------- */

static char in_path[64];

static void path_in_base(char path[static 64], const char *name)
{
    snprintf(path, 64, "%s/%s", base, name);
}

START_TEST(opened_and_reopened)
{
    struct directory directory;
    char other[64];
    int fd;

    path_in_base(in_path, "in");
    path_in_base(other, "other");
    ck_assert(directory_open(&directory, in_path));
    fd = directory_open_file(&directory, "file");
    ck_assert(is_inside(fd));
    close(fd);
    ck_assert_int_eq(directory_open_file(&directory, "../out/file"), -1);
    /* moved: it is served on, until it is opened again */
    ck_assert_int_eq(rename(in_path, other), 0);
    fd = directory_open_file(&directory, "file");
    ck_assert(is_inside(fd));
    close(fd);
    ck_assert(!directory_reopen(&directory));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(mkdir(in_path, 0755), 0);
    fd = directory_open_file(&directory, "file");
    ck_assert(is_inside(fd));
    close(fd);
    ck_assert(directory_reopen(&directory));
    ck_assert_int_eq(directory_open_file(&directory, "file"), -1);
    ck_assert_int_eq(errno, ENOENT);
    make_file("in/file", "inside");
    fd = directory_open_file(&directory, "file");
    ck_assert(is_inside(fd));
    close(fd);
    directory_close(&directory);
}
END_TEST

static int opens(int unused)
{
    struct directory directory;

    (void)unused;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    return directory_open(&directory, in_path) || errno != EACCES ? 2 : 0;
}

START_TEST(no_directory_to_serve)
{
    struct directory directory;

    path_in_base(in_path, "nothing");
    ck_assert(!directory_open(&directory, in_path));
    ck_assert_int_eq(errno, ENOENT);
    path_in_base(in_path, "in/file");
    ck_assert(!directory_open(&directory, in_path));
    ck_assert_int_eq(errno, ENOTDIR);
    path_in_base(in_path, "in");
    for (mode_t mode = 0; mode < 01000; mode += 0111) {
        if ((mode & 5) == 5)
            continue; /* readable and searchable */
        ck_assert_int_eq(chmod(in_path, mode), 0);
        run_apart(opens, 0);
    }
    ck_assert_int_eq(chmod(in_path, 0755), 0);
}
END_TEST

static void *open_many(void *argument)
{
    for (int i = 0; i < 500; i++) {
        const int fd = directory_open_file(argument, "sub/file");

        ck_assert(fd >= 0 && is_inside(fd));
        close(fd);
        if (i % 10 == 0)
            ck_assert(directory_reopen(argument));
    }
    return NULL;
}

/* --- a file that cannot be opened, nor not be opened --------------------- */

static struct {
    atomic_bool is_dead; /* the disk: openat2 hangs */
    sem_t called;
    sem_t answered;
} disk;

long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

/* The linker puts it in the place of syscall(2). Takes as many arguments as any
 * call may have. */
long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list arguments;

    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_openat2 && atomic_load(&disk.is_dead)) {
        sem_post(&disk.called);
        sem_wait(&disk.answered);
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *open_one(void *argument)
{
    const int fd = directory_open_file(argument, "file");

    ck_assert(fd >= 0 && is_inside(fd));
    close(fd);
    return NULL;
}

/* What was opened before is what is looked into, though closed meanwhile. */
START_TEST(reopened_while_the_disk_hangs)
{
    struct directory directory;
    pthread_t thread;

    path_in_base(in_path, "in");
    sem_init(&disk.called, 0, 0);
    sem_init(&disk.answered, 0, 0);
    ck_assert(directory_open(&directory, in_path));
    atomic_store(&disk.is_dead, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, open_one, &directory), 0);
    sem_wait(&disk.called);
    ck_assert(directory_reopen(&directory));
    atomic_store(&disk.is_dead, false);
    sem_post(&disk.answered);
    pthread_join(thread, NULL);
    directory_close(&directory);
}
END_TEST

START_TEST(many_threads)
{
    struct directory directory;
    pthread_t threads[4];

    path_in_base(in_path, "in");
    ck_assert(directory_open(&directory, in_path));
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, open_many, &directory), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    directory_close(&directory);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("directory");
    TCase *const tests = tcase_create("directory");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_is_inside, 0, 2);
    tcase_add_loop_test(tests, what_is_not_there, 0, 2);
    tcase_add_loop_test(tests, what_is_outside, 0, 2);
    tcase_add_test(tests, links_that_stay_inside);
    tcase_add_loop_test(tests, what_is_no_file, 0, 2);
    tcase_add_loop_test(tests, what_may_not_be_read, 0, 2);
    tcase_add_test(tests, a_system_without_openat2);
    tcase_add_loop_test(tests, exchanged_meanwhile, 0, 2);
    tcase_add_test(tests, opened_and_reopened);
    tcase_add_test(tests, no_directory_to_serve);
    tcase_add_test(tests, reopened_while_the_disk_hangs);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
