/* amf/amf0: golden bytes after the AMF0 specification (Adobe, 2007). */
#include "amf/amf0.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A string literal as bytes, without its NUL. */
#define LITERAL(s) (s), sizeof(s) - 1

/* An AMF0 string and a member's key: low byte of the length, text. */
#define STRING(length, text) "\x02\x00" length text
#define KEY(length, text) "\x00" length text

/* A reader of a heap block that is as long as the bytes: reading behind them
 * does not go unseen. The block is returned to be freed. */
static void *open_copy(struct byte_reader *r, const void *bytes, size_t length)
{
    void *const copy = malloc(length > 0 ? length : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    byte_reader_init(r, copy, length);
    return copy;
}

static bool is_skipped(const void *bytes, size_t length)
{
    struct byte_reader r;
    void *const copy = open_copy(&r, bytes, length);
    const bool skipped = amf0_skip(&r);

    ck_assert(skipped == !r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 0);
    free(copy);
    return skipped;
}

/* --- reading ----------------------------------------------------------- */

struct scalar {
    const char *bytes;
    size_t length;
    struct amf0_value value;
};

static const struct scalar scalars[] = {
    {LITERAL("\x00\x3F\xF8\0\0\0\0\0\0"), {.type = AMF0_NUMBER, .number = 1.5}},
    {LITERAL("\x00\xC0\x9F\x40\0\0\0\0\0"),
     {.type = AMF0_NUMBER, .number = -2000}},
    {LITERAL("\x01\x00"), {.type = AMF0_BOOLEAN, .boolean = false}},
    {LITERAL("\x01\x01"), {.type = AMF0_BOOLEAN, .boolean = true}},
    {LITERAL("\x01\xFF"), {.type = AMF0_BOOLEAN, .boolean = true}},
    {LITERAL("\x02\x00\x03"
             "a\0c"),
     {.type = AMF0_STRING, .string = {"a\0c", 3}}},
    {LITERAL("\x02\x00\x00"), {.type = AMF0_STRING, .string = {"", 0}}},
    {LITERAL("\x05"), {.type = AMF0_NULL}},
    {LITERAL("\x06"), {.type = AMF0_UNDEFINED}},
    {LITERAL("\x07\x12\x34"), {.type = AMF0_REFERENCE}},
    {LITERAL("\x0B\x42\x6D\x1A\x94\xA2\x00\x00\x00\xFF\xC4"),
     {.type = AMF0_DATE, .number = 1000000000000.0}},
    {LITERAL("\x0C\x00\x00\x00\x03"
             "abc"),
     {.type = AMF0_STRING, .string = {"abc", 3}}},
    {LITERAL("\x0D"), {.type = AMF0_UNSUPPORTED}},
    {LITERAL("\x0F\x00\x00\x00\x04"
             "<a/>"),
     {.type = AMF0_XML, .string = {"<a/>", 4}}},
};
static const size_t scalar_count = sizeof(scalars) / sizeof(scalars[0]);

START_TEST(scalars_are_read)
{
    for (size_t i = 0; i < scalar_count; i++) {
        const struct scalar *const s = &scalars[i];
        struct amf0_value v;
        struct byte_reader r;

        byte_reader_init(&r, s->bytes, s->length);
        ck_assert(amf0_read(&r, &v));
        ck_assert(!r.failed);
        ck_assert_uint_eq(byte_reader_left(&r), 0);
        ck_assert_int_eq(v.type, s->value.type);
        ck_assert_double_eq(v.number, s->value.number);
        ck_assert(v.boolean == s->value.boolean);
        ck_assert_uint_eq(v.string.length, s->value.string.length);
        ck_assert_uint_eq(v.count, 0);
        if (v.string.length > 0)
            ck_assert_mem_eq(v.string.data, s->value.string.data,
                             v.string.length);
        ck_assert(amf0_skip_rest(&r, &v)); /* nothing is left to skip */
        ck_assert(is_skipped(s->bytes, s->length));
    }
}
END_TEST

START_TEST(scalars_cut_short_fail)
{
    for (size_t i = 0; i < scalar_count; i++) {
        for (size_t cut = 0; cut < scalars[i].length; cut++) {
            struct amf0_value v;
            struct byte_reader r;
            void *const copy = open_copy(&r, scalars[i].bytes, cut);

            ck_assert(!amf0_read(&r, &v));
            ck_assert(r.failed);
            free(copy);
            ck_assert(!is_skipped(scalars[i].bytes, cut));
        }
    }
}
END_TEST

START_TEST(nan_is_a_number)
{
    struct amf0_value v;
    struct byte_reader r;

    byte_reader_init(&r, LITERAL("\x00\x7F\xF8\0\0\0\0\0\0"));
    ck_assert(amf0_read(&r, &v));
    ck_assert(isnan(v.number));
}
END_TEST

/* Movie clip, object end, record set, AMF3 and all above; with enough bytes
 * behind the marker for whatever it might be. */
START_TEST(other_markers_fail)
{
    static const uint8_t known[] = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07,
                                    0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x0F, 0x10};

    for (unsigned marker = 0; marker < 256; marker++) {
        const uint8_t bytes[16] = {(uint8_t)marker};
        struct amf0_value v;
        struct byte_reader r;

        byte_reader_init(&r, bytes, sizeof(bytes));
        const bool expected = memchr(known, (int)marker, sizeof(known)) != NULL;
        ck_assert(amf0_read(&r, &v) == expected);
        ck_assert(r.failed == !expected);
    }
}
END_TEST

