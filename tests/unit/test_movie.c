/* The movie: what is refused, the shared index and its cursors, forgetting and
 * reading again, files that change, the windows. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flv/block.h"
#include "flv/movie.h"
#include "flv/window.h"

#include "flv_bytes.h"

struct faults {
    int count;
    int64_t offset_bytes; /* of the last one */
    char what[160];
};

static void on_fault(void *context, int64_t offset_bytes, const char *what)
{
    struct faults *faults = context;

    faults->count++;
    faults->offset_bytes = offset_bytes;
    snprintf(faults->what, sizeof(faults->what), "%s", what);
}

/* Opens the bytes as a movie that must be one. */
static struct movie *open_bytes(const struct flv_bytes *b,
                                struct faults *faults, size_t max_index_bytes)
{
    const struct movie_options options = {.on_fault = on_fault,
                                          .context = faults,
                                          .max_index_bytes = max_index_bytes};
    struct movie_error error;
    struct movie *movie;

    memset(faults, 0, sizeof(*faults));
    movie = movie_open(flv_bytes_open(b), &options, &error);
    ck_assert_msg(movie != NULL, "%s", error.what);
    return movie;
}

/* ---- Opening */

static void assert_refused(int fd, const char *what)
{
    struct movie_error error;

    ck_assert_int_ge(fd, 0);
    ck_assert_ptr_null(movie_open(fd, NULL, &error));
    ck_assert_msg(strstr(error.what, what) != NULL, "%s", error.what);
    /* It owned the descriptor and has closed it. */
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}

static void assert_bytes_refused(const char *hex, const char *what)
{
    struct flv_bytes b = {0};

    flv_bytes_hex(&b, hex);
    assert_refused(flv_bytes_open(&b), what);
    flv_bytes_free(&b);
}

START_TEST(what_is_no_movie)
{
    int ends[2];

    assert_refused(open("/", O_RDONLY | O_DIRECTORY), "is a directory");
    assert_refused(open("/dev/null", O_RDONLY), "is a device");
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[1]);
    assert_refused(ends[0], "is a FIFO");
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[1]);
    assert_refused(ends[0], "is a socket");
    assert_bytes_refused("", "is empty");
    assert_bytes_refused("00 00 00 1C 66 74 79 70", "is an MP4 file");
    assert_bytes_refused("46 4C 56 01 05 00 00 00 09", "has no playable tag");
    assert_bytes_refused("46 4C 56 01 05 00 00 00 09 00 00 00 00",
                         "has no playable tag");
}
END_TEST

START_TEST(nothing_playable)
{
    struct flv_bytes b = {0};

    /* Script, configurations, an empty tag: no frame. */
    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, "02 00 00");
    flv_bytes_video_config(&b, 0);
    flv_bytes_audio_config(&b, 0);
    flv_bytes_tag_hex(&b, 8, 0, "");
    assert_refused(flv_bytes_open(&b), "has no playable tag");
    flv_bytes_free(&b);
}
END_TEST

/* A frame before 64 MiB makes a movie, one behind them does not. */
START_TEST(first_frame_must_come_in_time)
{
    for (int last = 3; last <= 4; last++) {
        const int fd = memfd_create("sparse", MFD_CLOEXEC);
        struct flv_bytes b = {0}, seam = {0};
        struct movie_error error;
        struct movie *movie;

        flv_bytes_file_header(&b);
        flv_bytes_write(&b, fd);
        for (int i = 0; i <= last; i++) {
            const off_t at = 13 + i * (off_t)(0xFFFFFF + 15);

            flv_bytes_free(&seam);
            if (i > 0)
                flv_bytes_u32(&seam, 0xFFFFFF + 11);
            if (i < last)
                flv_bytes_tag_header(&seam, 18, 0xFFFFFF, 0);
            else
                flv_bytes_keyframe(&seam, 0, 100);
            ck_assert_int_eq(
                pwrite(fd, seam.data, seam.length, i > 0 ? at - 4 : at),
                (ssize_t)seam.length);
        }
        movie = movie_open(fd, NULL, &error);
        if (last == 3)
            ck_assert_ptr_nonnull(movie);
        else
            ck_assert_str_eq(error.what,
                             "has no playable tag in its first 64 MiB");
        movie_unref(movie);
        flv_bytes_free(&b);
        flv_bytes_free(&seam);
    }
}
END_TEST

#define METADATA_640                                                           \
    "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 08 00 00 00 02"                    \
    "00 05 77 69 64 74 68 00 40 84 00 00 00 00 00 00"                          \
    "00 08 64 75 72 61 74 69 6F 6E 00 40 23 00 00 00 00 00 00"                 \
    "00 00 09"

/* Metadata, configurations, 50 frames of video each followed by two of sound
 * that are no longer than it, 2 s. */
