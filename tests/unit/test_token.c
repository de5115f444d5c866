/* server/token and server/keyring, and what server/library finds with them: no
 * token opens any name but its own, however that is spelled. The MACs were made
 * by openssl-dgst(1). */
#include "config.h"

#include "server/token.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flv_bytes.h"
#include "server/keyring.h"
#include "server/library.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LITERAL(s) (s), sizeof(s) - 1
#define KEY_LINE "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct token_key key_of(const char *line)
{
    struct token_key key;
    const char *wrong = token_key_read(&key, line, strlen(line));

    ck_assert_msg(wrong == NULL, "%s: %s", line, wrong);
    return key;
}

START_TEST(keys)
{
    static const struct {
        const char *line;
        const char *wrong; /* a part of what is said; NULL: nothing is */
        size_t length;
        const char *bytes;
    } cases[] = {
        {"k:c2VjcmV0", NULL, 6, "secret"},
        {"k:c2VjcmU=", NULL, 5, "secre"},
        {"k:c2VjcmU", NULL, 5, "secre"},
        {"k:c2Vjcg==", NULL, 4, "secr"},
        {"k:c2Vjcg", NULL, 4, "secr"},
        {"k:+/+/", NULL, 3, "\xfb\xff\xbf"},
        {"k:-_-_", NULL, 3, "\xfb\xff\xbf"},
        {"k:AA==", NULL, 1, ""},
        {"a.b-c_d~E9:c2VjcmV0", NULL, 6, "secret"},
        {"0123456789012345678901234567890123456789012345678901234567890123:"
         "AAAA",
         NULL, 3, "\0\0"},
        {"01234567890123456789012345678901234567890123456789012345678901234:AA",
         "longer than 64", 0, NULL},
        {"", "KEYID:BASE64-KEY", 0, NULL},
        {"k", "KEYID:BASE64-KEY", 0, NULL},
        {":c2VjcmV0", "KEYID is missing", 0, NULL},
        {"k:", "key is missing", 0, NULL},
        {"k :c2VjcmV0", "letters", 0, NULL},
        {"k&:c2VjcmV0", "letters", 0, NULL},
        {"k%:c2VjcmV0", "letters", 0, NULL},
        {"k:c2VjcmV0=", "not base64", 0, NULL},
        {"k:c2VjcmU==", "not base64", 0, NULL},
        {"k:c2Vjcg=", "not base64", 0, NULL},
        {"k:c2Vjcg===", "not base64", 0, NULL},
        {"k:c2Vjch==", "not base64", 0, NULL}, /* bits of no byte */
        {"k:c2Vjcm1", "not base64", 0, NULL},
        {"k:c2Vjc", "not base64", 0, NULL},
        {"k:====", "not base64", 0, NULL},
        {"k:=", "not base64", 0, NULL},
        {"k:c2Vj cmV0", "not base64", 0, NULL},
        {"k:c2Vj:cmV0", "not base64", 0, NULL},
        {"k:c2Vj=cmV", "not base64", 0, NULL},
        {"k:c2VjcmV0\xc3\xa4", "not base64", 0, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct token_key key;
        const char *wrong =
            token_key_read(&key, cases[i].line, strlen(cases[i].line));

        if (cases[i].wrong != NULL) {
            ck_assert_msg(wrong != NULL && strstr(wrong, cases[i].wrong),
                          "%s: %s", cases[i].line, wrong);
            continue;
        }
        ck_assert_msg(wrong == NULL, "%s: %s", cases[i].line, wrong);
        ck_assert_uint_eq(key.length, cases[i].length);
        ck_assert_mem_eq(key.bytes, cases[i].bytes, key.length);
        ck_assert_uint_eq(strlen(key.id), strcspn(cases[i].line, ":"));
    }
    /* NUL is no character of either part */
    struct token_key key;
    ck_assert_ptr_nonnull(token_key_read(&key, "k\0:AAAA", 7));
    ck_assert_ptr_nonnull(token_key_read(&key, "k:AA\0A", 6));
}
END_TEST

START_TEST(long_keys)
{
    char line[1024] = "k:";
    struct token_key key;

    for (int i = 0; i < 680 / 4; i++)
        strcat(line, "paWl");
    key = key_of(line);
    ck_assert_uint_eq(key.length, 510);
    ck_assert_uint_eq(key.bytes[509], 0xA5);
    strcat(line, "paWl");
    ck_assert_ptr_nonnull(token_key_read(&key, line, strlen(line)));
}
END_TEST

START_TEST(tokens_as_openssl_makes_them)
{
    char long_key[1024] = "k:";
    const struct {
        const char *key;
        const char *name;
        const char *expires;
        const char *token;
    } cases[] = {
        {KEY_LINE, "movie", "1700000000",
         "k1.TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4"},
        {KEY_LINE, "movie", "1700000001",
         "k1.Wa5HroWztQxQd9Bhy673H8pA-A1A5dToRzINohizOg4"},
        {KEY_LINE, "sub/movie", "1700000000",
         "k1.gi1Xd0pHpiteyuNnRXsP5WFvR_yiqLDck6IBe0aQCgA"},
        {"a.b:c2VjcmV0", "movie", "9999999999",
         "a.b.ihr8UM-zs3WGjgdHEtKC1Hhm0x7ar4SutVHWOQHGB30"},
        {long_key,
         "Gr\xc3\xbc\xc3\x9f"
         "e & 100%",
         "1", "k.0bsN0LAA3gfDlvz2ycXnCoLgXBIAnCZn5CWSDXlnWCk"},
    };

    for (int i = 0; i < 680 / 4; i++)
        strcat(long_key, "paWl");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct token_key key = key_of(cases[i].key);
        struct token_claim claim;

        ck_assert(
            token_make(&key, cases[i].name, cases[i].expires, claim.token));
        ck_assert_str_eq(claim.token, cases[i].token);
        strcpy(claim.expires, cases[i].expires);
        ck_assert(token_claim_is_for(&claim, &key, cases[i].name));
        ck_assert(!token_claim_is_for(&claim, &key, "other"));
        ck_assert(!token_claim_is_for(&claim, &key, ""));
        /* no byte of it may be another */
        for (char *c = claim.token + strlen(key.id) + 1; *c != '\0'; c++) {
            const char kept = *c;

            *c = kept == 'A' ? 'B' : 'A';
            ck_assert(!token_claim_is_for(&claim, &key, cases[i].name));
            *c = kept;
        }
        claim.expires[0]++;
        ck_assert(!token_claim_is_for(&claim, &key, cases[i].name));
    }
}
END_TEST

