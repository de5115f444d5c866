/* rtmp/command: calls as clients send them, replies as clients want them;
 * golden bytes after RTMP 1.0, 7.2, and the AMF0 specification. */
#include "rtmp/command.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A string literal as bytes, without its NUL. */
#define LITERAL(s) (s), sizeof(s) - 1

/* An AMF0 string and a member's key: low byte of the length, text. */
#define STRING(length, text) "\x02\x00" length text
#define KEY(length, text) "\x00" length text

/* AMF0 numbers */
#define N_0 "\x00\0\0\0\0\0\0\0\0"
#define N_1 "\x00\x3F\xF0\0\0\0\0\0\0"
#define N_2 "\x00\x40\x00\0\0\0\0\0\0"
#define N_3 "\x00\x40\x08\0\0\0\0\0\0"
#define N_31 "\x00\x40\x3F\0\0\0\0\0\0"
#define N_5000 "\x00\x40\xB3\x88\0\0\0\0\0"
#define N_8192 "\x00\x40\xC0\0\0\0\0\0\0"
#define N_MINUS_1000 "\x00\xC0\x8F\x40\0\0\0\0\0"
#define N_MINUS_2000 "\x00\xC0\x9F\x40\0\0\0\0\0"
#define N_2_TO_53 "\x00\x43\x40\0\0\0\0\0\0"
#define N_ABOVE_2_TO_53 "\x00\x43\x40\0\0\0\0\0\x01"
#define N_MINUS_2_TO_53 "\x00\xC3\x40\0\0\0\0\0\0"
#define N_BELOW_MINUS_2_TO_53 "\x00\xC3\x40\0\0\0\0\0\x01"
#define N_1E300 "\x00\x7E\x37\xE4\x3C\x88\x00\x75\x9C"
#define N_NAN "\x00\x7F\xF8\0\0\0\0\0\0"
#define N_INFINITE "\x00\x7F\xF0\0\0\0\0\0\0"
#define N_MINUS_INFINITE "\x00\xFF\xF0\0\0\0\0\0\0"
#define N_4 "\x00\x40\x10\0\0\0\0\0\0"
#define N_14 "\x00\x40\x2C\0\0\0\0\0\0"
#define TRUE_ "\x01\x01"
#define FALSE_ "\x01\x00"
#define NULL_ "\x05"
#define UNDEFINED_ "\x06"
#define END "\x00\x00\x09"

#define PLAY                                                                   \
    "\x02\x00\x04"                                                             \
    "play" N_0 NULL_

/* --- reading ----------------------------------------------------------- */

