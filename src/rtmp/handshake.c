/* S0, S1 and S2 from C0 and C1.
 *
 * The simple reply echoes C1; the digest reply proves knowledge of Adobe's
 * published key, which Flash Player asks of a server before it plays H.264
 * and AAC. Encrypted RTMP (RTMPE) is not spoken. Invariant: bytes 4 to 7 of S1
 * are non-zero in a digest reply only, as FFmpeg demands a valid digest
 * wherever they are. RTMP 1.0, 5.2; the digest is in no specification. */
#include "rtmp/handshake.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hmac.h"

/* After time (4 bytes) and version (4), C1 and S1 consist of two blocks of
 * 764 bytes, a key block and a digest block, in either order:
 *
 *   | time | version | block at 8 ... | block at 772 ... |
 *
 *   digest block: | offset, 4 bytes | filling | digest, 32 | filling |
 *
 * The digest stands (sum of the 4 offset bytes) mod 728 behind them. */
#define DIGEST_FIRST_BASE 8
#define KEY_FIRST_BASE 772
#define DIGEST_OFFSETS 728
#define VERSION_OFFSET 4
#define FILLING_OFFSET 8
#define SIGNED_BYTES (RTMP_HANDSHAKE_BYTES - HMAC_SHA256_BYTES)

#define RTMPE_VERSION 6
#define RTMPE_XTEA_VERSION 8
#define FIRST_TEXT_VERSION 32 /* 5.2.2: 32 and above are printable text */

/* What S1 calls itself in a digest reply; any non-zero version serves. */
static const uint8_t server_version[4] = {4, 5, 0, 1};

/* "Genuine Adobe Flash Media Server 001" and 32 bytes more; the digest of S1
 * is made with the text alone. */
#define SERVER_TEXT_BYTES 36
static const uint8_t server_key[SERVER_TEXT_BYTES + 32] = {
    'G',  'e',  'n',  'u',  'i',  'n',  'e',  ' ',  'A',  'd',  'o',  'b',
    'e',  ' ',  'F',  'l',  'a',  's',  'h',  ' ',  'M',  'e',  'd',  'i',
    'a',  ' ',  'S',  'e',  'r',  'v',  'e',  'r',  ' ',  '0',  '0',  '1',
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1,
    0x02, 0x9E, 0x7E, 0x57, 0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB,
    0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE};

static const char player_text[] = "Genuine Adobe Flash Player 001";

bool handshake_version_is_answered(uint8_t c0)
{
    return c0 < FIRST_TEXT_VERSION && c0 != RTMPE_VERSION &&
           c0 != RTMPE_XTEA_VERSION;
}

/* At most 776 + 727, so that the digest ends inside the block. */
static size_t digest_position(const uint8_t block[static RTMP_HANDSHAKE_BYTES],
                              size_t base)
{
    const size_t sum = (size_t)block[base] + block[base + 1] + block[base + 2] +
                       block[base + 3];

    return base + 4 + sum % DIGEST_OFFSETS;
}

/* The MAC of C1 or S1 without the 32 bytes that it stands in. */
static bool make_digest(const uint8_t block[static RTMP_HANDSHAKE_BYTES],
                        size_t position, const void *key, size_t key_bytes,
                        uint8_t digest[static HMAC_SHA256_BYTES])
{
    const size_t behind = position + HMAC_SHA256_BYTES;

    return hmac_sha256(key, key_bytes, block, position, &block[behind],
                       RTMP_HANDSHAKE_BYTES - behind, digest);
}

static bool has_digest_at(const uint8_t c1[static RTMP_HANDSHAKE_BYTES],
                          size_t base)
{
    const size_t position = digest_position(c1, base);
    uint8_t digest[HMAC_SHA256_BYTES];

    return make_digest(c1, position, player_text, sizeof(player_text) - 1,
                       digest) &&
           memcmp(digest, &c1[position], sizeof(digest)) == 0;
}

