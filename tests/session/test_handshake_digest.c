/* The digest handshake, as Flash Player checks it: in both layouts, and the
 * simple reply when neither fits. */
#include "peer.h"

#include <string.h>

#include "base/hmac.h"

#define TAIL                                                                   \
    "\xF0\xEE\xC2\x4A\x80\x68\xBE\xE8\x2E\x00\xD0\xD1\x02\x9E\x7E\x57"         \
    "\x6E\xEC\x5D\x2D\x29\x80\x6F\xAB\x93\xB8\xE6\x36\xCF\xEB\x31\xAE"
static const char player_key[] = "Genuine Adobe Flash Player 001";
static const char server_key[] = "Genuine Adobe Flash Media Server 001" TAIL;

static size_t digest_at(const uint8_t *block, size_t base)
{
    return base + 4 +
           ((size_t)block[base] + block[base + 1] + block[base + 2] +
            block[base + 3]) %
               728;
}

static void digest_of(const uint8_t *block, size_t at, const char *key,
                      size_t key_length, uint8_t mac[static 32])
{
    ck_assert(hmac_sha256(key, key_length, block, at, block + at + 32,
                          1536 - at - 32, mac));
}

/* As Flash Player makes it: the offset bytes sum up to `offset`. */
static void make_c1(uint8_t c1[static 1536], size_t base, size_t offset)
{
    for (size_t i = 0; i < 1536; i++)
        c1[i] = (uint8_t)(i * 13 + 5);
    memcpy(c1 + 4, "\x80\x00\x07\x02", 4);
    for (size_t i = 0; i < 4; i++) {
        c1[base + i] = (uint8_t)(offset > 255 ? 255 : offset);
        offset -= c1[base + i];
    }
    digest_of(c1, digest_at(c1, base), player_key, sizeof(player_key) - 1,
              c1 + digest_at(c1, base));
}

static void check_reply(const uint8_t reply[static 3073],
                        const uint8_t c1[static 1536], size_t base)
{
    const uint8_t *s1 = reply + 1;
    const uint8_t *s2 = reply + 1537;
    uint8_t mac[32], key[32];

    ck_assert_uint_eq(reply[0], 3);
    ck_assert_mem_ne(s1 + 4, "\0\0\0\0", 4);
    digest_of(s1, digest_at(s1, base), server_key, 36, mac);
    ck_assert_mem_eq(s1 + digest_at(s1, base), mac, 32);
    ck_assert(hmac_sha256(server_key, 68, c1 + digest_at(c1, base), 32, NULL, 0,
                          key));
    ck_assert(hmac_sha256(key, 32, s2, 1504, NULL, 0, mac));
    ck_assert_mem_eq(s2 + 1504, mac, 32);
}

START_TEST(both_layouts_and_all_ends_of_the_offset)
{
    static const size_t bases[] = {8, 772};
    static const size_t offsets[] = {0, 1, 300, 727, 728, 1020};
    struct server server;
    uint8_t c1[1536], reply[3073];

    server_start(&server, small_file());
    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
            struct peer *peer = peer_open(&server);

            make_c1(c1, bases[b], offsets[i]);
            send_hex(peer, "03");
            send_bytes(peer, c1, sizeof(c1));
            read_bytes(peer, reply, sizeof(reply));
            check_reply(reply, c1, bases[b]);
            send_c2(peer);
            do_connect(peer);
            peer_close(peer);
        }
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(a_digest_that_fits_nowhere_gets_the_simple_reply)
{
    struct server server;
    uint8_t c1[1536], reply[3073];

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    make_c1(c1, 8, 100);
    c1[1535] ^= 1;
    send_hex(peer, "03");
    send_bytes(peer, c1, sizeof(c1));
    read_bytes(peer, reply, sizeof(reply));
    ck_assert_mem_eq(reply + 5, "\0\0\0\0", 4);
    ck_assert_mem_eq(reply + 1537 + 8, c1 + 8, 1528);
    send_c2(peer);
    do_connect(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(no_version_means_no_digest)
{
    struct server server;
    uint8_t c1[1536], reply[3073];

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    make_c1(c1, 8, 100);
    memset(c1 + 4, 0, 4);
    digest_of(c1, digest_at(c1, 8), player_key, sizeof(player_key) - 1,
              c1 + digest_at(c1, 8));
    send_hex(peer, "03");
    send_bytes(peer, c1, sizeof(c1));
    read_bytes(peer, reply, sizeof(reply));
    ck_assert_mem_eq(reply + 5, "\0\0\0\0", 4);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    if (!hmac_is_available())
        return 77;
    return run_tests(
        "handshake digest",
        (const TTest *[]){both_layouts_and_all_ends_of_the_offset,
                          a_digest_that_fits_nowhere_gets_the_simple_reply,
                          no_version_means_no_digest, NULL});
}
