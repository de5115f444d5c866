/* status/host: what a Host header names, and whether that is this machine. */
#include "status/host.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(hosts)
{
    static const struct {
        const char *header;
        const char *host;
    } cases[] = {
        {"localhost", "localhost"},
        {"localhost:8080", "localhost"},
        {"localhost:", "localhost"},
        {"Films.Example.ORG:80", "Films.Example.ORG"},
        {"my_host-1", "my_host-1"},
        {"192.0.2.1:8080", "192.0.2.1"},
        {"[::1]", "[::1]"},
        {"[2001:db8::1]:8080", "[2001:db8::1]"},
        {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]"},
    };
    char host[HOST_BYTES];

    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_msg(host_of_header(cases[i].header, host), "%s",
                      cases[i].header);
        ck_assert_str_eq(host, cases[i].host);
    }
}
END_TEST

START_TEST(what_is_no_host)
{
    static const char *const headers[] = {
        "",     ":8080",       "a b",           "a/b",
        "a@b",  "localhost:x", "localhost:80/", "localhost:80:80",
        "[::1", "::1",         "[::1]x",        "[<b>]",
        "<b>",  "a\"b",        "a%2eb",         "f\xC3\xBCr",
        "a\\b", "[::1%25lo]",  "a?b",           "a#b",
    };
    char host[HOST_BYTES];

    for (size_t i = 0; i < COUNT(headers); i++)
        ck_assert_msg(!host_of_header(headers[i], host), "%s", headers[i]);
}
END_TEST

START_TEST(long_ones)
{
    char header[HOST_BYTES + 1], host[HOST_BYTES];

    memset(header, 'a', sizeof(header));
    header[HOST_BYTES] = '\0';
    ck_assert(!host_of_header(header, host));
    header[HOST_BYTES - 1] = '\0';
    ck_assert(host_of_header(header, host));
    ck_assert_str_eq(host, header);
}
END_TEST

START_TEST(this_machine)
{
    static const char *const names[] = {
        "localhost", "LocalHost", "localhost.", "a.localhost",
        "127.0.0.1", "127.1.2.3", "[::1]",      "[0:0:0:0:0:0:0:1]",
    };

    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_msg(host_is_loopback(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(other_machines)
{
    static const char *const names[] = {
        "",
        ".",
        "evil.example",
        "notlocalhost",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhos",
        "128.0.0.1",
        "127.1",
        "0.0.0.0",
        "192.0.2.127",
        "[::]",
        "[::2]",
        "[::1",
        "[]",
        "[",
        "1",
        "[00000000000000000000000000000000000000000000000000000000000000001]",
    };

    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_msg(!host_is_loopback(names[i]), "%s", names[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host");
    TCase *tests = tcase_create("host");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, hosts);
    tcase_add_test(tests, what_is_no_host);
    tcase_add_test(tests, long_ones);
    tcase_add_test(tests, this_machine);
    tcase_add_test(tests, other_machines);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
