/* From a report to lines for people. */
#include "config.h"

#include "server/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* What the log is given at one go: less than its queue holds, so that there is
 * room for what sessions have to say. */
#define LINES_AT_ONCE 64
#define MOST_WAIT_NS (2 * CLOCK_NS_PER_S)

/* "#" and the digits of 64 bits, "-1234:59:59" and more. */
#define CELL_BYTES 32

static int id_length(const struct profile_row *row)
{
    return snprintf(NULL, 0, "#%" PRIu64, row->id);
}

struct table_widths table_measure(const struct profile_row *rows, size_t count)
{
    struct table_widths widths = {.address = (int)strlen("address"), .id = 2};

    for (size_t i = 0; i < count; i++) {
        const int address = (int)strlen(rows[i].address);
        const int id = id_length(&rows[i]);

        if (address > widths.address)
            widths.address = address;
        if (id > widths.id)
            widths.id = id;
    }
    return widths;
}

/* "1:02:03" */
static const char *show_time(char cell[static CELL_BYTES], int64_t ms)
{
    const int64_t s = ms / 1000;

    snprintf(cell, CELL_BYTES, "%" PRId64 ":%02d:%02d", s / 3600,
             (int)(s / 60 % 60), (int)(s % 60));
    return cell;
}

/* "12.3 MB" */
static const char *show_bytes(char cell[static CELL_BYTES], uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;

    for (; value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0]);
         unit++)
        value /= 1000;
    snprintf(cell, CELL_BYTES, "%.*f %s", unit == 0 ? 0 : 1, value,
             units[unit]);
    return cell;
}

void table_head(struct table_widths widths, char line[static TABLE_LINE_BYTES])
{
    snprintf(line, TABLE_LINE_BYTES,
             "%-*s %-*s over  %-10s %9s %10s %9s %6s %8s  app, name", widths.id,
             "#", widths.address, "address", "state", "for", "sent", "at",
             "round", "ahead");
}

void table_row(struct table_widths widths, const struct profile_row *row,
               char line[static TABLE_LINE_BYTES])
{
    char id[CELL_BYTES], age[CELL_BYTES], sent[CELL_BYTES];
    char at[CELL_BYTES] = "-", round[CELL_BYTES] = "-", ahead[CELL_BYTES] = "-";
    char app[LOG_ESCAPED_BYTES], name[LOG_ESCAPED_BYTES];

    if (row->state == TALLY_PLAYING || row->state == TALLY_PAUSED) {
        show_time(at, row->position_ms);
        snprintf(round, sizeof(round), "%" PRIu64, (uint64_t)row->round + 1);
        snprintf(ahead, sizeof(ahead), "%+.1f s",
                 (double)row->ahead_ms / 1000.0);
    }
    snprintf(id, sizeof(id), "#%" PRIu64, row->id);
    snprintf(line, TABLE_LINE_BYTES,
             "%-*s %-*s %-5s %-10s %9s %10s %9s %6s %8s  \"%s\", \"%s\"",
             widths.id, id, widths.address, row->address,
             row->is_tls ? "rtmps" : "rtmp", tally_state_key(row->state),
             show_time(age, row->age_ns / CLOCK_NS_PER_MS),
             show_bytes(sent, row->bytes), at, round, ahead,
             profile_text_escape(app, &row->app),
             profile_text_escape(name, &row->name));
}

