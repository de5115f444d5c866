/* net/address: what --listen takes, and how addresses are shown. */
#include "net/address.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

START_TEST(good_texts)
{
    static const struct {
        const char *text;
        int family;
        const char *shown;
        unsigned port;
        bool is_any;
    } cases[] = {
        {"1935", AF_INET6, "[::]:1935", 1935, true},
        {"0", AF_INET6, "[::]:0", 0, true},
        {"65535", AF_INET6, "[::]:65535", 65535, true},
        {"00080", AF_INET6, "[::]:80", 80, true},
        {"127.0.0.1:0", AF_INET, "127.0.0.1:0", 0, false},
        {"0.0.0.0:1935", AF_INET, "0.0.0.0:1935", 1935, false},
        {"255.255.255.255:65535", AF_INET, "255.255.255.255:65535", 65535,
         false},
        {"[::1]:1935", AF_INET6, "[::1]:1935", 1935, false},
        {"[::]:1", AF_INET6, "[::]:1", 1, false},
        {"[2001:db8::2]:443", AF_INET6, "[2001:db8::2]:443", 443, false},
        {"[::ffff:192.0.2.1]:80", AF_INET6, "192.0.2.1:80", 80, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        char text[ADDRESS_TEXT_BYTES];

        ck_assert_msg(address_parse(cases[i].text, &address), "%s",
                      cases[i].text);
        ck_assert_int_eq(address.socket.ss_family, cases[i].family);
        ck_assert_uint_eq(address.length, cases[i].family == AF_INET
                                              ? sizeof(struct sockaddr_in)
                                              : sizeof(struct sockaddr_in6));
        ck_assert_int_eq(address.is_any, cases[i].is_any);
        ck_assert_uint_eq(address_port(&address.socket), cases[i].port);
        ck_assert_str_eq(address_format(&address.socket, text), cases[i].shown);
    }
}
END_TEST

START_TEST(bad_texts)
{
    static const char *const cases[] = {
        "",
        ":",
        "x",
        "-1",
        "+1",
        " 1",
        "1 ",
        "0x50",
        "65536",
        "99999",
        "100000",
        "000080",
        "4294967376",
        ":1935",
        "1935:",
        "localhost:1935",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.1:1935",
        "1:1935",
        "0x7f.0.0.1:1935",
        "127.0.0.01.1:1935",
        "256.0.0.1:1935",
        " 127.0.0.1:1935",
        "::1:1935",
        "2001:db8::1:1935",
        "[]:1935",
        "[:1935",
        "]:1935",
        "[::1:1935",
        "::1]:1935",
        "[::1]1935",
        "[::1]",
        "[127.0.0.1]:1935",
        "[::g]:1935",
        "[::1]:65536",
        "[::1]]:1935",
        "[1111111111111111111111111111111111111111111111111111111111111111111"
        "1111111111111111111111111111111111111111]:1935",
        "1111111111111111111111111111111111111111111111111111111111111111111"
        "1111111111111111111111111111111111111111:1935",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;

        ck_assert_msg(!address_parse(cases[i], &address), "%s", cases[i]);
    }
}
END_TEST

START_TEST(a_scope_is_read_and_shown_without)
{
    struct address address;
    char text[ADDRESS_TEXT_BYTES];

    ck_assert(address_parse("[fe80::1%1]:1935", &address));
    ck_assert_uint_eq(
        ((const struct sockaddr_in6 *)&address.socket)->sin6_scope_id, 1);
    ck_assert_str_eq(address_format(&address.socket, text), "[fe80::1]:1935");
}
END_TEST

START_TEST(all_of_ipv4)
{
    struct address address;
    char text[ADDRESS_TEXT_BYTES];

    ck_assert(address_parse("1935", &address));
    address_any_ipv4(&address);
    ck_assert_uint_eq(address.length, sizeof(struct sockaddr_in));
    ck_assert_str_eq(address_format(&address.socket, text), "0.0.0.0:1935");
}
END_TEST

START_TEST(loopback)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:80", true},
        {"127.255.255.254:80", true},
        {"[::1]:80", true},
        {"[::ffff:127.0.0.1]:80", true},
        {"128.0.0.1:80", false},
        {"126.255.255.255:80", false},
        {"0.0.0.0:80", false},
        {"[::]:80", false},
        {"[::2]:80", false},
        {"[::ffff:1.127.0.1]:80", false},
        {"[2001:db8::127]:80", false},
    };
    struct address address;
    char text[ADDRESS_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert(address_parse(cases[i].text, &address));
        ck_assert_msg(address_is_loopback(&address.socket) ==
                          cases[i].is_loopback,
                      "%s", cases[i].text);
    }
    ck_assert(address_parse("8080", &address));
    address_loopback_ipv4(&address);
    ck_assert(!address.is_any);
    ck_assert_str_eq(address_format(&address.socket, text), "127.0.0.1:8080");
}
END_TEST

START_TEST(other_families)
{
    const struct sockaddr_storage local = {.ss_family = AF_UNIX};
    char text[ADDRESS_TEXT_BYTES];

    ck_assert_uint_eq(address_port(&local), 0);
    ck_assert(!address_is_loopback(&local));
    ck_assert_str_eq(address_format(&local, text), "local");
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("address");
    TCase *const tests = tcase_create("address");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, good_texts);
    tcase_add_test(tests, bad_texts);
    tcase_add_test(tests, a_scope_is_read_and_shown_without);
    tcase_add_test(tests, all_of_ipv4);
    tcase_add_test(tests, loopback);
    tcase_add_test(tests, other_families);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
