/* play/playback: which tag, with which timestamp, and when. Times are given,
 * nobody waits. */
#include "config.h"

#include "play/playback.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "flv_bytes.h"

#define MS INT64_C(1000000)
#define ALL_AT_ONCE INT64_C(1000000000)

static struct flv_bytes file;
static struct movie *movie;
static struct playback playback;

/* A file for the test to fill. */
static void begin_file(void)
{
    memset(&file, 0, sizeof(file));
    flv_bytes_file_header(&file);
}

static void open_file(void)
{
    struct movie_error error;

    movie = movie_open(flv_bytes_open(&file), NULL, &error);
    ck_assert_msg(movie != NULL, "the file %s", error.what);
}

static void start(const struct timeline_options *options, int64_t lead_ms)
{
    open_file();
    playback_init(&playback, movie, options, lead_ms);
}

static const struct timeline_options once = {true, true, 1};
static const struct timeline_options twice = {true, true, 2};
static const struct timeline_options for_ever = {true, true, 0};
static const struct timeline_options only_video = {false, true, 0};
static const struct timeline_options only_audio = {true, false, 0};

static void finish(void)
{
    playback_destroy(&playback);
    movie_unref(movie);
    flv_bytes_free(&file);
}

static struct playback_item expect_sent(int64_t now_ns)
{
    struct playback_item item;
    int64_t due_ns;

    ck_assert_int_eq(playback_next(&playback, now_ns, &item, &due_ns),
                     PLAYBACK_SEND);
    return item;
}

static void expect_wait(int64_t now_ns, int64_t expected_due_ns)
{
    struct playback_item item;
    int64_t due_ns = -1;

    ck_assert_int_eq(playback_next(&playback, now_ns, &item, &due_ns),
                     PLAYBACK_WAIT);
    ck_assert_int_eq(due_ns, expected_due_ns);
}

static void expect_end(void)
{
    struct playback_item item;
    int64_t due_ns;

    ck_assert_int_eq(playback_next(&playback, 0, &item, &due_ns),
                     PLAYBACK_ENDED);
}

/* What comes at once: "a0 v40": type and timestamp; capitals are sequence
 * headers. */
static void expect_items(const char *items)
{
    while (*items != '\0') {
        char *end;
        const char letter = *items;
        const uint32_t timestamp_ms = (uint32_t)strtoul(items + 1, &end, 10);
        const struct playback_item item = expect_sent(0);
        const char *here = items;

        ck_assert_msg(item.tag.type == (letter == 'a' || letter == 'A' ? 8 : 9),
                      "wrong type at: %s", here);
        ck_assert_msg((item.tag.kind == FLV_KIND_SEQUENCE_HEADER) ==
                          (letter == 'A' || letter == 'V'),
                      "wrong kind at: %s", here);
        ck_assert_msg(item.timestamp_ms == timestamp_ms, "%u came at: %s",
                      item.timestamp_ms, here);
        items = *end == ' ' ? end + 1 : end;
    }
}

/* --- timestamps --------------------------------------------------------- */

START_TEST(the_first_frame_is_at_0)
{
    begin_file();
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 7000000);
    flv_bytes_keyframe(&file, 7200000, 10);
    flv_bytes_audio(&file, 7200010, 10);
    flv_bytes_audio(&file, 7199990, 10); /* lags behind */
    flv_bytes_inter(&file, 7200040, 10);
    start(&once, ALL_AT_ONCE);
    expect_items("V0 A0 v0 a10 a0 v40");
    expect_end();
    expect_end();
    ck_assert_int_eq(playback_position_ms(&playback), 40);
    finish();
}
END_TEST

/* Of Enhanced audio and video; they are no frames, wherever they stand. */
START_TEST(ends_of_sequences_have_no_time)
{
    begin_file();
    flv_bytes_tag_hex(&file, 8, 0, "92 4F707573");
    flv_bytes_tag_hex(&file, 8, 7200000, "91 4F707573 01 02");
    flv_bytes_keyframe(&file, 7200000, 10);
    flv_bytes_inter(&file, 7200040, 10);
    flv_bytes_tag_hex(&file, 8, 0, "92 4F707573");
    flv_bytes_inter(&file, 7200080, 10);
    flv_bytes_tag_hex(&file, 9, 7300000, "17 02 000000");
    start(&twice, 0);
    expect_items("a0 a0 v0");
    expect_wait(0, 40 * MS);
    (void)expect_sent(40 * MS);
    ck_assert_uint_eq(expect_sent(40 * MS).timestamp_ms, 0);
    expect_wait(40 * MS, 80 * MS);
    ck_assert_uint_eq(expect_sent(80 * MS).timestamp_ms, 80);
    (void)expect_sent(80 * MS); /* the end of the pictures */
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(expect_sent(120 * MS).timestamp_ms, 120);
    finish();
}
END_TEST

/* Each round has one constant: the next one begins one frame after the last
 * of the track that ends later. */
START_TEST(the_seam_of_a_loop)
{
    begin_file();
    flv_bytes_video_config(&file, 500);
    flv_bytes_audio_config(&file, 500);
    flv_bytes_keyframe(&file, 500, 10);
    flv_bytes_audio(&file, 500, 10);
    flv_bytes_audio(&file, 523, 10);
    flv_bytes_inter(&file, 540, 10);
    flv_bytes_audio(&file, 546, 10);
    start(&for_ever, ALL_AT_ONCE);
    /* video ends at 80, audio at 69 */
    expect_items("V0 A0 v0 a0 a23 v40 a46 "
                 "V80 A80 v80 a80 a103 v120 a126 "
                 "V160 A160 v160 a160 a183 v200 a206 V240");
    finish();
}
END_TEST

/* A long way through tags that are not wanted is taken in bounded steps. */
START_TEST(what_is_left_out_is_read_in_steps)
{
    struct playback_item item;
    int64_t due_ns = -1;
    int steps = 0;

    begin_file();
    for (uint32_t i = 0; i < 1000; i++)
        flv_bytes_keyframe(&file, i, 10);
    flv_bytes_audio(&file, 1000, 10);
    start(&only_audio, ALL_AT_ONCE);
    while (playback_next(&playback, 7 * MS, &item, &due_ns) == PLAYBACK_WAIT) {
        ck_assert_int_eq(due_ns, 7 * MS);
        steps++;
    }
    ck_assert_int_ge(steps, 1000 / TIMELINE_STEP_TAGS);
    ck_assert_int_eq(item.tag.type, FLV_TAG_AUDIO);
    finish();
}
END_TEST

