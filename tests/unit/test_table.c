/* server/table: the lines of SIGUSR1. */
#include "config.h"

#include "server/table.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MS CLOCK_NS_PER_MS

static void set_text(struct profile_text *text, const char *bytes,
                     size_t length)
{
    text->length = (uint16_t)length;
    memcpy(text->bytes, bytes, length);
}

static struct profile_row make_row(uint64_t id, const char *address)
{
    struct profile_row row = {.id = id,
                              .state = TALLY_PLAYING,
                              .age_ns = 3723 * CLOCK_NS_PER_S,
                              .bytes = 12345678,
                              .position_ms = 83999,
                              .round = 1,
                              .ahead_ms = 2949};

    strcpy(row.address, address);
    set_text(&row.app, "vod", 3);
    set_text(&row.name, "movie", 5);
    return row;
}

START_TEST(columns_are_aligned)
{
    struct profile_row rows[4] = {
        make_row(7, "192.0.2.1:50000"), make_row(12345, "[2001:db8::1]:65535"),
        make_row(8, "192.0.2.1:1"), make_row(9, "192.0.2.1:2")};
    static const char *const lines[] = {
        "#      address             over  state            for       sent     "
        "   at  round    ahead  app, name",
        "#7     192.0.2.1:50000     rtmp  playing      1:02:03    12.3 MB   "
        "0:01:23      2   +2.9 s  \"vod\", \"movie\"",
        "#12345 [2001:db8::1]:65535 rtmps paused       1:02:03    12.3 MB   "
        "0:01:23      2   +2.9 s  \"vod\", \"movie\"",
        "#8     192.0.2.1:1         rtmp  connecting   0:00:00        0 B    "
        "     -      -        -  \"\", \"\"",
        "#9     192.0.2.1:2         rtmp  playing    100:00:00   999.9 kB   "
        "0:01:23      2  -12.0 s  \"v\\x0a\\xff\", \"movie\"",
    };
    struct table_widths widths;
    char line[TABLE_LINE_BYTES];

    rows[1].is_tls = true;
    rows[1].state = TALLY_PAUSED;
    rows[2].state = TALLY_CONNECTING;
    rows[2].age_ns = 999 * MS;
    rows[2].bytes = 0;
    rows[2].app.length = rows[2].name.length = 0;
    rows[3].age_ns = 360000 * CLOCK_NS_PER_S;
    rows[3].bytes = 999949;
    rows[3].ahead_ms = -12000;
    set_text(&rows[3].app, "v\n\xff", 3);
    widths = table_measure(rows, 4);
    table_head(widths, line);
    ck_assert_str_eq(line, lines[0]);
    for (size_t i = 0; i < 4; i++) {
        table_row(widths, &rows[i], line);
        ck_assert_str_eq(line, lines[i + 1]);
    }
    widths = table_measure(rows, 0);
    table_head(widths, line);
    ck_assert_ptr_nonnull(strstr(line, "address"));
}
END_TEST

/* Nothing that a peer says makes a line longer than there is room for. */
START_TEST(the_longest_line)
{
    struct profile_row row = make_row(UINT64_MAX, "");
    char line[TABLE_LINE_BYTES + 1];

    memset(row.address, 'a', sizeof(row.address) - 1);
    row.address[sizeof(row.address) - 1] = '\0';
    memset(row.app.bytes, 0xFF, sizeof(row.app.bytes));
    memset(row.name.bytes, 0xFF, sizeof(row.name.bytes));
    row.app.length = row.name.length = PROFILE_TEXT_BYTES;
    row.age_ns = INT64_MAX;
    row.bytes = UINT64_MAX;
    row.position_ms = INT64_MAX;
    row.round = INT64_MAX;
    row.ahead_ms = INT64_MIN;
    line[TABLE_LINE_BYTES] = '!';
    table_row(table_measure(&row, 1), &row, line);
    ck_assert_int_eq(line[TABLE_LINE_BYTES], '!');
    ck_assert_uint_lt(strlen(line), TABLE_LINE_BYTES - 1);
    ck_assert_int_eq(line[strlen(line) - 1], '"'); /* it was not cut */
}
END_TEST

START_TEST(totals_are_one_line)
{
    struct report_totals totals = {.uptime_ns = 3723 * CLOCK_NS_PER_S,
                                   .sessions = 12,
                                   .connections = 10,
                                   .max_clients = 1000};
    char line[TABLE_LINE_BYTES];

    totals.sum.states[TALLY_PLAYING] = 1;
    totals.sum.states[TALLY_PAUSED] = 2;
    totals.sum.states[TALLY_IDLE] = 3;
    totals.sum.states[TALLY_CONNECTING] = 4;
    totals.sum.bytes = 3210000000;
    totals.sum.tags = 77;
    totals.sum.batches_count = 66;
    totals.sum.late_batches = 5;
    table_totals(&totals, line);
    ck_assert_str_eq(line,
                     "10 of 1000 connections: 1 playing, 2 paused, 3 idle, 4 "
                     "connecting; up 1:02:03, 12 sessions, 3.2 GB and 77 tags "
                     "sent, 5 of 66 batches late");
    totals.is_draining = true;
    table_totals(&totals, line);
    ck_assert_ptr_nonnull(strstr(line, "late; nobody is let in any more"));
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("table");
    TCase *const tests = tcase_create("table");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, columns_are_aligned);
    tcase_add_test(tests, the_longest_line);
    tcase_add_test(tests, totals_are_one_line);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
