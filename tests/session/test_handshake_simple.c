/* The simple handshake: one block of exactly 3073 bytes, then nothing until
 * connect was read (HaishinKit takes S2 only when it is all there is). */
#include "peer.h"

#include <string.h>

/* Expects the reply to send_c0c1 and nothing behind it. */
static void expect_reply_alone(struct peer *peer)
{
    uint8_t reply[3073];
    uint8_t c1[1536] = {0, 0, 0, 1};

    for (size_t i = 8; i < sizeof(c1); i++)
        c1[i] = (uint8_t)(i * 7 + i / 256);
    read_bytes(peer, reply, sizeof(reply));
    ck_assert_uint_eq(reply[0], 3);
    ck_assert_mem_eq(reply + 1 + 4, "\0\0\0\0", 4);
    ck_assert_mem_eq(reply + 1537, c1, 1536); /* S2 */
    send_c2(peer);
    peer_finish_sending(peer);
    expect_closed(peer);
}

static void run_in_pieces(size_t piece_bytes)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    peer->piece_bytes = piece_bytes;
    send_c0c1(peer);
    expect_reply_alone(peer);
    peer_abort(peer);
    server_stop(&server, "peer closed the connection");
}

START_TEST(the_reply_is_one_block_and_then_silence)
{
    run_in_pieces(0);
}
END_TEST

START_TEST(byte_by_byte)
{
    run_in_pieces(1);
}
END_TEST

START_TEST(in_odd_pieces)
{
    run_in_pieces(511);
}
END_TEST

START_TEST(s1_is_filled_anew_for_each_peer)
{
    struct server server;
    uint8_t replies[2][3073];

    server_start(&server, small_file());
    for (size_t i = 0; i < 2; i++) {
        struct peer *peer = peer_open(&server);

        send_c0c1(peer);
        read_bytes(peer, replies[i], 3073);
        peer_close(peer);
    }
    ck_assert(memcmp(replies[0] + 9, replies[1] + 9, 1528) != 0);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(c2_and_connect_may_come_in_one_piece)
{
    struct server server;
    struct flv_bytes all = {0};
    uint8_t reply[3073];

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    send_c0c1(peer);
    flv_bytes_fill(&all, 0x55, 1536);
    /* connect with transaction id 1 and nothing else */
    flv_bytes_hex(&all, "03 00 00 00 00 00 13 14 00 00 00 00 "
                        "02 00 07 63 6F 6E 6E 65 63 74 "
                        "00 3F F0 00 00 00 00 00 00");
    send_bytes(peer, all.data, all.length);
    flv_bytes_free(&all);
    read_bytes(peer, reply, sizeof(reply));
    (void)expect_message(peer, 5, 0, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(other_versions_are_answered_with_3)
{
    static const uint8_t versions[] = {0, 1, 2, 4, 5, 7, 31};
    static const uint8_t c1[1536];
    struct server server;
    uint8_t reply[3073];

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(versions); i++) {
        struct peer *peer = peer_open(&server);

        send_bytes(peer, &versions[i], 1);
        send_bytes(peer, c1, sizeof(c1));
        read_bytes(peer, reply, sizeof(reply));
        ck_assert_uint_eq(reply[0], 3);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "handshake simple",
        (const TTest *[]){the_reply_is_one_block_and_then_silence, byte_by_byte,
                          in_odd_pieces, s1_is_filled_anew_for_each_peer,
                          c2_and_connect_may_come_in_one_piece,
                          other_versions_are_answered_with_3, NULL});
}
