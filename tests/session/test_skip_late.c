/* --skip-late: who falls behind is moved to a keyframe that is not late. */
#include "peer.h"

#include "base/clock.h"

#define GOP_MS 400
#define FILE_MS 60000
#define WAIT_MS 2500

/* Pictures of 4000 bytes and 40 ms: a second of them is in a gather, and does
 * not fit into a narrow socket. */
static struct flv_bytes long_file(void)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    for (uint32_t ms = 0; ms < FILE_MS; ms += 40) {
        if (ms % GOP_MS == 0)
            flv_bytes_keyframe(&file, ms, 4000);
        else
            flv_bytes_inter(&file, ms, 4000);
    }
    return file;
}

/* A viewer that reads nothing for some seconds. They must pass: being late is
 * about the server's clock, which is the real one, and no event tells that
 * pictures which cannot be sent have become due. */
static struct peer *watch_late(struct server *server)
{
    struct peer *peer = peer_open_narrow(server, 4096);
    int64_t started_ns;

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    (void)expect_message(peer, 9, 1, 0); /* the header */
    started_ns = clock_now_ns();
    clock_sleep_until(started_ns + WAIT_MS * CLOCK_NS_PER_MS);
    return peer;
}

START_TEST(it_is_moved_on)
{
    const struct message *message;
    struct server server;
    struct file_tag tag;
    uint32_t landed_ms = 0;

    server_start(&server, long_file());
    server.options.skip_late_ms = 300;
    struct peer *peer = watch_late(&server);
    struct file_tags tags = {.file = &server.file};
    ck_assert(next_file_tag(&tags, &tag));
    ck_assert(next_file_tag(&tags, &tag));
    /* On a busy machine it may be moved more than once, and once already
     * before the socket was full: only where the wait led counts. */
    while ((message = read_message(peer))->type == 9) {
        if (message->timestamp_ms != tag.timestamp_ms) {
            ck_assert_uint_gt(message->timestamp_ms, tag.timestamp_ms);
            ck_assert_uint_eq(message->timestamp_ms % GOP_MS, 0);
            landed_ms = message->timestamp_ms;
        }
        while (tag.timestamp_ms < message->timestamp_ms)
            ck_assert(next_file_tag(&tags, &tag));
        ck_assert_uint_eq(message->length, tag.length);
        ck_assert_mem_eq(message->payload, tag.data, tag.length);
        if (message->timestamp_ms < FILE_MS - 40)
            ck_assert(next_file_tag(&tags, &tag));
        if (landed_ms > WAIT_MS &&
            message->timestamp_ms % GOP_MS == GOP_MS - 40)
            break;
    }
    ck_assert_uint_gt(landed_ms, WAIT_MS);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(it_is_waited_for_by_default)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, long_file());
    struct peer *peer = watch_late(&server);
    struct file_tags tags = {.file = &server.file};
    ck_assert(next_file_tag(&tags, &tag));
    for (int i = 0; i < 60; i++) { /* 2.4 s: all that was due meanwhile */
        ck_assert(next_file_tag(&tags, &tag));
        expect_tag(peer, &tag, tag.timestamp_ms);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "skip late",
        (const TTest *[]){it_is_moved_on, it_is_waited_for_by_default, NULL});
}
