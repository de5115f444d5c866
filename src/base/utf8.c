/* The well-formed byte sequences of RFC 3629, section 4. */
#include "base/utf8.h"

#include <string.h>

size_t utf8_length(struct byte_reader r)
{
    const uint8_t first = byte_read_u8(&r);
    size_t length;
    uint8_t low = 0x80;  /* bounds of the second byte: neither overlong forms */
    uint8_t high = 0xBF; /* nor surrogates nor what is above U+10FFFF */

    if (r.failed)
        return 0;
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i < length; i++) {
        const uint8_t byte = byte_read_u8(&r);

        if (r.failed || byte < low || byte > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

size_t utf8_repair(char *out, const char *text, size_t length)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
    struct byte_reader r;
    size_t used = 0;

    byte_reader_init(&r, text, length);
    while (byte_reader_left(&r) > 0) {
        const size_t bytes = utf8_length(r);
        const uint8_t *character = byte_read_bytes(&r, bytes > 0 ? bytes : 1);

        if (bytes > 0) {
            memcpy(out + used, character, bytes);
            used += bytes;
        } else {
            memcpy(out + used, replacement, sizeof(replacement) - 1);
            used += sizeof(replacement) - 1;
        }
    }
    return used;
}
