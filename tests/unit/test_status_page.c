/* status/page: what people read, without scripts, and nothing that a peer could
 * slip in. What a browser makes of it is what tests/system/status_page.sh sees.
 */
#include "status/page.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sample_view.h"

static char *make(const struct view *view)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    page_write(out, view);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static size_t count(const char *text, const char *wanted)
{
    size_t found = 0;

    for (; (text = strstr(text, wanted)) != NULL; text++)
        found++;
    return found;
}

static void expect(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "no '%s' in\n%s", wanted, text);
}

static void expect_none(const char *text, const char *unwanted)
{
    ck_assert_msg(strstr(text, unwanted) == NULL, "'%s' in\n%s", unwanted,
                  text);
}

START_TEST(figures)
{
    char *page = make(sample_view(0, 0));

    expect(page, "<title>flvd: 47 viewers</title>");
    expect(page, ">serving<");
    expect(page, "2 h 3 min");
    expect(page, "<dd class=\"value\">47</dd>");
    expect(page, "24 paused; 41 connections of 10000");
    expect(page, "48.2 Mbit/s");
    expect(page, "988 MB since the start");
    expect(page, "4.2 ms");
    expect(page, "77 of 105 batches later than 50 ms");
    expect(page, "1206 refused");
    expect(page, "<code>rtmp://localhost:1935/vod/</code>");
    expect(page, "<code>/srv/films</code>");
    expect(page, "6 files open");
    expect(page, "Nobody is connected.");
    expect(page, "<td class=\"number\">201</td>");
    expect_none(page, "out of memory"); /* none ended so */
    free(page);
}
END_TEST

START_TEST(all_places_are_filled)
{
    struct view *view = sample_view(3, 3);
    char *page;

    view->takes_token = true;
    page = make(view);
    expect_none(page, "{{");
    expect_none(page, "}}");
    expect(page, "</html>");
    expect(page, "flvd --sign");
    free(page);
}
END_TEST

START_TEST(a_new_server)
{
    struct view *view = sample_view(0, 0);
    char *page;

    view->totals = (struct report_totals){0};
    view->sample_count = 0;
    view->takes_name = false;
    page = make(view);
    expect(page, "nothing due");
    expect(page, "0 bit/s");
    expect(page, "None has ended yet.");
    expect_none(page, "A name goes behind it");
    free(page);
}
END_TEST

START_TEST(stopping)
{
    struct view *view = sample_view(0, 0);
    char *page;

    view->totals.is_draining = true;
    page = make(view);
    expect(page, "class=\"state stopping\"");
    free(page);
}
END_TEST

START_TEST(a_viewer)
{
    struct view *view = sample_view(3, 3);
    char *page;

    sample_view_rows()[0].state = TALLY_IDLE;
    sample_view_rows()[1].ahead_ms = -1250;
    sample_view_rows()[1].skips = 1;
    page = make(view);
    expect(page, "3 connections</h2>");
    ck_assert_uint_eq(count(page, "<th scope=\"row\" data-label="), 3);
    expect(page, ">192.0.2.7:50001</td>");
    expect(page, ">192.0.2.7:50002 (TLS)</td>");
    expect(page, ">vod/movie</td>");
    expect(page, ">idle</td>");
    ck_assert_uint_eq(count(page, "1:02:05, round 4"), 2); /* not the idle */
    expect(page, "1.2 s late, moved on 1 time<");
    expect(page, ">2.5 s</td>");
    expect(page, ">12.3 MB</td>");
    expect(page, ">2 min 5 s</td>");
    expect_none(page, "more</p>");
    free(page);
}
END_TEST

START_TEST(units_are_rounded_up)
{
    static const struct {
        uint64_t bytes;
        const char *shown;
    } cases[] = {{999, ">999 B</td>"},        {1000, ">1.0 kB</td>"},
                 {999499, ">999 kB</td>"},    {999500, ">1.0 MB</td>"},
                 {999999999, ">1.0 GB</td>"}, {0, ">0 B</td>"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct view *view = sample_view(1, 1);
        char *page;

        sample_view_rows()[0].bytes = cases[i].bytes;
        page = make(view);
        expect(page, cases[i].shown);
        free(page);
    }
}
END_TEST

START_TEST(many)
{
    char *page = make(sample_view(SAMPLE_VIEW_ROWS, 10000));

    expect(page, "10000 connections</h2>");
    ck_assert_uint_eq(count(page, "<th scope=\"row\" data-label="),
                      PAGE_MAX_ROWS);
    expect(page, "and 9800 more");
    free(page);
}
END_TEST

START_TEST(what_peers_say_is_text)
{
    static const char attack[] = "<script>alert(1)</script>\"'><img "
                                 "onerror=alert(2) src=x>{{viewers}}\0\xFF&";
    struct view *view = sample_view(1, 1);
    char *page;

    sample_view_set_text(&sample_view_rows()[0].app, attack,
                         sizeof(attack) - 1);
    sample_view_set_text(&sample_view_rows()[0].name, attack,
                         sizeof(attack) - 1);
    page = make(view);
    ck_assert_uint_eq(count(page, "<script"), 1); /* the page's own */
    expect_none(page, "<img");
    ck_assert_uint_eq(
        count(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;"
                    "img onerror=alert(2) src=x&gt;{{viewers}}"
                    "\xEF\xBF\xBD\xEF\xBF\xBD&amp;"),
        2);
    expect(page, "<code>&lt;b&gt;&amp;&quot;movie</code>");
    free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status_page");
    TCase *tests = tcase_create("status_page");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, figures);
    tcase_add_test(tests, all_places_are_filled);
    tcase_add_test(tests, a_new_server);
    tcase_add_test(tests, stopping);
    tcase_add_test(tests, a_viewer);
    tcase_add_test(tests, units_are_rounded_up);
    tcase_add_test(tests, many);
    tcase_add_test(tests, what_peers_say_is_text);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