#define MAC "TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4"

START_TEST(claims)
{
    static const struct {
        const char *token;
        const char *expires;
        const char *fault; /* NULL: none */
        size_t id_length;
    } cases[] = {
        {"k1." MAC, "1000", NULL, 2},
        {"k." MAC, "1000", NULL, 1},
        {"a.b.." MAC, "1000", NULL, 4},
        {"k1." MAC, "0000000001000", NULL, 2},
        {"k1." MAC, "999999999999999", NULL, 2},
        {"k1." MAC, "999", "expired", 0},
        {"k1." MAC, "998", "expired", 0},
        {"k1." MAC, "0", "expired", 0},
        {"", "1000", "missing", 0},
        {"k1." MAC, "", "without its `expires'", 0},
        {"k1." MAC, "-1", "no time", 0},
        {"k1." MAC, "+1000", "no time", 0},
        {"k1." MAC, "1000 ", "no time", 0},
        {"k1." MAC, "1e9", "no time", 0},
        {"k1." MAC, "0x7fffffff", "no time", 0},
        {"." MAC, "1000", "malformed", 0},
        {MAC, "1000", "malformed", 0},
        {"k1", "1000", "malformed", 0},
        {"k1.", "1000", "malformed", 0},
        {"k1." MAC "=", "1000", "malformed", 0},
        {"k1." MAC ".", "1000", "malformed", 0},
        {"k1.DCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4", "1000", "malformed",
         0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct token_claim claim;
        size_t id_length = 0;
        const char *fault;

        strcpy(claim.token, cases[i].token);
        strcpy(claim.expires, cases[i].expires);
        fault = token_claim_fault(&claim, 999, &id_length);
        if (cases[i].fault == NULL)
            ck_assert_msg(fault == NULL, "%zu: %s", i, fault);
        else
            ck_assert_msg(fault != NULL && strstr(fault, cases[i].fault),
                          "%zu: %s", i, fault);
        ck_assert_uint_eq(id_length, cases[i].id_length);
    }
}
END_TEST

/* --- the token file ----------------------------------------------------- */

static int file_fd;
static char file_path[64];

static void write_keys(const char *text, size_t length)
{
    ck_assert_int_eq(ftruncate(file_fd, 0), 0);
    ck_assert_int_eq(pwrite(file_fd, text, length, 0), (ssize_t)length);
}

static void make_file(void)
{
    file_fd = memfd_create("keys", 0);
    ck_assert_int_ge(file_fd, 0);
    snprintf(file_path, sizeof(file_path), "/proc/self/fd/%d", file_fd);
}

START_TEST(token_files)
{
    static const struct {
        const char *text;
        const char *fault; /* NULL: none, and a key `k2` is there */
    } cases[] = {
        {"k2:AAAA", NULL},
        {"k2:AAAA\n", NULL},
        {"\n# a comment\n  \t\r\nk1:AAAA\r\n  k2:BBBB  \n\n", NULL},
        {"#k1:AAAA\nk2:AAAA\n", NULL},
        {"", "no KEYID:BASE64-KEY line"},
        {"\n\n# nothing\n", "no KEYID:BASE64-KEY line"},
        {"k1:AAAA\nk2\n", "line 2: it is no KEYID"},
        {"\n#\n\nk1:secret!\n", "line 4: the key is not base64"},
        {"k1:AAAA\nk2:AAAA\nk1:BBBB\n", "line 3: its KEYID stood"},
        {"k1:AAAA k2:AAAA\n", "line 1: the key is not base64"},
    };
    char fault[KEYRING_FAULT_BYTES];
    struct token_key key;

    make_file();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct keyring *ring;

        write_keys(cases[i].text, strlen(cases[i].text));
        ring = keyring_open(file_path, fault);
        ck_assert_msg((ring == NULL) == (cases[i].fault != NULL), "%s",
                      cases[i].text);
        if (ring == NULL) {
            ck_assert_msg(strstr(fault, cases[i].fault) != NULL, "%s", fault);
            ck_assert_ptr_nonnull(strstr(fault, file_path));
            ck_assert_ptr_null(strstr(fault, "secret"));
            continue;
        }
        ck_assert(keyring_find(ring, "k2.mac", 2, &key));
        ck_assert_str_eq(key.id, "k2");
        ck_assert(!keyring_find(ring, "k2", 1, &key));
        ck_assert(!keyring_find(ring, "k22", 3, &key));
        ck_assert(!keyring_find(ring, "", 0, &key));
        keyring_close(ring);
    }
    close(file_fd);
    ck_assert_ptr_null(keyring_open("/nonexistent/keys", fault));
    ck_assert_ptr_nonnull(strstr(fault, "cannot be read: No such file"));
    ck_assert_ptr_null(keyring_open("/", fault));
    ck_assert_ptr_nonnull(strstr(fault, "no regular file"));
    ck_assert_ptr_null(keyring_open("/dev/zero", fault));
    ck_assert_ptr_nonnull(strstr(fault, "no regular file"));
}
END_TEST

