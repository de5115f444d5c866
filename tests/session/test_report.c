/* What a server tells of its connections while they live, and afterwards.
 *
 * A worker notes what it has sent after it was sent: the answer to a later ping
 * shows that it has done so. */
#include "server/report.h"

#include <string.h>

#include "base/clock.h"
#include "peer.h"

#define PICTURES 200

/* 8 s of pictures, without sound. */
static struct flv_bytes long_file(void)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    for (uint32_t i = 0; i < PICTURES; i++)
        flv_bytes_keyframe(&file, i * 40, 1000);
    return file;
}

static struct profile_row read_only_row(struct server *server)
{
    struct profile_row row;

    ck_assert_uint_eq(report_rows(&server->context, &row, 1), 1);
    return row;
}

static struct report_totals read_totals(struct server *server)
{
    struct report_totals totals;

    report_totals(&server->context, &totals);
    return totals;
}

static void expect_state(struct server *server, enum tally_state state)
{
    const struct report_totals totals = read_totals(server);

    ck_assert_int_eq(read_only_row(server).state, state);
    for (size_t i = 0; i < TALLY_STATES; i++)
        ck_assert_uint_eq(totals.sum.states[i], i == state ? 1 : 0);
}

/* What a peer has received of media. */
struct received {
    uint64_t bytes;
    uint64_t tags;
};

static void count_to_status(struct peer *peer, const char *code,
                            struct received *received)
{
    const struct message *message;

    do {
        message = read_message(peer);
        if (message->type == 8 || message->type == 9) {
            received->bytes += message->length;
            received->tags++;
        }
    } while (!message_has_string(message, "code", code));
}

