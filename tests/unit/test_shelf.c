/* server/shelf: one movie a file, kept for a while; failures too. */
#include "config.h"

#include "server/shelf.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flv_bytes.h"

static struct shelf shelf;
static char base[] = "/tmp/flvd-test-XXXXXX"; /* holds the files */
static unsigned made;                         /* their number */

static void set_up(void)
{
    strcpy(strstr(base, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    made = 0;
    shelf_init(&shelf);
}

static void name_file(char path[static 64], unsigned number)
{
    snprintf(path, 64, "%s/%u", base, number);
}

static void tear_down(void)
{
    char path[64];

    shelf_destroy(&shelf);
    for (unsigned i = 0; i < made; i++) {
        name_file(path, i);
        (void)unlink(path);
    }
    ck_assert_int_eq(rmdir(base), 0);
}

static struct flv_bytes make_bytes(uint32_t pictures)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < pictures; i++)
        flv_bytes_keyframe(&b, 40 * i, 100);
    return b;
}

/* A new file, which has a name. */
static int make_file(uint32_t pictures)
{
    struct flv_bytes b = make_bytes(pictures);
    char path[64];
    int fd;

    name_file(path, made++);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    flv_bytes_write(&b, fd);
    flv_bytes_free(&b);
    return fd;
}

/* The same file, opened once more. */
static int again(int fd, int flags)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    fd = open(path, flags | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static struct movie *shelf_get(int fd)
{
    struct movie_error error;
    struct movie *movie =
        shelf_open(&shelf, again(fd, O_RDONLY), "label", &error);

    ck_assert_msg(movie != NULL, "%s", error.what);
    return movie;
}

static void expect_failure(int fd, const char *what)
{
    struct movie_error error;

    memset(&error, 'X', sizeof(error));
    ck_assert_ptr_null(
        shelf_open(&shelf, again(fd, O_RDONLY), "label", &error));
    ck_assert_msg(strstr(error.what, what) != NULL, "%s", error.what);
}

static unsigned count_tags(struct movie *movie)
{
    struct movie_cursor cursor;
    struct movie_tag tag;
    unsigned count = 0;

    movie_cursor_init(&cursor, movie);
    while (movie_cursor_next(&cursor, &tag) == MOVIE_TAG)
        count++;
    movie_cursor_destroy(&cursor);
    return count;
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

START_TEST(each_file_has_its_movie)
{
    const int one = make_file(1), two = make_file(2);
    struct movie *first = shelf_get(one), *second = shelf_get(two);
    struct movie *third = shelf_get(one);

    ck_assert_ptr_ne(first, second);
    ck_assert_ptr_eq(first, third);
    ck_assert_uint_eq(count_tags(first), 1);
    ck_assert_uint_eq(count_tags(second), 2);
    movie_unref(first);
    movie_unref(second);
    movie_unref(third);
    close(one);
    close(two);
}
END_TEST

START_TEST(the_newest_few_are_kept)
{
    enum { FILES = SHELF_MAX_IDLE + 5 };
    int files[FILES];
    struct movie *movies[FILES];
    unsigned before;

    for (uint32_t i = 0; i < FILES; i++)
        files[i] = make_file(i + 1);
    before = count_descriptors();
    for (size_t i = 0; i < FILES; i++)
        movies[i] = shelf_get(files[i]);
    /* all are played: all are shared */
    ck_assert_uint_eq(count_descriptors(), before + FILES);
    for (size_t i = 0; i < FILES; i++) {
        struct movie *movie = shelf_get(files[i]);

        ck_assert_ptr_eq(movie, movies[i]);
        movie_unref(movie);
    }
    shelf_tidy(&shelf);
    ck_assert_uint_eq(count_descriptors(), before + FILES);
    /* none is, but the oldest: it is not among the few, and not let go */
    for (size_t i = 1; i < FILES; i++)
        movie_unref(movies[i]);
    shelf_tidy(&shelf);
    ck_assert_uint_eq(count_descriptors(), before + SHELF_MAX_IDLE + 1);
    movie_unref(movies[0]);
    shelf_tidy(&shelf);
    ck_assert_uint_eq(count_descriptors(), before + SHELF_MAX_IDLE);
    /* the newest are those that are kept */
    for (size_t i = FILES - SHELF_MAX_IDLE; i < FILES; i++)
        movie_unref(shelf_get(files[i]));
    ck_assert_uint_eq(count_descriptors(), before + SHELF_MAX_IDLE);
    shelf_forget(&shelf);
    ck_assert_uint_eq(count_descriptors(), before);
    for (size_t i = 0; i < FILES; i++)
        close(files[i]);
}
END_TEST

static void delete_file(unsigned number)
{
    char path[64];

    name_file(path, number);
    ck_assert_int_eq(unlink(path), 0);
}

/* Or its room on the disk would never be free again. */
START_TEST(a_deleted_file_is_kept_by_its_viewers_alone)
{
    const int idle = make_file(1), played = make_file(2), other = make_file(3);
    const unsigned before = count_descriptors();
    struct movie *movie = shelf_get(played);

    movie_unref(shelf_get(idle));
    movie_unref(shelf_get(other));
    delete_file(0);
    delete_file(1);
    shelf_tidy(&shelf);
    ck_assert_uint_eq(count_descriptors(), before + 2);
    ck_assert_uint_eq(count_tags(movie), 2);
    movie_unref(movie);
    shelf_tidy(&shelf);
    ck_assert_uint_eq(count_descriptors(), before + 1);
    close(idle);
    close(played);
    close(other);
}
END_TEST

START_TEST(opening_tidies)
{
    const unsigned before = count_descriptors();

    for (uint32_t i = 0; i < 3 * SHELF_MAX_IDLE; i++) {
        const int fd = make_file(1 + i % 3);

        movie_unref(shelf_get(fd));
        close(fd);
    }
    /* the one that was opened last was not idle then */
    ck_assert_uint_eq(count_descriptors(), before + SHELF_MAX_IDLE + 1);
}
END_TEST

/* A file in memory that can be changed without a change of its times: they are
 * set when its pages are first written to, not later. */
struct silent_file {
    int fd;
    uint8_t *bytes;
    size_t length;
};

static struct silent_file make_damaged_file(void)
{
    struct silent_file file;
    struct flv_bytes b = make_bytes(3);

    b.data[0] = 'X';
    file.fd = flv_bytes_open(&b);
    file.length = b.length;
    file.bytes =
        mmap(NULL, file.length, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
    ck_assert_ptr_ne(file.bytes, MAP_FAILED);
    memcpy(file.bytes, b.data, b.length);
    flv_bytes_free(&b);
    return file;
}

static void repair_silently(struct silent_file *file)
{
    file->bytes[0] = 'F';
}

static void close_silent_file(struct silent_file *file)
{
    munmap(file->bytes, file->length);
    close(file->fd);
}

START_TEST(a_failure_is_remembered)
{
    struct silent_file file = make_damaged_file();

    expect_failure(file.fd, "not FLV");
    repair_silently(&file);
    expect_failure(file.fd, "not FLV"); /* it was not looked at again */
    shelf_forget(&shelf);
    movie_unref(shelf_get(file.fd));
    close_silent_file(&file);
}
END_TEST

START_TEST(until_the_file_changes)
{
    struct flv_bytes good = make_bytes(3), bad = make_bytes(3);
    int fd;

    bad.data[0] = 'X';
    fd = flv_bytes_open(&bad);
    expect_failure(fd, "not FLV");
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    expect_failure(fd, "empty");
    flv_bytes_write(&good, fd);
    movie_unref(shelf_get(fd));
    close(fd);
    flv_bytes_free(&good);
    flv_bytes_free(&bad);
}
END_TEST

START_TEST(failures_are_bounded)
{
    struct silent_file files[SHELF_MAX_FAILURES + 1];

    for (size_t i = 0; i <= SHELF_MAX_FAILURES; i++) {
        files[i] = make_damaged_file();
        expect_failure(files[i].fd, "not FLV");
        repair_silently(&files[i]);
    }
    movie_unref(shelf_get(files[0].fd)); /* forgotten */
    for (size_t i = 1; i <= SHELF_MAX_FAILURES; i++)
        expect_failure(files[i].fd, "not FLV");
    for (size_t i = 0; i <= SHELF_MAX_FAILURES; i++)
        close_silent_file(&files[i]);
}
END_TEST

START_TEST(what_may_pass_is_not_remembered)
{
    const int fd = make_file(3);
    struct movie_error error;

    ck_assert_ptr_null(
        shelf_open(&shelf, again(fd, O_WRONLY), "label", &error));
    ck_assert_ptr_nonnull(strstr(error.what, "cannot be read"));
    movie_unref(shelf_get(fd));
    close(fd);
}
END_TEST

START_TEST(descriptors_are_taken_over)
{
    const int good = make_file(3), bad = make_file(0);
    const unsigned before = count_descriptors();
    struct movie *movie = shelf_get(good);

    for (int i = 0; i < 3; i++) {
        expect_failure(bad, "no playable tag");
        movie_unref(shelf_get(good));
    }
    ck_assert_uint_eq(count_descriptors(), before + 1);
    movie_unref(movie);
    close(good);
    close(bad);
}
END_TEST

/* --- threads ------------------------------------------------------------ */

#define THREADS 8

static pthread_barrier_t barrier;

static void *get_at_once(void *fd)
{
    pthread_barrier_wait(&barrier);
    return shelf_get(*(int *)fd);
}

START_TEST(all_who_come_at_once_share_one)
{
    pthread_t threads[THREADS];
    struct movie *movies[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int round = 0; round < 50; round++) {
        int fd = make_file(3);

        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(
                pthread_create(&threads[i], NULL, get_at_once, &fd), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], (void **)&movies[i]);
        for (int i = 0; i < THREADS; i++) {
            ck_assert_ptr_eq(movies[i], movies[0]);
            ck_assert_uint_eq(count_tags(movies[i]), 3);
        }
        for (int i = 0; i < THREADS; i++)
            movie_unref(movies[i]);
        close(fd);
    }
    pthread_barrier_destroy(&barrier);
}
END_TEST

static void *fail_at_once(void *fd)
{
    pthread_barrier_wait(&barrier);
    expect_failure(*(int *)fd, "no playable tag");
    return NULL;
}

/* So a file that takes long is not searched by each of them: its fault is told
 * once. */
START_TEST(all_who_come_at_once_wait_for_one)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int round = 0; round < 20; round++) {
        int fd = make_file(0);
        uint32_t told = atomic_load(&shelf.fault_lines.lines);

        ck_assert_int_eq(pwrite(fd, "\2", 1, 3), 1); /* the version: a fault */
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(
                pthread_create(&threads[i], NULL, fail_at_once, &fd), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        ck_assert_uint_eq(atomic_load(&shelf.fault_lines.lines), told + 1);
        close(fd);
    }
    pthread_barrier_destroy(&barrier);
}
END_TEST

static int busy_files[SHELF_MAX_IDLE + 2];

static void *keep_busy(void *number)
{
    const size_t count = sizeof(busy_files) / sizeof(busy_files[0]);

    for (size_t i = 0; i < 200; i++) {
        const size_t at = (i * 7 + (size_t)(uintptr_t)number) % count;

        if (at == 0) {
            expect_failure(busy_files[0], "no playable tag");
        } else {
            struct movie *movie = shelf_get(busy_files[at]);

            ck_assert_uint_eq(count_tags(movie), at);
            movie_unref(movie);
        }
        if (i % 50 == 49)
            shelf_forget(&shelf);
        else if (i % 10 == 9)
            shelf_tidy(&shelf);
    }
    return NULL;
}

START_TEST(many_threads)
{
    pthread_t threads[THREADS];

    for (uint32_t i = 0; i < sizeof(busy_files) / sizeof(busy_files[0]); i++)
        busy_files[i] = make_file(i);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, keep_busy, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < sizeof(busy_files) / sizeof(busy_files[0]); i++)
        close(busy_files[i]);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("shelf");
    TCase *const tests = tcase_create("shelf");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_file_has_its_movie);
    tcase_add_test(tests, the_newest_few_are_kept);
    tcase_add_test(tests, a_deleted_file_is_kept_by_its_viewers_alone);
    tcase_add_test(tests, opening_tidies);
    tcase_add_test(tests, a_failure_is_remembered);
    tcase_add_test(tests, until_the_file_changes);
    tcase_add_test(tests, failures_are_bounded);
    tcase_add_test(tests, what_may_pass_is_not_remembered);
    tcase_add_test(tests, descriptors_are_taken_over);
    tcase_add_test(tests, all_who_come_at_once_share_one);
    tcase_add_test(tests, all_who_come_at_once_wait_for_one);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
