/* Commands in the wrong order, on streams that do not exist, with arguments
 * that are missing, of another type or beyond reason: answered or ignored, and
 * another viewer plays on. What cannot be read as a command at all is in
 * test_bad_command.c, unknown calls are in test_unknown_calls.c. */
#include "peer.h"

#include <math.h>
#include <string.h>

/* What the peer may hear of a call. */
enum answer { NOTHING, SEEK, PAUSE, UNPAUSE, REFUSED };

static void expect_answer(struct peer *peer, enum answer answer)
{
    static const char *const codes[] = {
        NULL, "NetStream.Seek.Notify", "NetStream.Pause.Notify",
        "NetStream.Unpause.Notify", "NetStream.Play.Failed"};

    if (answer != NOTHING)
        expect_status(peer, 1, answer == REFUSED ? "error" : "status",
                      codes[answer]);
    expect_silence(peer);
}

/* Whatever comes, up to a pong. */
static void read_until_pong(struct peer *peer)
{
    send_ping(peer, 815);
    do
        (void)read_message(peer);
    while (peer->message.type != 4 || peer->message.payload[1] != 7);
}

/* A viewer that must not notice anything. */
struct witness {
    struct server server;
    struct peer *peer;
    struct file_tags tags;
};

static void start(struct witness *w)
{
    server_start(&w->server, small_file());
    w->peer = peer_open(&w->server);
    do_play(w->peer);
    w->tags = (struct file_tags){.file = &w->server.file};
}

static void finish(struct witness *w)
{
    struct file_tag tag;

    while (next_file_tag(&w->tags, &tag))
        expect_tag(w->peer, &tag, tag.timestamp_ms);
    expect_play_complete(w->peer);
    peer_close(w->peer);
    server_stop(&w->server, "peer closed the connection");
}

static const char *const stream_commands[] = {
    "play",    "pause",        "pauseRaw",     "seek",         "closeStream",
    "publish", "receiveAudio", "receiveVideo", "deleteStream", "releaseStream"};
#define STREAM_COMMANDS (sizeof(stream_commands) / sizeof(stream_commands[0]))

