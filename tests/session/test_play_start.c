/* What comes before the first frame, in the order that every client bears. */
#include "peer.h"

#include <string.h>

#define STATUS(code_length, code, description_length, description)             \
    "\2\0\x08"                                                                 \
    "onStatus"                                                                 \
    "\0\0\0\0\0\0\0\0\0"                                                       \
    "\5"                                                                       \
    "\3"                                                                       \
    "\0\5"                                                                     \
    "level"                                                                    \
    "\2\0\6"                                                                   \
    "status"                                                                   \
    "\0\4"                                                                     \
    "code"                                                                     \
    "\2\0" code_length code "\0\x0B"                                           \
    "description"                                                              \
    "\2\0" description_length description "\0\7"                               \
    "details"                                                                  \
    "\2\0\5"                                                                   \
    "movie"                                                                    \
    "\0\0\x09"

static struct peer *connected(struct server *server)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    return peer;
}

START_TEST(the_beginning_is_golden)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, small_file());
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = connected(&server);
    send_command(peer, 1, "play", 0, "nsd", "movie", -2000.0);
    expect_user_control(peer, 4, 1);
    expect_user_control(peer, 0, 1);
    expect_payload(peer, 20, 1,
                   LITERAL(STATUS("\x14", "NetStream.Play.Reset", "\x16",
                                  "Playing and resetting.")));
    ck_assert_uint_eq(peer->message.chunk_stream_id, 7);
    expect_payload(peer, 20, 1,
                   LITERAL(STATUS("\x14", "NetStream.Play.Start", "\x10",
                                  "Started playing.")));
    expect_payload(peer, 18, 1,
                   LITERAL("\2\0\x11"
                           "|RtmpSampleAccess\1\1\1\1"));
    ck_assert_uint_eq(peer->message.chunk_stream_id, 5);
    /* duration 0.4, width 320 */
    expect_payload(peer, 18, 1,
                   LITERAL("\2\0\x0A"
                           "onMetaData\x08\0\0\0\2\0\x08"
                           "duration\0\x3F\xD9\x99\x99\x99\x99\x99\x9A"
                           "\0\5width\0\x40\x74\0\0\0\0\0\0"
                           "\0\0\x09"));
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 0); /* video configuration */
    ck_assert_uint_eq(peer->message.chunk_stream_id, 6);
    ck_assert_uint_eq(peer->message.format, 0);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 0); /* audio configuration */
    ck_assert_uint_eq(peer->message.chunk_stream_id, 4);
    ck_assert_uint_eq(peer->message.format, 0);
    ck_assert(next_file_tag(&tags, &tag));
    expect_tag(peer, &tag, 0); /* keyframe */
    ck_assert_uint_eq(peer->message.format, 1);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_loop_has_no_duration)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = connected(&server);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    ck_assert(!message_has_bytes(&peer->message, LITERAL("duration")));
    ck_assert(message_has_bytes(&peer->message, LITERAL("width")));
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Arguments that clients really send behind the name, and whether Play.Reset
 * is said. */
START_TEST(arguments)
{
    static const struct {
        const char *format;
        double a, b;
        int reset;
        bool says_reset;
    } forms[] = {{"ns", 0, 0, 0, true},           {"nsd", -2, 0, 0, true},
                 {"nsdd", -2000, -1000, 0, true}, {"nsdd", -1000, -1, 0, true},
                 {"nsddb", 0, -1, 1, true},       {"nsddb", 0, 0, 0, false},
                 {"nsun", 0, 0, 0, true}};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct peer *peer = connected(&server);

        send_command(peer, 1, "play", 4, forms[i].format, "movie", forms[i].a,
                     forms[i].b, forms[i].reset);
        expect_user_control(peer, 4, 1);
        expect_user_control(peer, 0, 1);
        if (forms[i].says_reset)
            expect_status(peer, 1, "status", "NetStream.Play.Reset");
        expect_status(peer, 1, "status", "NetStream.Play.Start");
        (void)expect_message(peer, 18, 1, 0);
        (void)expect_message(peer, 18, 1, 0);
        (void)expect_message(peer, 9, 1, 0);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(every_name_plays_the_one_file)
{
    static const char *const names[] = {
        "", "x", "mp4:a/b.mp4", "../../etc/passwd", "\xFF\xFE\x01", "a?b=c"};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct peer *peer = connected(&server);

        send_command(peer, 1, "play", 0, "ns", names[i]);
        expect_play_started(peer);
        peer_close(peer);
    }
    struct peer *peer = connected(&server);
    send_command(peer, 1, "play", 0, "");
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The name is given back as details: cut, and valid UTF-8. */
START_TEST(a_long_name_is_cut_in_the_answer)
{
    struct server server;
    char name[1025];

    memset(name, 'n', 1024);
    name[1024] = '\0';
    server_start(&server, small_file());
    struct peer *peer = connected(&server);
    send_command(peer, 1, "play", 0, "ns", name);
    expect_user_control(peer, 4, 1);
    expect_user_control(peer, 0, 1);
    expect_status(peer, 1, "status", "NetStream.Play.Reset");
    name[512] = '\0';
    ck_assert(message_has_string(&peer->message, "details", name));
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A play on message stream 0 means the first stream. */
START_TEST(message_stream_0_is_tolerated)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = connected(&server);
    send_command(peer, 0, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(tracks_can_be_left_out)
{
    struct server server;
    struct file_tag tag;

    for (uint8_t type = 8; type <= 9; type++) {
        server_start(&server, small_file());
        server.options.audio = type == 8;
        server.options.video = type == 9;
        struct file_tags tags = {.file = &server.file};
        struct peer *peer = connected(&server);
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
        while (next_file_tag(&tags, &tag))
            if (tag.type == type)
                expect_tag(peer, &tag, tag.timestamp_ms);
        expect_play_complete(peer);
        peer_close(peer);
        server_stop(&server, "peer closed the connection");
    }
}
END_TEST

int main(void)
{
    return run_tests(
        "play start",
        (const TTest *[]){
            the_beginning_is_golden, a_loop_has_no_duration, arguments,
            every_name_plays_the_one_file, a_long_name_is_cut_in_the_answer,
            message_stream_0_is_tolerated, tracks_can_be_left_out, NULL});
}
