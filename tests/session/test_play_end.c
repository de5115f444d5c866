/* The end of a file that is played once: what each client waits for, and the
 * connection stays for another play. */
#include "peer.h"

#include "base/clock.h"

static void expect_small_file(struct server *server, struct peer *peer)
{
    struct file_tags tags = {.file = &server->file};
    struct file_tag tag;

    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
}

START_TEST(complete_stop_and_eof_end_a_play)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_play(peer);
    expect_small_file(&server, peer);
    const struct message *m = expect_message(peer, 18, 1, UINT32_MAX);
    ck_assert(message_is_called(m, "onPlayStatus"));
    ck_assert(message_has_string(m, "level", "status"));
    ck_assert(message_has_string(m, "code", "NetStream.Play.Complete"));
    /* duration 0.38: up to the last frame */
    ck_assert(message_has_bytes(
        m, LITERAL("\0\x08"
                   "duration\0\x3F\xD8\x51\xEB\x85\x1E\xB8\x52")));
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_second_play_begins_anew)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_play(peer);
    for (int round = 0; round < 3; round++) {
        expect_small_file(&server, peer);
        expect_play_complete(peer);
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_play_during_a_play_replaces_it)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    send_command(peer, 1, "play", 0, "ns", "movie");
    const struct message *m;
    do
        m = read_message(peer);
    while (m->type == 8 || m->type == 9);
    ck_assert_uint_eq(m->type, 4);
    ck_assert_mem_eq(m->payload, "\0\1\0\0\0\1", 6);
    expect_play_started(peer);
    ck_assert_uint_eq(expect_message(peer, 9, 1, 0)->format, 0);
    ck_assert_uint_eq(expect_message(peer, 8, 1, 0)->format, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

static uint32_t expect_ping(struct peer *peer)
{
    const struct message *message = expect_message(peer, 4, 0, UINT32_MAX);
    const uint8_t *p = message->payload;

    ck_assert_uint_eq(message->length, 6);
    ck_assert_mem_eq(p, "\0\6", 2);
    return (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 |
           p[5];
}

/* librtmp keeps the last bytes of a play to itself until more comes. */
START_TEST(one_ping_follows_an_end)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    peer->hides_pings = false;
    do_play(peer);
    for (int round = 0; round < 2; round++) {
        expect_small_file(&server, peer);
        expect_play_complete(peer);
        uint32_t value = expect_ping(peer);
        const uint8_t pong[6] = {0,
                                 7,
                                 (uint8_t)(value >> 24),
                                 (uint8_t)(value >> 16),
                                 (uint8_t)(value >> 8),
                                 (uint8_t)value};
        send_message(peer, 4, 2, 0, pong, sizeof(pong));
        expect_silence(peer);
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The end of the connection, not a second ping. */
START_TEST(nothing_follows_the_ping)
{
    struct server server;

    server_start(&server, small_file());
    server.options.idle_timeout_ns = 3 * CLOCK_NS_PER_S;
    struct peer *peer = peer_open(&server);
    peer->hides_pings = false;
    do_play(peer);
    expect_small_file(&server, peer);
    expect_play_complete(peer);
    (void)expect_ping(peer);
    expect_closed(peer);
    server_stop(&server, "idle timeout");
    peer_abort(peer);
}
END_TEST

int main(void)
{
    return run_tests("play end",
                     (const TTest *[]){complete_stop_and_eof_end_a_play,
                                       a_second_play_begins_anew,
                                       a_play_during_a_play_replaces_it,
                                       one_ping_follows_an_end,
                                       nothing_follows_the_ping, NULL});
}
