/* server/tally: what is counted is in the sums, whoever counts. */
#include "config.h"

#include "server/tally.h"

#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MS CLOCK_NS_PER_MS

static struct tally tally;
static struct tally_sum sum;

START_TEST(nothing_at_first)
{
    static const struct tally_sum zero;

    tally_init(&tally);
    memset(&sum, 'X', sizeof(sum));
    tally_add_up(&tally, &sum);
    ck_assert_mem_eq(&sum, &zero, sizeof(sum));
}
END_TEST

/* Bounds belong to the bucket below them, as Prometheus has it ("le"). */
START_TEST(batches_are_counted_by_how_late_they_were)
{
    static const struct {
        int64_t late_ns;
        size_t bucket;
        bool is_late;
    } batches[] = {{-5 * MS, 0, false},      {0, 0, false},
                   {1 * MS, 0, false},       {1 * MS + 1, 1, false},
                   {50 * MS, 5, false},      {50 * MS + 1, 6, true},
                   {10000 * MS, 12, true},   {10000 * MS + 1, 13, true},
                   {INT64_MAX / 2, 13, true}};
    uint64_t late_ns = 0;

    tally_init(&tally);
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        struct tally_sum base;

        tally_add_up(&tally, &base);
        tally_batch(&tally, i, batches[i].late_ns);
        tally_add_up(&tally, &sum);
        late_ns += batches[i].late_ns > 0 ? (uint64_t)batches[i].late_ns : 0;
        ck_assert_uint_eq(sum.batches[batches[i].bucket],
                          base.batches[batches[i].bucket] + 1);
        ck_assert_uint_eq(sum.batches_count, i + 1);
        ck_assert_uint_eq(sum.late_batches - base.late_batches,
                          batches[i].is_late ? 1 : 0);
        ck_assert_uint_eq(sum.late_ns, late_ns);
    }
}
END_TEST

START_TEST(bounds_rise_and_late_is_one_of_them)
{
    bool found = false;

    for (size_t i = 0; i < TALLY_BOUNDS; i++) {
        if (i > 0)
            ck_assert_int_gt(tally_bounds_ns[i], tally_bounds_ns[i - 1]);
        found = found || tally_bounds_ns[i] == TALLY_LATE_NS;
    }
    ck_assert(found);
}
END_TEST

START_TEST(a_connection_is_in_one_state)
{
    tally_init(&tally);
    tally_enter(&tally, TALLY_CONNECTING);
    tally_enter(&tally, TALLY_CONNECTING);
    tally_change(&tally, TALLY_CONNECTING, TALLY_PLAYING);
    tally_add_up(&tally, &sum);
    ck_assert_uint_eq(sum.states[TALLY_CONNECTING], 1);
    ck_assert_uint_eq(sum.states[TALLY_PLAYING], 1);
    tally_leave(&tally, TALLY_PLAYING, SESSION_STALL_TIMEOUT);
    tally_refused(&tally, TALLY_REFUSED_DENIED);
    tally_accept_failed(&tally);
    tally_add_up(&tally, &sum);
    ck_assert_uint_eq(sum.states[TALLY_PLAYING], 0);
    ck_assert_uint_eq(sum.ended[SESSION_STALL_TIMEOUT], 1);
    ck_assert_uint_eq(sum.ended[SESSION_PEER_CLOSED], 0);
    ck_assert_uint_eq(sum.refused[TALLY_REFUSED_DENIED], 1);
    ck_assert_uint_eq(sum.refused[TALLY_REFUSED_FULL], 0);
    ck_assert_uint_eq(sum.accept_failures, 1);
}
END_TEST

/* Programs tell them apart by their keys. */
START_TEST(keys_are_words_of_their_own)
{
    const char *keys[SESSION_ENDS + TALLY_REFUSALS + TALLY_STATES];
    size_t count = 0;

    for (size_t i = 0; i < SESSION_ENDS; i++)
        keys[count++] = session_end_key((enum session_end)i);
    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        keys[count++] = tally_refusal_key((enum tally_refusal)i);
    for (size_t i = 0; i < TALLY_STATES; i++)
        keys[count++] = tally_state_key((enum tally_state)i);
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_ne(keys[i], "unknown");
        ck_assert_uint_eq(strspn(keys[i], "abcdefghijklmnopqrstuvwxyz_"),
                          strlen(keys[i]));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(keys[i], keys[j]);
    }
}
END_TEST

#define THREADS 8
#define ROUNDS 10000

static void *count(void *argument)
{
    const uint64_t id = (uint64_t)(size_t)argument;

    for (int i = 0; i < ROUNDS; i++) {
        tally_sent(&tally, id, 10, 1);
        tally_batch(&tally, id, 0);
    }
    return NULL;
}

/* Those that share a shard too, and while somebody looks: no sum ever falls. */
START_TEST(many_threads)
{
    pthread_t threads[THREADS];
    uint64_t last = 0;

    tally_init(&tally);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count,
                                        (void *)(i % 5 * TALLY_SHARDS + i)),
                         0);
    while (last < THREADS * ROUNDS) {
        tally_add_up(&tally, &sum);
        ck_assert_uint_ge(sum.tags, last);
        last = sum.tags;
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tally_add_up(&tally, &sum);
    ck_assert_uint_eq(sum.bytes, 10 * THREADS * ROUNDS);
    ck_assert_uint_eq(sum.tags, THREADS * ROUNDS);
    ck_assert_uint_eq(sum.batches_count, THREADS * ROUNDS);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("tally");
    TCase *const tests = tcase_create("tally");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, nothing_at_first);
    tcase_add_test(tests, batches_are_counted_by_how_late_they_were);
    tcase_add_test(tests, bounds_rise_and_late_is_one_of_them);
    tcase_add_test(tests, a_connection_is_in_one_state);
    tcase_add_test(tests, keys_are_words_of_their_own);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
