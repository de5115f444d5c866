/* --proxy-protocol: who must begin with a PROXY header, who may not, and that
 * rules, counts and the log go by the address in it. */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_tls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SIGNATURE "0D0A0D0A000D0A515549540A"
#define LINE "PROXY TCP4 192.0.2.1 10.9.9.9 50000 1935\r\n"
#define LOCAL SIGNATURE "20 00 0000"

static struct sockaddr_storage ipv4(const char *host, uint16_t port)
{
    struct sockaddr_storage socket = {.ss_family = AF_UNIX};
    struct sockaddr_in *in = (struct sockaddr_in *)&socket;

    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    ck_assert_int_eq(inet_pton(AF_INET, host, &in->sin_addr), 1);
    return socket;
}

/* Peers come from the proxy 10.0.0.1. */
static void start(struct server *server)
{
    server_start(server, small_file());
    ck_assert_int_eq(network_parse("fd00::/8", &server->options.proxies[0]),
                     NETWORK_GOOD);
    ck_assert_int_eq(network_parse("10.0.0.0/24", &server->options.proxies[1]),
                     NETWORK_GOOD);
    server->options.proxy_count = 2;
    server->peers = ipv4("10.0.0.1", 4000);
}

static void add_rule(struct server *server, const char *network, bool allows)
{
    struct access *access = &server->options.access;
    struct access_rule *rule = &access->rules[access->count++];

    ck_assert_int_eq(network_parse(network, &rule->network), NETWORK_GOOD);
    rule->allows = allows;
}

static void send_line(struct peer *peer, const char *line)
{
    send_bare(peer, line, strlen(line));
}

static void send_block(struct peer *peer, const char *hex)
{
    struct flv_bytes b = {0};

    flv_bytes_hex(&b, hex);
    send_bare(peer, b.data, b.length);
    flv_bytes_free(&b);
}

/* A line of version 1, or a block of version 2 as hexadecimal digits. */
static void send_header(struct peer *peer, const char *header)
{
    if (header[0] == 'P')
        send_line(peer, header);
    else
        send_block(peer, header);
}

static void play(struct peer *peer)
{
    do_play(peer);
    skip_to_status(peer, "NetStream.Play.Stop");
    peer_close(peer);
}

static void expect_in(const char *log, const char *text)
{
    ck_assert_msg(strstr(log, text) != NULL, "not in the log: %s", text);
}

/* --- who may come --------------------------------------------------------- */

START_TEST(the_log_shows_who_is_behind_the_proxy)
{
    static const struct {
        const char *header;
        const char *label;
    } cases[] = {
        {LINE, "#1 192.0.2.1:50000"},
        {"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "#2 [2001:db8::7]:1"},
        {"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "#3 192.0.2.7:1"},
        {SIGNATURE "21 11 000C C0000202 C6336402 C350 078F",
         "#4 192.0.2.2:50000"},
        {SIGNATURE "21 21 0024 20010DB8000000000000000000000009"
                   "20010DB8000000000000000000000002 0001 0002",
         "#5 [2001:db8::9]:1"},
        /* crc32c, unique-id, and of TLS the version and a name */
        {SIGNATURE "21 11 0034 C0000203 C6336402 C350 078F 03 0004 01020304"
                   "05 0008 0123456789ABCDEF 20 0013 01 00000000"
                   "21 0007 544C5376312E33 22 0001 63",
         "#6 192.0.2.3:50000"},
        {"PROXY UNKNOWN\r\n", "#7 10.0.0.1:4000"},
        {LOCAL, "#8 10.0.0.1:4000"},
        {SIGNATURE "21 12 000C C0000202 C6336402 C350 078F",
         "#9 10.0.0.1:4000"},
    };
    struct server server;
    const char *log;

    start(&server);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct peer *peer = peer_open(&server);

        send_header(peer, cases[i].header);
        play(peer);
    }
    log = server_stop_for_log(&server, "peer closed the connection");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char end[128];

        snprintf(end, sizeof(end), " %s: ended: ", cases[i].label);
        expect_in(log, end);
    }
}
END_TEST

/* Each is heard before the next one comes. */
START_TEST(a_header_may_come_byte_by_byte)
{
    static const char *const headers[] = {
        LINE, SIGNATURE "21 11 0010 C0000201 C6336402 C350 078F 04 0001 00"};
    struct server server;
    const char *log;

    start(&server);
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct peer *peer = peer_open(&server);
        struct flv_bytes b = {0};

        if (i == 0)
            flv_bytes_add(&b, headers[i], strlen(headers[i]));
        else
            flv_bytes_hex(&b, headers[i]);
        for (size_t at = 0; at < b.length; at++) {
            send_bare(peer, b.data + at, 1);
            wait_until_heard(peer);
        }
        flv_bytes_free(&b);
        play(peer);
    }
    log = server_stop_for_log(&server, "peer closed the connection");
    expect_in(log, " #1 192.0.2.1:50000: ended: ");
    expect_in(log, " #2 192.0.2.1:50000: ended: ");
}
END_TEST

