/* onMetaData read from files of all sorts, and written anew. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "flv/metadata.h"

#include "flv_bytes.h"

#define ON_META_DATA "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 "
#define WIDTH_640 "00 05 77 69 64 74 68 00 40 84 00 00 00 00 00 00 "
#define DURATION_9_5 "00 08 64 75 72 61 74 69 6F 6E 00 40 23 00 00 00 00 00 00 "
#define STEREO_TRUE "00 06 73 74 65 72 65 6F 01 01 "
#define ENCODER_ABC "00 07 65 6E 63 6F 64 65 72 02 00 03 61 62 63 "
#define END "00 00 09 "

static bool read_bytes(const uint8_t *bytes, size_t length,
                       struct flv_metadata *metadata)
{
    /* A block of its own, so that a sanitizer sees any step over its end. One
     * byte where there are none: what malloc(0) gives is nobody's to read. */
    uint8_t *copy = calloc(length > 0 ? length : 1, 1);
    struct byte_reader r;
    bool is_metadata;

    ck_assert_ptr_nonnull(copy);
    if (length > 0)
        memcpy(copy, bytes, length);
    byte_reader_init(&r, copy, length);
    memset(metadata, 0xEE, sizeof(*metadata));
    is_metadata = flv_metadata_read(r, metadata);
    free(copy);
    return is_metadata;
}

static bool read_hex(const char *hex, struct flv_metadata *metadata)
{
    struct flv_bytes b = {0};
    bool is_metadata;

    flv_bytes_hex(&b, hex);
    is_metadata = read_bytes(b.data, b.length, metadata);
    flv_bytes_free(&b);
    return is_metadata;
}

static void assert_members(const struct flv_metadata *metadata, uint32_t count,
                           const char *hex)
{
    struct flv_bytes b = {0};

    flv_bytes_hex(&b, hex);
    ck_assert_uint_eq(metadata->count, count);
    ck_assert_uint_eq(metadata->length_bytes, b.length);
    if (b.length > 0)
        ck_assert_mem_eq(metadata->members, b.data, b.length);
    flv_bytes_free(&b);
}

START_TEST(safe_members_are_kept)
{
    struct flv_metadata metadata;

    ck_assert(read_hex(
        ON_META_DATA
        "08 00 00 00 04" DURATION_9_5 WIDTH_640 STEREO_TRUE ENCODER_ABC END,
        &metadata));
    assert_members(&metadata, 3, WIDTH_640 STEREO_TRUE ENCODER_ABC);
    ck_assert_double_eq(metadata.duration_s, 9.5);
}
END_TEST

START_TEST(object_and_publisher_forms)
{
    struct flv_metadata metadata;

    ck_assert(read_hex(ON_META_DATA "03" WIDTH_640 END, &metadata));
    assert_members(&metadata, 1, WIDTH_640);
    /* "@setDataFrame" first, as in what a publisher sends */
    ck_assert(
        read_hex("02 00 0D 40 73 65 74 44 61 74 61 46 72 61 6D 65" ON_META_DATA
                 "08 00 00 00 00" WIDTH_640 END,
                 &metadata));
    assert_members(&metadata, 1, WIDTH_640);
    /* the count may lie, the end may be missing, bytes may follow */
    ck_assert(read_hex(ON_META_DATA "08 FF FF FF FF" WIDTH_640, &metadata));
    assert_members(&metadata, 1, WIDTH_640);
    ck_assert(read_hex(ON_META_DATA "08 00 00 00 00" WIDTH_640 END "07 07 FF",
                       &metadata));
    assert_members(&metadata, 1, WIDTH_640);
}
END_TEST

START_TEST(other_data_is_no_metadata)
{
    static const char *const others[] = {
        "",
        "02 00 0A 6F 6E 43 75 65 50 6F 69 6E 74 03 00 00 09", /* cue point */
        ON_META_DATA,
        ON_META_DATA "05",
        ON_META_DATA "00 00 00 00 00 00 00 00 00",
        "00 40 84 00 00 00 00 00 00",
        "02 00 0D 40 73 65 74 44 61 74 61 46 72 61 6D 65",
        "02 FF FF 6F 6E",
    };
    static const struct flv_metadata nothing;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct flv_metadata metadata;

        ck_assert_msg(!read_hex(others[i], &metadata), "case %zu", i);
        ck_assert_uint_eq(metadata.count, 0);
        ck_assert_uint_eq(metadata.length_bytes, 0);
        ck_assert_double_eq(metadata.duration_s, 0);
        ck_assert_mem_eq(metadata.members, nothing.members,
                         sizeof(nothing.members));
    }
}
END_TEST