static void make_movie(struct flv_bytes *b)
{
    flv_bytes_file_header(b);
    flv_bytes_tag_hex(b, 18, 0, METADATA_640);
    flv_bytes_video_config(b, 0);
    flv_bytes_audio_config(b, 0);
    for (uint32_t i = 0; i < 50; i++) {
        if (i % 25 == 0)
            flv_bytes_keyframe(b, i * 40, 500);
        else
            flv_bytes_inter(b, i * 40, 200);
        flv_bytes_audio(b, i * 40, 50);
        flv_bytes_audio(b, i * 40 + 20, 50);
    }
}

START_TEST(sound_movie)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_track track;
    struct movie_tag tag;
    struct movie *movie;
    int count = 0;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_uint_eq(movie_metadata(movie)->count, 1);
    ck_assert_int_eq(movie_duration_ms(movie), 2000);
    ck_assert(movie_has_keyframe(movie));
    ck_assert(movie_reaches(movie, (int64_t)b.length));
    ck_assert(!movie_reaches(movie, (int64_t)b.length + 1));

    movie_cursor_init(&cursor, movie);
    for (; movie_cursor_next(&cursor, &tag) == MOVIE_TAG; count++) {
        if (count == 0)
            ck_assert_int_eq(tag.kind, FLV_KIND_SEQUENCE_HEADER);
        if (count == 2) {
            ck_assert_int_eq(tag.kind, FLV_KIND_KEYFRAME);
            ck_assert_int_eq(tag.type, FLV_TAG_VIDEO);
            ck_assert_uint_eq(tag.size_bytes, 500);
            ck_assert_uint_eq(b.data[tag.offset_bytes], 0x17);
        }
    }
    ck_assert_int_eq(count, 2 + 150);
    ck_assert_int_eq(tag.time_ms, 1980);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_END);
    movie_track(movie, FLV_TAG_VIDEO, &track);
    ck_assert_uint_eq(track.frames, 50);
    ck_assert_int_eq(track.first_ms, 0);
    ck_assert_int_eq(track.last_ms, 1960);
    ck_assert_int_eq(track.last_step_ms, 40);
    movie_track(movie, FLV_TAG_AUDIO, &track);
    ck_assert_uint_eq(track.frames, 100);
    ck_assert_int_eq(track.last_ms, 1980);
    ck_assert_int_eq(track.last_step_ms, 20);
    ck_assert_int_eq(faults.count, 0);

    movie_cursor_rewind(&cursor);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    ck_assert_int_eq(tag.kind, FLV_KIND_SEQUENCE_HEADER);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Not in the index: script tags, what no player can use. */
START_TEST(only_playable_tags_are_given_out)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    int64_t times_ms = 0;

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 1, 100);
    flv_bytes_tag_hex(&b, 18, 70000, "02 00 00");
    flv_bytes_tag_hex(&b, 8, 70000, "");
    flv_bytes_tag_hex(&b, 9, 70000, "57 00");
    flv_bytes_tag_hex(&b, 0x29, 70000, "27 01 00 00 00 41");
    flv_bytes_tag_hex(&b, 10, 70000, "27 01 00 00 00 41");
    flv_bytes_inter(&b, 2, 100);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        times_ms = times_ms * 10 + tag.time_ms;
    ck_assert_int_eq(times_ms, 12);
    ck_assert_int_eq(faults.count, 1); /* the unknown type */
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(times_are_unwrapped)
{
    static const struct {
        uint32_t timestamp;
        int64_t time_ms;
    } tags[] = {
        {0xFFFFFFDF, -33},
        {0, 0},
        {10, 10},
        {5, 5},
        {0x7FFFFFFF, 0x7FFFFFFF},
        {0xFFFFFFF0, 0xFFFFFFF0},
        {16, 0x100000010},
        {0xFFFFFFFF, 0xFFFFFFFF},
        {0x70000000, 0x170000000},
        {0x0, 0x100000000},
        {0x80000000, 0x80000000LL},
        {0xFFFF0000, 0xFFFF0000LL},
    };
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        flv_bytes_keyframe(&b, tags[i].timestamp, 20);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
        ck_assert_msg(tag.time_ms == tags[i].time_ms, "tag %zu: %lld", i,
                      (long long)tag.time_ms);
    }
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);

    /* A first time that is large, but not just before the wrap, stands. */
    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0xFFFEFFFF, 20);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    ck_assert_int_eq(tag.time_ms, 0xFFFEFFFFLL);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Each jump of one type is told; sound and picture apart are none, and a jump
 * is no frame's length. */
