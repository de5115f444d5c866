/* rtmp/chunk_writer: golden headers after RTMP 1.0, 5.3. */
#include "rtmp/chunk_writer.h"

#include <check.h>
#include <stdlib.h>

/* A string literal as bytes, without its NUL. */
#define LITERAL(s) (s), sizeof(s) - 1

#define TEN(s) s s s s s s s s s s
#define A128                                                                   \
    TEN(TEN("a"))                                                              \
    TEN("a") TEN("a") "aaaaaaaa"
#define B128                                                                   \
    TEN(TEN("b"))                                                              \
    TEN("b") TEN("b") "bbbbbbbb"

static void check_header(struct chunk_writer *writer,
                         const struct rtmp_message *message,
                         const char *expected, size_t length)
{
    uint8_t *const header = malloc(RTMP_MAX_CHUNK_HEADER_BYTES);

    ck_assert_ptr_nonnull(header);
    ck_assert_uint_eq(chunk_writer_begin(writer, message, header), length);
    ck_assert_mem_eq(header, expected, length);
    free(header);
}

static void check_continuation(const struct chunk_writer *writer,
                               const char *expected, size_t length)
{
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES];

    ck_assert_uint_eq(chunk_writer_continue(writer, 6, header), length);
    ck_assert_mem_eq(header, expected, length);
}

/* A video message on chunk stream 6. */
static struct rtmp_message video(uint32_t time_ms, uint32_t stream_id)
{
    return (struct rtmp_message){.type = 9,
                                 .chunk_stream_id = 6,
                                 .message_stream_id = stream_id,
                                 .timestamp_ms = time_ms,
                                 .length_bytes = 0x010203};
}

START_TEST(headers_are_golden)
{
    struct chunk_writer writer = {0};
    const struct rtmp_message first = video(1000, 1);
    const struct rtmp_message second = video(1040, 1);
    const struct rtmp_message same_time = video(1040, 1);
    const struct rtmp_message back = video(1039, 1);
    const struct rtmp_message other_stream = video(1080, 0x81020304);

    check_header(&writer, &first,
                 LITERAL("\x06\x00\x03\xE8\x01\x02\x03\x09\x01\0\0\0"));
    check_continuation(&writer, "\xC6", 1);
    check_header(&writer, &second, LITERAL("\x46\x00\x00\x28\x01\x02\x03\x09"));
    check_continuation(&writer, "\xC6", 1);
    check_header(&writer, &same_time,
                 LITERAL("\x46\x00\x00\x00\x01\x02\x03\x09"));
    check_header(&writer, &back,
                 LITERAL("\x06\x00\x04\x0F\x01\x02\x03\x09\x01\0\0\0"));
    check_header(&writer, &other_stream,
                 LITERAL("\x06\x00\x04\x38\x01\x02\x03\x09\x04\x03\x02\x81"));
}
END_TEST

START_TEST(first_header_at_zero_is_full)
{
    struct chunk_writer writer = {0};
    const struct rtmp_message first = video(0, 0);

    check_header(&writer, &first,
                 LITERAL("\x06\0\0\0\x01\x02\x03\x09\0\0\0\0"));
}
END_TEST

START_TEST(timestamp_limits_of_the_short_forms)
{
    struct chunk_writer writer = {0};
    const struct rtmp_message last_short = video(0xFFFFFE, 1);
    const struct rtmp_message plus_fffffe = video(0x1FFFFFC, 1);
    const struct rtmp_message plus_ffffff = video(0x2FFFFFB, 1);

    check_header(&writer, &last_short,
                 LITERAL("\x06\xFF\xFF\xFE\x01\x02\x03\x09\x01\0\0\0"));
    check_continuation(&writer, "\xC6", 1);
    check_header(&writer, &plus_fffffe,
                 LITERAL("\x46\xFF\xFF\xFE\x01\x02\x03\x09"));
    check_continuation(&writer, "\xC6", 1);
    check_header(&writer, &plus_ffffff,
                 LITERAL("\x06\xFF\xFF\xFF\x01\x02\x03\x09\x01\0\0\0"
                         "\x02\xFF\xFF\xFB"));
    check_continuation(&writer, LITERAL("\xC6\x02\xFF\xFF\xFB"));
}
END_TEST

