/* A loop is gapless: timestamps that go on rising, one start, one end. */
#include "peer.h"

static struct peer *watch(struct server *server)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    return peer;
}

static void expect_round(struct server *server, struct peer *peer,
                         uint32_t constant_ms)
{
    struct file_tags tags = {.file = &server->file};
    struct file_tag tag;

    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms + constant_ms);
}

START_TEST(three_rounds_are_one_play)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 3;
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    for (uint32_t round = 0; round < 3; round++)
        expect_round(&server, peer, round * SMALL_FILE_MS);
    expect_play_complete(peer);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(an_endless_loop_goes_on)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    for (uint32_t round = 0; round < 140; round++)
        expect_round(&server, peer, round * SMALL_FILE_MS);
    expect_only_media(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("play loop",
                     (const TTest *[]){three_rounds_are_one_play,
                                       an_endless_loop_goes_on, NULL});
}
