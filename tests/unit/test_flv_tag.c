/* FLV tag headers and what the first bytes of a tag's data tell. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flv/tag.h"

#include "flv_bytes.h"

/* Golden: type 9, 5 bytes, the timestamp's high byte behind its low ones. */
static const uint8_t video_header[] = {0x09, 0x00, 0x00, 0x05, 0x12, 0x34,
                                       0x56, 0x78, 0x00, 0x00, 0x00};

static bool read_header(const uint8_t *bytes, size_t length,
                        struct flv_tag_header *header)
{
    struct byte_reader r;

    byte_reader_init(&r, bytes, length);
    return flv_tag_header_read(&r, header);
}

START_TEST(header_fields)
{
    struct flv_tag_header header;

    ck_assert(read_header(video_header, sizeof(video_header), &header));
    ck_assert_uint_eq(header.type, FLV_TAG_VIDEO);
    ck_assert(!header.encrypted);
    ck_assert_uint_eq(header.size_bytes, 5);
    ck_assert_uint_eq(header.timestamp_ms, 0x78123456);
    ck_assert_uint_eq(header.stream_id, 0);
    ck_assert(flv_tag_header_is_plausible(&header));
}
END_TEST

START_TEST(header_is_cut_at_every_length)
{
    for (size_t length = 0; length < sizeof(video_header); length++) {
        struct flv_tag_header header;
        uint8_t *copy = malloc(length + 1);

        memcpy(copy, video_header, length);
        ck_assert(!read_header(copy, length, &header));
        free(copy);
    }
}
END_TEST

