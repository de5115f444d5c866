/* server/census: how many connections an address has. */
#include "server/census.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct census census;

static struct sockaddr_storage socket_of(const char *text)
{
    struct sockaddr_storage socket = {.ss_family = AF_INET};
    struct sockaddr_in *in = (struct sockaddr_in *)&socket;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&socket;

    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        return socket;
    ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
    in6->sin6_family = AF_INET6;
    return socket;
}

static bool enter(const char *text, struct census_place *place)
{
    const struct sockaddr_storage peer = socket_of(text);

    return census_enter(&census, &peer, place);
}

START_TEST(who_counts_as_one)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "192.0.3.1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"2001:db8:0:7::", "2001:db8:0:6:ffff:ffff:ffff:ffff", false},
        {"::1", "::2", true},
        {"::1", "::ffff:0.0.0.0", false},
        {"0.0.0.0", "::", false},
        {"192.0.2.1", "c000:201::", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct census_place one, other;

        ck_assert(census_init(&census, 1, 100, i));
        ck_assert(enter(cases[i].one, &one));
        ck_assert_msg(enter(cases[i].other, &other) != cases[i].same,
                      "%s and %s", cases[i].one, cases[i].other);
        census_leave(&census, &one);
        if (cases[i].same) {
            ck_assert(enter(cases[i].other, &other));
        }
        census_leave(&census, &other);
        ck_assert_uint_eq(census.taken, 0);
        census_destroy(&census);
    }
}
END_TEST

START_TEST(up_to_the_limit)
{
    struct census_place places[4];

    ck_assert(census_init(&census, 3, 100, 1));
    for (int i = 0; i < 3; i++)
        ck_assert(enter("192.0.2.1", &places[i]));
    ck_assert(!enter("192.0.2.1", &places[3]));
    ck_assert(!enter("192.0.2.1", &places[3]));
    ck_assert(enter("192.0.2.2", &places[3]));
    census_leave(&census, &places[0]);
    ck_assert(enter("192.0.2.1", &places[0]));
    ck_assert(!enter("192.0.2.1", &places[1]));
    census_destroy(&census);
}
END_TEST

START_TEST(nobody_is_counted)
{
    const struct sockaddr_storage local = {.ss_family = AF_UNIX};
    struct census_place place;

    ck_assert(census_init(&census, 0, 1000000, 1));
    for (int i = 0; i < 1000; i++) {
        ck_assert(enter("192.0.2.1", &place));
        census_leave(&census, &place);
        ck_assert(enter("192.0.2.1", &place));
    }
    ck_assert_ptr_null(census.slots);
    census_destroy(&census);
    ck_assert(census_init(&census, 1, 10, 1));
    for (int i = 0; i < 1000; i++)
        ck_assert(census_enter(&census, &local, &place));
    census_leave(&census, &place);
    ck_assert_uint_eq(census.taken, 0);
    census_destroy(&census);
}
END_TEST

/* Against a plain list of counts: 200 addresses come and go at random in a
 * table that they fill to the half. */
START_TEST(like_a_list)
{
    static struct census_place places[200][5];
    int counts[200] = {0};
    uint64_t random = 1;

    ck_assert(census_init(&census, 5, 192, 42));
    ck_assert_uint_eq(census.mask, 511);
    for (int step = 0; step < 200000; step++) {
        char text[32];
        int who;

        random = random * 6364136223846793005u + 1442695040888963407u;
        who = (int)(random >> 33) % 200;
        snprintf(text, sizeof(text),
                 who % 2 ? "10.0.0.%d" : "2001:db8:0:%x::", who);
        if (random >> 63) {
            struct census_place place;
            const bool entered = enter(text, &place);

            ck_assert_msg(entered == (counts[who] < 5), "%s has %d", text,
                          counts[who]);
            if (entered)
                places[who][counts[who]++] = place;
        } else if (counts[who] > 0) {
            census_leave(&census, &places[who][--counts[who]]);
        }
    }
    for (int who = 0; who < 200; who++) {
        while (counts[who] > 0)
            census_leave(&census, &places[who][--counts[who]]);
    }
    ck_assert_uint_eq(census.taken, 0);
    census_destroy(&census);
}
END_TEST

/* More than it has room for, which the limit of connections keeps away. */
START_TEST(no_room)
{
    struct census_place place;
    unsigned entered = 0;

    ck_assert(census_init(&census, 5, 10, 42));
    for (int i = 0; i < 10000; i++) {
        char text[32];

        snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
        entered += enter(text, &place);
    }
    ck_assert_uint_ge(entered, 10);
    ck_assert_uint_le(entered, census.mask / 2 + 1);
    census_destroy(&census);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("census");
    TCase *const tests = tcase_create("census");
    SRunner *const runner = srunner_create(suite);

    tcase_add_test(tests, who_counts_as_one);
    tcase_add_test(tests, up_to_the_limit);
    tcase_add_test(tests, nobody_is_counted);
    tcase_add_test(tests, like_a_list);
    tcase_add_test(tests, no_room);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
