/* The RTMP handshake, server side (RTMP 1.0, 5.2), and the digest handshake
 * that Flash Player wants before it plays H.264 and AAC.
 *
 * Pure: C0 and C1 in, S0, S1 and S2 out as one block. C2 is not examined:
 * clients fill it differently. */
#ifndef FLVD_RTMP_HANDSHAKE_H
#define FLVD_RTMP_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "rtmp/protocol.h"

#define RTMP_C0C1_BYTES (1 + RTMP_HANDSHAKE_BYTES)
#define RTMP_S0S1S2_BYTES (1 + 2 * RTMP_HANDSHAKE_BYTES)

enum handshake_kind {
    HANDSHAKE_SIMPLE,
    HANDSHAKE_DIGEST_KEY_FIRST,    /* digest block at byte 772 of C1 */
    HANDSHAKE_DIGEST_DIGEST_FIRST, /* digest block at byte 8 of C1 */
    HANDSHAKE_REFUSED              /* C0 is no version that can be answered */
};

/* Whether a first byte can begin an RTMP handshake: 3, or another version
 * below 32 that is answered with 3 (RTMP 1.0, 5.2.2), but not 6 and 8, the
 * encrypted ones, which cannot be answered in the clear. */
bool handshake_version_is_answered(uint8_t c0);

/* Answers C0 and C1. `random` is RTMP_HANDSHAKE_BYTES of unpredictable bytes
 * that become the filling of S1 (and of S2 in a digest reply); `uptime_ms` is
 * the time that S1 carries; a simple S2 is C1 again. On HANDSHAKE_REFUSED
 * nothing is written. When C1 announces a digest that fits neither layout, or
 * flvd was built without OpenSSL, the reply is the simple one, with bytes 4..7
 * of S1 zero. */
enum handshake_kind
handshake_answer(const uint8_t c0c1[static RTMP_C0C1_BYTES],
                 const uint8_t random[static RTMP_HANDSHAKE_BYTES],
                 uint32_t uptime_ms, uint8_t s0s1s2[static RTMP_S0S1S2_BYTES]);

#endif