void table_totals(const struct report_totals *totals,
                  char line[static TABLE_LINE_BYTES])
{
    const struct tally_sum *sum = &totals->sum;
    char up[CELL_BYTES], sent[CELL_BYTES];

    snprintf(line, TABLE_LINE_BYTES,
             "%" PRIu32 " of %" PRIu32 " connections: %" PRIu32
             " playing, %" PRIu32 " paused, %" PRIu32 " idle, %" PRIu32
             " connecting; up %s, %" PRIu64 " sessions, %s and %" PRIu64
             " tags sent, %" PRIu64 " of %" PRIu64 " batches late%s",
             totals->connections, totals->max_clients,
             sum->states[TALLY_PLAYING], sum->states[TALLY_PAUSED],
             sum->states[TALLY_IDLE], sum->states[TALLY_CONNECTING],
             show_time(up, totals->uptime_ns / CLOCK_NS_PER_MS),
             totals->sessions, show_bytes(sent, sum->bytes), sum->tags,
             sum->late_batches, sum->batches_count,
             totals->is_draining ? "; nobody is let in any more" : "");
}

/* --- the log ------------------------------------------------------------ */

static void log_row(struct table_widths widths, const struct profile_row *row)
{
    const struct log_field fields[] = {
        log_word("event", "viewer"),
        log_number("id", (int64_t)row->id),
        log_word("peer", row->address),
        log_truth("tls", row->is_tls),
        log_word("state", tally_state_key(row->state)),
        log_text("app", row->app.bytes, row->app.length),
        log_text("name", row->name.bytes, row->name.length),
        log_seconds("seconds", row->age_ns),
        log_number("bytes", (int64_t)row->bytes),
        log_number("tags", (int64_t)row->tags),
        log_seconds("position", row->position_ms * CLOCK_NS_PER_MS),
        log_number("round", row->round),
        log_seconds("ahead", row->ahead_ms * CLOCK_NS_PER_MS)};
    char line[TABLE_LINE_BYTES];

    table_row(widths, row, line);
    log_event(LOG_LEVEL_ANSWER, fields, sizeof(fields) / sizeof(fields[0]),
              "%s", line);
}

static void log_head(struct table_widths widths)
{
    char line[TABLE_LINE_BYTES];

    table_head(widths, line);
    log_answer("%s", line);
}

static void log_totals(const struct report_totals *totals)
{
    const struct tally_sum *sum = &totals->sum;
    const struct log_field fields[] = {
        log_word("event", "totals"),
        log_seconds("uptime", totals->uptime_ns),
        log_truth("draining", totals->is_draining),
        log_number("connections", totals->connections),
        log_number("playing", sum->states[TALLY_PLAYING]),
        log_number("paused", sum->states[TALLY_PAUSED]),
        log_number("sessions", (int64_t)totals->sessions),
        log_number("bytes", (int64_t)sum->bytes),
        log_number("tags", (int64_t)sum->tags),
        log_number("batches", (int64_t)sum->batches_count),
        log_number("late_batches", (int64_t)sum->late_batches)};
    char line[TABLE_LINE_BYTES];

    table_totals(totals, line);
    log_event(LOG_LEVEL_ANSWER, fields, sizeof(fields) / sizeof(fields[0]),
              "%s", line);
}

/* How many of the rows the log took in time. */
static size_t log_rows(const struct profile_row *rows, size_t count,
                       int64_t deadline_ns)
{
    const struct table_widths widths = table_measure(rows, count);
    size_t told = 0;

    if (count > 0 && !log_is_json())
        log_head(widths);
    while (told < count && log_flush(deadline_ns)) {
        for (size_t i = 0; i < LINES_AT_ONCE && told < count; i++)
            log_row(widths, &rows[told++]);
    }
    return told;
}

void table_log(const struct session_context *context)
{
    const int64_t deadline_ns = clock_now_ns() + MOST_WAIT_NS;
    const size_t room = roster_count(context->roster);
    struct profile_row *rows = calloc(room + 1, sizeof(rows[0]));
    struct report_totals totals;
    size_t count = 0, told = 0;

    report_totals(context, &totals);
    if (rows != NULL) {
        count = report_rows(context, rows, room + 1);
        told = log_rows(rows, count < room + 1 ? count : room + 1, deadline_ns);
    }
    free(rows);
    if (told < count)
        log_answer("%zu more are left out here", count - told);
    log_totals(&totals);
}