/* Frames of a second track are none of the first's, and an end of a sequence is
 * no frame. */
START_TEST(the_seam_of_two_tracks)
{
    begin_file();
    for (uint32_t ms = 0; ms < 120; ms += 40) {
        flv_bytes_tag_hex(&file, 9, ms, "91 61 76 30 31 01");
        flv_bytes_tag_hex(&file, 9, ms + 10, "96 01 61 76 30 31 01 01");
    }
    flv_bytes_tag_hex(&file, 9, 90, "92 61 76 30 31");
    start(&twice, ALL_AT_ONCE);
    expect_items("v0 v10 v40 v50 v80 v90 v90 "
                 "v120 v130 v160 v170 v200 v210 v210");
    expect_end();
    finish();
}
END_TEST

START_TEST(audio_may_end_later)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    for (uint32_t ms = 0; ms <= 92; ms += 23)
        flv_bytes_audio(&file, ms, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&for_ever, ALL_AT_ONCE);
    expect_items("v0 a0 a23 a46 a69 a92 v40 "
                 "v115 a115 a138 a161 a184 a207 v155 v230");
    finish();
}
END_TEST

START_TEST(one_track_has_its_own_seam)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    for (uint32_t ms = 0; ms <= 92; ms += 23)
        flv_bytes_audio(&file, ms, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&only_video, ALL_AT_ONCE);
    expect_items("v0 v40 v80 v120 v160");
    finish();
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_audio(&file, 10, 10);
    flv_bytes_audio(&file, 33, 10);
    flv_bytes_inter(&file, 400, 10);
    start(&only_audio, ALL_AT_ONCE);
    expect_items("a0 a23 a46 a69 a92");
    finish();
}
END_TEST

/* Rounding to milliseconds: 30 pictures a second last 33.3 ms each. */
START_TEST(the_average_frame_counts)
{
    begin_file();
    for (uint32_t i = 0; i < 30; i++)
        flv_bytes_keyframe(&file, (i * 1000 + 15) / 30, 10);
    start(&for_ever, ALL_AT_ONCE);
    for (uint32_t i = 0; i < 90; i++)
        ck_assert_uint_eq(expect_sent(0).timestamp_ms, (i * 1000 + 15) / 30);
    finish();
}
END_TEST

/* In every round; and the gap that they leave is not kept. */
START_TEST(pictures_before_the_first_keyframe_are_left_out)
{
    begin_file();
    flv_bytes_inter(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    flv_bytes_keyframe(&file, 80, 10);
    flv_bytes_inter(&file, 120, 10);
    start(&for_ever, ALL_AT_ONCE);
    expect_items("v0 v40 v80 v120 v160 v200");
    finish();
}
END_TEST

START_TEST(sound_before_the_first_keyframe_is_kept)
{
    begin_file();
    flv_bytes_audio(&file, 0, 10);
    flv_bytes_inter(&file, 0, 10);
    flv_bytes_audio(&file, 40, 10);
    flv_bytes_keyframe(&file, 40, 10);
    start(&twice, ALL_AT_ONCE);
    expect_items("a0 a40 v40 a80 a120 v120");
    expect_end();
    finish();
}
END_TEST

/* Without any keyframe there is nothing to wait for. */
START_TEST(a_file_without_keyframes)
{
    begin_file();
    flv_bytes_inter(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&twice, ALL_AT_ONCE);
    expect_items("v0 v40 v80 v120");
    expect_end();
    finish();
}
END_TEST

START_TEST(a_single_picture_lasts_a_while)
{
    begin_file();
    flv_bytes_keyframe(&file, 5, 10);
    start(&for_ever, 2500);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 0);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 1000);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 2000);
    struct playback_item item;
    int64_t due_ns;
    ck_assert_int_eq(playback_next(&playback, 0, &item, &due_ns),
                     PLAYBACK_WAIT);
    finish();
}
END_TEST

/* Nothing but what was left out: the play ends, it does not spin. */
START_TEST(a_file_without_the_wanted_track)
{
    begin_file();
    flv_bytes_audio_config(&file, 0);
    flv_bytes_audio(&file, 0, 10);
    flv_bytes_video_config(&file, 0);
    start(&only_video, ALL_AT_ONCE);
    expect_items("V0");
    expect_end();
    finish();
}
END_TEST

START_TEST(rounds_are_counted)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&(struct timeline_options){true, true, 5}, ALL_AT_ONCE);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(expect_sent(0).timestamp_ms, 40 * i);
    expect_end();
    finish();
}
END_TEST

/* The file's jumps are the viewer's: one constant a round. */
START_TEST(jumps_inside_a_file_are_kept)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    flv_bytes_inter(&file, 3600000, 10);
    flv_bytes_inter(&file, 3600040, 10);
    flv_bytes_keyframe(&file, 5000, 10);
    flv_bytes_inter(&file, 5040, 10);
    start(&once, ALL_AT_ONCE);
    expect_items("v0 v40 v3600000 v3600040 v5000 v5040");
    expect_end();
    finish();
}
END_TEST

/* After a jump back the next round still begins behind all of this one. */
START_TEST(timestamps_rise_over_the_seam_whatever_came_before)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 60000, 10);
    flv_bytes_inter(&file, 60040, 10);
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&twice, ALL_AT_ONCE);
    for (int i = 0; i < 5; i++)
        (void)expect_sent(0);
    ck_assert_uint_gt(expect_sent(0).timestamp_ms, 60040);
    finish();
}
END_TEST

/* Two recordings in one file, the second with times before the first. */
START_TEST(times_before_the_beginning)
{
    begin_file();
    flv_bytes_keyframe(&file, 100000, 10);
    flv_bytes_inter(&file, 100040, 10);
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&once, ALL_AT_ONCE);
    expect_items("v0 v40 v41 v81");
    expect_end();
    finish();
}
END_TEST

