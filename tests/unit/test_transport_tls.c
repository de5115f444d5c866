/* net/transport over TLS: a client in the same thread whose bytes the test
 * moves, so that everything can come byte by byte, be cut anywhere, or not be
 * taken. Index 0 of a test is TLS 1.2, 1 is TLS 1.3. */
#include "config.h"

#include "net/transport.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "certificate.h"
#include "net/tls_context.h"
#include "tls_client.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static struct tls_context *context;
static struct gather gather;

static void set_up(void)
{
    context = certificate_serve();
}

static void tear_down(void)
{
    tls_context_free(context);
}

static int64_t soon(void)
{
    return clock_now_ns() + 60 * CLOCK_NS_PER_S;
}

/* The server's end with little room to send in, if that is wanted. */
static void open_pair(struct transport *t, struct tls_client *client,
                      int version, int send_buffer_bytes)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (send_buffer_bytes != 0)
        ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF,
                                    &send_buffer_bytes,
                                    sizeof(send_buffer_bytes)),
                         0);
    transport_init(t, ends[0], context);
    tls_client_init(client, ends[1], version, NULL);
}

static void close_pair(struct transport *t, struct tls_client *client)
{
    transport_destroy(t);
    close(client->fd);
    tls_client_free(client);
}

/* What a transport reads of what has come by now. */
static enum transport_result read_now(struct transport *t, char *text,
                                      size_t size)
{
    size_t length = 0;
    const enum transport_result result =
        transport_read_now(t, text, size - 1, &length);

    text[length] = '\0';
    return result;
}

/* --- handshake and reading ------------------------------------------------ */

START_TEST(bytes_come_and_go)
{
    struct transport t;
    struct tls_client client;
    char text[16];
    size_t length;

    open_pair(&t, &client, versions[_i], 0);
    ck_assert_str_eq(transport_describe(&t), "TLS");
    tls_client_handshake(&client, &t);
    ck_assert_str_eq(transport_describe(&t), _i == 0 ? "TLSv1.2" : "TLSv1.3");
    tls_client_send(&client, "hello", 5);
    ck_assert_int_eq(transport_read(&t, text, 3, soon(), &length),
                     TRANSPORT_OK);
    ck_assert_uint_eq(length, 3);
    ck_assert_mem_eq(text, "hel", 3);
    /* the rest is inside TLS: no wait for the socket may miss it */
    ck_assert_int_eq(transport_read(&t, text, 3, soon(), &length),
                     TRANSPORT_OK);
    ck_assert_mem_eq(text, "lo", length);
    ck_assert_int_eq(transport_read_now(&t, text, 3, &length),
                     TRANSPORT_TIMEOUT);
    tls_client_send(&client, "!", 1);
    ck_assert_int_eq(transport_read_now(&t, text, 3, &length), TRANSPORT_OK);
    gather_reset(&gather);
    ck_assert_int_eq(transport_write(&t, &gather, 0), TRANSPORT_OK);
    gather_add_memory(&gather, "one", 3);
    gather_add_header(&gather, "two", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_uint_eq(gather.bytes, 0);
    ck_assert_uint_eq(tls_client_receive(&client, text, sizeof(text)), 6);
    ck_assert_mem_eq(text, "onetwo", 6);
    close_pair(&t, &client);
    transport_destroy(&t); /* twice is once */
}
END_TEST

/* One byte at a time, and a deadline after each: nothing is lost. */
START_TEST(a_peer_that_drips)
{
    struct transport t;
    struct tls_client client;
    char text[64];

    open_pair(&t, &client, versions[_i], 0);
    for (int flight = 0; flight < 3; flight++) {
        tls_client_step(&client);
        while (tls_client_push(&client, 1) > 0)
            ck_assert_int_eq(read_now(&t, text, sizeof(text)),
                             TRANSPORT_TIMEOUT);
    }
    tls_client_step(&client);
    ck_assert(SSL_is_init_finished(client.ssl));
    ck_assert_int_eq(SSL_write(client.ssl, "dripping", 8), 8);
    while (BIO_ctrl_pending(client.out) > 1) {
        (void)tls_client_push(&client, 1);
        ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_TIMEOUT);
    }
    (void)tls_client_push(&client, 1);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_OK);
    ck_assert_str_eq(text, "dripping");
    close_pair(&t, &client);
}
END_TEST

