/* survey: each kind of fault with its line and weight, what is counted, and
 * how many are told. */
#include "config.h"

#include "check/survey.h"

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flv_bytes.h"

#define MAX_REMARKS 150

struct surveyed {
    int fd;
    bool is_flv;
    struct survey survey;
    struct movie_error error;
    size_t count;
    char remarks[MAX_REMARKS][256]; /* as --check prints them */
    int64_t last_done_bytes;
    int64_t stop_bytes;  /* ends the survey; 0: does not */
    int64_t cut_bytes;   /* truncates the file when so much was read; or 0 */
    int64_t length_then; /* to this length */
    const struct flv_bytes *growth; /* appended after the first tag; or NULL */
};

static void on_remark(void *context, enum survey_weight weight,
                      int64_t offset_bytes, const char *what)
{
    struct surveyed *s = context;

    ck_assert_uint_lt(s->count, MAX_REMARKS);
    snprintf(s->remarks[s->count++], sizeof(s->remarks[0]), "offset %lld: %s%s",
             (long long)offset_bytes,
             weight == SURVEY_WARNING ? "warning: " : "", what);
}

static bool on_progress(void *context, int64_t done_bytes, int64_t size_bytes)
{
    struct surveyed *s = context;

    ck_assert_int_ge(done_bytes, s->last_done_bytes);
    ck_assert_int_gt(size_bytes, 0);
    s->last_done_bytes = done_bytes;
    if (s->growth != NULL)
        ck_assert_int_eq(pwrite(s->fd, s->growth->data, s->growth->length,
                                lseek(s->fd, 0, SEEK_END)),
                         (ssize_t)s->growth->length);
    s->growth = NULL;
    if (s->cut_bytes != 0 && done_bytes >= s->cut_bytes)
        ck_assert_int_eq(ftruncate(s->fd, s->length_then), 0);
    return s->stop_bytes == 0 || done_bytes < s->stop_bytes;
}

static struct surveyed *run(struct flv_bytes *b, struct surveyed start)
{
    struct surveyed *s = malloc(sizeof(*s));
    struct survey_watcher watcher = {on_remark, on_progress, s};

    ck_assert_ptr_nonnull(s);
    *s = start;
    s->fd = flv_bytes_open(b);
    s->is_flv = survey_file(s->fd, &watcher, &s->survey, &s->error);
    close(s->fd);
    flv_bytes_free(b);
    return s;
}

/* Surveys a file and frees the bytes. */
static struct surveyed *survey(struct flv_bytes *b)
{
    return run(b, (struct surveyed){0});
}

static void expect(const struct surveyed *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The remark must be among those that were made. */
static void expect(const struct surveyed *s, const char *format, ...)
{
    char wanted[256], all[2048] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(wanted, sizeof(wanted), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->remarks[i], wanted) == 0)
            return;
        if (strlen(all) + sizeof(wanted) < sizeof(all))
            strcat(strcat(all, "\n"), s->remarks[i]);
    }
    ck_abort_msg("no remark '%s' among: %s", wanted, all);
}

static void expect_counts(const struct surveyed *s, uint64_t faults,
                          uint64_t warnings)
{
    char all[2048] = "";

    for (size_t i = 0; i < s->count; i++)
        if (strlen(all) + sizeof(s->remarks[i]) < sizeof(all))
            strcat(strcat(all, "\n"), s->remarks[i]);
    ck_assert_msg(s->survey.faults == faults && s->survey.warnings == warnings,
                  "%u faults and %u warnings: %s", (unsigned)s->survey.faults,
                  (unsigned)s->survey.warnings, all);
}

/* onMetaData as an ECMA array with the one member `duration`: 0.4 s. */
static const char metadata[] =
    "02 000A 6F6E4D65746144617461 08 00000001 0008 6475726174696F6E "
    "00 3FD999999999999A 000009";

static void add_head(struct flv_bytes *b)
{
    flv_bytes_file_header(b);
    flv_bytes_tag_hex(b, 18, 0, metadata);
    flv_bytes_video_config(b, 0);
    flv_bytes_audio_config(b, 0);
}

static void add_frames(struct flv_bytes *b, uint32_t from_ms, uint32_t to_ms)
{
    for (uint32_t t = from_ms; t < to_ms; t += 40) {
        if (t == from_ms)
            flv_bytes_keyframe(b, t, 60);
        else
            flv_bytes_inter(b, t, 40);
        flv_bytes_audio(b, t, 20);
        flv_bytes_audio(b, t + 20, 20);
    }
}