/* 32 bits on the wire, also over the wrap of the file's own. */
START_TEST(timestamps_wrap)
{
    begin_file();
    flv_bytes_keyframe(&file, 0xFFFE0000, 10);
    flv_bytes_inter(&file, 0xFFFFFFF0, 10);
    flv_bytes_inter(&file, 0x00000010, 10);
    start(&once, ALL_AT_ONCE);
    expect_items("v0 v131056 v131088");
    finish();
    begin_file(); /* 4000000000 ms a round */
    for (uint32_t ms = 0; ms <= 4000000000; ms += 100000000)
        flv_bytes_keyframe(&file, ms, 10);
    start(&for_ever, INT64_C(100000000000));
    uint64_t expected_ms = 0;
    for (int i = 0; i < 40; i++) {
        ck_assert_uint_eq(expect_sent(0).timestamp_ms, (uint32_t)expected_ms);
        expected_ms += 100000000;
    }
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, (uint32_t)expected_ms);
    const uint32_t second = expect_sent(0).timestamp_ms;
    ck_assert_uint_gt(second, 4000000000);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, second + 100000000);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, second + 200000000);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms,
                      (uint32_t)(second + 300000000u));
    finish();
}
END_TEST

/* --- pacing ------------------------------------------------------------- */

#define STARTED (INT64_C(1000) * MS)

/* 100 pictures, 40 ms each. */
static void start_pictures(const struct timeline_options *options,
                           int64_t lead_ms)
{
    begin_file();
    for (uint32_t i = 0; i < 100; i++)
        flv_bytes_keyframe(&file, 40 * i, 10);
    start(options, lead_ms);
}

static void expect_sent_until(int64_t now_ns, uint32_t from_ms,
                              uint32_t until_ms)
{
    for (uint32_t ms = from_ms; ms <= until_ms; ms += 40)
        ck_assert_uint_eq(expect_sent(now_ns).timestamp_ms, ms);
}

START_TEST(a_burst_up_to_the_lead_then_a_refill_at_half)
{
    start_pictures(&once, 1000);
    expect_sent_until(STARTED, 0, 1000);
    expect_wait(STARTED, STARTED + 500 * MS);
    /* looking early changes nothing */
    expect_wait(STARTED + 100 * MS, STARTED + 500 * MS);
    expect_wait(STARTED + 499 * MS, STARTED + 500 * MS);
    expect_sent_until(STARTED + 500 * MS, 1040, 1480);
    expect_wait(STARTED + 500 * MS, STARTED + 980 * MS);
    /* late: all that was missed */
    expect_sent_until(STARTED + 2000 * MS, 1520, 3000);
    expect_wait(STARTED + 2000 * MS, STARTED + 2500 * MS);
    finish();
}
END_TEST

START_TEST(a_lead_of_0_gives_each_tag_its_time)
{
    start_pictures(&once, 0);
    expect_sent_until(STARTED, 0, 0);
    for (uint32_t ms = 40; ms < 4000; ms += 40) {
        expect_wait(STARTED + (ms - 40) * MS, STARTED + ms * MS);
        expect_wait(STARTED + ms * MS - 1, STARTED + ms * MS);
        expect_sent_until(STARTED + ms * MS, ms, ms);
    }
    expect_end();
    finish();
}
END_TEST

/* A lead below the distance of two tags waits for the next one's time. */
START_TEST(a_small_lead)
{
    start_pictures(&once, 10);
    expect_sent_until(STARTED, 0, 0);
    expect_wait(STARTED, STARTED + 30 * MS);
    expect_sent_until(STARTED + 30 * MS, 40, 40);
    expect_wait(STARTED + 30 * MS, STARTED + 70 * MS);
    finish();
}
END_TEST

START_TEST(a_new_lead_is_filled_at_once)
{
    start_pictures(&once, 200);
    expect_sent_until(STARTED, 0, 200);
    expect_wait(STARTED, STARTED + 100 * MS);
    playback_set_lead(&playback, 400);
    expect_sent_until(STARTED, 240, 400);
    expect_wait(STARTED, STARTED + 200 * MS);
    /* a smaller one: nothing until half of it is left */
    playback_set_lead(&playback, 200);
    expect_wait(STARTED, STARTED + 300 * MS);
    playback_set_lead(&playback, -5); /* at least 0 */
    expect_wait(STARTED, STARTED + 440 * MS);
    finish();
}
END_TEST

START_TEST(the_clock_starts_with_the_first_frame)
{
    begin_file();
    flv_bytes_video_config(&file, 0);
    flv_bytes_keyframe(&file, 40, 10);
    flv_bytes_inter(&file, 80, 10);
    start(&once, 0);
    (void)expect_sent(STARTED);
    ck_assert_uint_eq(expect_sent(2 * STARTED).timestamp_ms, 0);
    expect_wait(2 * STARTED, 2 * STARTED + 40 * MS);
    finish();
}
END_TEST

/* 10 seconds are waited for at most, back or forth; errors do not add up. */
START_TEST(pacing_over_jumps)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_keyframe(&file, 3600000, 10);
    flv_bytes_keyframe(&file, 3600040, 10);
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_keyframe(&file, 40, 10);
    start(&once, 0);
    (void)expect_sent(STARTED);
    expect_wait(STARTED, STARTED + 10000 * MS);
    (void)expect_sent(STARTED + 10000 * MS);
    expect_wait(STARTED + 10000 * MS, STARTED + 10040 * MS);
    (void)expect_sent(STARTED + 10040 * MS);
    ck_assert_uint_eq(expect_sent(STARTED + 10040 * MS).timestamp_ms, 0);
    expect_wait(STARTED + 10040 * MS, STARTED + 10080 * MS);
    finish();
}
END_TEST

/* Sound 2 s behind the pictures: a lead of 1 s is one of the sound. */
START_TEST(pacing_of_tracks_apart)
{
    begin_file();
    for (uint32_t ms = 0; ms <= 6000; ms += 500) {
        flv_bytes_keyframe(&file, ms, 10);
        if (ms >= 2000)
            flv_bytes_audio(&file, ms - 2000, 10);
    }
    start(&once, 1000);
    for (uint32_t ms = 0; ms <= 1000; ms += 500)
        ck_assert_uint_eq(expect_sent(STARTED).timestamp_ms, ms);
    expect_wait(STARTED, STARTED + 500 * MS);
    /* the pictures at 1.5 s and at 2 s, then the sound that shows it */
    ck_assert_uint_eq(expect_sent(STARTED + 1000 * MS).timestamp_ms, 1500);
    ck_assert_uint_eq(expect_sent(STARTED + 1000 * MS).timestamp_ms, 2000);
    for (uint32_t ms = 0; ms < 2000; ms += 500) {
        ck_assert_uint_eq(expect_sent(STARTED + 1000 * MS).timestamp_ms, ms);
        ck_assert_uint_eq(expect_sent(STARTED + 1000 * MS).timestamp_ms,
                          ms + 2500);
    }
    ck_assert_uint_eq(expect_sent(STARTED + 1000 * MS).timestamp_ms, 2000);
    expect_wait(STARTED + 1000 * MS, STARTED + 1500 * MS);
    finish();
}
END_TEST

