/* server/profile: what others see of a connection. */
#include "config.h"

#include "server/profile.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define S CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

static struct profile profile;
static struct profile_row row;

static struct sockaddr_storage address(uint16_t port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;

    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    in->sin_addr.s_addr = htonl(0xC0000201);
    return storage;
}

static void set_up(void)
{
    const struct sockaddr_storage peer = address(50000);

    memset(&profile, 'X', sizeof(profile));
    profile_init(&profile, 12, &peer, true, 100 * S);
    memset(&row, 'X', sizeof(row));
}

static void tear_down(void)
{
    profile_destroy(&profile);
}

static bool is_text(const struct profile_text *text, const char *expected)
{
    return text->length == strlen(expected) &&
           memcmp(text->bytes, expected, text->length) == 0;
}

START_TEST(one_that_has_just_come)
{
    profile_read(&profile, 103 * S, &row);
    ck_assert_str_eq(profile.label, "#12 192.0.2.1:50000");
    ck_assert_str_eq(row.address, "192.0.2.1:50000");
    ck_assert_uint_eq(row.id, 12);
    ck_assert(row.is_tls);
    ck_assert_int_eq(row.state, TALLY_CONNECTING);
    ck_assert_int_eq(row.age_ns, 3 * S);
    ck_assert_uint_eq(row.bytes, 0);
    ck_assert_uint_eq(row.tags, 0);
    ck_assert_int_eq(row.position_ms, 0);
    ck_assert_int_eq(row.ahead_ms, 0);
    ck_assert_int_eq(row.buffer_ms, -1);
    ck_assert(is_text(&row.app, ""));
    ck_assert(is_text(&row.name, ""));
}
END_TEST

START_TEST(texts_are_as_received_but_for_tokens)
{
    const struct sockaddr_storage peer = address(1);
    static const char name[] = "a\0\xff\n?token=secret&x=1";
    char long_name[1000];

    profile_set_peer(&profile, &peer);
    profile_set_app(&profile, "vod", 3);
    profile_set_name(&profile, name, sizeof(name) - 1);
    profile_read(&profile, 100 * S, &row);
    ck_assert_str_eq(row.address, "192.0.2.1:1");
    ck_assert(is_text(&row.app, "vod"));
    ck_assert_uint_eq(row.name.length, sizeof("a\0\xff\n?token=***&x=1") - 1);
    ck_assert_mem_eq(row.name.bytes, "a\0\xff\n?token=***&x=1",
                     row.name.length);
    memset(long_name, 'l', sizeof(long_name));
    profile_set_name(&profile, long_name, sizeof(long_name));
    profile_read(&profile, 100 * S, &row);
    ck_assert_uint_eq(row.name.length, PROFILE_TEXT_BYTES);
}
END_TEST

/* A viewer was sent up to 65 s of a film of 60 s, which is played at 1000 s. */
static void stand(enum tally_state state, int64_t paused_ns)
{
    atomic_store(&profile.state, (uint8_t)state);
    atomic_store(&profile.time_ms, 65000);
    atomic_store(&profile.played_at_ns, 1000 * S);
    atomic_store(&profile.paused_ns, paused_ns);
    atomic_store(&profile.round_length_ms, 60000);
}

START_TEST(where_a_viewer_is)
{
    static const struct {
        int64_t paused_s;
        int64_t now_s;
        int64_t position_ms;
        int64_t round;
        int64_t ahead_ms;
    } places[] = {
        {0, 998, 3000, 1, 2000},    /* it has two seconds left */
        {0, 993, 58000, 0, 7000},   /* over the seam */
        {0, 1000, 5000, 1, 0},      /* just now */
        {0, 1004, 5000, 1, -4000},  /* it starves */
        {0, 1, 0, 0, 999000},       /* nobody is before the beginning */
        {997, 5000, 2000, 1, 3000}, /* paused: as it was then */
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        stand(places[i].paused_s > 0 ? TALLY_PAUSED : TALLY_PLAYING,
              places[i].paused_s * S);
        profile_read(&profile, places[i].now_s * S, &row);
        ck_assert_int_eq(row.position_ms, places[i].position_ms);
        ck_assert_int_eq(row.round, places[i].round);
        ck_assert_int_eq(row.ahead_ms, places[i].ahead_ms);
    }
    stand(TALLY_PLAYING, 0);
    atomic_store(&profile.round_length_ms, 0); /* in the first round */
    profile_read(&profile, 998 * S, &row);
    ck_assert_int_eq(row.position_ms, 63000);
    ck_assert_int_eq(row.round, 0);
    stand(TALLY_IDLE, 0); /* what was played is not told any more */
    profile_read(&profile, 998 * S, &row);
    ck_assert_int_eq(row.position_ms, 0);
    ck_assert_int_eq(row.ahead_ms, 0);
}
END_TEST

static void *rename_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < 20000; i++)
        profile_set_name(&profile, i % 2 == 0 ? "aaaaaaaa" : "bbbb",
                         i % 2 == 0 ? 8 : 4);
    return NULL;
}

/* Whoever reads sees the one or the other, never a mixture. */
START_TEST(texts_change_while_they_are_read)
{
    pthread_t thread;

    profile_set_name(&profile, "bbbb", 4);
    ck_assert_int_eq(pthread_create(&thread, NULL, rename_often, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        profile_read(&profile, 100 * S, &row);
        ck_assert(is_text(&row.name, "aaaaaaaa") || is_text(&row.name, "bbbb"));
    }
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("profile");
    TCase *const tests = tcase_create("profile");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, one_that_has_just_come);
    tcase_add_test(tests, texts_are_as_received_but_for_tokens);
    tcase_add_test(tests, where_a_viewer_is);
    tcase_add_test(tests, texts_change_while_they_are_read);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
