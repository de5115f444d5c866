/* Commands of type 17, as Flash Player sends them with objectEncoding 3: AMF0
 * behind a format byte of 0, which some clients leave away. */
#include "peer.h"

static void send_amf3(struct peer *peer, uint32_t message_stream_id,
                      struct flv_bytes body, bool with_format_byte)
{
    struct flv_bytes b = {0};

    if (with_format_byte)
        flv_bytes_fill(&b, 0, 1);
    flv_bytes_add(&b, body.data, body.length);
    send_message(peer, 17, 3, message_stream_id, b.data, b.length);
    flv_bytes_free(&body);
    flv_bytes_free(&b);
}

static void play(bool with_format_byte)
{
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_amf3(peer, 0,
              command_body("connect", 1, "{kd}", "objectEncoding", 3.0),
              with_format_byte);
    for (int i = 0; i < 4; i++)
        (void)read_message(peer);
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_has_bytes(&peer->message,
                                LITERAL("objectEncoding\0\0\0\0\0\0\0\0\0")));
    send_amf3(peer, 0, command_body("createStream", 2, "n"), with_format_byte);
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(&peer->message, "_result"));
    send_amf3(peer, 1, command_body("play", 0, "ns", "movie"),
              with_format_byte);
    expect_play_started(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}

START_TEST(with_the_format_byte)
{
    play(true);
}
END_TEST

START_TEST(without_the_format_byte)
{
    play(false);
}
END_TEST

int main(void)
{
    return run_tests(
        "amf3 commands",
        (const TTest *[]){with_the_format_byte, without_the_format_byte, NULL});
}
