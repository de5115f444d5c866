/* Stands in for hmac_openssl.c when flvd is built without OpenSSL: the digest
 * handshake is then never answered, the simple one is. */
#include "base/hmac.h"

bool hmac_sha256(const void *key, size_t key_length, const void *first,
                 size_t first_length, const void *second, size_t second_length,
                 uint8_t mac[static HMAC_SHA256_BYTES])
{
    (void)key;
    (void)key_length;
    (void)first;
    (void)first_length;
    (void)second;
    (void)second_length;
    (void)mac;
    return false;
}

/* Without a MAC there is nothing that could be the same. */
bool hmac_is_same(const void *a, const void *b, size_t length)
{
    (void)a;
    (void)b;
    (void)length;
    return false;
}

void hmac_prepare(void)
{
}

bool hmac_is_available(void)
{
    return false;
}
