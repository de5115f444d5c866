/* One pass over the characters. */
#include "config.h"

#include "status/escape.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* What a character of ASCII becomes; NULL: itself. */
typedef const char *replace(uint8_t c);

static const char *replace_in_html(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static const char *replace_nothing(uint8_t c)
{
    (void)c;
    return NULL;
}

/* U+0000 to U+001F, U+007F to U+009F; and what turns the direction of text
 * around it (U+202A to U+202E, U+2066 to U+2069). */
static bool is_control(const uint8_t *c, size_t length)
{
    if (length == 1)
        return c[0] < 0x20 || c[0] == 0x7F;
    if (length == 2)
        return c[0] == 0xC2 && c[1] < 0xA0;
    if (length != 3 || c[0] != 0xE2)
        return false;
    return (c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) ||
           (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9);
}

static void escape(FILE *out, const char *text, size_t length,
                   replace *replacement_of)
{
    struct byte_reader reader;

    byte_reader_init(&reader, text, length);
    while (byte_reader_left(&reader) > 0) {
        const size_t bytes = utf8_length(reader);
        const uint8_t *c = byte_read_bytes(&reader, bytes > 0 ? bytes : 1);
        const char *replacement = NULL;

        if (bytes == 0 || is_control(c, bytes))
            replacement = REPLACEMENT;
        else if (bytes == 1)
            replacement = replacement_of(*c);
        if (replacement != NULL)
            fputs(replacement, out);
        else
            fwrite(c, 1, bytes, out);
    }
}

void escape_html(FILE *out, const char *text, size_t length)
{
    escape(out, text, length, replace_in_html);
}

void escape_plain(FILE *out, const char *text, size_t length)
{
    escape(out, text, length, replace_nothing);
}
