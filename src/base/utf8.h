/* UTF-8 (RFC 3629). */
#ifndef FLVD_BASE_UTF8_H
#define FLVD_BASE_UTF8_H

#include <stddef.h>

#include "base/bytes.h"

/* Length of the character that `r` begins with; 0 when there is none: at the
 * end, and for what section 4 forbids, such as overlong forms, surrogates and
 * values above U+10FFFF. `r` is a copy: nothing is consumed. */
size_t utf8_length(struct byte_reader r);

/* Copies `length` bytes of `text` to `out`; each that is no part of a character
 * becomes U+FFFD. `out` has room for UTF8_MAX_REPAIR times as many. How many
 * bytes it takes; there is no NUL at the end. */
#define UTF8_MAX_REPAIR 3
size_t utf8_repair(char *out, const char *text, size_t length);

#endif
