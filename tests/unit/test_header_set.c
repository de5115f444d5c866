/* play/header_set: what is in force, one tag after the other. */
#include "config.h"

#include "play/header_set.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AVC FLV_CODEC_AVC
#define AAC FLV_SOUND_AAC
#define HEVC (FLV_CODEC_FOUR_CC | 1)
#define OPUS (FLV_CODEC_FOUR_CC | 6)

static struct header_set set;
static int64_t next_offset;

static void begin(void)
{
    memset(&set, 0, sizeof(set));
    next_offset = 0;
}

/* Tags are told apart by their offsets: 1, 2, 3... */
static void note(uint8_t type, enum flv_tag_kind kind, uint8_t codec,
                 uint8_t track_id)
{
    const struct movie_tag tag = {
        .offset_bytes = ++next_offset,
        .type = type,
        .kind = (uint8_t)kind,
        .codec = codec,
        .track_id = track_id,
    };

    header_set_note(&set, &tag);
}

static void start(uint8_t type, uint8_t codec, uint8_t track_id)
{
    note(type, FLV_KIND_SEQUENCE_HEADER, codec, track_id);
}

/* The offsets of what is in force, in order: "2 1". */
static void expect(const char *expected)
{
    char offsets[128] = "";

    for (size_t i = 0; i < set.count; i++) {
        const size_t length = strlen(offsets);

        snprintf(offsets + length, sizeof(offsets) - length, "%s%d",
                 i == 0 ? "" : " ", (int)set.tags[i].offset_bytes);
    }
    ck_assert_str_eq(offsets, expected);
}

START_TEST(video_comes_before_audio)
{
    begin();
    expect("");
    start(8, AAC, 0);
    start(9, AVC, 0);
    start(8, OPUS, 1);
    start(9, HEVC, 1);
    expect("2 4 1 3");
}
END_TEST

START_TEST(frames_change_nothing)
{
    begin();
    start(9, AVC, 0);
    start(8, AAC, 0);
    note(9, FLV_KIND_KEYFRAME, AVC, 0);
    note(9, FLV_KIND_FRAME, AVC, 0);
    note(8, FLV_KIND_FRAME, AAC, 0);
    note(8, FLV_KIND_FRAME, FLV_CODEC_UNKNOWN, 0);
    expect("1 2");
}
END_TEST

START_TEST(one_for_each_track)
{
    begin();
    start(9, HEVC, 0);
    start(9, HEVC, 1);
    start(8, OPUS, 0);
    start(8, OPUS, 1);
    expect("1 2 3 4");
    start(9, HEVC, 0);
    start(8, OPUS, 1);
    expect("5 2 3 6");
}
END_TEST

START_TEST(another_codec_takes_the_place)
{
    begin();
    start(9, AVC, 0);
    start(9, HEVC, 0);
    expect("2");
    start(9, FLV_CODEC_UNKNOWN, 0);
    expect("3");
}
END_TEST

START_TEST(frames_of_another_codec_end_a_header)
{
    begin();
    start(9, AVC, 0);
    start(9, AVC, 1);
    start(8, AAC, 0);
    note(9, FLV_KIND_KEYFRAME, 4 /* VP6 */, 0);
    expect("2 3");
    note(8, FLV_KIND_FRAME, 2 /* MP3 */, 0);
    expect("2");
}
END_TEST

START_TEST(the_end_of_a_sequence)
{
    begin();
    start(9, HEVC, 0);
    start(9, HEVC, 1);
    note(9, FLV_KIND_SIDE_HEADER, HEVC, 1);
    start(8, OPUS, 1);
    note(9, FLV_KIND_SEQUENCE_END, HEVC, 1);
    expect("1 4");
    note(9, FLV_KIND_SEQUENCE_END, OPUS, 0); /* of something else */
    expect("1 4");
    /* players go on behind that of AVC */
    start(9, AVC, 0);
    note(9, FLV_KIND_SEQUENCE_END, AVC, 0);
    expect("7 4");
}
END_TEST

START_TEST(side_headers_stay_beside)
{
    begin();
    start(8, OPUS, 0);
    note(8, FLV_KIND_SIDE_HEADER, OPUS, 0);
    start(9, HEVC, 0);
    note(9, FLV_KIND_SIDE_HEADER, HEVC, 0);
    expect("3 4 1 2");
    note(8, FLV_KIND_SIDE_HEADER, OPUS, 0);
    start(8, OPUS, 0);
    expect("3 4 6 5");
}
END_TEST

/* The first tracks are the main ones. */
START_TEST(what_is_too_much_is_left_out)
{
    begin();
    for (unsigned i = 0; i < 256; i++)
        start(8, OPUS, (uint8_t)i);
    ck_assert_uint_eq(set.count, HEADER_SET_MAX_TAGS);
    start(9, HEVC, 0);
    ck_assert_uint_eq(set.count, HEADER_SET_MAX_TAGS);
    for (unsigned i = 0; i < HEADER_SET_MAX_TAGS; i++)
        ck_assert_uint_eq(set.tags[i].track_id, i);
    note(8, FLV_KIND_SEQUENCE_END, OPUS, 3);
    start(9, HEVC, 0);
    ck_assert_uint_eq(set.count, HEADER_SET_MAX_TAGS);
    ck_assert_uint_eq(set.tags[0].type, 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("header_set");
    TCase *tcase = tcase_create("header_set");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, video_comes_before_audio);
    tcase_add_test(tcase, frames_change_nothing);
    tcase_add_test(tcase, one_for_each_track);
    tcase_add_test(tcase, another_codec_takes_the_place);
    tcase_add_test(tcase, frames_of_another_codec_end_a_header);
    tcase_add_test(tcase, the_end_of_a_sequence);
    tcase_add_test(tcase, side_headers_stay_beside);
    tcase_add_test(tcase, what_is_too_much_is_left_out);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