START_TEST(the_seam_keeps_time)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    start(&for_ever, 0);
    for (uint32_t ms = 0; ms < 4000; ms += 40) {
        if (ms > 0)
            expect_wait(STARTED + (ms - 40) * MS, STARTED + ms * MS);
        ck_assert_uint_eq(expect_sent(STARTED + ms * MS).timestamp_ms, ms);
        ck_assert_int_eq(playback_position_ms(&playback), ms);
    }
    finish();
}
END_TEST

/* --- the file ----------------------------------------------------------- */

START_TEST(a_file_that_was_cut_short_fails)
{
    begin_file();
    for (uint32_t i = 0; i < 2000; i++)
        flv_bytes_keyframe(&file, 40 * i, 100);
    start(&for_ever, ALL_AT_ONCE);
    for (int i = 0; i < 300; i++)
        (void)expect_sent(0);
    file.length = 5000;
    flv_bytes_write(&file, movie_fd(movie));
    enum playback_step step;
    do {
        struct playback_item item;
        int64_t due_ns;

        step = playback_next(&playback, 0, &item, &due_ns);
    } while (step == PLAYBACK_SEND);
    ck_assert_int_eq(step, PLAYBACK_FAILED);
    finish();
}
END_TEST

START_TEST(items_say_where_the_payload_is)
{
    begin_file();
    const size_t at = flv_bytes_keyframe(&file, 0, 123);
    start(&once, ALL_AT_ONCE);
    const struct playback_item item = expect_sent(0);
    ck_assert_int_eq(item.tag.offset_bytes, (int64_t)at + 11);
    ck_assert_uint_eq(item.tag.size_bytes, 123);
    ck_assert_int_eq(item.tag.kind, FLV_KIND_KEYFRAME);
    finish();
}
END_TEST

/* --- going back and seeking ---------------------------------------------- */

static void ten_seconds(const struct timeline_options *options)
{
    begin_file();
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&file, i * 1000, 10);
    start(options, 1000);
}

/* A host that is up for long: nothing may be due because of that. */
START_TEST(going_back_keeps_the_clock)
{
    const int64_t now_ns = 1000000 * MS;
    struct playback_place place;

    ten_seconds(&once);
    playback_place_init(&place, movie, &once);
    playback_save(&playback, &place);
    ck_assert_uint_eq(expect_sent(now_ns).timestamp_ms, 0);
    ck_assert_uint_eq(expect_sent(now_ns).timestamp_ms, 1000);
    playback_restore(&playback, &place, 1);
    ck_assert_uint_eq(expect_sent(now_ns).timestamp_ms, 1000);
    expect_wait(now_ns, now_ns + 1000 * MS);
    playback_place_destroy(&place);
    finish();
}
END_TEST

START_TEST(going_back_keeps_what_a_pause_moved)
{
    const int64_t now_ns = 1000000 * MS;
    struct playback_place place;

    ten_seconds(&once);
    playback_place_init(&place, movie, &once);
    (void)expect_sent(now_ns);
    playback_save(&playback, &place);
    (void)expect_sent(now_ns);
    playback_pause(&playback, now_ns);
    playback_resume(&playback, now_ns + 5000 * MS);
    playback_restore(&playback, &place, 1);
    expect_wait(now_ns + 5000 * MS, now_ns + 6000 * MS);
    playback_place_destroy(&place);
    finish();
}
END_TEST

static void expect_landing(uint32_t timestamp_ms)
{
    struct playback_item item;
    int64_t due_ns;
    int steps = 0;

    while (playback_next(&playback, 0, &item, &due_ns) == PLAYBACK_WAIT)
        ck_assert_int_lt(++steps, 100);
    ck_assert_uint_eq(item.timestamp_ms, timestamp_ms);
}

START_TEST(a_start_beyond_all_rounds_is_found)
{
    ten_seconds(&for_ever);
    playback_set_range(&playback, INT64_C(1) << 53, 0);
    expect_landing(0);
    finish();
}
END_TEST

/* The file stays within reach: only a start chooses what 0 is. */
START_TEST(a_seek_before_the_first_frame)
{
    ten_seconds(&once);
    playback_set_range(&playback, -2000, 0);
    playback_seek(&playback, 5000);
    expect_landing(5000);
    playback_seek(&playback, 0);
    expect_landing(0);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 1000);
    finish();
}
END_TEST

/* It comes again when it was dropped on its way. */
START_TEST(the_keyframe_that_a_paused_viewer_is_shown)
{
    struct playback_place place;
    struct playback_item item;
    int64_t due_ns;

    ten_seconds(&once);
    playback_place_init(&place, movie, &once);
    (void)expect_sent(0);
    playback_pause(&playback, 0);
    playback_seek(&playback, 5000);
    ck_assert_int_eq(playback_next(&playback, 0, &item, &due_ns),
                     PLAYBACK_WAIT);
    playback_save(&playback, &place);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 5000);
    playback_restore(&playback, &place, 0);
    ck_assert_uint_eq(expect_sent(0).timestamp_ms, 5000);
    expect_wait(0, INT64_MAX);
    playback_place_destroy(&place);
    finish();
}
END_TEST

/* So do the headers before it. */
START_TEST(going_back_among_the_headers_of_a_seek)
{
    struct playback_place place;
    struct playback_item item;
    int64_t due_ns;

    begin_file();
    flv_bytes_audio_config(&file, 0);
    flv_bytes_video_config(&file, 0);
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_keyframe(&file, 1000, 10);
    start(&once, ALL_AT_ONCE);
    playback_place_init(&place, movie, &once);
    expect_items("A0 V0 v0");
    playback_seek(&playback, 1000);
    ck_assert_int_eq(playback_next(&playback, 0, &item, &due_ns),
                     PLAYBACK_WAIT);
    playback_save(&playback, &place);
    expect_items("V1000 A1000 v1000");
    playback_restore(&playback, &place, 0);
    expect_items("V1000 A1000 v1000");
    playback_restore(&playback, &place, 1);
    expect_items("A1000 v1000");
    playback_restore(&playback, &place, 2);
    expect_items("v1000");
    expect_end();
    playback_place_destroy(&place);
    finish();
}
END_TEST

