/* A stop of the server: viewers are told, everybody goes. */
#include "peer.h"

#include <unistd.h>

#define BIG (1u << 20)

static struct flv_bytes big_file(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 3; i++)
        flv_bytes_keyframe(&b, 40 * i, BIG);
    return b;
}

START_TEST(a_viewer_is_told)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    server_tell_stop(&server);
    skip_to_status(peer, "NetStream.Play.Stop");
    ck_assert(message_has_string(&peer->message, "level", "status"));
    expect_user_control(peer, 1, 1);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "server stops");
}
END_TEST

/* The tag that is half sent is finished, the next ones are dropped. */
START_TEST(in_the_middle_of_a_tag)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, big_file());
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open_narrow(&server, 8192);
    do_play(peer);
    server_tell_stop(&server);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 0);
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "server stops");
}
END_TEST

/* All streams of a connection; and those that play nothing are not told. */
START_TEST(every_stream_is_told)
{
    struct server server;
    unsigned stopped = 0;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (int i = 0; i < 3; i++) {
        send_command(peer, 0, "createStream", 2, "n");
        (void)expect_message(peer, 20, 0, 0);
    }
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    send_command(peer, 3, "play", 0, "ns", "movie");
    const struct message *m;
    do
        m = read_message(peer);
    while (!message_has_string(m, "code", "NetStream.Play.Start"));
    server_tell_stop(&server);
    while (stopped != (1u << 1 | 1u << 3)) {
        m = read_message(peer);
        if (m->type == 20) {
            ck_assert(message_has_string(m, "code", "NetStream.Play.Stop"));
            stopped |= 1u << m->message_stream_id;
        }
    }
    expect_user_control(peer, 1, 3);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "server stops");
}
END_TEST

START_TEST(peers_in_every_other_phase_go)
{
    struct server server;
    struct peer *peers[4];

    server_start(&server, small_file());
    for (size_t i = 0; i < 4; i++)
        peers[i] = peer_open(&server);
    send_hex(peers[1], "03 00 00");
    do_handshake(peers[2]);
    do_handshake(peers[3]);
    do_connect(peers[3]);
    server_tell_stop(&server);
    for (size_t i = 0; i < 4; i++) {
        expect_closed(peers[i]);
        peer_abort(peers[i]);
    }
    server_stop(&server, "server stops");
}
END_TEST

/* After the drain time those that are stuck in a write are interrupted. */
START_TEST(a_viewer_that_reads_nothing_goes_too)
{
    struct server server;

    server_start(&server, big_file());
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open_narrow(&server, 8192);
    do_play(peer);
    server_tell_stop(&server);
    roster_interrupt(&server.roster, true);
    server_stop(&server, "server stops");
    peer_abort(peer);
}
END_TEST

/* Nobody is let in any more, but who is in may do as before. */
START_TEST(while_it_drains_all_commands_work)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    server.options.lead_ms = 500;
    struct peer *viewer = peer_open(&server);
    struct peer *late = peer_open(&server);
    do_play(viewer);
    (void)expect_message(viewer, 9, 1, 0);
    do_handshake(late);
    atomic_store(&server.context.closing, true);
    send_command(viewer, 1, "pause", 0, "nbd", true, 0.0);
    skip_to_status(viewer, "NetStream.Pause.Notify");
    send_command(viewer, 1, "pause", 0, "nbd", false, 0.0);
    skip_to_status(viewer, "NetStream.Unpause.Notify");
    send_command(viewer, 1, "seek", 0, "nd", 100.0);
    while (!message_has_string(read_message(viewer), "code",
                               "NetStream.Seek.Notify"))
        continue;
    do_connect(late);
    do_create_stream(late);
    send_command(late, 1, "play", 0, "ns", "movie");
    expect_play_started(late);
    server_tell_stop(&server);
    while (!message_has_string(read_message(viewer), "code",
                               "NetStream.Play.Stop"))
        continue;
    skip_to_status(late, "NetStream.Play.Stop");
    read_to_end(viewer);
    read_to_end(late);
    peer_abort(viewer);
    peer_abort(late);
    server_stop(&server, "server stops");
}
END_TEST

START_TEST(nobody_enters_any_more)
{
    struct server server;

    server_start(&server, small_file());
    server_tell_stop(&server);
    const struct sockaddr_storage nobody = {.ss_family = AF_UNIX};
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(admission_decide(&server.context, ends[1], &nobody, NULL),
                     ADMISSION_FULL);
    char byte;
    ck_assert_int_eq(recv(ends[0], &byte, 1, 0), 0); /* it was closed */
    close(ends[0]);
    server_stop(&server, "server stops");
}
END_TEST

int main(void)
{
    return run_tests(
        "server stop",
        (const TTest *[]){
            a_viewer_is_told, in_the_middle_of_a_tag, every_stream_is_told,
            peers_in_every_other_phase_go, a_viewer_that_reads_nothing_goes_too,
            while_it_drains_all_commands_work, nobody_enters_any_more, NULL});
}