/* What is behind it came with it, and is not taken for a part of it. */
START_TEST(a_header_and_all_that_follows_may_come_at_once)
{
    uint8_t bytes[sizeof(LINE) - 1 + 1537] = LINE;
    uint8_t reply[3073];
    struct server server;

    if (runs_over_tls())
        return;
    start(&server);
    for (size_t length = sizeof(LINE); length <= sizeof(bytes);
         length += 1536) {
        struct peer *peer = peer_open(&server);

        bytes[sizeof(LINE) - 1] = 3;
        send_bytes(peer, bytes, length);
        send_bytes(peer, bytes + length, sizeof(bytes) - length);
        read_bytes(peer, reply, sizeof(reply));
        ck_assert_mem_eq(reply + 1537, bytes + sizeof(LINE), 4);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* --- who may not ---------------------------------------------------------- */

START_TEST(a_proxy_must_send_one)
{
    static const char *const beginnings[] = {"03", "16030102", "474554202F",
                                             "504F5354", "0D0A0D0A000D0A0D"};
    struct server server;

    start(&server);
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        struct peer *peer = peer_open_bare(&server);

        send_hex(peer, beginnings[i]);
        expect_closed(peer);
        peer_abort(peer);
    }
    server_stop(
        &server,
        "no PROXY header, which --proxy-protocol wants of this address");
}
END_TEST

START_TEST(a_header_must_be_right)
{
    static const char *const headers[] = {
        "PROXY TCP4 192.0.2.1 10.9.9.9 050000 1935\r\n",
        "PROXY TCP4 ::1 10.9.9.9 1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.9.9.9 1 2\n",
        "PROXY UNKNOWN 1234567890123456789012345678901234567890123456789012345"
        "6789012345678901234567890123456789012\r\n",
        SIGNATURE "31 11 000C",
        SIGNATURE "22",
        SIGNATURE "21 41",
        SIGNATURE "21 11 000B",
        SIGNATURE "21 11 FFFF",
    };
    struct server server;
    const char *log;

    start(&server);
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct peer *peer = peer_open_bare(&server);

        send_header(peer, headers[i]);
        expect_closed(peer);
        peer_abort(peer);
    }
    log = server_stop_for_log(&server, "malformed PROXY header");
    expect_in(log, "PROXY header: its source port is no number from 0 to ");
}
END_TEST

/* Nobody may give himself another address; also where no proxy is named. */
START_TEST(nobody_else_may_send_one)
{
    static const char *const headers[] = {
        LINE, SIGNATURE "21 11 000C C0000202 C6336402 C350 078F", LOCAL};
    struct server server;
    const char *log;

    start(&server);
    server.peers = ipv4("10.0.1.1", 4000);
    for (size_t i = 0; i < 2 * COUNT(headers); i++) {
        struct peer *peer = peer_open_bare(&server);

        send_header(peer, headers[i % COUNT(headers)]);
        (void)try_to_send(peer, "\3", 1);
        read_to_end(peer);
        peer_abort(peer);
        if (i + 1 == COUNT(headers))
            server.options.proxy_count = 0;
    }
    log = server_stop_for_log(&server,
                              "bad handshake: PROXY header, which "
                              "--proxy-protocol does not want of this address");
    ck_assert_ptr_null(strstr(log, " 192.0.2."));
}
END_TEST

START_TEST(one_is_enough)
{
    struct server server;
    struct peer *peer;

    start(&server);
    peer = peer_open_bare(&server);
    send_line(peer, LINE LINE);
    read_to_end(peer);
    peer_abort(peer);
    server_stop(&server, "bad handshake: PROXY header, which --proxy-protocol "
                         "does not want of this address");
}
END_TEST

/* --- rules and counts ----------------------------------------------------- */

START_TEST(rules_are_for_whom_it_names)
{
    struct server server;
    struct peer *peer;
    const char *log;

    start(&server);
    add_rule(&server, "192.0.2.66", false);
    add_rule(&server, "192.0.2.0/24", true);
    peer = peer_open(&server);
    send_line(peer, LINE);
    play(peer);
    peer = peer_open_bare(&server);
    send_line(peer, "PROXY TCP4 192.0.2.66 10.9.9.9 1 2\r\n");
    expect_closed(peer);
    peer_abort(peer);
    peer = peer_open_bare(&server);
    send_block(peer, SIGNATURE "21 11 000C C6336401 C6336402 C350 078F");
    expect_closed(peer);
    peer_abort(peer);
    /* The proxy has no name in them either, when it speaks for itself. */
    peer = peer_open_bare(&server);
    send_block(peer, LOCAL "03");
    expect_closed(peer);
    peer_abort(peer);
    server.sessions = 3;
    log = server_stop_for_log(
        &server, "refused: --allow and --deny keep its address out");
    expect_in(log, " #1 192.0.2.1:50000: ended: peer closed");
    expect_in(log, " #2 192.0.2.66:1: ended: refused");
    expect_in(log, " #3 198.51.100.1:50000: ended: refused");
    expect_in(log, " #4 10.0.0.1:4000: ended: refused");
}
END_TEST