struct dripper {
    int fd;
    atomic_bool stop;
    atomic_uint sent;
};

/* The beginning of a record of 16 KiB, and then a byte a millisecond. */
static void *drip(void *argument)
{
    static const uint8_t begin[] = {0x16, 3, 1, 0x3F, 0xF0, 1, 0, 0x3F, 0xEC};
    struct dripper *dripper = argument;

    (void)!send(dripper->fd, begin, sizeof(begin), MSG_NOSIGNAL);
    while (!atomic_load(&dripper->stop)) {
        if (send(dripper->fd, begin, 1, MSG_NOSIGNAL) != 1)
            break;
        atomic_fetch_add(&dripper->sent, 1);
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
    return NULL;
}

/* The deadline is one for all, not one for each byte: it comes long before 16 s
 * of bytes that never make a handshake. */
START_TEST(a_peer_that_drips_is_bounded_by_the_deadline)
{
    struct transport t;
    struct tls_client client;
    struct dripper dripper = {.stop = false};
    pthread_t thread;
    char text[16];
    size_t length;

    open_pair(&t, &client, TLS1_3_VERSION, 0);
    dripper.fd = client.fd;
    ck_assert_int_eq(pthread_create(&thread, NULL, drip, &dripper), 0);
    ck_assert_int_eq(transport_read(&t, text, sizeof(text),
                                    clock_now_ns() + 50 * CLOCK_NS_PER_MS,
                                    &length),
                     TRANSPORT_TIMEOUT);
    ck_assert_uint_lt(atomic_load(&dripper.sent), 16000);
    atomic_store(&dripper.stop, true);
    pthread_join(thread, NULL);
    close_pair(&t, &client);
}
END_TEST

/* A peer that sends nothing but what TLS swallows by itself: requests for new
 * keys, as fast as they go, without reading the answers. */
static void *flood(void *argument)
{
    struct tls_client *client = argument;

    for (;;) {
        char bytes[4096];
        int n;

        if (SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
            SSL_do_handshake(client->ssl) != 1)
            return NULL;
        while ((n = BIO_read(client->out, bytes, sizeof(bytes))) > 0) {
            if (send(client->fd, bytes, (size_t)n, MSG_NOSIGNAL) != n)
                return NULL;
        }
    }
}

START_TEST(a_peer_that_floods_tls_is_bounded)
{
    struct transport t;
    struct tls_client client;
    enum transport_result result = TRANSPORT_TIMEOUT;
    pthread_t thread;
    char text[16];
    size_t length;

    open_pair(&t, &client, TLS1_3_VERSION, 4096);
    tls_client_handshake(&client, &t);
    ck_assert_int_eq(pthread_create(&thread, NULL, flood, &client), 0);
    /* It never has a word for us: the deadline comes all the same, and the
     * answers that it does not read do not pile up for ever. */
    while (result == TRANSPORT_TIMEOUT)
        result = transport_read(&t, text, sizeof(text),
                                clock_now_ns() + 2 * CLOCK_NS_PER_MS, &length);
    ck_assert_int_eq(result, TRANSPORT_ERROR);
    ck_assert_int_eq(errno, ENOBUFS);
    transport_interrupt(t.fd, true);
    pthread_join(thread, NULL);
    close_pair(&t, &client);
}
END_TEST

/* One call takes no more than it may, so that it comes back to look at the
 * time; nothing is lost by that. */
START_TEST(a_call_reads_only_so_much)
{
    struct transport t;
    struct tls_client client;
    char text[16];
    int unread = 0;

    open_pair(&t, &client, TLS1_3_VERSION, 0);
    tls_client_handshake(&client, &t);
    while (BIO_ctrl_pending(client.out) < 100000) {
        ck_assert_int_eq(
            SSL_key_update(client.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(client.ssl), 1);
    }
    tls_client_send(&client, "hello", 5);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_TIMEOUT);
    ck_assert_int_eq(ioctl(t.fd, FIONREAD, &unread), 0);
    ck_assert_int_gt(unread, 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_OK);
    ck_assert_str_eq(text, "hello");
    close_pair(&t, &client);
}
END_TEST

/* What a flight is cut behind: each byte of its first headers, and then some
 * everywhere. */
static size_t next_cut(size_t bytes)
{
    return bytes < 12 ? bytes + 1 : bytes + 13;
}

START_TEST(a_handshake_can_be_cut_anywhere)
{
    for (int flight = 0; flight < 2; flight++) {
        bool is_cut = true;

        for (size_t bytes = 0; is_cut; bytes = next_cut(bytes)) {
            struct transport t;
            struct tls_client client;
            char text[16];

            open_pair(&t, &client, versions[_i], 0);
            for (int i = 0; i < flight; i++) {
                tls_client_step(&client);
                (void)tls_client_push(&client, SIZE_MAX);
                ck_assert_int_eq(read_now(&t, text, sizeof(text)),
                                 TRANSPORT_TIMEOUT);
            }
            tls_client_step(&client);
            (void)tls_client_push(&client, bytes);
            is_cut = BIO_ctrl_pending(client.out) > 0;
            ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
            ck_assert_int_eq(read_now(&t, text, sizeof(text)),
                             TRANSPORT_CLOSED);
            ck_assert_int_eq(read_now(&t, text, sizeof(text)),
                             TRANSPORT_CLOSED);
            close_pair(&t, &client);
        }
    }
}
END_TEST

/* --- what is no TLS, or not well ------------------------------------------ */

START_TEST(what_is_not_tls_is_told)
{
    static const struct {
        const char *beginning;
        enum transport_result result;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", TRANSPORT_NOT_TLS},
        {"\3\1\1\1\1\1\1\1\1\1\1\1", TRANSPORT_NOT_TLS},
        {"\x15\1\1\1\1\1\1\1\1\1\1\1", TRANSPORT_NOT_TLS},
        {"PROXZ TCP4 192.0.2.1", TRANSPORT_NOT_TLS},
        {"PROXY TCP4 192.0.2.1", TRANSPORT_PROXY_HEADER},
        {"\r\n\r\n\0\r\nQUIT\n", TRANSPORT_PROXY_HEADER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct transport t;
        struct tls_client client;
        char text[16];

        open_pair(&t, &client, TLS1_3_VERSION, 0);
        ck_assert_int_eq(send(client.fd, cases[i].beginning, 12, 0), 12);
        ck_assert_int_eq(read_now(&t, text, sizeof(text)), cases[i].result);
        ck_assert_int_eq(read_now(&t, text, sizeof(text)), cases[i].result);
        gather_reset(&gather);
        gather_add_memory(&gather, "x", 1);
        ck_assert_int_eq(transport_write(&t, &gather, soon()), cases[i].result);
        ck_assert_uint_eq(gather.bytes, 1);
        transport_close_gently(&t, clock_now_ns() + CLOCK_NS_PER_MS);
        close_pair(&t, &client);
    }
}
END_TEST

START_TEST(garbage_inside_tls_is_told)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    ck_assert_int_eq(send(client.fd,
                          "\x17\3\3\0\x20"
                          "0123456789ABCDEF"
                          "0123456789ABCDEF",
                          37, 0),
                     37);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_BAD_TLS);
    ck_assert(strlen(transport_fault(&t)) > 3);
    close_pair(&t, &client);
}
END_TEST

