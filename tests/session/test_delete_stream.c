/* deleteStream: no answer, no media any more, and the id is free. */
#include "peer.h"

#include <math.h>

START_TEST(a_playing_stream_is_silenced)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    send_command(peer, 0, "deleteStream", 0, "nd", 1.0);
    expect_only_media(peer); /* what was on its way */
    expect_silence(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_status(peer, 1, "error", "NetStream.Play.Failed");
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    ck_assert_uint_eq(expect_message(peer, 9, 1, 0)->format, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(ids_that_do_not_exist_are_ignored)
{
    static const double ids[] = {0,    -1,  2,          9,        1e300,
                                 -1e9, 0.5, 4294967297, INFINITY, NAN};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        send_command(peer, 0, "deleteStream", 3, "nd", ids[i]);
    send_command(peer, 0, "deleteStream", 3, "n");
    send_command(peer, 0, "deleteStream", 3, "ns", "1");
    send_command(peer, 0, "deleteStream", 3, "");
    expect_silence(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("delete stream",
                     (const TTest *[]){a_playing_stream_is_silenced,
                                       ids_that_do_not_exist_are_ignored,
                                       NULL});
}
