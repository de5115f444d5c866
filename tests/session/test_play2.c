/* play2: another file at the current position, without a gap; and the other
 * transitions. */
#include "peer.h"

#include <stdlib.h>
#include <unistd.h>

#define LONG_MS 8000

/* 8 s, more than sockets hold: pictures of 40 ms, sound of 20 ms. */
static struct flv_bytes long_file(uint32_t gop_ms, size_t picture_bytes)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    for (uint32_t ms = 0; ms < LONG_MS; ms += 20) {
        if (ms % gop_ms == 0)
            flv_bytes_keyframe(&file, ms, picture_bytes);
        else if (ms % 40 == 0)
            flv_bytes_inter(&file, ms, picture_bytes);
        flv_bytes_audio(&file, ms, picture_bytes / 10);
    }
    return file;
}

/* From now on the name leads to another file; those who play the one before
 * keep it. */
static void replace_file(struct server *server, const struct flv_bytes *file)
{
    const int fd = flv_bytes_open(file);

    ck_assert_int_eq(dup2(fd, server->file_fd), server->file_fd);
    close(fd);
}

static struct peer *watch(struct server *server)
{
    struct peer *peer = peer_open_narrow(server, 4096);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    return peer;
}

static void send_play2(struct peer *peer, const char *transition)
{
    send_command(peer, 1, "play2", 0, "n{kdkdksksksks}", "len", -1.0, "start",
                 -2.0, "transition", transition, "oldStreamName", "movie",
                 "streamName", "other", "unknown", "text");
}

/* All of the old file, which may be told of the transition meanwhile, up to the
 * headers of the new one; the time that was left then. */
static uint32_t expect_old(struct peer *peer, struct file_tags *tags)
{
    const struct message *message;
    bool is_told = false;
    struct file_tag tag;

    for (;;) {
        message = read_message(peer);
        if (message->type == 20) {
            ck_assert(message_has_string(message, "code",
                                         "NetStream.Play.Transition"));
            ck_assert(message_has_string(message, "level", "status"));
            is_told = true;
            continue;
        }
        ck_assert(next_file_tag(tags, &tag));
        if (message->type != tag.type || message->length != tag.length)
            break;
        ck_assert_uint_eq(message->timestamp_ms, tag.timestamp_ms);
        ck_assert_mem_eq(message->payload, tag.data, tag.length);
    }
    ck_assert(is_told);
    return tag.timestamp_ms;
}

static void expect_transition_complete(struct peer *peer)
{
    const struct message *message = expect_message(peer, 18, 1, UINT32_MAX);

    ck_assert(message_is_called(message, "onPlayStatus"));
    ck_assert(message_has_string(message, "level", "status"));
    ck_assert(message_has_string(message, "code",
                                 "NetStream.Play.TransitionComplete"));
}

/* The header that was read, the other one, the keyframe of that time, and the
 * rest. */
static void expect_new(struct peer *peer, const struct flv_bytes *file,
                       uint32_t at_ms)
{
    struct file_tags tags = {.file = file};
    struct file_tag tag;

    ck_assert(next_file_tag(&tags, &tag));
    ck_assert_uint_eq(peer->message.timestamp_ms, at_ms);
    ck_assert_mem_eq(peer->message.payload, tag.data, tag.length);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, at_ms);
    do
        ck_assert(next_file_tag(&tags, &tag));
    while (tag.timestamp_ms != at_ms || tag.data[0] != 0x17);
    expect_tag(peer, &tag, at_ms);
    expect_transition_complete(peer);
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
}

START_TEST(another_file_at_its_next_keyframe)
{
    static const char *const transitions[] = {"switch", "swap", "whatever"};
    struct flv_bytes other = long_file(600, 1500);
    struct server server;

    server_start(&server, long_file(400, 2000));
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = watch(&server);
    replace_file(&server, &other);
    send_play2(peer, transitions[_i]);
    uint32_t at_ms = expect_old(peer, &tags);
    ck_assert_uint_eq(at_ms % 600, 0); /* nothing between the two is missing */
    expect_new(peer, &other, at_ms);
    /* Seeks are in the new file, too. */
    send_command(peer, 1, "seek", 0, "nd", 700.0);
    for (int i = 0; i < 5; i++)
        (void)read_message(peer); /* the answer */
    (void)expect_message(peer, 9, 1, 600);
    (void)expect_message(peer, 8, 1, 600);
    ck_assert_uint_eq(expect_message(peer, 9, 1, 600)->length, 1500);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
}
END_TEST

