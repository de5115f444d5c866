/* connect: the order and the bytes of its answer, and nothing before it. */
#include "peer.h"

#include <string.h>

/* RTMP 1.0, 5.4 and 7.2.1.1, byte by byte. */
static const char golden[] =
    /* Window Acknowledgement Size 2500000 */
    "\x02\0\0\0\0\0\x04\x05\0\0\0\0"
    "\x00\x26\x25\xA0"
    /* Set Peer Bandwidth 2500000, dynamic */
    "\x02\0\0\0\0\0\x05\x06\0\0\0\0"
    "\x00\x26\x25\xA0\x02"
    /* Set Chunk Size 65536 */
    "\x02\0\0\0\0\0\x04\x01\0\0\0\0"
    "\x00\x01\x00\x00"
    /* StreamBegin 0 */
    "\x02\0\0\0\0\0\x06\x04\0\0\0\0"
    "\0\0\0\0\0\0"
    /* _result 1 */
    "\x03\0\0\0\0\0\xCD\x14\0\0\0\0"
    "\x02\0\x07"
    "_result"
    "\0\x3F\xF0\0\0\0\0\0\0"
    "\x03"
    "\0\x06"
    "fmsVer"
    "\x02\0\x0D"
    "FMS/3,5,3,824"
    "\0\x0C"
    "capabilities"
    "\0\x40\x3F\0\0\0\0\0\0"
    "\0\x04"
    "mode"
    "\0\x3F\xF0\0\0\0\0\0\0"
    "\0\0\x09"
    "\x03"
    "\0\x05"
    "level"
    "\x02\0\x06"
    "status"
    "\0\x04"
    "code"
    "\x02\0\x1D"
    "NetConnection.Connect.Success"
    "\0\x0B"
    "description"
    "\x02\0\x15"
    "Connection succeeded."
    "\0\x0E"
    "objectEncoding"
    "\0\0\0\0\0\0\0\0\0"
    "\0\0\x09";

START_TEST(the_answer_is_golden)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "connect", 1, "{kskskbkdkdkdkd}", "app", "vod",
                 "tcUrl", "rtmp://localhost:1935/vod", "fpad", 0,
                 "capabilities", 15.0, "audioCodecs", 4071.0, "videoCodecs",
                 252.0, "videoFunction", 1.0);
    expect_bytes(peer, golden, sizeof(golden) - 1);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* What a client of Enhanced RTMP asks is answered; who asks nothing gets what
 * he always got (the_answer_is_golden). The answer tells what flvd can do,
 * not what the client said. */
START_TEST(enhanced_rtmp_is_answered)
{
    static const char members[] = "\0\x04"
                                  "mode"
                                  "\0\x3F\xF0\0\0\0\0\0\0"
                                  "\0\x12"
                                  "videoFourCcInfoMap"
                                  "\x03\0\x01*\0\x40\x10\0\0\0\0\0\0"
                                  "\0\0\x09"
                                  "\0\x06"
                                  "capsEx"
                                  "\0\x40\x2C\0\0\0\0\0\0"
                                  "\0\0\x09\x03";
    struct server server;
    const struct message *m;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "connect", 1, "{kskdkdk{kdkd}}", "app", "vod",
                 "videoFunction", 1.0, "capsEx", 1.0, "videoFourCcInfoMap",
                 "hvc1", 1.0, "*", 1.0);
    for (int i = 0; i < 4; i++)
        (void)read_message(peer);
    m = expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(m, "_result"));
    ck_assert(message_has_bytes(m, members, sizeof(members) - 1));
    do_create_stream(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(nothing_is_to_be_had_before)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "createStream", 2, "n");
    send_command(peer, 1, "play", 3, "ns", "movie");
    send_command(peer, 0, "getStreamLength", 4, "ns", "movie");
    send_command(peer, 0, "_checkbw", 5, "n");
    send_set_buffer_length(peer, 0, 300);
    peer_finish_sending(peer);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(nothing_of_before_counts_afterwards)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "createStream", 2, "n");
    do_connect(peer);
    do_create_stream(peer); /* gets id 1 */
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_second_connect_is_not_answered)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    send_command(peer, 0, "connect", 1, "{ks}", "app", "other");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Clients leave out what they like: only the name of the command is needed. */
START_TEST(little_is_required)
{
    static const struct {
        const char *format;
        const char *first, *second;
    } forms[] = {{"", NULL, NULL},
                 {"n", NULL, NULL},
                 {"u", NULL, NULL},
                 {"{}", NULL, NULL},
                 {"{", NULL, NULL}, /* without its end */
                 {"{ks}", "flashVer", "LNX"},
                 {"{kn}", "app", NULL},
                 {"{ks}n", "app", "vod"},
                 {"{ks}s", "app", "vod"}};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct peer *peer = peer_open(&server);

        do_handshake(peer);
        send_command(peer, 0, "connect", 1, forms[i].format, forms[i].first,
                     forms[i].second, "extra");
        expect_bytes(peer, golden, sizeof(golden) - 1);
        peer_close(peer);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(the_transaction_id_is_given_back)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_command(peer, 0, "connect", 7, "n");
    for (int i = 0; i < 4; i++)
        (void)read_message(peer);
    const struct message *m = expect_message(peer, 20, 0, 0);
    ck_assert_mem_eq(m->payload,
                     "\x02\0\x07"
                     "_result\0\x40\x1C\0\0\0\0\0\0",
                     19);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "connect",
        (const TTest *[]){the_answer_is_golden, enhanced_rtmp_is_answered,
                          nothing_is_to_be_had_before,
                          nothing_of_before_counts_afterwards,
                          a_second_connect_is_not_answered, little_is_required,
                          the_transaction_id_is_given_back, NULL});
}