START_TEST(long_strings_have_32_bit_lengths)
{
    const size_t length = 65536;
    uint8_t *const bytes = calloc(1, 5 + length);
    struct amf0_value v;
    struct byte_reader r;

    ck_assert_ptr_nonnull(bytes);
    bytes[0] = 0x0C;
    bytes[2] = 0x01; /* 00 01 00 00 */
    byte_reader_init(&r, bytes, 5 + length);
    ck_assert(amf0_read(&r, &v));
    ck_assert_uint_eq(v.string.length, length);
    byte_reader_init(&r, bytes, 5 + length - 1);
    ck_assert(!amf0_read(&r, &v));
    bytes[1] = 0xFF; /* FF 01 00 00 */
    byte_reader_init(&r, bytes, 5 + length);
    ck_assert(!amf0_read(&r, &v));
    free(bytes);
}
END_TEST

/* {a: 1.5, b: {}, "": null} */
#define MEMBERS                                                                \
    "\x00\x01"                                                                 \
    "a"                                                                        \
    "\x00\x3F\xF8\0\0\0\0\0\0"                                                 \
    "\x00\x01"                                                                 \
    "b"                                                                        \
    "\x03\x00\x00\x09"                                                         \
    "\x00\x00"                                                                 \
    "\x05"
#define END "\x00\x00\x09"

static void check_members(struct byte_reader *r, enum amf0_type type)
{
    struct amf0_string key;
    struct amf0_value v;

    ck_assert(amf0_read(r, &v));
    ck_assert_int_eq(v.type, type);
    ck_assert(amf0_next_member(r, &key));
    ck_assert(amf0_string_is(key, "a"));
    ck_assert(amf0_read(r, &v));
    ck_assert_double_eq(v.number, 1.5);
    ck_assert(amf0_next_member(r, &key));
    ck_assert(amf0_string_is(key, "b"));
    ck_assert(amf0_read(r, &v));
    ck_assert_int_eq(v.type, AMF0_OBJECT);
    ck_assert(amf0_skip_rest(r, &v));
    ck_assert(amf0_next_member(r, &key));
    ck_assert(amf0_string_is(key, ""));
    ck_assert(amf0_skip(r));
    ck_assert(!amf0_next_member(r, &key));
    ck_assert(!r->failed);
}

struct container {
    const char *bytes;
    size_t length;
    enum amf0_type type;
};

/* Objects with and without end marker, an ECMA array that lies about its
 * count, a typed object of class "C". */
static const struct container containers[] = {
    {LITERAL("\x03" MEMBERS END), AMF0_OBJECT},
    {LITERAL("\x03" MEMBERS), AMF0_OBJECT},
    {LITERAL("\x08\x00\x00\x00\x00" MEMBERS END), AMF0_ECMA_ARRAY},
    {LITERAL("\x08\xFF\xFF\xFF\xFF" MEMBERS END), AMF0_ECMA_ARRAY},
    {LITERAL("\x10\x00\x01"
             "C" MEMBERS END),
     AMF0_OBJECT},
};
static const size_t container_count =
    sizeof(containers) / sizeof(containers[0]);

