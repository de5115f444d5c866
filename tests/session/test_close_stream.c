/* closeStream and play(false): Play.Stop, and the id stays valid. */
#include "peer.h"

static void expect_stop(struct peer *peer)
{
    skip_to_status(peer, "NetStream.Play.Stop");
    ck_assert(message_has_string(&peer->message, "level", "status"));
    expect_user_control(peer, 1, 1);
    expect_silence(peer);
}

static void stop_and_play_again(uint32_t id, const char *command,
                                const char *format)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    send_command(peer, id, command, 0, format, 0);
    expect_stop(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    ck_assert_uint_eq(expect_message(peer, 9, 1, 0)->format, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}

START_TEST(close_stream_stops)
{
    stop_and_play_again(1, "closeStream", "n");
}
END_TEST

START_TEST(close_stream_without_arguments_stops)
{
    stop_and_play_again(1, "closeStream", "");
}
END_TEST

START_TEST(on_message_stream_0_too)
{
    stop_and_play_again(0, "closeStream", "n");
}
END_TEST

START_TEST(play_false_stops)
{
    stop_and_play_again(1, "play", "nb");
}
END_TEST

START_TEST(nothing_is_said_when_nothing_plays)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 1, "closeStream", 0, "n");
    expect_silence(peer);
    do_create_stream(peer);
    send_command(peer, 1, "closeStream", 0, "n");
    send_command(peer, 1, "play", 0, "nb", 0);
    send_command(peer, 5, "closeStream", 0, "n");
    send_command(peer, 0xFFFFFFFF, "closeStream", 0, "n");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "close stream",
        (const TTest *[]){close_stream_stops,
                          close_stream_without_arguments_stops,
                          on_message_stream_0_too, play_false_stops,
                          nothing_is_said_when_nothing_plays, NULL});
}
