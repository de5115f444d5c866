/* Chunks that cannot be: the session ends with that reason. */
#include "peer.h"

#include <stdio.h>
#include <string.h>

static const char *const bad_bytes[] = {
    /* Set Chunk Size 0, 0x80000000, 0xFFFFFFFF, and cut short */
    "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 00",
    "02 00 00 00 00 00 04 01 00 00 00 00 80 00 00 00",
    "02 00 00 00 00 00 04 01 00 00 00 00 FF FF FF FF",
    "02 00 00 00 00 00 03 01 00 00 00 00 00 10 00",
    /* a command of 16385 bytes, a control message of 16 MiB */
    "03 00 00 00 00 40 01 14 00 00 00 00 00",
    "02 00 00 00 FF FF FF 04 00 00 00 00 00",
    "03 00 00 00 FF FF FF 11 00 00 00 00 00",
};

START_TEST(the_session_ends)
{
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(bad_bytes) / sizeof(bad_bytes[0]); i++) {
        struct peer *peer = peer_open(&server);

        do_handshake(peer);
        if (i % 2 == 0)
            do_connect(peer);
        send_hex(peer, bad_bytes[i]);
        expect_closed(peer);
        peer_abort(peer);
    }
    server_stop(&server, "malformed chunk");
}
END_TEST

START_TEST(too_many_chunk_streams)
{
    struct server server;
    struct flv_bytes b = {0};
    char hex[64];

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    for (unsigned i = 0; i < 65; i++) {
        /* chunk stream 64 + i: an empty message of type 18 */
        snprintf(hex, sizeof(hex), "00 %02X 00 00 00 00 00 00 12 00 00 00 00",
                 i);
        flv_bytes_hex(&b, hex);
    }
    (void)try_to_send(peer, b.data, b.length);
    flv_bytes_free(&b);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "malformed chunk");
}
END_TEST

/* The first 16000 bytes of messages of 16384, on ever more chunk streams. */
START_TEST(too_much_that_is_incomplete)
{
    static uint8_t bytes[12 + 16000];
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    send_hex(peer, "02 00 00 00 00 00 04 01 00 00 00 00 00 00 3E 80");
    for (uint8_t i = 0; i < 60; i++) {
        memcpy(bytes + 1, "\0\0\0\0\x40\0\x14\0\0\0\0", 11);
        bytes[0] = (uint8_t)(3 + i);
        if (!try_to_send(peer, bytes, sizeof(bytes)))
            break;
    }
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "malformed chunk");
}
END_TEST

int main(void)
{
    return run_tests("bad chunk",
                     (const TTest *[]){the_session_ends, too_many_chunk_streams,
                                       too_much_that_is_incomplete, NULL});
}
