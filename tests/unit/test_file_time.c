/* flv/file_time: times over wraps, and those that are none. */
#include "config.h"

#include "flv/file_time.h"

#include <check.h>
#include <stdlib.h>

#define WRAP_24 (INT64_C(1) << 24)
#define WRAP_31 (INT64_C(1) << 31)
#define WRAP_32 (INT64_C(1) << 32)

/* Timestamps, and the times that they must be: up to the first that is both
 * 0, but for the first of all. */
struct step {
    uint32_t timestamp_ms;
    int64_t ms;
};

static void check(const struct step *steps, size_t count)
{
    struct file_time time = {0};

    for (size_t i = 0; i < count; i++) {
        const int64_t ms = file_time_next(&time, steps[i].timestamp_ms);

        ck_assert_msg(ms == steps[i].ms, "step %zu: %u is %lld, not %lld", i,
                      steps[i].timestamp_ms, (long long)ms,
                      (long long)steps[i].ms);
    }
}
#define CHECK(...)                                                             \
    check((const struct step[]){__VA_ARGS__},                                  \
          sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

START_TEST(times_are_timestamps)
{
    CHECK({0, 0}, {40, 40}, {20, 20}, {3600000, 3600000}, {0, 0}, {40, 40});
    CHECK({7200000, 7200000}, {7200040, 7200040}, {0, 0});
    CHECK({0xFFFFFF, 0xFFFFFF}, {0x1000000, 0x1000000}, {0x1000028, 0x1000028});
    CHECK({0x7FFFFFFF, 0x7FFFFFFF}, {0x80000010, 0x80000010});
}
END_TEST

START_TEST(the_wrap_at_2_32)
{
    CHECK({0xFFFEFFF0, 0xFFFEFFF0}, {0xFFFFFFF0, 0xFFFFFFF0},
          {0x10, WRAP_32 + 0x10}, {0xFFFFFFFA, WRAP_32 - 6},
          {0x20, WRAP_32 + 0x20});
}
END_TEST

START_TEST(negative_beginnings)
{
    CHECK({0xFFFFFFDF, -33}, {7, 7}, {0xFFFFFFFF, -1});
    CHECK({0xFFFF0000, -65536}, {0, 0});
    /* the writer kept 7 bits of the extension byte */
    CHECK({0x7FFFFFDF, WRAP_31 - 33}, {7, WRAP_31 + 7}, {47, WRAP_31 + 47});
}
END_TEST

/* Each time round, the sound behind the picture, and a gap of a minute. */
START_TEST(extension_byte_never_set)
{
    CHECK({0xFFFFF0, 0xFFFFF0}, {0x10, WRAP_24 + 0x10}, {0xFFFFFA, WRAP_24 - 6},
          {0x20, WRAP_24 + 0x20}, {60032, WRAP_24 + 60032},
          {0xFFFF00, 2 * WRAP_24 - 0x100}, {0x30, 2 * WRAP_24 + 0x30});
    CHECK({0xFFFFFF - 9990, WRAP_24 - 9991}, {0, WRAP_24});
}
END_TEST

START_TEST(seven_bits_of_the_extension_byte)
{
    CHECK({0x7FFFFFF0, WRAP_31 - 0x10}, {0x10, WRAP_31 + 0x10},
          {0x7FFFFFFA, WRAP_31 - 6}, {0x20, WRAP_31 + 0x20});
}
END_TEST

START_TEST(what_is_no_wrap)
{
    /* a recording that began anew, too early or too late for a wrap */
    CHECK({0xFFFFFF - 10001, WRAP_24 - 10002}, {0, 0});
    CHECK({0xFFFFF0, WRAP_24 - 0x10}, {10001, 10001});
    CHECK({3600000, 3600000}, {0, 0});
    /* or with the extension byte set */
    CHECK({0x1000000, WRAP_24}, {0, 0});
    CHECK({0x1FFFFF0, 2 * WRAP_24 - 0x10}, {0x10, 0x10});
    CHECK({0x1FFFFF0, 2 * WRAP_24 - 0x10}, {0x1000010, WRAP_24 + 0x10});
    /* a beginning 4.6 hours late, or 24 days, behind a header at 0 */
    CHECK({0, 0}, {0xFFFFF0, WRAP_24 - 0x10}, {0x10, WRAP_24 + 0x10});
    CHECK({5, 5}, {0x7FFFFFFF, WRAP_31 - 1});
    /* a jump forward of just about that */
    CHECK({0, 0}, {0x1000010, WRAP_24 + 0x10});
}
END_TEST

/* The header at 0 behind which the times go on. */
START_TEST(a_lone_0_shortly_before_a_wrap)
{
    CHECK({0xFFFF00, WRAP_24 - 0x100}, {0, WRAP_24}, {0xFFFF20, WRAP_24 - 0xE0},
          {0xFFFF40, WRAP_24 - 0xC0});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file_time");
    TCase *tcase = tcase_create("file_time");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, times_are_timestamps);
    tcase_add_test(tcase, the_wrap_at_2_32);
    tcase_add_test(tcase, negative_beginnings);
    tcase_add_test(tcase, extension_byte_never_set);
    tcase_add_test(tcase, seven_bits_of_the_extension_byte);
    tcase_add_test(tcase, what_is_no_wrap);
    tcase_add_test(tcase, a_lone_0_shortly_before_a_wrap);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
