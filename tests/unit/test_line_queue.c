/* base/line_queue: order, one write a line, and what happens to those who log
 * when the reader stalls: nothing. */
#include "config.h"

#include "base/line_queue.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t soon(void)
{
    return clock_now_ns() + 60 * CLOCK_NS_PER_S;
}

/* A pair that keeps each write apart; [0] is for reading. */
static void make_pair(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
}

static void put(struct line_queue *queue, const char *line)
{
    line_queue_put(queue, line, strlen(line));
}

static void expect_line(int fd, const char *line)
{
    char text[LINE_QUEUE_MAX_LINE + 1];
    const ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    ck_assert_str_eq(text, line);
}

START_TEST(lines_come_in_order_one_write_each)
{
    struct line_queue *queue;
    int ends[2];

    make_pair(ends);
    queue = line_queue_start(ends[1]);
    ck_assert_ptr_nonnull(queue);
    put(queue, "one\n");
    put(queue, "two\n");
    put(queue, "\n");
    put(queue, "three\n");
    expect_line(ends[0], "one\n");
    expect_line(ends[0], "two\n");
    expect_line(ends[0], "\n");
    expect_line(ends[0], "three\n");
    ck_assert(line_queue_stop(queue, soon()));
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* That nothing was written shows in what the reader finds at the end. */
START_TEST(held_lines_wait)
{
    struct line_queue *queue;
    int ends[2];
    char byte;

    make_pair(ends);
    queue = line_queue_new(ends[1]);
    ck_assert_ptr_nonnull(queue);
    put(queue, "one\n");
    put(queue, "two\n");
    ck_assert_int_eq(recv(ends[0], &byte, 1, MSG_DONTWAIT), -1);
    ck_assert(line_queue_let_out(queue));
    expect_line(ends[0], "one\n");
    expect_line(ends[0], "two\n");
    ck_assert(line_queue_stop(queue, soon()));
    queue = line_queue_new(ends[1]);
    put(queue, "dropped\n");
    ck_assert(line_queue_stop(queue, soon()));
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}
END_TEST

START_TEST(stop_writes_what_is_queued)
{
    struct line_queue *queue;
    int ends[2];

    make_pair(ends);
    queue = line_queue_start(ends[1]);
    for (int i = 0; i < 5; i++)
        put(queue, "line\n");
    ck_assert(line_queue_stop(queue, soon()));
    for (int i = 0; i < 5; i++)
        expect_line(ends[0], "line\n");
    ck_assert_int_eq(recv(ends[0], &(char){0}, 1, MSG_DONTWAIT), -1);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(long_lines_are_cut)
{
    struct line_queue *queue;
    char line[LINE_QUEUE_MAX_LINE + 2];
    int ends[2];

    make_pair(ends);
    queue = line_queue_start(ends[1]);
    memset(line, 'a', sizeof(line));
    line[LINE_QUEUE_MAX_LINE - 1] = '\n';
    line_queue_put(queue, line, LINE_QUEUE_MAX_LINE); /* just fits */
    line[LINE_QUEUE_MAX_LINE - 1] = 'a';
    line[LINE_QUEUE_MAX_LINE] = '\n';
    line_queue_put(queue, line, LINE_QUEUE_MAX_LINE + 1);
    line_queue_put(queue, "", 0); /* nothing */
    put(queue, "b\n");
    line[LINE_QUEUE_MAX_LINE - 1] = '\n';
    line[LINE_QUEUE_MAX_LINE] = '\0';
    expect_line(ends[0], line);
    expect_line(ends[0], line);
    expect_line(ends[0], "b\n");
    ck_assert(line_queue_stop(queue, soon()));
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(put_keeps_errno)
{
    struct line_queue *queue;
    int ends[2];

    make_pair(ends);
    queue = line_queue_start(ends[1]);
    errno = ENOTTY;
    put(queue, "x\n");
    ck_assert_int_eq(errno, ENOTTY);
    ck_assert(line_queue_stop(queue, soon()));
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* Fills a pipe until nothing more fits. */
static void fill(int fd)
{
    static const char waste[65536];
    const int flags = fcntl(fd, F_GETFL);

    ck_assert_int_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    while (write(fd, waste, sizeof(waste)) > 0)
        ;
    while (write(fd, waste, 1) > 0)
        ;
    ck_assert_int_eq(fcntl(fd, F_SETFL, flags), 0);
}

static void drain_waste(int fd)
{
    char bytes[4096];
    ssize_t n = 1;

    /* the filling is all zeros; lines come behind it */
    const int flags = fcntl(fd, F_GETFL);
    ck_assert_int_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    while (n > 0) {
        n = read(fd, bytes, 1);
        if (n > 0 && bytes[0] != 0) {
            ck_assert_int_eq(bytes[0], 'f');
            break;
        }
    }
    ck_assert_int_eq(fcntl(fd, F_SETFL, flags), 0);
    if (n != 1) { /* all of the filling is gone, the lines are to come */
        ck_assert_int_eq(read(fd, bytes, 1), 1);
        ck_assert_int_eq(bytes[0], 'f');
    }
}

/* More than fits, to a reader that does not read: put returns, lines are
 * counted; once it reads, it gets lines in order and, where some are missing,
 * their number, and then what comes later. */
START_TEST(a_stalled_reader_costs_lines_and_nothing_else)
{
    struct line_queue *queue;
    int ends[2];
    char line[LINE_QUEUE_MAX_LINE];
    FILE *from;
    uint64_t dropped;
    unsigned next = 1; /* its number */
    uint64_t read_lines = 1, told = 0;

    ck_assert_int_eq(pipe(ends), 0);
    fill(ends[1]);
    queue = line_queue_start(ends[1]);
    put(queue, "first\n");
    for (unsigned i = 1; i < 10000; i++) {
        snprintf(line, sizeof(line), "Line %06u\n", i); /* 12 bytes */
        put(queue, line);
    }
    dropped = line_queue_dropped(queue);
    /* one may be in the thread's hands */
    ck_assert_uint_ge(dropped, 10000 - LINE_QUEUE_BYTES / 12 - 1);
    ck_assert_uint_le(dropped, 10000 - LINE_QUEUE_BYTES / 12 + 100);
    drain_waste(ends[0]); /* and the first letter */
    from = fdopen(ends[0], "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), from));
    ck_assert_str_eq(line, "irst\n");
    while (read_lines + told < 10000) {
        unsigned number;
        unsigned long long count;

        ck_assert_ptr_nonnull(fgets(line, sizeof(line), from));
        if (sscanf(line, "flvd: %llu lines were dropped here", &count) == 1) {
            told += count;
            next += (unsigned)count;
            continue;
        }
        ck_assert_int_eq(sscanf(line, "Line %6u", &number), 1);
        ck_assert_uint_eq(number, next);
        next++;
        read_lines++;
    }
    ck_assert_uint_eq(told, dropped);
    put(queue, "later\n");
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), from));
    ck_assert_str_eq(line, "later\n");
    ck_assert_uint_eq(line_queue_dropped(queue), dropped);
    ck_assert(line_queue_stop(queue, soon()));
    fclose(from);
    close(ends[1]);
}
END_TEST

START_TEST(stop_does_not_wait_for_ever)
{
    struct line_queue *queue;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    fill(ends[1]);
    queue = line_queue_start(ends[1]);
    put(queue, "stuck\n");
    ck_assert(!line_queue_stop(queue, clock_now_ns() + 20 * CLOCK_NS_PER_MS));
    /* the thread sits in write to the end of the process */
}
END_TEST

START_TEST(a_reader_that_went_away_costs_lines_only)
{
    struct line_queue *queue;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    queue = line_queue_start(ends[1]);
    for (int i = 0; i < 10; i++)
        put(queue, "nobody reads this\n");
    ck_assert(line_queue_stop(queue, soon()));
    close(ends[1]);
}
END_TEST

#define WRITERS 4
#define LINES 200

static struct line_queue *shared;

static void *write_many(void *argument)
{
    const int number = *(int *)argument;
    char line[32];

    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "%d %d\n", number, i);
        put(shared, line);
    }
    return NULL;
}

