/* The progress bar. Its width is asked for at each drawing, so a window may
 * change its size at any time; where the terminal has wrapped an old line,
 * a piece of that stays above. */
#include "config.h"

#include "check/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define DRAW_INTERVAL_NS (100 * CLOCK_NS_PER_MS)
#define DEFAULT_COLUMNS 80
/* From how many columns on there is room for what. */
#define COLUMNS_FOR_NAME 24
#define COLUMNS_FOR_TIME 44
#define COLUMNS_FOR_RATE 64
#define LEAST_BAR 8
#define LEAST_NAME 12

/* ---- The line */

static double done_part(const struct progress_state *state)
{
    if (state->done_bytes >= state->size_bytes)
        return 1;
    return (double)state->done_bytes / (double)state->size_bytes;
}

static double bytes_per_second(const struct progress_state *state)
{
    if (state->elapsed_ns <= 0 || state->done_bytes <= 0)
        return 0;
    return (double)state->done_bytes * (double)CLOCK_NS_PER_S /
           (double)state->elapsed_ns;
}

static void format_rate(char *text, size_t size,
                        const struct progress_state *state)
{
    static const char *const units[] = {"KiB/s", "MiB/s", "GiB/s", "TiB/s"};
    double rate = bytes_per_second(state) / 1024;
    size_t unit = 0;

    for (; rate >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0]);
         unit++)
        rate /= 1024;
    if (rate > 0)
        snprintf(text, size, "  %5.1f %s", rate, units[unit]);
    else
        snprintf(text, size, "  %11s", "");
}

static void format_time_left(char *text, size_t size,
                             const struct progress_state *state)
{
    const double rate = bytes_per_second(state);
    const double left_s =
        rate > 0 ? (double)state->size_bytes * (1 - done_part(state)) / rate
                 : -1;
    char time[32];

    if (left_s < 0 || left_s >= 100 * 3600)
        time[0] = '\0';
    else if (left_s < 3600)
        snprintf(time, sizeof(time), "%d:%02d", (int)left_s / 60,
                 (int)left_s % 60);
    else
        snprintf(time, sizeof(time), "%d:%02d:%02d", (int)left_s / 3600,
                 (int)left_s / 60 % 60, (int)left_s % 60);
    snprintf(text, size, "  %5s left", time);
    if (time[0] == '\0')
        snprintf(text, size, "  %10s", "");
}

/* "[2/5] movie.flv", cut in front: the end of a path tells more. */
static void format_name(char *text, size_t size, size_t room,
                        const struct progress_state *state)
{
    char number[48] = "";
    size_t length = strlen(state->file);
    size_t name_room;

    if (state->count > 1)
        snprintf(number, sizeof(number), "[%zu/%zu] ", state->number,
                 state->count);
    name_room =
        room > strlen(number) + LEAST_NAME ? room - strlen(number) : LEAST_NAME;
    if (length <= name_room)
        snprintf(text, size, "%s%s  ", number, state->file);
    else
        snprintf(text, size, "%s...%s  ", number,
                 state->file + (length - (name_room - 3)));
}

static size_t draw_bar(char *out, size_t width, double part)
{
    const size_t inner = width - 2;
    const size_t full = (size_t)((double)inner * part);

    out[0] = '[';
    memset(out + 1, '=', full);
    memset(out + 1 + full, ' ', inner - full);
    if (full < inner)
        out[1 + full] = '>';
    out[width - 1] = ']';
    return width;
}

size_t progress_line(char line[static PROGRESS_LINE_BYTES],
                     const struct progress_state *state, unsigned columns)
{
    const double part = done_part(state);
    char right[96], rate[32] = "", left[32] = "", name[PROGRESS_LINE_BYTES];
    size_t width =
        columns < PROGRESS_LINE_BYTES ? columns : PROGRESS_LINE_BYTES;
    size_t used = 0, right_length;

    line[0] = '\0';
    if (columns < 5)
        return 0;
    width--;
    if (columns >= COLUMNS_FOR_RATE)
        format_rate(rate, sizeof(rate), state);
    if (columns >= COLUMNS_FOR_TIME)
        format_time_left(left, sizeof(left), state);
    right_length = (size_t)snprintf(right, sizeof(right), "%3d%%%s%s",
                                    (int)(part * 100), rate, left);
    if (columns >= COLUMNS_FOR_NAME) {
        format_name(name, sizeof(name), width / 3, state);
        if (strlen(name) + right_length <= width)
            used = (size_t)snprintf(line, PROGRESS_LINE_BYTES, "%s", name);
    }
    if (used + right_length + LEAST_BAR + 1 <= width) {
        used += draw_bar(line + used, width - used - right_length - 1, part);
        line[used++] = ' ';
    }
    memcpy(line + used, right, right_length + 1);
    return used + right_length;
}

/* ---- The terminal */

static bool can_clear_a_line(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

static unsigned columns_of(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return DEFAULT_COLUMNS;
    return size.ws_col;
}

/* A terminal that takes nothing any more gets no bar. */
static void put(struct progress *progress, const char *text, size_t length)
{
    if (write(progress->fd, text, length) != (ssize_t)length)
        progress->is_wanted = false;
}

static void draw(struct progress *progress, int64_t now_ns)
{
    char line[PROGRESS_LINE_BYTES];
    char text[PROGRESS_LINE_BYTES + 8];
    int length;

    progress->state.elapsed_ns = now_ns - progress->begin_ns;
    (void)progress_line(line, &progress->state, columns_of(progress->fd));
    length = snprintf(text, sizeof(text), "\r%s\033[K", line);
    put(progress, text, (size_t)length);
    progress->is_drawn = true;
    progress->next_draw_ns = now_ns + DRAW_INTERVAL_NS;
}

void progress_init(struct progress *progress, int fd, size_t count)
{
    *progress = (struct progress){
        .fd = fd,
        .is_wanted = can_clear_a_line(fd),
        .state = {.file = "", .count = count},
    };
}

void progress_begin(struct progress *progress, const char *file)
{
    progress->state.file = file;
    progress->state.number++;
    progress->state.done_bytes = 0;
    progress->state.size_bytes = 1;
    if (!progress->is_wanted)
        return;
    progress->begin_ns = clock_now_ns();
    if (progress->begin_ns >= progress->next_draw_ns)
        draw(progress, progress->begin_ns);
}

void progress_update(struct progress *progress, int64_t done_bytes,
                     int64_t size_bytes)
{
    int64_t now_ns;

    progress->state.done_bytes = done_bytes;
    progress->state.size_bytes = size_bytes;
    if (!progress->is_wanted)
        return;
    now_ns = clock_now_ns();
    if (now_ns >= progress->next_draw_ns)
        draw(progress, now_ns);
}

void progress_end(struct progress *progress)
{
    progress->state.done_bytes = progress->state.size_bytes;
    if (progress->is_wanted && progress->state.number == progress->state.count)
        draw(progress, clock_now_ns());
}

void progress_clear(struct progress *progress)
{
    if (progress->is_drawn)
        put(progress, "\r\033[K", 4);
    progress->is_drawn = false;
}