/* A message in a heap block of its length; the caller frees the payload. */
static struct rtmp_message message_of(uint8_t type, const void *bytes,
                                      size_t length)
{
    uint8_t *const copy = malloc(length > 0 ? length : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    return (struct rtmp_message){
        .type = type, .payload = copy, .length_bytes = length};
}

static void drop(struct rtmp_message message)
{
    free((void *)(uintptr_t)message.payload);
}

static bool is_call(uint8_t type, const void *bytes, size_t length)
{
    const struct rtmp_message message = message_of(type, bytes, length);
    struct rtmp_call call;
    const bool result = rtmp_call_read(&message, &call);

    drop(message);
    return result;
}

/* A call that must be one. The bytes are literals and stay. */
static struct rtmp_call call_of(uint8_t type, const void *bytes, size_t length)
{
    const struct rtmp_message message = {
        .type = type, .payload = bytes, .length_bytes = length};
    struct rtmp_call call;

    ck_assert(rtmp_call_read(&message, &call));
    return call;
}

START_TEST(create_stream_of_type_20_and_17)
{
    static const char body[] = "\x00\x02\x00\x0C"
                               "createStream" N_2 NULL_;
    const struct rtmp_call calls[] = {
        call_of(20, &body[1], sizeof(body) - 2),
        call_of(17, body, sizeof(body) - 1),     /* format byte 0 */
        call_of(17, &body[1], sizeof(body) - 2), /* left away */
    };

    for (size_t i = 0; i < 3; i++) {
        ck_assert(amf0_string_is(calls[i].name, "createStream"));
        ck_assert_double_eq(calls[i].transaction_id, 2);
        ck_assert_uint_eq(byte_reader_left(&calls[i].command_object), 1);
        ck_assert_uint_eq(byte_reader_left(&calls[i].arguments), 0);
    }
    ck_assert(!is_call(20, body, sizeof(body) - 1));
}
END_TEST

START_TEST(other_types_are_no_calls)
{
    for (unsigned type = 0; type < 256; type++) {
        const bool expected = type == 17 || type == 20;

        ck_assert(is_call((uint8_t)type, LITERAL(PLAY)) == expected);
    }
}
END_TEST

START_TEST(all_but_the_name_may_be_missing)
{
    const struct rtmp_call bare = call_of(20, LITERAL(STRING("\x02", "_x")));
    const struct rtmp_call nulls =
        call_of(20, LITERAL(STRING("\x02", "_x") UNDEFINED_ UNDEFINED_));

    ck_assert_double_eq(bare.transaction_id, 0);
    ck_assert_uint_eq(byte_reader_left(&bare.command_object), 0);
    ck_assert_uint_eq(byte_reader_left(&bare.arguments), 0);
    ck_assert_double_eq(nulls.transaction_id, 0);
    ck_assert_uint_eq(byte_reader_left(&nulls.command_object), 1);
}
END_TEST

START_TEST(malformed_calls_are_refused)
{
    ck_assert(!is_call(20, "", 0));
    ck_assert(!is_call(17, "", 0));
    ck_assert(!is_call(17, "\0", 1));
    ck_assert(!is_call(20, LITERAL(N_1))); /* no name */
    ck_assert(!is_call(20, LITERAL(STRING("\x01", "x") "\x01\x01"))); /* id */
    ck_assert(!is_call(20, LITERAL(STRING("\x01", "x") N_1 "\x11\x01")));
    ck_assert(!is_call(20, LITERAL(STRING("\x01", "x") N_1 "\x03\x00\x05")));
}
END_TEST

START_TEST(payload_that_was_not_kept_is_refused)
{
    const struct rtmp_message message = {
        .type = 20, .payload = NULL, .length_bytes = 100};
    struct rtmp_call call;

    ck_assert(!rtmp_call_read(&message, &call));
}
END_TEST

START_TEST(transaction_id_is_a_sane_number)
{
#define WITH_ID(number)                                                        \
    LITERAL("\x02\x00\x01"                                                     \
            "x" number NULL_)
    ck_assert(is_call(20, WITH_ID(N_2_TO_53)));
    ck_assert(is_call(20, WITH_ID(N_MINUS_2_TO_53)));
    ck_assert(!is_call(20, WITH_ID(N_ABOVE_2_TO_53)));
    ck_assert(!is_call(20, WITH_ID(N_BELOW_MINUS_2_TO_53)));
    ck_assert(!is_call(20, WITH_ID(N_NAN)));
    ck_assert(!is_call(20, WITH_ID(N_INFINITE)));
    ck_assert(!is_call(20, WITH_ID(N_MINUS_INFINITE)));
#undef WITH_ID
}
END_TEST

/* A name of `length` bytes, as long string, so that only our limit counts. */
static bool name_is_read(uint16_t length)
{
    uint8_t bytes[5 + RTMP_MAX_NAME_BYTES + 1];
    struct byte_writer w;

    memset(bytes, 'n', sizeof(bytes));
    byte_writer_init(&w, bytes, sizeof(bytes));
    byte_write_u8(&w, 0x0C);
    byte_write_u32(&w, length);
    return is_call(20, bytes, (size_t)5 + length);
}

START_TEST(names_are_limited)
{
    ck_assert_uint_eq(RTMP_MAX_NAME_BYTES, 1024);
    ck_assert(name_is_read(1024));
    ck_assert(!name_is_read(1025));
}
END_TEST

/* A call in parts after each of which it may end. */
struct part {
    const char *bytes;
    size_t length;
};

/* What FFmpeg, Flash and enhanced RTMP send; every kind of member. */
static const struct part connect_parts[] = {
    {LITERAL(STRING("\x07", "connect"))},
    {LITERAL(N_1)},
    {LITERAL("\x03")},
    {LITERAL(KEY("\x03", "app") STRING("\x03", "vod"))},
    {LITERAL(KEY("\x08", "flashVer") STRING("\x0D", "LNX 9,0,124,2"))},
    {LITERAL(KEY("\x06", "swfUrl") UNDEFINED_)},
    {LITERAL(KEY("\x05", "tcUrl") "\x0C\x00\x00\x00\x0C"
                                  "rtmp://h/vod")},
    {LITERAL(KEY("\x04", "fpad") FALSE_)},
    {LITERAL(KEY("\x0C", "capabilities") N_31)},
    {LITERAL(KEY("\x0A", "fourCcList") "\x0A\x00\x00\x00\x02" STRING(
        "\x04", "hvc1") STRING("\x04", "Opus"))},
    {LITERAL(KEY("\x01", "m") "\x08")}, /* opening: cut is not allowed here */
    {LITERAL("\x00\x00\x00\x01")},
    {LITERAL(KEY("\x03", "app") STRING("\x05", "wrong"))},
    {LITERAL(END)},
    {LITERAL(KEY("\x01", "t") "\x10\x00\x01"
                              "C")},
    {LITERAL(KEY("\x05", "tcUrl") STRING("\x05", "wrong"))},
    {LITERAL(END)},
    {LITERAL(KEY("\x0E", "objectEncoding") N_3)},
    {LITERAL(END)},
};
#define CONNECT_PARTS (sizeof(connect_parts) / sizeof(connect_parts[0]))
#define ECMA_OPENING 10 /* the part that is not a place to end */

static size_t join(uint8_t *bytes, size_t size, bool *may_end)
{
    size_t length = 0;

    memset(may_end, 0, size * sizeof(*may_end));
    for (size_t i = 0; i < CONNECT_PARTS; i++) {
        ck_assert_uint_lt(length + connect_parts[i].length, size);
        memcpy(&bytes[length], connect_parts[i].bytes, connect_parts[i].length);
        length += connect_parts[i].length;
        may_end[length] = i != ECMA_OPENING;
    }
    return length;
}

START_TEST(connect_is_read)
{
    uint8_t bytes[512];
    bool may_end[512];
    const size_t length = join(bytes, sizeof(bytes), may_end);
    const struct rtmp_call call = call_of(20, bytes, length);
    struct rtmp_connect connect;

    ck_assert(amf0_string_is(call.name, "connect"));
    ck_assert_double_eq(call.transaction_id, 1);
    ck_assert(rtmp_connect_read(&call, &connect));
    ck_assert(amf0_string_is(connect.app, "vod"));
    ck_assert(amf0_string_is(connect.tc_url, "rtmp://h/vod"));
}
END_TEST

START_TEST(connect_cut_short)
{
    uint8_t bytes[512];
    bool may_end[512];
    const size_t length = join(bytes, sizeof(bytes), may_end);

    for (size_t cut = 0; cut <= length; cut++) {
        const struct rtmp_message message = message_of(20, bytes, cut);
        struct rtmp_call call;
        struct rtmp_connect connect;

        ck_assert_msg(rtmp_call_read(&message, &call) == may_end[cut], "at %zu",
                      cut);
        if (may_end[cut])
            ck_assert(rtmp_connect_read(&call, &connect));
        drop(message);
    }
}
END_TEST

/* Enhanced RTMP: each member, and what is none of them. */
START_TEST(enhanced_members_are_told)
{
#define MAP "\x03" KEY("\x04", "vp09") N_1 KEY("\x01", "*") N_4 END
#define CONNECT(members) STRING("\x07", "connect") N_1 "\x03" members END
    static const struct {
        const char *bytes;
        size_t length;
        unsigned expected;
    } cases[] = {
        {LITERAL(CONNECT(
             KEY("\x0A", "fourCcList") "\x0A\0\0\0\x01" STRING("\x01", "*"))),
         RTMP_FOUR_CC_LIST},
        {LITERAL(CONNECT(KEY("\x0A", "fourCcList") "\x0A\0\0\0\0")),
         RTMP_FOUR_CC_LIST},
        {LITERAL(CONNECT(KEY("\x12", "videoFourCcInfoMap") MAP)),
         RTMP_VIDEO_FOUR_CC_INFO_MAP},
        {LITERAL(CONNECT(KEY("\x12", "audioFourCcInfoMap") "\x08\0\0\0\x01" KEY(
             "\x01", "*") N_4 END)),
         RTMP_AUDIO_FOUR_CC_INFO_MAP},
        {LITERAL(CONNECT(KEY("\x06", "capsEx") N_0)), RTMP_CAPS_EX},
        {LITERAL(CONNECT(KEY("\x06", "capsEx") N_NAN)), RTMP_CAPS_EX},
        {LITERAL(CONNECT(KEY("\x0D", "videoFunction") N_3)),
         RTMP_VIDEO_FUNCTION},
        {LITERAL(CONNECT(KEY("\x12", "videoFourCcInfoMap") MAP KEY(
             "\x12", "audioFourCcInfoMap") MAP KEY("\x06", "capsEx") N_3)),
         RTMP_VIDEO_FOUR_CC_INFO_MAP | RTMP_AUDIO_FOUR_CC_INFO_MAP |
             RTMP_CAPS_EX},
        /* Flash's and FFmpeg's client seek, other types, other depths */
        {LITERAL(CONNECT(KEY("\x0D", "videoFunction") N_1)), 0},
        {LITERAL(CONNECT(KEY("\x0D", "videoFunction") N_NAN)), 0},
        {LITERAL(CONNECT(KEY("\x0A", "fourCcList") STRING("\x01", "*"))), 0},
        {LITERAL(CONNECT(KEY("\x0A", "fourCcList") NULL_)), 0},
        {LITERAL(CONNECT(KEY("\x12", "videoFourCcInfoMap") N_4)), 0},
        {LITERAL(CONNECT(KEY("\x06", "capsEx") MAP)), 0},
        {LITERAL(
             CONNECT(KEY("\x01", "m") "\x03" KEY("\x06", "capsEx") N_1 END)),
         0},
        {LITERAL(CONNECT(KEY("\x03", "app") STRING("\x03", "vod"))), 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* Cut at every length: malformed or less, never more. */
        for (size_t length = 0; length <= cases[i].length; length++) {
            const struct rtmp_message message =
                message_of(20, cases[i].bytes, length);
            struct rtmp_connect connect;
            struct rtmp_call call;

            if (rtmp_call_read(&message, &call) &&
                rtmp_connect_read(&call, &connect)) {
                ck_assert_uint_eq(connect.enhanced & ~cases[i].expected, 0);
                if (length == cases[i].length)
                    ck_assert_uint_eq(connect.enhanced, cases[i].expected);
            } else {
                ck_assert_uint_lt(length, cases[i].length);
            }
            drop(message);
        }
    }
#undef CONNECT
#undef MAP
}
END_TEST

/* Lists and maps that lie about their size, or are too deep, are malformed,
 * also for rtmp_connect_read on its own. */
START_TEST(hostile_enhanced_members_are_refused)
{
#define OPEN KEY("\x12", "videoFourCcInfoMap") "\x03"
#define OPEN_4 OPEN OPEN OPEN OPEN
    static const struct part objects[] = {
        {LITERAL("\x03" KEY("\x0A", "fourCcList") "\x0A\xFF\xFF\xFF\xFF" STRING(
            "\x01", "*") END)},
        {LITERAL("\x03" KEY("\x0A", "fourCcList") "\x0A\0\0\0\x05" STRING(
            "\x01", "*") END)},
        {LITERAL("\x03" OPEN_4 OPEN_4 OPEN_4 OPEN_4 OPEN_4 END)},
        {LITERAL("\x03" OPEN KEY("\x04", "vp09") "\x11\x01" END END)},
        {LITERAL("\x03" KEY("\x06", "capsEx") "\x00\x40\x10")},
    };

    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        const struct rtmp_message message =
            message_of(20, objects[i].bytes, objects[i].length);
        struct rtmp_call call = {.transaction_id = 1};
        struct rtmp_connect connect;

        byte_reader_init(&call.command_object, message.payload,
                         message.length_bytes);
        ck_assert_msg(!rtmp_connect_read(&call, &connect), "object %zu", i);
        drop(message);
    }
#undef OPEN_4
#undef OPEN
}
END_TEST

/* rtmp_connect_read on its own must not trust the command object either. */
START_TEST(connect_object_cut_short)
{
    uint8_t bytes[512];
    bool may_end[512];
    const size_t length = join(bytes, sizeof(bytes), may_end);
    const size_t start = connect_parts[0].length + connect_parts[1].length;

    for (size_t cut = start; cut <= length; cut++) {
        const struct rtmp_message message =
            message_of(20, &bytes[start], cut - start);
        struct rtmp_call call = {.transaction_id = 1};
        struct rtmp_connect connect;

        byte_reader_init(&call.command_object, message.payload, cut - start);
        ck_assert_msg(rtmp_connect_read(&call, &connect) == may_end[cut],
                      "at %zu", cut);
        drop(message);
    }
}
END_TEST

START_TEST(connect_needs_nothing_but_its_name)
{
    const struct rtmp_call calls[] = {
        call_of(20, LITERAL(STRING("\x07", "connect"))),
        call_of(20, LITERAL(STRING("\x07", "connect") N_1 NULL_)),
        call_of(20, LITERAL(STRING("\x07", "connect") N_1 N_2)),
        call_of(20, LITERAL(STRING("\x07", "connect") N_1
                            "\x03" KEY("\x03", "app") N_2 KEY("\x05", "tcUrl")
                                NULL_ KEY("\x0E", "objectEncoding") N_NAN END)),
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct rtmp_connect connect;

        ck_assert(rtmp_connect_read(&calls[i], &connect));
        ck_assert(amf0_string_is(connect.app, ""));
        ck_assert(amf0_string_is(connect.tc_url, ""));
    }
}
END_TEST

START_TEST(connect_object_may_be_typed_or_ecma)
{
    const struct rtmp_call calls[] = {
        call_of(20, LITERAL(STRING("\x07", "connect") N_1 "\x08\0\0\0\0" KEY(
                        "\x03", "app") STRING("\x01", "a") END)),
        call_of(20, LITERAL(STRING("\x07", "connect") N_1
                            "\x10\x00\x01"
                            "T" KEY("\x03", "app") STRING("\x01", "a") END)),
    };

    for (size_t i = 0; i < 2; i++) {
        struct rtmp_connect connect;

        ck_assert(rtmp_connect_read(&calls[i], &connect));
        ck_assert(amf0_string_is(connect.app, "a"));
    }
}
END_TEST

/* --- play -------------------------------------------------------------- */

struct play_case {
    const char *bytes;
    size_t length;
    bool has_name;
    const char *name;
    int64_t start_ms;
    int64_t duration_ms;
    bool reset;
};

#define NAME_V                                                                 \
    "\x02\x00\x01"                                                             \
    "v"

static const struct play_case plays[] = {
    {LITERAL(PLAY), true, "", -2000, -1000, true},
    {LITERAL(PLAY NULL_), true, "", -2000, -1000, true},
    {LITERAL(PLAY "\x02\x00\x00"), true, "", -2000, -1000, true},
    {LITERAL(PLAY NAME_V), true, "v", -2000, -1000, true},
    {LITERAL(PLAY FALSE_), false, "", -2000, -1000, true},
    {LITERAL(PLAY NAME_V N_MINUS_1000), true, "v", -1000, -1000, true},
    {LITERAL(PLAY NAME_V N_5000 N_MINUS_1000 TRUE_), true, "v", 5000, -1000,
     true},
    {LITERAL(PLAY NAME_V N_0 N_5000 FALSE_), true, "v", 0, 5000, false},
    {LITERAL(PLAY NAME_V NULL_ UNDEFINED_ NULL_), true, "v", -2000, -1000,
     true},
    {LITERAL(PLAY NAME_V N_0 N_0 N_0), true, "v", 0, 0, false},
    {LITERAL(PLAY NAME_V N_0 N_0 N_3), true, "v", 0, 0, true},
    {LITERAL(PLAY NAME_V N_0 N_0 TRUE_ "\xFF"), true, "v", 0, 0, true},
    {LITERAL(PLAY NAME_V N_2_TO_53 N_MINUS_2_TO_53), true, "v",
     INT64_C(9007199254740992), INT64_C(-9007199254740992), true},
};

START_TEST(play_arguments)
{
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        const struct play_case *const p = &plays[i];
        const struct rtmp_call call = call_of(20, p->bytes, p->length);
        struct rtmp_play play;

        ck_assert_msg(rtmp_play_read(&call, &play), "case %zu", i);
        ck_assert(play.has_name == p->has_name);
        ck_assert(amf0_string_is(play.name, p->name));
        ck_assert_int_eq(play.start_ms, p->start_ms);
        ck_assert_int_eq(play.duration_ms, p->duration_ms);
        ck_assert_msg(play.reset == p->reset, "case %zu", i);
    }
}
END_TEST

