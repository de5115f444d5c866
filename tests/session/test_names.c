/* Several files and a directory: what a client gets by which name, and what it
 * and the log are told when there is nothing. */
#include "peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/flvd-test-XXXXXX";
static char media[64], single[64]; /* what is served, in it */

static void write_file(const char *name, const struct flv_bytes *b)
{
    char path[96];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", media, name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    flv_bytes_write(b, fd);
    close(fd);
}

/* A file whose keyframe is so long. */
static struct flv_bytes still(size_t length)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, length);
    flv_bytes_keyframe(&b, 40, length);
    return b;
}

static void write_still(const char *name, size_t length)
{
    struct flv_bytes b = still(length);

    write_file(name, &b);
    flv_bytes_free(&b);
}

/* A server of a directory and of a file beside it. */
static void start(struct server *server)
{
    const struct flv_bytes nothing = {0};
    struct library_error error;
    char sub[96];

    server_start(server, small_file());
    strcpy(strstr(directory, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(media, sizeof(media), "%s/media", directory);
    snprintf(single, sizeof(single), "%s/single.flv", directory);
    snprintf(sub, sizeof(sub), "%s/sub", media);
    ck_assert_int_eq(mkdir(media, 0755), 0);
    ck_assert_int_eq(mkdir(sub, 0755), 0);
    write_still("movie.flv", 101);
    write_still("sub/movie.flv", 102);
    write_still("a b%.flv", 103);
    write_still("../single.flv", 104);
    write_file("empty.flv", &nothing);
    library_close(server->library);
    server->library = library_open((char *[]){media, single}, 2, &error);
    ck_assert_msg(server->library != NULL, "%s", error.reason.what);
    server->context.library = server->library;
}

/* Stops it, and gives the log. */
static const char *stop(struct server *server)
{
    static char text[1 << 16];
    char command[64];
    const int log_fd = dup(server->log_fd);
    ssize_t length;

    server_stop(server, "peer closed the connection");
    length = pread(log_fd, text, sizeof(text) - 1, 0);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    close(log_fd);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
    return text;
}

static struct peer *connected(struct server *server, const char *app)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    send_command(peer, 0, "connect", 1, "{ks}", "app", app);
    do
        (void)read_message(peer);
    while (peer->message.type != 20);
    ck_assert(message_is_called(&peer->message, "_result"));
    do_create_stream(peer);
    return peer;
}

START_TEST(each_name_its_file)
{
    static const struct {
        const char *app;
        const char *name;
        size_t length;
    } plays[] = {
        {"vod", "movie", 101},       {"live", "flv:movie.flv?x=y", 101},
        {"vod/movie", "", 101},      {"movie", "", 101},
        {"", "vod/movie", 101},      {"vod/sub", "mp4:movie.mp4", 102},
        {"vod", "sub%2Fmovie", 102}, {"vod/_definst_//sub/movie?x=y", "", 102},
        {"vod", "a%20b%25", 103},    {"vod", "a b%", 103},
        {"vod", "single", 104},      {"vod", "single.flv", 104}};
    struct server server;

    start(&server);
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        struct peer *peer = connected(&server, plays[i].app);

        send_command(peer, 1, "play", 0, "ns", plays[i].name);
        expect_play_started(peer);
        (void)expect_message(peer, 9, 1, 0);
        ck_assert_msg(peer->message.length == plays[i].length,
                      "app %s, name %s: %zu", plays[i].app, plays[i].name,
                      peer->message.length);
        peer_close(peer);
    }
    (void)stop(&server);
}
END_TEST

#define LONG_64                                                                \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64
#define NOT_FOUND "NetStream.Play.StreamNotFound"
#define FAILED "NetStream.Play.Failed"

