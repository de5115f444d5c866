/* Whatever did not come from this file or the template goes through
 * escape_html, wherever it stands. */
#include "config.h"

#include "status/page.h"

#include <inttypes.h>
#include <string.h>

#include "status/assets.h"
#include "status/escape.h"

#define OPEN "{{"
#define CLOSE "}}"

#define S_PER_MIN 60
#define MIN_PER_H 60
#define H_PER_DAY 24

static void write_text(FILE *out, const char *text)
{
    escape_html(out, text, strlen(text));
}

/* --- what people read ------------------------------------------------------
 */

static void write_count(FILE *out, uint64_t count, const char *one,
                        const char *many)
{
    fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

/* What would be rounded to 1000 of a unit is 1.0 of the next. */
static void write_with_unit(FILE *out, double value, const char *const *units,
                            size_t count)
{
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < count) {
        value /= 1000;
        unit++;
    }
    fprintf(out, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value,
            units[unit]);
}

static void write_bytes(FILE *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};

    write_with_unit(out, (double)bytes, units,
                    sizeof(units) / sizeof(units[0]));
}

static void write_rate(FILE *out, double bits_per_s)
{
    static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s"};

    write_with_unit(out, bits_per_s, units, sizeof(units) / sizeof(units[0]));
}

/* "2:05", "1:02:05": a place in a film. */
static void write_place(FILE *out, int64_t time_s)
{
    const int64_t minutes = time_s / S_PER_MIN;

    if (minutes < MIN_PER_H)
        fprintf(out, "%" PRId64 ":%02d", minutes, (int)(time_s % S_PER_MIN));
    else
        fprintf(out, "%" PRId64 ":%02d:%02d", minutes / MIN_PER_H,
                (int)(minutes % MIN_PER_H), (int)(time_s % S_PER_MIN));
}

/* "5 s", "3 min 5 s", "2 h 3 min", "4 d 2 h": how long something took. */
static void write_duration(FILE *out, int64_t time_ns)
{
    const int64_t time_s = time_ns / CLOCK_NS_PER_S;
    const int64_t minutes = time_s / S_PER_MIN;
    const int64_t hours = minutes / MIN_PER_H;

    if (hours >= H_PER_DAY)
        fprintf(out, "%" PRId64 " d %d h", hours / H_PER_DAY,
                (int)(hours % H_PER_DAY));
    else if (hours > 0)
        fprintf(out, "%" PRId64 " h %d min", hours, (int)(minutes % MIN_PER_H));
    else if (minutes > 0)
        fprintf(out, "%" PRId64 " min %d s", minutes,
                (int)(time_s % S_PER_MIN));
    else
        fprintf(out, "%" PRId64 " s", time_s);
}

static void write_lateness(FILE *out, double time_s)
{
    if (time_s < 1)
        fprintf(out, "%.1f ms", time_s * 1000);
    else
        fprintf(out, "%.1f s", time_s);
}

/* --- figures ---------------------------------------------------------------
 */

static void write_title(FILE *out, const struct view *view)
{
    fputs("flvd: ", out);
    write_count(out, history_viewers(&view->totals.sum), "viewer", "viewers");
}

static void write_state(FILE *out, const struct view *view)
{
    fprintf(out, "<span class=\"state%s\" id=\"state\" data-live>%s</span>",
            view->totals.is_draining ? " stopping" : "",
            view->totals.is_draining ? "stopping: nobody is let in any more"
                                     : "serving");
}

static void write_about(FILE *out, const struct view *view)
{
    fputs("version ", out);
    write_text(out, report_version);
    fputs(", up for ", out);
    write_duration(out, view->totals.uptime_ns);
}

static void begin_figure(FILE *out, const char *what)
{
    fprintf(out, "<div><dt>%s</dt><dd class=\"value\">", what);
}

static void say_more(FILE *out)
{
    fputs("</dd><dd class=\"more\">", out);
}

static void end_figure(FILE *out)
{
    fputs("</dd></div>\n", out);
}

