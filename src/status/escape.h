/* Text of peers, files and people in what others read. Whatever the bytes, what
 * is written is well-formed UTF-8 that says nothing but itself: what is not
 * UTF-8, or a control character, becomes U+FFFD. */
#ifndef FLVD_STATUS_ESCAPE_H
#define FLVD_STATUS_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* For HTML, as text of an element or as the value of an attribute in quotes. */
void escape_html(FILE *out, const char *text, size_t length);

/* For what escapes characters itself, such as a writer of JSON. */
void escape_plain(FILE *out, const char *text, size_t length);

#endif
