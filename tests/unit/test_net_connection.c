/* server/net_connection: messages in, replies in the outbox, no sockets. What
 * the replies look like byte by byte is in the session tests as well; here
 * stand the states that they make, and what a peer cannot do. */
#include "config.h"

#include "server/dispatch.h"
#include "server/net_connection.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flv_bytes.h"

#define LITERAL(s) (s), sizeof(s) - 1

static struct options options;
static struct library *library;
static const struct sockaddr_storage peer;
static struct profile profile;
static struct net_connection connection;
static int64_t now_ns;

static void set_up(void)
{
    struct library_error error;
    struct flv_bytes b = {0};

    options = (struct options){
        .loop = 1, .lead_ms = -1, .audio = true, .video = true};
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&b, 40 * i, 100);
    library = library_open_memory(b.data, b.length, &error);
    ck_assert_ptr_nonnull(library);
    flv_bytes_free(&b);
    now_ns = 1000;
    memset(&connection, 0xA5, sizeof(connection)); /* init sets all it needs */
    profile_init(&profile, 1, &peer, false, now_ns);
    net_connection_init(&connection, &options, library, &profile, now_ns);
}

static void tear_down(void)
{
    net_connection_destroy(&connection);
    profile_destroy(&profile);
    library_close(library);
}

/* --- messages in -------------------------------------------------------- */

static enum session_end hand(uint8_t type, uint32_t message_stream_id,
                             const void *payload, size_t length)
{
    /* a copy of its own: reading beyond it is seen by the sanitizer */
    uint8_t *copy = malloc(length + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, payload, length);
    const struct rtmp_message message = {.type = type,
                                         .chunk_stream_id = 3,
                                         .message_stream_id = message_stream_id,
                                         .payload = copy + 1,
                                         .length_bytes = length};
    const enum session_end end =
        dispatch_message(&connection, &message, now_ns);

    free(copy);
    return end;
}

#define TXN_0 "\0\0\0\0\0\0\0\0\0"
#define TXN_1 "\0\x3F\xF0\0\0\0\0\0\0"
#define NIL "\5"
#define CONNECT                                                                \
    "\2\0\7"                                                                   \
    "connect" TXN_1 "\3"                                                       \
    "\0\3"                                                                     \
    "app"                                                                      \
    "\2\0\3"                                                                   \
    "v\nd"                                                                     \
    "\0\0\x09"
#define CREATE_STREAM                                                          \
    "\2\0\x0C"                                                                 \
    "createStream" TXN_1 NIL
#define PLAY                                                                   \
    "\2\0\4"                                                                   \
    "play" TXN_0 NIL "\2\0\5"                                                  \
    "movie"
#define PLAY_FALSE                                                             \
    "\2\0\4"                                                                   \
    "play" TXN_0 NIL "\1\0"
#define CLOSE_STREAM                                                           \
    "\2\0\x0B"                                                                 \
    "closeStream" TXN_0 NIL
#define DELETE_STREAM_1                                                        \
    "\2\0\x0C"                                                                 \
    "deleteStream" TXN_0 NIL TXN_1
#define GET_STREAM_LENGTH                                                      \
    "\2\0\x0F"                                                                 \
    "getStreamLength" TXN_1 NIL "\2\0\1"                                       \
    "m"
#define CHECK_BANDWIDTH                                                        \
    "\2\0\x0E"                                                                 \
    "checkBandwidth" TXN_1 NIL
#define FC_SUBSCRIBE                                                           \
    "\2\0\x0B"                                                                 \
    "FCSubscribe" TXN_1 NIL "\2\0\1"                                           \
    "m"
#define PUBLISH                                                                \
    "\2\0\7"                                                                   \
    "publish" TXN_1 NIL "\2\0\1"                                               \
    "m"
#define RELEASE_STREAM                                                         \
    "\2\0\x0D"                                                                 \
    "releaseStream" TXN_1 NIL "\2\0\1"                                         \
    "m"
#define UNKNOWN                                                                \
    "\2\0\1"                                                                   \
    "x" TXN_1 NIL
#define COMMAND(id, literal) hand(20, id, LITERAL(literal))

