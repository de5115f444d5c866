/* progress: the line at every width, and that nothing is drawn where there is
 * no terminal. */
#include "config.h"

#include "check/progress.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

static const struct progress_state half = {
    .file = "a/rather/long/name/of/a/movie.flv",
    .number = 2,
    .count = 5,
    .done_bytes = 512 << 20,
    .size_bytes = 1024 << 20,
    .elapsed_ns = 2 * INT64_C(1000000000),
};

static const char *line_of(const struct progress_state *state, unsigned columns)
{
    static char line[PROGRESS_LINE_BYTES];
    const size_t length = progress_line(line, state, columns);

    ck_assert_uint_eq(length, strlen(line));
    return line;
}

START_TEST(a_wide_line_tells_all)
{
    ck_assert_str_eq(line_of(&half, 120),
                     "[2/5] a/rather/long/name/of/a/movie.flv  "
                     "[=======================>                      ]  50%  "
                     "256.0 MiB/s   0:02 left");
}
END_TEST

START_TEST(a_narrow_line_tells_less)
{
    ck_assert_str_eq(line_of(&half, 80),
                     "[2/5] ...me/of/a/movie.flv  "
                     "[=========>         ]  50%  256.0 MiB/s   0:02 left");
    ck_assert_str_eq(line_of(&half, 50),
                     "[2/5] ...movie.flv  [=====>    ]  50%   0:02 left");
    ck_assert_str_eq(line_of(&half, 30), "[2/5] ...movie.flv   50%");
    ck_assert_str_eq(line_of(&half, 20), "[======>     ]  50%");
    ck_assert_str_eq(line_of(&half, 5), " 50%");
    ck_assert_str_eq(line_of(&half, 4), "");
}
END_TEST

START_TEST(no_line_is_as_wide_as_its_terminal)
{
    struct progress_state state = half;
    char name[400];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (unsigned columns = 0; columns < 1000; columns++)
        for (size_t length = 0; length < sizeof(name); length += 13) {
            state.file = name + sizeof(name) - 1 - length;
            state.done_bytes = half.size_bytes / 399 * (int64_t)length;
            state.number = length;
            if (columns > 0)
                ck_assert_uint_lt(strlen(line_of(&state, columns)), columns);
            ck_assert_uint_lt(strlen(line_of(&state, columns)),
                              PROGRESS_LINE_BYTES);
        }
}
END_TEST

START_TEST(the_ends_are_0_and_100)
{
    struct progress_state state = {
        .file = "m.flv", .number = 1, .count = 1, .size_bytes = INT64_MAX};

    ck_assert_str_eq(line_of(&state, 80),
                     "m.flv  [>                                       "
                     "]   0%                         ");
    state.done_bytes = INT64_MAX - 4096; /* 100 % is when it is through */
    state.elapsed_ns = 1;
    ck_assert_ptr_nonnull(strstr(line_of(&state, 80), " 99%"));
    state.done_bytes = INT64_MAX;
    ck_assert_ptr_nonnull(strstr(line_of(&state, 80), "====] 100%"));
    state.size_bytes = 1000; /* it grew meanwhile */
    ck_assert_ptr_nonnull(strstr(line_of(&state, 80), "====] 100%"));
}
END_TEST

START_TEST(times_have_hours_where_needed)
{
    struct progress_state state = half;

    state.elapsed_ns = 3725 * INT64_C(1000000000);
    ck_assert_str_eq(strchr(line_of(&state, 80), '%'),
                     "%  140.7 KiB/s  1:02:05 left");
    state.elapsed_ns = 65 * INT64_C(1000000000);
    ck_assert_str_eq(strchr(line_of(&state, 80), '%'),
                     "%    7.9 MiB/s   1:05 left");
    state.elapsed_ns = 1000 * 3600 * INT64_C(1000000000);
    ck_assert_ptr_null(strstr(line_of(&state, 80), "left"));
}
END_TEST