START_TEST(before_connect_nothing_is_answered)
{
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    send_ping(peer, 1);
    send_command(peer, 0, "createStream", 2, "n");
    send_command(peer, 0, "getStreamLength", 3, "ns", "movie");
    send_command(peer, 0, "FCSubscribe", 4, "ns", "movie");
    send_command(peer, 0, "whatever", 5, "n");
    for (size_t i = 0; i < STREAM_COMMANDS; i++)
        send_command(peer, 1, stream_commands[i], 0, "nd", 1.0);
    send_set_buffer_length(peer, 1, 5000);
    do_connect(peer); /* what it is answered with is the first that comes */
    do_create_stream(peer);
    expect_silence(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

/* Before createStream, on ids beyond all, after deleteStream: there is no such
 * stream, and only play is told so. */
static void try_all_on(struct peer *peer, uint32_t id)
{
    for (size_t i = 1; i < STREAM_COMMANDS; i++)
        send_command(peer, id, stream_commands[i], 0, "nb", true);
    send_set_buffer_length(peer, id, 5000);
    expect_silence(peer);
    send_command(peer, id, "play", 0, "ns", "movie");
    /* on the stream that was meant, where a client could have one */
    expect_status(peer, id >= 1 && id <= 8 ? id : 1, "error",
                  "NetStream.Play.Failed");
    expect_silence(peer);
}

START_TEST(on_a_stream_that_is_not_there)
{
    static const uint32_t ids[] = {0, 1, 2, 8, 9, 255, 0x7FFFFFFF, 0xFFFFFFFF};
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        try_all_on(peer, ids[i]);
    do_create_stream(peer);
    for (size_t i = 2; i < sizeof(ids) / sizeof(ids[0]); i++)
        try_all_on(peer, ids[i]);
    send_command(peer, 0, "deleteStream", 0, "nd", 1.0);
    try_all_on(peer, 1);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

/* On a stream that plays nothing, not yet or no more. */
static void try_all_idle(struct peer *peer)
{
    send_command(peer, 1, "seek", 0, "nd", 100.0);
    expect_answer(peer, SEEK);
    send_command(peer, 1, "pause", 0, "nbd", true, 100.0);
    expect_answer(peer, PAUSE);
    send_command(peer, 1, "pauseRaw", 0, "nbd", false, 100.0);
    expect_answer(peer, UNPAUSE);
    send_command(peer, 1, "pause", 0, "n"); /* toggles: there is no pause */
    expect_answer(peer, PAUSE);
    send_command(peer, 1, "closeStream", 0, "n");
    send_command(peer, 1, "closeStream", 0, "n");
    send_command(peer, 1, "play", 0, "nb", false);
    send_set_buffer_length(peer, 1, 0xFFFFFFFF);
    expect_answer(peer, NOTHING);
}

START_TEST(on_a_stream_that_plays_nothing)
{
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    try_all_idle(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    send_command(peer, 1, "closeStream", 0, "n");
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    try_all_idle(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

START_TEST(connect_again_is_ignored)
{
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 0, "connect", 1, "{ks}", "app", "other");
    send_command(peer, 0, "connect", 9, "");
    expect_silence(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

/* Arguments of seek and pause, and what they are taken for: all of them get
 * an answer, since clients wait for one. */
static const struct {
    const char *name;
    const char *format;
    double number;
    enum answer answer;
} odd[] = {
    {"seek", "nd", NAN, SEEK},
    {"seek", "nd", INFINITY, SEEK},
    {"seek", "nd", -INFINITY, SEEK},
    {"seek", "nd", 1e308, SEEK},
    {"seek", "nd", 4294967296.0, SEEK},
    {"seek", "nd", 9.3e18, SEEK},
    {"seek", "nd", 5e-324, SEEK},
    {"seek", "", 0, SEEK},
    {"seek", "nu", 0, SEEK},
    {"seek", "n{}", 0, SEEK},
    {"seek", "nx", 0, SEEK},
    {"pause", "nd", 1, PAUSE}, /* a number for a boolean */
    {"pause", "nd", 0, UNPAUSE},
    {"pause", "nd", NAN, PAUSE}, /* not 0 */
    {"pause", "nd", -INFINITY, PAUSE},
    {"pause", "nn", 0, UNPAUSE}, /* toggles, as do the next two */
    {"pause", "n{}", 0, PAUSE},
    {"pause", "nx", 0, UNPAUSE},
    {"pause", "", 0, PAUSE},
};

START_TEST(odd_arguments_are_answered)
{
    static const char *const codes[] = {"", "NetStream.Seek.Notify",
                                        "NetStream.Pause.Notify",
                                        "NetStream.Unpause.Notify", ""};
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_play(peer);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (strchr(odd[i].format, 'x') != NULL) /* a long string that is cut */
            send_command(peer, 1, odd[i].name, 0, odd[i].format,
                         "0C FF FF FF FF 61");
        else
            send_command(peer, 1, odd[i].name, 0, odd[i].format, odd[i].number);
        do
            (void)read_message(peer);
        while (
            !message_has_string(&peer->message, "code", codes[odd[i].answer]));
        ck_assert(message_has_string(&peer->message, "level", "status"));
    }
    peer_close(peer);
    finish(&w);
}
END_TEST

/* The arguments of play are read strictly: what is no time ends the session,
 * as test_bad_command.c shows; these are times. */
START_TEST(far_times_of_play_are_clamped)
{
    static const double times[] = {
        -9007199254740992.0, -1e15, -0.5, 0.5, 4294967296.0, 1e15,
        9007199254740992.0};
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        for (int limit = 0; limit < 2; limit++) {
            send_command(peer, 1, "play", 0, "nsdd", "movie",
                         limit ? 0.0 : times[i], limit ? times[i] : -1000.0);
            do
                (void)read_message(peer);
            while (!message_has_string(&peer->message, "code",
                                       "NetStream.Play.Start"));
            send_command(peer, 1, "closeStream", 0, "n");
        }
    }
    read_until_pong(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

START_TEST(odd_buffer_lengths_are_taken)
{
    static const uint32_t lengths_ms[] = {0, 1, 0x7FFFFFFF, 0x80000000,
                                          0xFFFFFFFF};
    static const uint32_t ids[] = {0, 1, 9, 0xFFFFFFFF};
    struct witness w;
    struct file_tag tag;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    for (size_t i = 0; i < sizeof(lengths_ms) / sizeof(lengths_ms[0]); i++)
        for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++)
            send_set_buffer_length(peer, ids[k], lengths_ms[i]);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    for (size_t i = 0; i < sizeof(lengths_ms) / sizeof(lengths_ms[0]); i++)
        for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++)
            send_set_buffer_length(peer, ids[k], lengths_ms[i]);
    struct file_tags tags = {.file = &w.server.file};
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
    peer_close(peer);
    finish(&w);
}
END_TEST

/* Transaction ids: any number that can be one is answered with itself. */
START_TEST(odd_transaction_ids_are_given_back)
{
    static const double ids[] = {-1, 0.5, 1e15, -9007199254740992.0};
    struct witness w;

    start(&w);
    struct peer *peer = peer_open(&w.server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct flv_bytes answer = command_body("_result", ids[i], "nn");

        send_command(peer, 0, "whatever", ids[i], "n");
        expect_payload(peer, 20, 0, answer.data, answer.length);
        flv_bytes_free(&answer);
    }
    peer_close(peer);
    finish(&w);
}
END_TEST

int main(void)
{
    return run_tests(
        "wrong commands",
        (const TTest *[]){
            before_connect_nothing_is_answered, on_a_stream_that_is_not_there,
            on_a_stream_that_plays_nothing, connect_again_is_ignored,
            odd_arguments_are_answered, far_times_of_play_are_clamped,
            odd_buffer_lengths_are_taken, odd_transaction_ids_are_given_back,
            NULL});
}