START_TEST(jumps_are_told)
{
    static const uint32_t times_ms[] = {0, 40, 80, 10081, 9082, 9120, 8119};
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_track track;
    struct movie_tag tag;
    struct movie *movie;
    size_t last = 0;

    flv_bytes_file_header(&b);
    for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++) {
        last = flv_bytes_keyframe(&b, times_ms[i], 20);
        flv_bytes_audio(&b, 500000, 20);
    }
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        ;
    ck_assert_int_eq(faults.count, 2);
    ck_assert_int_eq(faults.offset_bytes, (int64_t)last);
    ck_assert_str_eq(faults.what, "time jumps from 9120 ms to 8119 ms");
    movie_track(movie, FLV_TAG_VIDEO, &track);
    ck_assert_int_eq(track.last_step_ms, 38);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(faults_are_told_once_and_not_without_end)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;

    /* Every back pointer is zero: one line. */
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 100; i++) {
        const size_t at = flv_bytes_keyframe(&b, i * 40, 50);

        memset(b.data + at + 61, 0, 4);
    }
    b.length -= 20; /* and the last one is cut short: one more */
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    for (int round = 0; round < 3; round++) {
        int count = 0;

        for (; movie_cursor_next(&cursor, &tag) == MOVIE_TAG; count++)
            ;
        ck_assert_int_eq(count, 99);
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_END);
        movie_cursor_rewind(&cursor);
    }
    ck_assert_int_eq(faults.count, 2);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);

    /* Garbage at the end, where the duration is looked for as well. */
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 100; i++)
        flv_bytes_keyframe(&b, i * 40, 50);
    flv_bytes_fill(&b, 0xEE, 100);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_int_eq(movie_duration_ms(movie), 4000);
    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        ;
    ck_assert_int_eq(faults.count, 1);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);

    /* Garbage before each tag. */
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 300; i++) {
        flv_bytes_keyframe(&b, i * 40, 50);
        flv_bytes_fill(&b, 0xEE, 3);
    }
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        ;
    ck_assert_int_eq(faults.count, MOVIE_MAX_FAULTS);
    ck_assert_ptr_nonnull(strstr(faults.what, "no more are told"));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* The way through a long stretch of damage is taken in bounded steps. */
START_TEST(damage_is_searched_in_steps)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    enum movie_result result;
    int steps = 0;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, METADATA_640);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_fill(&b, 0, 8 << 20);
    flv_bytes_keyframe(&b, 40, 100);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    while ((result = movie_cursor_next(&cursor, &tag)) == MOVIE_MORE)
        steps++;
    ck_assert_int_eq(result, MOVIE_TAG);
    ck_assert_int_eq(tag.time_ms, 40);
    ck_assert_int_ge(steps, 7); /* of 1 MiB at the most */
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(metadata_and_keyframe_may_come_late)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 5; i++)
        flv_bytes_keyframe(&b, i, 20);
    flv_bytes_tag_hex(&b, 18, 0, METADATA_640);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_uint_eq(movie_metadata(movie)->count, 1);
    movie_unref(movie);
    flv_bytes_free(&b);

    /* Only sound for 9 s, then a keyframe. */
    for (uint32_t late_ms = 9000; late_ms <= 11000; late_ms += 2000) {
        flv_bytes_file_header(&b);
        for (uint32_t ms = 0; ms < late_ms; ms += 100)
            flv_bytes_audio(&b, ms, 20);
        flv_bytes_keyframe(&b, late_ms, 20);
        movie = open_bytes(&b, &faults, 0);
        ck_assert(movie_has_keyframe(movie) == (late_ms == 9000));
        movie_unref(movie);
        flv_bytes_free(&b);
    }

    /* No tags' times rise: the number of tags bounds the search. */
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 1100; i++)
        flv_bytes_audio(&b, 0, 20);
    flv_bytes_keyframe(&b, 0, 20);
    movie = open_bytes(&b, &faults, 0);
    ck_assert(!movie_has_keyframe(movie));
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* The tail tells nothing, so what the metadata claims is taken. */
START_TEST(duration_from_metadata)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie *movie;

    flv_bytes_file_header(&b);
    flv_bytes_tag_hex(&b, 18, 0, METADATA_640);
    flv_bytes_keyframe(&b, 0, 20);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_int_eq(movie_duration_ms(movie), 9500);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* A tail in 24 bits may have gone round: metadata that tells of it is
 * believed, any other is not. It says 18000 s here. */
