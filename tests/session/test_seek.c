/* seek: the keyframe at or before the time, with what its decoder needs. */
#include "peer.h"

#include <stdlib.h>

#define SECONDS 4
#define GOP_MS 400

/* 4 s: a keyframe every 400 ms, pictures of 40 ms, sound of 20 ms. */
static struct flv_bytes file_of(bool video, bool audio)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    if (video)
        flv_bytes_video_config(&file, 0);
    if (audio)
        flv_bytes_audio_config(&file, 0);
    for (uint32_t ms = 0; ms < SECONDS * 1000; ms += 20) {
        if (video && ms % GOP_MS == 0)
            flv_bytes_keyframe(&file, ms, 60 + ms / 100);
        else if (video && ms % 40 == 0)
            flv_bytes_inter(&file, ms, 30 + ms / 100);
        if (audio)
            flv_bytes_audio(&file, ms, 10 + ms / 100);
    }
    return file;
}

static struct peer *watch(struct server *server, const char *arguments,
                          double start_ms, double duration_ms)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, arguments, "movie", start_ms, duration_ms);
    expect_play_started(peer);
    return peer;
}

/* What is said around a seek, after whatever was on its way: media, or all of
 * them and the end. */
static void expect_seek_answer(struct peer *peer)
{
    const struct message *message;
    bool is_eof = false; /* the message before was StreamEOF */

    for (;;) {
        message = read_message(peer);
        if (message->type == 4 && message->payload[1] == 4)
            break; /* StreamIsRecorded */
        is_eof = message->type == 4 && message->payload[1] == 1;
    }
    ck_assert(is_eof);
    expect_user_control(peer, 0, 1); /* StreamBegin */
    expect_status(peer, 1, "status", "NetStream.Seek.Notify");
    expect_status(peer, 1, "status", "NetStream.Play.Start");
}

/* Reads on, over anything, to an onStatus. */
static void expect_some_time(struct peer *peer, const char *code)
{
    const struct message *message;

    do
        message = read_message(peer);
    while (message->type != 20 || !message_has_string(message, "code", code));
}

/* Moves to the tag of a type with a time that is no configuration. */
static struct file_tag find_frame(struct file_tags *tags, uint8_t type,
                                  uint32_t ms)
{
    struct file_tag tag;

    do
        ck_assert(next_file_tag(tags, &tag));
    while (tag.type != type || tag.timestamp_ms != ms || tag.data[1] == 0);
    return tag;
}

/* The configurations and the file from a keyframe on, all of `at_ms` or after
 * it, with this constant. */
static void expect_landing(struct server *server, struct peer *peer,
                           struct file_tags *tags, uint32_t at_ms,
                           uint32_t constant_ms)
{
    struct file_tags head = {.file = &server->file};
    struct file_tag video, audio, frame;

    ck_assert(next_file_tag(&head, &video));
    ck_assert(next_file_tag(&head, &audio));
    expect_tag(peer, &video, at_ms + constant_ms);
    expect_tag(peer, &audio, at_ms + constant_ms);
    *tags = (struct file_tags){.file = &server->file};
    frame = find_frame(tags, 9, at_ms);
    expect_tag(peer, &frame, at_ms + constant_ms);
}

