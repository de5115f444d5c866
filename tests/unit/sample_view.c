#include "sample_view.h"

#include <stdio.h>
#include <string.h>

static struct profile_row rows[SAMPLE_VIEW_ROWS];

static const struct history_sample samples[] = {
    {.unix_ms = 1795390000500, .viewers = 1, .bits_per_s = 1500000},
    {.unix_ms = 1795390002500,
     .viewers = 2,
     .bits_per_s = 48200000,
     .has_lateness = true,
     .lateness_p99_s = 0.0042},
};

static const char *const urls[] = {"rtmp://localhost:1935/vod/",
                                   "rtmps://192.0.2.1:1936/vod/"};
static const char *const operands[] = {"/srv/films", "<b>&\"movie"};

void sample_view_set_text(struct profile_text *text, const char *bytes,
                          size_t length)
{
    memcpy(text->bytes, bytes, length);
    text->length = (uint16_t)length;
}

static void set_row(struct profile_row *row, uint64_t id)
{
    *row = (struct profile_row){
        .id = id,
        .is_tls = id % 2 == 0,
        .state = TALLY_PLAYING,
        .age_ns = 125 * CLOCK_NS_PER_S,
        .bytes = 12345678,
        .tags = 4321,
        .position_ms = 3725500,
        .round = 3,
        .ahead_ms = 2500,
        .buffer_ms = 3000,
    };
    snprintf(row->address, sizeof(row->address), "192.0.2.7:%u",
             (unsigned)(50000 + id));
    sample_view_set_text(&row->app, "vod", 3);
    sample_view_set_text(&row->name, "movie", 5);
}

static void set_totals(struct report_totals *totals)
{
    *totals = (struct report_totals){
        .uptime_ns = 7384 * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2,
        .started_unix_s = 1795382618,
        .sessions = 57,
        .connections = 41,
        .max_clients = 10000,
        .movies = 6,
        .index_bytes = 8192,
    };
    totals->sum.bytes = 987654321;
    totals->sum.tags = 55555;
    totals->sum.late_ns = 3 * CLOCK_NS_PER_S / 2;
    for (size_t i = 0; i <= TALLY_BOUNDS; i++) {
        totals->sum.batches[i] = i + 1;
        totals->sum.batches_count += i + 1;
    }
    totals->sum.late_batches = 77;
    totals->sum.ended[SESSION_PEER_CLOSED] = 201;
    totals->sum.ended[SESSION_IO_ERROR] = 217;
    totals->sum.ended[SESSION_NO_MEMORY] = 0;
    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        totals->sum.refused[i] = 300 + i;
    totals->sum.accept_failures = 8;
    totals->sum.states[TALLY_CONNECTING] = 21;
    totals->sum.states[TALLY_IDLE] = 22;
    totals->sum.states[TALLY_PLAYING] = 23;
    totals->sum.states[TALLY_PAUSED] = 24;
}

struct view *sample_view(size_t row_count, size_t connections)
{
    static struct view view;

    for (size_t i = 0; i < row_count; i++)
        set_row(&rows[i], i + 1);
    view = (struct view){
        .unix_ms = 1795390003250,
        .rows = rows,
        .row_count = row_count,
        .connection_count = connections,
        .samples = samples,
        .sample_count = sizeof(samples) / sizeof(samples[0]),
        .urls = urls,
        .url_count = sizeof(urls) / sizeof(urls[0]),
        .takes_name = true,
        .operands = operands,
        .operand_count = sizeof(operands) / sizeof(operands[0]),
    };
    set_totals(&view.totals);
    return &view;
}

struct profile_row *sample_view_rows(void)
{
    return rows;
}