START_TEST(header_plausibility)
{
    static const struct {
        uint8_t type_byte;
        uint8_t stream_id;
        bool plausible;
        bool encrypted;
    } cases[] = {
        {8, 0, true, false},     {9, 0, true, false},
        {15, 0, true, false},    {18, 0, true, false},
        {0x29, 0, true, true},   {9, 1, false, false},
        {0, 0, false, false},    {10, 0, false, false},
        {0x46, 0, false, false}, {0x49, 0, false, false},
        {0x89, 0, false, false}, {0xA9, 0, false, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[sizeof(video_header)];
        struct flv_tag_header header;

        memcpy(bytes, video_header, sizeof(bytes));
        bytes[0] = cases[i].type_byte;
        bytes[10] = cases[i].stream_id;
        ck_assert(read_header(bytes, sizeof(bytes), &header));
        ck_assert_msg(flv_tag_header_is_plausible(&header) ==
                          cases[i].plausible,
                      "case %zu", i);
        ck_assert_msg(header.encrypted == cases[i].encrypted, "case %zu", i);
    }
}
END_TEST

struct kind_case {
    uint8_t type;
    const char *data;
    enum flv_tag_kind kind;
};

static const struct kind_case kinds[] = {
    /* AVC: configuration, key, inter, disposable, end of sequence */
    {9, "17 00 00 00 00 01", FLV_KIND_SEQUENCE_HEADER},
    {9, "17 01 00 00 00 65", FLV_KIND_KEYFRAME},
    {9, "27 01 00 00 28 41", FLV_KIND_FRAME},
    {9, "37 01 00 00 28 01", FLV_KIND_FRAME},
    {9, "47 01 00 00 00 65", FLV_KIND_FRAME},
    {9, "17 02 00 00 00", FLV_KIND_SEQUENCE_END},
    {9, "1C 00 00 00 00 01", FLV_KIND_SEQUENCE_HEADER},
    {9, "1C 01 00 00 00 26", FLV_KIND_KEYFRAME},
    /* nothing in it, or a packet type that nobody knows */
    {9, "17 00 00 00 00", FLV_KIND_UNUSABLE},
    {9, "17 01 00 00 00", FLV_KIND_UNUSABLE},
    {9, "17 01 00 00", FLV_KIND_UNUSABLE},
    {9, "17 02 00 00", FLV_KIND_UNUSABLE},
    {9, "17 03 00 00 00 00", FLV_KIND_UNUSABLE},
    {9, "17", FLV_KIND_UNUSABLE},
    {9, "", FLV_KIND_UNUSABLE},
    /* other codecs have a header of one byte */
    {9, "12 00", FLV_KIND_KEYFRAME},
    {9, "22 00", FLV_KIND_FRAME},
    {9, "32 00", FLV_KIND_FRAME},
    {9, "14 00", FLV_KIND_KEYFRAME},
    {9, "12", FLV_KIND_UNUSABLE},
    /* info frames, frame types that do not exist */
    {9, "57 00", FLV_KIND_UNUSABLE},
    {9, "52 01", FLV_KIND_UNUSABLE},
    {9, "00 00 00 00 00 00", FLV_KIND_UNUSABLE},
    {9, "67 01 00 00 00 65", FLV_KIND_UNUSABLE},
    /* Enhanced video: hvc1, av01 */
    {9, "90 68 76 63 31 01", FLV_KIND_SEQUENCE_HEADER},
    {9, "91 68 76 63 31 00 00 00 26", FLV_KIND_KEYFRAME},
    {9, "91 68 76 63 31 00 00 00", FLV_KIND_UNUSABLE},
    {9, "91 68 76 63 31 00 00", FLV_KIND_UNUSABLE},
    {9, "A1 68 76 63 31 00 00 00 02", FLV_KIND_FRAME},
    {9, "93 68 76 63 31 26", FLV_KIND_KEYFRAME},
    {9, "A3 68 76 63 31 02", FLV_KIND_FRAME},
    {9, "91 61 76 30 31 12", FLV_KIND_KEYFRAME},
    {9, "91 61 76 30 31", FLV_KIND_UNUSABLE},
    {9, "91 61 76 30", FLV_KIND_UNUSABLE},
    {9, "92 61 76 30 31", FLV_KIND_SEQUENCE_END},
    {9, "94 61 76 30 31 02", FLV_KIND_SIDE_HEADER},
    {9, "D4 61 76 30 31 02", FLV_KIND_SIDE_HEADER},
    {9, "95 61 76 30 31 47", FLV_KIND_SEQUENCE_HEADER},
    {9, "D1 00", FLV_KIND_UNUSABLE},
    {9, "98 61 76 30 31 12", FLV_KIND_UNUSABLE},
    /* multitrack: one codec, many codecs; ModEx before it, and twice */
    {9, "96 00 68 76 63 31 05 01", FLV_KIND_SEQUENCE_HEADER},
    {9, "96 01 68 76 63 31 FF 00 00 00 26", FLV_KIND_KEYFRAME},
    {9, "96 02 68 76 63 31 05", FLV_KIND_SEQUENCE_END},
    {9, "96 04 68 76 63 31 05 02", FLV_KIND_SIDE_HEADER},
    {9, "96 01 68 76 63 31 05", FLV_KIND_UNUSABLE},
    {9, "96 01 68 76 63 31", FLV_KIND_UNUSABLE},
    {9, "96 10 61 76 63 31 07 00 00 05 01", FLV_KIND_SEQUENCE_HEADER},
    {9, "96 10 61 76 63 31 07 00 00 05", FLV_KIND_UNUSABLE},
    {9, "96 11 61 76 63 31 00 00 00 04 00 00 00 65", FLV_KIND_KEYFRAME},
    {9, "96 23 61 76 63 31 03 00 00 01 09", FLV_KIND_KEYFRAME},
    {9, "97 02 00 00 07 06 00 61 76 30 31 02 12", FLV_KIND_SEQUENCE_HEADER},
    {9, "97 02 00 00 07 01 61 76 30 31 12", FLV_KIND_KEYFRAME},
    {9, "97 02 00 00 07 07 00 FF 01 61 76 30 31 12", FLV_KIND_KEYFRAME},
    {9, "97 02 00 00 07 00 61 76 30 31 12", FLV_KIND_SEQUENCE_HEADER},
    {9, "A7 02 00 00 07 01 61 76 30 31 12", FLV_KIND_FRAME},
    {9, "97 02 00 00", FLV_KIND_UNUSABLE},
    {9, "97 FF 00 01 AA BB 01 61 76 30 31 12", FLV_KIND_KEYFRAME},
    /* sound */
    {8, "AF 00 12 10", FLV_KIND_SEQUENCE_HEADER},
    {8, "AF 01 21", FLV_KIND_FRAME},
    {8, "A0 01 21", FLV_KIND_FRAME},
    {8, "AF 01", FLV_KIND_UNUSABLE},
    {8, "AF 00", FLV_KIND_UNUSABLE},
    {8, "AF 02 00", FLV_KIND_UNUSABLE},
    {8, "AF", FLV_KIND_UNUSABLE},
    {8, "", FLV_KIND_UNUSABLE},
    {8, "2F FF", FLV_KIND_FRAME},
    {8, "2F", FLV_KIND_UNUSABLE},
    {8, "52 00", FLV_KIND_FRAME},
    {8, "90 4F 70 75 73 01", FLV_KIND_SEQUENCE_HEADER},
    {8, "91 4F 70 75 73 FC", FLV_KIND_FRAME},
    {8, "91 4F 70 75 73", FLV_KIND_UNUSABLE},
    {8, "92 4F 70 75 73", FLV_KIND_SEQUENCE_END},
    {8, "94 4F 70 75 73 01", FLV_KIND_SIDE_HEADER},
    {8, "95 00 4F 70 75 73 00 01", FLV_KIND_SEQUENCE_HEADER},
    {8, "95 01 4F 70 75 73 01 FC", FLV_KIND_FRAME},
    {8, "95 04 4F 70 75 73 02 00", FLV_KIND_SIDE_HEADER},
    {8, "95 11 4F 70 75 73 04 00 00 01 FC", FLV_KIND_FRAME},
    {8, "95 01 4F 70 75 73", FLV_KIND_UNUSABLE},
    {8, "97 02 00 00 07 00 4F 70 75 73 01", FLV_KIND_SEQUENCE_HEADER},
    {8, "93 4F 70 75 73 01", FLV_KIND_UNUSABLE},
    {8, "91 4F 70 75", FLV_KIND_UNUSABLE},
    /* script, and types that nobody knows */
    {18, "02 00 0A", FLV_KIND_SCRIPT},
    {15, "00 02", FLV_KIND_SCRIPT},
    {10, "17 01 00 00 00 65", FLV_KIND_UNUSABLE},
};

/* Classifies with the header's size being `size` and the first `seen` bytes,
 * which end where the memory does, so that a sanitizer sees any step over. */
static struct flv_tag_class classify(uint8_t type, bool encrypted,
                                     const struct flv_bytes *data, size_t seen,
                                     size_t size)
{
    const struct flv_tag_header header = {
        .type = type, .encrypted = encrypted, .size_bytes = (uint32_t)size};
    uint8_t *copy = malloc(seen);
    struct flv_tag_class class;
    struct byte_reader r;

    if (seen > 0)
        memcpy(copy, data->data, seen);
    byte_reader_init(&r, copy, seen);
    class = flv_tag_classify(&header, r);
    free(copy);
    return class;
}

START_TEST(kind_of_tag)
{
    const struct kind_case *c = &kinds[_i];
    struct flv_bytes data = {0};
    struct flv_tag_class class;

    flv_bytes_hex(&data, c->data);
    class = classify(c->type, false, &data, data.length, data.length);
    ck_assert_msg(class.kind == c->kind, "%u %s is %d", c->type, c->data,
                  (int)class.kind);
    ck_assert_int_eq(
        classify(c->type, true, &data, data.length, data.length).kind,
        FLV_KIND_UNUSABLE);
    /* Cut anywhere it must neither crash nor be more than it was. */
    for (size_t length = 0; length < data.length; length++) {
        class = classify(c->type, false, &data, length, length);
        if (length < 2 && (c->type == 8 || c->type == 9))
            ck_assert_int_eq(class.kind, FLV_KIND_UNUSABLE);
        ck_assert_msg(class.kind == FLV_KIND_UNUSABLE ||
                          class.kind == c->kind || c->kind == FLV_KIND_UNUSABLE,
                      "%s cut to %zu is %d", c->data, length, (int)class.kind);
    }
    flv_bytes_free(&data);
}
END_TEST

/* The type of a packet whose ModEx data is longer than what is looked at. */
START_TEST(kind_is_hidden_behind_long_mod_ex)
{
    struct flv_tag_class class;
    struct flv_bytes data = {0};

    flv_bytes_hex(&data, "97 3F");
    flv_bytes_fill(&data, 0, 64);
    flv_bytes_hex(&data, "00 61 76 30 31 12");
    class = classify(9, false, &data, FLV_CLASSIFY_BYTES, data.length);
    ck_assert_int_eq(class.kind, FLV_KIND_FRAME);
    ck_assert_int_eq(class.codec, FLV_CODEC_UNKNOWN);
    class = classify(9, false, &data, data.length, data.length);
    ck_assert_int_eq(class.kind, FLV_KIND_SEQUENCE_HEADER);
    flv_bytes_free(&data);
}
END_TEST

START_TEST(track_of_tag)
{
    static const struct {
        uint8_t type;
        const char *data;
        uint8_t track_id;
    } tracks[] = {
        {9, "17 01 00 00 00 65", 0},
        {9, "91 61 76 30 31 12", 0},
        {8, "AF 01 21", 0},
        {8, "91 4F 70 75 73 FC", 0},
        /* one track, many tracks, many codecs, behind ModEx */
        {9, "96 00 68 76 63 31 05 01", 5},
        {9, "96 01 68 76 63 31 FF 00 00 00 26", 255},
        {9, "96 10 61 76 63 31 07 00 00 05 01", 7},
        {9, "96 23 61 76 63 31 03 00 00 01 09", 3},
        {9, "97 02 00 00 07 06 00 61 76 30 31 02 12", 2},
        {8, "95 01 4F 70 75 73 01 FC", 1},
        {8, "95 11 4F 70 75 73 04 00 00 01 FC", 4},
    };

    for (size_t i = 0; i < sizeof(tracks) / sizeof(tracks[0]); i++) {
        struct flv_bytes data = {0};

        flv_bytes_hex(&data, tracks[i].data);
        ck_assert_uint_eq(
            classify(tracks[i].type, false, &data, data.length, data.length)
                .track_id,
            tracks[i].track_id);
        flv_bytes_free(&data);
    }
}
END_TEST

static uint8_t codec_of(uint8_t type, const char *hex)
{
    struct flv_bytes data = {0};
    uint8_t codec;

    flv_bytes_hex(&data, hex);
    codec = classify(type, false, &data, data.length, data.length).codec;
    flv_bytes_free(&data);
    return codec;
}

/* The same for all tags of one codec, another one for any other codec. */
START_TEST(codecs_are_told_apart)
{
    static const struct {
        uint8_t type;
        const char *one;
        const char *other;
    } codecs[] = {
        {9, "17 00 00 00 00 01", "27 01 00 00 00 41"},
        {9, "12 00", "22 00"},
        {9, "14 00", "24 00"},
        {9, "1C 00 00 00 00 01", "1C 01 00 00 00 26"},
        {9, "90 61 76 63 31 01", "92 61 76 63 31"},
        {9, "90 68 76 63 31 01", "96 00 68 76 63 31 05 01"},
        {9, "90 76 76 63 31 01", "91 76 76 63 31 00 00 00 01"},
        {9, "90 76 70 30 38 01", "A1 76 70 30 38 01"},
        {9, "90 76 70 30 39 01", "94 76 70 30 39 02"},
        {9, "90 61 76 30 31 01", "96 20 61 76 30 31 05 00 00 01 01"},
        {8, "AF 00 12 10", "AF 01 21"},
        {8, "2F FF", "2E FF"},
        {8, "90 4F 70 75 73 01", "94 4F 70 75 73 01"},
        {8, "90 61 63 2D 33 01", "91 61 63 2D 33 01"},
        {8, "90 65 63 2D 33 01", "91 65 63 2D 33 01"},
        {8, "90 2E 6D 70 33 01", "91 2E 6D 70 33 01"},
        {8, "90 66 4C 61 43 01", "91 66 4C 61 43 01"},
        {8, "90 6D 70 34 61 01", "91 6D 70 34 61 01"},
        {8, "90 78 78 78 78 01", "91 78 78 78 78 01"}, /* unknown */
    };
    const size_t count = sizeof(codecs) / sizeof(codecs[0]);

    for (size_t i = 0; i < count; i++) {
        const uint8_t codec = codec_of(codecs[i].type, codecs[i].one);

        ck_assert_uint_eq(codec, codec_of(codecs[i].type, codecs[i].other));
        ck_assert_int_eq(codec == FLV_CODEC_UNKNOWN, i == count - 1);
        for (size_t j = 0; j < i; j++)
            if (codecs[j].type == codecs[i].type)
                ck_assert_uint_ne(codec,
                                  codec_of(codecs[j].type, codecs[j].one));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flv_tag");
    TCase *tcase = tcase_create("flv_tag");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, header_fields);
    tcase_add_test(tcase, header_is_cut_at_every_length);
    tcase_add_test(tcase, header_plausibility);
    tcase_add_loop_test(tcase, kind_of_tag, 0,
                        (int)(sizeof(kinds) / sizeof(kinds[0])));
    tcase_add_test(tcase, kind_is_hidden_behind_long_mod_ex);
    tcase_add_test(tcase, track_of_tag);
    tcase_add_test(tcase, codecs_are_told_apart);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