START_TEST(large_token_files)
{
    static char text[KEYRING_MAX_FILE_BYTES + 1];
    char fault[KEYRING_FAULT_BYTES];
    struct keyring *ring;
    struct token_key key;
    size_t length = 0;

    make_file();
    for (int i = 0; i < KEYRING_MAX_KEYS; i++)
        length += (size_t)sprintf(text + length, "k%d:AAAA\n", i);
    write_keys(text, length);
    ring = keyring_open(file_path, fault);
    ck_assert_ptr_nonnull(ring);
    ck_assert(keyring_find(ring, "k255", 4, &key));
    keyring_close(ring);
    length += (size_t)sprintf(text + length, "more:AAAA\n");
    write_keys(text, length);
    ck_assert_ptr_null(keyring_open(file_path, fault));
    ck_assert_ptr_nonnull(strstr(fault, "line 257: there are more than 256"));
    memset(text, '\n', sizeof(text));
    memcpy(text, "k:AAAA", 6);
    write_keys(text, sizeof(text) - 1);
    ring = keyring_open(file_path, fault);
    ck_assert_ptr_nonnull(ring);
    keyring_close(ring);
    write_keys(text, sizeof(text));
    ck_assert_ptr_null(keyring_open(file_path, fault));
    ck_assert_ptr_nonnull(strstr(fault, "more than 65536 bytes"));
    close(file_fd);
}
END_TEST

