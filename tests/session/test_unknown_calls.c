/* Calls besides those that play: which are answered, with what, and which must
 * not be. */
#include "peer.h"

#include <string.h>

#define RESULT_5                                                               \
    "\2\0\7"                                                                   \
    "_result"                                                                  \
    "\0\x40\x14\0\0\0\0\0\0"                                                   \
    "\5"
#define ZERO "\0\0\0\0\0\0\0\0\0"

static const struct {
    const char *name;
    double transaction_id;
    const char *format;
    const char *answer; /* NULL: none */
    size_t answer_length;
} calls[] = {
    {"_checkbw", 5, "n", LITERAL(RESULT_5 "\5")},
    {"whatever", 5, "", LITERAL(RESULT_5 "\5")},
    {"", 5, "n", LITERAL(RESULT_5 "\5")},
    {"set_playlist", 5, "nsd", LITERAL(RESULT_5 "\5")},
    {"whatever", 0, "n", NULL, 0},
    /* xiu would take a result for that of connect */
    {"releaseStream", 5, "ns", NULL, 0},
    {"FCPublish", 5, "ns", NULL, 0},
    {"FCUnpublish", 5, "ns", NULL, 0},
    {"_result", 5, "n", NULL, 0},
    {"_error", 5, "n", NULL, 0},
    {"getStreamLength", 5, "ns",
     LITERAL(RESULT_5 "\0\x3F\xD9\x99\x99\x99\x99\x99\x9A")},
    {"checkBandwidth", 5, "n",
     LITERAL("\2\0\x08"
             "onBWDone" ZERO "\5"
             "\0\x40\xC0\0\0\0\0\0\0")},
    {"FCSubscribe", 5, "ns",
     LITERAL("\2\0\x0D"
             "onFCSubscribe" ZERO "\5"
             "\3"
             "\0\5"
             "level"
             "\2\0\6"
             "status"
             "\0\4"
             "code"
             "\2\0\x14"
             "NetStream.Play.Start"
             "\0\x0B"
             "description"
             "\2\0\5"
             "movie"
             "\0\0\x09")},
    {"FCSubscribe", 0, "",
     LITERAL("\2\0\x0D"
             "onFCSubscribe" ZERO "\5"
             "\3"
             "\0\5"
             "level"
             "\2\0\6"
             "status"
             "\0\4"
             "code"
             "\2\0\x14"
             "NetStream.Play.Start"
             "\0\x0B"
             "description"
             "\2\0\0"
             "\0\0\x09")},
};

START_TEST(answers_are_golden)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        send_command(peer, i % 2, calls[i].name, calls[i].transaction_id,
                     calls[i].format, "movie", 1.0);
        if (calls[i].answer != NULL)
            expect_payload(peer, 20, 0, calls[i].answer,
                           calls[i].answer_length);
        expect_silence(peer);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_loop_has_no_length)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 0, "getStreamLength", 5, "ns", "movie");
    expect_payload(peer, 20, 0, LITERAL(RESULT_5 ZERO));
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(other_message_types_are_ignored)
{
    static const uint8_t types[] = {0,  7,  8,  9,  10, 15,
                                    16, 18, 19, 22, 99, 255};
    static uint8_t payload[20000];
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(types); i++) {
        send_message(peer, types[i], 5, 1, payload, sizeof(payload));
        send_message(peer, types[i], 5, 1, payload, 0);
    }
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A control message that is too short says nothing, and harms nobody. */
START_TEST(short_control_messages_are_ignored)
{
    static const uint8_t types[] = {3, 4, 5, 6};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < sizeof(types); i++)
        for (size_t length = 0; length < 4; length++)
            send_message(peer, types[i], 2, 0, "\0\6\0\0", length);
    send_message(peer, 4, 2, 0, "\0\3\0\0\0\1\0\0\0", 9);
    send_message(peer, 4, 2, 0, "\0\x1F\0\0\0\1", 6); /* unknown event */
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("unknown calls",
                     (const TTest *[]){answers_are_golden, a_loop_has_no_length,
                                       other_message_types_are_ignored,
                                       short_control_messages_are_ignored,
                                       NULL});
}
