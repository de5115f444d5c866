/* net/transport: over a socketpair and over TCP: deadlines, partial writes, a
 * file cut short under its mapping, ends and interruptions. */
#include "config.h"

#include "net/transport.h"

#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t soon(void)
{
    return clock_now_ns() + 60 * CLOCK_NS_PER_S;
}

static void make_tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(
        getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&address, length), 0);
    ends[0] = accept(listener, NULL, NULL);
    ck_assert_int_ge(ends[0], 0);
    close(listener);
}

/* A transport and its peer: 0 socketpair, 1 TCP (the loop index of tests). */
static int open_pair(int kind, struct transport *transport)
{
    int ends[2];

    if (kind == 0)
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    else
        make_tcp_pair(ends);
    transport_init(transport, ends[0], NULL);
    return ends[1];
}

static struct gather gather;

/* Reads all of a gather's bytes at the other end. */
static void read_all(int fd, void *data, size_t length)
{
    ck_assert_int_eq(recv(fd, data, length, MSG_WAITALL), (ssize_t)length);
}

START_TEST(bytes_come_and_go)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    char text[16];
    size_t length = 0;

    ck_assert_int_eq(send(peer, "hello", 5, 0), 5);
    ck_assert_int_eq(transport_read(&t, text, 3, soon(), &length),
                     TRANSPORT_OK);
    ck_assert_uint_eq(length, 3);
    ck_assert_mem_eq(text, "hel", 3);
    ck_assert_int_eq(transport_read_now(&t, text, sizeof(text), &length),
                     TRANSPORT_OK);
    ck_assert_uint_eq(length, 2);
    ck_assert_int_eq(transport_read_now(&t, text, sizeof(text), &length),
                     TRANSPORT_TIMEOUT);
    gather_reset(&gather);
    ck_assert_int_eq(transport_write(&t, &gather, 0), TRANSPORT_OK);
    gather_add_memory(&gather, "one", 3);
    gather_add_header(&gather, "two", 3);
    gather_add_memory(&gather, "three", 5);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_uint_eq(gather.bytes, 0);
    read_all(peer, text, 11);
    ck_assert_mem_eq(text, "onetwothree", 11);
    close(peer);
    transport_destroy(&t);
    transport_destroy(&t); /* twice is once */
}
END_TEST

START_TEST(reading_ends_at_its_deadline)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    char text[16];
    size_t length = 4711;

    for (int i = 0; i < 3; i++) {
        const int64_t deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;

        ck_assert_int_eq(
            transport_read(&t, text, sizeof(text), deadline_ns, &length),
            TRANSPORT_TIMEOUT);
        /* the kernel's timers may round by some microseconds */
        ck_assert_int_ge(clock_now_ns(), deadline_ns - 2 * CLOCK_NS_PER_MS);
    }
    /* one that has passed does not mean for ever */
    ck_assert_int_eq(transport_read(&t, text, sizeof(text), 1, &length),
                     TRANSPORT_TIMEOUT);
    ck_assert_uint_eq(length, 4711);
    close(peer);
    transport_destroy(&t);
}
END_TEST

static void *send_later(void *argument)
{
    ck_assert_int_eq(send(*(int *)argument, "x", 1, 0), 1);
    return NULL;
}

START_TEST(bytes_end_the_wait)
{
    struct transport t;
    int peer = open_pair(_i, &t);
    pthread_t thread;
    size_t length;
    char byte;

    ck_assert_int_eq(pthread_create(&thread, NULL, send_later, &peer), 0);
    ck_assert_int_eq(transport_read(&t, &byte, 1, CLOCK_NEVER, &length),
                     TRANSPORT_OK);
    pthread_join(thread, NULL);
    close(peer);
    transport_destroy(&t);
}
END_TEST

#define BIG (2u << 20)

static void *read_big(void *argument)
{
    uint8_t *data = malloc(BIG);

    ck_assert_ptr_nonnull(data);
    read_all(*(int *)argument, data, BIG);
    size_t good = 0;
    while (good < BIG && data[good] == (uint8_t)(good * 31 + good / 4096))
        good++;
    ck_assert_uint_eq(good, BIG);
    free(data);
    return NULL;
}

/* More than the socket takes: written in parts, each waited for. */
START_TEST(partial_writes)
{
    struct transport t;
    int peer = open_pair(_i, &t);
    uint8_t *data = malloc(BIG);
    const int small = 4096;
    size_t done = 0;
    pthread_t thread;

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < BIG; i++)
        data[i] = (uint8_t)(i * 31 + i / 4096);
    if (_i == 0)
        (void)setsockopt(t.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    ck_assert_int_eq(pthread_create(&thread, NULL, read_big, &peer), 0);
    while (done < BIG) {
        gather_reset(&gather);
        for (size_t part = 0; part < 64; part++)
            gather_add_memory(&gather, data + done + part * 4096, 4096);
        while (gather.bytes > 0)
            ck_assert_int_eq(transport_write(&t, &gather, soon()),
                             TRANSPORT_OK);
        done += (size_t)64 * 4096;
    }
    pthread_join(thread, NULL);
    free(data);
    close(peer);
    transport_destroy(&t);
}
END_TEST

