/* HMAC-SHA-256 (RFC 2104, FIPS 180-4), from OpenSSL; hmac_none.c stands in
 * when flvd is built without it. */
#ifndef FLVD_BASE_HMAC_H
#define FLVD_BASE_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_SHA256_BYTES 32

/* The MAC of two parts taken as one message; `second` may be NULL with length
 * 0. False when the library cannot compute it, always so without OpenSSL. */
bool hmac_sha256(const void *key, size_t key_length, const void *first,
                 size_t first_length, const void *second, size_t second_length,
                 uint8_t mac[static HMAC_SHA256_BYTES]);

/* Whether two texts are the same; how long that takes does not tell where they
 * differ. */
bool hmac_is_same(const void *a, const void *b, size_t length);

/* Lets the library read what it reads when it is first used (openssl.cnf). To
 * be called while every file may be opened. */
void hmac_prepare(void);

/* Whether flvd was built with it. */
bool hmac_is_available(void);

#endif
