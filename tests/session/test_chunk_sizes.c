/* A peer may cut what it sends as it likes: into chunks of any size, and bytes
 * into packets of any size. */
#include "peer.h"

#include <string.h>

/* A whole conversation. */
static void converse(struct server *server, uint32_t chunk_bytes,
                     size_t piece_bytes)
{
    struct peer *peer = peer_open(server);
    struct file_tags tags = {.file = &server->file};
    struct file_tag tag;
    char name[301];

    memset(name, 'x', 300);
    name[300] = '\0';
    peer->piece_bytes = piece_bytes;
    do_handshake(peer);
    if (chunk_bytes != 0)
        send_set_chunk_size(peer, chunk_bytes);
    send_command(peer, 0, "connect", 1, "{ksksks}", "app", "vod", "tcUrl",
                 "rtmp://localhost:1935/vod", "pageUrl", name);
    for (int i = 0; i < 5; i++)
        (void)read_message(peer);
    ck_assert(message_is_called(&peer->message, "_result"));
    do_create_stream(peer);
    send_set_buffer_length(peer, 1, 3000);
    send_command(peer, 1, "play", 0, "ns", name);
    expect_play_started(peer);
    while (next_file_tag(&tags, &tag))
        expect_tag(peer, &tag, tag.timestamp_ms);
    expect_play_complete(peer);
    expect_silence(peer);
    peer_close(peer);
}

START_TEST(chunks_of_all_sizes)
{
    static const uint32_t sizes[] = {1,    2,     16,       127,       128,
                                     129,  255,   4096,     16384,     65536,
                                     8192, 65535, 0xFFFFFF, 0x7FFFFFFF};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        converse(&server, sizes[i], 0);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(packets_of_all_sizes)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 11, 13, 17, 100, 1000};
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        converse(&server, 0, pieces[i]);
    converse(&server, 1, 1);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Each conversation is cut once, at another place of its bytes. */
START_TEST(cut_at_every_place)
{
    struct server server;
    struct flv_bytes all = {0};

    flv_bytes_fill(&all, 0, 1536); /* C2 */
    /* Set Chunk Size 64; connect 1 {app: vod}; createStream 2; play movie */
    flv_bytes_hex(&all, "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 40");
    flv_bytes_hex(&all, "03 00 00 00 00 00 22 14 00 00 00 00 02 00 07 63 6F 6E "
                        "6E 65 63 74 00 3F F0 00 00 00 00 00 00 03 00 03 61 70 "
                        "70 02 00 03 76 6F 64 00 00 09");
    flv_bytes_hex(&all, "43 00 00 00 00 00 19 14 02 00 0C 63 72 65 61 74 65 53 "
                        "74 72 65 61 6D 00 40 00 00 00 00 00 00 00 05");
    flv_bytes_hex(&all, "08 00 00 00 00 00 19 14 01 00 00 00 02 00 04 70 6C 61 "
                        "79 00 00 00 00 00 00 00 00 00 05 02 00 05 6D 6F 76 69 "
                        "65");
    server_start(&server, small_file());
    for (size_t cut = 1530; cut < all.length; cut++) {
        struct peer *peer = peer_open(&server);
        uint8_t reply[3073];

        send_c0c1(peer);
        read_bytes(peer, reply, sizeof(reply));
        send_bytes(peer, all.data, cut);
        send_bytes(peer, all.data + cut, all.length - cut);
        for (int i = 0; i < 6; i++)
            (void)read_message(peer);
        expect_play_started(peer);
        peer_close(peer);
    }
    flv_bytes_free(&all);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("chunk sizes",
                     (const TTest *[]){chunks_of_all_sizes,
                                       packets_of_all_sizes, cut_at_every_place,
                                       NULL});
}