/* Fills the way to a peer that does not read. */
static void fill(struct transport *t)
{
    static const uint8_t waste[65536];
    enum transport_result result = TRANSPORT_OK;

    while (result == TRANSPORT_OK) {
        gather_reset(&gather);
        gather_add_memory(&gather, waste, sizeof(waste));
        result =
            transport_write(t, &gather, clock_now_ns() + 20 * CLOCK_NS_PER_MS);
    }
    ck_assert_int_eq(result, TRANSPORT_TIMEOUT);
}

START_TEST(writing_ends_at_its_deadline)
{
    struct transport t;
    const int peer = open_pair(_i, &t);

    fill(&t);
    const size_t before = gather.bytes;
    const int64_t deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;
    ck_assert_int_eq(transport_write(&t, &gather, deadline_ns),
                     TRANSPORT_TIMEOUT);
    ck_assert_int_ge(clock_now_ns(), deadline_ns - 2 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(gather.bytes, before);
    ck_assert_int_eq(transport_write(&t, &gather, 1), TRANSPORT_TIMEOUT);
    ck_assert(!transport_host_is_gone(&t, 30000));
    close(peer);
    transport_destroy(&t);
}
END_TEST

START_TEST(a_peer_that_said_its_end)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    size_t length;
    char byte;

    ck_assert_int_eq(send(peer, "x", 1, 0), 1);
    ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
    ck_assert_int_eq(transport_read(&t, &byte, 1, soon(), &length),
                     TRANSPORT_OK);
    ck_assert_int_eq(transport_read(&t, &byte, 1, soon(), &length),
                     TRANSPORT_CLOSED);
    ck_assert_int_eq(transport_read_now(&t, &byte, 1, &length),
                     TRANSPORT_CLOSED);
    /* it still reads */
    gather_reset(&gather);
    gather_add_memory(&gather, "y", 1);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    read_all(peer, &byte, 1);
    close(peer);
    transport_destroy(&t);
}
END_TEST

/* Closed with bytes unread: a reset, not an end. No signal comes. */
START_TEST(a_peer_that_is_gone)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    enum transport_result result = TRANSPORT_OK;
    size_t length;
    char byte;

    gather_reset(&gather);
    gather_add_memory(&gather, "unread", 6);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    close(peer);
    ck_assert_int_eq(transport_read(&t, &byte, 1, soon(), &length),
                     TRANSPORT_RESET);
    while (result == TRANSPORT_OK) {
        gather_reset(&gather);
        gather_add_memory(&gather, "more", 4);
        result = transport_write(&t, &gather, soon());
    }
    ck_assert_int_eq(result, TRANSPORT_RESET);
    transport_destroy(&t);
}
END_TEST

/* Three pages of a file of which the last two are cut away: what is there is
 * sent, then FILE_FAULT, and blanked the rest goes out as zeros. */
START_TEST(a_file_cut_short_is_a_fault)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int fd = memfd_create("file", 0);
    enum transport_result result;
    uint8_t *mapped;
    uint8_t *got = malloc(4 * page);
    size_t before;

    ck_assert_ptr_nonnull(got);
    memset(got, 'A', 3 * page);
    ck_assert_int_eq(pwrite(fd, got, 3 * page, 0), (ssize_t)(3 * page));
    mapped = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert(mapped != MAP_FAILED);
    ck_assert_int_eq(ftruncate(fd, (off_t)page), 0);
    gather_reset(&gather);
    gather_add_memory(&gather, "head", 4);
    gather_add_file(&gather, mapped, 3 * page, 0);
    gather_add_memory(&gather, "tail", 4);
    do {
        before = gather.bytes;
        result = transport_write(&t, &gather, soon());
    } while (result == TRANSPORT_OK);
    ck_assert_int_eq(result, TRANSPORT_FILE_FAULT);
    ck_assert_uint_eq(gather.bytes, before); /* nothing was moved */
    ck_assert_uint_ge(gather.bytes, 2 * page + 4);
    gather_blank_file(&gather);
    while (gather.bytes > 0)
        ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    read_all(peer, got, 4 + 3 * page + 4);
    ck_assert_mem_eq(got, "head", 4);
    size_t there = 0;
    while (got[4 + there] == 'A')
        there++;
    ck_assert_uint_le(there, page);
    while (there < 3 * page && got[4 + there] == 0)
        there++;
    ck_assert_uint_eq(there, 3 * page);
    ck_assert_mem_eq(got + 4 + 3 * page, "tail", 4);
    free(got);
    munmap(mapped, 3 * page);
    close(fd);
    close(peer);
    transport_destroy(&t);
}
END_TEST

