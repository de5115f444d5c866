/* server/library: the file is looked up at each play, and shared as long as it
 * is the same. */
#include "config.h"

#include "server/library.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flv_bytes.h"

static char directory[] = "/tmp/flvd-test-XXXXXX";
static char path[64], other_path[64];

static void make_directory(void)
{
    strcpy(strstr(directory, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/movie.flv", directory);
    snprintf(other_path, sizeof(other_path), "%s/other.flv", directory);
}

static void remove_directory(void)
{
    (void)unlink(path);
    (void)unlink(other_path);
    (void)rmdir(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* A file of `pictures` keyframes of `size` bytes. */
static void write_file(const char *to, uint32_t pictures, size_t size)
{
    const int fd = open(to, O_RDWR | O_CREAT, 0600);
    struct flv_bytes b = {0};

    ck_assert_int_ge(fd, 0);
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < pictures; i++)
        flv_bytes_keyframe(&b, 40 * i, size);
    flv_bytes_write(&b, fd);
    flv_bytes_free(&b);
    close(fd);
}

static struct library *open_library(void)
{
    struct movie_error error;
    struct library *library = library_open_file(path, &error);

    ck_assert_msg(library != NULL, "%s", error.what);
    return library;
}

static struct movie *find(struct library *library)
{
    struct movie_error error;
    struct movie *movie = library_find(library, &error);

    ck_assert_msg(movie != NULL, "%s", error.what);
    return movie;
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

START_TEST(the_same_file_is_the_same_movie)
{
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *first = find(library);
    struct movie *second = find(library);
    ck_assert_ptr_eq(first, second);
    ck_assert_uint_eq(count_tags(first), 3);
    /* touched, but not changed */
    ck_assert_int_eq(utimensat(AT_FDCWD, path, NULL, 0), 0);
    struct movie *third = find(library);
    ck_assert_ptr_eq(first, third);
    movie_unref(first);
    movie_unref(second);
    movie_unref(third);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(replaced_by_rename)
{
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    write_file(other_path, 5, 100);
    ck_assert_int_eq(rename(other_path, path), 0);
    struct movie *after = find(library);
    ck_assert_ptr_ne(before, after);
    ck_assert_uint_eq(count_tags(after), 5);
    /* who plays the old one goes on */
    ck_assert_uint_eq(count_tags(before), 3);
    movie_unref(before);
    struct movie *again = find(library);
    ck_assert_ptr_eq(after, again);
    movie_unref(after);
    movie_unref(again);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(overwritten_in_place)
{
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    ck_assert_uint_eq(count_tags(before), 3);
    write_file(path, 7, 90);
    struct movie *after = find(library);
    ck_assert_ptr_ne(before, after);
    ck_assert_uint_eq(count_tags(after), 7);
    movie_unref(before);
    movie_unref(after);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(a_file_that_grew_is_the_same)
{
    make_directory();
    write_file(path, 100, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    ck_assert_uint_eq(count_tags(before), 100);
    write_file(path, 103, 100);
    struct movie *after = find(library);
    ck_assert_ptr_eq(before, after);
    ck_assert_uint_eq(count_tags(after), 103);
    movie_unref(before);
    movie_unref(after);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(deleted_and_back)
{
    struct movie_error error;

    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    ck_assert_int_eq(unlink(path), 0);
    memset(&error, 'X', sizeof(error));
    ck_assert_ptr_null(library_find(library, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "cannot be opened"));
    ck_assert_ptr_nonnull(strstr(error.what, strerror(2)));
    ck_assert_int_eq(error.offset_bytes, -1);
    ck_assert(!error.can_remux);
    ck_assert_uint_eq(count_tags(before), 3);
    write_file(path, 4, 100);
    struct movie *after = find(library);
    ck_assert_uint_eq(count_tags(after), 4);
    movie_unref(before);
    movie_unref(after);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(no_playable_file_any_more)
{
    struct movie_error error;

    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_ptr_null(library_find(library, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "empty"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(library_find(library, &error)); /* and does not wait */
    ck_assert_ptr_nonnull(strstr(error.what, "FIFO"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_ptr_null(library_find(library, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "directory"));
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(what_cannot_be_played_is_refused_at_the_start)
{
    struct movie_error error;
    const int before = open("/dev/null", O_RDONLY);

    close(before);
    make_directory();
    ck_assert_ptr_null(library_open_file(path, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "cannot be opened"));
    write_file(path, 0, 0);
    ck_assert_ptr_null(library_open_file(path, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "no playable tag"));
    ck_assert_ptr_null(library_open_memory("", 0, &error));
    ck_assert_ptr_null(library_open_memory("FLX", 3, &error));
    library_close(NULL);
    /* no descriptor was left open */
    const int after = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(after, before);
    close(after);
    remove_directory();
}
END_TEST

START_TEST(a_movie_in_memory)
{
    struct movie_error error;
    struct flv_bytes b = {0};
    size_t length;

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_keyframe(&b, 40, 100);
    struct library *library = library_open_memory(b.data, b.length, &error);
    ck_assert_ptr_nonnull(library);
    flv_bytes_free(&b); /* it was copied */
    struct movie *first = find(library);
    library_forget(library); /* there is no other place to find it */
    struct movie *second = find(library);
    ck_assert_ptr_eq(first, second);
    ck_assert_uint_eq(count_tags(first), 2);
    ck_assert_mem_eq(library_name(library, &length), "demo", 4);
    ck_assert_uint_eq(length, 4);
    movie_unref(first);
    movie_unref(second);
    library_close(library);
}
END_TEST

START_TEST(forgetting)
{
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    library_forget(library);
    library_forget(library);
    struct movie *after = find(library);
    ck_assert_ptr_ne(before, after);
    ck_assert_uint_eq(count_tags(before), 3);
    movie_unref(before);
    movie_unref(after);
    library_close(library);
    remove_directory();
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *file;
        const char *name;
    } cases[] = {{"movie.flv", "movie"}, {"MOVIE.FLV", "MOVIE"},
                 {"movie", "movie"},     {"a.b.flv", "a.b"},
                 {".flv", ".flv"},       {"movie.mp4", "movie.mp4"},
                 {"x.flv.flv", "x.flv"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length;

        make_directory();
        snprintf(path, sizeof(path), "%s/%s", directory, cases[i].file);
        write_file(path, 1, 100);
        struct library *library = open_library();
        const char *name = library_name(library, &length);
        ck_assert_uint_eq(length, strlen(cases[i].name));
        ck_assert_mem_eq(name, cases[i].name, length);
        library_close(library);
        remove_directory();
    }
}
END_TEST

static void *find_many(void *argument)
{
    for (int i = 0; i < 50; i++) {
        struct movie *movie = find(argument);

        ck_assert_uint_eq(count_tags(movie), 3);
        movie_unref(movie);
        if (i % 10 == 0)
            library_forget(argument);
    }
    return NULL;
}

START_TEST(many_threads)
{
    pthread_t threads[4];

    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, find_many, library),
                         0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    library_close(library);
    remove_directory();
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("library");
    TCase *const tests = tcase_create("library");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_same_file_is_the_same_movie);
    tcase_add_test(tests, replaced_by_rename);
    tcase_add_test(tests, overwritten_in_place);
    tcase_add_test(tests, a_file_that_grew_is_the_same);
    tcase_add_test(tests, deleted_and_back);
    tcase_add_test(tests, no_playable_file_any_more);
    tcase_add_test(tests, what_cannot_be_played_is_refused_at_the_start);
    tcase_add_test(tests, a_movie_in_memory);
    tcase_add_test(tests, forgetting);
    tcase_add_test(tests, names);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
