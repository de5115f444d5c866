/* status/history: rates and quantiles between two looks, and the ring. */
#include "status/history.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static struct history history;
static struct history_sample samples[HISTORY_SAMPLES];

static void begin(void)
{
    history_init(&history);
}

static void add(const struct tally_sum *sum, int64_t now_s)
{
    history_add(&history, sum, now_s * CLOCK_NS_PER_S, now_s * 1000);
}

static struct history_sample last(void)
{
    size_t count = history_copy(&history, samples);

    ck_assert_uint_gt(count, 0);
    return samples[count - 1];
}

static void expect_near(double value, double wanted)
{
    ck_assert_msg(fabs(value - wanted) < 1e-9, "%g, not %g", value, wanted);
}

START_TEST(the_first_look_is_no_sample)
{
    struct tally_sum sum = {.bytes = 1000000};

    begin();
    ck_assert_uint_eq(history_copy(&history, samples), 0);
    add(&sum, 100);
    ck_assert_uint_eq(history_copy(&history, samples), 0);
    sum.bytes += 500;
    sum.states[TALLY_PLAYING] = 3;
    sum.states[TALLY_PAUSED] = 2;
    sum.states[TALLY_IDLE] = 7;
    add(&sum, 102);
    ck_assert_uint_eq(history_copy(&history, samples), 1);
    ck_assert_int_eq(samples[0].unix_ms, 102000);
    ck_assert_uint_eq(samples[0].viewers, 5);
    expect_near(samples[0].bits_per_s, 2000);
    ck_assert(!samples[0].has_lateness);
}
END_TEST

START_TEST(no_time_is_no_sample)
{
    struct tally_sum sum = {0};

    begin();
    add(&sum, 100);
    add(&sum, 100);
    ck_assert_uint_eq(history_copy(&history, samples), 0);
}
END_TEST

START_TEST(quantiles)
{
    struct tally_sum sum = {0};

    begin();
    sum.batches[TALLY_BOUNDS] = 1000; /* before: does not count */
    add(&sum, 0);
    sum.batches[0] += 100; /* up to 1 ms */
    add(&sum, 2);
    ck_assert(last().has_lateness);
    expect_near(last().lateness_p99_s, 0.00099);
    sum.batches[0] += 98;
    sum.batches[6] += 2; /* from 50 to 100 ms */
    add(&sum, 4);
    expect_near(last().lateness_p99_s, 0.075);
    sum.batches[0] += 99; /* exactly at a bound */
    sum.batches[6] += 1;
    add(&sum, 6);
    expect_near(last().lateness_p99_s, 0.001);
    sum.batches[TALLY_BOUNDS] += 1; /* above all bounds */
    add(&sum, 8);
    expect_near(last().lateness_p99_s, 10);
    add(&sum, 10);
    ck_assert(!last().has_lateness);
}
END_TEST

START_TEST(the_last_ones_are_kept)
{
    struct tally_sum sum = {0};

    begin();
    for (int64_t i = 0; i <= HISTORY_SAMPLES + 10; i++)
        add(&sum, i);
    ck_assert_uint_eq(history_copy(&history, samples), HISTORY_SAMPLES);
    for (int64_t i = 0; i < HISTORY_SAMPLES; i++)
        ck_assert_int_eq(samples[i].unix_ms, (11 + i) * 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("history");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, the_first_look_is_no_sample);
    tcase_add_test(tests, no_time_is_no_sample);
    tcase_add_test(tests, quantiles);
    tcase_add_test(tests, the_last_ones_are_kept);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
