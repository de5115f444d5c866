/* HMAC-SHA-256 by OpenSSL's EVP_MAC.
 *
 * Algorithm and context live for one call: a handshake needs at most four, and
 * so nothing is shared between threads. RFC 2104. */
#include "base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static bool compute(EVP_MAC_CTX *context, const void *first,
                    size_t first_length, const void *second,
                    size_t second_length, uint8_t mac[static HMAC_SHA256_BYTES])
{
    size_t length = 0;

    if (first_length > 0 && !EVP_MAC_update(context, first, first_length))
        return false;
    if (second_length > 0 && !EVP_MAC_update(context, second, second_length))
        return false;
    return EVP_MAC_final(context, mac, &length, HMAC_SHA256_BYTES) &&
           length == HMAC_SHA256_BYTES;
}

bool hmac_sha256(const void *key, size_t key_length, const void *first,
                 size_t first_length, const void *second, size_t second_length,
                 uint8_t mac[static HMAC_SHA256_BYTES])
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_end()};
    bool done = false;

    /* A failure must not stay in this thread's error queue: SSL_get_error
     * would take it for one of the connection. */
    ERR_set_mark();
    EVP_MAC *const algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *const context =
        algorithm != NULL ? EVP_MAC_CTX_new(algorithm) : NULL;
    if (context != NULL && EVP_MAC_init(context, key, key_length, parameters))
        done =
            compute(context, first, first_length, second, second_length, mac);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    ERR_pop_to_mark();
    return done;
}

bool hmac_is_same(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

void hmac_prepare(void)
{
    uint8_t mac[HMAC_SHA256_BYTES];

    (void)hmac_sha256("", 1, "", 0, NULL, 0, mac);
}

bool hmac_is_available(void)
{
    return true;
}
