/* The handshake: any C0 and C1. The input is a byte of flags, C0, and the
 * beginning of C1, which goes on with zeros; the target signs C1 as Flash
 * Player does when the flags say so. What is answered is checked with a second
 * implementation of the digest. */
#include "config.h"

#include <string.h>

#include "base/hmac.h"
#include "fuzz.h"
#include "rtmp/handshake.h"

#define FLAG_SIGN_DIGEST_FIRST 1
#define FLAG_SIGN_KEY_FIRST 2
#define FLAG_RANDOM_ONES 4

#define DIGEST_BYTES 32
#define UPTIME_MS 0x01020304u

/* Where the digest stands, in a block that begins at `base`. */
static size_t digest_at(const uint8_t *block, size_t base)
{
    const unsigned sum = (unsigned)block[base] + block[base + 1] +
                         block[base + 2] + block[base + 3];

    return base + 4 + sum % 728;
}

static void digest_of(const uint8_t *block, size_t at, const char *key,
                      uint8_t digest[static DIGEST_BYTES])
{
    MUST(at + DIGEST_BYTES <= RTMP_HANDSHAKE_BYTES);
    MUST(hmac_sha256(key, strlen(key), block, at, block + at + DIGEST_BYTES,
                     RTMP_HANDSHAKE_BYTES - at - DIGEST_BYTES, digest));
}

static void sign(uint8_t *c1, size_t base)
{
    uint8_t digest[DIGEST_BYTES];
    const size_t at = digest_at(c1, base);

    digest_of(c1, at, "Genuine Adobe Flash Player 001", digest);
    memcpy(c1 + at, digest, sizeof(digest));
}

static bool is_signed(const uint8_t *block, size_t base, const char *key)
{
    uint8_t digest[DIGEST_BYTES];
    const size_t at = digest_at(block, base);

    digest_of(block, at, key, digest);
    return memcmp(block + at, digest, sizeof(digest)) == 0;
}

static void must_be_simple(const uint8_t *c1, const uint8_t *random,
                           const uint8_t *s0s1s2)
{
    const uint8_t *const s1 = s0s1s2 + 1;

    MUST(memcmp(s1 + 4, "\0\0\0\0", 4) == 0);
    MUST(memcmp(s1 + 8, random + 8, RTMP_HANDSHAKE_BYTES - 8) == 0);
    MUST(memcmp(s1 + RTMP_HANDSHAKE_BYTES, c1, RTMP_HANDSHAKE_BYTES) == 0);
}

static void must_be_digest(const uint8_t *c1, const uint8_t *s0s1s2,
                           size_t base)
{
    MUST(is_signed(c1, base, "Genuine Adobe Flash Player 001"));
    MUST(is_signed(s0s1s2 + 1, base, "Genuine Adobe Flash Media Server 001"));
    MUST(memcmp(s0s1s2 + 5, "\0\0\0\0", 4) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t c0c1[RTMP_C0C1_BYTES] = {0}, random[RTMP_HANDSHAKE_BYTES];
    uint8_t reply[RTMP_S0S1S2_BYTES], untouched[RTMP_S0S1S2_BYTES];
    enum handshake_kind kind;
    bool has_signed;

    if (size < 1 || size > 1 + sizeof(c0c1))
        return 0;
    memcpy(c0c1, data + 1, size - 1);
    has_signed = hmac_is_available() &&
                 (data[0] & (FLAG_SIGN_DIGEST_FIRST | FLAG_SIGN_KEY_FIRST));
    if (has_signed)
        sign(c0c1 + 1, data[0] & FLAG_SIGN_DIGEST_FIRST ? 8 : 772);
    memset(random, data[0] & FLAG_RANDOM_ONES ? 0xFF : data[0], sizeof(random));
    memset(reply, 0xA5, sizeof(reply));
    memset(untouched, 0xA5, sizeof(untouched));

    kind = handshake_answer(c0c1, random, UPTIME_MS, reply);
    MUST((kind == HANDSHAKE_REFUSED) ==
         (c0c1[0] >= 32 || c0c1[0] == 6 || c0c1[0] == 8));
    if (kind == HANDSHAKE_REFUSED) {
        MUST(memcmp(reply, untouched, sizeof(reply)) == 0);
        return 0;
    }
    MUST(memcmp(reply, "\3\1\2\3\4", 5) == 0);
    if (kind == HANDSHAKE_SIMPLE) {
        MUST(!has_signed || memcmp(c0c1 + 5, "\0\0\0\0", 4) == 0);
        must_be_simple(c0c1 + 1, random, reply);
    } else {
        must_be_digest(c0c1 + 1, reply,
                       kind == HANDSHAKE_DIGEST_DIGEST_FIRST ? 8 : 772);
    }
    return 0;
}
