/* What is read of a file, and how often: small tags many at a time, of large
 * ones little, nothing twice, and no more than a play needs. Counts the calls
 * that flvd makes, by having them come here. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "flv/movie.h"
#include "flv/scan.h"

#include "flv_bytes.h"

#define FIRST_TAG 13

static struct {
    int reads;
    int64_t read_bytes;
    int size_questions;
} counts;

static size_t most_at_once = SIZE_MAX; /* that a read brings */

ssize_t pread(int fd, void *data, size_t length, off_t offset)
{
    const struct iovec part = {.iov_base = data,
                               .iov_len = length < most_at_once ? length
                                                                : most_at_once};
    const ssize_t count = preadv(fd, &part, 1, offset);

    counts.reads++;
    counts.read_bytes += count > 0 ? count : 0;
    return count;
}

int fstat(int fd, struct stat *st)
{
    counts.size_questions++;
    return fstatat(fd, "", st, AT_EMPTY_PATH);
}

static void forget_counts(void)
{
    memset(&counts, 0, sizeof(counts));
}

static struct movie *open_movie(int fd)
{
    struct movie_error error;
    struct movie *movie = movie_open(fd, NULL, &error);

    ck_assert_msg(movie != NULL, "%s", error.what);
    return movie;
}

static int count_tags(struct movie *movie)
{
    struct movie_cursor cursor;
    struct movie_tag tag;
    int count = 0;

    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        count++;
    movie_cursor_destroy(&cursor);
    return count;
}

/* Twenty thousand tags of 400 bytes: as many reads as their bytes make, and
 * none for the second viewer but at the end, where the file may have grown. */
