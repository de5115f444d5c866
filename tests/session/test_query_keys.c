/* start, duration and loop in the query of a URL, wherever clients put it. */
#include "peer.h"

#include <string.h>

#define PICTURES 10
#define STEP_MS 40

/* Keyframes that are told apart by their length. */
static struct flv_bytes pictures(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < PICTURES; i++)
        flv_bytes_keyframe(&b, STEP_MS * i, 100 + i);
    return b;
}

/* How a client asks: NULL and negative are left out. */
struct question {
    const char *app;
    const char *tc_url;
    const char *name;
    double start_ms;
    double duration_ms;
};

/* Reads up to the answer of a command. */
static void read_answer(struct peer *peer)
{
    do
        (void)read_message(peer);
    while (peer->message.type != 20);
    ck_assert(message_is_called(&peer->message, "_result"));
}

static struct peer *ask(struct server *server, const struct question *question)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    if (question->tc_url == NULL)
        send_command(peer, 0, "connect", 1, "{ks}", "app", question->app);
    else
        send_command(peer, 0, "connect", 1, "{ksks}", "app", question->app,
                     "tcUrl", question->tc_url);
    read_answer(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "nsdd", question->name, question->start_ms,
                 question->duration_ms);
    expect_play_started(peer);
    return peer;
}

/* So many pictures from the first one on, then the end. */
static void expect_pictures(struct peer *peer, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)expect_message(peer, 9, 1, (uint32_t)(STEP_MS * i));
        ck_assert_uint_eq(peer->message.length, 100 + (first + i) % PICTURES);
    }
    expect_play_complete(peer);
}

/* The member of onMetaData that was received last. */
static bool has_duration(const struct peer *peer)
{
    return message_has_bytes(&peer->message, LITERAL("\0\x08"
                                                     "duration\0"));
}

static const struct {
    struct question question;
    size_t first;
    size_t count;
} cases[] = {
    {{"vod", NULL, "movie?start=0.2", -2000, -1000}, 5, 5},
    {{"vod", NULL, "movie?x=y&start=0.219&z", -2000, -1000}, 5, 5},
    {{"vod", NULL, "movie?duration=0.12", -2000, -1000}, 0, 3},
    {{"vod", NULL, "movie?start=0.2&duration=0.08", -2000, -1000}, 5, 2},
    {{"vod", NULL, "movie?loop=2", -2000, -1000}, 0, 20},
    {{"vod", NULL, "movie?loop=2&start=0.2", -2000, -1000}, 5, 15},
    {{"vod", NULL, "movie?duration=0", -2000, -1000}, 0, 1},
    {{"vod", NULL, "movie?loop=0&duration=0.8", -2000, -1000}, 0, 20},
    /* in the application, in tcUrl, in both; the name's beats them */
    {{"vod?start=0.2", NULL, "movie", -2000, -1000}, 5, 5},
    {{"vod/movie?start=0.2", NULL, "", -2000, -1000}, 5, 5},
    {{"vod", "rtmp://host/vod?start=0.2", "movie", -2000, -1000}, 5, 5},
    {{"vod?start=0.2", "rtmp://host/vod?start=0.2", "movie", -2000, -1000},
     5,
     5},
    {{"vod?start=0.2&loop=2", NULL, "movie?start=0.08", -2000, -1000}, 2, 18},
    /* the arguments of play beat the query; 0 is none for a start */
    {{"vod", NULL, "movie?start=0.2", 80, -1000}, 2, 8},
    {{"vod", NULL, "movie?start=0.2", 0, -1000}, 5, 5},
    {{"vod", NULL, "movie?start=0.2", -1000, -1000}, 5, 5},
    {{"vod", NULL, "movie?duration=0.2", -2000, 80}, 0, 2},
    {{"vod", NULL, "movie?duration=0.2", -2000, 0}, 0, 1},
    /* what is no number is ignored */
    {{"vod", NULL, "movie?start=nan&duration=-5&loop=x", -2000, -1000}, 0, 10},
    {{"vod?start=1e99", "x?start=", "movie?start=99999999999", 0, -1000},
     0,
     10},
};

START_TEST(pictures_that_are_asked_for)
{
    struct server server;

    server_start(&server, pictures());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct peer *peer = ask(&server, &cases[i].question);

        expect_pictures(peer, cases[i].first, cases[i].count);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Also of a server that plays in an endless loop, or often. */
START_TEST(a_single_round_has_a_duration)
{
    static const struct {
        uint32_t loop;
        const char *name;
        bool has_duration;
    } plays[] = {{0, "movie?loop=1", true},  {3, "movie?loop=1", true},
                 {1, "movie?loop=2", false}, {1, "movie", true},
                 {1, "movie?loop=x", true},  {2, "movie?start=0.2", false}};

    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        const struct question question = {"vod", NULL, plays[i].name, -2000,
                                          -1000};
        struct server server;
        struct peer *peer;

        server_start(&server, pictures());
        server.options.loop = plays[i].loop;
        peer = ask(&server, &question);
        ck_assert_int_eq(has_duration(peer), plays[i].has_duration);
        peer_close(peer);
        server_stop(&server, "peer closed the connection");
    }
}
END_TEST

static void expect_length(struct peer *peer, const char *name, bool is_known)
{
    send_command(peer, 0, "getStreamLength", 3, "ns", name);
    read_answer(peer);
    /* 0.4 s */
    ck_assert_int_eq(
        message_has_bytes(&peer->message,
                          LITERAL("\x3F\xD9\x99\x99\x99\x99\x99\x9A")),
        is_known);
    ck_assert_int_eq(
        message_has_bytes(&peer->message, LITERAL("\5\0\0\0\0\0\0\0\0\0")),
        !is_known);
}

START_TEST(the_length_of_a_stream)
{
    struct server server;

    server_start(&server, pictures());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    expect_length(peer, "movie", false);
    expect_length(peer, "movie?loop=1", true);
    expect_length(peer, "movie?loop=2", false);
    peer_close(peer);
    peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "connect", 1, "{ks}", "app", "vod?loop=1");
    read_answer(peer);
    expect_length(peer, "movie", true);
    expect_length(peer, "movie?loop=0", false);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("query keys",
                     (const TTest *[]){pictures_that_are_asked_for,
                                       a_single_round_has_a_duration,
                                       the_length_of_a_stream, NULL});
}
