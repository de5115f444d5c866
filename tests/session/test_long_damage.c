/* A hole of damage that takes minutes to search: what the peer says is heard
 * meanwhile. */
#include "peer.h"

#include <unistd.h>

/* Nobody reads as much within the time that a test has. */
#define HOLE_BYTES ((off_t)1 << 40)

static struct peer *watch_hole(struct server *server)
{
    struct flv_bytes tail = {0};
    struct peer *peer;

    server_start(server, small_file());
    server->options.lead_ms = 60000;
    flv_bytes_keyframe(&tail, SMALL_FILE_MS, 100);
    ck_assert_int_eq(
        pwrite(server->file_fd, tail.data, tail.length, HOLE_BYTES),
        (ssize_t)tail.length);
    flv_bytes_free(&tail);
    peer = peer_open(server);
    do_play(peer);
    return peer;
}

static void expect_file(struct server *server, struct peer *peer)
{
    struct file_tags tags = {.file = &server->file};
    struct file_tag tag;

    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
}

static void expect_seek_answer(struct peer *peer)
{
    expect_user_control(peer, 1, 1);
    expect_user_control(peer, 4, 1);
    expect_user_control(peer, 0, 1);
    expect_status(peer, 1, "status", "NetStream.Seek.Notify");
    expect_status(peer, 1, "status", "NetStream.Play.Start");
}

START_TEST(commands_are_heard_while_a_play_is_in_it)
{
    struct server server;
    struct peer *peer = watch_hole(&server);

    expect_file(&server, peer);
    expect_silence(peer);
    send_command(peer, 1, "pause", 0, "nb", true);
    expect_status(peer, 1, "status", "NetStream.Pause.Notify");
    send_command(peer, 1, "pause", 0, "nb", false);
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    expect_silence(peer);
    send_command(peer, 1, "seek", 0, "nd", 0.0);
    expect_seek_answer(peer);
    expect_file(&server, peer);
    send_command(peer, 1, "closeStream", 0, "n");
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(commands_are_heard_while_a_seek_is_in_it)
{
    struct server server;
    struct peer *peer = watch_hole(&server);

    expect_file(&server, peer);
    send_command(peer, 1, "seek", 0, "nd", 1000.0);
    expect_seek_answer(peer);
    expect_silence(peer);
    send_command(peer, 1, "seek", 0, "nd", 2000.0);
    expect_seek_answer(peer);
    send_command(peer, 1, "seek", 0, "nd", 0.0);
    expect_seek_answer(peer);
    expect_file(&server, peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Nor is another stream of the connection held up. */
START_TEST(another_stream_goes_on)
{
    struct server server;
    struct peer *peer = watch_hole(&server);
    size_t frames = 0;

    expect_file(&server, peer);
    send_command(peer, 0, "createStream", 3, "n");
    (void)expect_message(peer, 20, 0, 0);
    send_command(peer, 2, "play", 0, "ns", "movie");
    while (frames < SMALL_FILE_FRAMES + 2) {
        const struct message *message = read_message(peer);

        if (message->type == 8 || message->type == 9) {
            ck_assert_uint_eq(message->message_stream_id, 2);
            frames++;
        }
    }
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("long damage",
                     (const TTest *[]){commands_are_heard_while_a_play_is_in_it,
                                       commands_are_heard_while_a_seek_is_in_it,
                                       another_stream_goes_on, NULL});
}