START_TEST(several_writers)
{
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    int next[WRITERS] = {0};
    int ends[2];

    make_pair(ends);
    shared = line_queue_start(ends[1]);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
    }
    for (int i = 0; i < WRITERS * LINES; i++) {
        char line[32] = "";
        int number, count;

        ck_assert_int_gt(recv(ends[0], line, sizeof(line) - 1, 0), 0);
        ck_assert_int_eq(sscanf(line, "%d %d\n", &number, &count), 2);
        ck_assert_int_eq(count, next[number]++);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(line_queue_dropped(shared), 0);
    ck_assert(line_queue_stop(shared, soon()));
    close(ends[0]);
    close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("line_queue");
    TCase *const tests = tcase_create("line_queue");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, lines_come_in_order_one_write_each);
    tcase_add_test(tests, held_lines_wait);
    tcase_add_test(tests, stop_writes_what_is_queued);
    tcase_add_test(tests, long_lines_are_cut);
    tcase_add_test(tests, put_keeps_errno);
    tcase_add_test(tests, a_stalled_reader_costs_lines_and_nothing_else);
    tcase_add_test(tests, stop_does_not_wait_for_ever);
    tcase_add_test(tests, a_reader_that_went_away_costs_lines_only);
    tcase_add_test(tests, several_writers);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
