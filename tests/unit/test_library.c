/* server/library: names are looked up at each play, and a file is shared as
 * long as it is the same. */
#include "config.h"

#include "server/library.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
    const int fd = open(to, O_RDWR | O_CREAT, 0644);
    struct flv_bytes b = {0};

    ck_assert_int_ge(fd, 0);
    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < pictures; i++)
        flv_bytes_keyframe(&b, 40 * i, size);
    flv_bytes_write(&b, fd);
    flv_bytes_free(&b);
    close(fd);
}

static struct library *open_operands(char *const operands[], size_t count)
{
    struct library_error error;
    struct library *library = library_open(operands, count, &error);

    ck_assert_msg(library != NULL, "%s", error.reason.what);
    return library;
}

static struct library *open_library(void)
{
    return open_operands((char *[]){path}, 1);
}

static enum library_result ask(struct library *library, const char *app,
                               const char *name, struct library_answer *answer)
{
    const struct library_request request = {.app = {app, strlen(app)},
                                            .name = {name, strlen(name)}};

    memset(answer, 'X', sizeof(*answer));
    return library_find(library, &request, answer);
}

static struct movie *find(struct library *library)
{
    struct library_answer answer;

    ck_assert_msg(ask(library, "vod", "x", &answer) == LIBRARY_FOUND, "%s",
                  answer.reason.what);
    ck_assert_ptr_nonnull(answer.movie);
    return answer.movie;
}

static void expect_none(struct library *library, enum library_result result,
                        const char *what)
{
    struct library_answer answer;

    ck_assert_int_eq(ask(library, "vod", "x", &answer), result);
    ck_assert_ptr_null(answer.movie);
    ck_assert_msg(strstr(answer.reason.what, what) != NULL, "%s",
                  answer.reason.what);
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
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    struct movie *before = find(library);
    ck_assert_int_eq(unlink(path), 0);
    expect_none(library, LIBRARY_NOT_FOUND, "cannot be opened");
    expect_none(library, LIBRARY_NOT_FOUND, strerror(ENOENT));
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
    make_directory();
    write_file(path, 3, 100);
    struct library *library = open_library();
    ck_assert_int_eq(truncate(path, 0), 0);
    expect_none(library, LIBRARY_FAILED, "empty");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_none(library, LIBRARY_FAILED, "FIFO"); /* and does not wait */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_none(library, LIBRARY_FAILED, "directory");
    library_close(library);
    remove_directory();
}
END_TEST

static void expect_refused(char *const operands[], size_t count,
                           const char *operand, const char *what)
{
    struct library_error error;

    ck_assert_ptr_null(library_open(operands, count, &error));
    ck_assert_ptr_null(error.same_name);
    ck_assert_str_eq(error.path, operand);
    ck_assert_msg(strstr(error.reason.what, what) != NULL, "%s",
                  error.reason.what);
}