START_TEST(connections_are_counted_for_whom_it_names)
{
    struct server server;
    struct peer *first, *other, *second;

    start(&server);
    census_destroy(&server.census);
    ck_assert(census_init(&server.census, 1, 10, 1));
    first = peer_open(&server);
    send_line(first, LINE);
    do_handshake(first);
    other = peer_open(&server);
    send_line(other, "PROXY TCP4 192.0.2.2 10.9.9.9 1 2\r\n");
    do_handshake(other);
    second = peer_open_bare(&server);
    send_line(second, LINE);
    expect_closed(second);
    peer_abort(second);
    peer_close(first);
    while (roster_count(&server.roster) > 1)
        sched_yield();
    first = peer_open(&server);
    send_line(first, LINE);
    do_handshake(first);
    peer_close(first);
    peer_close(other);
    server.sessions = 1;
    server_stop(&server, "refused: too many connections of its address");
}
END_TEST

/* --- health checks -------------------------------------------------------- */

static void close_with_a_reset(struct peer *peer)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    ck_assert_int_eq(
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
        0);
    peer_abort(peer);
}

/* Nothing, or a header and nothing: of the proxy's own, or of somebody behind
 * it, as it comes through two proxies or another network. They are not even
 * told where the proxy itself may not play. */
START_TEST(health_checks_are_silent)
{
    static const char *const headers[] = {
        "",
        LOCAL,
        "PROXY TCP4 10.0.0.1 10.9.9.9 4000 1935\r\n",
        "PROXY UNKNOWN\r\n",
        SIGNATURE "21 11 000C 0A000001 C6336402 C350 078F",
        LINE};
    struct server server;
    const char *log;

    start(&server);
    add_rule(&server, "10.0.0.0/8", false);
    for (size_t i = 0; i < 2 * COUNT(headers); i++) {
        struct peer *peer = peer_open_tcp(&server, 65536);

        send_header(peer, headers[i / 2]);
        wait_until_heard(peer);
        if (i % 2 == 0)
            peer_abort(peer);
        else
            close_with_a_reset(peer);
    }
    log = server_stop_for_log(
        &server, "health check: a proxy closed before anything came");
    ck_assert_ptr_null(strstr(log, " info: #"));
    ck_assert_ptr_null(strstr(log, " warn"));
}
END_TEST

/* Some go on to see whether TLS is spoken. */
START_TEST(health_checks_of_tls_are_silent)
{
    struct server server;
    struct peer *peer;
    const char *log;

    if (!runs_over_tls())
        return;
    start(&server);
    peer = peer_open(&server);
    send_block(peer, LOCAL);
    ck_assert_int_eq(peer_tls_send(peer->tls, "", 0), 0);
    peer_close(peer);
    log = server_stop_for_log(
        &server, "health check: a proxy closed before anything came");
    ck_assert_ptr_null(strstr(log, " info: #"));
}
END_TEST

/* --- the ends of those who say nothing ------------------------------------ */

START_TEST(half_a_header_and_the_end)
{
    static const char *const headers[] = {"PROXY TCP4", SIGNATURE,
                                          SIGNATURE "21 11 000C 0102"};
    struct server server;

    start(&server);
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct peer *peer = peer_open_bare(&server);

        send_header(peer, headers[i]);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_header_has_the_time_of_a_handshake)
{
    static const char *const headers[] = {"", "PROXY TCP4", SIGNATURE, LINE,
                                          LOCAL};
    struct server server;
    struct peer *peers[COUNT(headers)];

    start(&server);
    server.options.handshake_timeout_ns = 20 * 1000 * 1000;
    for (size_t i = 0; i < COUNT(headers); i++) {
        peers[i] = peer_open_bare(&server);
        send_header(peers[i], headers[i]);
    }
    for (size_t i = 0; i < COUNT(headers); i++) {
        expect_closed(peers[i]);
        peer_abort(peers[i]);
    }
    server_stop(&server, "handshake timeout: no connect in time");
}
END_TEST

START_TEST(a_stop_does_not_wait_for_a_header)
{
    static const char *const headers[] = {"", "PROXY TCP4", SIGNATURE, LINE};
    struct server server;
    struct peer *peers[COUNT(headers)];

    start(&server);
    for (size_t i = 0; i < COUNT(headers); i++) {
        peers[i] = peer_open_bare(&server);
        send_header(peers[i], headers[i]);
    }
    server_tell_stop(&server);
    for (size_t i = 0; i < COUNT(headers); i++) {
        read_to_end(peers[i]);
        peer_abort(peers[i]);
    }
    server_stop(&server, "server stops");
}
END_TEST

int main(void)
{
    return run_tests(
        "proxy protocol",
        (const TTest *[]){
            the_log_shows_who_is_behind_the_proxy,
            a_header_may_come_byte_by_byte,
            a_header_and_all_that_follows_may_come_at_once,
            a_proxy_must_send_one, a_header_must_be_right,
            nobody_else_may_send_one, one_is_enough,
            rules_are_for_whom_it_names,
            connections_are_counted_for_whom_it_names, health_checks_are_silent,
            health_checks_of_tls_are_silent, half_a_header_and_the_end,
            a_header_has_the_time_of_a_handshake,
            a_stop_does_not_wait_for_a_header, NULL});
}