static const struct {
    const char *body;
    size_t length;
} commands[] = {{LITERAL(CONNECT)},
                {LITERAL(CREATE_STREAM)},
                {LITERAL(PLAY)},
                {LITERAL(PLAY_FALSE)},
                {LITERAL(CLOSE_STREAM)},
                {LITERAL(DELETE_STREAM_1)},
                {LITERAL(GET_STREAM_LENGTH)},
                {LITERAL(CHECK_BANDWIDTH)},
                {LITERAL(FC_SUBSCRIBE)},
                {LITERAL(PUBLISH)},
                {LITERAL(RELEASE_STREAM)},
                {LITERAL(UNKNOWN)}};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* --- replies out -------------------------------------------------------- */

static size_t taken(const uint8_t **bytes)
{
    size_t length;

    *bytes = outbox_take(&connection.outbox, &length);
    return length;
}

static void forget_replies(void)
{
    const uint8_t *bytes;

    (void)taken(&bytes);
    outbox_sent(&connection.outbox);
}

static void expect_nothing(void)
{
    const uint8_t *bytes;

    ck_assert_uint_eq(taken(&bytes), 0);
}

static void expect_reply_with(const char *text)
{
    const uint8_t *bytes;
    const size_t length = taken(&bytes);

    ck_assert_msg(length > 0 && memmem(bytes, length, text, strlen(text)),
                  "no reply with %s", text);
    outbox_sent(&connection.outbox);
}

static void expect_reply(const char *golden, size_t length)
{
    const uint8_t *bytes;

    ck_assert_uint_eq(taken(&bytes), length);
    ck_assert_mem_eq(bytes, golden, length);
    outbox_sent(&connection.outbox);
}

static void get_connected(void)
{
    ck_assert_int_eq(COMMAND(0, CONNECT), SESSION_GOES_ON);
    forget_replies();
}

static void get_playing(void)
{
    get_connected();
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    ck_assert_int_eq(COMMAND(1, PLAY), SESSION_GOES_ON);
    forget_replies();
    ck_assert(net_connection_is_playing(&connection));
}

/* --- tests -------------------------------------------------------------- */

START_TEST(no_command_works_before_connect)
{
    set_up();
    for (size_t i = 1; i < COMMANDS; i++) {
        ck_assert_int_eq(hand(20, 1, commands[i].body, commands[i].length),
                         SESSION_GOES_ON);
        expect_nothing();
    }
    ck_assert(!connection.is_connected);
    ck_assert_uint_eq(profile.app.length, 0);
    for (int i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++)
        ck_assert_uint_eq(connection.streams[i].id, 0);
    tear_down();
}
END_TEST

START_TEST(connect_once)
{
    const uint8_t *bytes;

    set_up();
    now_ns = 5000;
    ck_assert_int_eq(COMMAND(0, CONNECT), SESSION_GOES_ON);
    ck_assert(connection.is_connected);
    ck_assert_int_eq(connection.idle_since_ns, 5000);
    ck_assert_uint_eq(profile.app.length, 3);
    ck_assert_mem_eq(profile.app.bytes, "v\nd", 3);
    ck_assert_uint_gt(taken(&bytes), 200);
    outbox_sent(&connection.outbox);
    now_ns = 6000;
    ck_assert_int_eq(COMMAND(0, CONNECT), SESSION_GOES_ON);
    expect_nothing();
    ck_assert_int_eq(connection.idle_since_ns, 5000);
    tear_down();
}
END_TEST

START_TEST(too_many_streams)
{
    set_up();
    get_connected();
    for (int i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++) {
        ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
        expect_reply_with("_result");
    }
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    expect_reply(LITERAL("\3\0\0\0\0\0\x7B\x14\0\0\0\0"
                         "\2\0\6"
                         "_error" TXN_1 NIL "\3"
                         "\0\5"
                         "level"
                         "\2\0\5"
                         "error"
                         "\0\4"
                         "code"
                         "\2\0\x19"
                         "NetConnection.Call.Failed"
                         "\0\x0B"
                         "description"
                         "\2\0\x23"
                         "Too many streams on one connection."
                         "\0\0\x09"));
    ck_assert_int_eq(COMMAND(0, DELETE_STREAM_1), SESSION_GOES_ON);
    expect_nothing();
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    expect_reply(LITERAL("\3\0\0\0\0\0\x1D\x14\0\0\0\0"
                         "\2\0\7"
                         "_result" TXN_1 NIL TXN_1));
    tear_down();
}
END_TEST

