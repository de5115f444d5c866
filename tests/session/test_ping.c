/* Pings are answered with their own value, also while a file plays. */
#include "peer.h"

#include "base/clock.h"

START_TEST(the_value_is_given_back)
{
    static const uint32_t values[] = {0, 1, 0x01020304, 0x80000000, 0xFFFFFFFF};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        send_ping(peer, values[i]);
        expect_user_control(peer, 7, values[i]);
    }
    send_message(peer, 4, 2, 0, "\0\7\1\2\3\4", 6); /* a pong: no answer */
    send_message(peer, 3, 2, 0, "\0\0\0\1", 4);     /* an acknowledgement */
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(between_media)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    for (int i = 0; i < 50; i++)
        expect_only_media(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Whoever asks without ever reading is not heard any more, and idles. */
START_TEST(a_peer_that_reads_no_answers)
{
    struct server server;
    struct flv_bytes pings = {0};

    server_start(&server, small_file());
    server.options.idle_timeout_ns = 500 * CLOCK_NS_PER_MS;
    struct peer *peer = peer_open_narrow(&server, 4096);
    do_handshake(peer);
    do_connect(peer);
    for (int i = 0; i < 20000; i++)
        flv_bytes_hex(&pings, "02 00 00 00 00 00 06 04 00 00 00 00 "
                              "00 06 00 00 00 01");
    ck_assert_msg(!try_to_send(peer, pings.data, pings.length),
                  "all pings were taken");
    flv_bytes_free(&pings);
    peer_abort(peer);
    server_stop(&server, "idle timeout");
}
END_TEST

int main(void)
{
    return run_tests("ping",
                     (const TTest *[]){the_value_is_given_back, between_media,
                                       a_peer_that_reads_no_answers, NULL});
}
