/* server/name: what clients make of URLs, and what hostile ones might. */
#include "config.h"

#include "server/name.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s) ((struct amf0_string){(s), sizeof(s) - 1})

static struct amf0_string text(const char *s)
{
    return (struct amf0_string){s, strlen(s)};
}

/* Checks that the walk gives exactly these names, separated by blanks. */
static const char *expect_walk(struct amf0_string app, struct amf0_string name,
                               const char *names)
{
    char found[NAME_MAX_FORMS * NAME_BYTES] = "";
    char one[NAME_BYTES];
    struct name_walk walk;

    name_walk_init(&walk, app, name);
    while (name_walk_next(&walk, one)) {
        if (found[0] != '\0')
            strcat(found, " ");
        strcat(found, one);
    }
    ck_assert_str_eq(found, names);
    ck_assert(!name_walk_next(&walk, one));
    return walk.fault;
}

static void expect_names(const char *app, const char *name, const char *names)
{
    const char *fault = expect_walk(text(app), text(name), names);

    ck_assert_msg(fault == NULL, "app %s, name %s: %s", app, name, fault);
}

static void expect_fault(const char *app, const char *name, const char *names,
                         const char *fault)
{
    const char *found = expect_walk(text(app), text(name), names);

    ck_assert_msg(found != NULL && strstr(found, fault) != NULL,
                  "app %s, name %s: %s", app, name,
                  found == NULL ? "no fault" : found);
}

/* --- what clients send -------------------------------------------------- */

/* How the URL in the comment comes from FFmpeg, librtmp, GStreamer, gortmplib
 * and HaishinKit, ZLMediaKit, joy4 and livego, lal, where they differ. */
static const struct {
    const char *app;
    const char *name;
    const char *names;
} clients[] = {
    /* rtmp://host/x */
    {"x", "", "x"},
    /* /a/b */
    {"a", "b", "b"},
    {"a/b", "", "b"},
    /* /a/b/c */
    {"a/b", "c", "b/c"},
    {"a/b/c", "", "b/c"},
    {"a", "b/c", "b/c"},
    /* /a/b/c/d */
    {"a/b", "c/d", "b/c/d"},
    {"a/b/c", "d", "b/c/d"},
    {"a/b/c/d", "", "b/c/d"},
    {"a", "b/c/d", "b/c/d"},
    /* /a/mp4:d/f */
    {"a", "mp4:d/f", "mp4:d/f d/f"},
    {"a/mp4:d", "f", "mp4:d/f d/f"},
    {"a/mp4:d/f", "", "mp4:d/f d/f"},
    /* /a/b.flv: FFmpeg and librtmp take the extension away, others do not */
    {"a", "b.flv", "b b.flv"},
    {"a/b.flv", "", "b b.flv"},
    /* /a/b.mp4, /a/b.f4v: FFmpeg, librtmp, others */
    {"a", "mp4:b.mp4", "mp4:b.mp4 mp4:b b.mp4 b"},
    {"a", "mp4:b", "mp4:b b"},
    {"a", "b.mp4", "b.mp4 b"},
    {"a", "mp4:b.f4v", "mp4:b.f4v mp4:b b.f4v b"},
    /* /a/b.mp3: librtmp */
    {"a", "mp3:b", "mp3:b b"},
    /* /a/b?x=y */
    {"a", "b?x=y", "b"},
    {"a/b?x=y", "", "b"},
    /* /a/sub/b?x=y/z: FFmpeg takes the last slash, the others the first */
    {"a/sub/b?x=y", "z", "sub/b/z sub/b"},
    {"a/sub", "b?x=y/z", "sub/b"},
    {"a/sub/b?x=y/z", "", "sub/b"},
    /* programs that name the stream apart from the URL */
    {"a?x=y", "b", "b"},
    {"a/sub?x=y", "b", "sub/b sub"},
    /* the path put into the name, as for a server that has no applications */
    {"", "vod/movie", "vod/movie movie"},
    {"", "movie", "movie"},
    /* /vod/_definst_/flv:dir/name, and what players of Flash made of URLs */
    {"vod/_definst_", "flv:dir/name", "flv:dir/name dir/name"},
    {"vod/_definst_/dir", "name", "dir/name"},
    {"_definst_", "name", "name"},
    {"vod", "flv:dir/name.flv",
     "flv:dir/name flv:dir/name.flv "
     "dir/name dir/name.flv"},
    {"vod", "FLV:name.FLV", "FLV:name FLV:name.FLV name name.FLV"},
    {"vod", "mp4:movie.flv", "mp4:movie mp4:movie.flv movie movie.flv"},
    {"vod", "dir/mp4:name", "dir/mp4:name dir/name"},
    {"/vod/", "/movie", "movie"},
    {"vod//dir", "//name//", "dir/name"},
    {"vod/./dir", "./name", "dir/name"},
    {"vod", "mp4:/movie", "mp4:/movie movie"},
    {"mp4:movie", "", "mp4:movie movie"},
    /* encoded, or not and looking like it */
    {"vod", "a%20b", "a%20b a b"},
    {"a%2Fsub", "movie", "movie sub/movie"},
    {"vod", "sub%2fmovie%2Eflv", "sub%2fmovie%2Eflv sub/movie sub/movie.flv"},
    {"vod", "100%", "100%"},
    {"vod", "100%2", "100%2"},
    {"vod", "100%4x", "100%4x"},
    {"vod", "100%zz%4", "100%zz%4"},
    {"vod", "100%25", "100%25 100%"},
    {"vod", "%252e%252e", "%252e%252e %2e%2e"},
    {"vod", "what%3Fnow?x=%41", "what%3Fnow what?now"},
    {"vod", "b?x=%41", "b"},
    {"vod", "Gr\xC3\xBC\xC3\x9F", "Gr\xC3\xBC\xC3\x9F"},
    {"vod", "Gr%FC\xDF", "Gr%FC\xDF Gr\xFC\xDF"},
    {"vod", "a b'\"$`;*", "a b'\"$`;*"},
    /* dots that lead nowhere */
    {"vod", "..movie", "..movie"},
    {"vod", "movie..", "movie.."},
    {"vod", "..mp4:movie", "..mp4:movie"},
    {"vod", ".../x", ".../x"},
    {"vod", "a.b.flv", "a.b a.b.flv"},
    {"vod", ".flv", ".flv"},
    {"vod", "dir/.flv", "dir/.flv"},
    {"vod", "x.flv.flv", "x.flv x.flv.flv"},
    {"vod", "x.flv/y", "x.flv/y"},
    /* what is left of it would look like a way up, and is left alone */
    {"vod", "...flv", "...flv"},
    {"vod", "sub/...flv", "sub/...flv"},
    {"vod", "..flv", "..flv"},
    {"vod", "...mp4", "...mp4"},
    /* as is what would look like the instance of an application */
    {"vod", "_definst_.flv", "_definst_.flv"},
    {"vod", "_definst_.mp4", "_definst_.mp4"},
    {"vod", "sub/_definst_.flv", "sub/_definst_.flv"},
};