static const char *const unsafe[] = {
    /* what is true of the file only */
    "00 08 66 69 6C 65 73 69 7A 65 00 40 84 00 00 00 00 00 00",
    "00 09 76 69 64 65 6F 73 69 7A 65 00 40 84 00 00 00 00 00 00",
    "00 0D 6C 61 73 74 74 69 6D 65 73 74 61 6D 70"
    "00 40 84 00 00 00 00 00 00",
    "00 0C 68 61 73 4B 65 79 66 72 61 6D 65 73 01 01",
    /* keyframes: an object of two arrays; as a number */
    "00 09 6B 65 79 66 72 61 6D 65 73 03"
    "00 05 74 69 6D 65 73 0A 00 00 00 01 00 00 00 00 00 00 00 00 00"
    "00 01 78 0A 00 00 00 00 00 00 09",
    "00 09 6B 65 79 66 72 61 6D 65 73 00 40 84 00 00 00 00 00 00",
    /* not a number, infinity */
    "00 01 78 00 7F F8 00 00 00 00 00 00",
    "00 01 78 00 FF F0 00 00 00 00 00 00",
    /* date, null, undefined, unsupported, array, object in object */
    "00 01 78 0B 42 00 00 00 00 00 00 00 00 00",
    "00 01 78 05",
    "00 01 78 06",
    "00 01 78 0D",
    "00 01 78 0A 00 00 00 02 05 05",
    "00 01 78 03 00 01 79 03 00 00 09 00 00 09",
    /* keys with a control character, DEL, bytes of UTF-8 */
    "00 01 1F 01 01",
    "00 01 7F 01 01",
    "00 02 C3 A4 01 01",
    /* a name that was there */
    "00 05 77 69 64 74 68 01 01",
    /* UTF-8: continuation alone, overlong, surrogate, too large, cut */
    "00 01 78 02 00 01 80",
    "00 01 78 02 00 02 C0 80",
    "00 01 78 02 00 03 E0 80 80",
    "00 01 78 02 00 03 ED A0 80",
    "00 01 78 02 00 04 F4 90 80 80",
    "00 01 78 02 00 04 F0 80 80 80",
    "00 01 78 02 00 02 E2 82",
    "00 01 78 02 00 02 C3 41",
};

/* One member between two good ones: it goes, they stay. */
START_TEST(unsafe_member_is_left_out)
{
    struct flv_bytes b = {0};
    struct flv_metadata metadata;

    flv_bytes_hex(&b, ON_META_DATA "08 00 00 00 03" WIDTH_640);
    flv_bytes_hex(&b, unsafe[_i]);
    flv_bytes_hex(&b, STEREO_TRUE END);
    ck_assert(read_bytes(b.data, b.length, &metadata));
    assert_members(&metadata, 2, WIDTH_640 STEREO_TRUE);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(safe_text_is_kept)
{
    static const char *const safe[] = {
        "00 01 78 02 00 00",
        "00 03 61 20 62 02 00 02 C3 A4",
        "00 01 78 02 00 03 E2 82 AC",
        "00 01 78 02 00 03 EF BF BD",
        "00 01 78 02 00 04 F0 9F 8E AC",
        "00 01 78 02 00 04 F4 8F BF BF",
    };

    for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
        struct flv_bytes b = {0};
        struct flv_metadata metadata;

        flv_bytes_hex(&b, ON_META_DATA "03");
        flv_bytes_hex(&b, safe[i]);
        flv_bytes_hex(&b, END);
        ck_assert(read_bytes(b.data, b.length, &metadata));
        assert_members(&metadata, 1, safe[i]);
        flv_bytes_free(&b);
    }
}
END_TEST

static void add_string_member(struct flv_bytes *b, size_t key_length,
                              size_t value_length)
{
    flv_bytes_add(b, (uint8_t[]){0, (uint8_t)key_length}, 2);
    flv_bytes_fill(b, 'k', key_length);
    flv_bytes_add(
        b, (uint8_t[]){2, (uint8_t)(value_length >> 8), (uint8_t)value_length},
        3);
    flv_bytes_fill(b, 'v', value_length);
}