START_TEST(names_that_are_refused)
{
    static const struct {
        const char *app;
        const char *name;
        const char *code;
        const char *line; /* of the log */
    } plays[] = {
        {"vod", "nothing", NOT_FOUND,
         "app \"vod\", name \"nothing\" cannot be played: there is no such "
         ".flv file"},
        {"vod", "../movie", NOT_FOUND,
         "app \"vod\", name \"../movie\" cannot be played: \"..\" is in the "
         "name"},
        {"vod/%2e%2E", "movie?token=secret", NOT_FOUND,
         "app \"vod/%2e%2E\", name \"movie?token=***\" cannot be played: "
         "\"..\" is in the name"},
        {"vod", "a\\b\"\xC3\n", NOT_FOUND,
         "name \"a\\x5cb\\x22\\xc3\\x0a\" cannot be played: a backslash"},
        {"vod", LONG LONG LONG LONG LONG, NOT_FOUND,
         "xxxx...\" cannot be played: the name is too long"},
        {"", "", NOT_FOUND, "app \"\", name \"\" cannot be played: no name"},
        {"vod", "empty", FAILED,
         "app \"vod\", name \"empty\" cannot be played: is empty"},
    };
    struct server server;

    start(&server);
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        struct peer *peer = connected(&server, plays[i].app);

        for (int k = 0; k < 2; k++) {
            send_command(peer, 1, "play", 0, "ns", plays[i].name);
            expect_status(peer, 1, "error", plays[i].code);
            expect_silence(peer);
        }
        /* and it may go on with another */
        send_command(peer, 1, "play", 0, "ns", "single");
        if (plays[i].app[0] == '\0' || plays[i].app[3] == '\0') {
            expect_play_started(peer);
            (void)expect_message(peer, 9, 1, 0);
            ck_assert_uint_eq(peer->message.length, 104);
        }
        peer_close(peer);
    }
    const char *log = stop(&server);
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        const char *line = strstr(log, plays[i].line);

        ck_assert_msg(line != NULL, "no line with %s in\n%s", plays[i].line,
                      log);
    }
}
END_TEST

static size_t count_of(const char *log, const char *text)
{
    size_t count = 0;

    while ((log = strstr(log, text)) != NULL) {
        count++;
        log++;
    }
    return count;
}

/* Each is told, but nobody can flood the log; and the last line of the session
 * is about what was played. */
START_TEST(many_names_that_are_refused)
{
    struct server server;

    start(&server);
    struct peer *peer = connected(&server, "vod");
    send_command(peer, 1, "publish", 0, "ns", "mine");
    expect_status(peer, 1, "error", "NetStream.Publish.Denied");
    send_command(peer, 1, "play", 0, "ns", "single");
    expect_play_started(peer);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    for (char letter = 'a'; letter <= 't'; letter++) {
        const char name[] = {'n', 'o', letter, '\0'};

        send_command(peer, 1, "play", 0, "ns", name);
        expect_status(peer, 1, "error", NOT_FOUND);
    }
    peer_close(peer);
    const char *log = stop(&server);
    ck_assert_uint_eq(count_of(log, "publish was refused"), 1);
    ck_assert_uint_eq(count_of(log, "cannot be played"), 16);
    ck_assert_uint_eq(count_of(log, "name \"noa\" cannot be played"), 1);
    ck_assert_uint_eq(count_of(log, "further ones of this peer are not told"),
                      1);
    ck_assert_uint_eq(count_of(log, "ended: peer closed the connection; "
                                    "app \"vod\", name \"single\""),
                      1);
}
END_TEST

START_TEST(the_length_is_that_of_the_name)
{
    struct flv_bytes small = small_file();
    struct server server;

    start(&server);
    write_file("sub/small.flv", &small);
    flv_bytes_free(&small);
    struct peer *peer = connected(&server, "vod/sub");
    send_command(peer, 0, "getStreamLength", 3, "ns", "small");
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_has_bytes(
        &peer->message, LITERAL("\x3F\xD9\x99\x99\x99\x99\x99\x9A"))); /* 0.4 */
    send_command(peer, 0, "getStreamLength", 3, "ns", "../sub/small");
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(
        message_has_bytes(&peer->message, LITERAL("\5\0\0\0\0\0\0\0\0\0")));
    send_command(peer, 0, "getStreamLength", 3, "n");
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(&peer->message, "_result"));
    peer_close(peer);
    (void)stop(&server);
}
END_TEST

START_TEST(an_application_that_is_too_long)
{
    static char app[4000];
    struct server server;

    start(&server);
    memset(app, 'x', sizeof(app) - 1);
    struct peer *peer = connected(&server, app);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_status(peer, 1, "error", NOT_FOUND);
    peer_close(peer);
    /* its query may be as long as it likes */
    memcpy(app, "vod/movie?", 10);
    peer = connected(&server, app);
    send_command(peer, 1, "play", 0, "ns", "");
    expect_play_started(peer);
    peer_close(peer);
    ck_assert_ptr_nonnull(
        strstr(stop(&server), "the application's name is too long"));
}
END_TEST

int main(void)
{
    return run_tests(
        "names", (const TTest *[]){each_name_its_file, names_that_are_refused,
                                   many_names_that_are_refused,
                                   the_length_is_that_of_the_name,
                                   an_application_that_is_too_long, NULL});
}