START_TEST(play_arguments_that_are_refused)
{
    static const struct part bad[] = {
        {LITERAL(PLAY TRUE_)},
        {LITERAL(PLAY N_1)},
        {LITERAL(PLAY NAME_V NAME_V)},
        {LITERAL(PLAY NAME_V TRUE_)},
        {LITERAL(PLAY NAME_V N_NAN)},
        {LITERAL(PLAY NAME_V N_INFINITE)},
        {LITERAL(PLAY NAME_V N_MINUS_INFINITE)},
        {LITERAL(PLAY NAME_V N_1E300)},
        {LITERAL(PLAY NAME_V N_ABOVE_2_TO_53)},
        {LITERAL(PLAY NAME_V N_BELOW_MINUS_2_TO_53)},
        {LITERAL(PLAY NAME_V N_0 N_NAN)},
        {LITERAL(PLAY NAME_V N_0 N_1E300)},
        {LITERAL(PLAY NAME_V N_0 N_0 NAME_V)},
        {LITERAL(PLAY NAME_V "\x11\x01")},
        {LITERAL(PLAY "\x09")},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct rtmp_call call = call_of(20, bad[i].bytes, bad[i].length);
        struct rtmp_play play;

        ck_assert_msg(!rtmp_play_read(&call, &play), "case %zu", i);
    }
}
END_TEST

