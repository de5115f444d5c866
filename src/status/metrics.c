/* Prometheus, "Exposition formats", version 0.0.4; names as in its "Metric and
 * label naming": base units, and _total behind what only rises. */
#include "config.h"

#include "status/metrics.h"

#include <inttypes.h>

#include "status/history.h"

static double seconds(int64_t time_ns)
{
    return (double)time_ns / (double)CLOCK_NS_PER_S;
}

static void begin(FILE *out, const char *name, const char *type,
                  const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    begin(out, name, type, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_build(FILE *out, const struct report_totals *totals)
{
    struct report_feature features[REPORT_FEATURES];

    report_features(features);
    begin(out, "flvd_build_info", "gauge",
          "Always 1; the labels say which flvd this is, and what it was built "
          "with.");
    fprintf(out, "flvd_build_info{version=\"%s\"", report_version);
    for (size_t i = 0; i < REPORT_FEATURES; i++)
        fprintf(out, ",%s=\"%d\"", features[i].name, features[i].is_built_in);
    fputs("} 1\n", out);
    begin(out, "flvd_start_time_seconds", "gauge",
          "When it was started, in Unix time.");
    fprintf(out, "flvd_start_time_seconds %" PRId64 "\n",
            totals->started_unix_s);
    one(out, "flvd_draining", "gauge",
        "1 when it is stopping, and lets nobody in any more.",
        totals->is_draining);
}

static void write_connections(FILE *out, const struct report_totals *totals)
{
    const struct tally_sum *sum = &totals->sum;

    one(out, "flvd_viewers", "gauge",
        "Connections that have something playing or paused.",
        history_viewers(sum));
    begin(out, "flvd_sessions", "gauge", "Connections, by what they do.");
    for (size_t i = 0; i < TALLY_STATES; i++)
        fprintf(out, "flvd_sessions{state=\"%s\"} %" PRIu32 "\n",
                tally_state_key((enum tally_state)i), sum->states[i]);
    one(out, "flvd_sessions_limit", "gauge",
        "How many connections there may be (--max-clients).",
        totals->max_clients);
    one(out, "flvd_sessions_started_total", "counter",
        "Connections that were let in.", totals->sessions);
    begin(out, "flvd_sessions_ended_total", "counter",
          "Connections that have ended, by reason.");
    for (size_t i = 0; i < SESSION_ENDS; i++)
        if (i != SESSION_GOES_ON)
            fprintf(out,
                    "flvd_sessions_ended_total{reason=\"%s\"} %" PRIu64 "\n",
                    session_end_key((enum session_end)i), sum->ended[i]);
    begin(out, "flvd_sessions_refused_total", "counter",
          "Connections that were not let in, by reason.");
    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        fprintf(out, "flvd_sessions_refused_total{reason=\"%s\"} %" PRIu64 "\n",
                tally_refusal_key((enum tally_refusal)i), sum->refused[i]);
    one(out, "flvd_accept_failures_total", "counter",
        "Failed attempts to accept a connection.", sum->accept_failures);
}

static void write_lateness(FILE *out, const struct tally_sum *sum)
{
    uint64_t below = 0;

    begin(out, "flvd_batch_lateness_seconds", "histogram",
          "How much later than due what is sent at one go was handed to the "
          "kernel.");
    for (size_t i = 0; i < TALLY_BOUNDS; i++) {
        below += sum->batches[i];
        fprintf(out,
                "flvd_batch_lateness_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                seconds(tally_bounds_ns[i]), below);
    }
    below += sum->batches[TALLY_BOUNDS];
    fprintf(out,
            "flvd_batch_lateness_seconds_bucket{le=\"+Inf\"} %" PRIu64
            "\nflvd_batch_lateness_seconds_sum %.9f\n"
            "flvd_batch_lateness_seconds_count %" PRIu64 "\n",
            below, seconds((int64_t)sum->late_ns), below);
    one(out, "flvd_late_batches_total", "counter",
        "Those of them that were more than 50 ms late.", sum->late_batches);
}

void metrics_write(FILE *out, const struct report_totals *totals)
{
    const struct tally_sum *sum = &totals->sum;

    write_build(out, totals);
    write_connections(out, totals);
    one(out, "flvd_sent_bytes_total", "counter",
        "Media that was sent, without what carries it.", sum->bytes);
    one(out, "flvd_sent_tags_total", "counter",
        "Audio and video frames that were sent, and what goes with them.",
        sum->tags);
    write_lateness(out, sum);
    one(out, "flvd_movies", "gauge", "Files that are open.", totals->movies);
    one(out, "flvd_index_bytes", "gauge",
        "Memory of what is known of their tags.", totals->index_bytes);
}
