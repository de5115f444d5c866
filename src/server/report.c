/* From a running server to a report. */
#include "config.h"

#include "server/report.h"

#include "base/clock.h"
#include "base/log_json.h"
#include "base/service_manager.h"
#include "net/tls_context.h"

const char *const report_version = PACKAGE_VERSION;

void report_features(struct report_feature features[REPORT_FEATURES])
{
    features[0] = (struct report_feature){"openssl", tls_is_available()};
    features[1] =
        (struct report_feature){"systemd", service_manager_is_available()};
    features[2] = (struct report_feature){"jansson", log_json_is_available()};
#ifdef WITH_SECCOMP
    features[3] = (struct report_feature){"seccomp", true};
#else
    features[3] = (struct report_feature){"seccomp", false};
#endif
}

void report_totals(const struct session_context *context,
                   struct report_totals *totals)
{
    const struct shelf_size size = library_measure(context->library);

    totals->uptime_ns = clock_now_ns() - context->started_ns;
    totals->started_unix_s = context->started_unix_s;
    totals->is_draining = atomic_load(&context->closing);
    totals->sessions = atomic_load(&context->sessions);
    totals->connections = roster_count(context->roster);
    totals->max_clients = context->options->max_clients;
    totals->movies = size.movies;
    totals->index_bytes = size.index_bytes;
    tally_add_up(context->tally, &totals->sum);
}

struct row_taker {
    struct profile_row *rows;
    size_t most;
    size_t count;
    int64_t now_ns;
};

static void take_row(struct roster_entry *entry, void *argument)
{
    struct row_taker *taker = argument;

    if (taker->count < taker->most)
        profile_read(entry->profile, taker->now_ns, &taker->rows[taker->count]);
    taker->count++;
}

size_t report_rows(const struct session_context *context,
                   struct profile_row *rows, size_t most)
{
    struct row_taker taker = {rows, most, 0, clock_now_ns()};

    roster_visit(context->roster, take_row, &taker);
    return taker.count;
}
