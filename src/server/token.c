/* The text of a token is compared, not what it decodes to: so each one has a
 * single spelling. */
#include "config.h"

#include "server/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hmac.h"

static const char base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

/* --- keys --------------------------------------------------------------- */

/* The six bits that a character of base64 stands for; -1 when it is none. */
static int base64_bits(uint8_t c)
{
    const char *found;

    if (c == '+' || c == '/')
        return c == '+' ? 62 : 63;
    found = c == '\0' ? NULL : strchr(base64url, c);
    return found == NULL ? -1 : (int)(found - base64url);
}

/* What is left are the marks that pad the last four characters, or nothing. */
static bool is_padding(struct byte_reader r, size_t chars)
{
    const size_t marks = byte_reader_left(&r);

    while (byte_reader_left(&r) > 0) {
        if (byte_read_u8(&r) != '=')
            return false;
    }
    return marks == 0 || (marks <= 2 && (chars + marks) % 4 == 0);
}

/* False when the text is not base64, or too long. */
static bool read_base64(struct byte_reader r, struct token_key *key)
{
    struct byte_writer w;
    uint32_t bits = 0;
    size_t chars = 0;

    byte_writer_init(&w, key->bytes, sizeof(key->bytes));
    while (byte_reader_left(&r) > 0) {
        const int value = base64_bits(byte_peek_u8(&r));

        if (value < 0)
            break;
        (void)byte_read_u8(&r);
        bits = bits << 6 | (uint32_t)value;
        chars++;
        if (chars % 4 != 1)
            byte_write_u8(&w, (uint8_t)(bits >> (2 * (3 - (chars - 1) % 4))));
    }
    key->length = byte_writer_length(&w);
    /* One character is no byte; bits of none are a sign of a text cut short. */
    if (chars % 4 == 1 || (chars % 4 == 2 && (bits & 0xF) != 0) ||
        (chars % 4 == 3 && (bits & 0x3) != 0))
        return false;
    return !w.failed && is_padding(r, chars);
}

const char *token_key_read(struct token_key *key, const char *text,
                           size_t length)
{
    struct byte_reader r;
    size_t id_length = 0;

    memset(key, 0, sizeof(*key));
    byte_reader_init(&r, text, length);
    while (byte_reader_left(&r) > 0 && byte_peek_u8(&r) != ':') {
        const char c = (char)byte_read_u8(&r);

        if (!is_id_char(c))
            return "a KEYID has letters, digits and -._~ only";
        if (id_length == TOKEN_MAX_KEY_ID)
            return "the KEYID is longer than 64 characters";
        key->id[id_length++] = c;
    }
    if (byte_reader_left(&r) == 0)
        return "it is no KEYID:BASE64-KEY";
    if (id_length == 0)
        return "the KEYID is missing";
    (void)byte_read_u8(&r);
    if (byte_reader_left(&r) == 0)
        return "the key is missing";
    if (byte_reader_left(&r) > TOKEN_MAX_KEY_BYTES / 3 * 4)
        return "the key is longer than 510 bytes";
    if (!read_base64(r, key) || key->length == 0)
        return "the key is not base64";
    return NULL;
}

/* --- tokens ------------------------------------------------------------- */

static void write_base64url(const uint8_t mac[static HMAC_SHA256_BYTES],
                            char text[static TOKEN_MAC_CHARS + 1])
{
    struct byte_reader r;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t length = 0;

    byte_reader_init(&r, mac, HMAC_SHA256_BYTES);
    while (length < TOKEN_MAC_CHARS) {
        if (count < 6) {
            /* behind the last byte come zeros */
            bits =
                bits << 8 | (byte_reader_left(&r) > 0 ? byte_read_u8(&r) : 0u);
            count += 8;
        }
        count -= 6;
        text[length++] = base64url[bits >> count & 63];
    }
    text[length] = '\0';
}

static bool make_mac(const struct token_key *key, const char *name,
                     const char *expires, char text[static TOKEN_MAC_CHARS + 1])
{
    char behind[TOKEN_EXPIRES_BYTES + 1];
    uint8_t mac[HMAC_SHA256_BYTES];

    snprintf(behind, sizeof(behind), "\n%s", expires);
    if (!hmac_sha256(key->bytes, key->length, name, strlen(name), behind,
                     strlen(behind), mac))
        return false;
    write_base64url(mac, text);
    return true;
}

bool token_make(const struct token_key *key, const char *name,
                const char *expires, char token[static TOKEN_BYTES])
{
    char mac[TOKEN_MAC_CHARS + 1];

    if (!make_mac(key, name, expires, mac))
        return false;
    snprintf(token, TOKEN_BYTES, "%s.%s", key->id, mac);
    return true;
}

const char *token_claim_fault(const struct token_claim *claim,
                              int64_t now_unix_s, size_t *id_length)
{
    const char *dot = strrchr(claim->token, '.');

    if (claim->token[0] == '\0')
        return "a token is missing, or too long to be one";
    if (claim->expires[0] == '\0')
        return "the token is without its `expires', or that is too long";
    if (claim->expires[strspn(claim->expires, "0123456789")] != '\0')
        return "`expires' is no time";
    if (dot == NULL || dot == claim->token ||
        strlen(dot + 1) != TOKEN_MAC_CHARS)
        return "the token is malformed";
    if (strtoll(claim->expires, NULL, 10) <= now_unix_s)
        return "the token has expired";
    *id_length = (size_t)(dot - claim->token);
    return NULL;
}

bool token_claim_is_for(const struct token_claim *claim,
                        const struct token_key *key, const char *name)
{
    const char *dot = strrchr(claim->token, '.');
    char mac[TOKEN_MAC_CHARS + 1];

    return dot != NULL && strlen(dot + 1) == TOKEN_MAC_CHARS &&
           make_mac(key, name, claim->expires, mac) &&
           hmac_is_same(mac, dot + 1, TOKEN_MAC_CHARS);
}