START_TEST(what_cannot_be_played_is_refused_at_the_start)
{
    struct library_error error;
    const int before = open("/dev/null", O_RDONLY);

    close(before);
    make_directory();
    expect_refused((char *[]){path}, 1, path, "cannot be opened");
    write_file(path, 0, 0);
    expect_refused((char *[]){path}, 1, path, "no playable tag");
    /* each of several, and what comes before it is closed again */
    write_file(other_path, 3, 100);
    expect_refused((char *[]){other_path, directory, path}, 3, path,
                   "no playable tag");
    ck_assert_int_eq(unlink(path), 0);
    expect_refused((char *[]){directory, other_path, path}, 3, path,
                   strerror(ENOENT));
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
    struct library_error error;
    struct library_answer answer;
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_keyframe(&b, 40, 100);
    struct library *library = library_open_memory(b.data, b.length, &error);
    ck_assert_ptr_nonnull(library);
    flv_bytes_free(&b); /* it was copied */
    struct movie *first = find(library);
    library_forget(library); /* there is no other place to find it */
    ck_assert_int_eq(ask(library, "..", "\\", &answer), LIBRARY_FOUND);
    ck_assert_ptr_eq(first, answer.movie);
    ck_assert_str_eq(answer.name, "demo");
    ck_assert_uint_eq(count_tags(first), 2);
    ck_assert(library_is_one_file(library));
    ck_assert_mem_eq(library_name(library).data, "demo", 4);
    ck_assert_uint_eq(library_name(library).length, 4);
    ck_assert_uint_eq(library_holdings(library), 1);
    ck_assert_mem_eq(library_holding(library, 0).text.data, "demo", 4);
    ck_assert(!library_holding(library, 0).is_directory);
    ck_assert_uint_eq(library_measure(library).movies, 1);
    ck_assert_uint_gt(library_measure(library).index_bytes, 0);
    movie_unref(first);
    movie_unref(answer.movie);
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

START_TEST(one_file_has_every_name)
{
    static const struct {
        const char *file;
        const char *name;
    } cases[] = {{"movie.flv", "movie"}, {"MOVIE.FLV", "MOVIE"},
                 {"movie", "movie"},     {"a.b.flv", "a.b"},
                 {".flv", ".flv"},       {"movie.mp4", "movie.mp4"}};
    static const char *const asked[] = {"", "..", "/", "a\\b", "\1", "sub/x"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_directory();
        snprintf(path, sizeof(path), "%s/%s", directory, cases[i].file);
        write_file(path, 1, 100);
        struct library *library = open_library();
        const struct amf0_string name = library_name(library);
        ck_assert(library_is_one_file(library));
        ck_assert_uint_eq(name.length, strlen(cases[i].name));
        ck_assert_mem_eq(name.data, cases[i].name, name.length);
        for (size_t k = 0; k < sizeof(asked) / sizeof(asked[0]); k++) {
            struct library_answer answer;

            ck_assert_int_eq(ask(library, asked[k], asked[k], &answer),
                             LIBRARY_FOUND);
            ck_assert_str_eq(answer.name, cases[i].name);
            movie_unref(answer.movie);
        }
        /* an application whose name is too long to be kept */
        struct library_answer answer;
        ck_assert_int_eq(
            library_find(library, &(struct library_request){.name = {"x", 1}},
                         &answer),
            LIBRARY_FOUND);
        movie_unref(answer.movie);
        library_close(library);
        remove_directory();
    }
}
END_TEST

/* --- several operands, directories -------------------------------------- */

/* Files are told apart by how many pictures they have. Relative to the
 * directory, which is the working directory of these tests. */
static void set_up_tree(void)
{
    make_directory();
    ck_assert_int_eq(chmod(directory, 0755), 0);
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(mkdir("media", 0755), 0);
    ck_assert_int_eq(mkdir("media/sub", 0755), 0);
    ck_assert_int_eq(mkdir("media/sub/deep", 0755), 0);
    ck_assert_int_eq(mkdir("media/dir.flv", 0755), 0);
    ck_assert_int_eq(mkdir("more", 0755), 0);
    write_file("one.flv", 1, 100);
    write_file("two", 2, 100);
    write_file("media/movie.flv", 3, 100);
    write_file("media/sub/movie.flv", 4, 100);
    write_file("media/sub/deep/a b%41.flv", 5, 100);
    write_file("media/Gr\xC3\xBC\xC3\x9F.flv", 6, 100);
    write_file("media/UPPER.FLV", 7, 100);
    write_file("media/film.mp4.flv", 8, 100);
    write_file("media/dir.flv/x.flv", 9, 100);
    write_file("media/100%.flv", 10, 100);
    write_file("more/movie.flv", 11, 100);
    write_file("more/other.flv", 12, 100);
    write_file("outside.flv", 13, 100);
    write_file("media/twice.flv.flv", 14, 100);
    write_file("media/a%20b.flv", 15, 100);
    write_file("media/empty.flv", 0, 0);
    write_file("media/plain", 16, 100);
    ck_assert_int_eq(mkfifo("media/fifo.flv", 0644), 0);
    ck_assert_int_eq(symlink("../outside.flv", "media/leads-out.flv"), 0);
    ck_assert_int_eq(symlink("..", "media/up"), 0);
    ck_assert_int_eq(symlink("/etc/passwd", "media/passwd.flv"), 0);
}

static void tear_down_tree(void)
{
    char command[64];

    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static void expect_found(struct library *library, const char *app,
                         const char *name, const char *resolved,
                         unsigned pictures)
{
    struct library_answer answer;

    ck_assert_msg(ask(library, app, name, &answer) == LIBRARY_FOUND,
                  "app %s, name %s: %s", app, name, answer.reason.what);
    ck_assert_str_eq(answer.name, resolved);
    ck_assert_uint_eq(count_tags(answer.movie), pictures);
    movie_unref(answer.movie);
}

static void expect_not(struct library *library, const char *app,
                       const char *name, enum library_result result,
                       const char *what)
{
    struct library_answer answer;

    ck_assert_msg(ask(library, app, name, &answer) == result,
                  "app %s, name %s: %s", app, name, answer.reason.what);
    ck_assert_ptr_null(answer.movie);
    ck_assert_msg(strstr(answer.reason.what, what) != NULL,
                  "app %s, name %s: %s", app, name, answer.reason.what);
}

START_TEST(a_directory)
{
    struct library *library = open_operands((char *[]){"media/"}, 1);

    ck_assert(!library_is_one_file(library));
    ck_assert_uint_eq(library_name(library).length, 0);
    expect_found(library, "vod", "movie", "movie", 3);
    expect_found(library, "live", "mp4:movie.mp4?x=y", "movie", 3);
    expect_found(library, "movie", "", "movie", 3);
    expect_found(library, "vod", "sub/movie", "sub/movie", 4);
    expect_found(library, "vod/sub?x=y", "/movie.flv", "sub/movie", 4);
    expect_found(library, "vod/_definst_/sub/movie", "", "sub/movie", 4);
    expect_found(library, "vod/mp4:sub", "movie", "sub/movie", 4);
    expect_found(library, "", "vod/sub/movie", "sub/movie", 4);
    expect_found(library, "vod", "sub%2Fdeep%2fa%20b%2541", "sub/deep/a b%41",
                 5);
    expect_found(library, "vod/sub/deep", "a b%41", "sub/deep/a b%41", 5);
    expect_found(library, "vod", "Gr%C3%BC%c3%9f", "Gr\xC3\xBC\xC3\x9F", 6);
    expect_found(library, "vod", "UPPER", "UPPER", 7);
    expect_found(library, "vod", "UPPER.FLV", "UPPER", 7);
    expect_found(library, "vod", "film.mp4", "film.mp4", 8);
    expect_found(library, "vod", "dir.flv/x", "dir.flv/x", 9);
    expect_found(library, "vod", "100%", "100%", 10);
    expect_found(library, "vod", "twice.flv", "twice.flv", 14);
    expect_found(library, "vod", "a%20b", "a%20b", 15);
    library_close(library);
}
END_TEST

START_TEST(what_a_directory_has_not)
{
    struct library *library = open_operands((char *[]){"media"}, 1);

    expect_not(library, "vod", "nothing", LIBRARY_NOT_FOUND,
               "no such .flv file");
    expect_not(library, "vod", "sub", LIBRARY_NOT_FOUND, "no such .flv file");
    expect_not(library, "vod", "movie/x", LIBRARY_NOT_FOUND,
               "no such .flv file");
    expect_not(library, "vod", "plain", LIBRARY_NOT_FOUND, "no such .flv file");
    expect_not(library, "vod", "", LIBRARY_NOT_FOUND, "no such .flv file");
    expect_not(library, "", "", LIBRARY_NOT_FOUND, "no name");
    expect_not(library, "vod", "../outside", LIBRARY_NOT_FOUND, "\"..\"");
    expect_not(library, "vod", "%2e%2e/outside", LIBRARY_NOT_FOUND, "\"..\"");
    /* without openat2, as under valgrind, it is not known why */
    expect_not(library, "vod", "up/outside", LIBRARY_NOT_FOUND, "");
    expect_not(library, "vod", "leads-out", LIBRARY_NOT_FOUND, "");
    expect_not(library, "vod", "passwd", LIBRARY_NOT_FOUND, "");
    expect_not(library, "vod", "/etc/passwd", LIBRARY_NOT_FOUND, "no such");
    expect_not(library, "vod", "fifo", LIBRARY_FAILED, "FIFO");
    expect_not(library, "vod", "dir", LIBRARY_FAILED, "directory");
    expect_not(library, "vod", "empty", LIBRARY_FAILED, "no playable tag");
    library_close(library);
}
END_TEST

START_TEST(an_application_that_is_too_long)
{
    const struct library_request request = {.name = {"movie", 5}};
    struct library *library = open_operands((char *[]){"media"}, 1);
    struct library_answer answer;

    ck_assert_int_eq(library_find(library, &request, &answer),
                     LIBRARY_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(answer.reason.what, "too long"));
    library_close(library);
}
END_TEST

START_TEST(several_operands)
{
    struct library *library =
        open_operands((char *[]){"one.flv", "media", "more", "./two"}, 4);

    ck_assert(!library_is_one_file(library));
    ck_assert_uint_eq(library_holdings(library), 4);
    ck_assert_mem_eq(library_holding(library, 0).text.data, "one", 3);
    ck_assert_uint_eq(library_holding(library, 0).text.length, 3);
    ck_assert(!library_holding(library, 0).is_directory);
    ck_assert_mem_eq(library_holding(library, 1).text.data, "media", 5);
    ck_assert_uint_eq(library_holding(library, 1).text.length, 5);
    ck_assert(library_holding(library, 1).is_directory);
    expect_found(library, "vod", "one", "one", 1);
    expect_found(library, "vod", "one.flv", "one", 1);
    expect_found(library, "vod", "flv:one", "one", 1);
    expect_found(library, "one", "", "one", 1);
    expect_found(library, "vod", "two", "two", 2);
    expect_found(library, "vod", "two.flv", "two", 2);
    expect_found(library, "vod", "sub/movie", "sub/movie", 4);
    expect_found(library, "vod", "other", "other", 12);
    /* the first that has the name */
    expect_found(library, "vod", "movie", "movie", 3);
    ck_assert_int_eq(unlink("media/movie.flv"), 0);
    expect_found(library, "vod", "movie", "movie", 11);
    write_file("media/one.flv", 9, 100);
    expect_found(library, "vod", "one", "one", 1);
    ck_assert_int_eq(unlink("one.flv"), 0);
    expect_found(library, "vod", "one", "one", 9);
    /* also when it cannot be played, but not when it leads out */
    write_file("more/empty.flv", 1, 100);
    expect_not(library, "vod", "empty", LIBRARY_FAILED, "no playable tag");
    write_file("more/leads-out.flv", 1, 100);
    expect_found(library, "vod", "leads-out", "leads-out", 1);
    expect_not(library, "vod", "sub/one", LIBRARY_NOT_FOUND,
               "no such .flv file");
    expect_not(library, "vod/sub", "one", LIBRARY_NOT_FOUND,
               "no such .flv file");
    library_close(library);
}
END_TEST

START_TEST(two_files_of_one_name)
{
    static char *const operands[][3] = {
        {"one.flv", "media", "more/one.flv"},
        {"media/movie.flv", "more/movie.flv", "more"},
        {"two", "one.flv", "two.flv"},
        {"one.flv", "./one.flv", "two"}};
    struct library_error error;

    /* what cannot be played is not even looked at */
    write_file("more/one.flv", 0, 0);
    for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i++) {
        ck_assert_ptr_null(library_open(operands[i], 3, &error));
        ck_assert_ptr_nonnull(error.same_name);
        ck_assert_str_eq(error.same_name, operands[i][0]);
        ck_assert_str_eq(error.path, operands[i][i == 0 || i == 2 ? 2 : 1]);
    }
    /* a file and a directory may have one, and so may two directories */
    ck_assert_int_eq(mkdir("more/one", 0755), 0);
    library_close(
        open_operands((char *[]){"one.flv", "more/one", "media", "media"}, 4));
}
END_TEST

START_TEST(a_name_that_nobody_can_ask_for)
{
    static char *const names[] = {"back\\slash.flv", "new\nline.flv",
                                  "_definst_.flv", "...flv", "\x7F"};
    struct library_error error;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *const operands[] = {"one.flv", names[i]};

        write_file(names[i], 3, 100);
        ck_assert_ptr_null(library_open(operands, 2, &error));
        ck_assert(error.is_bad_name);
        ck_assert_str_eq(error.path, names[i]);
        /* alone it needs no name */
        library_close(open_operands((char *[]){names[i]}, 1));
        ck_assert_int_eq(unlink(names[i]), 0);
    }
}
END_TEST