START_TEST(a_seek_beyond_all_rounds_is_found)
{
    ten_seconds(&for_ever);
    (void)expect_sent(0);
    playback_seek(&playback, INT64_C(1) << 53);
    expect_landing(4294966520); /* the keyframe before 2^40, on the wire */
    finish();
}
END_TEST

/* --- what is received --------------------------------------------------- */

/* Whoever asks for hours of it has nothing read that long before its time. */
START_TEST(what_is_not_received_fills_no_buffer)
{
    struct playback_item item;
    int64_t due_ns = 0;

    ten_seconds(&for_ever);
    playback_set_lead(&playback, 36000000);
    playback_receive(&playback, false, false);
    for (int steps = 0; due_ns == 0; steps++) {
        ck_assert_int_lt(steps, 100);
        ck_assert_int_eq(playback_next(&playback, 0, &item, &due_ns),
                         PLAYBACK_WAIT);
    }
    ck_assert_int_lt(playback.place.sent_time_ms, 100000);
    finish();
}
END_TEST

/* Pictures of 40 ms, sound of 20 ms. */
static void make_second(void)
{
    begin_file();
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    for (uint32_t ms = 0; ms < 1000; ms += 20) {
        if (ms % 400 == 0)
            flv_bytes_keyframe(&file, ms, 10);
        else if (ms % 40 == 0)
            flv_bytes_inter(&file, ms, 10);
        flv_bytes_audio(&file, ms, 10);
    }
}

START_TEST(what_is_not_received_takes_its_time)
{
    make_second();
    start(&once, 0);
    playback_receive(&playback, true, false);
    expect_items("A0 a0");
    expect_wait(0, 20 * MS);
    (void)expect_sent(20 * MS);
    playback_receive(&playback, false, false);
    expect_wait(20 * MS, 40 * MS);
    expect_wait(40 * MS, 60 * MS);
    expect_wait(100 * MS, 120 * MS);
    playback_receive(&playback, true, true);
    ck_assert_uint_eq(expect_sent(120 * MS).timestamp_ms, 120);
    finish();
}
END_TEST

START_TEST(nothing_received_comes_to_the_end_in_steps)
{
    struct playback_item item;
    int64_t due_ns = -1;
    int steps = 0;

    make_second();
    start(&once, ALL_AT_ONCE);
    playback_receive(&playback, false, false);
    for (; playback_next(&playback, 5, &item, &due_ns) == PLAYBACK_WAIT;
         steps++)
        ck_assert_int_eq(due_ns, 5);
    ck_assert_int_eq(steps, (2 + 50 + 25) / PLAYBACK_STEP_TAGS);
    expect_end();
    finish();
}
END_TEST

/* The tags since the place are counted as they were given out then. */
START_TEST(going_back_to_when_more_was_received)
{
    struct playback_place place;

    make_second();
    start(&once, ALL_AT_ONCE);
    playback_place_init(&place, movie, &once);
    playback_save(&playback, &place);
    expect_items("V0 A0 v0 a0 a20 v40 a40");
    playback_receive(&playback, true, false);
    playback_restore(&playback, &place, 5);
    expect_items("a40 a60 a80");
    /* and to when less was */
    playback_save(&playback, &place);
    expect_items("a100 a120 a140");
    playback_receive(&playback, true, true);
    playback_restore(&playback, &place, 2);
    expect_items("a140 v160 a160");
    playback_place_destroy(&place);
    finish();
}
END_TEST

START_TEST(a_landing_gives_out_what_is_received)
{
    struct playback_place place;

    make_second();
    start(&once, ALL_AT_ONCE);
    playback_place_init(&place, movie, &once);
    playback_receive(&playback, true, false);
    expect_items("A0 a0");
    playback_seek(&playback, 500);
    expect_wait(0, 0);
    playback_save(&playback, &place);
    expect_items("A400 a400 a420");
    playback_restore(&playback, &place, 1);
    expect_items("a400 a420");
    /* while paused there is no keyframe to show */
    playback_pause(&playback, 0);
    playback_seek(&playback, 900);
    expect_wait(0, 0);
    expect_items("A800");
    expect_wait(0, CLOCK_NEVER);
    playback_resume(&playback, 0);
    expect_items("a800 a820");
    playback_place_destroy(&place);
    finish();
}
END_TEST

START_TEST(where_the_viewer_is)
{
    make_second();
    start(&once, 500);
    ck_assert_int_eq(playback_viewer_ms(&playback, 0), 0);
    (void)expect_sent(0);
    (void)expect_sent(0);
    while (expect_sent(0).timestamp_ms < 480)
        ;
    ck_assert_int_eq(playback_viewer_ms(&playback, 300 * MS), 300);
    ck_assert_int_eq(playback_viewer_ms(&playback, 9000 * MS), 480);
    playback_pause(&playback, 350 * MS);
    ck_assert_int_eq(playback_viewer_ms(&playback, 470 * MS), 350);
    playback_seek(&playback, 700);
    ck_assert_int_eq(playback_viewer_ms(&playback, 470 * MS), 700);
    finish();
}
END_TEST

/* --- switch ------------------------------------------------------------- */

/* 1 s, a keyframe every 300 ms, in tags of 20 bytes instead of 10; cut at
 * `length_ms`. */
static struct movie *open_other(uint32_t length_ms)
{
    struct flv_bytes other = {0};
    struct movie_error error;
    struct movie *result;

    flv_bytes_file_header(&other);
    flv_bytes_video_config(&other, 0);
    flv_bytes_audio_config(&other, 0);
    for (uint32_t ms = 0; ms < length_ms; ms += 20) {
        if (ms % 300 == 0)
            flv_bytes_keyframe(&other, ms, 20);
        else if (ms % 40 == 0)
            flv_bytes_inter(&other, ms, 20);
        flv_bytes_audio(&other, ms, 20);
    }
    result = movie_open(flv_bytes_open(&other), NULL, &error);
    ck_assert_msg(result != NULL, "the other file %s", error.what);
    flv_bytes_free(&other);
    return result;
}

static int64_t at_ns; /* time goes on: one step of the walk at each */

static enum playback_step next_step(struct playback_item *item)
{
    int64_t due_ns;

