/* server/limits: how many clients fit, which limit it was, and what is said of
 * it. */
#include "config.h"

#include "server/limits.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct limits limits;

static void no_limits(void)
{
    for (int i = 0; i < LIMIT_KINDS; i++) {
        limits.of[i].most = LIMIT_NONE;
        limits.of[i].used = 0;
    }
}

static void set(enum limit_kind kind, int64_t most, int64_t used)
{
    limits.of[kind].most = most;
    limits.of[kind].used = used;
}

START_TEST(the_tightest_limit_says_how_many_fit)
{
    enum limit_kind kind;

    no_limits();
    ck_assert_int_eq(limits_allow(&limits, &kind), LIMIT_NONE);
    set(LIMIT_DESCRIPTORS, 4096, 40);
    ck_assert_int_eq(limits_allow(&limits, &kind), 4056);
    ck_assert_int_eq(kind, LIMIT_DESCRIPTORS);
    set(LIMIT_TASKS, 2000, 10);
    ck_assert_int_eq(limits_allow(&limits, &kind), 1990);
    ck_assert_int_eq(kind, LIMIT_TASKS);
    /* A stack is two mappings. */
    set(LIMIT_MAPPINGS, 3000, 1000);
    ck_assert_int_eq(limits_allow(&limits, &kind), 1000);
    ck_assert_int_eq(kind, LIMIT_MAPPINGS);
    set(LIMIT_THREADS, 100, 200);
    ck_assert_int_eq(limits_allow(&limits, &kind), 0);
    ck_assert_int_eq(kind, LIMIT_THREADS);
}
END_TEST

static void expect_culprit(int error, enum limit_kind wanted)
{
    enum limit_kind kind;

    ck_assert(limits_culprit(&limits, error, &kind));
    ck_assert_int_eq(kind, wanted);
}

START_TEST(a_failure_has_its_limit)
{
    enum limit_kind kind;

    no_limits();
    ck_assert(!limits_culprit(&limits, EAGAIN, &kind));
    ck_assert(!limits_culprit(&limits, ENOMEM, &kind));
    expect_culprit(EMFILE, LIMIT_DESCRIPTORS);
    expect_culprit(ENFILE, LIMIT_FILES);
    set(LIMIT_USER_THREADS, 1000, 0);
    set(LIMIT_THREADS, 5000, 4000);
    set(LIMIT_MAPPINGS, 65530, 20000);
    expect_culprit(EAGAIN, LIMIT_USER_THREADS); /* no other is near */
    ck_assert(!limits_culprit(&limits, ENOMEM, &kind));
    set(LIMIT_MAPPINGS, 65530, 65520);
    expect_culprit(EAGAIN, LIMIT_MAPPINGS);
    expect_culprit(ENOMEM, LIMIT_MAPPINGS);
    set(LIMIT_PROCESS_IDS, 4000, 3990);
    expect_culprit(EAGAIN, LIMIT_PROCESS_IDS);
    expect_culprit(ENOMEM, LIMIT_MAPPINGS); /* it is no thread that failed */
    set(LIMIT_PROCESS_IDS, 4000, 1000);
    set(LIMIT_MAPPINGS, 65530, 20000);
    set(LIMIT_ADDRESSES, 1 << 30, 1 << 29);
    expect_culprit(EAGAIN, LIMIT_USER_THREADS);
    set(LIMIT_ADDRESSES, 1 << 30, (1 << 30) - (1 << 20));
    expect_culprit(EAGAIN, LIMIT_ADDRESSES);
    expect_culprit(ENOMEM, LIMIT_ADDRESSES);
    set(LIMIT_PROCESS_IDS, 4000, 3990);
    set(LIMIT_THREADS, 4000, 4000);
    expect_culprit(EAGAIN, LIMIT_THREADS);
    set(LIMIT_TASKS, 4000, 4000);
    expect_culprit(EAGAIN, LIMIT_TASKS);
}
END_TEST