START_TEST(play_cut_short)
{
    static const char bytes[] = PLAY NAME_V N_5000 N_MINUS_1000 TRUE_;
    const size_t name = sizeof(PLAY) - 1;
    const size_t ends[] = {name, name + 4, name + 13, name + 22, name + 24};
    size_t next = 0;

    ck_assert_uint_eq(sizeof(bytes) - 1, ends[4]);
    for (size_t cut = name; cut < sizeof(bytes); cut++) {
        const struct rtmp_message message = message_of(20, bytes, cut);
        struct rtmp_call call;
        struct rtmp_play play;
        const bool expected = cut == ends[next];

        ck_assert(rtmp_call_read(&message, &call));
        ck_assert_msg(rtmp_play_read(&call, &play) == expected, "at %zu", cut);
        if (expected)
            next++;
        drop(message);
    }
    ck_assert_uint_eq(next, 5);
}
END_TEST

/* clang-format off */
#define PLAY2 "\x02\x00\x05" "play2" N_0 NULL_
#define STREAM_NAME KEY("\x0A", "streamName") STRING("\x01", "v")
#define TRANSITION(length, text) \
    KEY("\x0A", "transition") STRING(length, text)
/* clang-format on */

START_TEST(play2_options)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *name;
        enum rtmp_transition transition;
        int64_t start_ms;
        int64_t duration_ms;
    } rows[] = {
        {LITERAL(PLAY2 "\x03" END), "", RTMP_TRANSITION_SWITCH, -2000, -1000},
        {LITERAL(PLAY2 "\x03" STREAM_NAME END), "v", RTMP_TRANSITION_SWITCH,
         -2000, -1000},
        /* without its end, as an array */
        {LITERAL(PLAY2 "\x08\0\0\0\1" STREAM_NAME), "v", RTMP_TRANSITION_SWITCH,
         -2000, -1000},
        {LITERAL(PLAY2 "\x03" TRANSITION("\x05", "reset") KEY("\x05", "start")
                     N_31 KEY("\x03", "len") N_2 END),
         "", RTMP_TRANSITION_RESET, 31000, 2000},
        {LITERAL(PLAY2 "\x03" TRANSITION("\x06", "append") END), "",
         RTMP_TRANSITION_APPEND, -2000, -1000},
        {LITERAL(PLAY2 "\x03" TRANSITION("\x0D", "appendAndWait") END), "",
         RTMP_TRANSITION_APPEND, -2000, -1000},
        {LITERAL(PLAY2 "\x03" TRANSITION("\x04", "stop") END), "",
         RTMP_TRANSITION_STOP, -2000, -1000},
        {LITERAL(PLAY2 "\x03" TRANSITION("\x04", "swap") STREAM_NAME END), "v",
         RTMP_TRANSITION_SWITCH, -2000, -1000},
        /* what is no time, another type, or nested */
        {LITERAL(PLAY2 "\x03" KEY("\x05", "start") N_NAN KEY("\x03", "len")
                     N_1E300 STREAM_NAME END),
         "v", RTMP_TRANSITION_SWITCH, -2000, -1000},
        {LITERAL(PLAY2 "\x03" KEY("\x05", "start") TRUE_ KEY(
             "\x0A", "streamName") "\x03" STREAM_NAME END END),
         "", RTMP_TRANSITION_SWITCH, -2000, -1000},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct rtmp_call call =
            call_of(20, rows[i].bytes, rows[i].length);
        struct rtmp_play2 play2;

        ck_assert_msg(rtmp_play2_read(&call, &play2), "case %zu", i);
        ck_assert(play2.play.has_name && play2.play.reset);
        ck_assert(amf0_string_is(play2.play.name, rows[i].name));
        ck_assert_int_eq(play2.transition, rows[i].transition);
        ck_assert_int_eq(play2.play.start_ms, rows[i].start_ms);
        ck_assert_int_eq(play2.play.duration_ms, rows[i].duration_ms);
    }
}
END_TEST