/* There and back again, before the first of them came to pass. */
START_TEST(the_last_of_many_counts)
{
    struct flv_bytes other = long_file(600, 1500);
    struct flv_bytes last = long_file(1000, 1700);
    struct server server;

    server_start(&server, long_file(400, 2000));
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = watch(&server);
    replace_file(&server, &other);
    send_play2(peer, "switch");
    send_ping(peer, 1);
    replace_file(&server, &last);
    send_play2(peer, "switch");
    while (read_message(peer)->type != 4) {
        struct file_tag tag;

        if (peer->message.type != 20) {
            ck_assert(next_file_tag(&tags, &tag));
            ck_assert_uint_eq(peer->message.length, tag.length);
        }
    }
    uint32_t at_ms = expect_old(peer, &tags);
    ck_assert_uint_eq(at_ms % 1000, 0);
    expect_new(peer, &last, at_ms);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
    flv_bytes_free(&last);
}
END_TEST

START_TEST(a_seek_before_it_came_leads_into_the_other)
{
    struct flv_bytes other = long_file(600, 1500);
    struct server server;

    server_start(&server, long_file(400, 2000));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    replace_file(&server, &other);
    send_play2(peer, "switch");
    send_command(peer, 1, "seek", 0, "nd", 2000.0);
    while (read_message(peer)->type != 20 ||
           !message_has_string(&peer->message, "code", "NetStream.Seek.Notify"))
        ;
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    (void)expect_message(peer, 9, 1, 1800);
    expect_new(peer, &other, 1800);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
}
END_TEST

START_TEST(a_name_that_is_not_there_changes_nothing)
{
    static const struct flv_bytes nothing = {0};
    struct server server;
    struct file_tag tag;
    bool is_told = false;

    server_start(&server, long_file(400, 2000));
    server.options.lead_ms = 60000;
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = watch(&server);
    replace_file(&server, &nothing);
    send_play2(peer, "switch");
    while (next_file_tag(&tags, &tag)) {
        if (read_message(peer)->type == 20) {
            ck_assert(message_has_string(&peer->message, "level", "error"));
            is_told = true;
            (void)read_message(peer);
        }
        ck_assert_uint_eq(peer->message.length, tag.length);
        ck_assert_mem_eq(peer->message.payload, tag.data, tag.length);
    }
    ck_assert(is_told);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A play of its own: "reset", and whatever comes when nothing plays. */
START_TEST(it_may_begin_anew)
{
    static const char *const transitions[] = {"reset", "switch", "append"};
    struct flv_bytes other = long_file(600, 1500);
    struct server server;

    server_start(&server, small_file());
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server);
    for (int i = 0; i < SMALL_FILE_FRAMES + 2; i++)
        (void)read_message(peer);
    expect_play_complete(peer);
    replace_file(&server, &other);
    send_command(peer, 1, "play2", 0, "n{kskskdkd}", "streamName", "other",
                 "transition", transitions[_i], "start", 1.9, "len", 0.5);
    expect_play_started(peer);
    for (int i = 0; i < 2; i++)
        (void)expect_message(peer, i == 0 ? 9 : 8, 1, 0);
    struct file_tags tags = {.file = &other};
    struct file_tag tag;
    do
        ck_assert(next_file_tag(&tags, &tag));
    while (tag.timestamp_ms < 1800);
    for (; tag.timestamp_ms < 2300; ck_assert(next_file_tag(&tags, &tag)))
        expect_tag(peer, &tag, tag.timestamp_ms - 1800);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
    flv_bytes_free(&other);
}
END_TEST

START_TEST(it_may_stop_or_be_ignored)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = watch(&server);
    send_play2(peer, "append");
    expect_only_media(peer);
    send_play2(peer, "stop");
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    send_play2(peer, "stop");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(odd_arguments_are_refused)
{
    static const char *const formats[] = {"", "n", "nn", "ns", "nd"};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (formats[i][0] != '\0' && formats[i][1] == 'd')
            send_command(peer, 1, "play2", 0, formats[i], 1.0);
        else
            send_command(peer, 1, "play2", 0, formats[i], "movie");
        expect_status(peer, 1, "error", "NetStream.Play.Failed");
    }
    /* members of other types are as good as missing */
    send_command(peer, 1, "play2", 0, "n{kbkskskd}", "streamName", true,
                 "start", "1", "len", "2", "transition", 3.0);
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("play2");
    SRunner *runner = srunner_create(suite);
    TCase *cases = tcase_create("play2");
    int failed;

    tcase_add_loop_test(cases, another_file_at_its_next_keyframe, 0, 3);
    tcase_add_test(cases, the_last_of_many_counts);
    tcase_add_test(cases, a_seek_before_it_came_leads_into_the_other);
    tcase_add_test(cases, a_name_that_is_not_there_changes_nothing);
    tcase_add_loop_test(cases, it_may_begin_anew, 0, 3);
    tcase_add_test(cases, it_may_stop_or_be_ignored);
    tcase_add_test(cases, odd_arguments_are_refused);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
