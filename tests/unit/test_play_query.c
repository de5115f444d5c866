/* server/play_query: start, duration and loop of a URL. */
#include "config.h"

#include "server/play_query.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static bool read_text(struct play_query *query, const char *s)
{
    return play_query_read(query, (struct amf0_string){s, strlen(s)});
}

static void expect(const char *s, bool good, int64_t start_ms,
                   int64_t duration_ms, int64_t rounds)
{
    struct play_query query;

    play_query_init(&query);
    ck_assert_msg(read_text(&query, s) == good, "%s", s);
    ck_assert_msg(query.start_ms == start_ms, "%s: start %lld", s,
                  (long long)query.start_ms);
    ck_assert_msg(query.duration_ms == duration_ms, "%s: duration %lld", s,
                  (long long)query.duration_ms);
    ck_assert_msg(query.rounds == rounds, "%s: loop %lld", s,
                  (long long)query.rounds);
}

START_TEST(what_is_asked_for)
{
    expect("movie", true, -1, -1, -1);
    expect("", true, -1, -1, -1);
    expect("?", true, -1, -1, -1);
    expect("movie?start=12", true, 12000, -1, -1);
    expect("movie?start=0", true, 0, -1, -1);
    expect("movie?duration=0.5", true, -1, 500, -1);
    expect("movie?loop=3", true, -1, -1, 3);
    expect("movie?loop=0", true, -1, -1, 0);
    expect("?loop=4000000000", true, -1, -1, OPTIONS_MAX_LOOP);
    expect("rtmp://host:1935/vod?start=1.25&duration=10&loop=1", true, 1250,
           10000, 1);
    expect("?start=1.2345", true, 1234, -1, -1);
    expect("?start=1.", true, 1000, -1, -1);
    expect("?start=4294967.9", true, 4294967900, -1, -1);
    expect("?start=0000000000000000000000005", true, 5000, -1, -1);
    /* the last one counts, and only what is behind the first mark */
    expect("?start=1&start=2", true, 2000, -1, -1);
    expect("start=1&loop=2", true, -1, -1, -1);
}
END_TEST

/* token and expires, as they are: what they are worth is decided elsewhere. */
START_TEST(what_is_shown)
{
    static const char mac[] = "TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4";
    struct play_query query;
    char text[400];

    play_query_init(&query);
    ck_assert(read_text(&query, "movie?start=1"));
    ck_assert_str_eq(query.claim.token, "");
    ck_assert_str_eq(query.claim.expires, "");
    snprintf(text, sizeof(text), "movie?expires=170&token=k1.%s&loop=1", mac);
    ck_assert(read_text(&query, text));
    ck_assert_str_eq(query.claim.expires, "170");
    ck_assert_uint_eq(strlen(query.claim.token), 3 + strlen(mac));
    /* the last one counts, also when it is none */
    ck_assert(read_text(&query, "?token=a&token=b"));
    ck_assert_str_eq(query.claim.token, "b");
    ck_assert_str_eq(query.claim.expires, "170");
    ck_assert(read_text(&query, "?expires="));
    ck_assert_str_eq(query.claim.expires, "");
    /* as long as may be, and one more */
    snprintf(text, sizeof(text), "?token=%0*d&expires=%0*d", TOKEN_BYTES - 1, 1,
             TOKEN_EXPIRES_BYTES - 1, 2);
    ck_assert(read_text(&query, text));
    ck_assert_uint_eq(strlen(query.claim.token), TOKEN_BYTES - 1);
    ck_assert_uint_eq(strlen(query.claim.expires), TOKEN_EXPIRES_BYTES - 1);
    snprintf(text, sizeof(text), "?token=%0*d", TOKEN_BYTES, 1);
    ck_assert(!read_text(&query, text));
    ck_assert_str_eq(query.claim.token, "");
    snprintf(text, sizeof(text), "?expires=%0*d", TOKEN_EXPIRES_BYTES, 1);
    ck_assert(!read_text(&query, text));
    ck_assert_str_eq(query.claim.expires, "");
}
END_TEST

START_TEST(what_others_ask_for)
{
    expect("?token=k.abc&expires=1&start=5&=&&=3&start", false, 5000, -1, -1);
    expect("?token=k.abc&expires=999999999999999&start=5&x", true, 5000, -1,
           -1);
    expect("?restart=1&starts=2&Start=3&start =4&?start=5", true, -1, -1, -1);
}
END_TEST

START_TEST(garbage_is_not_given)
{
    static const char *const wrong[] = {
        "",     "-1",         "+1",
        " 1",   "1 ",         "x",
        "1x",   "0x10",       "1e3",
        "nan",  "inf",        "1.5.5",
        ".5",   "1,5",        "%31",
        "1.x",  "4294968",    "18446744073709551617",
        "\xFF", "1=2",        "NaN",
        "-0.1", "4294967296", "340282366920938463463374"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char s[64] = "?start=";

        expect(strcat(s, wrong[i]), false, -1, -1, -1);
        expect(strcat(s, "&duration=2"), false, -1, 2000, -1);
    }
    expect("?loop=-1", false, -1, -1, -1);
    expect("?loop=1.5", false, -1, -1, -1);
    expect("?loop=4000000001", false, -1, -1, -1);
    expect("?loop=18446744073709551617", false, -1, -1, -1);
    expect("?loop", false, -1, -1, -1);
}
END_TEST

START_TEST(the_later_text_beats_the_earlier)
{
    struct play_query query;

    play_query_init(&query);
    ck_assert(read_text(&query, "vod?start=5&loop=2"));
    ck_assert(read_text(&query, "movie"));
    ck_assert_int_eq(query.start_ms, 5000);
    ck_assert(read_text(&query, "movie?start=7&duration=1"));
    ck_assert_int_eq(query.start_ms, 7000);
    ck_assert_int_eq(query.duration_ms, 1000);
    ck_assert_int_eq(query.rounds, 2);
    ck_assert(!read_text(&query, "movie?start=x"));
    ck_assert_int_eq(query.start_ms, 7000);
}
END_TEST

START_TEST(cut_at_every_length)
{
    static const char s[] = "m?start=1.5&duration=20&loop=3&x=y";

    for (size_t n = 0; n < sizeof(s); n++) {
        char *const cut = malloc(n + 1);
        struct play_query query;

        ck_assert_ptr_nonnull(cut);
        memcpy(cut + 1, s, n);
        play_query_init(&query);
        (void)play_query_read(&query, (struct amf0_string){cut + 1, n});
        ck_assert(query.start_ms <= 1500 && query.duration_ms <= 20000 &&
                  query.rounds <= 3);
        free(cut);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("play_query");
    TCase *const tests = tcase_create("play_query");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_is_asked_for);
    tcase_add_test(tests, what_is_shown);
    tcase_add_test(tests, what_others_ask_for);
    tcase_add_test(tests, garbage_is_not_given);
    tcase_add_test(tests, the_later_text_beats_the_earlier);
    tcase_add_test(tests, cut_at_every_length);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
