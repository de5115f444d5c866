/* base/log: the escaping of what peers say, and the form of a line. */
#include "config.h"

#include "base/log.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/line_queue.h"

#define LITERAL(s) (s), sizeof(s) - 1
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG190 FIFTY FIFTY FIFTY TEN TEN TEN TEN

static const struct {
    const char *text;
    size_t length;
    const char *escaped;
} escapes[] = {
    {LITERAL(""), ""},
    {LITERAL("plain text ~ !"), "plain text ~ !"},
    {LITERAL("a\"b"), "a\\x22b"},
    {LITERAL("a\\b"), "a\\x5cb"},
    {LITERAL("\n\r\t\033[0m"), "\\x0a\\x0d\\x09\\x1b[0m"},
    {LITERAL("nul\0nul"), "nul\\x00nul"},
    {LITERAL("\x1F \x7E\x7F\x80\xFF"), "\\x1f ~\\x7f\\x80\\xff"},
    {LITERAL("caf\xC3\xA9"), "caf\\xc3\\xa9"},
    /* a format is no format */
    {LITERAL("%s%n"), "%s%n"},
    /* tokens */
    {LITERAL("token=secret"), "token=***"},
    {LITERAL("movie?token=k.secret&expires=1"), "movie?token=***&expires=1"},
    {LITERAL("a?token=&b"), "a?token=***&b"},
    {LITERAL("token=one&token=two"), "token=***&token=***"},
    {LITERAL("token=a b"), "token=*** b"},
    {LITERAL("token=a\0b"), "token=***\\x00b"},
    {LITERAL("token=\"\n\xFFx&y"), "token=***&y"},
    {LITERAL("a?TOKEN=secret&b"), "a?token=***&b"},
    {LITERAL("a%3FToken%3dsecret%26b&c"), "a%3Ftoken=***&c"},
    {LITERAL("token%3D"), "token=***"},
    {LITERAL("token%3"), "token%3"},
    {LITERAL("token"), "token"},
    {LITERAL("token:x"), "token:x"},
    /* room is for 196 bytes and "..." */
    {LITERAL(LONG190 "123456"), LONG190 "123456"},
    {LITERAL(LONG190 "1234567"), LONG190 "123456..."},
    {LITERAL(LONG190 "123\n"), LONG190 "123..."},
    {LITERAL(LONG190 "12\n"), LONG190 "12\\x0a"},
    {LITERAL(LONG190 "12\nx"), LONG190 "12\\x0a..."},
    /* a token that does not fit is not shown in part */
    {LITERAL(LONG190 "token=secret"), LONG190 "..."},
    {LITERAL(FIFTY FIFTY FIFTY TEN TEN TEN "1234567token=secret"),
     FIFTY FIFTY FIFTY TEN TEN TEN "1234567token=***"},
    {LITERAL(FIFTY FIFTY FIFTY TEN TEN TEN "12345678token=secret"),
     FIFTY FIFTY FIFTY TEN TEN TEN "12345678..."},
};

START_TEST(escaping)
{
    char out[LOG_ESCAPED_BYTES];

    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        /* a copy of its own: reading beyond it is seen by the sanitizer */
        char *copy = malloc(escapes[i].length + 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy + 1, escapes[i].text, escapes[i].length);
        memset(out, 'X', sizeof(out));
        ck_assert_ptr_eq(log_escape(out, copy + 1, escapes[i].length), out);
        ck_assert_str_eq(out, escapes[i].escaped);
        free(copy);
    }
}
END_TEST

/* What was masked before shows the same, however little more than that there
 * was room for. */
START_TEST(masking)
{
    char out[LOG_ESCAPED_BYTES], masked[LOG_MASKED_BYTES];

    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        const size_t length = log_mask(masked, sizeof(masked), escapes[i].text,
                                       escapes[i].length);

        ck_assert_uint_le(length, sizeof(masked));
        ck_assert_ptr_null(memmem(masked, length, "secret", 6));
        log_escape(out, masked, length);
        ck_assert_str_eq(out, escapes[i].escaped);
    }
    ck_assert_uint_eq(log_mask(masked, 4, LITERAL("abcdef")), 4);
    ck_assert_uint_eq(log_mask(masked, 9, LITERAL("atoken=secret")), 9);
    ck_assert_mem_eq(masked, "atoken=**", 9);
    ck_assert_uint_eq(log_mask(masked, 9, LITERAL("")), 0);
}
END_TEST