/* TLS 1.1 is too old for us. */
START_TEST(old_versions_are_refused)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, TLS1_1_VERSION, 0);
    tls_client_step(&client);
    ck_assert_uint_gt(tls_client_push(&client, SIZE_MAX), 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_BAD_TLS);
    ck_assert_str_eq(transport_fault(&t), "unsupported protocol");
    close_pair(&t, &client);
}
END_TEST

/* Who cannot do better than 112 bits is refused, and told of in the log. */
static const struct {
    const char *ciphers;    /* NULL: all that the client has */
    const char *signatures; /* NULL: likewise */
    const char *fault;
} weak[] = {
    {"ECDHE-ECDSA-NULL-SHA", NULL, "no shared cipher"},
    {NULL, "ECDSA+SHA1", "no shared signature algorithms"},
};

START_TEST(weak_clients_are_refused)
{
    struct transport t;
    struct tls_client client;
    enum transport_result result = TRANSPORT_TIMEOUT;
    char text[16];

    open_pair(&t, &client, TLS1_2_VERSION, 0);
    if (weak[_i].ciphers != NULL)
        ck_assert(SSL_set_cipher_list(client.ssl, weak[_i].ciphers));
    if (weak[_i].signatures != NULL)
        ck_assert(SSL_set1_sigalgs_list(client.ssl, weak[_i].signatures));
    for (int i = 0; i < 3 && result == TRANSPORT_TIMEOUT; i++) {
        tls_client_step(&client);
        (void)tls_client_push(&client, SIZE_MAX);
        result = read_now(&t, text, sizeof(text));
    }
    ck_assert_int_eq(result, TRANSPORT_BAD_TLS);
    ck_assert_str_eq(transport_fault(&t), weak[_i].fault);
    ck_assert(!SSL_is_init_finished(client.ssl));
    close_pair(&t, &client);
}
END_TEST