START_TEST(play2_options_that_are_refused)
{
    static const char bytes[] =
        PLAY2 "\x03" KEY("\x05", "start") N_31 STREAM_NAME;
    static const struct part bad[] = {
        {LITERAL(PLAY2)},
        {LITERAL(PLAY2 NULL_)},
        {LITERAL(PLAY2 N_1)},
        {LITERAL(PLAY2 NAME_V)},
        {LITERAL(PLAY2 "\x03" KEY("\x05", "start") "\x11\x01")},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct rtmp_call call = call_of(20, bad[i].bytes, bad[i].length);
        struct rtmp_play2 play2;

        ck_assert_msg(!rtmp_play2_read(&call, &play2), "case %zu", i);
    }
    for (size_t cut = sizeof(PLAY2); cut < sizeof(bytes); cut++) {
        const struct rtmp_message message = message_of(20, bytes, cut);
        const size_t behind_start = sizeof(PLAY2) + 7 + 9;
        struct rtmp_play2 play2;
        struct rtmp_call call;

        ck_assert(rtmp_call_read(&message, &call));
        ck_assert_msg(rtmp_play2_read(&call, &play2) ==
                          (cut == sizeof(PLAY2) || cut == behind_start ||
                           cut == sizeof(bytes) - 1),
                      "at %zu", cut);
        drop(message);
    }
}
END_TEST

START_TEST(play_does_not_consume_the_call)
{
    const struct rtmp_call call = call_of(20, LITERAL(PLAY NAME_V));
    struct rtmp_play play;

    ck_assert(rtmp_play_read(&call, &play));
    ck_assert(rtmp_play_read(&call, &play));
    ck_assert(amf0_string_is(play.name, "v"));
}
END_TEST

START_TEST(play_name_of_any_length)
{
    uint8_t bytes[sizeof(PLAY) + 3 + RTMP_MAX_NAME_BYTES + 1];

    for (size_t length = 1024; length <= 1025; length++) {
        struct byte_writer w;
        struct rtmp_play play;

        memset(bytes, 'n', sizeof(bytes));
        byte_writer_init(&w, bytes, sizeof(bytes));
        byte_write_bytes(&w, LITERAL(PLAY));
        byte_write_u8(&w, 0x02);
        byte_write_u16(&w, (uint16_t)length);
        const struct rtmp_call call =
            call_of(20, bytes, byte_writer_length(&w) + length);
        ck_assert(rtmp_play_read(&call, &play));
        ck_assert_uint_eq(play.name.length, length);
    }
}
END_TEST