START_TEST(members_are_walked)
{
    for (size_t i = 0; i < container_count; i++) {
        struct byte_reader r;

        byte_reader_init(&r, containers[i].bytes, containers[i].length);
        check_members(&r, containers[i].type);
        ck_assert_uint_eq(byte_reader_left(&r), 0);
        ck_assert(is_skipped(containers[i].bytes, containers[i].length));
    }
}
END_TEST

START_TEST(end_marker_ends)
{
    struct amf0_string key;
    struct byte_reader r;

    byte_reader_init(&r, LITERAL(END "\x05"));
    ck_assert(!amf0_next_member(&r, &key));
    ck_assert(!r.failed);
    ck_assert_uint_eq(byte_reader_left(&r), 1);
    byte_reader_init(&r, LITERAL("\x03" MEMBERS END "\x05"));
    ck_assert(amf0_skip(&r));
    ck_assert_uint_eq(byte_reader_left(&r), 1);
}
END_TEST

/* Only where a member ends may the bytes end: after the opening, a, the
 * opening of b, b, "" and the end marker. */
START_TEST(objects_cut_short)
{
    static const size_t good[] = {1, 13, 17, 20, 23, 26};
    const struct container *const whole = &containers[0];
    size_t next = 0;

    ck_assert_uint_eq(whole->length, good[5]);
    for (size_t cut = 0; cut <= whole->length; cut++) {
        const bool expected = cut == good[next];

        ck_assert_msg(is_skipped(whole->bytes, cut) == expected, "at %zu", cut);
        if (expected)
            next++;
    }
    ck_assert_uint_eq(next, 6);
}
END_TEST

START_TEST(keys_cut_short_fail)
{
    static const char bytes[] = KEY("\x02", "ab");

    for (size_t cut = 1; cut < 4; cut++) {
        struct amf0_string key = {"untouched", 9};
        struct byte_reader r;
        void *const copy = open_copy(&r, bytes, cut);

        ck_assert(!amf0_next_member(&r, &key));
        ck_assert(r.failed);
        ck_assert_uint_eq(key.length, 9);
        ck_assert(!amf0_next_member(&r, &key)); /* it stays so */
        free(copy);
    }
}
END_TEST

START_TEST(member_without_value_fails)
{
    ck_assert(!is_skipped(LITERAL("\x03\x00\x01"
                                  "a")));
    ck_assert(!is_skipped(LITERAL("\x03\x00\x01"
                                  "a" END)));
    ck_assert(!is_skipped(LITERAL("\x03\x00\x00")));
    /* an end marker ends only behind an empty key */
    ck_assert(!is_skipped(LITERAL("\x03" KEY("\x01", "a") "\x09")));
}
END_TEST

START_TEST(strict_arrays)
{
    static const char bytes[] = "\x0A\x00\x00\x00\x03\x05\x01\x01\x0A\0\0\0\0";
    struct amf0_value v;
    struct byte_reader r;

    byte_reader_init(&r, bytes, sizeof(bytes) - 1);
    ck_assert(amf0_read(&r, &v));
    ck_assert_int_eq(v.type, AMF0_STRICT_ARRAY);
    ck_assert_uint_eq(v.count, 3);
    ck_assert(amf0_skip_rest(&r, &v));
    ck_assert_uint_eq(byte_reader_left(&r), 0);
    for (size_t cut = 0; cut < sizeof(bytes) - 1; cut++)
        ck_assert(!is_skipped(bytes, cut));
}
END_TEST

START_TEST(strict_array_count_is_bounded_by_the_bytes)
{
    struct amf0_value v;
    struct byte_reader r;

    byte_reader_init(&r, LITERAL("\x0A\x00\x00\x00\x02\x05\x05"));
    ck_assert(amf0_read(&r, &v));
    byte_reader_init(&r, LITERAL("\x0A\x00\x00\x00\x03\x05\x05"));
    ck_assert(!amf0_read(&r, &v));
    ck_assert(r.failed);
    byte_reader_init(&r, LITERAL("\x0A\xFF\xFF\xFF\xFF\x05\x05"));
    ck_assert(!amf0_read(&r, &v));
    ck_assert(r.failed);
}
END_TEST

