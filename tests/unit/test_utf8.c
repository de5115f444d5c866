/* base/utf8: what is UTF-8 and what is not. */
#include "config.h"

#include "base/utf8.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL(s) (s), sizeof(s) - 1
#define FFFD "\xEF\xBF\xBD"

static const struct {
    const char *text;
    size_t length;
    const char *repaired;
    size_t repaired_length;
} repairs[] = {
    {LITERAL(""), LITERAL("")},
    {LITERAL("plain"), LITERAL("plain")},
    {LITERAL("a\0\n\x7F"), LITERAL("a\0\n\x7F")},
    {LITERAL("\xC3\x9C \xE2\x82\xAC \xF0\x9F\x8E\xAC"),
     LITERAL("\xC3\x9C \xE2\x82\xAC \xF0\x9F\x8E\xAC")},
    {LITERAL("\xFF"), LITERAL(FFFD)},
    {LITERAL("a\x80z"), LITERAL("a" FFFD "z")},
    /* cut short, at the end and in the middle */
    {LITERAL("\xE2\x82"), LITERAL(FFFD FFFD)},
    {LITERAL("\xE2\x82z"), LITERAL(FFFD FFFD "z")},
    {LITERAL("\xF0\x9F\x8E"), LITERAL(FFFD FFFD FFFD)},
    /* overlong, a surrogate, beyond U+10FFFF: RFC 3629, 3 */
    {LITERAL("\xC0\x80"), LITERAL(FFFD FFFD)},
    {LITERAL("\xED\xA0\x80"), LITERAL(FFFD FFFD FFFD)},
    {LITERAL("\xF4\x90\x80\x80"), LITERAL(FFFD FFFD FFFD FFFD)},
};

START_TEST(what_is_none_is_replaced)
{
    for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++) {
        const size_t length = repairs[i].length;
        /* copies of their own: reading beyond them is seen by the sanitizer */
        char *const copy = malloc(length + 1);
        char *const out = malloc(UTF8_MAX_REPAIR * length + 1);

        ck_assert_ptr_nonnull(copy);
        ck_assert_ptr_nonnull(out);
        memcpy(copy + 1, repairs[i].text, length);
        ck_assert_uint_eq(utf8_repair(out, copy + 1, length),
                          repairs[i].repaired_length);
        ck_assert_mem_eq(out, repairs[i].repaired, repairs[i].repaired_length);
        free(copy);
        free(out);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("utf8");
    TCase *const tests = tcase_create("utf8");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_is_none_is_replaced);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