/* --- single arguments -------------------------------------------------- */

START_TEST(arguments_in_turn)
{
    struct rtmp_call call =
        call_of(20, LITERAL(PLAY NAME_V N_5000 TRUE_ N_0 N_1 N_NAN));
    struct amf0_string string;
    double number = 0;
    bool yes = false;

    ck_assert(rtmp_argument_string(&call, &string));
    ck_assert(amf0_string_is(string, "v"));
    ck_assert(rtmp_argument_number(&call, &number));
    ck_assert_double_eq(number, 5000);
    ck_assert(rtmp_argument_boolean(&call, &yes));
    ck_assert(yes);
    ck_assert(rtmp_argument_boolean(&call, &yes));
    ck_assert(!yes);
    ck_assert(rtmp_argument_boolean(&call, &yes));
    ck_assert(yes);
    ck_assert(rtmp_argument_number(&call, &number));
    ck_assert(isnan(number));
}
END_TEST

START_TEST(missing_arguments_set_nothing)
{
    struct rtmp_call call = call_of(20, LITERAL(PLAY));
    struct amf0_string string = {"as before", 9};
    double number = 7;
    bool yes = true;

    ck_assert(!rtmp_argument_string(&call, &string));
    ck_assert(!rtmp_argument_number(&call, &number));
    ck_assert(!rtmp_argument_boolean(&call, &yes));
    ck_assert(amf0_string_is(string, "as before"));
    ck_assert_double_eq(number, 7);
    ck_assert(yes);
}
END_TEST

/* An object, an array and a null are passed over whole. */
START_TEST(wrong_arguments_are_consumed)
{
    struct rtmp_call call = call_of(
        20, LITERAL(PLAY "\x03\x00\x01"
                         "k" N_1 END "\x0A\0\0\0\x01" TRUE_ NULL_ N_5000));
    struct amf0_string string = {"as before", 9};
    double number = 7;
    bool yes = true;

    ck_assert(!rtmp_argument_number(&call, &number));
    ck_assert(!rtmp_argument_boolean(&call, &yes));
    ck_assert(!rtmp_argument_string(&call, &string));
    ck_assert_double_eq(number, 7);
    ck_assert(rtmp_argument_number(&call, &number));
    ck_assert_double_eq(number, 5000);
}
END_TEST

START_TEST(malformed_argument_ends_the_arguments)
{
    struct rtmp_call call = call_of(20, LITERAL(PLAY "\xFE" N_5000));
    double number = 7;
    bool yes = true;

    ck_assert(!rtmp_argument_boolean(&call, &yes));
    ck_assert(!rtmp_argument_number(&call, &number));
    ck_assert_double_eq(number, 7);
}
END_TEST

START_TEST(string_argument_of_any_length)
{
    uint8_t bytes[sizeof(PLAY) + 3 + RTMP_MAX_NAME_BYTES + 1];

    for (size_t length = 1024; length <= 1025; length++) {
        struct byte_writer w;
        struct amf0_string string;

        memset(bytes, 'n', sizeof(bytes));
        byte_writer_init(&w, bytes, sizeof(bytes));
        byte_write_bytes(&w, LITERAL(PLAY));
        byte_write_u8(&w, 0x02);
        byte_write_u16(&w, (uint16_t)length);
        struct rtmp_call call =
            call_of(20, bytes, byte_writer_length(&w) + length);
        ck_assert(rtmp_argument_string(&call, &string));
        ck_assert_uint_eq(string.length, length);
    }
}
END_TEST

/* --- writing ----------------------------------------------------------- */

#define LEVEL_STATUS                                                           \
    "\x00\x05"                                                                 \
    "level"                                                                    \
    "\x02\x00\x06"                                                             \
    "status"
#define LEVEL_ERROR                                                            \
    "\x00\x05"                                                                 \
    "level"                                                                    \
    "\x02\x00\x05"                                                             \
    "error"

/* What was written, against golden bytes; then again with every size that is
 * too small. */
#define CHECK_WRITTEN(golden, statement)                                       \
    do {                                                                       \
        const size_t whole = sizeof(golden) - 1;                               \
        for (size_t size = 0; size <= whole; size++) {                         \
            uint8_t *const out = malloc(size > 0 ? size : 1);                  \
            struct byte_writer w;                                              \
            ck_assert_ptr_nonnull(out);                                        \
            byte_writer_init(&w, out, size);                                   \
            statement;                                                         \
            ck_assert(w.failed == (size < whole));                             \
            if (!w.failed) {                                                   \
                ck_assert_uint_eq(byte_writer_room(&w), 0);                    \
                ck_assert_mem_eq(out, golden, whole);                          \
            }                                                                  \
            free(out);                                                         \
        }                                                                      \
    } while (0)

/* Golden bytes keep one member a line. */
/* clang-format off */

START_TEST(connect_result_is_golden)
{
    static const char golden[] =
        STRING("\x07", "_result") N_1 "\x03"
        KEY("\x06", "fmsVer") STRING("\x0D", "FMS/3,5,3,824")
        KEY("\x0C", "capabilities") N_31
        KEY("\x04", "mode") N_1
        END
        "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x1D", "NetConnection.Connect.Success")
        KEY("\x0B", "description") STRING("\x15", "Connection succeeded.")
        KEY("\x0E", "objectEncoding") N_0
        END;

    CHECK_WRITTEN(golden, rtmp_write_connect_result(&w, 1, 0));
}
END_TEST