START_TEST(a_sound_file_is_sound)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t size_bytes;

    add_head(&b);
    add_frames(&b, 0, 400);
    size_bytes = b.length;
    s = survey(&b);
    ck_assert(s->is_flv);
    expect_counts(s, 0, 0);
    ck_assert_uint_eq(s->count, 0);
    ck_assert_uint_eq(s->survey.tags, 33);
    ck_assert_int_eq(s->survey.duration_ms, 400);
    ck_assert_uint_eq(s->survey.video.times.frames, 10);
    ck_assert_uint_eq(s->survey.audio.times.frames, 20);
    ck_assert_str_eq(s->survey.video.codec.name, "H.264");
    ck_assert_str_eq(s->survey.audio.codec.name, "AAC");
    ck_assert_int_eq(s->last_done_bytes, (int64_t)size_bytes);
    free(s);
}
END_TEST

START_TEST(no_flv_is_told_as_serving_does)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_hex(&b, "00 00 00 18 66 74 79 70 69 73 6F 6D");
    s = survey(&b);
    ck_assert(!s->is_flv);
    ck_assert(s->error.can_remux);
    ck_assert_int_eq(s->error.offset_bytes, 0);
    ck_assert_str_eq(s->error.what, "is an MP4 file, not FLV");
    ck_assert_uint_eq(s->count, 0);
    free(s);

    s = survey(&b);
    ck_assert(!s->is_flv);
    ck_assert(!s->error.can_remux);
    ck_assert_int_eq(s->error.offset_bytes, -1);
    ck_assert_str_eq(s->error.what, "is empty");
    free(s);
}
END_TEST

START_TEST(damage_is_told_where_it_is)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t garbage;

    add_head(&b);
    add_frames(&b, 0, 200);
    garbage = flv_bytes_fill(&b, 0xEE, 100);
    add_frames(&b, 200, 400);
    s = survey(&b);
    expect(s, "offset %zu: no tag here: 100 bytes are skipped", garbage);
    expect_counts(s, 1, 0);
    ck_assert_int_eq(s->survey.duration_ms, 400);
    free(s);
}
END_TEST

START_TEST(a_cut_tail_is_told_and_what_it_makes_wrong)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t last;

    add_head(&b);
    add_frames(&b, 0, 400);
    add_frames(&b, 400, 3000);
    last = flv_bytes_inter(&b, 3000, 500);
    b.length -= 100;
    s = survey(&b);
    expect(s,
           "offset %zu: tag of 500 bytes is cut short by the end of the file",
           last);
    expect(s,
           "offset 13: warning: the metadata says that it lasts 0.400 s, but "
           "it lasts 3.000 s");
    expect_counts(s, 1, 1);
    free(s);

    add_head(&b);
    add_frames(&b, 0, 400);
    last = flv_bytes_inter(&b, 400, 500);
    b.length = last + 5;
    s = survey(&b);
    expect(s, "offset %zu: tag header is cut short by the end of the file",
           last);
    expect_counts(s, 1, 0);
    free(s);

    add_head(&b);
    add_frames(&b, 0, 400);
    b.length -= 3;
    last = b.length;
    s = survey(&b);
    expect(s,
           "offset %zu: warning: the PreviousTagSize behind the last tag is "
           "missing",
           last);
    expect_counts(s, 0, 1);
    free(s);
}
END_TEST

static void set_back_pointer(struct flv_bytes *b, size_t offset, uint8_t value)
{
    memset(&b->data[offset], 0, 3);
    b->data[offset + 3] = value;
}

START_TEST(back_pointers_are_told_once_each_kind)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t ends[20];

    add_head(&b);
    for (unsigned i = 0; i < 20; i++) {
        flv_bytes_keyframe(&b, i * 20, 60);
        ends[i] = b.length - 4;
        set_back_pointer(&b, ends[i], i == 2 || i == 9 ? 5 : 0);
    }
    s = survey(&b);
    expect(s,
           "offset %zu: warning: PreviousTagSize is 0 instead of 71; 17 more "
           "like this",
           ends[0]);
    expect(s,
           "offset %zu: PreviousTagSize is 5 instead of 71; 1 more like this",
           ends[2]);
    expect_counts(s, 2, 18);
    ck_assert_uint_eq(s->count, 2);
    free(s);
}
END_TEST

