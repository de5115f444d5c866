/* A file that grows while it plays is played as far as it reaches when the
 * viewer arrives there. */
#include "peer.h"

#include <unistd.h>

/* Where small_file is cut: within the tag of the sixth picture. */
static size_t half(const struct flv_bytes *file)
{
    struct file_tags tags = {.file = file};
    struct file_tag tag;
    size_t pictures = 0;

    while (pictures < 7) { /* and their configuration */
        ck_assert(next_file_tag(&tags, &tag));
        pictures += tag.type == 9;
    }
    return tags.next - 50;
}

static void expect_tags(struct peer *peer, const struct flv_bytes *file,
                        uint32_t constant_ms)
{
    struct file_tags tags = {.file = file};
    struct file_tag tag;

    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms + constant_ms);
}

/* The whole tags of the first `length` bytes. */
static struct flv_bytes cut(const struct flv_bytes *file, size_t length)
{
    struct file_tags tags = {.file = file};
    struct flv_bytes b = {0};
    struct file_tag tag;
    size_t end = 0;

    while (next_file_tag(&tags, &tag) && tags.next <= length)
        end = tags.next;
    flv_bytes_add(&b, file->data, end);
    return b;
}

/* Whether the metadata that came last tell of 0.2 s, or of 0.4 s. */
static void expect_duration(const struct peer *peer, bool is_whole)
{
    const char *tenths = is_whole ? "\x3F\xD9\x99\x99\x99\x99\x99\x9A"
                                  : "\x3F\xC9\x99\x99\x99\x99\x99\x9A";

    ck_assert(message_has_bytes(&peer->message, tenths, 8));
}

/* What is told of it is of the file as it is when it is asked for. */
START_TEST(who_comes_later_is_told_more)
{
    struct server server;

    server_start(&server, small_file());
    ck_assert_int_eq(ftruncate(server.file_fd, (off_t)half(&server.file)), 0);
    struct peer *early = peer_open(&server);
    do_play(early);
    expect_duration(early, false);
    flv_bytes_write(&server.file, server.file_fd);
    struct peer *late = peer_open(&server);
    do_play(late);
    expect_duration(late, true);
    peer_close(late);

    late = peer_open(&server);
    do_handshake(late);
    do_connect(late);
    ck_assert_int_eq(ftruncate(server.file_fd, (off_t)half(&server.file)), 0);
    send_command(late, 0, "getStreamLength", 3, "ns", "movie");
    (void)expect_message(late, 20, 0, 0);
    expect_duration(late, false);
    flv_bytes_write(&server.file, server.file_fd);
    send_command(late, 0, "getStreamLength", 4, "ns", "movie");
    (void)expect_message(late, 20, 0, 0);
    expect_duration(late, true);
    peer_close(late);
    peer_close(early);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(what_is_there_is_played)
{
    struct server server;

    server_start(&server, small_file());
    struct flv_bytes part = cut(&server.file, half(&server.file));
    ck_assert_int_eq(ftruncate(server.file_fd, (off_t)half(&server.file)), 0);
    struct peer *early = peer_open(&server);
    do_play(early);
    expect_tags(early, &part, 0);
    expect_play_complete(early);

    /* who comes later, and who plays it again, gets more */
    flv_bytes_write(&server.file, server.file_fd);
    struct peer *late = peer_open(&server);
    do_play(late);
    expect_tags(late, &server.file, 0);
    expect_play_complete(late);
    peer_close(late);
    send_command(early, 1, "play", 0, "ns", "movie");
    expect_play_started(early);
    expect_tags(early, &server.file, 0);
    expect_play_complete(early);
    peer_close(early);
    flv_bytes_free(&part);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A seek from the end of what was there goes on into what came. */
START_TEST(a_seek_finds_what_came)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;

    server_start(&server, small_file());
    ck_assert_int_eq(ftruncate(server.file_fd, (off_t)half(&server.file)), 0);
    struct peer *peer = peer_open(&server);
    do_play(peer);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    flv_bytes_write(&server.file, server.file_fd);
    send_command(peer, 1, "seek", 0, "nd", 0.0);
    expect_user_control(peer, 1, 1);
    expect_user_control(peer, 4, 1);
    expect_user_control(peer, 0, 1);
    expect_status(peer, 1, "status", "NetStream.Seek.Notify");
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    tags = (struct file_tags){.file = &server.file};
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("file grows",
                     (const TTest *[]){what_is_there_is_played,
                                       who_comes_later_is_told_more,
                                       a_seek_finds_what_came, NULL});
}
