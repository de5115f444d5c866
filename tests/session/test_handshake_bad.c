/* Peers that speak something else, or go away in the handshake. */
#include "peer.h"

#include <string.h>

START_TEST(what_is_no_rtmp_is_told_by_its_first_byte)
{
    static const char *const beginnings[] = {"GET / HTTP/1.1\r\n\r\n",
                                             "OPTIONS * RTSP/1.0\r\n\r\n",
                                             " ",
                                             "\x06",
                                             "\x08",
                                             "\x80",
                                             "\xFF",
                                             "PROXY TCP4 192.0.2.1"};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        struct peer *peer = peer_open(&server);

        send_bytes(peer, beginnings[i], 1);
        expect_closed(peer);
        peer_abort(peer);
    }
    server_stop(&server, "bad handshake: not RTMP");
}
END_TEST

START_TEST(peers_may_go_at_any_byte)
{
    static const size_t lengths[] = {0,    1,        2,          1535,
                                     1536, 1537,     1538,       1537 + 1000,
                                     3072, 1537 + 1, 1537 + 1535};
    static uint8_t bytes[3073] = {3};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct peer *peer = peer_open(&server);
        uint8_t reply[3073];

        send_bytes(peer, bytes, lengths[i]);
        peer_finish_sending(peer);
        if (lengths[i] >= 1537)
            read_bytes(peer, reply, sizeof(reply));
        expect_closed(peer);
        peer_abort(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A ClientHello where C0 is expected. */
START_TEST(tls_where_none_is_expected_is_told)
{
    struct server server;

    if (runs_over_tls())
        return;
    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    send_hex(peer, "16 03 01 02 00 01 00 01 FC 03 03");
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "bad handshake: looks like TLS (rtmps://) on a port "
                         "without it");
}
END_TEST

/* RTMP and HTTP where TLS is expected. */
START_TEST(what_is_no_tls_is_told)
{
    struct server server;

    if (!runs_over_tls())
        return;
    server_start(&server, small_file());
    for (size_t i = 0; i < 2; i++) {
        struct peer *peer = peer_open_bare(&server);

        if (i == 0)
            send_c0c1(peer);
        else
            send_bytes(peer, LITERAL("GET / HTTP/1.1\r\n\r\n"));
        read_to_end(peer); /* an alert may come */
        peer_abort(peer);
    }
    server_stop(&server,
                "bad handshake: not TLS (rtmps://) on a port that wants it");
}
END_TEST

START_TEST(broken_tls_is_told)
{
    struct server server;

    if (!runs_over_tls())
        return;
    server_start(&server, small_file());
    struct peer *peer = peer_open_bare(&server);
    send_hex(peer, "16 03 01 00 08 63 00 00 04 00 00 00 00");
    read_to_end(peer);
    peer_abort(peer);
    server_stop(&server, "TLS failed");
}
END_TEST

int main(void)
{
    return run_tests(
        "handshake bad",
        (const TTest *[]){what_is_no_rtmp_is_told_by_its_first_byte,
                          peers_may_go_at_any_byte,
                          tls_where_none_is_expected_is_told,
                          what_is_no_tls_is_told, broken_tls_is_told, NULL});
}