static void write_figures(FILE *out, const struct view *view)
{
    const struct report_totals *totals = &view->totals;
    const struct history_sample *now =
        view->sample_count > 0 ? &view->samples[view->sample_count - 1] : NULL;
    uint64_t refused = 0;

    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        refused += totals->sum.refused[i];
    begin_figure(out, "Viewers");
    fprintf(out, "%" PRIu32, history_viewers(&totals->sum));
    say_more(out);
    fprintf(out, "%" PRIu32 " paused; ", totals->sum.states[TALLY_PAUSED]);
    write_count(out, totals->connections, "connection", "connections");
    fprintf(out, " of %" PRIu32, totals->max_clients);
    end_figure(out);

    begin_figure(out, "Throughput");
    write_rate(out, now != NULL ? now->bits_per_s : 0);
    say_more(out);
    write_bytes(out, totals->sum.bytes);
    fputs(" since the start", out);
    end_figure(out);

    begin_figure(out, "Lateness, 99 of 100 below");
    if (now != NULL && now->has_lateness)
        write_lateness(out, now->lateness_p99_s);
    else
        fputs("nothing due", out);
    say_more(out);
    fprintf(out, "%" PRIu64 " of ", totals->sum.late_batches);
    write_count(out, totals->sum.batches_count, "batch", "batches");
    fputs(" later than 50 ms", out);
    end_figure(out);

    begin_figure(out, "Connections so far");
    fprintf(out, "%" PRIu64, totals->sessions);
    say_more(out);
    fprintf(out, "%" PRIu64 " refused", refused);
    end_figure(out);
}

/* --- what is served --------------------------------------------------------
 */

static void write_codes(FILE *out, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputs("<li><code>", out);
        write_text(out, texts[i]);
        fputs("</code></li>\n", out);
    }
}

static void write_urls(FILE *out, const struct view *view)
{
    write_codes(out, view->urls, view->url_count);
}

static void write_urls_note(FILE *out, const struct view *view)
{
    if (view->takes_name)
        fputs("<p class=\"faint\">A name goes behind it, such as "
              "<code>movie</code> for <code>movie.flv</code>.</p>",
              out);
    if (view->takes_token)
        fputs("<p class=\"faint\">Each name is played only with a token "
              "(<code>flvd --sign</code>).</p>",
              out);
}

static void write_served(FILE *out, const struct view *view)
{
    write_codes(out, view->operands, view->operand_count);
}

static void write_open(FILE *out, const struct view *view)
{
    write_count(out, view->totals.movies, "file", "files");
    fputs(" open, with an index of ", out);
    write_bytes(out, view->totals.index_bytes);
}

/* --- who watches -----------------------------------------------------------
 */

static void write_viewers_heading(FILE *out, const struct view *view)
{
    write_count(out, view->connection_count, "connection", "connections");
}

static void begin_cell(FILE *out, const char *label, const char *class)
{
    fprintf(out, "<td data-label=\"%s\"%s>", label, class);
}

#define NUMBER " class=\"number\""
#define NAME " class=\"name\""

static bool is_watching(const struct profile_row *row)
{
    return row->state == TALLY_PLAYING || row->state == TALLY_PAUSED;
}

static void write_watched(FILE *out, const struct profile_row *row)
{
    escape_html(out, row->app.bytes, row->app.length);
    if (row->app.length > 0 && row->name.length > 0)
        fputc('/', out);
    escape_html(out, row->name.bytes, row->name.length);
}

static void write_position(FILE *out, const struct profile_row *row)
{
    if (!is_watching(row))
        return;
    write_place(out, row->position_ms / 1000);
    if (row->round > 0)
        fprintf(out, ", round %" PRId64, row->round + 1);
}

static void write_ahead(FILE *out, const struct profile_row *row)
{
    const double ahead_s = (double)row->ahead_ms / 1000;

    if (!is_watching(row))
        return;
    if (ahead_s < 0)
        fprintf(out, "%.1f s late", -ahead_s);
    else
        fprintf(out, "%.1f s", ahead_s);
    if (row->skips > 0) {
        fputs(", moved on ", out);
        write_count(out, row->skips, "time", "times");
    }
}

