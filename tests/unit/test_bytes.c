/* base/bytes: byte order, bounds and stickiness of both cursors. */
#include "base/bytes.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t eight[8] = {0x81, 0x02, 0x03, 0x04,
                                 0x05, 0x06, 0x07, 0x08};

/* A copy that ends where the heap block does, so that ASan and valgrind see
 * a read behind it. */
static uint8_t *exact_copy(const void *data, size_t length)
{
    uint8_t *const copy = malloc(length > 0 ? length : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, length);
    return copy;
}

START_TEST(integers_are_read_in_their_order)
{
    struct byte_reader r;

    byte_reader_init(&r, eight, sizeof(eight));
    ck_assert_uint_eq(byte_read_u8(&r), 0x81);
    ck_assert_uint_eq(byte_read_u16(&r), 0x0203);
    ck_assert_uint_eq(byte_read_u24(&r), 0x040506);
    ck_assert_uint_eq(byte_reader_left(&r), 2);
    byte_reader_init(&r, eight, sizeof(eight));
    ck_assert_uint_eq(byte_read_u32(&r), 0x81020304);
    ck_assert_uint_eq(byte_read_u32le(&r), 0x08070605);
    ck_assert(!r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);
}
END_TEST

START_TEST(little_endian_keeps_its_top_bit)
{
    static const uint8_t top[4] = {0x04, 0x03, 0x02, 0x81};
    struct byte_reader r;

    byte_reader_init(&r, top, sizeof(top));
    ck_assert_uint_eq(byte_read_u32le(&r), 0x81020304);
}
END_TEST

START_TEST(double_is_big_endian_ieee_754)
{
    static const uint8_t minus_2000[8] = {0xC0, 0x9F, 0x40};
    static const uint8_t not_a_number[8] = {0x7F, 0xF8};
    struct byte_reader r;

    byte_reader_init(&r, minus_2000, 8);
    ck_assert_double_eq(byte_read_double(&r), -2000.0);
    byte_reader_init(&r, not_a_number, 8);
    ck_assert(isnan(byte_read_double(&r)));
    ck_assert(!r.failed);
}
END_TEST

enum read_kind {
    READ_U8,
    READ_U16,
    READ_U24,
    READ_U32,
    READ_U32LE,
    READ_DOUBLE,
    READ_PEEK
};

static const size_t needed_bytes[] = {1, 2, 3, 4, 4, 8, 1};

/* Whether the value read is not zero: no value may come out of a failure. */
static bool read_one(enum read_kind kind, struct byte_reader *r)
{
    switch (kind) {
    case READ_U8:
        return byte_read_u8(r) != 0;
    case READ_U16:
        return byte_read_u16(r) != 0;
    case READ_U24:
        return byte_read_u24(r) != 0;
    case READ_U32:
        return byte_read_u32(r) != 0;
    case READ_U32LE:
        return byte_read_u32le(r) != 0;
    case READ_DOUBLE:
        return fabs(byte_read_double(r)) > 0;
    case READ_PEEK:
        return byte_peek_u8(r) != 0;
    }
    return false;
}

START_TEST(reads_cut_short_give_zero_and_stick)
{
    for (enum read_kind kind = READ_U8; kind <= READ_PEEK; kind++) {
        for (size_t length = 0; length <= needed_bytes[kind]; length++) {
            const bool fits = length == needed_bytes[kind];
            uint8_t *const bytes = exact_copy(eight, length);
            struct byte_reader r;

            byte_reader_init(&r, bytes, length);
            ck_assert(read_one(kind, &r) == fits);
            ck_assert(r.failed == !fits);
            if (!fits) {
                ck_assert_uint_eq(byte_reader_left(&r), 0);
                ck_assert_uint_eq(byte_read_u8(&r), 0);
                ck_assert_ptr_null(byte_read_bytes(&r, 0));
            }
            free(bytes);
        }
    }
}
END_TEST

START_TEST(peek_does_not_consume)
{
    struct byte_reader r;

    byte_reader_init(&r, eight, 1);
    ck_assert_uint_eq(byte_peek_u8(&r), 0x81);
    ck_assert_uint_eq(byte_reader_left(&r), 1);
    ck_assert_uint_eq(byte_read_u8(&r), 0x81);
    ck_assert(!r.failed);
}
END_TEST

START_TEST(read_bytes_gives_all_or_nothing)
{
    struct byte_reader r;

    byte_reader_init(&r, eight, sizeof(eight));
    ck_assert_ptr_eq(byte_read_bytes(&r, 3), eight);
    ck_assert_ptr_eq(byte_read_bytes(&r, 5), &eight[3]);
    ck_assert_ptr_nonnull(byte_read_bytes(&r, 0));
    ck_assert(!r.failed);
    ck_assert_ptr_null(byte_read_bytes(&r, 1));
    ck_assert(r.failed);

    byte_reader_init(&r, eight, sizeof(eight));
    ck_assert_ptr_null(byte_read_bytes(&r, 9));
    byte_reader_init(&r, eight, sizeof(eight));
    ck_assert_ptr_null(byte_read_bytes(&r, SIZE_MAX));
    ck_assert(r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);
}
END_TEST

