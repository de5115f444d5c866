/* sandbox/landlock: what is not allowed is tried. */
#include "config.h"

#include "sandbox/landlock.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "confined.h"

struct
try {
    int (*attempt)(const void *);
    const void *argument;
};

static struct landlock rules;

static int with_rules(const void *argument)
{
    const struct try *try = argument;

    landlock_allow(&rules, path_of("media"));
    landlock_allow(&rules, path_of("folder/file"));
    landlock_allow(&rules, path_of("links/link"));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        !landlock_enforce(&rules))
        return NOT_SANDBOXED;
    return try->attempt(try->argument);
}

static int landlocked(int (*attempt)(const void *), const void *argument)
{
    const struct try try = {.attempt = attempt, .argument = argument};
    int status;

    ck_assert(landlock_begin(&rules, false));
    status = in_child(with_rules, &try);
    landlock_end(&rules);
    return status;
}

static bool has_landlock(int abi)
{
    struct landlock landlock;
    const bool has = landlock_begin(&landlock, false) && landlock.abi >= abi;

    landlock_end(&landlock);
    if (!has)
        printf("this kernel has no Landlock of ABI %d: not tried\n", abi);
    return has;
}

static int open_to_write(const void *name)
{
    return outcome(open(path_of(name), O_WRONLY | O_CLOEXEC) >= 0);
}

static int make_new(const void *name)
{
    return outcome(open(path_of(name), O_WRONLY | O_CREAT, 0600) >= 0);
}

static int list(const void *name)
{
    return outcome(open(path_of(name), O_RDONLY | O_DIRECTORY) >= 0);
}

static int remove_it(const void *name)
{
    return outcome(unlink(path_of(name)) == 0);
}

START_TEST(what_is_named_can_be_read)
{
    if (!has_landlock(1))
        return;
    ck_assert_int_eq(landlocked(open_to_read, "media/movie"), WENT_WELL);
    ck_assert_int_eq(landlocked(open_to_read, "media/sub/movie"), WENT_WELL);
    ck_assert_int_eq(landlocked(list, "media"), WENT_WELL);
    ck_assert_int_eq(landlocked(open_to_read, "folder/file"), WENT_WELL);
    ck_assert_int_eq(landlocked(open_to_read, "links/link"), WENT_WELL);
}
END_TEST

/* The file is replaced when the rules are in force, by somebody who has none.
 */
static void replace_and_open(const char *name)
{
    int ready[2], go[2];
    char byte;
    pid_t child;

    ck_assert_int_eq(pipe(ready) | pipe(go), 0);
    ck_assert(landlock_begin(&rules, false));
    child = fork();
    if (child == 0) {
        close(go[1]);
        landlock_allow(&rules, path_of(name));
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!landlock_enforce(&rules) || write(ready[1], "", 1) != 1 ||
            read(go[0], &byte, 1) != 1)
            _exit(NOT_SANDBOXED);
        _exit(open_to_read(name));
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(rename(path_of("folder/next"), path_of(name)), 0);
    ck_assert_int_eq(write(go[1], "", 1), 1);
    ck_assert_int_eq(outcome_of(child), WENT_WELL);
    landlock_end(&rules);
    close(ready[0]);
    close(go[0]);
    close(go[1]);
}

START_TEST(a_file_replaced_by_rename_can_be_read)
{
    if (has_landlock(1))
        replace_and_open("folder/file");
}
END_TEST

START_TEST(a_link_replaced_by_a_file_can_be_read)
{
    if (has_landlock(1))
        replace_and_open("links/link");
}
END_TEST

START_TEST(nothing_else_can_be_read)
{
    if (!has_landlock(1))
        return;
    ck_assert_int_eq(landlocked(open_to_read, "outside"), EACCES);
    ck_assert_int_eq(landlocked(open_to_read, "beside/file"), EACCES);
    ck_assert_int_eq(landlocked(open_to_read, "media/sub/out"), EACCES);
    ck_assert_int_eq(landlocked(open_to_read, "../../etc/passwd"), EACCES);
    ck_assert_int_eq(landlocked(open_to_read, "../../proc/self/maps"), EACCES);
    ck_assert_int_eq(landlocked(list, "folder"), EACCES);
    ck_assert_int_eq(landlocked(list, "."), EACCES);
}
END_TEST

START_TEST(nothing_can_be_written)
{
    if (!has_landlock(1))
        return;
    ck_assert_int_eq(landlocked(open_to_write, "media/movie"), EACCES);
    ck_assert_int_eq(landlocked(open_to_write, "folder/file"), EACCES);
    ck_assert_int_eq(landlocked(make_new, "media/new"), EACCES);
    ck_assert_int_eq(landlocked(make_new, "folder/new"), EACCES);
    ck_assert_int_eq(landlocked(remove_it, "media/movie"), EACCES);
    ck_assert_int_eq(landlocked(remove_it, "folder/file"), EACCES);
}
END_TEST

static int use_tcp(const void *is_server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        return NOT_SANDBOXED;
    if (*(const bool *)is_server)
        return outcome(bind(fd, (struct sockaddr *)&address, sizeof(address)) ==
                       0);
    address.sin_port = htons(1);
    return outcome(connect(fd, (struct sockaddr *)&address, sizeof(address)) ==
                   0);
}

START_TEST(tcp_is_out_of_reach)
{
    const bool yes = true, no = false;

    if (!has_landlock(4))
        return;
    ck_assert_int_eq(in_child(use_tcp, &yes), WENT_WELL);
    ck_assert_int_eq(landlocked(use_tcp, &yes), EACCES);
    ck_assert_int_eq(in_child(use_tcp, &no), ECONNREFUSED);
    ck_assert_int_eq(landlocked(use_tcp, &no), EACCES);
}
END_TEST

static int signal_parent(const void *unused)
{
    (void)unused;
    return outcome(kill(getppid(), 0) == 0);
}

static int reach_abstract(const void *address)
{
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    return outcome(connect(fd, address, sizeof(struct sockaddr_un)) == 0);
}

START_TEST(others_are_out_of_reach)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (!has_landlock(6))
        return;
    ck_assert_int_eq(in_child(signal_parent, NULL), WENT_WELL);
    ck_assert_int_eq(landlocked(signal_parent, NULL), EPERM);
    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s",
             path_of("x"));
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(in_child(reach_abstract, &address), WENT_WELL);
    ck_assert_int_eq(landlocked(reach_abstract, &address), EPERM);
    close(fd);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("landlock");
    TCase *files = tcase_create("files");

    tcase_add_checked_fixture(files, tree_make, tree_remove);
    tcase_add_test(files, what_is_named_can_be_read);
    tcase_add_test(files, a_file_replaced_by_rename_can_be_read);
    tcase_add_test(files, a_link_replaced_by_a_file_can_be_read);
    tcase_add_test(files, nothing_else_can_be_read);
    tcase_add_test(files, nothing_can_be_written);
    tcase_add_test(files, tcp_is_out_of_reach);
    tcase_add_test(files, others_are_out_of_reach);
    suite_add_tcase(suite, files);
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
