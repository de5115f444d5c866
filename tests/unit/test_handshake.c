/* rtmp/handshake: the simple reply byte by byte; the digest reply against
 * values computed by other means (Python's hmac) and as a client verifies it.
 */
#include "rtmp/handshake.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"

#define UPTIME_MS 0x01020304

struct exchange {
    uint8_t c0c1[RTMP_C0C1_BYTES];
    uint8_t random[RTMP_HANDSHAKE_BYTES];
    uint8_t s0s1s2[RTMP_S0S1S2_BYTES];
};

static uint8_t *c1_of(struct exchange *x)
{
    return &x->c0c1[1];
}

static const uint8_t *s1_of(const struct exchange *x)
{
    return &x->s0s1s2[1];
}

static const uint8_t *s2_of(const struct exchange *x)
{
    return &x->s0s1s2[1 + RTMP_HANDSHAKE_BYTES];
}

/* C0 is 3, C1 has time 0x00010203 and version 9.0.124.2. */
static void prepare(struct exchange *x)
{
    static const uint8_t start[9] = {3, 0, 1, 2, 3, 9, 0, 124, 2};

    for (size_t i = 0; i < RTMP_HANDSHAKE_BYTES; i++) {
        x->c0c1[1 + i] = (uint8_t)(i * 5 + 1);
        x->random[i] = (uint8_t)(i * 7 + 3);
    }
    memcpy(x->c0c1, start, sizeof(start));
    memset(x->s0s1s2, 0xEE, sizeof(x->s0s1s2));
}

static enum handshake_kind answer(struct exchange *x)
{
    return handshake_answer(x->c0c1, x->random, UPTIME_MS, x->s0s1s2);
}

static void check_simple_reply(struct exchange *x)
{
    static const uint8_t s0_to_version[9] = {3, 1, 2, 3, 4, 0, 0, 0, 0};

    ck_assert_mem_eq(x->s0s1s2, s0_to_version, sizeof(s0_to_version));
    ck_assert_mem_eq(&s1_of(x)[8], &x->random[8], 1528);
    ck_assert_mem_eq(s2_of(x), c1_of(x), 1536);
}

START_TEST(block_is_3073_bytes)
{
    ck_assert_uint_eq(RTMP_C0C1_BYTES, 1537);
    ck_assert_uint_eq(RTMP_S0S1S2_BYTES, 3073);
}
END_TEST

START_TEST(versions)
{
    for (unsigned c0 = 0; c0 < 256; c0++) {
        const bool expected = c0 < 32 && c0 != 6 && c0 != 8;

        ck_assert(handshake_version_is_answered((uint8_t)c0) == expected);
    }
}
END_TEST

START_TEST(refusal_writes_nothing)
{
    static const uint8_t refused[] = {6, 8, 32, 'G', 255};
    struct exchange x;

    for (size_t i = 0; i < sizeof(refused); i++) {
        prepare(&x);
        x.c0c1[0] = refused[i];
        ck_assert_int_eq(answer(&x), HANDSHAKE_REFUSED);
        for (size_t j = 0; j < sizeof(x.s0s1s2); j++)
            ck_assert_uint_eq(x.s0s1s2[j], 0xEE);
    }
}
END_TEST

START_TEST(version_zero_gets_the_simple_reply)
{
    struct exchange x;

    prepare(&x);
    memset(&c1_of(&x)[4], 0, 4);
    ck_assert_int_eq(answer(&x), HANDSHAKE_SIMPLE);
    check_simple_reply(&x);
}
END_TEST

START_TEST(other_versions_are_answered_with_3)
{
    struct exchange x;

    prepare(&x);
    x.c0c1[0] = 31;
    memset(&c1_of(&x)[4], 0, 4);
    ck_assert_int_eq(answer(&x), HANDSHAKE_SIMPLE);
    check_simple_reply(&x);
}
END_TEST

START_TEST(announced_digest_that_is_missing)
{
    struct exchange x;

    prepare(&x);
    ck_assert_int_eq(answer(&x), HANDSHAKE_SIMPLE);
    check_simple_reply(&x);
}
END_TEST

/* --- the digest reply -------------------------------------------------- */

struct layout {
    size_t base; /* of the digest block */
    enum handshake_kind kind;
    size_t c1_position; /* of the digest, in what prepare() makes */
    size_t s1_position;
    uint8_t c1_digest[32];
    uint8_t s1_digest[32];
    uint8_t s2_signature[32];
};