START_TEST(every_byte_is_printable)
{
    char out[LOG_ESCAPED_BYTES];

    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;

        log_escape(out, &byte, 1);
        ck_assert_uint_eq(strlen(out),
                          c < 32 || c >= 127 || c == '"' || c == '\\' ? 4 : 1);
        for (const char *p = out; *p != '\0'; p++)
            ck_assert(*p >= 32 && *p < 127);
    }
}
END_TEST

/* What is in the log, once it was stopped. */
static char *read_log(int fd)
{
    static char text[1 << 20];
    const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    close(fd);
    return text;
}

static int new_log(enum log_level level)
{
    const int fd = memfd_create("log", 0);

    ck_assert_int_ge(fd, 0);
    ck_assert(log_start(fd, level));
    return fd;
}

START_TEST(the_form_of_a_line)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    const int fd = new_log(LOG_LEVEL_DEBUG);

    log_error("e %d", 1);
    log_warn("w %s", "2");
    log_info("i");
    log_debug("d");
    log_stop();
    char *line = strtok(read_log(fd), "\n");
    for (int i = 0; i < 4; i++) {
        int year, month, day, hour, minute, second, ms, end = 0;
        char level[16], text[16];

        ck_assert_ptr_nonnull(line);
        ck_assert_int_eq(sscanf(line,
                                "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ flvd %15[a-z]: "
                                "%15[^\n]%n",
                                &year, &month, &day, &hour, &minute, &second,
                                &ms, level, text, &end),
                         9);
        ck_assert_int_ge(year, 2024);
        ck_assert_str_eq(level, levels[i]);
        ck_assert_int_eq(text[0], "ewid"[i]);
        ck_assert_uint_eq((size_t)end, strlen(line));
        line = strtok(NULL, "\n");
    }
    ck_assert_ptr_null(line);
}
END_TEST

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

START_TEST(levels_leave_lines_out)
{
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        const int fd = new_log((enum log_level)level);

        log_error("x");
        log_warn("x");
        log_info("x");
        log_debug("x");
        log_answer("x");
        for (int other = LOG_LEVEL_ANSWER; other <= LOG_LEVEL_DEBUG; other++)
            ck_assert_int_eq(log_wants((enum log_level)other), other <= level);
        log_stop();
        ck_assert_uint_eq(count_lines(read_log(fd)), (unsigned)level + 1);
    }
}
END_TEST

START_TEST(nothing_is_lost_and_order_is_kept)
{
    const int fd = new_log(LOG_LEVEL_INFO);

    for (int i = 0; i < 500; i++)
        log_info("number %d", i);
    log_stop();
    char *line = strtok(read_log(fd), "\n");
    for (int i = 0; i < 500; i++) {
        char expected[32];

        snprintf(expected, sizeof(expected), "info: number %d", i);
        ck_assert_ptr_nonnull(line);
        ck_assert_ptr_nonnull(strstr(line, expected));
        line = strtok(NULL, "\n");
    }
    ck_assert_ptr_null(line);
}
END_TEST

START_TEST(a_long_line_is_cut_and_ends)
{
    const int fd = new_log(LOG_LEVEL_INFO);
    char text[3000];

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_info("%s", text);
    log_info("next");
    log_stop();
    const char *log = read_log(fd);
    ck_assert_uint_eq(count_lines(log), 2);
    const size_t length = (size_t)(strchr(log, '\n') - log) + 1;
    ck_assert_uint_le(length, LOG_LINE_BYTES);
    ck_assert_uint_ge(length, LOG_LINE_BYTES - 1);
    ck_assert_ptr_nonnull(strstr(log + length, "next\n"));
}
END_TEST

START_TEST(errno_is_kept_and_can_be_logged)
{
    const int fd = new_log(LOG_LEVEL_INFO);

    errno = ENOTTY;
    log_info("%m");
    ck_assert_int_eq(errno, ENOTTY);
    log_debug("left out");
    ck_assert_int_eq(errno, ENOTTY);
    log_stop();
    errno = ENOTTY;
    log_info("after the end");
    ck_assert_int_eq(errno, ENOTTY);
    const char *log = read_log(fd);
    ck_assert_uint_eq(count_lines(log), 1);
    ck_assert_ptr_nonnull(strstr(log, strerror(ENOTTY)));
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("log");
    TCase *const tests = tcase_create("log");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, escaping);
    tcase_add_test(tests, masking);
    tcase_add_test(tests, every_byte_is_printable);
    tcase_add_test(tests, the_form_of_a_line);
    tcase_add_test(tests, levels_leave_lines_out);
    tcase_add_test(tests, nothing_is_lost_and_order_is_kept);
    tcase_add_test(tests, a_long_line_is_cut_and_ends);
    tcase_add_test(tests, errno_is_kept_and_can_be_logged);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