START_TEST(sub_reader_is_confined)
{
    struct byte_reader r;
    struct byte_reader sub;

    byte_reader_init(&r, eight, sizeof(eight));
    (void)byte_read_u8(&r);
    byte_read_sub(&r, 2, &sub);
    ck_assert_uint_eq(byte_reader_left(&r), 5);
    ck_assert_uint_eq(byte_read_u16(&sub), 0x0203);
    (void)byte_read_u8(&sub);
    ck_assert(sub.failed);
    ck_assert(!r.failed);
    ck_assert_uint_eq(byte_read_u8(&r), 0x04);
}
END_TEST

START_TEST(sub_reader_of_too_much_fails_both)
{
    struct byte_reader r;
    struct byte_reader sub;

    byte_reader_init(&r, eight, sizeof(eight));
    byte_read_sub(&r, 9, &sub);
    ck_assert(r.failed);
    ck_assert(sub.failed);
    ck_assert_uint_eq(byte_reader_left(&sub), 0);
}
END_TEST

START_TEST(fail_leaves_nothing)
{
    struct byte_reader r;

    byte_reader_init(&r, eight, sizeof(eight));
    byte_reader_fail(&r);
    ck_assert(r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);
    ck_assert_uint_eq(byte_read_u8(&r), 0);
}
END_TEST

START_TEST(no_bytes_at_null)
{
    struct byte_reader r;
    struct byte_writer w;

    byte_reader_init(&r, NULL, 0);
    ck_assert(!r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);
    (void)byte_read_u8(&r);
    ck_assert(r.failed);
    byte_reader_init(&r, NULL, 4);
    ck_assert(r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);

    byte_writer_init(&w, NULL, 0);
    byte_write_bytes(&w, NULL, 0);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), 0);
    byte_write_u8(&w, 1);
    ck_assert(w.failed);
    byte_writer_init(&w, NULL, 4);
    ck_assert(w.failed);
    ck_assert_uint_eq(byte_writer_room(&w), 0);
}
END_TEST

/* Everything that can be written, and what it looks like. */
static const uint8_t written[] = {
    0x81,                                           /* u8 */
    0x82, 0x03,                                     /* u16 */
    0x84, 0x05, 0x06,                               /* u24 */
    0x87, 0x08, 0x09, 0x0A,                         /* u32 */
    0x0B, 0x0C, 0x0D, 0x8E,                         /* u32, little endian */
    0xC0, 0x9F, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, /* -2000 */
    'a',  'b',  'c'};
static const size_t ends_of_writes[] = {1, 3, 6, 10, 14, 22, 25};

static void write_everything(struct byte_writer *w)
{
    byte_write_u8(w, 0x81);
    byte_write_u16(w, 0x8203);
    byte_write_u24(w, 0x840506);
    byte_write_u32(w, 0x8708090A);
    byte_write_u32le(w, 0x8E0D0C0B);
    byte_write_double(w, -2000.0);
    byte_write_bytes(w, "abc", 3);
}

START_TEST(writes_are_golden)
{
    uint8_t out[sizeof(written)];
    struct byte_writer w;

    byte_writer_init(&w, out, sizeof(out));
    ck_assert_uint_eq(byte_writer_room(&w), sizeof(written));
    write_everything(&w);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), sizeof(written));
    ck_assert_uint_eq(byte_writer_room(&w), 0);
    ck_assert_mem_eq(out, written, sizeof(written));
}
END_TEST

START_TEST(u24_writes_its_low_bits)
{
    static const uint8_t expected[3] = {0x02, 0x03, 0x04};
    uint8_t out[3];
    struct byte_writer w;

    byte_writer_init(&w, out, sizeof(out));
    byte_write_u24(&w, 0x01020304);
    ck_assert(!w.failed);
    ck_assert_mem_eq(out, expected, 3);
}
END_TEST

/* With too little room the writes that fit are there, the next one left no
 * trace, and later ones, even smaller, write nothing. */
START_TEST(writes_cut_short_stick)
{
    for (size_t size = 0; size < sizeof(written); size++) {
        uint8_t *const out = malloc(size > 0 ? size : 1);
        struct byte_writer w;
        size_t kept = 0;

        ck_assert_ptr_nonnull(out);
        for (size_t i = 0; ends_of_writes[i] <= size; i++)
            kept = ends_of_writes[i];
        byte_writer_init(&w, out, size);
        write_everything(&w);
        ck_assert(w.failed);
        ck_assert_uint_eq(byte_writer_length(&w), kept);
        ck_assert_uint_eq(byte_writer_room(&w), 0);
        ck_assert_mem_eq(out, written, kept);
        free(out);
    }
}
END_TEST

static Suite *bytes_suite(void)
{
    Suite *const suite = suite_create("bytes");
    TCase *const tests = tcase_create("bytes");

    tcase_add_test(tests, integers_are_read_in_their_order);
    tcase_add_test(tests, little_endian_keeps_its_top_bit);
    tcase_add_test(tests, double_is_big_endian_ieee_754);
    tcase_add_test(tests, reads_cut_short_give_zero_and_stick);
    tcase_add_test(tests, peek_does_not_consume);
    tcase_add_test(tests, read_bytes_gives_all_or_nothing);
    tcase_add_test(tests, sub_reader_is_confined);
    tcase_add_test(tests, sub_reader_of_too_much_fails_both);
    tcase_add_test(tests, fail_leaves_nothing);
    tcase_add_test(tests, no_bytes_at_null);
    tcase_add_test(tests, writes_are_golden);
    tcase_add_test(tests, u24_writes_its_low_bits);
    tcase_add_test(tests, writes_cut_short_stick);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(bytes_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