/* Names that look as wrong, but that a client can make. */
START_TEST(strange_names_that_somebody_can_ask_for)
{
    static const char *const names[][2] = {
        {".flv", ".flv"},       {"a?b%.flv", "a%3Fb%25"},
        {"%5C.flv", "%5C"},     {"flv:x.flv", "flv:x"},
        {"x.flv.flv", "x.flv"}, {"_definst_ .flv", "_definst_ "},
        {"\xE9.flv", "\xE9"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char file[32], wanted[32];
        struct library *library;

        strcpy(file, names[i][0]);
        strcpy(wanted, file);
        if (strlen(file) > 4)
            wanted[strlen(file) - 4] = '\0';
        write_file(file, 3, 100);
        library = open_operands((char *[]){"one.flv", file}, 2);
        expect_found(library, "vod", names[i][1], wanted, 3);
        library_close(library);
        ck_assert_int_eq(unlink(file), 0);
    }
}
END_TEST

START_TEST(added_replaced_removed)
{
    struct library *library = open_operands((char *[]){"media"}, 1);
    struct library_answer before, after;

    expect_not(library, "vod", "new", LIBRARY_NOT_FOUND, "no such .flv file");
    write_file("media/new.flv", 1, 100);
    expect_found(library, "vod", "new", "new", 1);
    ck_assert_int_eq(ask(library, "vod", "new", &before), LIBRARY_FOUND);
    ck_assert_int_eq(ask(library, "live", "new.flv", &after), LIBRARY_FOUND);
    ck_assert_ptr_eq(before.movie, after.movie);
    movie_unref(after.movie);
    ck_assert_int_eq(rename("more/other.flv", "media/new.flv"), 0);
    expect_found(library, "vod", "new", "new", 12);
    ck_assert_int_eq(unlink("media/new.flv"), 0);
    expect_not(library, "vod", "new", LIBRARY_NOT_FOUND, "no such .flv file");
    ck_assert_uint_eq(count_tags(before.movie), 1);
    movie_unref(before.movie);
    /* one that cannot be played, until it can */
    expect_not(library, "vod", "empty", LIBRARY_FAILED, "no playable tag");
    write_file("media/empty.flv", 2, 100);
    expect_found(library, "vod", "empty", "empty", 2);
    write_file("media/empty.flv", 4, 100);
    expect_found(library, "vod", "empty", "empty", 4);
    library_close(library);
}
END_TEST

START_TEST(a_directory_that_is_replaced)
{
    struct library *library = open_operands((char *[]){"more", "media"}, 2);

    ck_assert_int_eq(rename("more", "before"), 0);
    expect_found(library, "vod", "movie", "movie", 11);
    library_forget(library); /* it is not there: it stays as it was */
    expect_found(library, "vod", "movie", "movie", 11);
    ck_assert_int_eq(mkdir("more", 0755), 0);
    write_file("more/movie.flv", 1, 100);
    expect_found(library, "vod", "movie", "movie", 11);
    library_forget(library);
    expect_found(library, "vod", "movie", "movie", 1);
    library_close(library);
}
END_TEST

static int as_nobody(void)
{
    struct library_answer answer;
    struct library_error error;
    struct library *library;

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    library = library_open((char *[]){"media"}, 1, &error);
    if (library == NULL)
        return 2;
    if (ask(library, "vod", "movie", &answer) != LIBRARY_FAILED ||
        strstr(answer.reason.what, strerror(EACCES)) == NULL)
        return 3;
    if (ask(library, "vod", "sub/movie", &answer) != LIBRARY_FAILED)
        return 4;
    if (ask(library, "vod", "100%", &answer) != LIBRARY_FOUND)
        return 5;
    movie_unref(answer.movie);
    library_close(library);
    return library_open((char *[]){"more"}, 1, &error) == NULL &&
                   strcmp(error.path, "more") == 0 &&
                   strstr(error.reason.what, strerror(EACCES)) != NULL
               ? 0
               : 6;
}

START_TEST(what_may_not_be_read)
{
    pid_t pid;
    int status;

    ck_assert_int_eq(chmod("media/movie.flv", 0), 0);
    ck_assert_int_eq(chmod("media/100%.flv", 0644), 0);
    ck_assert_int_eq(chmod("media/sub", 0), 0);
    ck_assert_int_eq(chmod("more", geteuid() == 0 ? 0711 : 0311), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(as_nobody());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "it ended with %#x", (unsigned)status);
    ck_assert_int_eq(chmod("media/sub", 0755), 0);
    ck_assert_int_eq(chmod("more", 0755), 0);
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

static void *find_names(void *argument)
{
    for (int i = 0; i < 50; i++) {
        expect_found(argument, "vod", "movie", "movie", 3);
        expect_found(argument, "vod/sub", "movie", "sub/movie", 4);
        expect_found(argument, "vod", "one", "one", 1);
        expect_not(argument, "vod", "empty", LIBRARY_FAILED, "no playable");
        expect_not(argument, "vod", "nothing", LIBRARY_NOT_FOUND, "no such");
        library_tidy(argument);
        if (i % 10 == 0)
            library_forget(argument);
    }
    return NULL;
}

START_TEST(many_threads_in_a_directory)
{
    pthread_t threads[4];
    struct library *library =
        open_operands((char *[]){"media", "one.flv", "more"}, 3);

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, find_names, library),
                         0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    library_close(library);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("library");
    TCase *const tests = tcase_create("one file");
    TCase *const tree = tcase_create("several");
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
    tcase_add_test(tests, one_file_has_every_name);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    tcase_set_timeout(tree, 120);
    tcase_add_checked_fixture(tree, set_up_tree, tear_down_tree);
    tcase_add_test(tree, a_directory);
    tcase_add_test(tree, what_a_directory_has_not);
    tcase_add_test(tree, an_application_that_is_too_long);
    tcase_add_test(tree, several_operands);
    tcase_add_test(tree, two_files_of_one_name);
    tcase_add_test(tree, a_name_that_nobody_can_ask_for);
    tcase_add_test(tree, strange_names_that_somebody_can_ask_for);
    tcase_add_test(tree, added_replaced_removed);
    tcase_add_test(tree, a_directory_that_is_replaced);
    tcase_add_test(tree, what_may_not_be_read);
    tcase_add_test(tree, many_threads_in_a_directory);
    suite_add_tcase(suite, tree);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