START_TEST(reading_again)
{
    char fault[KEYRING_FAULT_BYTES];
    struct keyring *ring;
    struct token_key key;

    make_file();
    write_keys(LITERAL("k1:AAAA\nk2:BBBB"));
    ring = keyring_open(file_path, fault);
    ck_assert_ptr_nonnull(ring);
    ck_assert_str_eq(keyring_first(ring).id, "k1");
    write_keys(LITERAL("k2:CCCC\nk3:DDDD"));
    ck_assert(keyring_reload(ring, fault));
    ck_assert(!keyring_find(ring, "k1", 2, &key));
    ck_assert(keyring_find(ring, "k2", 2, &key));
    ck_assert_mem_eq(key.bytes, "\x08\x20\x82", 3);
    ck_assert_str_eq(keyring_first(ring).id, "k2");
    write_keys(LITERAL("k4:DDDD\nk5"));
    ck_assert(!keyring_reload(ring, fault));
    ck_assert_ptr_nonnull(strstr(fault, "line 2"));
    ck_assert(!keyring_find(ring, "k4", 2, &key));
    ck_assert(keyring_find(ring, "k3", 2, &key));
    close(file_fd);
    ck_assert(!keyring_reload(ring, fault));
    ck_assert(keyring_find(ring, "k3", 2, &key));
    keyring_close(ring);
}
END_TEST

/* --- names -------------------------------------------------------------- */

static char media[] = "/tmp/flvd-test-XXXXXX";

/* What is there; each is a name of its own, though some could be taken for
 * spellings of others. */
static const char *const names[] = {
    "a",     "b",     "sub/a", "sub/b", "a.flv", "a.mp4",
    "mp4:a", "a b",   "a%20b", "a+b",   "A",     "sub/mp4:a",
    "a?x",   "flv:b", "100%",  "%61",   "...a",  "a.",
};

static struct library *open_names(struct keyring **ring)
{
    struct flv_bytes file = {0};
    struct library_error error;
    struct library *library;
    char path[128], fault[KEYRING_FAULT_BYTES];

