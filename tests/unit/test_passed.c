/* passed: what the names of passed sockets mean. */
#include "passed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool sort(struct passed_sockets *passed, char *const *names,
                 char fault[static PASSED_FAULT_BYTES])
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    return passed_sort(passed, names, count, fault);
}

START_TEST(names_choose)
{
    char fault[PASSED_FAULT_BYTES];
    struct passed_sockets passed;
    static const bool is_tls[] = {false, true,  false, false,
                                  false, false, true};

    ck_assert(sort(&passed,
                   (char *[]){"rtmp", "rtmps", "unknown", "", "flvd.socket",
                              "status", "rtmps", NULL},
                   fault));
    ck_assert_uint_eq(passed.count, 7);
    for (size_t i = 0; i < passed.count; i++) {
        ck_assert_int_eq(passed.all[i].fd, 3 + (int)i);
        ck_assert_int_eq(passed.all[i].is_tls, is_tls[i]);
        ck_assert_int_eq(passed.all[i].is_status, i == 5);
    }
    ck_assert_uint_eq(passed_count(&passed).plain, 4);
    ck_assert_uint_eq(passed_count(&passed).tls, 2);
    ck_assert_uint_eq(passed_count(&passed).status, 1);
}
END_TEST

START_TEST(other_names_are_refused)
{
    char fault[PASSED_FAULT_BYTES];
    struct passed_sockets passed;

    ck_assert(!sort(&passed, (char *[]){"rtmp", "http", NULL}, fault));
    ck_assert_ptr_nonnull(strstr(fault, "'http'"));
    ck_assert_ptr_nonnull(strstr(fault, "'rtmps'"));
    ck_assert_uint_eq(passed.count, 0);
    ck_assert_ptr_nonnull(strstr(fault, "'status'"));
    ck_assert(!sort(&passed, (char *[]){"stat", NULL}, fault));
    ck_assert(!sort(&passed, (char *[]){"RTMP", NULL}, fault));
}
END_TEST

START_TEST(not_too_many)
{
    char fault[PASSED_FAULT_BYTES];
    struct passed_sockets passed;
    char *names[OPTIONS_MAX_PASSED + 2] = {NULL};

    for (size_t i = 0; i < OPTIONS_MAX_PASSED; i++)
        names[i] = "rtmp";
    ck_assert(sort(&passed, names, fault));
    names[OPTIONS_MAX_PASSED] = "rtmp";
    ck_assert(!sort(&passed, names, fault));
    ck_assert_ptr_nonnull(strstr(fault, "17 sockets"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("passed");
    TCase *tests = tcase_create("passed");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, names_choose);
    tcase_add_test(tests, other_names_are_refused);
    tcase_add_test(tests, not_too_many);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
