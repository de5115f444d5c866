/* The file is cut short while it plays: the message that was begun is filled
 * with zeros, the viewer is told the end, and the connection stays. */
#include "peer.h"

#include <string.h>
#include <unistd.h>

#include "server/net_connection.h"

#define BIG (3u << 20)

static struct flv_bytes big_file(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 1000);
    flv_bytes_keyframe(&b, 40, BIG);
    flv_bytes_keyframe(&b, 80, 1000);
    return b;
}

/* The bytes of the tag up to some place, zeros from there on. */
static size_t expect_cut_tag(struct peer *peer, const struct file_tag *tag)
{
    const struct message *m = expect_message(peer, 9, 1, tag->timestamp_ms);
    size_t length = m->length;

    ck_assert_uint_eq(m->length, tag->length);
    while (length > 0 && m->payload[length - 1] == 0)
        length--;
    ck_assert_mem_eq(m->payload, tag->data, length);
    return length;
}

START_TEST(in_the_middle_of_a_tag)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, big_file());
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open_narrow(&server, 8192);
    do_play(peer);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 0);
    /* the big tag is on its way, most of it does not fit into the socket */
    ck_assert_int_eq(ftruncate(server.file_fd, 50000), 0);
    ck_assert(next_file_tag(&tags, &tag));
    ck_assert_uint_lt(expect_cut_tag(peer, &tag), BIG - 1);
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_silence(peer);

    /* another play fails while the file is broken, and works when it is not */
    flv_bytes_write(&server.file, server.file_fd);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    tags.next = 0;
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A peer that plays such a file again and again does not flood the log. */
START_TEST(many_times)
{
    struct server server;
    size_t lines = 0;

    server_start(&server, big_file());
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open_narrow(&server, 8192);
    do_play(peer);
    for (int i = 0; i < 20; i++) {
        (void)expect_message(peer, 9, 1, 0);
        ck_assert_int_eq(ftruncate(server.file_fd, 50000), 0);
        skip_to_status(peer, "NetStream.Play.Stop");
        expect_user_control(peer, 1, 1);
        flv_bytes_write(&server.file, server.file_fd);
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
    }
    peer_close(peer);
    const char *log =
        server_stop_for_log(&server, "peer closed the connection");
    for (const char *at = log; (at = strstr(at, "the play ends")) != NULL; at++)
        lines++;
    ck_assert_uint_eq(lines, NET_CONNECTION_MAX_REFUSALS);
}
END_TEST

/* With a lead of 500 ms the rest comes after the file was cut. */
START_TEST(between_two_tags)
{
    struct server server;
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    for (uint32_t i = 0; i < 100; i++)
        flv_bytes_keyframe(&file, 40 * i, 1000);
    server_start(&server, file);
    server.options.lead_ms = 200;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    ck_assert_int_eq(ftruncate(server.file_fd, 3000), 0);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* All frames came before the file was cut: whatever is still told about the
 * end, it is told, and the connection stays. */
START_TEST(after_the_last_tag)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, small_file());
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open(&server);
    do_play(peer);
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    ck_assert_int_eq(ftruncate(server.file_fd, 0), 0);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("file truncated",
                     (const TTest *[]){in_the_middle_of_a_tag, many_times,
                                       between_two_tags, after_the_last_tag,
                                       NULL});
}
