/* play/media_clock: pace, jumps, and that errors do not add up. */
#include "play/media_clock.h"

#include <check.h>
#include <stdlib.h>

#define MS INT64_C(1000000)

START_TEST(pace_follows_media_time)
{
    struct media_clock clock;

    media_clock_start(&clock, 5000, 7 * MS);
    ck_assert_int_eq(media_clock_pace(&clock, 5000), 0);
    ck_assert_int_eq(media_clock_pace(&clock, 5040), 40);
    ck_assert_int_eq(media_clock_pace(&clock, 5020), 20); /* interleaving */
    ck_assert_int_eq(media_clock_pace(&clock, 5080), 80);
    ck_assert_int_eq(media_clock_pace(&clock, 4990), -10);
    ck_assert_int_eq(media_clock_at_ns(&clock, 0), 7 * MS);
    ck_assert_int_eq(media_clock_at_ns(&clock, 80), 87 * MS);
    ck_assert_int_eq(media_clock_at_ns(&clock, -10), -3 * MS);
}
END_TEST

START_TEST(jumps_forward)
{
    struct media_clock clock;

    media_clock_start(&clock, 0, 0);
    ck_assert_int_eq(media_clock_pace(&clock, 10000), 10000); /* no jump */
    ck_assert_int_eq(media_clock_pace(&clock, 20001), 20000); /* one */
    ck_assert_int_eq(media_clock_pace(&clock, 20041), 20040);
    ck_assert_int_eq(media_clock_pace(&clock, INT64_C(1) << 40), 30040);
    ck_assert_int_eq(media_clock_pace(&clock, (INT64_C(1) << 40) + 1), 30041);
}
END_TEST

START_TEST(jumps_back)
{
    struct media_clock clock;

    media_clock_start(&clock, 0, 0);
    for (int64_t ms = 0; ms <= 60000; ms += 1000)
        ck_assert_int_eq(media_clock_pace(&clock, ms), ms);
    ck_assert_int_eq(media_clock_pace(&clock, 50000), 50000); /* no jump */
    ck_assert_int_eq(media_clock_pace(&clock, 49999), 60000); /* one */
    ck_assert_int_eq(media_clock_pace(&clock, 50039), 60040);
    ck_assert_int_eq(media_clock_pace(&clock, -500000), 60040);
    ck_assert_int_eq(media_clock_pace(&clock, -499960), 60080);
}
END_TEST

/* Sound 2 s behind the picture is played at its time, and the picture before
 * it; once and for all, up to the next start. */
START_TEST(a_track_that_lies_behind)
{
    struct media_clock clock;

    media_clock_start(&clock, 0, 0);
    ck_assert_int_eq(media_clock_pace(&clock, 1000), 1000);
    ck_assert_int_eq(media_clock_pace(&clock, 0), 0); /* not worth it */
    ck_assert_int_eq(media_clock_pace(&clock, 2000), 2000);
    ck_assert_int_eq(media_clock_at_ns(&clock, 2000), 2000 * MS);
    ck_assert_int_eq(media_clock_pace(&clock, 0),
                     0); /* in a block of its own */
    ck_assert_int_eq(media_clock_pace(&clock, 900), 900);
    ck_assert_int_eq(media_clock_pace(&clock, 2040), 2040);
    ck_assert_int_eq(media_clock_at_ns(&clock, 2040), 40 * MS);
    ck_assert_int_eq(media_clock_pace(&clock, 1000), 1000); /* less */
    ck_assert_int_eq(media_clock_pace(&clock, 2080), 2080);
    ck_assert_int_eq(media_clock_at_ns(&clock, 2080), 80 * MS);
    media_clock_start(&clock, 0, 0);
    ck_assert_int_eq(media_clock_at_ns(&clock, 2040), 2040 * MS);
}
END_TEST

/* Both tracks go back: nothing lies behind. */
START_TEST(a_jump_back_is_no_lag)
{
    struct media_clock clock;

    media_clock_start(&clock, 0, 0);
    ck_assert_int_eq(media_clock_pace(&clock, 8000), 8000);
    for (int64_t ms = 0; ms < 9000; ms += 500) {
        ck_assert_int_eq(media_clock_pace(&clock, ms), ms);
        ck_assert_int_eq(media_clock_at_ns(&clock, 8000), 8000 * MS);
    }
    ck_assert_int_eq(media_clock_pace(&clock, -20000), 8500); /* a large one */
    ck_assert_int_eq(media_clock_pace(&clock, -19960), 8540);
    ck_assert_int_eq(media_clock_at_ns(&clock, 8540), 8540 * MS);
}
END_TEST

/* A month of 40 ms frames with times rounded to milliseconds. */
START_TEST(errors_do_not_add_up)
{
    struct media_clock clock;

    media_clock_start(&clock, 3, 1);
    for (int64_t ms = 0; ms < INT64_C(2592000000); ms += 9999)
        ck_assert_int_eq(
            media_clock_at_ns(&clock, media_clock_pace(&clock, 3 + ms)),
            1 + ms * MS);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("media_clock");
    TCase *const tests = tcase_create("media_clock");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, pace_follows_media_time);
    tcase_add_test(tests, jumps_forward);
    tcase_add_test(tests, jumps_back);
    tcase_add_test(tests, a_track_that_lies_behind);
    tcase_add_test(tests, a_jump_back_is_no_lag);
    tcase_add_test(tests, errors_do_not_add_up);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