START_TEST(duration_over_wraps_of_24_bits)
{
    static const struct {
        uint32_t tail_ms;
        uint32_t first_ms;
        int64_t duration_ms;
    } cases[] = {
        {18000000 - 0x1000000 - 40, 0, 18000000},
        {18000000 - 0x1000000 - 5040, 0, 18000000 - 5000},
        {18000000 - 0x1000000 + 9960, 0, 18000000 + 10000},
        {18000000 - 0x1000000 - 10041, 0, 18000000 - 0x1000000 - 10001},
        {3600000 - 40, 0, 3600000},
        {18000000 - 40, 0, 18000000}, /* more than 24 bits */
        {0x1000000 + 18000000 - 0x1000000 - 40, 0x1000000,
         18000000 - 0x1000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct flv_bytes b = {0};
        struct faults faults;
        struct movie *movie;

        flv_bytes_file_header(&b);
        flv_bytes_tag_hex(&b, 18, 0,
                          "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 03 "
                          "00 08 64 75 72 61 74 69 6F 6E "
                          "00 40 D1 94 00 00 00 00 00 00 00 09");
        flv_bytes_keyframe(&b, cases[i].first_ms, 20);
        flv_bytes_keyframe(&b, cases[i].tail_ms - 40, 20);
        flv_bytes_keyframe(&b, cases[i].tail_ms, 20);
        movie = open_bytes(&b, &faults, 0);
        ck_assert_msg(movie_duration_ms(movie) == cases[i].duration_ms,
                      "case %zu: %lld", i, (long long)movie_duration_ms(movie));
        movie_unref(movie);
        flv_bytes_free(&b);
    }
}
END_TEST

/* ---- Forgetting and reading again */

#define MANY (10 * MOVIE_BLOCK_TAGS + 7)
#define TINY_INDEX 1

static void make_long_movie(struct flv_bytes *b)
{
    flv_bytes_file_header(b);
    for (uint32_t i = 0; i < MANY; i++) {
        flv_bytes_keyframe(b, i * 40, 20 + i % 13);
        if (i % 700 == 699)
            flv_bytes_fill(b, 0xEE, 40); /* damage */
        if (i % 300 == 299)
            flv_bytes_tag_hex(b, 18, 0, "02 00 00");
    }
}

/* Reads from where the cursor stands to the end: how many tags, and a sum over
 * all that is in them. */
static int read_all(struct movie_cursor *cursor, uint64_t *sum)
{
    struct movie_tag tag;
    int count = 0;

    *sum = 0;
    for (; movie_cursor_next(cursor, &tag) == MOVIE_TAG; count++) {
        *sum = *sum * 31 + (uint64_t)tag.offset_bytes;
        *sum = *sum * 31 + (uint64_t)tag.time_ms;
        *sum = *sum * 31 + tag.size_bytes;
        *sum = *sum * 31 + tag.kind;
    }
    return count;
}

START_TEST(forgotten_blocks_are_read_again)
{
    struct flv_bytes b = {0};
    struct faults faults, ignored;
    struct movie_cursor cursor, other;
    struct movie *tiny, *roomy;
    uint64_t expected, sum;
    int told;

    make_long_movie(&b);
    roomy = open_bytes(&b, &ignored, 0);
    movie_cursor_init(&other, roomy);
    ck_assert_int_eq(read_all(&other, &expected), MANY);
    movie_cursor_destroy(&other);
    movie_unref(roomy);

    tiny = open_bytes(&b, &faults, TINY_INDEX);
    movie_cursor_init(&cursor, tiny);
    movie_cursor_init(&other, tiny);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(read_all(&cursor, &sum), MANY);
        ck_assert_uint_eq(sum, expected);
        movie_cursor_rewind(&cursor);
        if (round == 0)
            told = faults.count;
    }
    ck_assert_int_eq(told, MANY / 700);
    ck_assert_int_eq(faults.count, told);
    /* Two at different places: each keeps its own block. */
    ck_assert_int_eq(read_all(&other, &sum), MANY);
    ck_assert_uint_eq(sum, expected);
    movie_cursor_destroy(&cursor);
    movie_cursor_destroy(&other);
    movie_unref(tiny);
    flv_bytes_free(&b);
}
END_TEST

/* The extension byte was never set: times wrap at 2^24, in whatever block, and
 * are the same when they are read again. */
START_TEST(short_timestamps_go_on_rising)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < MANY; i++)
        flv_bytes_keyframe(&b, i * 9000 & 0xFFFFFF, 20);
    movie = open_bytes(&b, &faults, TINY_INDEX);
    movie_cursor_init(&cursor, movie);
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < MANY; i++) {
            ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
            ck_assert_int_eq(tag.time_ms, i * 9000);
        }
        movie_cursor_rewind(&cursor);
    }
    ck_assert_int_eq(faults.count, 0);
    /* It is still the same when it grew. */
    flv_bytes_keyframe(&b, 0x123456, 20);
    flv_bytes_write(&b, movie_fd(movie));
    ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* The bound holds: what nobody stands in goes, but for the newest. */
