/* rtmp/chunk: golden chunks after RTMP 1.0, 5.3. Every input is also given
 * byte by byte, in pieces of many sizes, and cut at every length. */
#include "rtmp/chunk.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A string literal as bytes, without its NUL. */
#define LITERAL(s) (s), sizeof(s) - 1
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define TEN(s) s s s s s s s s s s
#define A128                                                                   \
    TEN(TEN("a"))                                                              \
    TEN("a") TEN("a") "aaaaaaaa"
#define B128                                                                   \
    TEN(TEN("b"))                                                              \
    TEN("b") TEN("b") "bbbbbbbb"

/* --- what came out of some bytes ----------------------------------------- */

#define MAX_SEEN 80

struct seen {
    struct rtmp_message messages[MAX_SEEN]; /* payloads are heap copies */
    size_t count;
    enum chunk_result result; /* of the last push */
    const char *fault;
};

static void *copy_of(const void *bytes, size_t length)
{
    void *const copy = malloc(length > 0 ? length : 1);

    ck_assert_ptr_nonnull(copy);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

static void record(struct seen *seen, const struct rtmp_message *message)
{
    ck_assert_uint_lt(seen->count, MAX_SEEN);
    struct rtmp_message *const entry = &seen->messages[seen->count++];
    *entry = *message;
    if (message->payload != NULL)
        entry->payload = copy_of(message->payload, message->length_bytes);
}

static void drop(struct seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free((void *)(uintptr_t)seen->messages[i].payload);
}

/* One arrival: the bytes are in a block of their own, gone afterwards. */
static void push_piece(struct chunk_reader *reader, struct seen *seen,
                       const uint8_t *bytes, size_t length)
{
    uint8_t *const piece = copy_of(bytes, length);
    struct rtmp_message message;
    struct byte_reader in;

    byte_reader_init(&in, piece, length);
    do {
        seen->result = chunk_reader_push(reader, &in, &message);
        if (seen->result == CHUNK_MESSAGE)
            record(seen, &message);
    } while (seen->result == CHUNK_MESSAGE);
    if (seen->result == CHUNK_MORE)
        ck_assert_uint_eq(byte_reader_left(&in), 0);
    free(piece);
}

static void push_all(struct chunk_reader *reader, struct seen *seen,
                     const uint8_t *bytes, size_t length, size_t piece)
{
    seen->count = 0;
    seen->result = CHUNK_MORE;
    for (size_t at = 0; at < length; at += piece)
        push_piece(reader, seen, &bytes[at],
                   length - at < piece ? length - at : piece);
    seen->fault = chunk_reader_fault(reader);
}

static void see(struct seen *seen, const void *bytes, size_t length,
                size_t piece)
{
    struct chunk_reader *const reader = chunk_reader_new();

    ck_assert_ptr_nonnull(reader);
    push_all(reader, seen, bytes, length, piece);
    chunk_reader_free(reader);
}

static void check_same(const struct rtmp_message *a,
                       const struct rtmp_message *b)
{
    ck_assert_uint_eq(a->type, b->type);
    ck_assert_uint_eq(a->chunk_stream_id, b->chunk_stream_id);
    ck_assert_uint_eq(a->message_stream_id, b->message_stream_id);
    ck_assert_uint_eq(a->timestamp_ms, b->timestamp_ms);
    ck_assert_uint_eq(a->length_bytes, b->length_bytes);
    if (a->length_bytes == 0)
        return;
    ck_assert((a->payload == NULL) == (b->payload == NULL));
    if (a->payload != NULL)
        ck_assert_mem_eq(a->payload, b->payload, a->length_bytes);
}

static void check_seen(const struct seen *seen,
                       const struct rtmp_message *expected, size_t count)
{
    ck_assert_uint_eq(seen->count, count);
    for (size_t i = 0; i < count; i++)
        check_same(&seen->messages[i], &expected[i]);
}

/* Every small size of a piece, some of the large ones. */
static size_t next_piece(size_t piece)
{
    return piece + 1 + piece / 16;
}

/* Bytes that end with the last of the messages expected. */
static void check_messages(const void *bytes, size_t length,
                           const struct rtmp_message *expected, size_t count)
{
    struct seen seen;

    for (size_t piece = 1; piece <= length; piece = next_piece(piece)) {
        see(&seen, bytes, length, piece);
        ck_assert_int_eq(seen.result, CHUNK_MORE);
        ck_assert_str_eq(seen.fault, "");
        check_seen(&seen, expected, count);
        drop(&seen);
    }
    for (size_t cut = 0; cut < length; cut++) {
        see(&seen, bytes, cut, length);
        ck_assert_int_eq(seen.result, CHUNK_MORE);
        ck_assert_uint_lt(seen.count, count);
        check_seen(&seen, expected, seen.count);
        drop(&seen);
    }
    see(&seen, bytes, length - 1, length);
    ck_assert_uint_eq(seen.count, count - 1);
    drop(&seen);
}

/* Bytes the last of which is one too much. */
static void check_bad(const void *bytes, size_t length, const char *fault)
{
    struct seen seen;

    for (size_t piece = 1; piece <= length; piece = next_piece(piece)) {
        see(&seen, bytes, length, piece);
        ck_assert_int_eq(seen.result, CHUNK_BAD);
        ck_assert_str_eq(seen.fault, fault);
        drop(&seen);
    }
    for (size_t cut = 0; cut < length; cut++) {
        see(&seen, bytes, cut, length);
        ck_assert_int_eq(seen.result, CHUNK_MORE);
        ck_assert_str_eq(seen.fault, "");
        drop(&seen);
    }
}

#define PAYLOAD(s)                                                             \
    .payload = (const uint8_t *)(s), .length_bytes = sizeof(s) - 1
/* A message of type 20 with everything but its payload. */
#define CALL(csid, msid, time)                                                 \
    .type = 20, .chunk_stream_id = (csid), .message_stream_id = (msid),        \
    .timestamp_ms = (time)

/* Chunk headers, field by field: basic header, timestamp or delta, message
 * length, message type, message stream id. */
#define FULL(basic, time, length, type, id) basic time length type id
#define SAME_ID(basic, delta, length, type) basic delta length type
#define SAME_SHAPE(basic, delta) basic delta

/* Golden bytes keep one chunk a line. */
/* clang-format off */

/* --- headers ------------------------------------------------------------- */

/* fmt 0, all zero but length 1 and type 20 */
#define FULL_OF_1 "\0\0\0\0\0\x01\x14\0\0\0\0"

START_TEST(basic_headers)
{
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t id;
    } forms[] = {
        {LITERAL("\x02" FULL_OF_1 "x"), 2},
        {LITERAL("\x3F" FULL_OF_1 "x"), 63},
        {LITERAL("\x00\x00" FULL_OF_1 "x"), 64},
        {LITERAL("\x00\xFF" FULL_OF_1 "x"), 319},
        {LITERAL("\x01\x00\x00" FULL_OF_1 "x"), 64},
        {LITERAL("\x01\x01\x02" FULL_OF_1 "x"), 577},
        {LITERAL("\x01\xFF\xFF" FULL_OF_1 "x"), 65599},
    };

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        const struct rtmp_message expected = {CALL(forms[i].id, 0, 0),
                                              PAYLOAD("x")};

        check_messages(forms[i].bytes, forms[i].length, &expected, 1);
    }
}
END_TEST

