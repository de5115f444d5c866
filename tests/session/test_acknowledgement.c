/* Acknowledgements of what the peer sent, once it asked for them. */
#include "peer.h"

/* A ping is 12 + 6 bytes. In lockstep, each is read on its own. */
START_TEST(one_for_each_window)
{
    const uint32_t window = 100;
    uint32_t counted, acknowledged = 0;
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    const uint64_t sent_before = peer->sent_bytes;
    do_connect(peer);
    expect_silence(peer);
    send_message(peer, 5, 2, 0, "\0\0\0\x64", 4);
    /* connect and the ping made it more than a window already */
    for (int i = 0; i < 20; i++) {
        counted = (uint32_t)(peer->sent_bytes - sent_before);
        if (counted - acknowledged >= window) {
            const uint8_t body[4] = {(uint8_t)(counted >> 24),
                                     (uint8_t)(counted >> 16),
                                     (uint8_t)(counted >> 8), (uint8_t)counted};

            expect_payload(peer, 3, 0, body, 4);
            ck_assert_uint_eq(peer->message.chunk_stream_id, 2);
            acknowledged = counted;
        }
        send_ping(peer, 1);
        expect_user_control(peer, 7, 1);
    }
    ck_assert_uint_gt(acknowledged, 300);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(none_unless_asked_for)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (int i = 0; i < 100; i++)
        expect_silence(peer);
    send_message(peer, 5, 2, 0, "\0\0\0\0", 4); /* 0 is no window */
    for (int i = 0; i < 10; i++)
        expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "acknowledgement",
        (const TTest *[]){one_for_each_window, none_unless_asked_for, NULL});
}
