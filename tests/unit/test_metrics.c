/* status/metrics: each figure under its name. Whether Prometheus takes it is
 * what tests/system/status.sh sees. */
#include "status/metrics.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sample_view.h"

static char *text;
static size_t size;

static void write_metrics(void)
{
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    metrics_write(out, &sample_view(0, 0)->totals);
    ck_assert_int_eq(fclose(out), 0);
}

/* A line of its own. */
static void expect_line(const char *line)
{
    char wanted[256];

    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    ck_assert_msg(strstr(text, wanted) != NULL, "no line '%s'", line);
}

START_TEST(figures)
{
    write_metrics();
    expect_line("flvd_start_time_seconds 1795382618");
    expect_line("flvd_draining 0");
    expect_line("flvd_viewers 47");
    expect_line("flvd_sessions{state=\"connecting\"} 21");
    expect_line("flvd_sessions{state=\"idle\"} 22");
    expect_line("flvd_sessions{state=\"playing\"} 23");
    expect_line("flvd_sessions{state=\"paused\"} 24");
    expect_line("flvd_sessions_limit 10000");
    expect_line("flvd_sessions_started_total 57");
    expect_line("flvd_sessions_ended_total{reason=\"peer_closed\"} 201");
    expect_line("flvd_sessions_ended_total{reason=\"io_error\"} 217");
    expect_line("flvd_sessions_ended_total{reason=\"no_memory\"} 0");
    expect_line("flvd_sessions_refused_total{reason=\"full\"} 300");
    expect_line("flvd_accept_failures_total 8");
    expect_line("flvd_sent_bytes_total 987654321");
    expect_line("flvd_sent_tags_total 55555");
    expect_line("flvd_late_batches_total 77");
    expect_line("flvd_movies 6");
    expect_line("flvd_index_bytes 8192");
    ck_assert_ptr_null(strstr(text, "goes_on"));
    ck_assert_int_eq(text[size - 1], '\n');
    free(text);
}
END_TEST

START_TEST(histogram)
{
    write_metrics();
    expect_line("flvd_batch_lateness_seconds_bucket{le=\"0.001\"} 1");
    expect_line("flvd_batch_lateness_seconds_bucket{le=\"0.0025\"} 3");
    expect_line("flvd_batch_lateness_seconds_bucket{le=\"0.05\"} 21");
    expect_line("flvd_batch_lateness_seconds_bucket{le=\"10\"} 91");
    expect_line("flvd_batch_lateness_seconds_bucket{le=\"+Inf\"} 105");
    expect_line("flvd_batch_lateness_seconds_sum 1.500000000");
    expect_line("flvd_batch_lateness_seconds_count 105");
    free(text);
}
END_TEST

START_TEST(each_is_explained_once)
{
    const char *line;
    size_t names = 0;

    write_metrics();
    for (line = text; line != NULL; line = strchr(line, '\n')) {
        char name[128], wanted[160];

        line += *line == '\n';
        if (sscanf(line, "# TYPE %127s", name) != 1)
            continue;
        names++;
        snprintf(wanted, sizeof(wanted), "# HELP %s ", name);
        ck_assert_msg(strstr(text, wanted) != NULL, "%s", name);
        snprintf(wanted, sizeof(wanted), "# TYPE %s ", name);
        ck_assert_msg(strstr(line + 1, wanted) == NULL, "%s", name);
    }
    ck_assert_uint_gt(names, 10);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, figures);
    tcase_add_test(tests, histogram);
    tcase_add_test(tests, each_is_explained_once);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