static enum handshake_kind
kind_of(const uint8_t c1[static RTMP_HANDSHAKE_BYTES])
{
    static const uint8_t no_version[4];

    if (memcmp(&c1[VERSION_OFFSET], no_version, sizeof(no_version)) == 0)
        return HANDSHAKE_SIMPLE;
    if (has_digest_at(c1, KEY_FIRST_BASE))
        return HANDSHAKE_DIGEST_KEY_FIRST;
    if (has_digest_at(c1, DIGEST_FIRST_BASE))
        return HANDSHAKE_DIGEST_DIGEST_FIRST;
    return HANDSHAKE_SIMPLE;
}

/* S1 up to the digest that a digest reply puts into it. */
static void write_s0s1(struct byte_writer *w, uint32_t uptime_ms,
                       const uint8_t version[static 4],
                       const uint8_t random[static RTMP_HANDSHAKE_BYTES])
{
    byte_write_u8(w, RTMP_VERSION);
    byte_write_u32(w, uptime_ms);
    byte_write_bytes(w, version, 4);
    byte_write_bytes(w, &random[FILLING_OFFSET],
                     RTMP_HANDSHAKE_BYTES - FILLING_OFFSET);
}

static void answer_simply(const uint8_t c1[static RTMP_HANDSHAKE_BYTES],
                          const uint8_t random[static RTMP_HANDSHAKE_BYTES],
                          uint32_t uptime_ms,
                          uint8_t s0s1s2[static RTMP_S0S1S2_BYTES])
{
    static const uint8_t no_version[4];
    struct byte_writer w;

    byte_writer_init(&w, s0s1s2, RTMP_S0S1S2_BYTES);
    write_s0s1(&w, uptime_ms, no_version, random);
    /* S2: all of C1. 5.2.4 wants the time of reading in bytes 4 to 7, but
     * librtmp compares them and warns. */
    byte_write_bytes(&w, c1, RTMP_HANDSHAKE_BYTES);
}

/* S2: random bytes, signed with a key that is made of C1's digest. */
static bool sign_s2(const uint8_t c1_digest[static HMAC_SHA256_BYTES],
                    uint8_t s2[static RTMP_HANDSHAKE_BYTES])
{
    uint8_t key[HMAC_SHA256_BYTES];

    return hmac_sha256(server_key, sizeof(server_key), c1_digest,
                       HMAC_SHA256_BYTES, NULL, 0, key) &&
           hmac_sha256(key, sizeof(key), s2, SIGNED_BYTES, NULL, 0,
                       &s2[SIGNED_BYTES]);
}

static bool answer_digest(const uint8_t c1[static RTMP_HANDSHAKE_BYTES],
                          const uint8_t random[static RTMP_HANDSHAKE_BYTES],
                          uint32_t uptime_ms, size_t base,
                          uint8_t s0s1s2[static RTMP_S0S1S2_BYTES])
{
    uint8_t *const s1 = &s0s1s2[1];
    uint8_t *const s2 = &s0s1s2[1 + RTMP_HANDSHAKE_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, s0s1s2, RTMP_S0S1S2_BYTES);
    write_s0s1(&w, uptime_ms, server_version, random);
    byte_write_bytes(&w, random, RTMP_HANDSHAKE_BYTES);

    const size_t position = digest_position(s1, base);
    return make_digest(s1, position, server_key, SERVER_TEXT_BYTES,
                       &s1[position]) &&
           sign_s2(&c1[digest_position(c1, base)], s2);
}

enum handshake_kind
handshake_answer(const uint8_t c0c1[static RTMP_C0C1_BYTES],
                 const uint8_t random[static RTMP_HANDSHAKE_BYTES],
                 uint32_t uptime_ms, uint8_t s0s1s2[static RTMP_S0S1S2_BYTES])
{
    const uint8_t *const c1 = &c0c1[1];

    if (!handshake_version_is_answered(c0c1[0]))
        return HANDSHAKE_REFUSED;

    const enum handshake_kind kind = kind_of(c1);
    const size_t base =
        kind == HANDSHAKE_DIGEST_KEY_FIRST ? KEY_FIRST_BASE : DIGEST_FIRST_BASE;
    if (kind != HANDSHAKE_SIMPLE &&
        answer_digest(c1, random, uptime_ms, base, s0s1s2))
        return kind;
    answer_simply(c1, random, uptime_ms, s0s1s2);
    return HANDSHAKE_SIMPLE;
}