START_TEST(small_tags_are_read_many_at_a_time)
{
    const int tags = 20000;
    struct flv_bytes b = {0};
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (int i = 0; i < tags; i++)
        if (i % 50 == 0)
            flv_bytes_keyframe(&b, (uint32_t)i * 40, 400);
        else
            flv_bytes_audio(&b, (uint32_t)i * 40, 400);
    movie = open_movie(flv_bytes_open(&b));
    forget_counts();
    ck_assert_int_eq(count_tags(movie), tags);
    ck_assert_int_le(counts.reads,
                     (int)(b.length / (FLV_SCAN_BUFFER_BYTES - 1000)) + 20);
    ck_assert_int_le(counts.size_questions, 10);
    forget_counts();
    ck_assert_int_eq(count_tags(movie), tags);
    ck_assert_int_le(counts.reads, 2);
    ck_assert_int_le(counts.size_questions, 1);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Pictures of 20 KiB and two sounds of 300 bytes behind each: one short read
 * for the three. */
START_TEST(large_payload_is_jumped_over)
{
    const int pictures = 500;
    struct flv_bytes b = {0};
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (int i = 0; i < pictures; i++) {
        flv_bytes_keyframe(&b, (uint32_t)i * 40, 20480);
        flv_bytes_audio(&b, (uint32_t)i * 40, 300);
        flv_bytes_audio(&b, (uint32_t)i * 40 + 20, 300);
    }
    movie = open_movie(flv_bytes_open(&b));
    forget_counts();
    ck_assert_int_eq(count_tags(movie), 3 * pictures);
    ck_assert_int_le(counts.reads, pictures + 20);
    ck_assert_int_le(counts.read_bytes, (int64_t)(pictures + 200) * 1024);
    ck_assert_int_le(counts.size_questions, 10);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* Back pointers that are wrong everywhere cost no more. */
START_TEST(zero_back_pointers)
{
    const int tags = 20000;
    struct flv_bytes b = {0};
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (int i = 0; i < tags; i++) {
        const size_t at = flv_bytes_keyframe(&b, (uint32_t)i * 40, 400);

        memset(b.data + at + 411, 0, 4);
    }
    movie = open_movie(flv_bytes_open(&b));
    forget_counts();
    ck_assert_int_eq(count_tags(movie), tags);
    ck_assert_int_le(counts.reads,
                     (int)(b.length / (FLV_SCAN_BUFFER_BYTES - 1000)) + 20);
    ck_assert_int_le(counts.size_questions, 10);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* A keyframe of 16 MiB less one byte, in a file that has a hole there. */
static void write_large_tag(int fd, int64_t at, uint32_t time_ms)
{
    const uint32_t size = 0xFFFFFF;
    struct flv_bytes b = {0};

    flv_bytes_tag_header(&b, 9, size, time_ms);
    flv_bytes_hex(&b, "17 01 00 00 00 65");
    ck_assert_int_eq(pwrite(fd, b.data, b.length, at), (ssize_t)b.length);
    b.length = 0;
    flv_bytes_u32(&b, size + 11);
    ck_assert_int_eq(pwrite(fd, b.data, 4, at + 11 + size), 4);
    flv_bytes_free(&b);
}

/* The first frame of 10 GiB, and their duration, need a few KiB; a walk through
 * all of it, one for each tag. */
START_TEST(ten_gibibytes)
{
    const int tags = 641;
    const int fd = memfd_create("sparse", MFD_CLOEXEC);
    struct movie_cursor cursor;
    struct flv_bytes b = {0};
    struct movie_tag tag;
    struct movie *movie;

    flv_bytes_file_header(&b);
    flv_bytes_write(&b, fd);
    for (int i = 0; i < tags; i++)
        write_large_tag(fd, FIRST_TAG + i * (int64_t)(0xFFFFFF + 15),
                        (uint32_t)i * 40);
    forget_counts();
    movie = open_movie(fd);
    ck_assert_int_eq(movie_duration_ms(movie), tags * 40);
    movie_cursor_init(&cursor, movie);
    ck_assert_int_eq(movie_cursor_next(&cursor, &tag), MOVIE_TAG);
    movie_cursor_destroy(&cursor);
    ck_assert_int_le(counts.read_bytes, 64 * 1024);
    ck_assert_int_le(counts.reads, 40);
    ck_assert_int_eq(count_tags(movie), tags);
    ck_assert_int_le(counts.read_bytes, (tags + 100) * 1024);
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

/* What was read gives out its tags without another read, up to the first that
 * it does not prove: that one leaves no trace. */
START_TEST(held_tags)
{
    struct flv_bytes b = {0};
    struct flv_scan_position position, before;
    struct flv_scan_tag tag;
    struct flv_scan scan;
    int count = 0;

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_audio(&b, i * 20, 300);
    flv_bytes_fill(&b, 0xEE, 20);
    flv_bytes_audio(&b, 200, 300);
    flv_bytes_keyframe(&b, 220, 2 * FLV_SCAN_BUFFER_BYTES);
    flv_scan_init(&scan, flv_bytes_open(&b), NULL, NULL);
    flv_scan_position_init(&position, FIRST_TAG);
    ck_assert(!flv_scan_next_held(&scan, &position, &tag));
    ck_assert_int_eq(flv_scan_next(&scan, &position, &tag), FLV_SCAN_TAG);
    forget_counts();
    do {
        ck_assert_uint_eq(tag.header.timestamp_ms, (uint32_t)count * 20);
        count++;
        before = position;
    } while (flv_scan_next_held(&scan, &position, &tag));
    ck_assert_int_eq(count, 10);
    ck_assert_int_eq(counts.reads, 0);
    ck_assert_int_eq(counts.size_questions, 0);
    ck_assert_int_eq(position.offset_bytes, before.offset_bytes);
    ck_assert_int_eq(position.search_bytes, 0);
    ck_assert_int_eq(flv_scan_next(&scan, &position, &tag), FLV_SCAN_MORE);
    for (; count < 12; count++) {
        ck_assert_int_eq(flv_scan_next(&scan, &position, &tag), FLV_SCAN_TAG);
        ck_assert_uint_eq(tag.header.timestamp_ms, (uint32_t)count * 20);
        ck_assert(!flv_scan_next_held(&scan, &position, &tag));
    }
    ck_assert_int_eq(flv_scan_next(&scan, &position, &tag), FLV_SCAN_END);
    close(scan.fd);
    flv_bytes_free(&b);
}
END_TEST

/* As a signal or a network may have it. */
START_TEST(reads_that_fall_short)
{
    struct flv_bytes b = {0};
    struct movie *movie;

    flv_bytes_file_header(&b);
    for (int i = 0; i < 40; i++)
        flv_bytes_keyframe(&b, (uint32_t)i * 20, 50);
    most_at_once = 5;
    movie = open_movie(flv_bytes_open(&b));
    ck_assert_int_eq(count_tags(movie), 40);
    ck_assert_int_eq(movie_duration_ms(movie), 800);
    most_at_once = SIZE_MAX;
    movie_unref(movie);
    flv_bytes_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flv reads");
    TCase *tcase = tcase_create("flv reads");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, small_tags_are_read_many_at_a_time);
    tcase_add_test(tcase, large_payload_is_jumped_over);
    tcase_add_test(tcase, zero_back_pointers);
    tcase_add_test(tcase, ten_gibibytes);
    tcase_add_test(tcase, held_tags);
    tcase_add_test(tcase, reads_that_fall_short);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
