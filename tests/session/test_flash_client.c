/* Flash Player and the players made with it (client-quirks, 6): the digest
 * handshake, AMF3 by default, FCSubscribe, buffer lengths at every turn,
 * getStreamLength, closeStream and then deleteStream. */
#include "peer.h"

#include <string.h>

#include "base/hmac.h"

/* C0 and C1 of Flash Player 10, digest behind the key block. */
static void shake_hands(struct peer *peer)
{
    static const char key[] = "Genuine Adobe Flash Player 001";
    uint8_t c0c1[1537] = {3};
    uint8_t reply[3073];
    uint8_t *c1 = c0c1 + 1;

    for (size_t i = 0; i < 1536; i++)
        c1[i] = (uint8_t)(i * 11 + 3);
    memcpy(c1, "\0\0\1\0\x80\0\7\2", 8);
    const size_t at =
        776 + (size_t)(c1[772] + c1[773] + c1[774] + c1[775]) % 728;
    ck_assert(hmac_sha256(key, sizeof(key) - 1, c1, at, c1 + at + 32,
                          1536 - at - 32, c1 + at));
    send_bytes(peer, c0c1, sizeof(c0c1));
    read_bytes(peer, reply, sizeof(reply));
    /* S1 has a version; the digest itself is test_handshake_digest's matter */
    ck_assert_mem_ne(reply + 5, "\0\0\0\0", 4);
    send_c2(peer);
}

static void send_flash_command(struct peer *peer, uint32_t message_stream_id,
                               struct flv_bytes body)
{
    struct flv_bytes b = {0};

    flv_bytes_fill(&b, 0, 1);
    flv_bytes_add(&b, body.data, body.length);
    send_message(peer, 17, message_stream_id == 0 ? 3 : 8, message_stream_id,
                 b.data, b.length);
    flv_bytes_free(&b);
    flv_bytes_free(&body);
}

START_TEST(a_whole_visit)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, small_file());
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open(&server);
    shake_hands(peer);
    send_command(peer, 0, "connect", 1, "{ksksksksksknkbkdkdkdkdkd}", "app",
                 "vod/_definst_", "flashVer", "WIN 25,0,0,171", "swfUrl",
                 "http://example.org/player.swf", "tcUrl",
                 "rtmp://localhost/vod/_definst_", "pageUrl",
                 "http://example.org/", "object", "fpad", 0, "capabilities",
                 239.0, "audioCodecs", 3575.0, "videoCodecs", 252.0,
                 "videoFunction", 1.0, "objectEncoding", 3.0);
    static const uint8_t types[] = {5, 6, 1, 4, 20};
    for (size_t i = 0; i < sizeof(types); i++)
        (void)expect_message(peer, types[i], 0, 0);
    ck_assert(message_has_string(&peer->message, "code",
                                 "NetConnection.Connect.Success"));
    ck_assert(message_has_bytes(&peer->message,
                                LITERAL("objectEncoding\0\0\0\0\0\0\0\0\0")));
    send_message(peer, 5, 2, 0, "\0\x26\x25\xA0", 4);
    send_flash_command(peer, 0, command_body("FCSubscribe", 0, "ns", "movie"));
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(&peer->message, "onFCSubscribe"));
    send_flash_command(peer, 0, command_body("createStream", 2, "n"));
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(&peer->message, "_result"));
    send_flash_command(peer, 0,
                       command_body("getStreamLength", 3, "ns", "movie"));
    (void)expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(&peer->message, "_result"));
    send_set_buffer_length(peer, 1, 100);
    send_flash_command(peer, 1, command_body("receiveAudio", 0, "nb", 1));
    send_flash_command(peer, 1, command_body("receiveVideo", 0, "nb", 1));
    send_flash_command(
        peer, 1,
        command_body("play", 0, "nsdd", "flv:movie.flv", 0.0, -1000.0));
    send_set_buffer_length(peer, 1, 3000);
    expect_play_started(peer);
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
    send_flash_command(peer, 1, command_body("closeStream", 0, "n"));
    send_flash_command(peer, 0, command_body("deleteStream", 0, "nd", 1.0));
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    if (!hmac_is_available())
        return 77;
    return run_tests("flash client", (const TTest *[]){a_whole_visit, NULL});
}