START_TEST(blocks_are_bounded)
{
    const size_t max_bytes = 3 * sizeof(struct movie_block);
    struct flv_scan_position position = {.offset_bytes = 13};
    const struct file_time start = {.has_begun = false};
    struct movie_block *held, *block;
    struct block_list list;

    block_list_init(&list, max_bytes);
    held = block_list_hold(&list, 0, &position, &start);
    for (uint64_t number = 1; number < 50; number++) {
        block = block_list_hold(&list, number, &position, &start);
        ck_assert_uint_eq(block->number, number);
        block_list_release(&list, block);
        ck_assert_uint_le(list.count, 3);
    }
    ck_assert_uint_eq(list.newest->number, 49);
    ck_assert_ptr_eq(list.blocks[0], held);
    /* An old one comes back, empty, and the one longest unused goes. */
    block = block_list_hold(&list, 7, &position, &start);
    ck_assert_uint_eq(block->count, 0);
    ck_assert_uint_eq(list.count, 3);
    ck_assert_uint_eq(list.newest->number, 49);
    ck_assert_ptr_eq(list.blocks[1], block);
    block_list_release(&list, block);
    block_list_release(&list, held);
    block_list_release(&list, NULL);
    block_list_destroy(&list);
}
END_TEST

/* Overwritten in place with as many tags of other times, where the index
 * forgot them: the viewer that comes there learns it. */
START_TEST(overwritten_file_fails_when_read_again)
{
    struct flv_bytes b = {0}, other = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    size_t at = 13;
    uint64_t sum;

    make_long_movie(&b);
    flv_bytes_add(&other, b.data, b.length);
    for (uint32_t i = 0; i < 200; i++) /* behind what is compared of the head */
        at += 11 + 20 + i % 13 + 4;
    ck_assert_uint_eq(other.data[at], FLV_TAG_VIDEO);
    flv_bytes_set_u24(&other, at + 4, 200 * 40 + 1);
    movie = open_bytes(&b, &faults, TINY_INDEX);
    movie_cursor_init(&cursor, movie);
    ck_assert_int_eq(read_all(&cursor, &sum), MANY);
    movie_cursor_rewind(&cursor);
    flv_bytes_write(&other, movie_fd(movie));
    ck_assert_int_lt(read_all(&cursor, &sum), MOVIE_BLOCK_TAGS);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_FAILED);
    ck_assert(!movie_is_same_file(movie, movie_fd(movie)));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
    flv_bytes_free(&other);
}
END_TEST

/* Cut short below what was indexed: no end, but a failure. */
START_TEST(shortened_file_fails)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    uint64_t sum;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    read_all(&cursor, &sum);
    ck_assert_int_eq(ftruncate(movie_fd(movie), (off_t)b.length - 10), 0);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_FAILED);
    ck_assert(!movie_reaches(movie, (int64_t)b.length));
    ck_assert(!movie_is_same_file(movie, movie_fd(movie)));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);

    /* In a part that was forgotten. */
    make_long_movie(&b);
    movie = open_bytes(&b, &faults, TINY_INDEX);
    movie_cursor_init(&cursor, movie);
    read_all(&cursor, &sum);
    movie_cursor_rewind(&cursor);
    ck_assert_int_eq(ftruncate(movie_fd(movie), (off_t)b.length / 2), 0);
    read_all(&cursor, &sum);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_FAILED);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(growing_movie)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    uint64_t sum;
    size_t whole;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    read_all(&cursor, &sum);
    for (uint32_t i = 0; i < 5; i++) {
        flv_bytes_inter(&b, 2000 + i * 40, 300);
        whole = b.length;
        b.length -= 100;
        flv_bytes_write(&b, movie_fd(movie));
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_END);
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_END);
        b.length = whole;
        flv_bytes_write(&b, movie_fd(movie));
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
        ck_assert_int_eq(tag.time_ms, 2000 + i * 40);
        ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    }
    ck_assert_int_eq(faults.count, 1);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Whoever comes later is told how long it is by then, however the tag at its
 * end is cut; and the cursor's scan goes on where it was. */
START_TEST(a_grown_file_lasts_longer)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;
    uint64_t sum;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    movie_cursor_init(&cursor, movie);
    ck_assert_int_eq(read_all(&cursor, &sum), 152);
    flv_bytes_inter(&b, 2000, 300);
    flv_bytes_inter(&b, 2040, 300);
    flv_bytes_inter(&b, 2080, 300);
    b.length -= 100;
    flv_bytes_write(&b, movie_fd(movie));
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    ck_assert_int_eq(movie_duration_ms(movie), 2000);
    ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    ck_assert_int_eq(movie_duration_ms(movie), 2080);
    b.length += 100;
    flv_bytes_write(&b, movie_fd(movie));
    ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    ck_assert_int_eq(movie_duration_ms(movie), 2120);
    ck_assert_int_eq(read_all(&cursor, &sum), 2);
    ck_assert_int_eq(faults.count, 0);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* A recording that was opened when there was nothing but sound in it. */