/* The peer learns why a handshake failed, though it had let the way to it fill
 * up. */
START_TEST(the_alert_of_a_refusal_arrives)
{
    static char waste[4096];
    struct transport t;
    struct tls_client client;
    char text[16];
    uint8_t alert[7];

    open_pair(&t, &client, TLS1_1_VERSION, 4096);
    tls_client_step(&client);
    for (size_t size = sizeof(waste); size > 0; size /= 2) {
        while (send(t.fd, waste, size, MSG_DONTWAIT) > 0)
            ;
    }
    ck_assert_uint_gt(tls_client_push(&client, SIZE_MAX), 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_BAD_TLS);
    while (recv(client.fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
        ;
    transport_close_gently(&t, clock_now_ns() + CLOCK_NS_PER_MS);
    ck_assert_int_eq(recv(client.fd, alert, 7, MSG_DONTWAIT), 7);
    ck_assert_uint_eq(alert[0], SSL3_RT_ALERT);
    ck_assert_uint_eq(alert[6], SSL_AD_PROTOCOL_VERSION);
    close_pair(&t, &client);
}
END_TEST

/* A client that does not know who made the certificate says so. */
START_TEST(a_refused_certificate_is_told)
{
    struct transport t;
    struct tls_client client;
    char text[16];
    enum transport_result result = TRANSPORT_TIMEOUT;

    open_pair(&t, &client, versions[_i], 0);
    SSL_set_verify(client.ssl, SSL_VERIFY_PEER, NULL);
    for (int i = 0; i < 4 && result == TRANSPORT_TIMEOUT; i++) {
        tls_client_step(&client);
        (void)tls_client_push(&client, SIZE_MAX);
        result = read_now(&t, text, sizeof(text));
    }
    ck_assert_int_eq(result, TRANSPORT_BAD_TLS);
    ck_assert_str_eq(transport_fault(&t),
                     "the peer does not accept the certificate");
    close_pair(&t, &client);
}
END_TEST

START_TEST(renegotiation_is_refused)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, TLS1_2_VERSION, 0);
    tls_client_handshake(&client, &t);
    ck_assert_int_eq(SSL_renegotiate(client.ssl), 1);
    tls_client_step(&client);
    ck_assert_uint_gt(tls_client_push(&client, SIZE_MAX), 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_TIMEOUT);
    tls_client_pull(&client);
    ERR_clear_error();
    ck_assert_int_eq(SSL_do_handshake(client.ssl), -1);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    close_pair(&t, &client);
}
END_TEST