    strcpy(strstr(media, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(media));
    snprintf(path, sizeof(path), "%s/sub", media);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    flv_bytes_file_header(&file);
    flv_bytes_keyframe(&file, 0, 100);
    for (size_t i = 0; i < COUNT(names); i++) {
        FILE *out;

        snprintf(path, sizeof(path), "%s/%s.flv", media, names[i]);
        out = fopen(path, "wb");
        ck_assert_ptr_nonnull(out);
        fwrite(file.data, 1, file.length, out);
        fclose(out);
    }
    flv_bytes_free(&file);
    make_file();
    write_keys(LITERAL(KEY_LINE "\n"));
    *ring = keyring_open(file_path, fault);
    ck_assert_ptr_nonnull(*ring);
    library = library_open((char *[]){media}, 1, &error);
    ck_assert_ptr_nonnull(library);
    library_demand_tokens(library, *ring);
    return library;
}

static void close_names(struct library *library, struct keyring *ring)
{
    char command[64];

    library_close(library);
    keyring_close(ring);
    close(file_fd);
    snprintf(command, sizeof(command), "rm -rf %s", media);
    ck_assert_int_eq(system(command), 0);
}

static struct token_claim claim_for(const char *name)
{
    const struct token_key key = key_of(KEY_LINE);
    struct token_claim claim = {.expires = "1000"};

    ck_assert(token_make(&key, name, claim.expires, claim.token));
    return claim;
}

static enum library_result find(struct library *library, const char *app,
                                const char *name,
                                const struct token_claim *claim,
                                struct library_answer *answer)
{
    const struct library_request request = {.app = {app, strlen(app)},
                                            .name = {name, strlen(name)},
                                            .claim = claim,
                                            .now_unix_s = 999};
    const enum library_result result = library_find(library, &request, answer);