/* Each member is answered only when it was sent. */
START_TEST(enhanced_connect_result_is_golden)
{
    static const char all[] =
        STRING("\x07", "_result") N_1 "\x03"
        KEY("\x06", "fmsVer") STRING("\x0D", "FMS/3,5,3,824")
        KEY("\x0C", "capabilities") N_31
        KEY("\x04", "mode") N_1
        KEY("\x0A", "fourCcList") "\x0A\0\0\0\x01" STRING("\x01", "*")
        KEY("\x12", "videoFourCcInfoMap") "\x03" KEY("\x01", "*") N_4 END
        KEY("\x12", "audioFourCcInfoMap") "\x03" KEY("\x01", "*") N_4 END
        KEY("\x06", "capsEx") N_14
        KEY("\x0D", "videoFunction") N_14
        END
        "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x1D", "NetConnection.Connect.Success")
        KEY("\x0B", "description") STRING("\x15", "Connection succeeded.")
        KEY("\x0E", "objectEncoding") N_0
        END;
    static const char caps_only[] =
        STRING("\x07", "_result") N_1 "\x03"
        KEY("\x06", "fmsVer") STRING("\x0D", "FMS/3,5,3,824")
        KEY("\x0C", "capabilities") N_31
        KEY("\x04", "mode") N_1
        KEY("\x06", "capsEx") N_14
        END
        "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x1D", "NetConnection.Connect.Success")
        KEY("\x0B", "description") STRING("\x15", "Connection succeeded.")
        KEY("\x0E", "objectEncoding") N_0
        END;

    CHECK_WRITTEN(all, rtmp_write_connect_result(&w, 1, 31));
    CHECK_WRITTEN(caps_only, rtmp_write_connect_result(&w, 1, RTMP_CAPS_EX));
}
END_TEST

START_TEST(error_is_golden)
{
    static const char golden[] =
        STRING("\x06", "_error") N_1 NULL_ "\x03" LEVEL_ERROR
        KEY("\x04", "code") STRING("\x1E", "NetConnection.Connect.Rejected")
        KEY("\x0B", "description") STRING("\x02", "No")
        END;
    const struct rtmp_status status = {.level = "error",
                                       .code = "NetConnection.Connect.Rejected",
                                       .description = "No"};

    CHECK_WRITTEN(golden, rtmp_write_error(&w, 1, &status));
}
END_TEST

START_TEST(results_are_golden)
{
    static const char number[] = STRING("\x07", "_result") N_2 NULL_ N_1;
    static const char null[] = STRING("\x07", "_result") N_3 NULL_ NULL_;

    CHECK_WRITTEN(number, rtmp_write_result_number(&w, 2, 1));
    CHECK_WRITTEN(null, rtmp_write_result_null(&w, 3));
}
END_TEST

START_TEST(on_status_is_golden)
{
    static const char golden[] =
        STRING("\x08", "onStatus") N_0 NULL_ "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x14", "NetStream.Play.Start")
        KEY("\x0B", "description") STRING("\x05", "Start")
        KEY("\x07", "details") STRING("\x03", "vod")
        END;
    const struct rtmp_status status = {.level = "status",
                                       .code = "NetStream.Play.Start",
                                       .description = "Start",
                                       .details = {"vod", 3}};

    CHECK_WRITTEN(golden, rtmp_write_on_status(&w, &status));
}
END_TEST

START_TEST(null_members_are_left_out)
{
    static const char none[] = STRING("\x08", "onStatus") N_0 NULL_ "\x03" END;
    static const char empty[] =
        STRING("\x08", "onStatus") N_0 NULL_ "\x03"
        KEY("\x0B", "description") "\x02\x00\x00"
        KEY( "\x07", "details") "\x02\x00\x00"
        END;
    const struct rtmp_status no_members = {.level = NULL};
    const struct rtmp_status empty_members = {.description = "",
                                              .details = {"", 0}};

    CHECK_WRITTEN(none, rtmp_write_on_status(&w, &no_members));
    CHECK_WRITTEN(empty, rtmp_write_on_status(&w, &empty_members));
}
END_TEST

START_TEST(on_fc_subscribe_is_golden)
{
    static const char golden[] =
        STRING("\x0D", "onFCSubscribe") N_0 NULL_ "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x14", "NetStream.Play.Start")
        KEY("\x0B", "description") STRING("\x02", "?v")
        END;

    CHECK_WRITTEN(golden, rtmp_write_on_fc_subscribe(
                              &w, (struct amf0_string){"\xFFv", 2}));
}
END_TEST

START_TEST(notices_are_golden)
{
    static const char bw_done[] = STRING("\x08", "onBWDone") N_0 NULL_ N_8192;
    static const char sample_access[] =
        STRING("\x11", "|RtmpSampleAccess") TRUE_ TRUE_;
    static const char complete[] =
        STRING("\x0C", "onPlayStatus") "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x17", "NetStream.Play.Complete")
        KEY("\x08", "duration") N_31
        KEY("\x05", "bytes") N_5000
        END;
    static const char transition[] =
        STRING("\x0C", "onPlayStatus") "\x03" LEVEL_STATUS
        KEY("\x04", "code") STRING("\x21", "NetStream.Play.TransitionComplete")
        END;

    CHECK_WRITTEN(bw_done, rtmp_write_on_bw_done(&w));
    CHECK_WRITTEN(sample_access, rtmp_write_sample_access(&w));
    CHECK_WRITTEN(complete, rtmp_write_play_complete(&w, 31, 5000));
    CHECK_WRITTEN(transition, rtmp_write_transition_complete(&w));
}
END_TEST

/* clang-format on */

/* The details of a status with the text given, as they come out. */
static void check_details(const char *in, size_t in_length, const char *out,
                          size_t out_length)
{
    static const char before[] = STRING("\x08", "onStatus") N_0 NULL_
        "\x03" KEY("\x07", "details") "\x02";
    const size_t start = sizeof(before) - 1 + 2;
    char *const copy = malloc(in_length > 0 ? in_length : 1);
    uint8_t bytes[1024];
    struct byte_writer w;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, in, in_length);
    const struct rtmp_status status = {.details = {copy, in_length}};
    byte_writer_init(&w, bytes, sizeof(bytes));
    rtmp_write_on_status(&w, &status);
    free(copy);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), start + out_length + 3);
    ck_assert_uint_eq((size_t)bytes[start - 2] << 8 | bytes[start - 1],
                      out_length);
    ck_assert_mem_eq(&bytes[start], out, out_length);
}