static void expect_rest(struct peer *peer, struct file_tags *tags,
                        uint32_t constant_ms)
{
    struct file_tag tag;

    while (next_file_tag(tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms + constant_ms);
}

/* Where a seek to `to_ms` lands in a file of 4 s that is played once. */
static const struct {
    double to_ms;
    uint32_t landing_ms;
} targets[] = {{0, 0},       {1, 0},       {399, 0},     {400, 400},
               {401, 400},   {2000, 2000}, {2399, 2000}, {3600, 3600},
               {3999, 3600}, {-5, 0},      {-1e300, 0}};

START_TEST(it_lands_on_the_keyframe_at_or_before)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "seek", 0, "nd", targets[_i].to_ms);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, targets[_i].landing_ms, 0);
    expect_rest(peer, &tags, 0);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_missing_or_odd_time_is_the_beginning)
{
    static const char *const arguments[] = {"n", "nn", "nb"};
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "seek", 0, arguments[_i], true);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, 0, 0);
    expect_rest(peer, &tags, 0);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(past_the_end_is_the_end)
{
    struct server server;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "seek", 0, "nd", _i == 0 ? 4000.0 : 1e300);
    expect_seek_answer(peer);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(from_the_end_it_plays_again)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    tags = (struct file_tags){.file = &server.file};
    expect_rest(peer, &tags, 0);
    expect_play_complete(peer);
    for (int i = 0; i < 3; i++) {
        send_command(peer, 1, "seek", 0, "nd", 2500.0);
        expect_seek_answer(peer);
        expect_landing(&server, peer, &tags, 2400, 0);
        expect_rest(peer, &tags, 0);
        expect_play_complete(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(while_paused_it_shows_one_keyframe)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "pause", 0, "nb", true);
    expect_some_time(peer, "NetStream.Pause.Notify");
    send_command(peer, 1, "seek", 0, "nd", 1700.0);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, 1600, 0);
    expect_silence(peer);
    send_command(peer, 1, "seek", 0, "nd", 900.0);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, 800, 0);
    expect_silence(peer);
    send_command(peer, 1, "pause", 0, "nb", false);
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    expect_rest(peer, &tags, 0);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The length of a round is 4 s: the sound's last frame ends there. */
START_TEST(in_a_loop_the_round_that_contains_the_time)
{
    static const struct {
        uint32_t loop;
        double to_ms;
        uint32_t landing_ms;
        uint32_t constant_ms;
    } rows[] = {{3, 9300, 1200, 8000},
                {3, 4000, 0, 4000},
                {0, 36000000, 0, 36000000},
                {0, 36001999, 1600, 36000000}};
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.loop = rows[_i].loop;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "seek", 0, "nd", rows[_i].to_ms);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, rows[_i].landing_ms,
                   rows[_i].constant_ms);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(sound_alone_is_sought_to_its_frame)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;

    server_start(&server, file_of(false, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "ns", 0, 0);
    send_command(peer, 1, "seek", 0, "nd", 1250.0);
    expect_seek_answer(peer);
    tags = (struct file_tags){.file = &server.file};
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 1240);
    tag = find_frame(&tags, 8, 1240);
    expect_tag(peer, &tag, 1240);
    expect_rest(peer, &tags, 0);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* play's own start: the first frame has timestamp 0, and seeks are on the
 * viewer's timeline. */
START_TEST(play_may_start_at_an_offset)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "nsd", 1500, 0);
    expect_landing(&server, peer, &tags, 1200, (uint32_t)-1200);
    expect_rest(peer, &tags, (uint32_t)-1200);
    expect_play_complete(peer);
    send_command(peer, 1, "seek", 0, "nd", 900.0);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, 2000, (uint32_t)-1200);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(play_may_end_after_a_duration)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "nsdd", 1600, 500);
    expect_landing(&server, peer, &tags, 1600, (uint32_t)-1600);
    while (next_file_tag(&tags, &tag) && tag.timestamp_ms < 2100)
        expect_tag(peer, &tag, tag.timestamp_ms - 1600);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The start is of the first round, the duration of the whole play: 2.8 s of the
 * first, 4 s of the second, 0.2 s of the third. */
START_TEST(start_and_duration_in_a_loop)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;

    server_start(&server, file_of(true, true));
    server.options.loop = 3;
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "nsdd", 1500, 7000);
    expect_landing(&server, peer, &tags, 1200, (uint32_t)-1200);
    expect_rest(peer, &tags, (uint32_t)-1200);
    tags = (struct file_tags){.file = &server.file};
    expect_rest(peer, &tags, 2800);
    tags = (struct file_tags){.file = &server.file};
    while (next_file_tag(&tags, &tag) && tag.timestamp_ms < 200)
        expect_tag(peer, &tag, tag.timestamp_ms + 6800);
    expect_play_complete(peer);
    /* A seek is within that: 6.9 s is 0.1 s of the third round. */
    send_command(peer, 1, "seek", 0, "nd", 6900.0);
    expect_seek_answer(peer);
    expect_landing(&server, peer, &tags, 0, 6800);
    while (next_file_tag(&tags, &tag) && tag.timestamp_ms < 200)
        expect_tag(peer, &tag, tag.timestamp_ms + 6800);
    expect_play_complete(peer);
    /* and past it the end */
    send_command(peer, 1, "seek", 0, "nd", 7500.0);
    expect_seek_answer(peer);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_duration_of_0_with_reset_is_one_frame)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;

    server_start(&server, file_of(true, true));
    server.options.lead_ms = 60000;
    struct peer *peer = watch(&server, "nsdd", 0, 0);
    tags = (struct file_tags){.file = &server.file};
    for (int i = 0; i < 4; i++) { /* with the sound of the same time */
        ck_assert(next_file_tag(&tags, &tag));
        expect_tag(peer, &tag, 0);
    }
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