/* Computed outside of flvd, from the keys and offsets as published. */
static const struct layout layouts[2] = {
    {.base = 8,
     .kind = HANDSHAKE_DIGEST_DIGEST_FIRST,
     .c1_position = 206,
     .s1_position = 290,
     .c1_digest = {0x7a, 0x38, 0x7c, 0x6a, 0x3a, 0x75, 0x0a, 0x50,
                   0x50, 0x35, 0x7c, 0xc5, 0xa7, 0xc1, 0xb7, 0xe0,
                   0x19, 0xf0, 0x74, 0x95, 0xfc, 0xc4, 0xad, 0x9c,
                   0x20, 0x6a, 0xec, 0xb2, 0x65, 0xdd, 0xd0, 0x5b},
     .s1_digest = {0x25, 0x49, 0x26, 0x22, 0xc8, 0x8f, 0x76, 0x28,
                   0x13, 0x65, 0x17, 0xae, 0xb4, 0xb5, 0x51, 0x7b,
                   0x1c, 0x92, 0xef, 0xb0, 0xfd, 0x4b, 0xf0, 0xc1,
                   0x4f, 0x30, 0x4f, 0xe9, 0x43, 0x6e, 0x36, 0xc4},
     .s2_signature = {0x7b, 0x2f, 0x4a, 0x6b, 0xfd, 0xf3, 0xed, 0xe4,
                      0x83, 0x68, 0x93, 0xfa, 0x20, 0xcb, 0xa2, 0x39,
                      0x91, 0x48, 0x6a, 0x12, 0xcc, 0x98, 0x56, 0xdd,
                      0xf8, 0xa5, 0x1c, 0x83, 0x74, 0x95, 0x13, 0x7c}},
    {.base = 772,
     .kind = HANDSHAKE_DIGEST_KEY_FIRST,
     .c1_position = 890,
     .s1_position = 942,
     .c1_digest = {0x34, 0x0d, 0x5e, 0xad, 0x1b, 0x03, 0x27, 0x21,
                   0xa9, 0x1e, 0xd2, 0x82, 0xb3, 0xb3, 0x31, 0xe3,
                   0xc5, 0xf9, 0x23, 0x97, 0x75, 0xf5, 0x29, 0x5b,
                   0x20, 0xca, 0x2d, 0x25, 0x41, 0x78, 0x91, 0xb3},
     .s1_digest = {0x39, 0xee, 0x55, 0x98, 0x99, 0x74, 0xfd, 0xf9,
                   0x41, 0xc6, 0x8c, 0xe3, 0xef, 0xb3, 0xb7, 0xdc,
                   0x0d, 0x42, 0xe6, 0xdd, 0xd1, 0xf1, 0xd5, 0xc6,
                   0xea, 0x1d, 0xed, 0x23, 0xcc, 0x70, 0xf2, 0xf5},
     .s2_signature = {0x8a, 0xc5, 0xfa, 0x79, 0x55, 0xb3, 0xa6, 0xba,
                      0x7e, 0xa9, 0x1a, 0xcd, 0x09, 0xc9, 0xbd, 0x44,
                      0x05, 0x5d, 0xed, 0x4f, 0xa3, 0xcf, 0xd6, 0x18,
                      0x8e, 0xa3, 0xcd, 0x99, 0xb7, 0xcd, 0xad, 0xdf}},
};

START_TEST(golden_digest_replies)
{
    static const uint8_t s0_to_version[9] = {3, 1, 2, 3, 4, 4, 5, 0, 1};
    struct exchange x;

    for (size_t i = 0; i < 2 && hmac_is_available(); i++) {
        const struct layout *const l = &layouts[i];
        const size_t behind = l->s1_position + 32;

        prepare(&x);
        memcpy(&c1_of(&x)[l->c1_position], l->c1_digest, 32);
        ck_assert_int_eq(answer(&x), l->kind);
        ck_assert_mem_eq(x.s0s1s2, s0_to_version, sizeof(s0_to_version));
        ck_assert_mem_eq(&s1_of(&x)[8], &x.random[8], l->s1_position - 8);
        ck_assert_mem_eq(&s1_of(&x)[l->s1_position], l->s1_digest, 32);
        ck_assert_mem_eq(&s1_of(&x)[behind], &x.random[behind], 1536 - behind);
        ck_assert_mem_eq(s2_of(&x), x.random, 1504);
        ck_assert_mem_eq(&s2_of(&x)[1504], l->s2_signature, 32);
    }
}
END_TEST

START_TEST(digest_with_one_bit_wrong_gets_the_simple_reply)
{
    struct exchange x;

    for (size_t i = 0; i < 2; i++) {
        const struct layout *const l = &layouts[i];

        for (size_t j = 0; j < 32; j++) {
            prepare(&x);
            memcpy(&c1_of(&x)[l->c1_position], l->c1_digest, 32);
            c1_of(&x)[l->c1_position + j] ^= 0x80;
            ck_assert_int_eq(answer(&x), HANDSHAKE_SIMPLE);
            check_simple_reply(&x);
        }
    }
}
END_TEST

START_TEST(digest_with_version_zero_gets_the_simple_reply)
{
    struct exchange x;

    prepare(&x);
    memcpy(&c1_of(&x)[layouts[0].c1_position], layouts[0].c1_digest, 32);
    memset(&c1_of(&x)[4], 0, 4);
    ck_assert_int_eq(answer(&x), HANDSHAKE_SIMPLE);
    check_simple_reply(&x);
}
END_TEST