START_TEST(valid_utf_8_passes)
{
    static const struct part good[] = {
        {LITERAL("plain")},
        {LITERAL("\x7F")},
        {LITERAL("\xC2\x80\xDF\xBF")},                 /* 2 bytes */
        {LITERAL("\xE0\xA0\x80\xEF\xBF\xBF")},         /* 3 bytes */
        {LITERAL("\xED\x9F\xBF\xEE\x80\x80")},         /* about surrogates */
        {LITERAL("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")}, /* 4 bytes */
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        check_details(good[i].bytes, good[i].length, good[i].bytes,
                      good[i].length);
}
END_TEST

START_TEST(invalid_utf_8_becomes_question_marks)
{
    static const struct {
        struct part in;
        const char *out;
    } bad[] = {
        {{LITERAL("a\x80"
                  "b")},
         "a?b"},                                 /* stray continuation */
        {{LITERAL("\xFF\xFE")}, "??"},           /* no UTF-8 at all */
        {{LITERAL("\xC1\xBF")}, "??"},           /* overlong */
        {{LITERAL("\xE0\x9F\xBF")}, "???"},      /* overlong */
        {{LITERAL("\xF0\x8F\xBF\xBF")}, "????"}, /* overlong */
        {{LITERAL("\xED\xA0\x80")}, "???"},      /* surrogate */
        {{LITERAL("\xF4\x90\x80\x80")}, "????"}, /* above U+10FFFF */
        {{LITERAL("\xF5\x80\x80\x80")}, "????"}, /* above U+10FFFF */
        {{LITERAL("\xE2\x82")}, "??"},           /* cut */
        {{LITERAL("\xC3"
                  "a")},
         "?a"}, /* cut */
        {{LITERAL("\xE2\x82\xC3\xA4")}, "??\xC3\xA4"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_details(bad[i].in.bytes, bad[i].in.length, bad[i].out,
                      strlen(bad[i].out));
}
END_TEST

START_TEST(texts_are_cut_at_512_bytes)
{
    char text[600];

    memset(text, 'x', sizeof(text));
    check_details(text, 512, text, 512);
    check_details(text, 513, text, 512);
    check_details(text, 600, text, 512);
    /* not within a character */
    memcpy(&text[510], "\xC3\xA4", 2);
    check_details(text, 600, text, 512);
    memset(text, 'x', sizeof(text));
    memcpy(&text[511], "\xC3\xA4", 2);
    check_details(text, 600, text, 511);
}
END_TEST

START_TEST(long_descriptions_are_cut_too)
{
    char text[600];
    uint8_t bytes[1024];
    struct byte_writer w;
    const struct rtmp_status status = {.description = text};

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    byte_writer_init(&w, bytes, sizeof(bytes));
    rtmp_write_on_status(&w, &status);
    ck_assert(!w.failed);
    /* name, id, null, marker; key; marker and length; text; end */
    ck_assert_uint_eq(byte_writer_length(&w),
                      (11 + 9 + 1 + 1) + 13 + 3 + 512 + 3);
}
END_TEST

static Suite *command_suite(void)
{
    Suite *const suite = suite_create("command");
    TCase *const tests = tcase_create("command");

    tcase_add_test(tests, create_stream_of_type_20_and_17);
    tcase_add_test(tests, other_types_are_no_calls);
    tcase_add_test(tests, all_but_the_name_may_be_missing);
    tcase_add_test(tests, malformed_calls_are_refused);
    tcase_add_test(tests, payload_that_was_not_kept_is_refused);
    tcase_add_test(tests, transaction_id_is_a_sane_number);
    tcase_add_test(tests, names_are_limited);
    tcase_add_test(tests, connect_is_read);
    tcase_add_test(tests, connect_cut_short);
    tcase_add_test(tests, enhanced_members_are_told);
    tcase_add_test(tests, hostile_enhanced_members_are_refused);
    tcase_add_test(tests, connect_object_cut_short);
    tcase_add_test(tests, connect_needs_nothing_but_its_name);
    tcase_add_test(tests, connect_object_may_be_typed_or_ecma);
    tcase_add_test(tests, play_arguments);
    tcase_add_test(tests, play_arguments_that_are_refused);
    tcase_add_test(tests, play_cut_short);
    tcase_add_test(tests, play2_options);
    tcase_add_test(tests, play2_options_that_are_refused);
    tcase_add_test(tests, play_does_not_consume_the_call);
    tcase_add_test(tests, play_name_of_any_length);
    tcase_add_test(tests, arguments_in_turn);
    tcase_add_test(tests, missing_arguments_set_nothing);
    tcase_add_test(tests, wrong_arguments_are_consumed);
    tcase_add_test(tests, malformed_argument_ends_the_arguments);
    tcase_add_test(tests, string_argument_of_any_length);
    tcase_add_test(tests, connect_result_is_golden);
    tcase_add_test(tests, enhanced_connect_result_is_golden);
    tcase_add_test(tests, error_is_golden);
    tcase_add_test(tests, results_are_golden);
    tcase_add_test(tests, on_status_is_golden);
    tcase_add_test(tests, null_members_are_left_out);
    tcase_add_test(tests, on_fc_subscribe_is_golden);
    tcase_add_test(tests, notices_are_golden);
    tcase_add_test(tests, valid_utf_8_passes);
    tcase_add_test(tests, invalid_utf_8_becomes_question_marks);
    tcase_add_test(tests, texts_are_cut_at_512_bytes);
    tcase_add_test(tests, long_descriptions_are_cut_too);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(command_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