START_TEST(a_viewer_from_beginning_to_end)
{
    struct server server;
    struct received received = {0, 0};
    struct profile_row row;

    server_start(&server, long_file());
    server.options.lead_ms = 2000;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    expect_state(&server, TALLY_CONNECTING);
    do_connect(peer);
    do_create_stream(peer);
    expect_silence(peer);
    expect_state(&server, TALLY_IDLE);
    send_command(peer, 1, "play", 0, "ns", "movie?token=secret");
    expect_play_started(peer);
    send_set_buffer_length(peer, 1, 3000);
    send_command(peer, 1, "pause", 0, "nbd", true, 0.0);
    count_to_status(peer, "NetStream.Pause.Notify", &received);
    expect_silence(peer);
    expect_state(&server, TALLY_PAUSED);
    ck_assert_uint_eq(read_totals(&server).movies, 1);
    ck_assert_uint_gt(read_totals(&server).index_bytes, 0);
    row = read_only_row(&server);
    ck_assert_uint_gt(received.tags, 10);
    ck_assert_uint_eq(row.bytes, received.bytes);
    ck_assert_uint_eq(row.tags, received.tags);
    ck_assert_int_eq(row.buffer_ms, 3000);
    ck_assert(row.is_tls == runs_over_tls());
    ck_assert_uint_eq(row.name.length, strlen("movie?token=***"));
    ck_assert_mem_eq(row.name.bytes, "movie?token=***", row.name.length);
    ck_assert_uint_gt(row.app.length, 0);
    ck_assert_int_le(row.ahead_ms, 2000);
    ck_assert_int_le(row.position_ms, PICTURES * 40);
    send_command(peer, 1, "pause", 0, "nbd", false, 0.0);
    count_to_status(peer, "NetStream.Unpause.Notify", &received);
    expect_only_media(peer);
    expect_state(&server, TALLY_PLAYING);
    send_command(peer, 1, "closeStream", 0, "n");
    skip_to_status(peer, "NetStream.Play.Stop");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Nothing is answered to it, so there is nothing to wait for but the state. */
START_TEST(a_deleted_stream_plays_no_more)
{
    struct server server;
    struct received received = {0, 0};

    server_start(&server, long_file());
    struct peer *peer = peer_open(&server);
    do_play(peer);
    send_command(peer, 1, "pause", 0, "nbd", true, 0.0);
    count_to_status(peer, "NetStream.Pause.Notify", &received);
    expect_silence(peer);
    expect_state(&server, TALLY_PAUSED);
    const int64_t deadline_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S;
    send_command(peer, 0, "deleteStream", 0, "nd", 1.0);
    while (read_only_row(&server).state == TALLY_PAUSED &&
           clock_now_ns() < deadline_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    ck_assert_int_eq(read_only_row(&server).state, TALLY_IDLE);
    expect_silence(peer);
    expect_state(&server, TALLY_IDLE);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* What is left when it has gone is in the totals. */
START_TEST(totals_outlive_connections)
{
    struct server server;
    struct report_totals totals;
    struct received received = {0, 0};

    server_start(&server, small_file());
    for (int i = 0; i < 3; i++) {
        struct peer *peer = peer_open(&server);

        do_play(peer);
        count_to_status(peer, "NetStream.Play.Stop", &received);
        peer_close(peer);
    }
    ck_assert_uint_eq(
        roster_wait_empty(&server.roster, clock_now_ns() + 60 * CLOCK_NS_PER_S),
        0);
    totals = read_totals(&server);
    ck_assert_uint_eq(totals.sessions, 3);
    ck_assert_uint_eq(totals.connections, 0);
    ck_assert_uint_eq(totals.max_clients, server.options.max_clients);
    ck_assert_uint_eq(totals.sum.ended[SESSION_PEER_CLOSED], 3);
    ck_assert_uint_eq(totals.sum.bytes, received.bytes);
    ck_assert_uint_eq(totals.sum.tags, received.tags);
    ck_assert(!totals.is_draining);
    for (size_t i = 0; i < TALLY_STATES; i++)
        ck_assert_uint_eq(totals.sum.states[i], 0);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(rows_come_in_connecting_order)
{
    struct server server;
    struct peer *peers[3];
    struct profile_row rows[4];

    server_start(&server, small_file());
    for (size_t i = 0; i < 3; i++)
        peers[i] = peer_open(&server);
    ck_assert_uint_eq(report_rows(&server.context, rows, 4), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(rows[i].id, i + 1);
    rows[2].id = 0;
    ck_assert_uint_eq(report_rows(&server.context, rows, 2), 3);
    ck_assert_uint_eq(rows[0].id, 1);
    ck_assert_uint_eq(rows[1].id, 2);
    ck_assert_uint_eq(rows[2].id, 0);
    ck_assert_uint_eq(report_rows(&server.context, NULL, 0), 3);
    for (size_t i = 0; i < 3; i++)
        peer_abort(peers[i]);
    ck_assert_uint_eq(
        roster_wait_empty(&server.roster, clock_now_ns() + 60 * CLOCK_NS_PER_S),
        0);
    ck_assert_uint_eq(report_rows(&server.context, rows, 4), 0);
    server.sessions = 0; /* each may have ended in another way */
    server_stop(&server, "no reason");
}
END_TEST

/* Tag after tag is waited for, for as long as it takes. */
START_TEST(batches_that_were_waited_for_are_counted)
{
    struct server server;

    server_start(&server, long_file());
    server.options.lead_ms = 0;
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    ck_assert_uint_eq(read_totals(&server).sum.batches_count, 0);
    while (read_totals(&server).sum.batches_count < 3)
        ck_assert_uint_eq(read_message(peer)->type, 9);
    peer_abort(peer);
    ck_assert_uint_eq(
        roster_wait_empty(&server.roster, clock_now_ns() + 60 * CLOCK_NS_PER_S),
        0);
    const struct report_totals totals = read_totals(&server);
    ck_assert_uint_ge(totals.sum.batches_count, 3);
    ck_assert_uint_le(totals.sum.batches_count, totals.sum.tags);
    /* No batch is sent at the very nanosecond when it is due. */
    ck_assert_uint_gt(totals.sum.late_ns, 0);
    server.sessions = 0;
    server_stop(&server, "no reason");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_viewer_from_beginning_to_end,
                                  a_deleted_stream_plays_no_more,
                                  totals_outlive_connections,
                                  rows_come_in_connecting_order,
                                  batches_that_were_waited_for_are_counted,
                                  NULL};

    return run_tests("report", tests);
}