    if (result == LIBRARY_FOUND)
        movie_unref(answer->movie);
    return result;
}

static const struct {
    const char *app;
    const char *name;
} spellings[] = {
    {"vod", "a"},
    {"vod", "a.flv"},
    {"vod", "flv:a"},
    {"vod", "mp4:a"},
    {"vod", "mp4:a.mp4"},
    {"vod", "mp4:a.flv"},
    {"vod", "a.mp4"},
    {"vod", "a.flv.flv"},
    {"vod", "flv:a.flv.flv"},
    {"vod", "%61"},
    {"vod", "%2561"},
    {"vod", "%6d%70%34:%61"},
    {"vod", "/a"},
    {"vod", "//a/"},
    {"vod", "./a"},
    {"vod", "_definst_/a"},
    {"vod/_definst_", "a"},
    {"vod", "sub/a"},
    {"vod/sub", "a"},
    {"vod/sub/a", ""},
    {"a", ""},
    {"vod/a", ""},
    {"", "a"},
    {"", "vod/a"},
    {"vod", "sub/../a"},
    {"vod/sub", "../a"},
    {"vod/..", "a"},
    {"vod", "a?x"},
    {"vod", "a%3Fx"},
    {"vod", "b"},
    {"vod", "b?a"},
    {"vod?a", "b"},
    {"vod/a?b", "b"},
    {"vod/a?x", "y/b"},
    {"vod/sub?x/b", "a"},
    {"vod", "flv:b"},
    {"vod", "mp4:b"},
    {"vod", "flv:flv:b"},
    {"vod", "a%20b"},
    {"vod", "a b"},
    {"vod", "a+b"},
    {"vod", "a%2520b"},
    {"vod", "a%00b"},
    {"vod", "a%0a1000"},
    {"vod", "A"},
    {"vod", "A.FLV"},
    {"vod", "100%"},
    {"vod", "100%25"},
    {"vod", "%31%30%30%"},
    {"vod", "%2e%2e/a"},
    {"vod", "%2fa"},
    {"vod", "sub%2fa"},
    {"vod%2fsub", "a"},
    {"vod", "sub\\a"},
    {"vod", "...a"},
    {"vod", "a."},
    {"vod", "a.%66lv"},
    {"vod", "sub/mp4:a"},
    {"vod/sub", "mp4:a.mp4"},
    {"vod", "flv:sub/mp4:a"},
    {"vod", "nothing"},
    {"vod", ""},
    {"", ""},
};

/* Whatever is asked for with the token of a name, that name is found, or
 * nothing; and the name itself, asked for as it is, is found. */
START_TEST(no_token_opens_another_name)
{
    struct keyring *ring;
    struct library *library = open_names(&ring);
    struct library_answer answer;
    size_t found = 0, forbidden = 0;

    for (size_t n = 0; n < COUNT(names); n++) {
        const struct token_claim claim = claim_for(names[n]);

        for (size_t s = 0; s < COUNT(spellings); s++) {
            const enum library_result result = find(
                library, spellings[s].app, spellings[s].name, &claim, &answer);

            if (result == LIBRARY_FORBIDDEN) {
                forbidden++;
                continue;
            }
            ck_assert_msg(
                result == LIBRARY_FOUND && strcmp(answer.name, names[n]) == 0,
                "%s, %s with the token of %s: %d, %s", spellings[s].app,
                spellings[s].name, names[n], (int)result, answer.name);
            found++;
        }
        if (strchr(names[n], '?') != NULL)
            continue; /* must be encoded */
        ck_assert_msg(find(library, "vod", names[n], &claim, &answer) ==
                          LIBRARY_FOUND,
                      "%s: %s", names[n], answer.reason.what);
        ck_assert_str_eq(answer.name, names[n]);
    }
    ck_assert_uint_ge(found, 60);
    ck_assert_uint_ge(forbidden, 900);
    close_names(library, ring);
}
END_TEST

/* Every form that players make of a name is let in with its token. */
START_TEST(each_spelling_with_its_token)
{
    static const struct {
        const char *app, *name, *signed_name;
    } cases[] = {
        {"vod", "a", "a"},
        {"vod", "a.flv", "a"},
        {"vod", "mp4:a.mp4", "a"},
        {"vod", "mp4:a.flv", "a"},
        {"vod", "flv:a", "a"},
        {"vod", "/a", "a"},
        {"vod", "%61", "a"},
        {"vod/_definst_", "a", "a"},
        {"a", "", "a"},
        {"vod/sub", "a", "sub/a"},
        {"vod/sub/a", "", "sub/a"},
        {"vod", "sub%2Fa", "sub/a"},
        {"vod/sub", "mp4:a.mp4", "sub/a"},
        {"vod", "a%20b", "a b"},
        {"vod", "a.flv", "a.flv"},
        {"vod", "a.flv.flv", "a.flv"},
        {"vod", "mp4:a", "mp4:a"},
        {"vod", "a%3Fx", "a?x"},
    };
    struct keyring *ring;
    struct library *library = open_names(&ring);
    struct library_answer answer;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct token_claim claim = claim_for(cases[i].signed_name);

        ck_assert_msg(find(library, cases[i].app, cases[i].name, &claim,
                           &answer) == LIBRARY_FOUND,
                      "%s, %s: %s", cases[i].app, cases[i].name,
                      answer.reason.what);
        ck_assert_str_eq(answer.name, cases[i].signed_name);
    }
    close_names(library, ring);
}
END_TEST

/* Whether a name is there is told to those alone who may play it. */
START_TEST(what_is_there_is_not_told)
{
    static const char *const asked[] = {"a", "nothing", "..", "", "sub"};
    struct keyring *ring;
    struct library *library = open_names(&ring);
    struct library_answer answer;
    struct token_claim claim = {{0}, {0}};

    for (size_t i = 0; i < COUNT(asked); i++) {
        ck_assert_int_eq(find(library, "vod", asked[i], &claim, &answer),
                         LIBRARY_FORBIDDEN);
        ck_assert_ptr_nonnull(strstr(answer.reason.what, "missing"));
    }
    claim = claim_for("b");
    for (size_t i = 0; i < COUNT(asked); i++) {
        ck_assert_int_eq(find(library, "vod", asked[i], &claim, &answer),
                         LIBRARY_FORBIDDEN);
        ck_assert_ptr_nonnull(strstr(answer.reason.what, "not for this name"));
    }
    claim.token[0] = 'x';
    ck_assert_int_eq(find(library, "vod", "b", &claim, &answer),
                     LIBRARY_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(answer.reason.what, "key"));
    claim = claim_for("b");
    strcpy(claim.expires, "999");
    ck_assert_int_eq(find(library, "vod", "b", &claim, &answer),
                     LIBRARY_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(answer.reason.what, "expired"));
    strcpy(claim.expires, "1001");
    ck_assert_int_eq(find(library, "vod", "b", &claim, &answer),
                     LIBRARY_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(answer.reason.what, "name and time"));
    claim = claim_for("nothing");
    ck_assert_int_eq(find(library, "vod", "nothing", &claim, &answer),
                     LIBRARY_NOT_FOUND);
    close_names(library, ring);
}
END_TEST