START_TEST(unusable_tags_are_told_by_reason)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t empty, info, encrypted, too_short, unknown, kind;

    add_head(&b);
    add_frames(&b, 0, 360);
    empty = flv_bytes_tag_hex(&b, 8, 360, "");
    flv_bytes_tag_hex(&b, 8, 360, "AF 01");
    flv_bytes_tag_hex(&b, 9, 360, "27 01 00 00 00");
    flv_bytes_tag_hex(&b, 9, 360, "22");
    info = flv_bytes_tag_hex(&b, 9, 360, "57 00");
    encrypted = flv_bytes_tag_hex(&b, 0x29, 360, "27 01 00 00 00 11");
    too_short = flv_bytes_tag_hex(&b, 9, 360, "27 01");
    kind = flv_bytes_tag_hex(&b, 8, 360, "AF 07 11 11");
    flv_bytes_tag_hex(&b, 9, 360, "97 00 00 00 00");
    flv_bytes_tag_hex(&b, 8, 360, "91 4F 70");
    unknown = flv_bytes_tag_hex(&b, 7, 360, "01 02 03");
    flv_bytes_keyframe(&b, 360, 60);
    s = survey(&b);
    expect(s,
           "offset %zu: warning: audio tag is empty and left out; 3 more like "
           "this",
           empty);
    expect(s, "offset %zu: warning: information frame is left out", info);
    expect(s, "offset %zu: video tag is encrypted and left out", encrypted);
    expect(s,
           "offset %zu: video tag of 2 bytes is left out: it is too short, or "
           "of a kind that nobody knows; 3 more like this",
           too_short);
    expect(s, "offset %zu: tag of an unknown type", unknown);
    ck_assert_uint_gt(kind, too_short);
    expect_counts(s, 6, 5);
    free(s);
}
END_TEST

START_TEST(jumps_are_those_that_serving_tells)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t forth, back;

    add_head(&b);
    add_frames(&b, 0, 200);
    flv_bytes_keyframe(&b, 10160, 60); /* 10 s: none yet */
    forth = flv_bytes_keyframe(&b, 20161, 60);
    flv_bytes_keyframe(&b, 19161, 60); /* 1 s: none yet */
    back = flv_bytes_keyframe(&b, 18160, 60);
    s = survey(&b);
    expect(s, "offset %zu: time jumps from 10160 ms to 20161 ms", forth);
    expect(s, "offset %zu: time jumps from 19161 ms to 18160 ms", back);
    expect_counts(s, 2, 0);
    free(s);
}
END_TEST

START_TEST(wraps_and_negative_times_are_none)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0xFFFFFFDFu);
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&b, 0xFFFFFFDFu + 40 * i, 60);
    s = survey(&b);
    expect_counts(s, 0, 0);
    ck_assert_int_eq(s->survey.duration_ms, 400);
    free(s);

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0xFFFE0000u); /* nothing is negative here */
    for (uint32_t i = 0; i < 100; i++)
        flv_bytes_keyframe(&b, 0xFFFE0000u + 9000 * i, 60);
    s = survey(&b);
    expect_counts(s, 0, 1); /* the duration */
    ck_assert_int_eq(s->survey.duration_ms, 900000);
    free(s);
}
END_TEST

START_TEST(missing_sequence_headers_are_told)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t video, audio;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    video = flv_bytes_keyframe(&b, 0, 60);
    audio = flv_bytes_audio(&b, 0, 20);
    flv_bytes_video_config(&b, 40); /* too late */
    flv_bytes_audio_config(&b, 40);
    add_frames(&b, 40, 400);
    s = survey(&b);
    expect(s,
           "offset %zu: H.264 begins without a sequence header: most players "
           "cannot decode it",
           video);
    expect(s,
           "offset %zu: AAC begins without a sequence header: most players "
           "cannot decode it",
           audio);
    expect_counts(s, 2, 0);
    free(s);

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_tag_hex(&b, 9, 0, "12 11 11 11");
    flv_bytes_tag_hex(&b, 8, 0, "2F 11 11 11");
    flv_bytes_tag_hex(&b, 9, 390, "22 11 11 11");
    s = survey(&b);
    expect_counts(s, 0, 0);
    ck_assert_str_eq(s->survey.video.codec.name, "Sorenson H.263");
    ck_assert_str_eq(s->survey.audio.codec.name, "MP3");
    free(s);
}
END_TEST

