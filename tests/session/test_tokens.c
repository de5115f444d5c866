/* --token-file: who shows the token of a name plays it, and all others get one
 * answer, whatever they ask for, and learn nothing. */
#include "config.h"

#include "peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/keyring.h"

#define KEYS "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nk2:c2VjcmV0\n"

static char directory[] = "/tmp/flvd-test-XXXXXX";
static struct keyring *ring;
static int keys_fd;

static void write_keys(const char *text)
{
    ck_assert_int_eq(ftruncate(keys_fd, 0), 0);
    ck_assert_int_eq(pwrite(keys_fd, text, strlen(text), 0),
                     (ssize_t)strlen(text));
}

static void write_file(const char *name)
{
    const struct flv_bytes file = small_file();
    char path[96];
    int fd;

    snprintf(path, sizeof(path), "%s/%s.flv", directory, name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    flv_bytes_write(&file, fd);
    close(fd);
    free(file.data);
}

/* A server of a directory that has `movie` and `other`. */
static void start(struct server *server)
{
    static char path[64];
    struct library_error error;
    char fault[KEYRING_FAULT_BYTES];

    server_start(server, small_file());
    strcpy(strstr(directory, "test-") + 5, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    write_file("movie");
    write_file("other");
    library_close(server->library);
    server->library = library_open((char *[]){directory}, 1, &error);
    ck_assert_ptr_nonnull(server->library);
    server->context.library = server->library;
    keys_fd = memfd_create("keys", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", keys_fd);
    write_keys(KEYS);
    ring = keyring_open(path, fault);
    ck_assert_msg(ring != NULL, "%s", fault);
    library_demand_tokens(server->library, ring);
}

/* Stops it, and gives the log, in which no token stands. */
static const char *stop(struct server *server)
{
    static char text[1 << 16];
    char command[64];
    const int log_fd = dup(server->log_fd);
    ssize_t length;

    server_stop(server, "peer closed the connection");
    keyring_close(ring);
    close(keys_fd);
    length = pread(log_fd, text, sizeof(text) - 1, 0);
    ck_assert_int_gt(length, 0);
    text[length] = '\0';
    close(log_fd);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(strstr(text, "token=k") == NULL &&
                      strstr(text, "token=x") == NULL,
                  "%s", text);
    return text;
}

/* NAME?expires=...&token=..., signed for `signed_name` to last so long. */
static const char *with_token(const char *name, const char *signed_name,
                              const char *key_id, int64_t seconds)
{
    static char text[256];
    char token[TOKEN_BYTES], expires[TOKEN_EXPIRES_BYTES];
    struct token_key key;

    ck_assert(keyring_find(ring, key_id, strlen(key_id), &key));
    snprintf(expires, sizeof(expires), "%lld",
             (long long)(clock_unix_s() + seconds));
    ck_assert(token_make(&key, signed_name, expires, token));
    snprintf(text, sizeof(text), "%s?expires=%s&token=%s", name, expires,
             token);
    return text;
}

static struct peer *come(struct server *server)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    return peer;
}

static void play(struct peer *peer, const char *name)
{
    send_command(peer, 1, "play", 0, "ns", name);
}

/* The one answer, which is the same for all but for the name. */
static void expect_refusal(struct peer *peer)
{
    expect_status(peer, 1, "error", "NetStream.Play.Failed");
    ck_assert(
        message_has_string(&peer->message, "description", "Cannot be played."));
}

/* It plays on: whatever comes, no status is an error. */
static void expect_no_trouble(struct peer *peer)
{
    send_ping(peer, 815);
    do {
        (void)read_message(peer);
        ck_assert(!message_has_string(&peer->message, "level", "error"));
    } while (peer->message.type != 4 || peer->message.payload[1] != 7);
}

static size_t lines_of(const char *log, const char *what)
{
    size_t count = 0;

    for (const char *at = log; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

START_TEST(with_its_token_a_name_plays)
{
    struct server server;
    const char *const spellings[] = {"movie", "movie.flv", "mp4:movie.mp4",
                                     "/m%6fvie"};

    start(&server);
    for (size_t i = 0; i < 4; i++) {
        struct peer *peer = come(&server);

        play(peer, with_token(spellings[i], "movie", i % 2 ? "k1" : "k2", 60));
        expect_play_started(peer);
        peer_close(peer);
    }
    const char *log = stop(&server);
    ck_assert_uint_eq(lines_of(log, "which is \"movie\""), 4);
    ck_assert_uint_ge(lines_of(log, "token=***"), 4);
}
END_TEST

START_TEST(without_it_nothing_is_told)
{
    static const struct {
        const char *name; /* what is asked for: as it is, or signed for */
        const char *signed_name;
        int64_t seconds;
        const char *why;
    } cases[] = {
        {"movie", NULL, 0, "a token is missing"},
        {"nothing", NULL, 0, "a token is missing"},
        {"../movie", NULL, 0, "a token is missing"},
        {"", NULL, 0, "a token is missing"},
        {"movie?token=k1.x&expires=99", NULL, 0, "malformed"},
        {"movie?expires=9999999999", NULL, 0, "a token is missing"},
        {"movie?token=xxx", NULL, 0, "without its `expires'"},
        {"movie?expires=9999999999&"
         "token=k3.TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4",
         NULL, 0, "key is not in the token file"},
        {"movie?expires=9999999999&"
         "token=k1.TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4",
         NULL, 0, "not for this name"},
        {"movie?expires=9999999999999999999999&"
         "token=k1.TDCfRFOlw3tJ8rkGj9N3MHjKGYDhpZCzwljbzBPLYM4",
         NULL, 0, "without its `expires'"},
        {"movie", "other", 60, "not for this name"},
        {"nothing", "movie", 60, "not for this name"},
        {"movie", "movie", -1, "has expired"},
        {"nothing", "nothing", -1, "has expired"},
    };
    const size_t count = sizeof(cases) / sizeof(cases[0]);
    struct server server;

    start(&server);
    struct peer *beside = come(&server);
    play(beside, with_token("movie", "movie", "k1", 60));
    expect_play_started(beside);
    struct peer *peer = come(&server);
    for (size_t i = 0; i < count; i++) {
        play(peer, cases[i].signed_name == NULL
                       ? cases[i].name
                       : with_token(cases[i].name, cases[i].signed_name, "k1",
                                    cases[i].seconds));
        expect_refusal(peer);
        expect_silence(peer);
    }
    /* who may play it is told that it is not there */
    play(peer, with_token("nothing", "nothing", "k1", 60));
    expect_status(peer, 1, "error", "NetStream.Play.StreamNotFound");
    peer_close(peer);
    expect_no_trouble(beside);
    peer_close(beside);
    const char *log = stop(&server);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strstr(log, cases[i].why) != NULL, "%s\n%s", cases[i].why,
                      log);
    ck_assert_uint_eq(lines_of(log, "cannot be played: "), count + 1);
    ck_assert_uint_eq(lines_of(log, "no such .flv file"), 1);
}
END_TEST

START_TEST(in_the_url_of_the_connection)
{
    struct server server;
    char url[300];

    start(&server);
    for (int in_app = 0; in_app < 2; in_app++) {
        struct peer *peer = peer_open(&server);

        do_handshake(peer);
        if (in_app)
            send_command(peer, 0, "connect", 1, "{ks}", "app",
                         with_token("vod", "movie", "k1", 60));
        else {
            snprintf(url, sizeof(url), "rtmp://localhost/%s",
                     with_token("vod", "movie", "k1", 60));
            send_command(peer, 0, "connect", 1, "{ksks}", "app", "vod", "tcUrl",
                         url);
        }
        do
            (void)read_message(peer);
        while (!message_is_called(&peer->message, "_result"));
        do_create_stream(peer);
        play(peer, "other");
        expect_refusal(peer);
        play(peer, "movie");
        expect_play_started(peer);
        peer_close(peer);
    }
    const char *log = stop(&server);
    ck_assert_uint_eq(lines_of(log, "not for this name"), 2);
}
END_TEST

START_TEST(the_length_of_a_stream)
{
    struct server server;

    start(&server);
    struct peer *peer = come(&server);
    send_command(peer, 0, "getStreamLength", 5, "ns", "movie");
    (void)expect_message(peer, 20, 0, UINT32_MAX);
    ck_assert(message_is_called(&peer->message, "_error"));
    ck_assert(
        message_has_string(&peer->message, "code", "NetStream.Play.Failed"));
    send_command(peer, 0, "getStreamLength", 6, "ns",
                 with_token("movie", "other", "k1", 60));
    (void)expect_message(peer, 20, 0, UINT32_MAX);
    ck_assert(message_is_called(&peer->message, "_error"));
    send_command(peer, 0, "getStreamLength", 7, "ns",
                 with_token("movie", "movie", "k1", 60));
    (void)expect_message(peer, 20, 0, UINT32_MAX);
    ck_assert(message_is_called(&peer->message, "_result"));
    peer_close(peer);
    const char *log = stop(&server);
    ck_assert_uint_eq(lines_of(log, "cannot be played: "), 2);
}
END_TEST

/* Also in an endless loop, which has no length and is not looked up for it. */
START_TEST(the_length_of_a_loop)
{
    struct server server;

    start(&server);
    server.options.loop = 0;
    struct peer *peer = come(&server);
    send_command(peer, 0, "getStreamLength", 5, "ns", "movie");
    (void)expect_message(peer, 20, 0, UINT32_MAX);
    ck_assert(message_is_called(&peer->message, "_error"));
    peer_close(peer);
    (void)stop(&server);
}
END_TEST

static void play2(struct peer *peer, const char *transition, const char *name)
{
    send_command(peer, 1, "play2", 0, "n{ksks}", "transition", transition,
                 "streamName", name);
}

START_TEST(another_name_in_mid_play)
{
    static const char *const transitions[] = {"switch", "swap", "reset"};
    struct server server;

    start(&server);
    server.options.loop = 0;
    for (size_t i = 0; i < 3; i++) {
        struct peer *peer = come(&server);

        /* nothing plays yet: each of them is a play */
        play2(peer, transitions[i], "other");
        expect_refusal(peer);
        play(peer, with_token("movie", "movie", "k1", 60));
        expect_play_started(peer);
        play2(peer, transitions[i], with_token("other", "movie", "k1", 60));
        skip_to_status(peer, "NetStream.Play.Failed");
        play2(peer, transitions[i], with_token("other", "other", "k1", 60));
        do
            (void)read_message(peer);
        while (!message_has_string(&peer->message, "code",
                                   i == 2 ? "NetStream.Play.Start"
                                          : "NetStream.Play.Transition"));
        peer_close(peer);
    }
    const char *log = stop(&server);
    ck_assert_uint_eq(lines_of(log, "cannot be played: "), 6);
}
END_TEST

START_TEST(keys_that_change)
{
    struct server server;
    char fault[KEYRING_FAULT_BYTES], old[256];

    start(&server);
    struct peer *peer = come(&server);
    strcpy(old, with_token("movie", "movie", "k1", 60));
    write_keys("k1:AAAA\nk3:BBBB\n"); /* another key of this name */
    ck_assert(keyring_reload(ring, fault));
    play(peer, old);
    expect_refusal(peer);
    write_keys("nonsense");
    ck_assert(!keyring_reload(ring, fault));
    play(peer, old);
    expect_refusal(peer);
    play(peer, with_token("movie", "movie", "k3", 60));
    expect_play_started(peer);
    /* who plays goes on without its key */
    write_keys("k4:AAAA\n");
    ck_assert(keyring_reload(ring, fault));
    expect_no_trouble(peer);
    peer_close(peer);
    const char *log = stop(&server);
    ck_assert_uint_eq(lines_of(log, "not for this name"), 2);
}
END_TEST

int main(void)
{
    return run_tests(
        "tokens", (const TTest *[]){
                      with_its_token_a_name_plays, without_it_nothing_is_told,
                      in_the_url_of_the_connection, the_length_of_a_stream,
                      the_length_of_a_loop, another_name_in_mid_play,
                      keys_that_change, NULL});
}
