/* So many lines in so long, and no more. */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/line_budget.h"

static struct line_budget budget;

static void expect(int64_t now_ns, enum line_budget_answer answer)
{
    ck_assert_int_eq(line_budget_take(&budget, now_ns), answer);
}

START_TEST(the_last_one_says_so)
{
    line_budget_init(&budget, 3, 100);
    expect(1000, LINE_BUDGET_TELL);
    expect(1001, LINE_BUDGET_TELL);
    expect(1002, LINE_BUDGET_LAST);
    for (int i = 0; i < 1000; i++)
        expect(1099, LINE_BUDGET_DROP);
}
END_TEST

START_TEST(the_next_window_begins_anew)
{
    line_budget_init(&budget, 2, 100);
    expect(1000, LINE_BUDGET_TELL);
    expect(1000, LINE_BUDGET_LAST);
    expect(1099, LINE_BUDGET_DROP);
    expect(1100, LINE_BUDGET_TELL);
    expect(1199, LINE_BUDGET_LAST);
    expect(1199, LINE_BUDGET_DROP);
    expect(5000, LINE_BUDGET_TELL);
}
END_TEST

START_TEST(one_line)
{
    line_budget_init(&budget, 1, 100);
    expect(1000, LINE_BUDGET_LAST);
    expect(1000, LINE_BUDGET_DROP);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("line_budget");
    TCase *tests = tcase_create("line_budget");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, the_last_one_says_so);
    tcase_add_test(tests, the_next_window_begins_anew);
    tcase_add_test(tests, one_line);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