START_TEST(enhanced_codecs_have_their_names)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_tag_hex(&b, 9, 0, "90 68766331 01 02"); /* hvc1 */
    flv_bytes_tag_hex(&b, 9, 0, "91 68766331 000000 01 02");
    flv_bytes_tag_hex(&b, 8, 0, "91 4F707573 01 02"); /* Opus */
    flv_bytes_tag_hex(&b, 9, 390, "A3 68766331 01 02");
    s = survey(&b);
    expect_counts(s, 0, 0);
    ck_assert_str_eq(s->survey.video.codec.name, "HEVC");
    ck_assert_str_eq(s->survey.audio.codec.name, "Opus");
    free(s);
}
END_TEST

/* As codecs are told apart for players: behind ModEx, and of several tracks. */
START_TEST(codecs_behind_prefixes_have_their_names)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t video, audio;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    video = flv_bytes_tag_hex(&b, 9, 0, "97 02000007 01 68766331 000000 01 02");
    audio = flv_bytes_tag_hex(&b, 8, 0, "97 02000007 05 01 6D703461 00 01 02");
    flv_bytes_tag_hex(&b, 9, 390, "A3 68766331 01 02");
    s = survey(&b);
    expect(s,
           "offset %zu: HEVC begins without a sequence header: most players "
           "cannot decode it",
           video);
    expect(s,
           "offset %zu: AAC begins without a sequence header: most players "
           "cannot decode it",
           audio);
    expect_counts(s, 2, 0);
    ck_assert_str_eq(s->survey.video.codec.name, "HEVC");
    ck_assert_str_eq(s->survey.audio.codec.name, "AAC");
    free(s);
}
END_TEST

START_TEST(each_four_cc_has_its_name)
{
    static const char names[][3][9] = {
        {"9", "61766331", "H.264"},  {"9", "68766331", "HEVC"},
        {"9", "76766331", "VVC"},    {"9", "76703038", "VP8"},
        {"9", "76703039", "VP9"},    {"9", "61763031", "AV1"},
        {"8", "4F707573", "Opus"},   {"8", "61632D33", "AC-3"},
        {"8", "65632D33", "E-AC-3"}, {"8", "2E6D7033", "MP3"},
        {"8", "664C6143", "FLAC"},   {"8", "6D703461", "AAC"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const bool is_video = names[i][0][0] == '9';
        struct flv_bytes b = {0};
        struct surveyed *s;
        char hex[64];

        flv_bytes_file_header(&b);
        snprintf(hex, sizeof(hex), "91 %s 00000001", names[i][1]);
        flv_bytes_tag_hex(&b, is_video ? 9 : 8, 0, hex);
        s = survey(&b);
        ck_assert_str_eq(is_video ? s->survey.video.codec.name
                                  : s->survey.audio.codec.name,
                         names[i][2]);
        free(s);
    }
}
END_TEST

START_TEST(keyframes_are_looked_for)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t first;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0);
    first = flv_bytes_inter(&b, 0, 40);
    flv_bytes_inter(&b, 200, 40);
    flv_bytes_inter(&b, 390, 40);
    s = survey(&b);
    expect(s, "offset %zu: the video has no keyframe", first);
    expect_counts(s, 1, 0);
    free(s);

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0);
    first = flv_bytes_inter(&b, 0, 40);
    flv_bytes_inter(&b, 200, 40);
    flv_bytes_keyframe(&b, 390, 40);
    s = survey(&b);
    expect(s,
           "offset %zu: warning: 2 video frames before the first keyframe are "
           "left out",
           first);
    expect_counts(s, 0, 1);
    free(s);
}
END_TEST

START_TEST(a_file_without_media_is_damaged)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0);
    s = survey(&b);
    expect(s, "offset 13: has no playable tag");
    expect_counts(s, 1, 0);
    ck_assert_int_eq(s->survey.duration_ms, 0);
    free(s);

    flv_bytes_file_header(&b);
    s = survey(&b);
    expect(s, "offset 13: has no playable tag");
    ck_assert_uint_eq(s->survey.tags, 0);
    free(s);

    /* behind which no link is missed: there is no last tag */
    flv_bytes_hex(&b, "46 4C 56 01 05 00 00 00 09 00 00");
    s = survey(&b);
    expect(s, "offset 13: has no playable tag");
    expect_counts(s, 1, 1); /* and no metadata */
    free(s);
}
END_TEST