/* --- ends ----------------------------------------------------------------- */

START_TEST(close_notify_both_ways)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    ck_assert_int_eq(SSL_shutdown(client.ssl), 0);
    (void)tls_client_push(&client, SIZE_MAX);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_CLOSED);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_CLOSED);
    /* it still reads */
    gather_reset(&gather);
    gather_add_memory(&gather, "bye", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    transport_destroy(&t);
    ck_assert_uint_eq(tls_client_receive(&client, text, sizeof(text)), 3);
    ck_assert_int_ne(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN, 0);
    tls_client_pull(&client);
    ck_assert(client.has_seen_end);
    close_pair(&t, &client);
}
END_TEST

/* Nothing is cut that RTMP would not notice. */
START_TEST(an_end_without_close_notify_is_an_end)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    tls_client_send(&client, "last", 4);
    ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_OK);
    ck_assert_str_eq(text, "last");
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_CLOSED);
    gather_reset(&gather);
    gather_add_memory(&gather, "bye", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_uint_eq(tls_client_receive(&client, text, sizeof(text)), 3);
    close_pair(&t, &client);
}
END_TEST

START_TEST(a_peer_that_is_gone)
{
    struct transport t;
    struct tls_client client;
    enum transport_result result = TRANSPORT_OK;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    gather_reset(&gather);
    gather_add_memory(&gather, "unread", 6);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_int_eq(close(client.fd), 0);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_RESET);
    while (result == TRANSPORT_OK) {
        gather_reset(&gather);
        gather_add_memory(&gather, "more", 4);
        result = transport_write(&t, &gather, soon());
    }
    ck_assert_int_eq(result, TRANSPORT_RESET);
    transport_destroy(&t);
    tls_client_free(&client);
}
END_TEST

START_TEST(closing_gently)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    tls_client_send(&client, "still talking", 13);
    ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
    gather_reset(&gather);
    gather_add_memory(&gather, "bye", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    transport_close_gently(&t, clock_now_ns() + 100 * CLOCK_NS_PER_MS);
    transport_destroy(&t);
    ck_assert_uint_eq(tls_client_receive(&client, text, sizeof(text)), 3);
    ck_assert_mem_eq(text, "bye", 3);
    ck_assert_int_ne(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN, 0);
    close_pair(&t, &client);
}
END_TEST

static void *interrupt_reading(void *argument)
{
    transport_interrupt(*(int *)argument, false);
    return NULL;
}

START_TEST(a_reader_can_be_interrupted_and_still_write)
{
    struct transport t;
    struct tls_client client;
    pthread_t thread;
    char text[16];
    size_t length;

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_reading, &t.fd),
                     0);
    ck_assert_int_eq(transport_read(&t, text, 1, CLOCK_NEVER, &length),
                     TRANSPORT_CLOSED);
    pthread_join(thread, NULL);
    gather_reset(&gather);
    gather_add_memory(&gather, "bye", 3);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_uint_eq(tls_client_receive(&client, text, sizeof(text)), 3);
    close_pair(&t, &client);
}
END_TEST

/* --- writing -------------------------------------------------------------- */

#define BIG (2u << 20)

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 4096);
}

/* Parts of many sizes, some in memory and some in a file, through a socket with
 * little room: it all arrives, and the gather is not empty before the kernel
 * has everything. */