START_TEST(as_clients_have_it)
{
    expect_names(clients[_i].app, clients[_i].name, clients[_i].names);
}
END_TEST

/* --- what is refused ---------------------------------------------------- */

#define UP "\"..\""

static const struct {
    const char *app;
    const char *name;
    const char *names; /* that are tried nevertheless */
    const char *fault;
} hostile[] = {
    {"vod", "..", "", UP},
    {"vod", "../movie", "", UP},
    {"vod", "../../../../etc/passwd", "", UP},
    {"vod", "sub/../movie", "", UP},
    {"vod", "sub/..", "", UP},
    {"vod", "/../movie", "", UP},
    {"vod/..", "movie", "", UP},
    {"..", "movie", "", UP},
    {"vod/../..", "", "", UP},
    {"vod", "flv:../movie", "flv:../movie", UP},
    {"vod/flv:..", "movie", "flv:../movie", UP},
    {"vod", "%2e%2e/movie", "%2e%2e/movie", UP},
    {"vod", "..%2fmovie", "..%2fmovie", UP},
    {"vod", "%2E%2E%2Fmovie", "%2E%2E%2Fmovie", UP},
    {"vod", "sub/%2e./movie", "sub/%2e./movie", UP},
    {"vod", "flv%3a..%2fx", "flv%3a..%2fx flv:../x", UP},
    {"vod", "..\\movie", "", "backslash"},
    {"vod", "sub\\movie", "", "backslash"},
    {"vod", "sub%5cmovie", "sub%5cmovie", "backslash"},
    {"C:\\", "movie", "", "backslash"},
    {"vod", "a\nb", "", "control"},
    {"vod", "a\x7F", "", "control"},
    {"vod\x01", "a", "", "control"},
    {"vod", "a%0Ab", "a%0Ab", "control"},
    {"vod", "a%00b", "a%00b", "control"},
    {"vod", "movie.flv%00.mp4", "movie.flv%00.mp4 movie.flv%00", "control"},
    {"", "", "", "no name"},
    {"/", "//", "", "no name"},
    {"?x=y", "?x=y", "", "no name"},
    {"_definst_", ".", "", "no name"},
    {"", "mp4:", "mp4:", "no name"},
};

START_TEST(never_leads_out)
{
    expect_fault(hostile[_i].app, hostile[_i].name, hostile[_i].names,
                 hostile[_i].fault);
}
END_TEST

START_TEST(nul_bytes)
{
    const char *fault = expect_walk(TEXT("vod"), TEXT("movie\0.mp4"), "");

    ck_assert_ptr_nonnull(strstr(fault, "control"));
    fault = expect_walk(TEXT("vod\0/../.."), TEXT("movie"), "");
    ck_assert_ptr_nonnull(strstr(fault, "control"));
}
END_TEST