START_TEST(a_first_keyframe_may_follow)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_cursor cursor;
    struct movie_tag tag;
    struct movie *movie;

    flv_bytes_file_header(&b);
    flv_bytes_audio(&b, 0, 50);
    movie = open_bytes(&b, &faults, 0);
    flv_bytes_audio(&b, 20, 50);
    flv_bytes_write(&b, movie_fd(movie));
    ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    ck_assert(!movie_has_keyframe(movie));
    flv_bytes_keyframe(&b, 40, 100);
    flv_bytes_write(&b, movie_fd(movie));
    ck_assert(movie_is_same_file(movie, movie_fd(movie)));
    ck_assert(movie_has_keyframe(movie));
    movie_cursor_init(&cursor, movie);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    ck_assert(movie_is_keyframe(movie, &tag));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* ---- The same file? */

START_TEST(same_file)
{
    char path[] = "/tmp/flvd-test-movie-XXXXXX";
    struct flv_bytes b = {0};
    struct movie_error error;
    struct movie_cursor cursor;
    struct movie *movie;
    struct movie_tag tag;
    int fd, other;
    uint64_t sum;

    make_movie(&b);
    fd = mkstemp(path);
    flv_bytes_write(&b, fd);
    movie = movie_open(open(path, O_RDWR), NULL, &error);
    ck_assert_ptr_nonnull(movie);
    movie_cursor_init(&cursor, movie);
    read_all(&cursor, &sum);
    ck_assert(movie_is_same_file(movie, fd));
    /* Touched, written with the same, grown: still the same. */
    ck_assert_int_eq(
        futimens(fd, (struct timespec[]){{.tv_sec = 1}, {.tv_sec = 2}}), 0);
    ck_assert(movie_is_same_file(movie, fd));
    flv_bytes_write(&b, fd);
    ck_assert(movie_is_same_file(movie, fd));
    flv_bytes_inter(&b, 2000, 100);
    flv_bytes_write(&b, fd);
    ck_assert(movie_is_same_file(movie, fd));
    /* Removed by name, the movie goes on. */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(movie_is_same_file(movie, fd));
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    /* Another file of the same content is another file. */
    other = flv_bytes_open(&b);
    ck_assert(!movie_is_same_file(movie, other));
    close(other);
    /* The last tag that was indexed has another time now. */
    b.data[b.length - 4 - 100 - 11 + 6] ^= 1;
    flv_bytes_write(&b, fd);
    ck_assert_int_eq(
        futimens(fd, (struct timespec[]){{.tv_sec = 1}, {.tv_sec = 3}}), 0);
    ck_assert(!movie_is_same_file(movie, fd));
    b.data[b.length - 4 - 100 - 11 + 6] ^= 1;
    /* Something in the head has changed. */
    b.data[200] ^= 1;
    flv_bytes_write(&b, fd);
    ck_assert_int_eq(
        futimens(fd, (struct timespec[]){{.tv_sec = 1}, {.tv_sec = 4}}), 0);
    ck_assert(!movie_is_same_file(movie, fd));
    ck_assert(!movie_is_same_file(movie, -1));
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

/* ---- Many viewers */

struct viewer {
    struct movie *movie;
    pthread_t thread;
    int rounds;
    uint64_t sum;
    bool wrong;
};

static void *view(void *context)
{
    struct viewer *viewer = context;
    struct movie_cursor cursor;

    movie_cursor_init(&cursor, viewer->movie);
    for (int round = 0; round < viewer->rounds; round++) {
        uint64_t sum;

        if (read_all(&cursor, &sum) != MANY)
            viewer->wrong = true;
        if (round > 0 && sum != viewer->sum)
            viewer->wrong = true;
        viewer->sum = sum;
        if (!movie_is_same_file(viewer->movie, movie_fd(viewer->movie)))
            viewer->wrong = true;
        movie_cursor_rewind(&cursor);
    }
    movie_cursor_destroy(&cursor);
    movie_unref(viewer->movie);
    return NULL;
}

START_TEST(many_viewers)
{
    static const size_t bounds[] = {0, TINY_INDEX,
                                    4 * sizeof(struct movie_block)};
    struct flv_bytes b = {0};

    make_long_movie(&b);
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        struct faults faults;
        struct movie *movie = open_bytes(&b, &faults, bounds[i]);
        struct viewer viewers[8];

        for (int v = 0; v < 8; v++) {
            viewers[v] =
                (struct viewer){.movie = movie_ref(movie), .rounds = 3};
            ck_assert_int_eq(
                pthread_create(&viewers[v].thread, NULL, view, &viewers[v]), 0);
        }
        movie_unref(movie);
        for (int v = 0; v < 8; v++) {
            pthread_join(viewers[v].thread, NULL);
            ck_assert(!viewers[v].wrong);
            ck_assert_uint_eq(viewers[v].sum, viewers[0].sum);
        }
        ck_assert_int_eq(faults.count, MANY / 700);
    }
    flv_bytes_free(&b);
}
END_TEST