START_TEST(playing_and_its_ends)
{
    static const struct {
        const char *body;
        size_t length;
        bool is_told;
    } ends[] = {{LITERAL(PLAY_FALSE), true},
                {LITERAL(CLOSE_STREAM), true},
                {LITERAL(DELETE_STREAM_1), false}};

    for (size_t i = 0; i < 3; i++) {
        set_up();
        get_playing();
        ck_assert_uint_eq(profile.name.length, 5);
        ck_assert_mem_eq(profile.name.bytes, "movie", 5);
        now_ns = 7000;
        ck_assert_int_eq(hand(20, 1, ends[i].body, ends[i].length),
                         SESSION_GOES_ON);
        ck_assert(!net_connection_is_playing(&connection));
        ck_assert_int_eq(connection.idle_since_ns, 7000);
        if (ends[i].is_told)
            expect_reply_with("NetStream.Play.Stop");
        now_ns = 8000;
        ck_assert_int_eq(hand(20, 1, ends[i].body, ends[i].length),
                         SESSION_GOES_ON);
        expect_nothing();
        ck_assert_int_eq(connection.idle_since_ns, 7000);
        tear_down();
    }
}
END_TEST

START_TEST(a_second_play_counts_anew)
{
    set_up();
    get_playing();
    connection.streams[0].sent_bytes = 100;
    connection.streams[0].sent_tags = 2;
    ck_assert_int_eq(COMMAND(1, PLAY), SESSION_GOES_ON);
    expect_reply_with("NetStream.Play.Start");
    ck_assert_uint_eq(connection.streams[0].sent_bytes, 0);
    ck_assert_uint_eq(connection.streams[0].sent_tags, 0);
    tear_down();
}
END_TEST

START_TEST(a_completed_play)
{
    set_up();
    get_playing();
    connection.streams[0].sent_bytes = 1000;
    connection.streams[0].sent_tags = 10;
    net_connection_stop_stream(&connection, &connection.streams[0], true, 9000);
    expect_reply(LITERAL("\5\0\0\0\0\0\x66\x12\1\0\0\0"
                         "\2\0\x0C"
                         "onPlayStatus"
                         "\3"
                         "\0\5"
                         "level"
                         "\2\0\6"
                         "status"
                         "\0\4"
                         "code"
                         "\2\0\x17"
                         "NetStream.Play.Complete"
                         "\0\x08"
                         "duration" TXN_0 "\0\5"
                         "bytes"
                         "\0\x40\x8F\x40\0\0\0\0\0"
                         "\0\0\x09"
                         "\7\0\0\0\0\0\x65\x14\1\0\0\0"
                         "\2\0\x08"
                         "onStatus" TXN_0 NIL "\3"
                         "\0\5"
                         "level"
                         "\2\0\6"
                         "status"
                         "\0\4"
                         "code"
                         "\2\0\x13"
                         "NetStream.Play.Stop"
                         "\0\x0B"
                         "description"
                         "\2\0\x10"
                         "Stopped playing."
                         "\0\0\x09"
                         "\2\0\0\0\0\0\6\4\0\0\0\0"
                         "\0\1\0\0\0\1"));
    ck_assert_int_eq(connection.idle_since_ns, 9000);
    tear_down();
}
END_TEST

START_TEST(goodbye_ends_every_play)
{
    set_up();
    get_playing();
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    ck_assert_int_eq(COMMAND(3, PLAY), SESSION_GOES_ON);
    forget_replies();
    net_connection_say_goodbye(&connection, 1);
    ck_assert(!net_connection_is_playing(&connection));
    const uint8_t *bytes;
    const size_t length = taken(&bytes);
    ck_assert_ptr_nonnull(memmem(bytes, length, "\0\1\0\0\0\1", 6));
    ck_assert_ptr_nonnull(memmem(bytes, length, "\0\1\0\0\0\3", 6));
    ck_assert_ptr_null(memmem(bytes, length, "\0\1\0\0\0\2", 6));
    tear_down();
}
END_TEST