/* What follows mirrors a client: FFmpeg's rtmp_calc_digest_pos, rtmp_validate
 * _digest and the check of S2 in rtmp_handshake, written anew. */

static const char client_text[] = "Genuine Adobe Flash Player 001";
static const char server_text[] = "Genuine Adobe Flash Media Server 001";
static const char server_full_key[] =
    "Genuine Adobe Flash Media Server 001"
    "\xF0\xEE\xC2\x4A\x80\x68\xBE\xE8\x2E\x00\xD0\xD1\x02\x9E\x7E\x57"
    "\x6E\xEC\x5D\x2D\x29\x80\x6F\xAB\x93\xB8\xE6\x36\xCF\xEB\x31\xAE";

static size_t client_position(const uint8_t *block, size_t base)
{
    size_t position = 0;

    for (size_t i = base; i < base + 4; i++)
        position += block[i];
    return position % 728 + base + 4;
}

static void client_digest(const uint8_t *block, size_t position,
                          const char *key, uint8_t digest[static 32])
{
    uint8_t joined[1504];

    memcpy(joined, block, position);
    memcpy(&joined[position], &block[position + 32], 1504 - position);
    ck_assert(
        hmac_sha256(key, strlen(key), joined, sizeof(joined), NULL, 0, digest));
}

static void client_sign(struct exchange *x, size_t base,
                        uint8_t digest[static 32])
{
    const size_t position = client_position(c1_of(x), base);

    client_digest(c1_of(x), position, client_text, digest);
    memcpy(&c1_of(x)[position], digest, 32);
}

static void client_verify(const struct exchange *x, size_t base,
                          const uint8_t c1_digest[static 32])
{
    const size_t position = client_position(s1_of(x), base);
    uint8_t digest[32];
    uint8_t key[32];

    ck_assert_uint_ge(s1_of(x)[4], 3); /* else FFmpeg would not look */
    client_digest(s1_of(x), position, server_text, digest);
    ck_assert_mem_eq(&s1_of(x)[position], digest, 32);
    ck_assert(hmac_sha256(server_full_key, 68, c1_digest, 32, NULL, 0, key));
    ck_assert(hmac_sha256(key, 32, s2_of(x), 1504, NULL, 0, digest));
    ck_assert_mem_eq(&s2_of(x)[1504], digest, 32);
}

/* Sums of the offset bytes about the modulus, at both ends; of C1 and S1. */
START_TEST(a_client_accepts_every_offset)
{
    static const uint8_t offsets[][4] = {
        {0, 0, 0, 0},       {1, 0, 0, 0},       {255, 255, 217, 0},
        {255, 255, 218, 0}, {218, 0, 255, 255}, {255, 255, 255, 255},
    };
    const size_t count = sizeof(offsets) / sizeof(offsets[0]);
    struct exchange x;
    uint8_t digest[32];

    for (size_t i = 0; i < 2 && hmac_is_available(); i++) {
        const size_t base = layouts[i].base;

        for (size_t j = 0; j < count * count; j++) {
            prepare(&x);
            memcpy(&c1_of(&x)[base], offsets[j / count], 4);
            memcpy(&x.random[base], offsets[j % count], 4);
            client_sign(&x, base, digest);
            ck_assert_int_eq(answer(&x), layouts[i].kind);
            client_verify(&x, base, digest);
        }
    }
}
END_TEST

START_TEST(without_openssl_the_reply_is_simple)
{
    struct exchange x;

    prepare(&x);
    memcpy(&c1_of(&x)[layouts[0].c1_position], layouts[0].c1_digest, 32);
    const enum handshake_kind kind = answer(&x);
    ck_assert((kind == HANDSHAKE_SIMPLE) == !hmac_is_available());
    if (kind == HANDSHAKE_SIMPLE)
        check_simple_reply(&x);
}
END_TEST

static Suite *handshake_suite(void)
{
    Suite *const suite = suite_create("handshake");
    TCase *const tests = tcase_create("handshake");

    tcase_add_test(tests, block_is_3073_bytes);
    tcase_add_test(tests, versions);
    tcase_add_test(tests, refusal_writes_nothing);
    tcase_add_test(tests, version_zero_gets_the_simple_reply);
    tcase_add_test(tests, other_versions_are_answered_with_3);
    tcase_add_test(tests, announced_digest_that_is_missing);
    tcase_add_test(tests, golden_digest_replies);
    tcase_add_test(tests, digest_with_one_bit_wrong_gets_the_simple_reply);
    tcase_add_test(tests, digest_with_version_zero_gets_the_simple_reply);
    tcase_add_test(tests, a_client_accepts_every_offset);
    tcase_add_test(tests, without_openssl_the_reply_is_simple);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(handshake_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
