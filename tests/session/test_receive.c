/* receiveAudio and receiveVideo: off at once and without a word, on again with
 * a seek to where the viewer is. */
#include "peer.h"

#include <stdlib.h>

#include "base/clock.h"

#define LONG_MS 8000

/* 8 s: a keyframe every 400 ms, pictures of 2000 bytes and 40 ms, sound of
 * 20 ms: more than sockets hold. */
static struct flv_bytes long_file(void)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    for (uint32_t ms = 0; ms < LONG_MS; ms += 20) {
        if (ms % 400 == 0)
            flv_bytes_keyframe(&file, ms, 2000);
        else if (ms % 40 == 0)
            flv_bytes_inter(&file, ms, 2000);
        flv_bytes_audio(&file, ms, 100);
    }
    return file;
}

static struct peer *get_stream(struct server *server)
{
    struct peer *peer = peer_open_narrow(server, 4096);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    return peer;
}

static void receive(struct peer *peer, uint8_t type, bool on)
{
    send_command(peer, 1, type == 8 ? "receiveAudio" : "receiveVideo", 0, "nb",
                 on);
}

/* The next message must be the next tag of the file that is of this type; 0
 * for any type. */
static void expect_next(struct peer *peer, struct file_tags *tags, uint8_t type)
{
    struct file_tag tag;

    do
        ck_assert(next_file_tag(tags, &tag));
    while (type != 0 && tag.type != type);
    expect_tag(peer, &tag, tag.timestamp_ms);
}

static bool has_next(const struct file_tags *tags, uint8_t type)
{
    struct file_tags ahead = *tags;
    struct file_tag tag;

    while (next_file_tag(&ahead, &tag)) {
        if (type == 0 || tag.type == type)
            return true;
    }
    return false;
}

START_TEST(switched_off_before_a_play)
{
    const uint8_t off = _i == 0 ? 9 : 8;
    const uint8_t on = _i == 0 ? 8 : 9;
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = get_stream(&server);
    receive(peer, off, false);
    for (int round = 0; round < 2; round++) { /* it holds for further plays */
        struct file_tags tags = {.file = &server.file};

        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
        while (has_next(&tags, on))
            expect_next(peer, &tags, on);
        expect_play_complete(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* As Red5's client does before it plays, without and with an argument. */
START_TEST(nothing_is_said_when_nothing_changes)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, small_file());
    struct peer *peer = get_stream(&server);
    send_command(peer, 1, "receiveAudio", 0, "n");
    send_command(peer, 1, "receiveVideo", 0, "n");
    send_command(peer, 1, "receiveVideo", 0, "nb", true);
    send_command(peer, 1, "receiveVideo", 0, "nb", false);
    send_command(peer, 1, "receiveVideo", 0, "");
    send_command(peer, 7, "receiveVideo", 0, "nb", false); /* not created */
    expect_silence(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    receive(peer, 8, true);
    tags = (struct file_tags){.file = &server.file};
    while (has_next(&tags, 0))
        expect_next(peer, &tags, 0);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The media up to the answer to a ping: all of the file until the switch, and
 * only of one type from then on, in order and without a gap. What of the other
 * type had been handed to the kernel may come. */
START_TEST(switched_off_while_it_plays)
{
    const uint8_t off = _i == 0 ? 9 : 8;
    const uint8_t on = _i == 0 ? 8 : 9;
    const struct message *message;
    struct server server;
    struct file_tag tag;
    size_t unwanted = 0;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = get_stream(&server);
    send_command(peer, 1, "play", 0, "ns", "movie");
    struct file_tags tags = {.file = &server.file};
    expect_play_started(peer);
    receive(peer, off, false);
    wait_until_heard(peer);
    send_ping(peer, 7);
    while ((message = read_message(peer))->type != 4) {
        do
            ck_assert(next_file_tag(&tags, &tag));
        while (tag.type != message->type && tag.type == off);
        ck_assert_uint_eq(message->type, tag.type);
        ck_assert_uint_eq(message->timestamp_ms, tag.timestamp_ms);
        ck_assert_mem_eq(message->payload, tag.data, tag.length);
        unwanted += message->type == off;
    }
    ck_assert_uint_lt(unwanted, 30); /* not all that was on its way */
    while (has_next(&tags, on))
        expect_next(peer, &tags, on);
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The answer of a seek, and the play from a keyframe on, which is at or before
 * what has been played since then. */
static void expect_to_go_on(struct server *server, struct peer *peer,
                            int64_t since_ns)
{
    struct file_tags tags = {.file = &server->file};
    const struct message *message;
    uint32_t landing_ms;
    struct file_tag tag;

    do
        message = read_message(peer);
    while (message->type != 20);
    ck_assert(message_has_string(message, "code", "NetStream.Seek.Notify"));
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    message = read_message(peer);
    landing_ms = message->timestamp_ms;
    ck_assert(next_file_tag(&tags, &tag));
    ck_assert_uint_eq(message->type, 9);
    ck_assert_mem_eq(message->payload, tag.data, tag.length);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, landing_ms);
    ck_assert_uint_eq(landing_ms % 400, 0);
    ck_assert_int_le(landing_ms * CLOCK_NS_PER_MS, clock_now_ns() - since_ns);
    do
        ck_assert(next_file_tag(&tags, &tag));
    while (tag.timestamp_ms < landing_ms || tag.type != 9);
    expect_tag(peer, &tag, landing_ms);
    while (has_next(&tags, 0))
        expect_next(peer, &tags, 0);
    expect_play_complete(peer);
}

START_TEST(switched_on_again_while_it_plays)
{
    const uint8_t type = _i == 0 ? 9 : 8;
    struct server server;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = get_stream(&server);
    receive(peer, type, false);
    const int64_t started_ns = clock_now_ns();
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    (void)expect_message(peer, type == 9 ? 8 : 9, 1, 0);
    receive(peer, type, true);
    expect_to_go_on(&server, peer, started_ns);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The end was told, but most of the file is still to be played. */
START_TEST(switched_on_again_after_the_end)
{
    struct server server;
    struct file_tags tags;

    server_start(&server, long_file());
    server.options.lead_ms = 60000;
    struct peer *peer = get_stream(&server);
    receive(peer, 9, false);
    const int64_t started_ns = clock_now_ns();
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    tags = (struct file_tags){.file = &server.file};
    while (has_next(&tags, 8))
        expect_next(peer, &tags, 8);
    expect_play_complete(peer);
    receive(peer, 9, true);
    expect_to_go_on(&server, peer, started_ns);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Its clock runs: the end comes when it is due. */
START_TEST(nothing_at_all_comes_to_the_end)
{
    struct server server;
    int64_t started_ns;

    server_start(&server, small_file());
    server.options.lead_ms = 0;
    struct peer *peer = get_stream(&server);
    receive(peer, 9, false);
    receive(peer, 8, false);
    started_ns = clock_now_ns();
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    expect_play_complete(peer);
    ck_assert_int_ge(clock_now_ns() - started_ns, 300 * CLOCK_NS_PER_MS);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receive");
    SRunner *runner = srunner_create(suite);
    TCase *cases = tcase_create("receive");
    int failed;

    tcase_add_loop_test(cases, switched_off_before_a_play, 0, 2);
    tcase_add_test(cases, nothing_is_said_when_nothing_changes);
    tcase_add_loop_test(cases, switched_off_while_it_plays, 0, 2);
    tcase_add_loop_test(cases, switched_on_again_while_it_plays, 0, 2);
    tcase_add_test(cases, switched_on_again_after_the_end);
    tcase_add_test(cases, nothing_at_all_comes_to_the_end);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
