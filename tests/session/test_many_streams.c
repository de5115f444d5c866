/* Several streams on one connection: each with its own file, place, pause and
 * end. */
#include "peer.h"

#include <unistd.h>

#define STREAMS 3

/* 4 s: a keyframe every 400 ms, pictures of 40 ms. */
static struct flv_bytes file_of(size_t picture_bytes)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    for (uint32_t ms = 0; ms < 4000; ms += 40) {
        if (ms % 400 == 0)
            flv_bytes_keyframe(&file, ms, picture_bytes);
        else
            flv_bytes_inter(&file, ms, picture_bytes);
    }
    return file;
}

/* From now on the name leads to another file. */
static void replace_file(struct server *server, const struct flv_bytes *file)
{
    const int fd = flv_bytes_open(file);

    ck_assert_int_eq(dup2(fd, server->file_fd), server->file_fd);
    close(fd);
}

/* What a stream has shown. */
struct screen {
    struct file_tags tags; /* to come */
    bool is_paused;
    bool is_seeking; /* Seek.Notify is to come, or the landing */
    bool is_over;
};

static uint32_t file_time(struct file_tags tags)
{
    struct file_tag tag;

    return next_file_tag(&tags, &tag) ? tag.timestamp_ms : UINT32_MAX;
}

/* The landing: the header, and from the keyframe of that time on. */
static void land(struct screen *screen, uint32_t at_ms)
{
    struct file_tag tag;

    screen->tags.next = 0;
    ck_assert(next_file_tag(&screen->tags, &tag));
    while (file_time(screen->tags) < at_ms)
        ck_assert(next_file_tag(&screen->tags, &tag));
    screen->is_seeking = false;
}

/* Takes the next message to the screen of its stream. */
static void show_next(struct peer *peer, struct screen *screens)
{
    const struct message *message = read_message(peer);
    struct screen *screen = &screens[message->message_stream_id];
    struct file_tag tag;

    if (message->type == 20) {
        if (message_has_string(message, "code", "NetStream.Play.Stop"))
            screen->is_over = true;
        if (message_has_string(message, "code", "NetStream.Pause.Notify"))
            screen->is_paused = true;
        if (message_has_string(message, "code", "NetStream.Unpause.Notify"))
            screen->is_paused = false;
        if (message_has_string(message, "code", "NetStream.Seek.Notify"))
            screen->is_seeking = true;
    }
    if (message->type != 9)
        return;
    ck_assert(!screen->is_paused);
    if (screen->is_seeking && message->payload[1] == 0) {
        land(screen, message->timestamp_ms);
        return;
    }
    ck_assert(next_file_tag(&screen->tags, &tag));
    ck_assert_uint_eq(message->timestamp_ms, tag.timestamp_ms);
    ck_assert_uint_eq(message->length, tag.length);
    ck_assert_mem_eq(message->payload, tag.data, tag.length);
}

/* All that is on its way before the answer to a ping. */
static void settle(struct peer *peer, struct screen *screens)
{
    send_ping(peer, 1);
    do
        show_next(peer, screens);
    while (peer->message.type != 4 || peer->message.payload[1] != 7);
}

/* Streams 1 to 3 play, few of their media are read yet; 2 plays another
 * file. */
static struct peer *watch(struct server *server, struct screen *screens,
                          const struct flv_bytes *other)
{
    struct peer *peer = peer_open_narrow(server, 4096);

    do_handshake(peer);
    do_connect(peer);
    for (uint32_t id = 1; id <= STREAMS; id++) {
        send_command(peer, 0, "createStream", id + 1, "n");
        (void)expect_message(peer, 20, 0, 0);
        screens[id].tags.file = id == 2 ? other : &server->file;
    }
    send_command(peer, 1, "play", 0, "ns", "movie");
    send_command(peer, 3, "play", 0, "ns", "movie");
    settle(peer, screens);
    replace_file(server, other);
    send_command(peer, 2, "play", 0, "ns", "movie");
    return peer;
}

START_TEST(one_paused_one_sought_one_plays)
{
    struct flv_bytes other = file_of(24000);
    struct screen screens[STREAMS + 1] = {0};
    struct server server;

    server_start(&server, file_of(20000));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, screens, &other);
    send_command(peer, 1, "pause", 0, "nb", true);
    send_command(peer, 2, "seek", 0, "nd", 2100.0);
    while (!screens[2].is_over || !screens[3].is_over)
        show_next(peer, screens);
    settle(peer, screens);
    ck_assert(screens[1].is_paused && !screens[1].is_over);
    expect_silence(peer);
    for (int id = 2; id <= 3; id++) /* to its end */
        ck_assert_uint_eq(file_time(screens[id].tags), UINT32_MAX);
    send_command(peer, 1, "pause", 0, "nb", false);
    while (!screens[1].is_over)
        show_next(peer, screens);
    ck_assert_uint_eq(file_time(screens[1].tags), UINT32_MAX);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
}
END_TEST

START_TEST(one_closed_one_deleted_one_plays)
{
    struct flv_bytes other = file_of(24000);
    struct screen screens[STREAMS + 1] = {0};
    struct server server;

    server_start(&server, file_of(20000));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, screens, &other);
    send_command(peer, 1, "closeStream", 0, "n");
    send_command(peer, 0, "deleteStream", 0, "nd", 3.0);
    while (!screens[2].is_over || !screens[1].is_over)
        show_next(peer, screens);
    ck_assert_uint_eq(file_time(screens[2].tags), UINT32_MAX);
    ck_assert_uint_lt(file_time(screens[1].tags), 4000);
    settle(peer, screens);
    ck_assert(!screens[3].is_over); /* it is not answered */
    ck_assert_uint_lt(file_time(screens[3].tags), 4000);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
}
END_TEST

/* Its viewer asks for hours, so that something of it is always due. */
static void expect_turns(const struct flv_bytes *other)
{
    struct server server;
    size_t pictures = 0;

    server_start(&server, file_of(4000));
    server.options.loop = 100;
    struct peer *peer = peer_open_narrow(&server, 4096);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 0, "createStream", 3, "n");
    (void)expect_message(peer, 20, 0, 0);
    send_set_buffer_length(peer, 1, 36000000);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    if (other != NULL)
        replace_file(&server, other);
    send_command(peer, 2, "play", 0, "ns", "movie");
    do {
        pictures += peer->message.type == 9;
        (void)read_message(peer);
    } while (peer->message.type != 9 || peer->message.message_stream_id != 2);
    ck_assert_uint_lt(pictures, 2000); /* of 10000 */
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}

START_TEST(one_that_is_always_due_leaves_others_their_turn)
{
    expect_turns(NULL);
}
END_TEST

START_TEST(one_that_is_always_due_leaves_other_files_their_turn)
{
    struct flv_bytes other = file_of(3000);

    expect_turns(&other);
    flv_bytes_free(&other);
}
END_TEST

int main(void)
{
    return run_tests(
        "many streams",
        (const TTest *[]){one_that_is_always_due_leaves_others_their_turn,
                          one_that_is_always_due_leaves_other_files_their_turn,
                          one_paused_one_sought_one_plays,
                          one_closed_one_deleted_one_plays, NULL});
}