/* ---- Windows */

/* Has the kernel read the window, as transports do. */
static void assert_window(const struct movie_window *window, size_t at,
                          const uint8_t *expected, size_t length)
{
    const int fd = memfd_create("out", MFD_CLOEXEC);
    uint8_t *copy = malloc(length);

    ck_assert_uint_le(at + length, window->length_bytes);
    ck_assert_int_eq(write(fd, window->data + at, length), (ssize_t)length);
    ck_assert_int_eq(pread(fd, copy, length, 0), (ssize_t)length);
    ck_assert_mem_eq(copy, expected, length);
    free(copy);
    close(fd);
}

START_TEST(window_of_a_growing_file)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_window *first, *again, *longer;
    struct movie *movie;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    first = movie_window_acquire(movie, 100);
    ck_assert_int_eq(first->offset_bytes, 0);
    ck_assert_uint_eq(first->length_bytes, b.length);
    assert_window(first, 0, b.data, b.length);
    again = movie_window_acquire(movie, (int64_t)b.length - 1);
    ck_assert_ptr_eq(first, again);
    movie_window_release(movie, again);
    errno = 0;
    ck_assert_ptr_null(movie_window_acquire(movie, (int64_t)b.length));
    ck_assert_int_eq(errno, ENXIO);
    ck_assert_ptr_null(movie_window_acquire(movie, -1));

    flv_bytes_inter(&b, 2000, 10000);
    flv_bytes_write(&b, movie_fd(movie));
    longer = movie_window_acquire(movie, (int64_t)b.length - 1);
    ck_assert_ptr_ne(longer, first);
    ck_assert_int_eq(longer->offset_bytes, 0);
    assert_window(longer, 0, b.data, b.length);
    movie_window_release(movie, first);
    movie_window_release(movie, longer);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Cut short under the mapping: the kernel says EFAULT, nobody dies. */
START_TEST(window_of_a_shortened_file)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie_window *window;
    struct movie *movie;
    int ends[2];

    make_movie(&b);
    flv_bytes_inter(&b, 2000, 20000);
    movie = open_bytes(&b, &faults, 0);
    window = movie_window_acquire(movie, 0);
    ck_assert_int_eq(ftruncate(movie_fd(movie), 100), 0);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], window->data + 16384, 1000), -1);
    ck_assert_int_eq(errno, EFAULT);
    close(ends[0]);
    close(ends[1]);
    movie_window_release(movie, window);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

static int count_mappings(const char *name)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;

    while (fgets(line, sizeof(line), maps) != NULL)
        count += strstr(line, name) != NULL;
    fclose(maps);
    return count;
}

/* Beyond 4 GiB, and more windows than are kept. */
START_TEST(windows_are_bounded)
{
    const int64_t far = ((int64_t)5 << 30) + 12345;
    struct movie_window *windows[40];
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie *movie;

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_int_eq(pwrite(movie_fd(movie), "flvd", 4, far), 4);
    /* Not neighbours, whose mappings the kernel could show as one. */
    for (int i = 0; i < 40; i++)
        windows[i] = movie_window_acquire(movie, far - (int64_t)i * 2 *
                                                           MOVIE_WINDOW_BYTES);
    ck_assert_int_eq(far - windows[0]->offset_bytes, far % MOVIE_WINDOW_BYTES);
    assert_window(windows[0], (size_t)(far - windows[0]->offset_bytes),
                  (const uint8_t *)"flvd", 4);
    ck_assert_uint_eq(windows[1]->length_bytes, MOVIE_WINDOW_BYTES);
    ck_assert_int_eq(count_mappings("memfd:flv"), 40);
    for (int i = 0; i < 40; i++)
        movie_window_release(movie, windows[i]);
    ck_assert_int_eq(count_mappings("memfd:flv"), WINDOW_SET_MAX_IDLE);
    /* The last ones are kept: to hold them all again maps nothing. */
    for (int i = 24; i < 40; i++)
        windows[i] = movie_window_acquire(movie, far - (int64_t)i * 2 *
                                                           MOVIE_WINDOW_BYTES);
    ck_assert_int_eq(count_mappings("memfd:flv"), WINDOW_SET_MAX_IDLE);
    for (int i = 25; i < 40; i++)
        movie_window_release(movie, windows[i]);
    /* One that is held stays, however many come and go, and though it was
     * used first. */
    for (int i = 40; i < 80; i++)
        movie_window_release(
            movie, movie_window_acquire(movie, far - (int64_t)i * 2 *
                                                         MOVIE_WINDOW_BYTES));
    ck_assert_int_eq(count_mappings("memfd:flv"), WINDOW_SET_MAX_IDLE + 1);
    assert_window(windows[24], 0, (const uint8_t[4]){0}, 4);
    movie_window_release(movie, windows[24]);
    movie_unref(movie);
    ck_assert_int_eq(count_mappings("memfd:flv"), 0);
    flv_bytes_free(&b);
}
END_TEST