START_TEST(partial_writes)
{
    struct transport t;
    struct tls_client client;
    uint8_t *data = malloc(BIG);
    uint8_t *got = malloc(BIG);
    const int fd = memfd_create("file", MFD_CLOEXEC);
    size_t done = 0;
    size_t taken = 0;
    size_t parts = 0;

    ck_assert(data != NULL && got != NULL);
    for (size_t i = 0; i < BIG; i++)
        data[i] = pattern(i);
    ck_assert_int_eq(pwrite(fd, data, BIG, 0), BIG);
    open_pair(&t, &client, versions[_i], 4096);
    tls_client_handshake(&client, &t);
    while (taken < BIG) {
        if (gather.bytes == 0 && done < BIG) {
            gather_reset(&gather);
            gather.file_fd = fd;
            while (gather_has_room(&gather, 1) && done < BIG) {
                size_t size = 1 + parts * 7919 % 30000;

                if (size > gather_room_bytes(&gather))
                    size = gather_room_bytes(&gather);
                if (size > BIG - done)
                    size = BIG - done;
                gather_mark_message(&gather);
                if (parts++ % 3 == 0)
                    gather_add_memory(&gather, data + done, size);
                else /* the mapping is never read: there is none */
                    gather_add_file(&gather, (const void *)16, size,
                                    (int64_t)done);
                done += size;
            }
        }
        const enum transport_result result = transport_write(&t, &gather, 1);
        ck_assert(result == TRANSPORT_OK || result == TRANSPORT_TIMEOUT);
        const size_t n = tls_client_receive(&client, got + taken, BIG - taken);
        /* Nothing is said to be sent that is not. */
        if (gather.bytes == 0)
            ck_assert_uint_eq(taken + n, done);
        taken += n;
    }
    ck_assert_mem_eq(got, data, BIG);
    free(data);
    free(got);
    close(fd);
    close_pair(&t, &client);
}
END_TEST

/* The lengths of the records of application data that wait at the client's end,
 * read as bytes. Returns how many they are. */
static size_t read_records(int fd, size_t *lengths, size_t most)
{
    size_t count = 0;
    uint8_t header[5];
    ssize_t n;

    while ((n = recv(fd, header, sizeof(header), MSG_DONTWAIT)) > 0) {
        uint8_t body[SSL3_RT_MAX_ENCRYPTED_LENGTH];
        const size_t length = (size_t)header[3] << 8 | header[4];

        ck_assert_int_eq(n, sizeof(header));
        ck_assert_uint_eq(header[0], SSL3_RT_APPLICATION_DATA);
        ck_assert_uint_le(length, sizeof(body));
        ck_assert_int_eq(recv(fd, body, length, MSG_WAITALL), (ssize_t)length);
        ck_assert_uint_lt(count, most);
        lengths[count++] = length;
    }
    return count;
}

#define BATCH_BYTES 100000

/* A batch of many small parts, as a burst is one, takes no more records than it
 * must: all are full but the last. */
START_TEST(a_batch_goes_out_in_full_records)
{
    struct transport t;
    struct tls_client client;
    const int fd = memfd_create("file", MFD_CLOEXEC);
    size_t lengths[64];
    size_t count;

    ck_assert_int_eq(ftruncate(fd, BATCH_BYTES), 0);
    open_pair(&t, &client, versions[_i], 1 << 20);
    tls_client_handshake(&client, &t);
    gather_reset(&gather);
    gather.file_fd = fd;
    for (int64_t i = 0; i < 100; i++) {
        gather_mark_message(&gather);
        gather_add_header(&gather, "a header 12b", 12);
        gather_add_file(&gather, NULL, BATCH_BYTES / 100 - 12, i * 1000);
    }
    while (gather.bytes > 0)
        ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    count = read_records(client.fd, lengths, 64);
    ck_assert_uint_eq(count, BATCH_BYTES / SSL3_RT_MAX_PLAIN_LENGTH + 1);
    for (size_t i = 0; i + 1 < count; i++)
        ck_assert_uint_ge(lengths[i], SSL3_RT_MAX_PLAIN_LENGTH);
    close(fd);
    close_pair(&t, &client);
}
END_TEST