START_TEST(buffer_lengths)
{
    set_up();
    get_connected();
    ck_assert_int_eq(hand(4, 0, LITERAL("\0\3\0\0\0\0\0\0\x01\x2C")),
                     SESSION_GOES_ON);
    ck_assert_int_eq(connection.default_buffer_ms, 300);
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    ck_assert_int_eq(connection.streams[0].buffer_ms, 300);
    ck_assert_int_eq(hand(4, 0, LITERAL("\0\3\0\0\0\1\xFF\xFF\xFF\xFF")),
                     SESSION_GOES_ON);
    ck_assert_int_eq(connection.streams[0].buffer_ms, 4294967295);
    /* streams that do not exist */
    ck_assert_int_eq(hand(4, 0, LITERAL("\0\3\0\0\0\2\0\0\0\1")),
                     SESSION_GOES_ON);
    ck_assert_int_eq(hand(4, 0, LITERAL("\0\3\xFF\xFF\xFF\xFF\0\0\0\1")),
                     SESSION_GOES_ON);
    ck_assert_uint_eq(connection.streams[1].id, 0);
    tear_down();
}
END_TEST

/* 5.4.3: the number wraps; one acknowledgement a read at most. */
START_TEST(acknowledgements)
{
    set_up();
    get_connected();
    net_connection_count_received(&connection, 5000);
    forget_replies();
    ck_assert_int_eq(hand(5, 0, LITERAL("\0\0\x03\xE8")), SESSION_GOES_ON);
    net_connection_count_received(&connection, 1);
    expect_reply(LITERAL("\2\0\0\0\0\0\4\3\0\0\0\0"
                         "\0\0\x13\x89"));
    net_connection_count_received(&connection, 999);
    expect_nothing();
    net_connection_count_received(&connection, 1);
    expect_reply(LITERAL("\2\0\0\0\0\0\4\3\0\0\0\0"
                         "\0\0\x17\x71"));
    net_connection_count_received(&connection, 50000);
    expect_reply(LITERAL("\2\0\0\0\0\0\4\3\0\0\0\0"
                         "\0\0\xDA\xC1"));
    connection.received_bytes = connection.acknowledged_bytes = 0xFFFFFF00;
    net_connection_count_received(&connection, 999);
    expect_nothing();
    net_connection_count_received(&connection, 1);
    expect_reply(LITERAL("\2\0\0\0\0\0\4\3\0\0\0\0"
                         "\0\0\x02\xE8"));
    tear_down();
}
END_TEST

/* Whoever hands messages over only while there is room loses no reply. */
START_TEST(the_room_is_enough_for_any_message)
{
    for (size_t i = 1; i < COMMANDS; i++) {
        int count = 0;

        set_up();
        get_connected();
        for (; outbox_has_room(&connection.outbox) && count < 1000; count++)
            ck_assert_int_eq(hand(20, 1, commands[i].body, commands[i].length),
                             SESSION_GOES_ON);
        net_connection_say_goodbye(&connection, 0);
        ck_assert(!connection.outbox.overflowed);
        tear_down();
    }
}
END_TEST

/* Every command, cut at every length and with every byte changed: it is
 * handled or refused, never more. */