static void *use_windows(void *context)
{
    struct movie *movie = context;
    uint32_t random = (uint32_t)(uintptr_t)pthread_self() | 1;

    for (int i = 0; i < 500; i++) {
        struct movie_window *window;
        int64_t offset;

        random = random * 1664525 + 1013904223;
        offset = (int64_t)(random >> 8 & 0x3F) * MOVIE_WINDOW_BYTES;
        window = movie_window_acquire(movie, offset);
        if (window == NULL || window->offset_bytes != offset)
            return context;
        movie_window_release(movie, window);
    }
    return NULL;
}

START_TEST(many_users_of_windows)
{
    struct flv_bytes b = {0};
    struct faults faults;
    struct movie *movie;
    pthread_t threads[4];

    make_movie(&b);
    movie = open_bytes(&b, &faults, 0);
    ck_assert_int_eq(ftruncate(movie_fd(movie), (off_t)65 * MOVIE_WINDOW_BYTES),
                     0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_windows, movie),
                         0);
    for (int i = 0; i < 4; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* A file beyond 4 GiB, of the largest tags there are. */
START_TEST(sparse_file_beyond_4_gib)
{
    const int count = 260;
    const int fd = memfd_create("sparse", MFD_CLOEXEC);
    struct movie_cursor cursor;
    struct flv_bytes b = {0};
    struct movie_error error;
    struct movie *movie;
    struct movie_tag tag;

    flv_bytes_file_header(&b);
    flv_bytes_write(&b, fd);
    for (int i = 0; i < count; i++) {
        const off_t at = 13 + i * (off_t)(0xFFFFFF + 15);

        b.length = 0;
        flv_bytes_tag_header(&b, 9, 0xFFFFFF, (uint32_t)i * 40);
        flv_bytes_hex(&b, "17 01 00 00 00 65");
        ck_assert_int_eq(pwrite(fd, b.data, b.length, at), (ssize_t)b.length);
        b.length = 0;
        flv_bytes_u32(&b, 0xFFFFFF + 11);
        ck_assert_int_eq(pwrite(fd, b.data, 4, at + 11 + 0xFFFFFF), 4);
    }
    movie = movie_open(fd, NULL, &error);
    ck_assert_ptr_nonnull(movie);
    ck_assert_int_eq(movie_duration_ms(movie), count * 40);
    movie_cursor_init(&cursor, movie);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
        ck_assert_int_eq(tag.offset_bytes,
                         13 + 11 + i * (int64_t)(0xFFFFFF + 15));
        ck_assert_uint_eq(tag.size_bytes, 0xFFFFFF);
    }
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_END);
    movie_cursor_destroy(&cursor);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("movie");
    TCase *tcase = tcase_create("movie");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, what_is_no_movie);
    tcase_add_test(tcase, nothing_playable);
    tcase_add_test(tcase, first_frame_must_come_in_time);
    tcase_add_test(tcase, sound_movie);
    tcase_add_test(tcase, only_playable_tags_are_given_out);
    tcase_add_test(tcase, times_are_unwrapped);
    tcase_add_test(tcase, jumps_are_told);
    tcase_add_test(tcase, faults_are_told_once_and_not_without_end);
    tcase_add_test(tcase, damage_is_searched_in_steps);
    tcase_add_test(tcase, metadata_and_keyframe_may_come_late);
    tcase_add_test(tcase, duration_from_metadata);
    tcase_add_test(tcase, duration_over_wraps_of_24_bits);
    tcase_add_test(tcase, short_timestamps_go_on_rising);
    tcase_add_test(tcase, forgotten_blocks_are_read_again);
    tcase_add_test(tcase, blocks_are_bounded);
    tcase_add_test(tcase, overwritten_file_fails_when_read_again);
    tcase_add_test(tcase, shortened_file_fails);
    tcase_add_test(tcase, growing_movie);
    tcase_add_test(tcase, a_grown_file_lasts_longer);
    tcase_add_test(tcase, a_first_keyframe_may_follow);
    tcase_add_test(tcase, same_file);
    tcase_add_test(tcase, many_viewers);
    tcase_add_test(tcase, window_of_a_growing_file);
    tcase_add_test(tcase, window_of_a_shortened_file);
    tcase_add_test(tcase, windows_are_bounded);
    tcase_add_test(tcase, many_users_of_windows);
    tcase_add_test(tcase, sparse_file_beyond_4_gib);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