#define MESSAGE_BYTES 1000
#define ROUNDS 15

/* Takes at most `most` bytes of messages, each of which says its own number
 * over and over. */
static void take(struct tls_client *client, size_t most, size_t *taken)
{
    uint8_t got[4096];
    size_t n;

    while (most > 0 &&
           (n = tls_client_receive(
                client, got, most < sizeof(got) ? most : sizeof(got))) > 0) {
        for (size_t i = 0; i < n; i++, ++*taken)
            ck_assert_uint_eq(got[i], *taken / MESSAGE_BYTES % 256);
        most -= n;
    }
}

/* What is dropped from the gather in the middle of a write was not begun: the
 * stream stays in step. */
START_TEST(messages_can_be_dropped_at_any_time)
{
    static uint8_t messages[256][MESSAGE_BYTES];
    struct transport t;
    struct tls_client client;
    size_t sent = 0; /* messages */
    size_t taken = 0;

    for (size_t i = 0; i < 256; i++)
        memset(messages[i], (int)i, sizeof(messages[i]));
    open_pair(&t, &client, versions[_i], 4096);
    tls_client_handshake(&client, &t);
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t dropped;

        gather_reset(&gather);
        for (size_t i = 0; i < 120; i++) {
            const uint8_t *message = messages[(sent + i) % 256];
            /* so that records end everywhere in a message */
            const size_t head = i == 0 ? 1 + round * 67 % 999 : 1;

            gather_mark_message(&gather);
            gather_add_memory(&gather, message, head);
            gather_add_memory(&gather, message + head, MESSAGE_BYTES - head);
        }
        for (size_t i = 0; i <= round % 7; i++) {
            (void)transport_write(&t, &gather, 1);
            take(&client, 100 + 1777 * (round % 5), &taken);
        }
        dropped = gather_keep_begun(&gather);
        ck_assert_uint_gt(dropped, 0);
        sent += 120 - dropped;
        while (taken < sent * MESSAGE_BYTES) {
            (void)transport_write(&t, &gather, 1);
            take(&client, SIZE_MAX, &taken);
        }
        ck_assert_uint_eq(taken, sent * MESSAGE_BYTES);
        ck_assert_uint_eq(gather.bytes, 0);
    }
    close_pair(&t, &client);
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
        do
            result = transport_write(t, &gather,
                                     clock_now_ns() + 10 * CLOCK_NS_PER_MS);
        while (result == TRANSPORT_OK && gather.bytes > 0);
    }
    ck_assert_int_eq(result, TRANSPORT_TIMEOUT);
}

START_TEST(writing_ends_at_its_deadline)
{
    struct transport t;
    struct tls_client client;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    fill(&t);
    const size_t before = gather.bytes;
    const int64_t deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;
    ck_assert_int_eq(transport_write(&t, &gather, deadline_ns),
                     TRANSPORT_TIMEOUT);
    ck_assert_int_ge(clock_now_ns(), deadline_ns - 2 * CLOCK_NS_PER_MS);
    ck_assert_uint_eq(gather.bytes, before);
    /* what it says is heard all the same */
    tls_client_send(&client, "pause", 5);
    ck_assert_int_eq(read_now(&t, text, sizeof(text)), TRANSPORT_OK);
    ck_assert_str_eq(text, "pause");
    close_pair(&t, &client);
}
END_TEST

/* A file that is cut short under the gather: what is there goes out, then
 * FILE_FAULT, and blanked the rest goes out as zeros. */