START_TEST(long_names)
{
    static char name[NAME_BYTES + 8];
    char out[NAME_BYTES];
    struct name_walk walk;

    /* "ab/" and the name fit exactly */
    memset(name, 'x', sizeof(name));
    name_walk_init(&walk, TEXT("vod/ab"),
                   (struct amf0_string){name, NAME_BYTES - 8});
    ck_assert(name_walk_next(&walk, out));
    ck_assert_uint_eq(strlen(out), NAME_BYTES - 5);
    name_walk_init(&walk, TEXT("vod/ab"),
                   (struct amf0_string){name, NAME_BYTES - 7});
    ck_assert(!name_walk_next(&walk, out));
    ck_assert_str_eq(walk.fault, "the name is too long");
    /* many segments */
    for (size_t i = 0; i < sizeof(name); i += 2)
        name[i] = '/';
    name_walk_init(&walk, TEXT(""), (struct amf0_string){name, sizeof(name)});
    while (name_walk_next(&walk, out))
        ck_assert_uint_lt(strlen(out), NAME_BYTES);
    memset(name, '/', sizeof(name));
    name[sizeof(name) - 1] = 'x';
    expect_walk(TEXT(""), (struct amf0_string){name, sizeof(name)}, "x");
}
END_TEST

/* Nothing that is given may leave, whatever the bytes. */
static void check_harmless(const char *name)
{
    const char *segment = name;

    ck_assert_uint_gt(strlen(name), 0);
    ck_assert_uint_lt(strlen(name), NAME_BYTES);
    for (;;) {
        size_t n = strcspn(segment, "/");

        ck_assert_uint_gt(n, 0);
        ck_assert(!(n == 1 && segment[0] == '.'));
        ck_assert(!(n == 2 && memcmp(segment, "..", 2) == 0));
        for (size_t i = 0; i < n; i++)
            ck_assert((unsigned char)segment[i] >= 0x20 && segment[i] != 0x7F &&
                      segment[i] != '\\');
        if (segment[n] == '\0')
            return;
        segment += n + 1;
    }
}

START_TEST(whatever_comes)
{
    static const char *const pieces[] = {
        "/",         "..",   ".",    "%2e", "%2F", "%",  "%0",  "mp4:", "flv:",
        "_definst_", ".flv", ".mp4", "?",   "x",   "\\", "%5c", "\xFF", "%00"};
    const size_t count = sizeof(pieces) / sizeof(pieces[0]);
    uint32_t seed = 1;

    for (int round = 0; round < 100000; round++) {
        char app[64] = "", name[64] = "", out[NAME_BYTES];
        struct name_walk walk;
        unsigned given = 0;

        for (int i = 0; i < 6; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(seed & 0x8000 ? app : name, pieces[(seed >> 16) % count]);
        }
        name_walk_init(&walk, text(app), text(name));
        while (name_walk_next(&walk, out)) {
            check_harmless(out);
            ck_assert_uint_le(++given, NAME_MAX_FORMS);
        }
    }
}
END_TEST

/* Exactly as many bytes as there are, for the sanitizers. */
START_TEST(cut_at_every_length)
{
    static const char app[] = "vod/mp4:sub%2Fx/_definst_?a=b",
                      name[] = "flv:d%69r/m%6Fvie.flv?start=%31";

    for (size_t a = 0; a < sizeof(app); a++) {
        for (size_t n = 0; n < sizeof(name); n++) {
            char *const cut_app = malloc(a + 1), *const cut_name =
                                                     malloc(n + 1);
            char out[NAME_BYTES];
            struct name_walk walk;

            ck_assert(cut_app != NULL && cut_name != NULL);
            memcpy(cut_app + 1, app, a);
            memcpy(cut_name + 1, name, n);
            name_walk_init(&walk, (struct amf0_string){cut_app + 1, a},
                           (struct amf0_string){cut_name + 1, n});
            while (name_walk_next(&walk, out))
                check_harmless(out);
            free(cut_app);
            free(cut_name);
        }
    }
}
END_TEST

START_TEST(of_files)
{
    static const struct {
        const char *path;
        const char *name;
    } files[] = {{"movie.flv", "movie"},   {"/a/b.c/MOVIE.FLV", "MOVIE"},
                 {"movie", "movie"},       {"./a.b.flv", "a.b"},
                 {".flv", ".flv"},         {"movie.mp4", "movie.mp4"},
                 {"x.flv.flv", "x.flv"},   {"x/", ""},
                 {"/proc/self/fd/3", "3"}, {"", ""}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct amf0_string name = name_of_file(files[i].path);

        ck_assert_uint_eq(name.length, strlen(files[i].name));
        ck_assert_mem_eq(name.data, files[i].name, name.length);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("name");
    TCase *const tests = tcase_create("name");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, as_clients_have_it, 0,
                        sizeof(clients) / sizeof(clients[0]));
    tcase_add_loop_test(tests, never_leads_out, 0,
                        sizeof(hostile) / sizeof(hostile[0]));
    tcase_add_test(tests, nul_bytes);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, whatever_comes);
    tcase_add_test(tests, cut_at_every_length);
    tcase_add_test(tests, of_files);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
