/* net/proxy_wire: what it leaves on the socket, and when it stops waiting. */
#include "net/proxy_wire.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE "PROXY TCP4 192.0.2.1 192.0.2.2 50000 1935\r\n"

static int ends[2]; /* the proxy's, and ours */
static struct proxy_header header;
static enum proxy_header_result result;

static void open_pair(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void close_pair(void)
{
    close(ends[0]);
    close(ends[1]);
}

static void say(const void *bytes, size_t length)
{
    ck_assert_int_eq(send(ends[0], bytes, length, 0), (ssize_t)length);
}

static enum transport_result hear(int64_t for_ns)
{
    return proxy_wire_read(ends[1], clock_now_ns() + for_ns, &header, &result);
}

static void expect_left(const char *text)
{
    char left[8192];
    const ssize_t length =
        recv(ends[1], left, sizeof(left), MSG_DONTWAIT | MSG_TRUNC);

    ck_assert_int_eq(length, (ssize_t)strlen(text));
    ck_assert_mem_eq(left, text, strlen(text));
}

START_TEST(what_is_behind_it_stays)
{
    uint8_t block[4096] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x0F\xF0";

    say(LINE "PROXY\r\n", sizeof(LINE) - 1 + 7);
    ck_assert_int_eq(hear(CLOCK_NS_PER_S), TRANSPORT_OK);
    ck_assert_int_eq(result, PROXY_HEADER_PEER);
    expect_left("PROXY\r\n");
    /* longer than what is looked at at a time */
    say(block, sizeof(block));
    say("tls", 3);
    ck_assert_int_eq(hear(CLOCK_NS_PER_S), TRANSPORT_OK);
    ck_assert_int_eq(result, PROXY_HEADER_PEER);
    ck_assert_uint_eq(header.length, sizeof(block));
    expect_left("tls");
}
END_TEST

/* Also for one that always has another byte. */
START_TEST(time_is_over)
{
    say(LINE, sizeof(LINE) - 1);
    ck_assert_int_eq(hear(-1), TRANSPORT_TIMEOUT);
    ck_assert_uint_eq(header.length, 0);
    expect_left(LINE);
    ck_assert_int_eq(hear(CLOCK_NS_PER_MS), TRANSPORT_TIMEOUT);
    say("PROXY", 5);
    ck_assert_int_eq(hear(CLOCK_NS_PER_MS), TRANSPORT_TIMEOUT);
    ck_assert_uint_le(header.length, 5);
}
END_TEST

START_TEST(the_end)
{
    say("PROXY", 5);
    ck_assert_int_eq(shutdown(ends[0], SHUT_WR), 0);
    ck_assert_int_eq(hear(CLOCK_NS_PER_S), TRANSPORT_CLOSED);
    ck_assert_uint_eq(header.length, 5);
    ck_assert_int_eq(hear(CLOCK_NS_PER_S), TRANSPORT_CLOSED);
    ck_assert_uint_eq(header.length, 0);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("proxy wire");
    TCase *const tests = tcase_create("all");
    SRunner *const runner = srunner_create(suite);

    tcase_add_checked_fixture(tests, open_pair, close_pair);
    tcase_add_test(tests, what_is_behind_it_stays);
    tcase_add_test(tests, time_is_over);
    tcase_add_test(tests, the_end);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