START_TEST(a_file_cut_short_is_a_fault)
{
    struct transport t;
    struct tls_client client;
    uint8_t *got = malloc(70000);
    const int fd = memfd_create("file", MFD_CLOEXEC);
    size_t there = 0;

    ck_assert_ptr_nonnull(got);
    memset(got, 'A', 60000);
    ck_assert_int_eq(pwrite(fd, got, 60000, 0), 60000);
    ck_assert_int_eq(ftruncate(fd, 20000), 0);
    open_pair(&t, &client, versions[_i], 0);
    tls_client_handshake(&client, &t);
    gather_reset(&gather);
    gather.file_fd = fd;
    gather_add_memory(&gather, "head", 4);
    gather_add_file(&gather, (const void *)16, 60000, 0);
    gather_add_memory(&gather, "tail", 4);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    const size_t before = gather.bytes;
    ck_assert_int_eq(transport_write(&t, &gather, soon()),
                     TRANSPORT_FILE_FAULT);
    ck_assert_uint_eq(gather.bytes, before); /* nothing was moved */
    ck_assert_uint_ge(before, 40004);
    gather_blank_file(&gather);
    while (gather.bytes > 0)
        ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    ck_assert_uint_eq(tls_client_receive(&client, got, 70000), 60008);
    ck_assert_mem_eq(got, "head", 4);
    while (got[4 + there] == 'A')
        there++;
    ck_assert_uint_le(there, 20000);
    ck_assert_uint_ge(there, 16000);
    while (there < 60000 && got[4 + there] == 0)
        there++;
    ck_assert_uint_eq(there, 60000);
    ck_assert_mem_eq(got + 60004, "tail", 4);
    free(got);
    close(fd);
    close_pair(&t, &client);
}
END_TEST

/* Nobody has read before: the handshake comes with the writing. */
static void *shake_hands(void *argument)
{
    struct tls_client *client = argument;

    ck_assert_int_eq(SSL_do_handshake(client->ssl), 1);
    return NULL;
}

START_TEST(writing_first_shakes_hands)
{
    struct transport t;
    struct tls_client client;
    pthread_t thread;
    char text[16];

    open_pair(&t, &client, versions[_i], 0);
    gather_reset(&gather);
    gather_add_memory(&gather, "first", 5);
    ck_assert_int_eq(transport_write(&t, &gather, 1), TRANSPORT_TIMEOUT);
    ck_assert_uint_eq(gather.bytes, 5);
    ck_assert_int_eq(SSL_set_fd(client.ssl, client.fd), 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, shake_hands, &client), 0);
    ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    pthread_join(thread, NULL);
    ck_assert_int_eq(SSL_read(client.ssl, text, sizeof(text)), 5);
    ck_assert_mem_eq(text, "first", 5);
    close_pair(&t, &client);
}
END_TEST

int main(void)
{
    const TTest *const in_both_versions[] = {
        bytes_come_and_go,
        a_peer_that_drips,
        a_handshake_can_be_cut_anywhere,
        garbage_inside_tls_is_told,
        a_refused_certificate_is_told,
        close_notify_both_ways,
        an_end_without_close_notify_is_an_end,
        a_peer_that_is_gone,
        closing_gently,
        a_reader_can_be_interrupted_and_still_write,
        partial_writes,
        a_batch_goes_out_in_full_records,
        messages_can_be_dropped_at_any_time,
        writing_ends_at_its_deadline,
        a_file_cut_short_is_a_fault,
        writing_first_shakes_hands,
    };
    Suite *const suite = suite_create("transport over TLS");
    TCase *const tests = tcase_create("transport over TLS");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    for (size_t i = 0;
         i < sizeof(in_both_versions) / sizeof(in_both_versions[0]); i++)
        tcase_add_loop_test(tests, in_both_versions[i], 0, 2);
    tcase_add_test(tests, a_peer_that_drips_is_bounded_by_the_deadline);
    tcase_add_test(tests, a_peer_that_floods_tls_is_bounded);
    tcase_add_test(tests, a_call_reads_only_so_much);
    tcase_add_test(tests, what_is_not_tls_is_told);
    tcase_add_test(tests, old_versions_are_refused);
    tcase_add_loop_test(tests, weak_clients_are_refused, 0,
                        sizeof(weak) / sizeof(weak[0]));
    tcase_add_test(tests, the_alert_of_a_refusal_arrives);
    tcase_add_test(tests, renegotiation_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