START_TEST(one_id_in_two_forms_is_one_stream)
{
    static const char bytes[] =
        "\x00\x05" FULL_OF_1 "x" "\xC1\x05\x00" "y";
    const struct rtmp_message expected[] = {{CALL(69, 0, 0), PAYLOAD("x")},
                                            {CALL(69, 0, 0), PAYLOAD("y")}};

    check_messages(LITERAL(bytes), expected, 2);
}
END_TEST

/* All fields of a fmt 0, then what the shorter headers inherit. */
START_TEST(message_headers)
{
    static const char bytes[] =
        FULL("\x03", "\x00\x03\xE8", "\x00\x00\x02", "\x14", "\x04\x03\x02\x81")
            "ab"
        SAME_ID("\x43", "\x00\x00\x14", "\x00\x00\x03", "\x11") "cde"
        SAME_SHAPE("\x83", "\x01\x00\x05") "fgh"
        "\xC3" "ijk";
    const struct rtmp_message expected[] = {
        {CALL(3, 0x81020304, 1000), PAYLOAD("ab")},
        {.type = 17,
         .chunk_stream_id = 3,
         .message_stream_id = 0x81020304,
         .timestamp_ms = 1020,
         PAYLOAD("cde")},
        {.type = 17,
         .chunk_stream_id = 3,
         .message_stream_id = 0x81020304,
         .timestamp_ms = 66561,
         PAYLOAD("fgh")},
        {.type = 17,
         .chunk_stream_id = 3,
         .message_stream_id = 0x81020304,
         .timestamp_ms = 132102,
         PAYLOAD("ijk")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

/* 5.3.1.2.4: the timestamp of the fmt 0 is the delta. */
START_TEST(fmt_3_after_fmt_0_repeats_the_timestamp)
{
    static const char bytes[] =
        FULL("\x03", "\x00\x03\xE8", "\x00\x00\x01", "\x14", "\0\0\0\0") "a"
        "\xC3" "b"
        "\xC3" "c";
    const struct rtmp_message expected[] = {
        {CALL(3, 0, 1000), PAYLOAD("a")},
        {CALL(3, 0, 2000), PAYLOAD("b")},
        {CALL(3, 0, 3000), PAYLOAD("c")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

/* librtmp does so on chunk stream 2. */
START_TEST(fmt_1_may_begin_a_chunk_stream)
{
    static const char bytes[] =
        SAME_ID("\x42", "\x00\x00\x07", "\x00\x00\x06", "\x04")
            "\x00\x07\x00\x00\x00\x01";
    const struct rtmp_message expected = {.type = 4,
                                          .chunk_stream_id = 2,
                                          .timestamp_ms = 7,
                                          PAYLOAD("\x00\x07\x00\x00\x00\x01")};

    check_messages(LITERAL(bytes), &expected, 1);
}
END_TEST

START_TEST(fmt_2_and_3_may_not_begin_a_chunk_stream)
{
    static const char fault[] = "chunk stream begun without a message length";

    check_bad(LITERAL("\x83\0\0\0"), fault);
    check_bad(LITERAL("\xC3"), fault);
    check_bad(LITERAL("\x03" FULL_OF_1 "x"
                      "\xC4"),
              fault);
    check_bad(LITERAL("\xC1\x00\x00"), fault);
}
END_TEST

START_TEST(zero_length_messages)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\0", "\0\0\0", "\x14", "\x01\0\0\0")
        "\xC3"
        SAME_ID("\x43", "\0\0\x01", "\0\0\0", "\x08");
    const struct rtmp_message expected[] = {
        {CALL(3, 1, 0)},
        {CALL(3, 1, 0)},
        {.type = 8,
         .chunk_stream_id = 3,
         .message_stream_id = 1,
         .timestamp_ms = 1},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

/* --- messages in several chunks ------------------------------------------ */

START_TEST(a_chunk_ends_at_128_bytes)
{
    static const char one_chunk[] =
        FULL("\x03", "\0\0\0", "\x00\x00\x80", "\x14", "\0\0\0\0") A128;
    static const char two_chunks[] =
        FULL("\x03", "\0\0\0", "\x00\x00\x81", "\x14", "\0\0\0\0") A128
        "\xC3" "z";
    static const char three_chunks[] =
        FULL("\x03", "\0\0\0", "\x00\x01\x01", "\x14", "\0\0\0\0") A128
        "\xC3" B128
        "\xC3" "z";
    const struct rtmp_message expected[] = {
        {CALL(3, 0, 0), PAYLOAD(A128)},
        {CALL(3, 0, 0), PAYLOAD(A128 "z")},
        {CALL(3, 0, 0), PAYLOAD(A128 B128 "z")},
    };

    check_messages(LITERAL(one_chunk), &expected[0], 1);
    check_messages(LITERAL(two_chunks), &expected[1], 1);
    check_messages(LITERAL(three_chunks), &expected[2], 1);
}
END_TEST

START_TEST(continuation_does_not_move_the_timestamp)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\x05", "\x00\x00\x81", "\x14", "\0\0\0\0") A128
        "\xC3" "y"
        "\xC3" B128
        "\xC3" "z";
    const struct rtmp_message expected[] = {
        {CALL(3, 0, 5), PAYLOAD(A128 "y")},
        {CALL(3, 0, 10), PAYLOAD(B128 "z")},
    };

    check_messages(LITERAL(bytes), expected, 2);
}
END_TEST

START_TEST(interleaved_chunk_streams)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\0", "\x00\x00\x82", "\x14", "\0\0\0\0") A128
        FULL("\x04", "\0\0\x09", "\x00\x00\x81", "\x14", "\x01\0\0\0") B128
        FULL("\x02", "\0\0\0", "\x00\x00\x04", "\x03", "\0\0\0\0")
            "\0\0\0\x01"
        "\xC3" "yz"
        "\xC4" "x";
    const struct rtmp_message expected[] = {
        {.type = 3, .chunk_stream_id = 2, PAYLOAD("\0\0\0\x01")},
        {CALL(3, 0, 0), PAYLOAD(A128 "yz")},
        {CALL(4, 1, 9), PAYLOAD(B128 "x")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

START_TEST(header_in_mid_message_drops_the_old_part)
{
#define UNFINISHED                                                             \
    FULL("\x03", "\0\0\x07", "\x00\x00\x81", "\x14", "\x01\0\0\0") A128
    static const char fmt_0[] =
        UNFINISHED
        FULL("\x03", "\0\0\x09", "\x00\x00\x01", "\x14", "\x02\0\0\0") "x";
    static const char fmt_1[] =
        UNFINISHED
        SAME_ID("\x43", "\0\0\x01", "\x00\x00\x01", "\x14") "x";
    static const char fmt_2[] =
        UNFINISHED
        SAME_SHAPE("\x83", "\0\0\x01") B128
        "\xC3" "z";
    const struct rtmp_message expected[] = {
        {CALL(3, 2, 9), PAYLOAD("x")},
        {CALL(3, 1, 8), PAYLOAD("x")},
        {CALL(3, 1, 8), PAYLOAD(B128 "z")},
    };

    check_messages(LITERAL(fmt_0), &expected[0], 1);
    check_messages(LITERAL(fmt_1), &expected[1], 1);
    check_messages(LITERAL(fmt_2), &expected[2], 1);
}
END_TEST

/* --- extended timestamps ------------------------------------------------- */

START_TEST(extended_timestamps)
{
    static const char bytes[] =
        /* fmt 0, absolute: 0xFFFFFF needs the long form */
        FULL("\x03", "\xFF\xFF\xFF", "\0\0\x01", "\x14", "\0\0\0\0")
            "\x00\xFF\xFF\xFF" "a"
        /* fmt 1, a delta, which goes past the end of 32 bits */
        SAME_ID("\x43", "\xFF\xFF\xFF", "\0\0\x01", "\x14")
            "\xFF\x00\x00\x06" "b"
        /* fmt 2, a small delta */
        SAME_SHAPE("\x83", "\x00\x00\x02") "c"
        "\xC3" "d"
        /* fmt 2, a large one, and fmt 3 repeats it */
        SAME_SHAPE("\x83", "\xFF\xFF\xFF") "\x01\x00\x00\x00" "e"
        "\xC3" "\x01\x00\x00\x00" "f";
    const struct rtmp_message expected[] = {
        {CALL(3, 0, 0xFFFFFF), PAYLOAD("a")},
        {CALL(3, 0, 5), PAYLOAD("b")},
        {CALL(3, 0, 7), PAYLOAD("c")},
        {CALL(3, 0, 9), PAYLOAD("d")},
        {CALL(3, 0, 0x01000009), PAYLOAD("e")},
        {CALL(3, 0, 0x02000009), PAYLOAD("f")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

#define LONG_AGO "\xFF\xFF\xFF"
#define TIME_BYTES "\x01\x02\x03\x04"
#define TIME_MS 0x01020304
/* The first chunk of 131 bytes at TIME_MS. */
#define FIRST_CHUNK                                                            \
    FULL("\x03", LONG_AGO, "\x00\x00\x83", "\x14", "\0\0\0\0") TIME_BYTES A128

START_TEST(fmt_3_repeats_the_extended_timestamp)
{
    static const char bytes[] = FIRST_CHUNK "\xC3" TIME_BYTES "xyz";
    const struct rtmp_message expected = {CALL(3, 0, TIME_MS),
                                          PAYLOAD(A128 "xyz")};

    check_messages(LITERAL(bytes), &expected, 1);
}
END_TEST

/* Told from a repetition at the first, second, third and fourth byte. The
 * last ones lie beyond the message: what was taken for a timestamp is the
 * next header then. */
START_TEST(fmt_3_without_the_extended_timestamp)
{
    static const char first[] =
        FIRST_CHUNK
        "\xC3" "xyz";
    static const char second[] =
        FIRST_CHUNK
        "\xC3" "\x01yz";
    static const char third[] =
        FIRST_CHUNK
        "\xC3" "\x01\x02z";
    static const char fourth[] =
        FIRST_CHUNK
        "\xC3" "\x01\x02\x03"
        FULL("\x02", "\0\0\0", "\0\0\x04", "\x03", "\0\0\0\0") "\0\0\0\x09";
    const struct rtmp_message expected[] = {
        {CALL(3, 0, TIME_MS), PAYLOAD(A128 "xyz")},
        {CALL(3, 0, TIME_MS), PAYLOAD(A128 "\x01yz")},
        {CALL(3, 0, TIME_MS), PAYLOAD(A128 "\x01\x02z")},
    };
    const struct rtmp_message expected_fourth[] = {
        {CALL(3, 0, TIME_MS), PAYLOAD(A128 "\x01\x02\x03")},
        {.type = 3, .chunk_stream_id = 2, PAYLOAD("\0\0\0\x09")},
    };

    check_messages(LITERAL(first), &expected[0], 1);
    check_messages(LITERAL(second), &expected[1], 1);
    check_messages(LITERAL(third), &expected[2], 1);
    check_messages(LITERAL(fourth), expected_fourth, 2);
}
END_TEST

/* Bytes that were taken for the timestamp of one fmt 3 are, in turn, payload,
 * the next fmt 3, bytes taken for its timestamp, payload and a full header. */
START_TEST(returned_bytes_are_read_as_headers)
{
    static const char bytes[] =
        FULL("\x04", LONG_AGO, "\0\0\x01", "\x14", "\0\0\0\0")
            "\x05\x00\x00\x00" "a"
        FULL("\x03", LONG_AGO, "\x00\x00\x81", "\x14", "\0\0\0\0")
            "\x03\xC4\x03\xC5" A128
        "\xC3" "\x03"
        "\xC4" "\x03"
        FULL("\x02", "\0\0\0", "\0\0\x04", "\x03", "\0\0\0\0") "\0\0\0\x09";
    const struct rtmp_message expected[] = {
        {CALL(4, 0, 0x05000000), PAYLOAD("a")},
        {CALL(3, 0, 0x03C403C5), PAYLOAD(A128 "\x03")},
        {CALL(4, 0, 0x0A000000), PAYLOAD("\x03")},
        {.type = 3, .chunk_stream_id = 2, PAYLOAD("\0\0\0\x09")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

/* --- protocol control messages ------------------------------------------- */

#define SET_CHUNK_SIZE(bytes)                                                  \
    FULL("\x02", "\0\0\0", "\0\0\x04", "\x01", "\0\0\0\0") bytes
#define ABORT(bytes)                                                           \
    FULL("\x02", "\0\0\0", "\0\0\x04", "\x02", "\0\0\0\0") bytes

static struct rtmp_message control(uint8_t type, const char *payload)
{
    return (struct rtmp_message){.type = type,
                                 .chunk_stream_id = 2,
                                 .payload = (const uint8_t *)payload,
                                 .length_bytes = 4};
}

START_TEST(set_chunk_size_is_obeyed)
{
    static const char larger[] =
        SET_CHUNK_SIZE("\0\0\x01\x00")
        FULL("\x03", "\0\0\0", "\x00\x01\x01", "\x14", "\0\0\0\0") A128 B128
        "\xC3" "z";
    static const char smallest[] =
        SET_CHUNK_SIZE("\0\0\0\x01")
        FULL("\x03", "\0\0\0", "\x00\x00\x02", "\x14", "\0\0\0\0") "y"
        "\xC3" "z";
    static const char largest[] =
        SET_CHUNK_SIZE("\x7F\xFF\xFF\xFF")
        FULL("\x03", "\0\0\0", "\x00\x01\x01", "\x14", "\0\0\0\0") A128 B128
            "z";
    const struct rtmp_message expected_larger[] = {
        control(1, "\0\0\x01\x00"), {CALL(3, 0, 0), PAYLOAD(A128 B128 "z")}};
    const struct rtmp_message expected_smallest[] = {
        control(1, "\0\0\0\x01"), {CALL(3, 0, 0), PAYLOAD("yz")}};
    const struct rtmp_message expected_largest[] = {
        control(1, "\x7F\xFF\xFF\xFF"),
        {CALL(3, 0, 0), PAYLOAD(A128 B128 "z")}};

    check_messages(LITERAL(larger), expected_larger, 2);
    check_messages(LITERAL(smallest), expected_smallest, 2);
    check_messages(LITERAL(largest), expected_largest, 2);
}
END_TEST

START_TEST(set_chunk_size_between_chunks_of_a_message)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\0", "\x00\x01\x01", "\x14", "\0\0\0\0") A128
        SET_CHUNK_SIZE("\0\0\0\x81")
        "\xC3" B128 "z";
    const struct rtmp_message expected[] = {
        control(1, "\0\0\0\x81"), {CALL(3, 0, 0), PAYLOAD(A128 B128 "z")}};

    check_messages(LITERAL(bytes), expected, 2);
}
END_TEST

START_TEST(impossible_chunk_sizes)
{
    static const char fault[] = "chunk size of 0 or above 0x7FFFFFFF";

    check_bad(LITERAL(SET_CHUNK_SIZE("\0\0\0\0")), fault);
    check_bad(LITERAL(SET_CHUNK_SIZE("\x80\0\0\0")), fault);
    check_bad(LITERAL(SET_CHUNK_SIZE("\xFF\xFF\xFF\xFF")), fault);
}
END_TEST

START_TEST(short_control_messages)
{
    static const char fault[] = "protocol control message shorter than 4 bytes";

    check_bad(LITERAL(FULL("\x02", "\0\0\0", "\0\0\x03", "\x01",
                           "\0\0\0\0") "\0\0\0"),
              fault);
    check_bad(LITERAL(FULL("\x02", "\0\0\0", "\0\0\0", "\x01", "\0\0\0\0")),
              fault);
    check_bad(LITERAL(FULL("\x02", "\0\0\0", "\0\0\x03", "\x02",
                           "\0\0\0\0") "\0\0\0"),
              fault);
}
END_TEST

/* What follows an abort on that chunk stream is a new message. */
START_TEST(abort_is_obeyed)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\x01", "\x00\x00\x81", "\x14", "\0\0\0\0") A128
        FULL("\x04", "\0\0\x01", "\x00\x00\x81", "\x14", "\0\0\0\0") A128
        ABORT("\0\0\0\x03")
        "\xC3" B128
        "\xC4" "y" /* another stream's message was not touched */
        "\xC3" "z";
    const struct rtmp_message expected[] = {
        control(2, "\0\0\0\x03"),
        {CALL(4, 0, 1), PAYLOAD(A128 "y")},
        {CALL(3, 0, 2), PAYLOAD(B128 "z")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

START_TEST(abort_of_nothing_is_harmless)
{
    static const char bytes[] =
        ABORT("\0\0\0\x02") /* its own chunk stream */
        ABORT("\0\0\0\x09") /* one that was never used */
        ABORT("\xFF\xFF\xFF\xFF") /* one that cannot be */ "\x03" FULL_OF_1
            "x"
        ABORT("\0\0\0\x03") /* one without a message under way */
        "\xC3" "y";
    const struct rtmp_message expected[] = {
        control(2, "\0\0\0\x02"),       control(2, "\0\0\0\x09"),
        control(2, "\xFF\xFF\xFF\xFF"), {CALL(3, 0, 0), PAYLOAD("x")},
        control(2, "\0\0\0\x03"),       {CALL(3, 0, 0), PAYLOAD("y")},
    };

    check_messages(LITERAL(bytes), expected, COUNT_OF(expected));
}
END_TEST

/* clang-format on */

/* --- what is kept -------------------------------------------------------- */

START_TEST(only_commands_and_control_are_kept)
{
    for (unsigned type = 0; type < 256; type++) {
        const bool kept = (type >= 1 && type <= 6) || type == 17 || type == 20;
        uint8_t bytes[] = {0x03, 0, 0, 0, 0, 0, 4, (uint8_t)type,
                           0,    0, 0, 0, 0, 0, 0, 9};
        const struct rtmp_message expected = {.type = (uint8_t)type,
                                              .chunk_stream_id = 3,
                                              .payload =
                                                  kept ? &bytes[12] : NULL,
                                              .length_bytes = 4};

        check_messages(bytes, sizeof(bytes), &expected, 1);
    }
}
END_TEST

START_TEST(skipped_messages_in_several_chunks)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\x01", "\x00\x00\x81", "\x09", "\x01\0\0\0") A128
        "\xC3"
        "y"
        "\xC3" B128 "\xC3"
        "z";
    const struct rtmp_message expected[] = {
        {.type = 9,
         .chunk_stream_id = 3,
         .message_stream_id = 1,
         .timestamp_ms = 1,
         .length_bytes = 129},
        {.type = 9,
         .chunk_stream_id = 3,
         .message_stream_id = 1,
         .timestamp_ms = 2,
         .length_bytes = 129},
    };

    check_messages(LITERAL(bytes), expected, 2);
}
END_TEST

/* --- limits -------------------------------------------------------------- */

/* fmt 0 on a chunk stream below 64. */
static void write_full_header(struct byte_writer *w, uint32_t id,
                              uint32_t length, uint8_t type)
{
    byte_write_u8(w, (uint8_t)id);
    byte_write_u24(w, 0);
    byte_write_u24(w, length);
    byte_write_u8(w, type);
    byte_write_u32le(w, 0);
}

static void write_chunk_size(struct byte_writer *w, uint32_t chunk_bytes)
{
    write_full_header(w, 2, 4, 1);
    byte_write_u32(w, chunk_bytes);
}

/* In several ways, since thousands of bytes in all ways take too long. */
static void see_in_pieces(struct seen *seen, const uint8_t *bytes,
                          size_t length, enum chunk_result expected)
{
    static const size_t pieces[] = {1, 2, 127, 4096, 1 << 24};

    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        if (i > 0)
            drop(seen);
        see(seen, bytes, length, pieces[i]);
        ck_assert_int_eq(seen->result, expected);
    }
}

START_TEST(message_length_limit)
{
    const size_t size = 64 + RTMP_MAX_INPUT_BYTES;
    uint8_t *const bytes = calloc(1, size);
    struct byte_writer w;
    struct seen seen;

    ck_assert_uint_eq(RTMP_MAX_INPUT_BYTES, 16384);
    ck_assert_ptr_nonnull(bytes);
    byte_writer_init(&w, bytes, size);
    write_chunk_size(&w, 16384);
    write_full_header(&w, 3, 16384, 20);
    see_in_pieces(&seen, bytes, byte_writer_length(&w) + 16383, CHUNK_MORE);
    ck_assert_uint_eq(seen.count, 1);
    drop(&seen);
    see_in_pieces(&seen, bytes, byte_writer_length(&w) + 16384, CHUNK_MORE);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_eq(seen.messages[1].length_bytes, 16384);
    drop(&seen);

    byte_writer_init(&w, bytes, size);
    write_full_header(&w, 3, 16385, 20);
    check_bad(bytes, byte_writer_length(&w), "message longer than 16384 bytes");
    free(bytes);
}
END_TEST

/* What is not kept has no limit but its 24 bits. */
START_TEST(longest_skipped_message)
{
    const size_t size = 64 + RTMP_MAX_MESSAGE_BYTES;
    uint8_t *const bytes = calloc(1, size);
    struct byte_writer w;
    struct seen seen;

    ck_assert_ptr_nonnull(bytes);
    byte_writer_init(&w, bytes, size);
    write_chunk_size(&w, 0x7FFFFFFF);
    write_full_header(&w, 4, 0xFFFFFF, 9);
    see(&seen, bytes, byte_writer_length(&w) + 0xFFFFFE, 65536);
    ck_assert_uint_eq(seen.count, 1);
    drop(&seen);
    see(&seen, bytes, byte_writer_length(&w) + 0xFFFFFF, 65536);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_eq(seen.messages[1].length_bytes, 0xFFFFFF);
    ck_assert_ptr_null(seen.messages[1].payload);
    drop(&seen);
    free(bytes);
}
END_TEST

START_TEST(chunk_stream_limit)
{
    uint8_t bytes[2048];
    struct byte_writer w;
    struct seen seen;

    ck_assert_uint_eq(RTMP_MAX_CHUNK_STREAMS, 64);
    byte_writer_init(&w, bytes, sizeof(bytes));
    for (uint8_t i = 0; i < 64; i++) { /* 64 to 127, of 2-byte form */
        byte_write_u8(&w, 0);
        byte_write_u8(&w, i);
        byte_write_bytes(&w, LITERAL(FULL_OF_1 "x"));
    }
    see_in_pieces(&seen, bytes, byte_writer_length(&w), CHUNK_MORE);
    ck_assert_uint_eq(seen.count, 64);
    for (uint32_t i = 0; i < 64; i++)
        ck_assert_uint_eq(seen.messages[i].chunk_stream_id, 64 + i);
    drop(&seen);

    const size_t full = byte_writer_length(&w);
    byte_write_bytes(&w, LITERAL("\xC0\x00"
                                 "y"
                                 "\xC0\x3F"
                                 "z"));
    see_in_pieces(&seen, bytes, byte_writer_length(&w), CHUNK_MORE);
    ck_assert_uint_eq(seen.count, 66); /* known ones can go on */
    drop(&seen);

    byte_writer_init(&w, &bytes[full], sizeof(bytes) - full);
    byte_write_bytes(&w, LITERAL("\x00\x40" FULL_OF_1));
    check_bad(bytes, full + byte_writer_length(&w),
              "more than 64 chunk streams");
}
END_TEST

/* Four chunk streams keep 16383 of 16384 bytes each, a fifth the rest. */
static size_t write_buffered(struct byte_writer *w, uint8_t last_type)
{
    static const uint8_t zeroes[16383];

    write_chunk_size(w, 16383);
    for (uint32_t id = 3; id <= 6; id++) {
        write_full_header(w, id, 16384, 20);
        byte_write_bytes(w, zeroes, sizeof(zeroes));
    }
    write_full_header(w, 7, 5, last_type);
    byte_write_bytes(w, zeroes, 5);
    ck_assert(!w->failed);
    return byte_writer_length(w);
}

START_TEST(buffer_limit)
{
    const size_t size = 2 * RTMP_MAX_BUFFERED_BYTES;
    uint8_t *const bytes = malloc(size);
    struct byte_writer w;
    struct seen seen;

    ck_assert_uint_eq(RTMP_MAX_BUFFERED_BYTES, 4 * 16383 + 4);
    ck_assert_ptr_nonnull(bytes);
    byte_writer_init(&w, bytes, size);
    const size_t length = write_buffered(&w, 20);
    see_in_pieces(&seen, bytes, length - 1, CHUNK_MORE);
    drop(&seen);
    see_in_pieces(&seen, bytes, length, CHUNK_BAD);
    ck_assert_str_eq(seen.fault,
                     "more than 65536 bytes in incomplete messages");
    drop(&seen);

    byte_writer_init(&w, bytes, size);
    (void)write_buffered(&w, 9); /* the fifth is not kept */
    see_in_pieces(&seen, bytes, length, CHUNK_MORE);
    drop(&seen);
    free(bytes);
}
END_TEST

/* Bytes of messages that ended, were dropped or aborted do not count: five
 * times 16383 of each kind would be too many. */
START_TEST(buffer_is_given_back)
{
    static const uint8_t zeroes[16383];
    const size_t size = 20 * 17000;
    uint8_t *const bytes = malloc(size);
    struct byte_writer w;
    struct seen seen;

    ck_assert_ptr_nonnull(bytes);
    byte_writer_init(&w, bytes, size);
    write_chunk_size(&w, 16383);
    for (int i = 0; i < 5; i++) {
        write_full_header(&w, 3, 16384, 20); /* to be dropped */
        byte_write_bytes(&w, zeroes, sizeof(zeroes));
        write_full_header(&w, 3, 16384, 20); /* to be ended */
        byte_write_bytes(&w, zeroes, sizeof(zeroes));
        byte_write_bytes(&w, "\xC3z", 2);
        write_full_header(&w, 3, 16384, 20); /* to be aborted */
        byte_write_bytes(&w, zeroes, sizeof(zeroes));
        byte_write_bytes(&w, LITERAL(ABORT("\0\0\0\x03")));
    }
    ck_assert(!w.failed);
    see_in_pieces(&seen, bytes, byte_writer_length(&w), CHUNK_MORE);
    ck_assert_uint_eq(seen.count, 1 + 2 * 5);
    drop(&seen);
    free(bytes);
}
END_TEST

START_TEST(after_a_fault_nothing_is_taken)
{
    static const char good[] = "\x03" FULL_OF_1 "x";
    struct chunk_reader *const reader = chunk_reader_new();
    struct rtmp_message message;
    struct byte_reader in;

    ck_assert_ptr_nonnull(reader);
    ck_assert_str_eq(chunk_reader_fault(reader), "");
    byte_reader_init(&in, "\xC3", 1);
    ck_assert_int_eq(chunk_reader_push(reader, &in, &message), CHUNK_BAD);
    byte_reader_init(&in, good, sizeof(good) - 1);
    ck_assert_int_eq(chunk_reader_push(reader, &in, &message), CHUNK_BAD);
    ck_assert_uint_eq(byte_reader_left(&in), sizeof(good) - 1);
    ck_assert_str_ne(chunk_reader_fault(reader), "");
    chunk_reader_free(reader);
    chunk_reader_free(NULL);
}
END_TEST

START_TEST(payload_stays_until_the_next_push)
{
    static const char bytes[] =
        FULL("\x03", "\0\0\0", "\x00\x00\x81", "\x14", "\0\0\0\0") A128 "\xC3"
                                                                        "z";
    const size_t half = 100;
    struct chunk_reader *const reader = chunk_reader_new();
    struct rtmp_message message;
    struct byte_reader in;

    ck_assert_ptr_nonnull(reader);
    byte_reader_init(&in, bytes, half);
    ck_assert_int_eq(chunk_reader_push(reader, &in, &message), CHUNK_MORE);
    byte_reader_init(&in, &bytes[half], sizeof(bytes) - 1 - half);
    ck_assert_int_eq(chunk_reader_push(reader, &in, &message), CHUNK_MESSAGE);
    ck_assert_mem_eq(message.payload, A128 "z", 129);
    chunk_reader_free(reader);
}
END_TEST

/* --- chance -------------------------------------------------------------- */

/* Numerical Recipes' generator: the same on every machine. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Chunks on few chunk streams whose fields are often, but not always, sane. */
static size_t make_noise(uint8_t *bytes, size_t size, uint32_t *state)
{
    static const uint8_t types[] = {20, 20, 9, 1, 2, 3, 17, 4};
    static const uint8_t few[] = {0, 0, 0, 1, 2, 3, 0xC3, 0xFF};
    struct byte_writer w;

    byte_writer_init(&w, bytes, size);
    while (!w.failed) {
        const uint32_t dice = next_random(state);
        const uint32_t format = dice & 3;
        const bool is_long = (dice & 0x30) == 0x30;

        byte_write_u8(&w, (uint8_t)(format << 6 | (2 + (dice >> 2 & 3))));
        if (format < 3)
            byte_write_u24(&w, is_long ? 0xFFFFFF : dice >> 16 & 1);
        if (format < 2) {
            byte_write_u24(&w, next_random(state) % 40);
            byte_write_u8(&w, types[next_random(state) % 8]);
        }
        if (format == 0)
            byte_write_u32le(&w, 1);
        if (is_long)
            byte_write_u32(&w, (dice & 0x40) != 0 ? 0x0203C304 : 0x02020202);
        for (uint32_t n = next_random(state) % 12; n > 0; n--)
            byte_write_u8(&w, few[next_random(state) % 8]);
    }
    return byte_writer_length(&w);
}

/* However the bytes are cut, the same comes out of them. */
START_TEST(noise_is_read_alike_in_all_pieces)
{
    uint32_t state = 1;
    size_t messages = 0;
    size_t faults = 0;

    for (int round = 0; round < 1000; round++) {
        uint8_t bytes[400];
        const size_t length = make_noise(bytes, sizeof(bytes), &state);
        struct seen whole;
        struct seen pieces;

        see(&whole, bytes, length, length);
        for (size_t piece = 1; piece <= 8; piece *= 2) {
            see(&pieces, bytes, length, piece);
            ck_assert_int_eq(pieces.result, whole.result);
            ck_assert_str_eq(pieces.fault, whole.fault);
            check_seen(&pieces, whole.messages, whole.count);
            drop(&pieces);
        }
        messages += whole.count;
        faults += whole.result == CHUNK_BAD;
        drop(&whole);
    }
    /* else the noise would show nothing */
    ck_assert_uint_gt(messages, 500);
    ck_assert_uint_gt(faults, 100);
    ck_assert_uint_lt(faults, 900);
}
END_TEST

static Suite *chunk_suite(void)
{
    Suite *const suite = suite_create("chunk");
    TCase *const tests = tcase_create("chunk");

    /* the exhaustive ones take their time under valgrind */
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, basic_headers);
    tcase_add_test(tests, one_id_in_two_forms_is_one_stream);
    tcase_add_test(tests, message_headers);
    tcase_add_test(tests, fmt_3_after_fmt_0_repeats_the_timestamp);
    tcase_add_test(tests, fmt_1_may_begin_a_chunk_stream);
    tcase_add_test(tests, fmt_2_and_3_may_not_begin_a_chunk_stream);
    tcase_add_test(tests, zero_length_messages);
    tcase_add_test(tests, a_chunk_ends_at_128_bytes);
    tcase_add_test(tests, continuation_does_not_move_the_timestamp);
    tcase_add_test(tests, interleaved_chunk_streams);
    tcase_add_test(tests, header_in_mid_message_drops_the_old_part);
    tcase_add_test(tests, extended_timestamps);
    tcase_add_test(tests, fmt_3_repeats_the_extended_timestamp);
    tcase_add_test(tests, fmt_3_without_the_extended_timestamp);
    tcase_add_test(tests, returned_bytes_are_read_as_headers);
    tcase_add_test(tests, set_chunk_size_is_obeyed);
    tcase_add_test(tests, set_chunk_size_between_chunks_of_a_message);
    tcase_add_test(tests, impossible_chunk_sizes);
    tcase_add_test(tests, short_control_messages);
    tcase_add_test(tests, abort_is_obeyed);
    tcase_add_test(tests, abort_of_nothing_is_harmless);
    tcase_add_test(tests, only_commands_and_control_are_kept);
    tcase_add_test(tests, skipped_messages_in_several_chunks);
    tcase_add_test(tests, message_length_limit);
    tcase_add_test(tests, longest_skipped_message);
    tcase_add_test(tests, chunk_stream_limit);
    tcase_add_test(tests, buffer_limit);
    tcase_add_test(tests, buffer_is_given_back);
    tcase_add_test(tests, after_a_fault_nothing_is_taken);
    tcase_add_test(tests, payload_stays_until_the_next_push);
    tcase_add_test(tests, noise_is_read_alike_in_all_pieces);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(chunk_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