START_TEST(damaged_commands)
{
    set_up();
    get_connected();
    ck_assert_int_eq(COMMAND(0, CREATE_STREAM), SESSION_GOES_ON);
    for (size_t i = 0; i < COMMANDS; i++) {
        uint8_t body[128];
        const size_t length = commands[i].length;

        ck_assert_uint_le(length, sizeof(body));
        for (size_t cut = 0; cut <= length; cut++) {
            const enum session_end end = hand(20, 1, commands[i].body, cut);

            /* the name must be whole, what is behind it may be missing */
            ck_assert(end == SESSION_GOES_ON || end == SESSION_BAD_COMMAND);
            if (cut < 3 + (size_t)commands[i].body[2])
                ck_assert_int_eq(end, SESSION_BAD_COMMAND);
            if (cut == length)
                ck_assert_int_eq(end, SESSION_GOES_ON);
            forget_replies();
        }
        for (size_t at = 0; at < length; at++) {
            static const uint8_t flips[] = {1, 2, 0x0F, 0x10, 0x80, 0xFF};

            for (size_t f = 0; f < sizeof(flips); f++) {
                memcpy(body, commands[i].body, length);
                body[at] ^= flips[f];
                const enum session_end end = hand(20, 1, body, length);
                ck_assert(end == SESSION_GOES_ON || end == SESSION_BAD_COMMAND);
                forget_replies();
                /* deleteStream may have hit */
                if (connection.streams[0].id == 0)
                    (void)COMMAND(0, CREATE_STREAM);
                forget_replies();
            }
        }
    }
    tear_down();
}
END_TEST

/* Messages whose payload was not kept (audio, video, data) come as NULL. */
START_TEST(other_messages_are_ignored)
{
    set_up();
    get_connected();
    for (unsigned type = 0; type < 256; type++) {
        const struct rtmp_message message = {.type = (uint8_t)type,
                                             .message_stream_id = 1,
                                             .length_bytes = 5000};

        if (type == 17 || type == 20)
            continue;
        if (type >= 1 && type <= 6)
            ck_assert_int_eq(hand((uint8_t)type, 0, "", 0), SESSION_GOES_ON);
        else
            ck_assert_int_eq(dispatch_message(&connection, &message, now_ns),
                             SESSION_GOES_ON);
        expect_nothing();
    }
    tear_down();
}
END_TEST

START_TEST(look_ups_have_their_turn)
{
    const int64_t step_ns = NET_CONNECTION_LOOK_UP_NS;
    const int64_t begin_ns = now_ns;

    for (int i = 0; i < NET_CONNECTION_LOOK_UPS; i++)
        ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                         now_ns);
    for (int i = 1; i < 10; i++)
        ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                         begin_ns + i * step_ns);
    /* Who waits for a while has a few at once again, but never more. */
    now_ns = begin_ns + 12 * step_ns;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                         now_ns);
    ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                     now_ns + step_ns);
    now_ns += 1000 * CLOCK_NS_PER_S;
    for (int i = 0; i < NET_CONNECTION_LOOK_UPS; i++)
        ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                         now_ns);
    ck_assert_int_eq(net_connection_look_up_ns(&connection, now_ns),
                     now_ns + step_ns);
}
END_TEST

START_TEST(a_loop_has_no_length)
{
    set_up();
    get_connected();
    ck_assert_int_eq(COMMAND(0, GET_STREAM_LENGTH), SESSION_GOES_ON);
    expect_reply(LITERAL("\3\0\0\0\0\0\x1D\x14\0\0\0\0"
                         "\2\0\7"
                         "_result" TXN_1 NIL
                         "\0\x3F\xD9\x99\x99\x99\x99\x99\x9A"));
    options.loop = 2;
    ck_assert_int_eq(COMMAND(0, GET_STREAM_LENGTH), SESSION_GOES_ON);
    expect_reply(LITERAL("\3\0\0\0\0\0\x1D\x14\0\0\0\0"
                         "\2\0\7"
                         "_result" TXN_1 NIL TXN_0));
    tear_down();
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("net_connection");
    TCase *const tests = tcase_create("net_connection");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, no_command_works_before_connect);
    tcase_add_test(tests, connect_once);
    tcase_add_test(tests, too_many_streams);
    tcase_add_test(tests, playing_and_its_ends);
    tcase_add_test(tests, a_second_play_counts_anew);
    tcase_add_test(tests, a_completed_play);
    tcase_add_test(tests, goodbye_ends_every_play);
    tcase_add_test(tests, buffer_lengths);
    tcase_add_test(tests, acknowledgements);
    tcase_add_test(tests, the_room_is_enough_for_any_message);
    tcase_add_test(tests, damaged_commands);
    tcase_add_test(tests, other_messages_are_ignored);
    tcase_add_test(tests, look_ups_have_their_turn);
    tcase_add_test(tests, a_loop_has_no_length);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
