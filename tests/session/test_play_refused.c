/* A file that cannot be played now: the viewer is told, and may try again. */
#include "peer.h"

#include <unistd.h>

START_TEST(a_file_that_is_no_flv_fails_until_it_is_one)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    ck_assert_int_eq(ftruncate(server.file_fd, 0), 0);
    for (int i = 0; i < 2; i++) {
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_status(peer, 1, "error", "NetStream.Play.Failed");
        ck_assert(message_has_string(&peer->message, "details", "movie"));
        expect_silence(peer);
    }
    flv_bytes_write(&server.file, server.file_fd);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    ck_assert_uint_eq(expect_message(peer, 9, 1, 0)->format, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_stream_that_was_not_created_fails)
{
    static const struct {
        uint32_t asked, told;
    } ids[] = {{1, 1}, {0, 1}, {8, 8}, {9, 1}, {0xFFFFFFFF, 1}};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        send_command(peer, ids[i].asked, "play", 0, "ns", "movie");
        expect_status(peer, ids[i].told, "error", "NetStream.Play.Failed");
        expect_silence(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "play refused",
        (const TTest *[]){a_file_that_is_no_flv_fails_until_it_is_one,
                          a_stream_that_was_not_created_fails, NULL});
}