static void add_seek(struct flv_bytes *burst, double to_ms)
{
    struct flv_bytes body = command_body("seek", 0, "nd", to_ms);
    const uint8_t header[] = {0x03, 0, 0, 0, 0, 0, (uint8_t)body.length,
                              20,   1, 0, 0, 0};

    flv_bytes_add(burst, header, sizeof(header));
    flv_bytes_add(burst, body.data, body.length);
    flv_bytes_free(&body);
}

/* A slider that is dragged: each of the seeks is answered. */
START_TEST(many_at_once)
{
    struct server server;

    server_start(&server, file_of(true, true));
    struct peer *peer = watch(&server, "ns", 0, 0);
    struct flv_bytes burst = {0};
    for (int i = 0; i < 60; i++)
        add_seek(&burst, i * 50);
    send_bytes(peer, burst.data, burst.length);
    flv_bytes_free(&burst);
    for (int i = 0; i < 60; i++)
        expect_some_time(peer, "NetStream.Seek.Notify");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* More of them than there is room for the answers, while a large frame is on
 * its way to a viewer who has not read any of it. */
START_TEST(a_thousand_during_a_large_frame)
{
    struct server server;
    struct file_tags tags;
    struct file_tag tag;
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    flv_bytes_keyframe(&file, 0, (16u << 20) - 100);
    for (uint32_t ms = GOP_MS; ms < SECONDS * 1000; ms += GOP_MS)
        flv_bytes_keyframe(&file, ms, 60 + ms / 100);
    server_start(&server, file);
    server.options.lead_ms = 60000;
    struct peer *peer = peer_open_narrow(&server, 4096);
    do_play(peer);
    struct flv_bytes burst = {0};
    for (int i = 0; i < 1000; i++)
        add_seek(&burst, i == 999 ? 3000.0 : 400.0 + i);
    send_bytes(peer, burst.data, burst.length);
    flv_bytes_free(&burst);
    tags = (struct file_tags){.file = &server.file};
    for (int i = 0; i < 3; i++) {
        ck_assert(next_file_tag(&tags, &tag));
        expect_tag(peer, &tag, 0);
    }
    for (int i = 0; i < 1000; i++)
        expect_some_time(peer, "NetStream.Seek.Notify");
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    expect_landing(&server, peer, &tags, 2800, 0);
    expect_rest(peer, &tags, 0);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(before_any_play_it_is_answered)
{
    struct server server;

    server_start(&server, file_of(true, true));
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 1, "seek", 0, "nd", 1000.0);
    expect_silence(peer); /* there is no such stream */
    do_create_stream(peer);
    send_command(peer, 1, "seek", 0, "nd", 1000.0);
    expect_status(peer, 1, "status", "NetStream.Seek.Notify");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seek");
    SRunner *runner = srunner_create(suite);
    TCase *seeks = tcase_create("seek");
    int failed;

    tcase_add_loop_test(seeks, it_lands_on_the_keyframe_at_or_before, 0,
                        (int)(sizeof(targets) / sizeof(targets[0])));
    tcase_add_loop_test(seeks, a_missing_or_odd_time_is_the_beginning, 0, 3);
    tcase_add_loop_test(seeks, past_the_end_is_the_end, 0, 2);
    tcase_add_test(seeks, from_the_end_it_plays_again);
    tcase_add_test(seeks, while_paused_it_shows_one_keyframe);
    tcase_add_loop_test(seeks, in_a_loop_the_round_that_contains_the_time, 0,
                        4);
    tcase_add_test(seeks, sound_alone_is_sought_to_its_frame);
    tcase_add_test(seeks, play_may_start_at_an_offset);
    tcase_add_test(seeks, play_may_end_after_a_duration);
    tcase_add_test(seeks, start_and_duration_in_a_loop);
    tcase_add_test(seeks, a_duration_of_0_with_reset_is_one_frame);
    tcase_add_test(seeks, many_at_once);
    tcase_add_test(seeks, a_thousand_during_a_large_frame);
    tcase_add_test(seeks, before_any_play_it_is_answered);
    tcase_set_timeout(seeks, 60);
    suite_add_tcase(suite, seeks);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
