/* Tokens: what lets its bearer play one name until a time. A token is
 * KEYID.MAC, where MAC is HMAC-SHA-256(key, name "\n" expires) in base64url
 * without padding, and stands beside the `expires` that it is about. Pure. */
#ifndef FLVD_SERVER_TOKEN_H
#define FLVD_SERVER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_MAX_KEY_ID 64
#define TOKEN_MAX_KEY_BYTES 512
#define TOKEN_MAC_CHARS 43

/* Both with their NUL. */
#define TOKEN_BYTES (TOKEN_MAX_KEY_ID + 1 + TOKEN_MAC_CHARS + 1)
#define TOKEN_EXPIRES_BYTES 16

struct token_key {
    char id[TOKEN_MAX_KEY_ID + 1];
    size_t length;
    uint8_t bytes[TOKEN_MAX_KEY_BYTES];
};

/* Reads KEYID:BASE64-KEY. The id is of letters, digits and "-._~", which no
 * player encodes; the key may be in either alphabet of base64, padded or not.
 * NULL, or what is wrong with it. */
const char *token_key_read(struct token_key *key, const char *text,
                           size_t length);

/* False when the library cannot compute it. */
bool token_make(const struct token_key *key, const char *name,
                const char *expires, char token[static TOKEN_BYTES]);

/* What somebody shows to be let in; empty strings for what was not given. */
struct token_claim {
    char token[TOKEN_BYTES];
    char expires[TOKEN_EXPIRES_BYTES];
};

/* What is wrong with a claim, whatever it is for: NULL, or a few words. Then
 * the first `id_length` bytes of its token are the id of the key that it should
 * have been made with. */
const char *token_claim_fault(const struct token_claim *claim,
                              int64_t now_unix_s, size_t *id_length);

/* Whether the claim was made with the key, for the name. Takes as long whatever
 * the bytes of the token are. */
bool token_claim_is_for(const struct token_claim *claim,
                        const struct token_key *key, const char *name);

#endif