static void write_row(FILE *out, const struct profile_row *row)
{
    fprintf(out,
            "<tr><th scope=\"row\" data-label=\"Number\"" NUMBER ">%" PRIu64
            "</th>",
            row->id);
    begin_cell(out, "From", "");
    write_text(out, row->address);
    fputs(row->is_tls ? " (TLS)</td>" : "</td>", out);
    begin_cell(out, "Asks for", NAME);
    write_watched(out, row);
    fputs("</td>", out);
    begin_cell(out, "State", "");
    fprintf(out, "%s</td>", tally_state_key(row->state));
    begin_cell(out, "At", NUMBER);
    write_position(out, row);
    fputs("</td>", out);
    begin_cell(out, "Ahead", NUMBER);
    write_ahead(out, row);
    fputs("</td>", out);
    begin_cell(out, "Sent", NUMBER);
    write_bytes(out, row->bytes);
    fputs("</td>", out);
    begin_cell(out, "For", NUMBER);
    write_duration(out, row->age_ns);
    fputs("</td></tr>\n", out);
}

static void write_viewers(FILE *out, const struct view *view)
{
    const size_t listed =
        view->row_count < PAGE_MAX_ROWS ? view->row_count : PAGE_MAX_ROWS;

    if (listed == 0) {
        fputs("<p class=\"faint\">Nobody is connected.</p>", out);
        return;
    }
    fputs("<div class=\"scroll\"><table class=\"cards\">\n<thead><tr>"
          "<th scope=\"col\"" NUMBER ">Number</th>"
          "<th scope=\"col\">From</th>"
          "<th scope=\"col\"" NAME ">Asks for</th>"
          "<th scope=\"col\">State</th>"
          "<th scope=\"col\"" NUMBER ">At</th>"
          "<th scope=\"col\"" NUMBER ">Ahead</th>"
          "<th scope=\"col\"" NUMBER ">Sent</th>"
          "<th scope=\"col\"" NUMBER ">For</th>"
          "</tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < listed; i++)
        write_row(out, &view->rows[i]);
    fputs("</tbody></table></div>\n", out);
    if (view->connection_count > listed)
        fprintf(out, "<p class=\"faint\">and %zu more</p>\n",
                view->connection_count - listed);
}

static void write_ends(FILE *out, const struct view *view)
{
    const struct tally_sum *sum = &view->totals.sum;
    bool any = false;

    for (size_t i = 0; i < SESSION_ENDS; i++) {
        if (sum->ended[i] == 0)
            continue;
        if (!any)
            fputs("<table><thead><tr><th scope=\"col\">Reason</th>"
                  "<th scope=\"col\"" NUMBER
                  ">Connections</th></tr></thead>\n<tbody>\n",
                  out);
        any = true;
        fputs("<tr><th scope=\"row\">", out);
        write_text(out, session_end_text((enum session_end)i));
        fprintf(out, "</th><td" NUMBER ">%" PRIu64 "</td></tr>\n",
                sum->ended[i]);
    }
    fputs(any ? "</tbody></table>"
              : "<p class=\"faint\">None has ended yet.</p>",
          out);
}

/* --- the template ----------------------------------------------------------
 */

static const struct {
    const char *name;
    void (*write)(FILE *out, const struct view *view);
} places[] = {
    {"about", write_about},
    {"ends", write_ends},
    {"figures", write_figures},
    {"open", write_open},
    {"served", write_served},
    {"state", write_state},
    {"title", write_title},
    {"urls", write_urls},
    {"urls_note", write_urls_note},
    {"viewers", write_viewers},
    {"viewers_heading", write_viewers_heading},
};

static void fill(FILE *out, const char *name, size_t length,
                 const struct view *view)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strlen(places[i].name) == length &&
            memcmp(places[i].name, name, length) == 0)
            places[i].write(out, view);
    }
}

void page_write(FILE *out, const struct view *view)
{
    const char *rest = asset_page;
    const char *open;

    while ((open = strstr(rest, OPEN)) != NULL) {
        const char *name = open + strlen(OPEN);
        const char *close = strstr(name, CLOSE);

        if (close == NULL)
            break;
        fwrite(rest, 1, (size_t)(open - rest), out);
        fill(out, name, (size_t)(close - name), view);
        rest = close + strlen(CLOSE);
    }
    fputs(rest, out);
}