/* One FILE has every name, and one token. */
START_TEST(one_file_by_its_own_name)
{
    struct keyring *ring;
    struct library *library = open_names(&ring);
    struct library_error error;
    struct library_answer answer;
    struct library *one;
    char path[64];

    snprintf(path, sizeof(path), "%s/b.flv", media);
    one = library_open((char *[]){path}, 1, &error);
    ck_assert_ptr_nonnull(one);
    library_demand_tokens(one, ring);
    for (size_t s = 0; s < COUNT(spellings); s++) {
        const struct token_claim a = claim_for("a"), b = claim_for("b");

        ck_assert_int_eq(
            find(one, spellings[s].app, spellings[s].name, &a, &answer),
            LIBRARY_FORBIDDEN);
        ck_assert_int_eq(
            find(one, spellings[s].app, spellings[s].name, &b, &answer),
            LIBRARY_FOUND);
    }
    library_close(one);
    close_names(library, ring);
}
END_TEST

/* What --sign makes of a name. */
START_TEST(canonical_names)
{
    static const struct {
        const char *text;
        const char *name; /* NULL: none */
    } cases[] = {
        {"a", "a"},
        {"a.flv", "a"},
        {"a.FLV", "a"},
        {"mp4:a.mp4", "a"},
        {"flv:a", "a"},
        {"a.mp4", "a"},
        {"a.mp4.flv", "a.mp4"},
        {"a.flv.flv", "a.flv"},
        {"flv:mp4:a", "mp4:a"},
        {"/sub//a/", "sub/a"},
        {"sub/_definst_/mp4:a", "sub/a"},
        {"a%20b", "a b"},
        {"a%2520b", "a%20b"},
        {"a b", "a b"},
        {"100%", "100%"},
        {"a?start=5", "a"},
        {"a%3Fx", "a?x"},
        {"", NULL},
        {"/", NULL},
        {"?x", NULL},
        {"flv:", NULL},
        {"../a", NULL},
        {"a/..", NULL},
        {"%2e%2e/a", NULL},
        {"...flv", NULL},
        {"...flv.flv", "...flv"},
        {"_definst_", NULL},
        {"a/_definst_.flv", NULL},
        {"a\nb", NULL},
        {"a%00", NULL},
        {"a\\b", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct amf0_string text = {cases[i].text, strlen(cases[i].text)};
        char name[NAME_BYTES];
        const char *fault;
        const bool good = name_canonical(text, name, &fault);

        ck_assert_msg(good == (cases[i].name != NULL), "%s", cases[i].text);
        ck_assert(good == (fault == NULL));
        if (good)
            ck_assert_str_eq(name, cases[i].name);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("token");
    TCase *const tests = tcase_create("token");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, long_keys);
    tcase_add_test(tests, tokens_as_openssl_makes_them);
    tcase_add_test(tests, claims);
    tcase_add_test(tests, token_files);
    tcase_add_test(tests, large_token_files);
    tcase_add_test(tests, reading_again);
    tcase_add_test(tests, no_token_opens_another_name);
    tcase_add_test(tests, each_spelling_with_its_token);
    tcase_add_test(tests, what_is_there_is_not_told);
    tcase_add_test(tests, one_file_by_its_own_name);
    tcase_add_test(tests, canonical_names);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