START_TEST(each_limit_has_a_name_a_value_and_a_way_out)
{
    static const char *const names[] = {
        "RLIMIT_NOFILE", "fs.file-max", "RLIMIT_NPROC",     "threads-max",
        "pid_max",       "pids.max",    "vm.max_map_count", "RLIMIT_AS"};
    static const char *const ways[] = {"LimitNOFILE=",
                                       "sysctl fs.file-max",
                                       "LimitNPROC=",
                                       "sysctl kernel.threads-max",
                                       "sysctl kernel.pid_max",
                                       "TasksMax=",
                                       "sysctl vm.max_map_count",
                                       "LimitAS="};
    char text[LIMITS_TEXT_BYTES];

    no_limits();
    for (int i = 0; i < LIMIT_KINDS; i++) {
        limits_describe(&limits, (enum limit_kind)i, text);
        ck_assert_ptr_nonnull(strstr(text, " is reached: raise"));
        set((enum limit_kind)i, 12345, 0);
        limits_describe(&limits, (enum limit_kind)i, text);
        ck_assert_msg(strstr(text, names[i]) != NULL, "%s", text);
        ck_assert_msg(strstr(text, ways[i]) != NULL, "%s", text);
        ck_assert_msg(strstr(text, " is 12345: raise") != NULL, "%s", text);
        ck_assert_uint_lt(strlen(text), LIMITS_TEXT_BYTES - 1);
    }
}
END_TEST

START_TEST(the_cgroup_of_tasks_is_found)
{
    char path[128];

    ck_assert(!limits_cgroup_path("", path, sizeof(path)));
    ck_assert(!limits_cgroup_path("rubbish\n", path, sizeof(path)));
    ck_assert(!limits_cgroup_path("3:cpu,cpuacct:/a\n", path, sizeof(path)));
    ck_assert(limits_cgroup_path("0::/system.slice/flvd.service\n", path,
                                 sizeof(path)));
    ck_assert_str_eq(path, "/sys/fs/cgroup/system.slice/flvd.service");
    ck_assert(limits_cgroup_path("3:cpu:/x\n2:pids:/a/b\n0::/c\n", path,
                                 sizeof(path)));
    ck_assert_str_eq(path, "/sys/fs/cgroup/pids/a/b");
    ck_assert(limits_cgroup_path("0::/c\n2:pids:/a/b\n", path, sizeof(path)));
    ck_assert_str_eq(path, "/sys/fs/cgroup/pids/a/b");
    ck_assert(!limits_cgroup_path("0::/much/too/long\n", path, 10));
}
END_TEST

/* What is in force here: the soft limit is raised, and that of this process is
 * read as it is. */
START_TEST(the_limit_of_descriptors_is_raised_and_read)
{
    struct rlimit limit;
    char text[LIMITS_TEXT_BYTES];
    char expected[64];

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    snprintf(expected, sizeof(expected),
             "RLIMIT_NOFILE, is %ju:", (uintmax_t)limit.rlim_max);
    limit.rlim_cur = 123;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    limits_raise();
    limits_read(&limits);
    ck_assert_int_eq(limits.of[LIMIT_DESCRIPTORS].most,
                     (intmax_t)limit.rlim_max);
    ck_assert_int_ge(limits.of[LIMIT_DESCRIPTORS].used, 3);
    ck_assert_int_gt(limits.of[LIMIT_THREADS].used, 0);
    ck_assert_int_gt(limits.of[LIMIT_MAPPINGS].used, 10);
    ck_assert(limits_explain(EMFILE, text));
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("limits");
    TCase *const tests = tcase_create("limits");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_tightest_limit_says_how_many_fit);
    tcase_add_test(tests, a_failure_has_its_limit);
    tcase_add_test(tests, each_limit_has_a_name_a_value_and_a_way_out);
    tcase_add_test(tests, the_cgroup_of_tasks_is_found);
    tcase_add_test(tests, the_limit_of_descriptors_is_raised_and_read);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
