/* server/outbox: golden chunks, what was taken stays in place, and the end of
 * the room. */
#include "server/outbox.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL(s) (s), sizeof(s) - 1

static struct outbox outbox;

static void expect_taken(const char *bytes, size_t length)
{
    size_t got;
    const uint8_t *taken = outbox_take(&outbox, &got);

    ck_assert_uint_eq(got, length);
    if (length == 0)
        ck_assert_ptr_null(taken);
    else
        ck_assert_mem_eq(taken, bytes, length);
}

static void add(uint8_t type, const void *payload, size_t length)
{
    const struct rtmp_message message = {.type = type,
                                         .chunk_stream_id = 3,
                                         .message_stream_id = 0x01020304,
                                         .timestamp_ms = 0x0A0B0C,
                                         .payload = payload,
                                         .length_bytes = length};

    outbox_add(&outbox, &message);
}

#define HEADER(length, type) "\3\x0A\x0B\x0C\0\0" length type "\4\3\2\1"

START_TEST(every_message_has_a_full_header)
{
    outbox_init(&outbox);
    expect_taken("", 0);
    add(20, "abc", 3);
    add(20, "defg", 4);
    expect_taken(
        LITERAL(HEADER("\3", "\x14") "abc" HEADER("\4", "\x14") "defg"));
    expect_taken("", 0);
    outbox_add_user_control(&outbox, RTMP_PING_RESPONSE, 0x01020304);
    expect_taken(LITERAL("\2\0\0\0\0\0\6\4\0\0\0\0\0\7\1\2\3\4"));
    outbox_destroy(&outbox);
}
END_TEST

START_TEST(chunks_are_128_bytes_until_we_say_more)
{
    uint8_t payload[300];
    uint8_t golden[400] = HEADER("\0", "\x14");
    size_t length;

    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)i;
    golden[5] = 1;
    golden[6] = 300 - 256;
    golden[4] = 0;
    memcpy(golden + 12, payload, 128);
    golden[140] = 0xC3;
    memcpy(golden + 141, payload + 128, 128);
    golden[269] = 0xC3;
    memcpy(golden + 270, payload + 256, 44);
    outbox_init(&outbox);
    add(20, payload, sizeof(payload));
    const uint8_t *taken = outbox_take(&outbox, &length);
    ck_assert_uint_eq(length, 314);
    ck_assert_mem_eq(taken, golden, 314);
    add(RTMP_SET_CHUNK_SIZE, "\0\1\0\0", 4);
    (void)outbox_take(&outbox, &length);
    ck_assert_uint_eq(length, 16);
    add(20, payload, sizeof(payload));
    taken = outbox_take(&outbox, &length);
    ck_assert_uint_eq(length, 312);
    ck_assert_mem_eq(taken + 12, payload, 300);
    outbox_destroy(&outbox);
}
END_TEST

START_TEST(what_was_taken_stays_until_it_was_sent)
{
    size_t length;

    outbox_init(&outbox);
    add(20, "abc", 3);
    const uint8_t *taken = outbox_take(&outbox, &length);
    add(20, "defg", 4);
    ck_assert_mem_eq(taken, HEADER("\3", "\x14") "abc", 15);
    outbox_sent(&outbox);
    expect_taken(LITERAL(HEADER("\4", "\x14") "defg"));
    outbox_sent(&outbox);
    expect_taken("", 0);
    ck_assert_uint_eq(outbox.used, 0);
    ck_assert_ptr_null(outbox.bytes); /* who waits keeps no buffer */
    outbox_destroy(&outbox);
}
END_TEST

START_TEST(what_was_not_sent_can_be_taken_again)
{
    outbox_init(&outbox);
    add(20, "abc", 3);
    expect_taken(LITERAL(HEADER("\3", "\x14") "abc"));
    add(20, "defg", 4);
    expect_taken(LITERAL(HEADER("\4", "\x14") "defg"));
    outbox_untake(&outbox, 16);
    add(20, "h", 1);
    expect_taken(LITERAL(HEADER("\4", "\x14") "defg" HEADER("\1", "\x14") "h"));
    outbox_sent(&outbox);
    ck_assert_uint_eq(outbox.used, 0);
    ck_assert_ptr_null(outbox.bytes); /* who waits keeps no buffer */
    outbox_destroy(&outbox);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_whole)
{
    static uint8_t payload[OUTBOX_BYTES];
    size_t length;

    outbox_init(&outbox);
    outbox.chunk_bytes = RTMP_OUTPUT_CHUNK_BYTES;
    add(20, payload, OUTBOX_BYTES - 12); /* just fits */
    ck_assert(!outbox.overflowed);
    ck_assert_ptr_nonnull(outbox_take(&outbox, &length));
    ck_assert_uint_eq(length, OUTBOX_BYTES);
    outbox_destroy(&outbox);
    outbox_init(&outbox);
    outbox.chunk_bytes = RTMP_OUTPUT_CHUNK_BYTES;
    add(20, "abc", 3);
    add(20, payload, OUTBOX_BYTES - 15 - 12 + 1); /* one byte too many */
    ck_assert(outbox.overflowed);
    expect_taken(LITERAL(HEADER("\3", "\x14") "abc"));
    outbox_destroy(&outbox);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("outbox");
    TCase *const tests = tcase_create("outbox");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_message_has_a_full_header);
    tcase_add_test(tests, chunks_are_128_bytes_until_we_say_more);
    tcase_add_test(tests, what_was_taken_stays_until_it_was_sent);
    tcase_add_test(tests, what_was_not_sent_can_be_taken_again);
    tcase_add_test(tests, what_does_not_fit_is_left_out_whole);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