/* `depth` containers in each other, made of `unit`. */
static bool nested_is_skipped(unsigned depth, const char *unit,
                              size_t unit_length)
{
    uint8_t bytes[8 * (AMF0_MAX_DEPTH + 1) + 1];
    size_t length = 0;

    for (unsigned i = 0; i < depth; i++) {
        memcpy(&bytes[length], unit, unit_length);
        length += unit_length;
    }
    bytes[length++] = 0x05;
    return is_skipped(bytes, length);
}

START_TEST(depth_is_limited)
{
    /* an object with one member "", an ECMA array, an array of one */
    static const struct container units[] = {
        {LITERAL("\x03\x00\x00"), AMF0_OBJECT},
        {LITERAL("\x08\0\0\0\0\x00\x00"), AMF0_ECMA_ARRAY},
        {LITERAL("\x0A\0\0\0\x01"), AMF0_STRICT_ARRAY},
    };

    ck_assert_uint_eq(AMF0_MAX_DEPTH, 16);
    for (size_t i = 0; i < 3; i++) {
        const struct container *const u = &units[i];

        ck_assert(nested_is_skipped(16, u->bytes, u->length));
        ck_assert(!nested_is_skipped(17, u->bytes, u->length));
    }
}
END_TEST

START_TEST(a_mebibyte_of_openings_is_harmless)
{
    const size_t length = 1 << 20;
    uint8_t *const bytes = malloc(length);

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i + 3 <= length; i += 3)
        memcpy(&bytes[i], "\x03\x00\x00", 3);
    ck_assert(!is_skipped(bytes, length));
    free(bytes);
}
END_TEST

/* A strict array of `count` nulls. */
static bool array_is_skipped(uint32_t count)
{
    uint8_t *const bytes = malloc(5 + (size_t)count);
    struct byte_writer w;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0x05, 5 + (size_t)count);
    byte_writer_init(&w, bytes, 5);
    byte_write_u8(&w, 0x0A);
    byte_write_u32(&w, count);
    const bool skipped = is_skipped(bytes, 5 + (size_t)count);
    free(bytes);
    return skipped;
}

START_TEST(values_are_limited)
{
    ck_assert_uint_eq(AMF0_MAX_VALUES, 100000);
    ck_assert(array_is_skipped(100000));
    ck_assert(!array_is_skipped(100001));
}
END_TEST

/* Members count like elements, and nested ones with the others: an object of
 * `count` arrays of one null. */
static bool object_is_skipped(size_t count)
{
    static const char member[] = KEY("\x01", "k") "\x0A\0\0\0\x01\x05";
    const size_t member_length = sizeof(member) - 1;
    const size_t length = 1 + count * member_length;
    uint8_t *const bytes = malloc(length);

    ck_assert_ptr_nonnull(bytes);
    bytes[0] = 0x03;
    for (size_t i = 0; i < count; i++)
        memcpy(&bytes[1 + i * member_length], member, member_length);
    const bool skipped = is_skipped(bytes, length);
    free(bytes);
    return skipped;
}

START_TEST(nested_values_count)
{
    ck_assert(object_is_skipped(50000));
    ck_assert(!object_is_skipped(50001));
}
END_TEST

START_TEST(string_is_compares_all)
{
    ck_assert(amf0_string_is((struct amf0_string){"play", 4}, "play"));
    ck_assert(!amf0_string_is((struct amf0_string){"play2", 5}, "play"));
    ck_assert(!amf0_string_is((struct amf0_string){"pla", 3}, "play"));
    ck_assert(!amf0_string_is((struct amf0_string){"plaz", 4}, "play"));
    ck_assert(!amf0_string_is((struct amf0_string){"play\0", 5}, "play"));
    ck_assert(amf0_string_is((struct amf0_string){NULL, 0}, ""));
}
END_TEST

/* --- writing ----------------------------------------------------------- */

/* clang-format off */
static const char written[] =
    "\x00\xC0\x9F\x40\0\0\0\0\0" /* -2000 */
    "\x01\x01" "\x01\x00"        /* true, false */
    STRING("\x03", "abc")
    "\x02\x00\x02" "a\0"
    "\x05"                       /* null */
    "\x03" KEY("\x01", "k") "\x05" "\x00\x00\x09"
    "\x08\x00\x00\x00\x01" "\x00\x01" "\0" "\x05" "\x00\x00\x09"
    "\x0A\x00\x00\x00\x02" "\x05\x05";
