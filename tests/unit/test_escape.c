/* status/escape: what peers say in what others read. */
#include "status/escape.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

typedef void escaper(FILE *out, const char *text, size_t length);

static void expect(escaper *escape, const char *text, size_t length,
                   const char *wanted)
{
    char *written = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&written, &size);

    ck_assert_ptr_nonnull(out);
    escape(out, text, length);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(written, wanted);
    free(written);
}

/* With the NULs that `text` holds. */
#define EXPECT(escape, text, wanted)                                           \
    expect(escape, text, sizeof(text) - 1, wanted)

START_TEST(html)
{
    EXPECT(escape_html, "", "");
    EXPECT(escape_html, "movie", "movie");
    EXPECT(escape_html, "<script>alert(1)</script>",
           "&lt;script&gt;alert(1)&lt;/script&gt;");
    EXPECT(escape_html, "\" onload='x' &amp;",
           "&quot; onload=&#39;x&#39; &amp;amp;");
    EXPECT(escape_html, "{{viewers}}", "{{viewers}}");
}
END_TEST

START_TEST(plain)
{
    EXPECT(escape_plain, "<a> & \"b\" \\", "<a> & \"b\" \\");
}
END_TEST

START_TEST(what_is_no_text)
{
    EXPECT(escape_html, "a\0b", "a" BAD "b");
    EXPECT(escape_html, "\x1B[31m\r\n\t\x7F", BAD "[31m" BAD BAD BAD BAD);
    EXPECT(escape_html, "\xC2\x80\xC2\x9F", BAD BAD); /* C1 controls */
    EXPECT(escape_html, "\xC2\xA0", "\xC2\xA0");      /* the next one */
    EXPECT(escape_html,
           "\xE2\x80\xAE"
           "cod",
           BAD "cod"); /* right to left */
    EXPECT(escape_html, "\xE2\x81\xA6\xE2\x81\xA9", BAD BAD);
    EXPECT(escape_html, "\xE2\x80\xA9\xE2\x80\xAF",
           "\xE2\x80\xA9\xE2\x80\xAF"); /* those around them */
    EXPECT(escape_html, "\xE2\x81\xA5\xE2\x81\xAA", "\xE2\x81\xA5\xE2\x81\xAA");
}
END_TEST

START_TEST(utf8)
{
    EXPECT(escape_html, "f\xC3\xBCr \xE6\x97\xA5 \xF0\x9F\x8E\xAC",
           "f\xC3\xBCr \xE6\x97\xA5 \xF0\x9F\x8E\xAC");
    EXPECT(escape_html, "\xFF\xC3", BAD BAD);
    EXPECT(escape_html,
           "\xC0\xBC"
           "script",
           BAD BAD "script"); /* overlong < */
    EXPECT(escape_html, "\xE0\x80\xBC", BAD BAD BAD);
    EXPECT(escape_html, "\xED\xA0\x80", BAD BAD BAD); /* a surrogate */
    EXPECT(escape_html, "\xF4\x90\x80\x80", BAD BAD BAD BAD);
    EXPECT(escape_html, "\xC3<", BAD "&lt;"); /* what follows is not eaten */
    EXPECT(escape_plain, "\xC3", BAD);
}
END_TEST

START_TEST(only_what_it_is_given)
{
    expect(escape_html, "movie<", 5, "movie");
    expect(escape_html, "m\xC3\xBC", 2, "m" BAD); /* cut in a character */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *tests = tcase_create("escape");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, html);
    tcase_add_test(tests, plain);
    tcase_add_test(tests, what_is_no_text);
    tcase_add_test(tests, utf8);
    tcase_add_test(tests, only_what_it_is_given);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