START_TEST(a_pipe_gets_nothing)
{
    struct progress progress;
    char byte;
    int fds[2];

    ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
    ck_assert_int_eq(pipe(fds), 0);
    progress_init(&progress, fds[1], 1);
    progress_begin(&progress, "m.flv");
    progress_update(&progress, 1, 2);
    progress_end(&progress);
    progress_clear(&progress);
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], &byte, 1), 0);
    close(fds[0]);
}
END_TEST

/* Both ends of a terminal. */
struct terminal {
    int master;
    int slave;
};

static struct terminal open_terminal(void)
{
    struct terminal t = {.master = posix_openpt(O_RDWR | O_NOCTTY)};

    ck_assert_int_ge(t.master, 0);
    ck_assert_int_eq(grantpt(t.master), 0);
    ck_assert_int_eq(unlockpt(t.master), 0);
    t.slave = open(ptsname(t.master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(t.slave, 0);
    ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
    return t;
}

static void set_columns(struct terminal t, unsigned short columns)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};

    ck_assert_int_eq(ioctl(t.master, TIOCSWINSZ, &size), 0);
}

/* What was written since the last call: all up to a mark, for a terminal may
 * give it out in pieces. */
static const char *seen(struct terminal t)
{
    static char text[65536];
    size_t length = 0;

    ck_assert_int_eq(write(t.slave, "\1", 1), 1);
    do {
        const ssize_t n =
            read(t.master, text + length, sizeof(text) - 1 - length);

        ck_assert_int_gt(n, 0);
        length += (size_t)n;
    } while (text[length - 1] != '\1');
    text[length - 1] = '\0';
    return text;
}

START_TEST(a_terminal_may_change_its_width)
{
    struct terminal t = open_terminal();
    struct progress progress;

    progress_init(&progress, t.slave, 1);
    set_columns(t, 20);
    progress_begin(&progress, "movie.flv");
    ck_assert_str_eq(seen(t), "\r[>           ]   0%\033[K");
    set_columns(t, 0); /* not known: 80 */
    progress_end(&progress);
    ck_assert_uint_ge(strlen(seen(t)), 70);
    set_columns(t, 3); /* room for nothing */
    progress_end(&progress);
    ck_assert_str_eq(seen(t), "\r\033[K");
    progress_clear(&progress);
    ck_assert_str_eq(seen(t), "\r\033[K");
    progress_clear(&progress); /* there is nothing more to clear */
    ck_assert_str_eq(seen(t), "");
    close(t.slave);
    close(t.master);
}
END_TEST

START_TEST(it_is_drawn_ten_times_a_second)
{
    struct terminal t = open_terminal();
    const int64_t begin_ns = clock_now_ns();
    struct progress progress;
    int64_t intervals;
    unsigned drawn = 0;

    progress_init(&progress, t.slave, 2);
    for (unsigned file = 0; file < 2; file++) {
        progress_begin(&progress, "movie.flv");
        for (int64_t i = 0; i < 1000; i++)
            progress_update(&progress, i, 1000);
        progress_end(&progress);
    }
    intervals = (clock_now_ns() - begin_ns) / (100 * CLOCK_NS_PER_MS);
    for (const char *c = seen(t); *c != '\0'; c++)
        drawn += *c == '\r';
    /* the first, one an interval, the last of the last file */
    ck_assert_uint_ge(drawn, 2);
    ck_assert_int_le(drawn, 2 + intervals);
    close(t.slave);
    close(t.master);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tcase = tcase_create("progress");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, a_wide_line_tells_all);
    tcase_add_test(tcase, a_narrow_line_tells_less);
    tcase_add_test(tcase, no_line_is_as_wide_as_its_terminal);
    tcase_add_test(tcase, the_ends_are_0_and_100);
    tcase_add_test(tcase, times_have_hours_where_needed);
    tcase_add_test(tcase, a_pipe_gets_nothing);
    tcase_add_test(tcase, a_terminal_may_change_its_width);
    tcase_add_test(tcase, it_is_drawn_ten_times_a_second);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