/* clang-format on */

static void write_everything(struct byte_writer *w)
{
    amf0_write_number(w, -2000);
    amf0_write_boolean(w, true);
    amf0_write_boolean(w, false);
    amf0_write_string(w, "abc");
    amf0_write_string_n(w, (struct amf0_string){"a\0", 2});
    amf0_write_null(w);
    amf0_write_object_begin(w);
    amf0_write_key(w, "k");
    amf0_write_null(w);
    amf0_write_object_end(w);
    amf0_write_ecma_array_begin(w, 1);
    amf0_write_key_n(w, (struct amf0_string){"\0", 1});
    amf0_write_null(w);
    amf0_write_object_end(w);
    amf0_write_strict_array_begin(w, 2);
    amf0_write_null(w);
    amf0_write_null(w);
}

START_TEST(writes_are_golden)
{
    uint8_t out[sizeof(written) - 1];
    struct byte_writer w;

    byte_writer_init(&w, out, sizeof(out));
    write_everything(&w);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_room(&w), 0);
    ck_assert_mem_eq(out, written, sizeof(out));
}
END_TEST

START_TEST(writes_without_room_fail)
{
    for (size_t size = 0; size < sizeof(written) - 1; size++) {
        uint8_t *const out = malloc(size > 0 ? size : 1);
        struct byte_writer w;

        ck_assert_ptr_nonnull(out);
        byte_writer_init(&w, out, size);
        write_everything(&w);
        ck_assert(w.failed);
        ck_assert_mem_eq(out, written, byte_writer_length(&w));
        free(out);
    }
}
END_TEST

START_TEST(strings_above_65535_bytes_fail)
{
    const size_t limit = 65535;
    char *const text = malloc(limit + 2);
    uint8_t *const out = malloc(limit + 16);
    struct byte_writer w;

    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(out);
    memset(text, 'x', limit + 1);
    text[limit + 1] = '\0';

    byte_writer_init(&w, out, limit + 16);
    amf0_write_string(&w, text);
    ck_assert(w.failed);
    byte_writer_init(&w, out, limit + 16);
    amf0_write_key(&w, text);
    ck_assert(w.failed);
    byte_writer_init(&w, out, limit + 16);
    amf0_write_string_n(&w, (struct amf0_string){text, limit + 1});
    ck_assert(w.failed);

    text[limit] = '\0';
    byte_writer_init(&w, out, limit + 16);
    amf0_write_string(&w, text);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), limit + 3);
    ck_assert_mem_eq(out, "\x02\xFF\xFFx", 4);
    byte_writer_init(&w, out, limit + 16);
    amf0_write_key_n(&w, (struct amf0_string){text, limit});
    ck_assert(!w.failed);
    free(text);
    free(out);
}
END_TEST

static Suite *amf0_suite(void)
{
    Suite *const suite = suite_create("amf0");
    TCase *const tests = tcase_create("amf0");

    tcase_add_test(tests, scalars_are_read);
    tcase_add_test(tests, scalars_cut_short_fail);
    tcase_add_test(tests, nan_is_a_number);
    tcase_add_test(tests, other_markers_fail);
    tcase_add_test(tests, long_strings_have_32_bit_lengths);
    tcase_add_test(tests, members_are_walked);
    tcase_add_test(tests, end_marker_ends);
    tcase_add_test(tests, objects_cut_short);
    tcase_add_test(tests, keys_cut_short_fail);
    tcase_add_test(tests, member_without_value_fails);
    tcase_add_test(tests, strict_arrays);
    tcase_add_test(tests, strict_array_count_is_bounded_by_the_bytes);
    tcase_add_test(tests, depth_is_limited);
    tcase_add_test(tests, a_mebibyte_of_openings_is_harmless);
    tcase_add_test(tests, values_are_limited);
    tcase_add_test(tests, nested_values_count);
    tcase_add_test(tests, string_is_compares_all);
    tcase_add_test(tests, writes_are_golden);
    tcase_add_test(tests, writes_without_room_fail);
    tcase_add_test(tests, strings_above_65535_bytes_fail);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(amf0_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
