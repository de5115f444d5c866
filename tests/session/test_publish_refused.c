/* flvd only plays; a publisher is told so, and what it sends is skipped. */
#include "peer.h"

START_TEST(publish_is_denied)
{
    static uint8_t media[20000];
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 0, "releaseStream", 2, "ns", "movie");
    send_command(peer, 0, "FCPublish", 3, "ns", "movie");
    do_create_stream(peer);
    send_command(peer, 1, "publish", 5, "nss", "movie", "live");
    expect_status(peer, 1, "error", "NetStream.Publish.Denied");
    for (int i = 0; i < 10; i++)
        send_message(peer, 9, 6, 1, media, sizeof(media));
    expect_silence(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(publish_without_a_stream_is_ignored)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 1, "publish", 5, "nss", "movie", "live");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("publish refused",
                     (const TTest *[]){publish_is_denied,
                                       publish_without_a_stream_is_ignored,
                                       NULL});
}
