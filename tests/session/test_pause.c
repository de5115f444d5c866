/* pause and unpause: nothing is sent in between, nothing is lost. */
#include "peer.h"

#define PICTURES 200

/* 8 s of pictures of 4000 bytes, without sound: more than sockets hold. */
static struct flv_bytes long_file(void)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    for (uint32_t i = 0; i < PICTURES; i++) {
        if (i % 25 == 0)
            flv_bytes_keyframe(&file, i * 40, 4000);
        else
            flv_bytes_inter(&file, i * 40, 4000);
    }
    return file;
}

/* A viewer that took nothing yet of all that is on its way to it. */
static struct peer *watch_without_reading(struct server *server)
{
    struct peer *peer = peer_open_narrow(server, 4096);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    return peer;
}

/* Before the end of the play: what that says. */
static bool is_end(const struct message *message)
{
    return message->type == 18 || message->type == 4 ||
           message_has_string(message, "code", "NetStream.Play.Stop");
}

/* The tags from where the viewer is up to an onStatus. */
static void expect_tags_to_status(struct peer *peer, struct file_tags *tags,
                                  const char *code)
{
    const struct message *message;
    struct file_tag tag;

    while ((message = read_message(peer))->type == 9) {
        ck_assert(next_file_tag(tags, &tag));
        ck_assert_uint_eq(message->timestamp_ms, tag.timestamp_ms);
        ck_assert_uint_eq(message->length, tag.length);
        ck_assert_mem_eq(message->payload, tag.data, tag.length);
    }
    while (is_end(message))
        message = read_message(peer);
    ck_assert_uint_eq(message->type, 20);
    ck_assert(message_has_string(message, "code", code));
}

static void expect_rest(struct peer *peer, struct file_tags *tags)
{
    struct file_tag tag;

    while (next_file_tag(tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
}

START_TEST(nothing_is_sent_while_paused_and_nothing_is_lost)
{
    struct server server;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = watch_without_reading(&server);
    struct file_tags tags = {.file = &server.file};
    expect_play_started(peer);
    send_command(peer, 1, "pause", 0, "nbd", true, 0.0);
    expect_tags_to_status(peer, &tags, "NetStream.Pause.Notify");
    expect_silence(peer);
    /* Far fewer than all: what was in the sockets. */
    ck_assert_uint_lt(tags.next, server.file.length / 2);

    send_command(peer, 1, "pause", 0, "nbd", false, 0.0);
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    expect_rest(peer, &tags);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(many_pauses_lose_nothing)
{
    struct server server;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = watch_without_reading(&server);
    struct file_tags tags = {.file = &server.file};
    expect_play_started(peer);
    for (int i = 0; i < 20; i++) {
        send_command(peer, 1, "pauseRaw", 0, "nbd", true, 0.0);
        expect_tags_to_status(peer, &tags, "NetStream.Pause.Notify");
        send_command(peer, 1, "pauseRaw", 0, "nbd", false, 0.0);
        expect_tags_to_status(peer, &tags, "NetStream.Unpause.Notify");
    }
    expect_rest(peer, &tags);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(without_an_argument_it_toggles)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    send_command(peer, 1, "pause", 0, "n");
    skip_to_status(peer, "NetStream.Pause.Notify");
    expect_silence(peer);
    send_command(peer, 1, "pause", 0, "n");
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    expect_only_media(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(at_the_end_it_is_answered_too)
{
    struct server server;

    server_start(&server, small_file());
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    struct file_tags tags = {.file = &server.file};
    expect_rest(peer, &tags);
    expect_play_complete(peer);
    send_command(peer, 1, "pause", 0, "nb", true);
    expect_status(peer, 1, "status", "NetStream.Pause.Notify");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Half a minute is waited for the next batch: what is said is heard at once. */
START_TEST(while_a_batch_is_waited_out)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, small_file());
    server.options.loop = 0;
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    for (uint32_t round = 0; round < 60000 / SMALL_FILE_MS; round++) {
        struct file_tags tags = {.file = &server.file};

        while (next_file_tag(&tags, &tag))
            expect_tag(peer, &tag, tag.timestamp_ms + round * SMALL_FILE_MS);
    }
    send_command(peer, 1, "pause", 0, "nb", true);
    while (read_message(peer)->type != 20) /* a few that were due meanwhile */
        ck_assert_uint_ge(peer->message.timestamp_ms, 60000);
    ck_assert(
        message_has_string(&peer->message, "code", "NetStream.Pause.Notify"));
    expect_silence(peer);
    send_command(peer, 1, "pause", 0, "nb", false);
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    expect_only_media(peer);
    send_command(peer, 1, "seek", 0, "nd", 1000.0);
    while (read_message(peer)->type != 20)
        ;
    ck_assert(
        message_has_string(&peer->message, "code", "NetStream.Seek.Notify"));
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    (void)expect_message(peer, 9, 1, 800);
    send_command(peer, 1, "closeStream", 0, "n");
    skip_to_status(peer, "NetStream.Play.Stop");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* It does not hold for plays to come. */
START_TEST(before_any_play_it_is_answered)
{
    struct server server;

    server_start(&server, small_file());
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "pause", 0, "nb", true);
    expect_status(peer, 1, "status", "NetStream.Pause.Notify");
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    struct file_tags tags = {.file = &server.file};
    expect_rest(peer, &tags);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(another_stream_goes_on)
{
    struct server server;
    const struct message *message;
    uint64_t second = 0;
    bool is_paused = false;
    bool is_complete = false;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = watch_without_reading(&server);
    send_command(peer, 0, "createStream", 3, "n");
    send_command(peer, 2, "play", 0, "ns", "movie");
    send_command(peer, 1, "pause", 0, "nb", true);
    /* All pictures of the second play come, in order, whatever of the first
     * one's were dropped between them. */
    struct file_tags tags = {.file = &server.file};
    while (!is_complete) {
        message = read_message(peer);
        if (message->type == 9 && message->message_stream_id == 2) {
            struct file_tag tag;

            ck_assert(next_file_tag(&tags, &tag));
            ck_assert_uint_eq(message->timestamp_ms, tag.timestamp_ms);
            ck_assert_mem_eq(message->payload, tag.data, tag.length);
            second++;
        } else if (message->type == 9) {
            ck_assert_msg(!is_paused, "media of a paused stream");
        } else if (message->type == 20) {
            is_paused |=
                message_has_string(message, "code", "NetStream.Pause.Notify");
            is_complete =
                message_has_string(message, "code", "NetStream.Play.Stop");
        }
    }
    ck_assert(is_paused);
    ck_assert_uint_eq(second, PICTURES + 1);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "pause",
        (const TTest *[]){
            nothing_is_sent_while_paused_and_nothing_is_lost,
            many_pauses_lose_nothing, without_an_argument_it_toggles,
            at_the_end_it_is_answered_too, while_a_batch_is_waited_out,
            before_any_play_it_is_answered, another_stream_goes_on, NULL});
}
