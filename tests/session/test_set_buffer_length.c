/* Set Buffer Length is how far ahead a viewer is fed. What comes is never
 * further ahead than that; that it comes as far shows with a play that would
 * take longer than the test may. */
#include "peer.h"

#include "base/clock.h"

#define MANY_ROUNDS 300 /* two minutes of the small file */

static struct peer *open_stream(struct server *server)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    return peer;
}

static void expect_all(struct peer *peer)
{
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
}

START_TEST(announced_before_play)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = MANY_ROUNDS;
    struct peer *peer = open_stream(&server);
    do_create_stream(peer);
    send_set_buffer_length(peer, 1, 36000000);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    expect_all(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(announced_for_stream_0_before_there_is_one)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = MANY_ROUNDS;
    struct peer *peer = open_stream(&server);
    send_set_buffer_length(peer, 0, 36000000);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    expect_all(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(announced_while_playing)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = MANY_ROUNDS;
    struct peer *peer = open_stream(&server);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    expect_only_media(peer);
    send_set_buffer_length(peer, 1, 0xFFFFFFFF);
    expect_all(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

static void check_lead(const struct message *m, int64_t played_ns,
                       int64_t lead_ms)
{
    const int64_t age_ms = (clock_now_ns() - played_ns) / CLOCK_NS_PER_MS;

    /* configurations go with the frame before them */
    if (m->payload[1] != 0)
        ck_assert_int_le(m->timestamp_ms, age_ms + lead_ms + 1);
}

/* Reads media until it reaches `until_ms`, and what was sent until then; none
 * is further ahead of the time since the play than `lead_ms`. */
static void expect_lead(struct peer *peer, int64_t played_ns, int64_t lead_ms,
                        int64_t until_ms)
{
    const struct message *m;

    do {
        m = read_message(peer);
        if (m->type == 8 || m->type == 9)
            check_lead(m, played_ns, lead_ms);
    } while (m->timestamp_ms < until_ms);
    send_ping(peer, 1);
    while ((m = read_message(peer))->type != 4)
        check_lead(m, played_ns, lead_ms);
}

static void run_lead(int64_t fixed_lead_ms, uint32_t announced_ms,
                     int64_t lead_ms, int64_t until_ms)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    server.options.lead_ms = fixed_lead_ms;
    struct peer *peer = open_stream(&server);
    do_create_stream(peer);
    if (announced_ms != 0)
        send_set_buffer_length(peer, 1, announced_ms);
    const int64_t played_ns = clock_now_ns();
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    expect_lead(peer, played_ns, lead_ms, until_ms);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}

START_TEST(none_means_a_second)
{
    run_lead(-1, 0, 1000, 1200);
}
END_TEST

START_TEST(a_tenth_of_a_second_means_a_second)
{
    run_lead(-1, 100, 1000, 900);
}
END_TEST

START_TEST(what_was_announced_is_not_exceeded)
{
    run_lead(-1, 3000, 3000, 2900);
}
END_TEST

START_TEST(a_loop_gives_a_minute_at_most)
{
    run_lead(-1, 36000000, 60000, 59900);
}
END_TEST

START_TEST(a_fixed_lead_beats_it)
{
    run_lead(200, 36000000, 200, 400);
}
END_TEST

START_TEST(a_lead_of_0_sends_each_tag_at_its_time)
{
    run_lead(0, 36000000, 0, 300);
}
END_TEST

int main(void)
{
    return run_tests(
        "set buffer length",
        (const TTest *[]){announced_before_play,
                          announced_for_stream_0_before_there_is_one,
                          announced_while_playing, none_means_a_second,
                          a_tenth_of_a_second_means_a_second,
                          what_was_announced_is_not_exceeded,
                          a_loop_gives_a_minute_at_most, a_fixed_lead_beats_it,
                          a_lead_of_0_sends_each_tag_at_its_time, NULL});
}