    return playback_next(&playback, ++at_ns, item, &due_ns);
}

/* All of the first movie up to the switch: the time of its last tag. */
static uint32_t play_to_switch(void)
{
    struct playback_item item;
    uint32_t last_ms = UINT32_MAX;
    enum playback_step step;

    while ((step = next_step(&item)) != PLAYBACK_SWITCH) {
        ck_assert(step == PLAYBACK_SEND || step == PLAYBACK_WAIT);
        if (step != PLAYBACK_SEND)
            continue;
        ck_assert_uint_eq(item.tag.size_bytes, 10);
        last_ms = item.timestamp_ms;
    }
    return last_ms;
}

/* The first frame of the other movie, behind its headers. */
static void expect_other(uint8_t type, uint32_t timestamp_ms)
{
    struct playback_item item;
    enum playback_step step;

    for (;;) {
        step = next_step(&item);
        if (step == PLAYBACK_WAIT)
            continue;
        ck_assert_int_eq(step, PLAYBACK_SEND);
        ck_assert_uint_eq(item.timestamp_ms, timestamp_ms);
        if (item.tag.kind != FLV_KIND_SEQUENCE_HEADER)
            break;
    }
    ck_assert_uint_eq(item.tag.size_bytes, 20);
    ck_assert_uint_eq(item.tag.type, type);
    if (type == FLV_TAG_VIDEO)
        ck_assert_int_eq(item.tag.kind, FLV_KIND_KEYFRAME);
}

static struct movie *start_and_switch(const struct timeline_options *options,
                                      const char *items, uint32_t length_ms)
{
    struct movie *other = open_other(length_ms);

    make_second();
    start(options, ALL_AT_ONCE);
    playback_set_range(&playback, 0, 0);
    expect_items(items);
    playback_switch(&playback, other);
    at_ns = 0;
    return other;
}

#define UP_TO_100 "V0 A0 v0 a0 a20 v40 a40 a60 v80 a80 a100"

START_TEST(a_switch_is_at_the_next_keyframe)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 1000);

    ck_assert_uint_eq(play_to_switch(), 280);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 300);
    expect_items("a300 v320 a320 a340");
    ck_assert_ptr_eq(playback_movie(&playback), other);
    movie_unref(other);
    finish();
}
END_TEST

/* In the round of the viewer's timeline: with 1 s of A and 1 s of B. */
START_TEST(a_switch_in_a_further_round)
{
    struct movie *other = open_other(1000);
    struct playback_item item;

    make_second();
    start(&for_ever, ALL_AT_ONCE);
    playback_set_range(&playback, 0, 0);
    do
        item = expect_sent(0);
    while (item.timestamp_ms < 2700);
    playback_switch(&playback, other);
    at_ns = 0;
    ck_assert_uint_eq(play_to_switch(), 2880);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 2900);
    movie_unref(other);
    finish();
}
END_TEST

/* While the walk is on its way the play goes on; what is found then may be
 * behind it. */
START_TEST(a_landing_that_was_sent_over_is_left)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 1000);
    struct playback_item item;

    item = expect_sent(1); /* the walk finds 300 */
    playback_receive(&playback, false, true);
    playback_receive(&playback, true, true);
    playback.place.sent_time_ms = 310;
    ck_assert_uint_eq(item.tag.size_bytes, 10);
    at_ns = 1;
    ck_assert_uint_eq(play_to_switch(), 580);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 600);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_switch_without_a_keyframe_ahead_goes_back_to_the_last)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 280);

    ck_assert_uint_eq(play_to_switch(), UINT32_MAX);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 0);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_switch_to_a_shorter_movie_is_its_end)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 80);

    ck_assert_uint_eq(play_to_switch(), UINT32_MAX);
    playback_switch_over(&playback);
    expect_end();
    ck_assert_int_eq(playback_position_ms(&playback), 100);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_switch_from_a_shorter_movie_goes_on)
{
    struct movie *other = open_other(1000);

    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    flv_bytes_inter(&file, 80, 10);
    start(&once, ALL_AT_ONCE);
    playback_set_range(&playback, 0, 0);
    expect_items("v0 v40");
    playback_switch(&playback, other);
    at_ns = 0;
    ck_assert_uint_eq(play_to_switch(), 80);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 300);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_seek_during_a_switch_leads_into_the_other_movie)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 1000);

    playback_seek(&playback, 800);
    expect_other(FLV_TAG_VIDEO, 600);
    ck_assert_ptr_eq(playback_movie(&playback), other);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_switch_during_a_seek_leads_into_the_other_movie)
{
    struct movie *other = open_other(1000);

    make_second();
    start(&once, ALL_AT_ONCE);
    playback_set_range(&playback, 0, 0);
    expect_items("V0 A0 v0 a0 a20");
    playback_seek(&playback, 800);
    playback_switch(&playback, other);
    at_ns = 0;
    expect_other(FLV_TAG_VIDEO, 600);
    movie_unref(other);
    finish();
}
END_TEST

START_TEST(a_switch_waits_while_paused)
{
    struct movie *other = start_and_switch(&once, UP_TO_100, 1000);

    playback_pause(&playback, 1);
    expect_wait(1, CLOCK_NEVER);
    expect_wait(2, CLOCK_NEVER);
    playback_resume(&playback, 3);
    at_ns = 3;
    ck_assert_uint_eq(play_to_switch(), 280);
    playback_switch_over(&playback);
    expect_other(FLV_TAG_VIDEO, 300);
    movie_unref(other);
    finish();
}
END_TEST

/* Going back to a place before, while both are open, and saving a place of the
 * other movie. */
START_TEST(going_back_around_a_switch)
{
    struct movie *other = open_other(1000);
    struct playback_place place;

    make_second();
    start(&once, ALL_AT_ONCE);
    playback_set_range(&playback, 0, 0);
    playback_place_init(&place, movie, &once);
    playback_save(&playback, &place);
    expect_items(UP_TO_100);
    playback_switch(&playback, other);
    at_ns = 0;
    playback_restore(&playback, &place, 3);
    expect_items("a0 a20 v40");
    ck_assert_uint_eq(play_to_switch(), 280);
    playback_switch_over(&playback);
    playback_save(&playback, &place);
    ck_assert_ptr_eq(place.timeline.cursor.movie, other);
    expect_other(FLV_TAG_VIDEO, 300);
    expect_items("a300 v320");
    playback_restore(&playback, &place, 2);
    expect_other(FLV_TAG_VIDEO, 300);
    expect_items("a300 v320");
    playback_place_destroy(&place);
    movie_unref(other);
    finish();
}
END_TEST

