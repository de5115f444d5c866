/* rtmp/message: bodies of types 1 to 6, golden bytes after RTMP 1.0. */
#include "rtmp/message.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct body {
    uint8_t type;
    size_t length_bytes;
    uint8_t bytes[12];
};

/* Reads from a heap block of just that length. */
static bool read_body(const struct body *body, size_t length_bytes,
                      struct rtmp_control *control)
{
    uint8_t *const payload = malloc(length_bytes > 0 ? length_bytes : 1);
    const struct rtmp_message message = {
        .type = body->type, .payload = payload, .length_bytes = length_bytes};

    ck_assert_ptr_nonnull(payload);
    memcpy(payload, body->bytes, length_bytes);
    const bool result = rtmp_control_read(&message, control);
    free(payload);
    return result;
}

static struct rtmp_control read_whole(const struct body *body)
{
    struct rtmp_control control;

    ck_assert(read_body(body, body->length_bytes, &control));
    ck_assert_uint_eq((unsigned)control.type, body->type);
    return control;
}

START_TEST(numbers_are_big_endian)
{
    static const uint8_t types[] = {1, 2, 3, 5};

    for (size_t i = 0; i < sizeof(types); i++) {
        const struct body body = {types[i], 4, {0x81, 0x02, 0x03, 0x04}};

        ck_assert_uint_eq(read_whole(&body).value, 0x81020304);
    }
}
END_TEST

START_TEST(peer_bandwidth_has_five_bytes)
{
    const struct body body = {6, 5, {0x00, 0x26, 0x25, 0xA0, 0x02}};

    ck_assert_uint_eq(read_whole(&body).value, 2500000);
}
END_TEST

START_TEST(set_buffer_length_has_two_numbers)
{
    const struct body body = {
        4, 10, {0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x0B, 0xB8}};
    const struct rtmp_control control = read_whole(&body);

    ck_assert_uint_eq(control.event, RTMP_SET_BUFFER_LENGTH);
    ck_assert_uint_eq(control.message_stream_id, 1);
    ck_assert_uint_eq(control.buffer_ms, 3000);
}
END_TEST

START_TEST(events_with_one_number)
{
    static const uint8_t events[] = {0, 1, 2, 4, 6, 7};

    for (size_t i = 0; i < sizeof(events); i++) {
        const struct body body = {
            4, 6, {0x00, events[i], 0xFE, 0xDC, 0xBA, 0x98}};
        const struct rtmp_control control = read_whole(&body);

        ck_assert_uint_eq(control.event, events[i]);
        ck_assert_uint_eq(control.message_stream_id, 0xFEDCBA98);
    }
}
END_TEST

START_TEST(unknown_event_needs_its_number_only)
{
    const struct body body = {4, 2, {0x01, 0x1B}};

    ck_assert_uint_eq((unsigned)read_whole(&body).event, 0x11B);
}
END_TEST

START_TEST(bodies_cut_short_are_refused)
{
    static const struct body bodies[] = {
        {1, 4, {0}},    {2, 4, {0}},    {3, 4, {0}},     {4, 10, {0, 3}},
        {4, 6, {0, 0}}, {4, 6, {0, 1}}, {4, 6, {0, 2}},  {4, 6, {0, 4}},
        {4, 6, {0, 6}}, {4, 6, {0, 7}}, {4, 2, {0, 31}}, {5, 4, {0}},
        {6, 5, {0}},
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        const size_t whole = bodies[i].length_bytes;
        struct rtmp_control control;

        for (size_t cut = 0; cut < whole; cut++)
            ck_assert(!read_body(&bodies[i], cut, &control));
        ck_assert(read_body(&bodies[i], whole, &control));
        ck_assert(read_body(&bodies[i], whole + 1, &control));
    }
}
END_TEST

START_TEST(other_types_are_refused)
{
    for (unsigned type = 0; type < 256; type++) {
        const struct body body = {(uint8_t)type, 10, {0}};
        struct rtmp_control control;

        ck_assert(read_body(&body, 10, &control) == (type >= 1 && type <= 6));
    }
}
END_TEST

START_TEST(payload_that_was_not_kept_is_refused)
{
    const struct rtmp_message message = {
        .type = RTMP_ACKNOWLEDGEMENT, .payload = NULL, .length_bytes = 4};
    struct rtmp_control control;

    ck_assert(!rtmp_control_read(&message, &control));
}
END_TEST

START_TEST(written_bodies_are_golden)
{
    static const uint8_t golden[] = {
        0x00, 0x01, 0x00, 0x00,             /* Set Chunk Size 65536 */
        0x00, 0x26, 0x25, 0xA0, 0x02,       /* 2500000, dynamic */
        0x00, 0x04, 0x00, 0x00, 0x00, 0x01, /* StreamIsRecorded 1 */
        0x00, 0x07, 0xFE, 0xDC, 0xBA, 0x98  /* PingResponse */
    };
    uint8_t out[sizeof(golden)];
    struct byte_writer w;

    byte_writer_init(&w, out, sizeof(out));
    rtmp_write_u32_body(&w, 65536);
    rtmp_write_peer_bandwidth_body(&w, 2500000, RTMP_LIMIT_DYNAMIC);
    rtmp_write_user_control_body(&w, RTMP_STREAM_IS_RECORDED, 1);
    rtmp_write_user_control_body(&w, RTMP_PING_RESPONSE, 0xFEDCBA98);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), sizeof(golden));
    ck_assert_mem_eq(out, golden, sizeof(golden));
}
END_TEST

static Suite *message_suite(void)
{
    Suite *const suite = suite_create("message");
    TCase *const tests = tcase_create("message");

    tcase_add_test(tests, numbers_are_big_endian);
    tcase_add_test(tests, peer_bandwidth_has_five_bytes);
    tcase_add_test(tests, set_buffer_length_has_two_numbers);
    tcase_add_test(tests, events_with_one_number);
    tcase_add_test(tests, unknown_event_needs_its_number_only);
    tcase_add_test(tests, bodies_cut_short_are_refused);
    tcase_add_test(tests, other_types_are_refused);
    tcase_add_test(tests, payload_that_was_not_kept_is_refused);
    tcase_add_test(tests, written_bodies_are_golden);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(message_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