START_TEST(first_extended_timestamp)
{
    struct chunk_writer writer = {0};
    const struct rtmp_message first_long = video(0xFFFFFF, 1);
    const struct rtmp_message next = video(0x1000000, 1);

    check_header(&writer, &first_long,
                 LITERAL("\x06\xFF\xFF\xFF\x01\x02\x03\x09\x01\0\0\0"
                         "\x00\xFF\xFF\xFF"));
    check_continuation(&writer, LITERAL("\xC6\x00\xFF\xFF\xFF"));
    check_header(&writer, &next, LITERAL("\x46\x00\x00\x01\x01\x02\x03\x09"));
    check_continuation(&writer, "\xC6", 1);
}
END_TEST

START_TEST(timestamps_wrap_around)
{
    struct chunk_writer writer = {0};
    const struct rtmp_message last = video(0xFFFFFFFF, 1);
    const struct rtmp_message next = video(5, 1);

    check_header(&writer, &last,
                 LITERAL("\x06\xFF\xFF\xFF\x01\x02\x03\x09\x01\0\0\0"
                         "\xFF\xFF\xFF\xFF"));
    check_header(&writer, &next, LITERAL("\x46\x00\x00\x06\x01\x02\x03\x09"));
}
END_TEST

/* The message and its bytes, in a block of that size and all smaller ones. */
static void check_written(const char *payload, size_t length,
                          const char *expected, size_t expected_length)
{
    const struct rtmp_message message = {.type = 20,
                                         .chunk_stream_id = 3,
                                         .message_stream_id = 0,
                                         .timestamp_ms = 0x01020304,
                                         .payload = (const uint8_t *)payload,
                                         .length_bytes = length};

    for (size_t size = 0; size <= expected_length; size++) {
        uint8_t *const out = malloc(size > 0 ? size : 1);
        struct chunk_writer writer = {0};
        struct byte_writer w;

        ck_assert_ptr_nonnull(out);
        byte_writer_init(&w, out, size);
        chunk_write_message(&writer, &w, &message, 128);
        ck_assert(w.failed == (size < expected_length));
        ck_assert_mem_eq(out, expected, byte_writer_length(&w));
        if (!w.failed)
            ck_assert_uint_eq(byte_writer_length(&w), expected_length);
        free(out);
    }
}

START_TEST(whole_messages_are_golden)
{
#define HEADER(length) "\x03\xFF\xFF\xFF" length "\x14\0\0\0\0\x01\x02\x03\x04"
#define NEXT "\xC3\x01\x02\x03\x04"
    check_written("", 0, LITERAL(HEADER("\0\0\0")));
    check_written("a", 1, LITERAL(HEADER("\0\0\x01") "a"));
    check_written(LITERAL(A128), LITERAL(HEADER("\0\0\x80") A128));
    check_written(LITERAL(A128 "z"), LITERAL(HEADER("\0\0\x81") A128 NEXT "z"));
    check_written(LITERAL(A128 B128),
                  LITERAL(HEADER("\0\x01\x00") A128 NEXT B128));
    check_written(LITERAL(A128 B128 "z"),
                  LITERAL(HEADER("\0\x01\x01") A128 NEXT B128 NEXT "z"));
}
END_TEST

/* A message of type 20 and one byte on chunk stream 3. */
static struct rtmp_message call(uint32_t time_ms, const char *payload)
{
    return (struct rtmp_message){.type = 20,
                                 .chunk_stream_id = 3,
                                 .timestamp_ms = time_ms,
                                 .payload = (const uint8_t *)payload,
                                 .length_bytes = 1};
}

START_TEST(a_second_message_takes_a_delta)
{
    static const char expected[] = "\x03\0\0\x05\0\0\x01\x14\0\0\0\0"
                                   "a"
                                   "\x43\0\0\x02\0\0\x01\x14"
                                   "b";
    const struct rtmp_message messages[] = {call(5, "a"), call(7, "b")};
    struct chunk_writer writer = {0};
    uint8_t out[sizeof(expected) - 1];
    struct byte_writer w;

    byte_writer_init(&w, out, sizeof(out));
    chunk_write_message(&writer, &w, &messages[0], 128);
    chunk_write_message(&writer, &w, &messages[1], 128);
    ck_assert(!w.failed);
    ck_assert_mem_eq(out, expected, sizeof(out));
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("chunk writer");
    TCase *const tests = tcase_create("chunk writer");
    SRunner *const runner = srunner_create(suite);

    tcase_add_test(tests, headers_are_golden);
    tcase_add_test(tests, first_header_at_zero_is_full);
    tcase_add_test(tests, timestamp_limits_of_the_short_forms);
    tcase_add_test(tests, first_extended_timestamp);
    tcase_add_test(tests, timestamps_wrap_around);
    tcase_add_test(tests, whole_messages_are_golden);
    tcase_add_test(tests, a_second_message_takes_a_delta);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
