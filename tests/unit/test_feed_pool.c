/* server/feed_pool: which comes first, how many are kept, and that a feed
 * which comes back holds nothing. */
#include "server/feed_pool.h"

#include <check.h>
#include <stdlib.h>

#include "flv_bytes.h"

static struct feed_pool pool;

START_TEST(the_newest_is_taken_first)
{
    feed_pool_init(&pool);
    struct feed *const a = feed_pool_take(&pool);
    struct feed *const b = feed_pool_take(&pool);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_ne(a, b);
    feed_pool_give(&pool, a);
    feed_pool_give(&pool, NULL);
    feed_pool_give(&pool, b);
    ck_assert_ptr_eq(feed_pool_take(&pool), b);
    ck_assert_ptr_eq(feed_pool_take(&pool), a);
    feed_pool_give(&pool, a);
    feed_pool_give(&pool, b);
    feed_pool_destroy(&pool);
}
END_TEST

START_TEST(what_is_too_much_is_freed)
{
    struct feed *feeds[FEED_POOL_KEPT + 10];

    feed_pool_init(&pool);
    for (size_t i = 0; i < FEED_POOL_KEPT + 10; i++)
        feeds[i] = feed_pool_take(&pool);
    for (size_t i = 0; i < FEED_POOL_KEPT + 10; i++)
        feed_pool_give(&pool, feeds[i]);
    ck_assert_uint_eq(pool.count, FEED_POOL_KEPT);
    feed_pool_destroy(&pool);
}
END_TEST

START_TEST(what_was_in_it_is_dropped)
{
    const struct movie_options movie_options = {.on_fault = NULL};
    struct movie_error error;
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_keyframe(&file, 0, 100);
    struct movie *const movie =
        movie_open(flv_bytes_open(&file), &movie_options, &error);
    ck_assert_ptr_nonnull(movie);
    feed_pool_init(&pool);
    struct feed *const feed = feed_pool_take(&pool);

    feed->movie = movie_ref(movie);
    gather_add_memory(&feed->gather, "abc", 3);
    feed->is_blank = true;
    feed_pool_give(&pool, feed);
    ck_assert_ptr_null(feed->movie); /* who waits keeps no file open */
    ck_assert_ptr_eq(feed_pool_take(&pool), feed);
    ck_assert_uint_eq(feed->gather.bytes, 0);
    ck_assert(!feed->is_blank);
    feed_pool_give(&pool, feed);
    feed_pool_destroy(&pool);
    movie_unref(movie);
    flv_bytes_free(&file);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("feed_pool");
    TCase *const tests = tcase_create("feed_pool");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_newest_is_taken_first);
    tcase_add_test(tests, what_is_too_much_is_freed);
    tcase_add_test(tests, what_was_in_it_is_dropped);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