/* --- who is late -------------------------------------------------------- */

/* One step that starts the walk, and those of the walk up to where it ends. */
static enum playback_step skip(int64_t now_ns)
{
    struct playback_item item;
    enum playback_step step;
    int64_t due_ns;

    do {
        step = playback_next(&playback, now_ns, &item, &due_ns);
        ck_assert(step != PLAYBACK_WAIT || due_ns == now_ns);
    } while (step == PLAYBACK_WAIT);
    return step;
}

static void start_skipping(const struct timeline_options *options)
{
    start(options, 0);
    playback_set_range(&playback, 0, 0);
    playback_set_skip_late(&playback, 100);
}

START_TEST(who_is_late_is_moved_to_the_next_keyframe)
{
    make_second();
    start_skipping(&once);
    expect_items("V0 A0 v0 a0");
    ck_assert_uint_eq(expect_sent(120 * MS).timestamp_ms, 20); /* not yet */
    ck_assert_int_eq(skip(141 * MS), PLAYBACK_SKIPPED);
    ck_assert_int_eq(playback_position_ms(&playback), 400);
    expect_wait(141 * MS, 400 * MS); /* the clock ran on; no header again */
    const struct playback_item item = expect_sent(400 * MS);
    ck_assert_int_eq(item.tag.kind, FLV_KIND_KEYFRAME);
    ck_assert_uint_eq(item.timestamp_ms, 400);
    ck_assert_uint_eq(expect_sent(400 * MS).timestamp_ms, 400);
    ck_assert_uint_eq(expect_sent(420 * MS).timestamp_ms, 420);
    finish();
}
END_TEST

START_TEST(headers_that_change_on_the_way_are_given_out)
{
    begin_file();
    flv_bytes_video_config(&file, 0);
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    flv_bytes_video_config(&file, 300);
    flv_bytes_keyframe(&file, 300, 10);
    flv_bytes_keyframe(&file, 600, 10);
    start_skipping(&once);
    expect_items("V0 v0");
    ck_assert_int_eq(skip(500 * MS), PLAYBACK_SKIPPED);
    const struct playback_item item = expect_sent(500 * MS);
    ck_assert_int_eq(item.tag.kind, FLV_KIND_SEQUENCE_HEADER);
    ck_assert_uint_eq(item.timestamp_ms, 600);
    ck_assert_uint_eq(expect_sent(600 * MS).timestamp_ms, 600);
    finish();
}
END_TEST

START_TEST(sound_alone_is_moved_to_any_frame)
{
    make_second();
    start_skipping(&only_audio);
    expect_items("A0 a0");
    ck_assert_int_eq(skip(555 * MS), PLAYBACK_SKIPPED);
    expect_wait(555 * MS, 560 * MS);
    ck_assert_uint_eq(expect_sent(560 * MS).timestamp_ms, 560);
    finish();
}
END_TEST

START_TEST(who_paused_is_not_late)
{
    make_second();
    start_skipping(&once);
    expect_items("V0 A0 v0 a0");
    playback_pause(&playback, 5 * MS);
    expect_wait(9000 * MS, CLOCK_NEVER);
    playback_resume(&playback, 9005 * MS);
    expect_wait(9005 * MS, 9020 * MS);
    ck_assert_uint_eq(expect_sent(9020 * MS).timestamp_ms, 20);
    finish();
}
END_TEST

/* An hour away: moved once, over 3600 rounds of a second. */
START_TEST(an_hour_of_a_loop_is_not_replayed)
{
    make_second();
    start_skipping(&for_ever);
    expect_items("V0 A0 v0 a0");
    ck_assert_int_eq(skip(3600410 * MS), PLAYBACK_SKIPPED);
    ck_assert_int_eq(playback_position_ms(&playback), 3600800);
    /* headers were met on the way */
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(expect_sent(3600410 * MS).tag.kind,
                         FLV_KIND_SEQUENCE_HEADER);
    expect_wait(3600410 * MS, 3600800 * MS);
    ck_assert_uint_eq(expect_sent(3600800 * MS).timestamp_ms, 3600800);
    finish();
}
END_TEST

START_TEST(whose_end_is_past_comes_to_it)
{
    make_second();
    start_skipping(&once);
    expect_items("V0 A0 v0 a0");
    ck_assert_int_eq(skip(1000 * MS), PLAYBACK_ENDED);
    expect_end();
    playback_seek(&playback, 0);
    expect_wait(1000 * MS, 1000 * MS);
    ck_assert_uint_eq(expect_sent(1000 * MS).timestamp_ms, 0);
    finish();
}
END_TEST

/* Its duration, too. */
START_TEST(whose_duration_is_past_comes_to_its_end)
{
    make_second();
    start_skipping(&for_ever);
    playback_set_range(&playback, 0, 700);
    expect_items("V0 A0 v0 a0");
    ck_assert_int_eq(skip(1250 * MS), PLAYBACK_SKIPPED);
    while (playback.place.headers_left > 0)
        (void)expect_sent(1250 * MS);
    expect_end();
    finish();
}
END_TEST

START_TEST(without_a_keyframe_ahead_all_is_fed)
{
    make_second();
    start_skipping(&once);
    expect_items("V0 A0 v0 a0");
    /* the last one is late, but less */
    ck_assert_int_eq(skip(930 * MS), PLAYBACK_SKIPPED);
    for (uint32_t ms = 800; ms <= 980; ms += 20) {
        if (ms % 40 == 0)
            ck_assert_uint_eq(expect_sent(5000 * MS).timestamp_ms, ms);
        ck_assert_uint_eq(expect_sent(5000 * MS).timestamp_ms, ms);
    }
    finish();

    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    for (uint32_t ms = 40; ms < 2000; ms += 40)
        flv_bytes_inter(&file, ms, 10);
    start_skipping(&once);
    expect_items("v0");
    ck_assert_int_eq(skip(1000 * MS), PLAYBACK_SEND); /* v40 */
    for (uint32_t ms = 80; ms <= 1000; ms += 40)
        ck_assert_uint_eq(expect_sent(1000 * MS).timestamp_ms, ms);
    finish();
}
END_TEST