/* Serving looks for the first frame in 64 MiB. */
START_TEST(a_late_first_frame_is_told)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    while (b.length < (64u << 20)) {
        flv_bytes_tag_header(&b, 18, 0xFFFFFF, 0);
        flv_bytes_fill(&b, 0x55, 0xFFFFFF);
        flv_bytes_u32(&b, 0xFFFFFF + 11);
    }
    flv_bytes_video_config(&b, 0);
    flv_bytes_keyframe(&b, 0, 60);
    flv_bytes_keyframe(&b, 200, 60);
    s = survey(&b);
    expect(s, "offset 13: has no playable tag in its first 64 MiB");
    expect_counts(s, 1, 0);
    free(s);
}
END_TEST

START_TEST(metadata_is_judged)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    flv_bytes_file_header(&b);
    flv_bytes_video_config(&b, 0);
    flv_bytes_keyframe(&b, 0, 60);
    s = survey(&b);
    expect(s, "offset 13: warning: there is no metadata (onMetaData)");
    expect_counts(s, 0, 1);
    free(s);

    /* behind as many other script tags as are looked at, and one more */
    for (unsigned others = 64 - 1; others <= 70; others++) {
        flv_bytes_file_header(&b);
        for (unsigned i = 0; i < others; i++)
            flv_bytes_tag_hex(&b, 18, 0, "02 0001 78");
        flv_bytes_tag_hex(&b, 18, 0, metadata);
        flv_bytes_video_config(&b, 0);
        flv_bytes_keyframe(&b, 0, 60);
        s = survey(&b);
        expect_counts(s, 0, others >= 64);
        free(s);
    }

    /* the number of a member is cut off */
    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0,
                      "02 000A 6F6E4D65746144617461 08 00000001 0001 78 00 40");
    flv_bytes_video_config(&b, 0);
    flv_bytes_keyframe(&b, 0, 60);
    s = survey(&b);
    expect(s,
           "offset 13: the metadata is malformed: the rest of it is not used");
    expect_counts(s, 1, 0);
    free(s);

    /* recorded from a publisher; bytes behind it; no end marker needed */
    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0,
                      "02 000D 40736574446174614672616D65 "
                      "02 000A 6F6E4D65746144617461 08 00000000 000009 00 01");
    flv_bytes_video_config(&b, 0);
    flv_bytes_keyframe(&b, 0, 60);
    s = survey(&b);
    expect(s, "offset 13: warning: 2 bytes behind the metadata are not used");
    expect_counts(s, 0, 1);
    free(s);
}
END_TEST

/* A file that starts at an hour; writers count from 0 or from the start. */
START_TEST(a_duration_may_count_from_zero)
{
    struct flv_bytes b = {0};
    struct surveyed *s;

    add_head(&b);
    add_frames(&b, 3600000, 3600400);
    s = survey(&b);
    expect_counts(s, 0, 0);
    ck_assert_int_eq(s->survey.duration_ms, 400);
    free(s);

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0,
                      "02 000A 6F6E4D65746144617461 08 00000001 0008 "
                      "6475726174696F6E 00 40AC20CCCCCCCCCD 000009");
    flv_bytes_video_config(&b, 0);
    flv_bytes_audio_config(&b, 0);
    add_frames(&b, 3600000, 3600400); /* 3600.4 s */
    s = survey(&b);
    expect_counts(s, 0, 0);
    free(s);
}
END_TEST

START_TEST(sound_and_picture_apart_are_told)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t first;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, metadata);
    flv_bytes_video_config(&b, 0);
    flv_bytes_audio_config(&b, 0);
    flv_bytes_keyframe(&b, 0, 60);
    flv_bytes_keyframe(&b, 1320, 60);
    flv_bytes_keyframe(&b, 1340, 60);
    first = flv_bytes_audio(&b, 0, 20);
    flv_bytes_audio(&b, 300, 20);
    flv_bytes_audio(&b, 340, 20); /* 1 s: near enough */
    s = survey(&b);
    expect(s,
           "offset %zu: warning: audio and video of the same time lie apart "
           "here, by up to 1.340 s; 1 more like this",
           first);
    expect_counts(s, 0, 2);
    free(s);

    /* Behind a jump of one only the other is not compared. */
    add_head(&b);
    add_frames(&b, 50000, 50400);
    flv_bytes_keyframe(&b, 0, 60);
    flv_bytes_keyframe(&b, 40, 60);
    flv_bytes_audio(&b, 0, 20);
    s = survey(&b);
    expect_counts(s, 2, 0);
    free(s);

    add_head(&b);
    add_frames(&b, 50000, 50400);
    flv_bytes_audio(&b, 0, 20);
    flv_bytes_audio(&b, 20, 20);
    flv_bytes_keyframe(&b, 0, 60);
    s = survey(&b);
    expect_counts(s, 2, 0);
    free(s);
}
END_TEST