START_TEST(lengths_are_bounded)
{
    static const struct {
        size_t key, value;
        uint32_t kept;
    } cases[] = {{1, 255, 1}, {63, 1, 1}, {64, 1, 0}, {1, 256, 0}, {0, 1, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct flv_bytes b = {0};
        struct flv_metadata metadata;

        flv_bytes_hex(&b, ON_META_DATA "03");
        add_string_member(&b, cases[i].key, cases[i].value);
        flv_bytes_hex(&b, END);
        ck_assert(read_bytes(b.data, b.length, &metadata));
        ck_assert_msg(metadata.count == cases[i].kept, "case %zu", i);
        flv_bytes_free(&b);
    }
}
END_TEST

START_TEST(no_more_is_kept_than_fits)
{
    struct flv_bytes b = {0};
    struct flv_metadata metadata;
    uint8_t out[FLV_METADATA_BYTES];
    struct byte_writer w;

    flv_bytes_hex(&b, ON_META_DATA "03");
    for (size_t length = 1; length <= 63; length++)
        add_string_member(&b, length, 255 - length);
    flv_bytes_hex(&b, STEREO_TRUE END);
    ck_assert(read_bytes(b.data, b.length, &metadata));
    /* 260 bytes each: 15 fit, and so does a small one that comes later. */
    ck_assert_uint_eq(metadata.count, 15 + 1);
    ck_assert_uint_le(metadata.length_bytes, sizeof(metadata.members));
    byte_writer_init(&w, out, sizeof(out));
    flv_metadata_write(&metadata, 1, &w);
    ck_assert(!w.failed);
    flv_bytes_free(&b);
}
END_TEST

/* Null is a member, though it is never kept. */
START_TEST(so_many_members_are_looked_at)
{
    for (size_t more = 0; more < 2; more++) {
        struct flv_bytes b = {0};
        struct flv_metadata metadata;

        flv_bytes_hex(&b, ON_META_DATA "08 00 00 00 00" STEREO_TRUE);
        for (size_t i = 0; i < FLV_METADATA_MAX_MEMBERS - 2 + more; i++)
            flv_bytes_hex(&b, "00 01 78 05");
        flv_bytes_hex(&b, WIDTH_640 END);
        ck_assert(read_bytes(b.data, b.length, &metadata));
        if (more == 0)
            assert_members(&metadata, 2, STEREO_TRUE WIDTH_640);
        else
            assert_members(&metadata, 1, STEREO_TRUE);
        flv_bytes_free(&b);
    }
}
END_TEST

START_TEST(duration_is_believed_if_sane)
{
    static const struct {
        const char *number;
        double duration_s;
    } cases[] = {
        {"40 23 00 00 00 00 00 00", 9.5}, {"00 00 00 00 00 00 00 00", 0},
        {"C0 23 00 00 00 00 00 00", 0},   {"7F F8 00 00 00 00 00 00", 0},
        {"7F F0 00 00 00 00 00 00", 0},   {"41 E0 00 00 00 00 00 00", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct flv_bytes b = {0};
        struct flv_metadata metadata;

        flv_bytes_hex(&b, ON_META_DATA "03 00 08 64 75 72 61 74 69 6F 6E 00");
        flv_bytes_hex(&b, cases[i].number);
        flv_bytes_hex(&b, END);
        ck_assert(read_bytes(b.data, b.length, &metadata));
        ck_assert_msg(metadata.duration_s == cases[i].duration_s, "case %zu",
                      i);
        ck_assert_uint_eq(metadata.count, 0);
        flv_bytes_free(&b);
    }
}
END_TEST

/* What came before the damage is kept, whole. */
START_TEST(cut_at_every_length)
{
    struct flv_bytes b = {0};
    struct flv_metadata metadata;
    uint32_t count = 0;

    flv_bytes_hex(
        &b, ON_META_DATA
        "08 00 00 00 04" WIDTH_640 STEREO_TRUE DURATION_9_5 ENCODER_ABC END);
    for (size_t length = 0; length <= b.length; length++) {
        const bool is_metadata = read_bytes(b.data, length, &metadata);

        ck_assert(is_metadata == (length >= 13 + 5));
        ck_assert_uint_ge(metadata.count, count);
        ck_assert_uint_le(metadata.count, count + 1);
        count = metadata.count;
        if (metadata.count == 2)
            assert_members(&metadata, 2, WIDTH_640 STEREO_TRUE);
    }
    ck_assert_uint_eq(count, 3);
    flv_bytes_free(&b);
}
END_TEST

static void assert_written(const struct flv_metadata *metadata,
                           double duration_s, const char *hex)
{
    struct flv_bytes b = {0};
    uint8_t out[FLV_METADATA_BYTES];
    struct byte_writer w;

    flv_bytes_hex(&b, hex);
    byte_writer_init(&w, out, sizeof(out));
    flv_metadata_write(metadata, duration_s, &w);
    ck_assert(!w.failed);
    ck_assert_uint_eq(byte_writer_length(&w), b.length);
    ck_assert_mem_eq(out, b.data, b.length);
    flv_bytes_free(&b);
}

START_TEST(written_message)
{
    struct flv_metadata metadata = {0};

    assert_written(&metadata, 0, ON_META_DATA "08 00 00 00 00" END);
    assert_written(&metadata, 9.5,
                   ON_META_DATA "08 00 00 00 01" DURATION_9_5 END);
    ck_assert(read_hex(ON_META_DATA "03" WIDTH_640 STEREO_TRUE END, &metadata));
    assert_written(&metadata, 0,
                   ON_META_DATA "08 00 00 00 02" WIDTH_640 STEREO_TRUE END);
    assert_written(&metadata, 9.5,
                   ON_META_DATA
                   "08 00 00 00 03" DURATION_9_5 WIDTH_640 STEREO_TRUE END);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flv_metadata");
    TCase *tcase = tcase_create("flv_metadata");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, safe_members_are_kept);
    tcase_add_test(tcase, object_and_publisher_forms);
    tcase_add_test(tcase, other_data_is_no_metadata);
    tcase_add_loop_test(tcase, unsafe_member_is_left_out, 0,
                        (int)(sizeof(unsafe) / sizeof(unsafe[0])));
    tcase_add_test(tcase, safe_text_is_kept);
    tcase_add_test(tcase, lengths_are_bounded);
    tcase_add_test(tcase, no_more_is_kept_than_fits);
    tcase_add_test(tcase, so_many_members_are_looked_at);
    tcase_add_test(tcase, duration_is_believed_if_sane);
    tcase_add_test(tcase, cut_at_every_length);
    tcase_add_test(tcase, written_message);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
