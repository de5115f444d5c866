/* --idle-timeout: for peers that play nothing. */
#include "peer.h"

#include <unistd.h>

#include "base/clock.h"

static const int64_t timeout_ns = 500 * CLOCK_NS_PER_MS;

static struct peer *open_impatient(struct server *server)
{
    server_start(server, small_file());
    server->options.idle_timeout_ns = timeout_ns;
    struct peer *peer = peer_open(server);
    do_handshake(peer);
    send_command(peer, 0, "connect", 1, "n");
    return peer;
}

static void expect_timeout(struct server *server, struct peer *peer)
{
    read_to_end(peer);
    peer_abort(peer);
    server_stop(server, "idle timeout");
}

START_TEST(after_connect)
{
    struct server server;
    struct peer *peer = open_impatient(&server);

    expect_timeout(&server, peer);
}
END_TEST

START_TEST(after_a_refused_play)
{
    struct server server;
    struct peer *peer = open_impatient(&server);

    ck_assert_int_eq(ftruncate(server.file_fd, 0), 0);
    send_command(peer, 0, "createStream", 2, "n");
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_timeout(&server, peer);
}
END_TEST

START_TEST(after_the_end_of_a_play)
{
    struct server server;
    struct peer *peer = open_impatient(&server);

    send_command(peer, 0, "createStream", 2, "n");
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_timeout(&server, peer);
}
END_TEST

/* Pings keep nobody in. */
START_TEST(talking_is_not_playing)
{
    struct server server;
    struct peer *peer = open_impatient(&server);

    while (try_to_send(peer, "\2\0\0\0\0\0\6\4\0\0\0\0\0\7\0\0\0\0", 18))
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    expect_timeout(&server, peer);
}
END_TEST

/* The lead is a second: what lies 1.4 s on comes when 400 ms were played. */
START_TEST(not_while_a_file_plays)
{
    struct server server;
    const struct message *m;

    server_start(&server, small_file());
    server.options.idle_timeout_ns = 300 * CLOCK_NS_PER_MS;
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    do
        m = read_message(peer);
    while (m->timestamp_ms < 1400);
    expect_only_media(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("idle timeout",
                     (const TTest *[]){after_connect, after_a_refused_play,
                                       after_the_end_of_a_play,
                                       talking_is_not_playing,
                                       not_while_a_file_plays, NULL});
}
