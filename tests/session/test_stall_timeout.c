/* --stall-timeout: a viewer may pause by not reading, but not for ever. */
#include "peer.h"

#include "base/clock.h"

/* A file that does not fit into the socket's buffers, on a narrow socket. */
static struct flv_bytes wide_file(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 40; i++)
        flv_bytes_keyframe(&b, 40 * i, 50000);
    return b;
}

static struct peer *watch(struct server *server)
{
    struct peer *peer = peer_open_narrow(server, 8192);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    return peer;
}

START_TEST(a_viewer_that_reads_nothing_is_given_up)
{
    struct server server;

    server_start(&server, wide_file());
    server.options.stall_timeout_ns = 150 * CLOCK_NS_PER_MS;
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    server_stop(&server, "stall timeout");
    peer_abort(peer);
}
END_TEST

START_TEST(the_first_burst_has_a_timeout_of_its_own)
{
    struct server server;

    server_start(&server, wide_file());
    server.options.handshake_timeout_ns = 1500 * CLOCK_NS_PER_MS;
    struct peer *peer = watch(&server);
    server_stop(&server, "handshake timeout: first burst not taken in time");
    peer_abort(peer);
}
END_TEST

/* It accepts a little every now and then: 2 MB, 30 KB at a time. Commands are
 * heard all the time. */
START_TEST(a_slow_viewer_is_not_stalled)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, wide_file());
    server.options.stall_timeout_ns = 10 * CLOCK_NS_PER_S;
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = watch(&server);
    expect_play_started(peer);
    while (next_file_tag(&tags, &tag)) {
        clock_sleep_until(clock_now_ns() + 5 * CLOCK_NS_PER_MS);
        expect_tag(peer, &tag, tag.timestamp_ms);
    }
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Whoever is stuck in a write still hears the peer. */
START_TEST(commands_are_heard_in_a_stall)
{
    struct server server;

    server_start(&server, wide_file());
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    expect_play_started(peer);
    send_command(peer, 1, "closeStream", 0, "n");
    peer_finish_sending(peer);
    /* hears the close, and then the end: without anything being read */
    server_stop(&server, "peer closed the connection");
    peer_abort(peer);
}
END_TEST

int main(void)
{
    return run_tests("stall timeout",
                     (const TTest *[]){a_viewer_that_reads_nothing_is_given_up,
                                       the_first_burst_has_a_timeout_of_its_own,
                                       a_slow_viewer_is_not_stalled,
                                       commands_are_heard_in_a_stall, NULL});
}