START_TEST(ten_thousand_faults_are_not_told_each)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t first_untold = 0;

    add_head(&b);
    for (unsigned i = 0; i < 10000; i++) {
        const size_t garbage = flv_bytes_fill(&b, 0xEE, 20);

        if (i == 100)
            first_untold = garbage;
        flv_bytes_keyframe(&b, i * 40, 60);
        flv_bytes_keyframe(&b, i * 40, 60);
    }
    s = survey(&b);
    expect(s, "offset %zu: 9900 more faults from here on", first_untold);
    expect_counts(s, 10000, 1);
    ck_assert_uint_eq(s->count, 102); /* with that of the duration */
    free(s);
}
END_TEST

START_TEST(a_file_may_be_cut_meanwhile)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t middle;

    add_head(&b);
    add_frames(&b, 0, 400);
    middle = flv_bytes_keyframe(&b, 400, 60000);
    flv_bytes_keyframe(&b, 440, 60000);
    s = run(&b, (struct surveyed){.cut_bytes = (int64_t)middle + 50000,
                                  .length_then = 1000});
    ck_assert(s->is_flv);
    ck_assert_uint_ge(s->count, 1);
    ck_assert_ptr_nonnull(strstr(s->remarks[0], "cannot be read: the file was "
                                                "cut meanwhile"));
    ck_assert_uint_eq(s->survey.faults, 1);
    free(s);
}
END_TEST

START_TEST(a_file_may_grow_meanwhile)
{
    struct flv_bytes b = {0}, growth = {0};
    struct surveyed *s;

    add_head(&b);
    add_frames(&b, 0, 400);
    add_frames(&growth, 400, 800);
    s = run(&b, (struct surveyed){.growth = &growth});
    expect_counts(s, 0, 0);
    ck_assert_uint_eq(s->survey.tags, 63);
    flv_bytes_free(&growth);
    free(s);
}
END_TEST

START_TEST(a_survey_can_be_ended)
{
    struct flv_bytes b = {0};
    struct surveyed *s;
    size_t size_bytes;

    add_head(&b);
    add_frames(&b, 0, 400);
    size_bytes = b.length;
    s = run(&b, (struct surveyed){.stop_bytes = 1000});
    ck_assert_int_lt(s->last_done_bytes, (int64_t)size_bytes);
    free(s);

    /* also within damage */
    add_head(&b);
    flv_bytes_fill(&b, 0xEE, 1000000);
    add_frames(&b, 0, 400);
    s = run(&b, (struct surveyed){.stop_bytes = 300000});
    ck_assert_int_ge(s->last_done_bytes, 300000);
    ck_assert_int_lt(s->last_done_bytes, 400000);
    free(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("survey");
    TCase *tcase = tcase_create("survey");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_sound_file_is_sound);
    tcase_add_test(tcase, no_flv_is_told_as_serving_does);
    tcase_add_test(tcase, damage_is_told_where_it_is);
    tcase_add_test(tcase, a_cut_tail_is_told_and_what_it_makes_wrong);
    tcase_add_test(tcase, back_pointers_are_told_once_each_kind);
    tcase_add_test(tcase, unusable_tags_are_told_by_reason);
    tcase_add_test(tcase, jumps_are_those_that_serving_tells);
    tcase_add_test(tcase, wraps_and_negative_times_are_none);
    tcase_add_test(tcase, missing_sequence_headers_are_told);
    tcase_add_test(tcase, enhanced_codecs_have_their_names);
    tcase_add_test(tcase, codecs_behind_prefixes_have_their_names);
    tcase_add_test(tcase, each_four_cc_has_its_name);
    tcase_add_test(tcase, keyframes_are_looked_for);
    tcase_add_test(tcase, a_file_without_media_is_damaged);
    tcase_add_test(tcase, a_late_first_frame_is_told);
    tcase_add_test(tcase, metadata_is_judged);
    tcase_add_test(tcase, a_duration_may_count_from_zero);
    tcase_add_test(tcase, sound_and_picture_apart_are_told);
    tcase_add_test(tcase, ten_thousand_faults_are_not_told_each);
    tcase_add_test(tcase, a_file_may_be_cut_meanwhile);
    tcase_add_test(tcase, a_file_may_grow_meanwhile);
    tcase_add_test(tcase, a_survey_can_be_ended);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