static void *interrupt_reading(void *argument)
{
    transport_interrupt(*(int *)argument, false);
    return NULL;
}

static void *interrupt_both(void *argument)
{
    transport_interrupt(*(int *)argument, true);
    return NULL;
}

START_TEST(a_reader_can_be_interrupted_and_still_write)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    pthread_t thread;
    size_t length;
    char byte;

    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_reading, &t.fd),
                     0);
    ck_assert_int_eq(transport_read(&t, &byte, 1, CLOCK_NEVER, &length),
                     TRANSPORT_CLOSED);
    pthread_join(thread, NULL);
    gather_reset(&gather);
    gather_add_memory(&gather, "b", 1);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    read_all(peer, &byte, 1);
    ck_assert_int_eq(byte, 'b');
    close(peer);
    transport_destroy(&t);
}
END_TEST

START_TEST(a_writer_can_be_interrupted)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    enum transport_result result;
    pthread_t thread;

    fill(&t);
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_both, &t.fd), 0);
    do
        result = transport_write(&t, &gather, CLOCK_NEVER);
    while (result == TRANSPORT_OK);
    ck_assert_int_eq(result, TRANSPORT_RESET);
    pthread_join(thread, NULL);
    close(peer);
    transport_destroy(&t);
}
END_TEST

/* The last words reach a peer that is still talking. */
START_TEST(closing_gently)
{
    struct transport t;
    int peer = open_pair(_i, &t);
    char text[8];

    ck_assert_int_eq(send(peer, "talk", 4, 0), 4);
    gather_reset(&gather);
    gather_add_memory(&gather, "bye", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
    /* The peer takes it only later: the wait is for the deadline. */
    transport_close_gently(&t, clock_now_ns() + 100 * CLOCK_NS_PER_MS);
    transport_destroy(&t);
    read_all(peer, text, 3);
    ck_assert_mem_eq(text, "bye", 3);
    ck_assert_int_eq(recv(peer, text, 1, 0), 0);
    close(peer);
}
END_TEST

START_TEST(closing_gently_ends_at_its_deadline)
{
    struct transport t;
    const int peer = open_pair(_i, &t);
    char byte;

    transport_close_gently(&t, clock_now_ns() + 10 * CLOCK_NS_PER_MS);
    ck_assert_int_eq(recv(peer, &byte, 1, 0), 0); /* our end was said */
    close(peer);
    transport_close_gently(&t, soon()); /* of one that is gone */
    transport_destroy(&t);
}
END_TEST

START_TEST(tcp_options)
{
    struct transport t;
    const int peer = open_pair(1, &t);
    static const struct {
        int level, name;
    } set[] = {{IPPROTO_TCP, TCP_NODELAY},
               {SOL_SOCKET, SO_KEEPALIVE},
               {IPPROTO_TCP, TCP_NOTSENT_LOWAT}};

    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
        int value = 0;
        socklen_t length = sizeof(value);

        ck_assert_int_eq(
            getsockopt(t.fd, set[i].level, set[i].name, &value, &length), 0);
        ck_assert_int_gt(value, 0);
    }
    close(peer);
    transport_destroy(&t);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("transport");
    TCase *const tests = tcase_create("transport");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, bytes_come_and_go, 0, 2);
    tcase_add_loop_test(tests, reading_ends_at_its_deadline, 0, 2);
    tcase_add_loop_test(tests, bytes_end_the_wait, 0, 2);
    tcase_add_loop_test(tests, partial_writes, 0, 2);
    tcase_add_loop_test(tests, writing_ends_at_its_deadline, 0, 2);
    tcase_add_loop_test(tests, a_peer_that_said_its_end, 0, 2);
    tcase_add_loop_test(tests, a_peer_that_is_gone, 0, 2);
    tcase_add_loop_test(tests, a_file_cut_short_is_a_fault, 0, 2);
    tcase_add_loop_test(tests, a_reader_can_be_interrupted_and_still_write, 0,
                        2);
    tcase_add_loop_test(tests, a_writer_can_be_interrupted, 0, 2);
    tcase_add_loop_test(tests, closing_gently, 0, 2);
    tcase_add_loop_test(tests, closing_gently_ends_at_its_deadline, 0, 2);
    tcase_add_test(tests, tcp_options);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