/* Sound that lies 2 s behind the pictures in the file, and later than that in
 * time: neither it nor what is sent earlier for its sake makes anybody late. */
START_TEST(a_track_that_lies_behind_is_not_late)
{
    begin_file();
    for (uint32_t ms = 0; ms < 12000; ms += 40) {
        if (ms % 400 == 0)
            flv_bytes_keyframe(&file, ms, 10);
        else
            flv_bytes_inter(&file, ms, 10);
        if (ms >= 2000)
            flv_bytes_audio(&file, ms - 2000, 10);
    }
    start_skipping(&once);
    for (int64_t ms = 0; ms < 5000; ms += 10) {
        struct playback_item item;
        enum playback_step step;
        int64_t due_ns;

        while ((step = playback_next(&playback, ms * MS, &item, &due_ns)) ==
               PLAYBACK_SEND)
            ;
        ck_assert_int_eq(step, PLAYBACK_WAIT);
    }
    /* Moved once, not for each tag of it. */
    ck_assert_int_eq(skip(9010 * MS), PLAYBACK_SKIPPED);
    ck_assert_uint_eq(expect_sent(9200 * MS).timestamp_ms, 9200);
    ck_assert_uint_eq(expect_sent(9200 * MS).timestamp_ms, 7200);
    finish();
}
END_TEST

/* Nobody waits longer for the landing than over a jump. */
START_TEST(a_gap_of_an_hour_is_not_waited_for)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 10);
    flv_bytes_inter(&file, 40, 10);
    flv_bytes_keyframe(&file, 3600000, 10);
    flv_bytes_inter(&file, 3600040, 10);
    start_skipping(&once);
    expect_items("v0");
    ck_assert_int_eq(skip(1000 * MS), PLAYBACK_SKIPPED);
    expect_wait(1000 * MS, (1000 + MEDIA_CLOCK_MAX_GAP_MS) * MS);
    finish();
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("playback");
    TCase *const tests = tcase_create("playback");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_first_frame_is_at_0);
    tcase_add_test(tests, ends_of_sequences_have_no_time);
    tcase_add_test(tests, the_seam_of_a_loop);
    tcase_add_test(tests, the_seam_of_two_tracks);
    tcase_add_test(tests, audio_may_end_later);
    tcase_add_test(tests, what_is_left_out_is_read_in_steps);
    tcase_add_test(tests, what_is_not_received_takes_its_time);
    tcase_add_test(tests, nothing_received_comes_to_the_end_in_steps);
    tcase_add_test(tests, going_back_to_when_more_was_received);
    tcase_add_test(tests, a_landing_gives_out_what_is_received);
    tcase_add_test(tests, where_the_viewer_is);
    tcase_add_test(tests, a_switch_is_at_the_next_keyframe);
    tcase_add_test(tests, a_switch_in_a_further_round);
    tcase_add_test(tests, a_landing_that_was_sent_over_is_left);
    tcase_add_test(tests,
                   a_switch_without_a_keyframe_ahead_goes_back_to_the_last);
    tcase_add_test(tests, a_switch_to_a_shorter_movie_is_its_end);
    tcase_add_test(tests, a_switch_from_a_shorter_movie_goes_on);
    tcase_add_test(tests, a_seek_during_a_switch_leads_into_the_other_movie);
    tcase_add_test(tests, a_switch_during_a_seek_leads_into_the_other_movie);
    tcase_add_test(tests, a_switch_waits_while_paused);
    tcase_add_test(tests, going_back_around_a_switch);
    tcase_add_test(tests, who_is_late_is_moved_to_the_next_keyframe);
    tcase_add_test(tests, headers_that_change_on_the_way_are_given_out);
    tcase_add_test(tests, sound_alone_is_moved_to_any_frame);
    tcase_add_test(tests, who_paused_is_not_late);
    tcase_add_test(tests, an_hour_of_a_loop_is_not_replayed);
    tcase_add_test(tests, whose_end_is_past_comes_to_it);
    tcase_add_test(tests, whose_duration_is_past_comes_to_its_end);
    tcase_add_test(tests, without_a_keyframe_ahead_all_is_fed);
    tcase_add_test(tests, a_track_that_lies_behind_is_not_late);
    tcase_add_test(tests, a_gap_of_an_hour_is_not_waited_for);
    tcase_add_test(tests, one_track_has_its_own_seam);
    tcase_add_test(tests, the_average_frame_counts);
    tcase_add_test(tests, pictures_before_the_first_keyframe_are_left_out);
    tcase_add_test(tests, sound_before_the_first_keyframe_is_kept);
    tcase_add_test(tests, a_file_without_keyframes);
    tcase_add_test(tests, a_single_picture_lasts_a_while);
    tcase_add_test(tests, a_file_without_the_wanted_track);
    tcase_add_test(tests, rounds_are_counted);
    tcase_add_test(tests, jumps_inside_a_file_are_kept);
    tcase_add_test(tests, timestamps_rise_over_the_seam_whatever_came_before);
    tcase_add_test(tests, times_before_the_beginning);
    tcase_add_test(tests, timestamps_wrap);
    tcase_add_test(tests, a_burst_up_to_the_lead_then_a_refill_at_half);
    tcase_add_test(tests, a_lead_of_0_gives_each_tag_its_time);
    tcase_add_test(tests, a_small_lead);
    tcase_add_test(tests, a_new_lead_is_filled_at_once);
    tcase_add_test(tests, the_clock_starts_with_the_first_frame);
    tcase_add_test(tests, pacing_over_jumps);
    tcase_add_test(tests, pacing_of_tracks_apart);
    tcase_add_test(tests, the_seam_keeps_time);
    tcase_add_test(tests, a_file_that_was_cut_short_fails);
    tcase_add_test(tests, items_say_where_the_payload_is);
    tcase_add_test(tests, going_back_keeps_the_clock);
    tcase_add_test(tests, going_back_keeps_what_a_pause_moved);
    tcase_add_test(tests, a_start_beyond_all_rounds_is_found);
    tcase_add_test(tests, a_seek_before_the_first_frame);
    tcase_add_test(tests, the_keyframe_that_a_paused_viewer_is_shown);
    tcase_add_test(tests, going_back_among_the_headers_of_a_seek);
    tcase_add_test(tests, a_seek_beyond_all_rounds_is_found);
    tcase_add_test(tests, what_is_not_received_fills_no_buffer);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
