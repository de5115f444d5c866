/* AMF0 (Action Message Format 0, Adobe 2007): reading what peers and files
 * say, writing the small subset that every client understands.
 *
 * Pure: bytes in, bytes out. Strings that are read point into the reader's
 * bytes; they are counted, may hold any byte and are not NUL-terminated. */
#ifndef FLVD_AMF_AMF0_H
#define FLVD_AMF_AMF0_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Nesting that amf0_skip follows before it calls the value malformed. */
#define AMF0_MAX_DEPTH 16
/* Members or elements that one amf0_skip visits in all. */
#define AMF0_MAX_VALUES 100000

/* AMF0 2.1, in the order of the markers. */
enum amf0_type {
    AMF0_NUMBER = 0x00,
    AMF0_BOOLEAN = 0x01,
    AMF0_STRING = 0x02, /* long strings (0x0C) are read as this too */
    AMF0_OBJECT = 0x03, /* typed objects (0x10) are read as this too */
    AMF0_NULL = 0x05,
    AMF0_UNDEFINED = 0x06,
    AMF0_REFERENCE = 0x07,
    AMF0_ECMA_ARRAY = 0x08,
    AMF0_OBJECT_END = 0x09, /* never returned as a value */
    AMF0_STRICT_ARRAY = 0x0A,
    AMF0_DATE = 0x0B,
    AMF0_LONG_STRING = 0x0C,
    AMF0_UNSUPPORTED = 0x0D,
    AMF0_XML = 0x0F,
    AMF0_TYPED_OBJECT = 0x10,
    AMF0_AMF3 = 0x11
};

struct amf0_string {
    const char *data;
    size_t length;
};

/* One value. For AMF0_OBJECT and AMF0_ECMA_ARRAY only the opening was read:
 * call amf0_next_member until it says no, and read or skip a value after
 * each yes. For AMF0_STRICT_ARRAY `count` values follow. */
struct amf0_value {
    enum amf0_type type;
    double number;             /* AMF0_NUMBER, AMF0_DATE: ms since 1970 */
    bool boolean;              /* AMF0_BOOLEAN */
    struct amf0_string string; /* AMF0_STRING, AMF0_XML */
    uint32_t count; /* AMF0_STRICT_ARRAY; bounded by the bytes left */
};

/* Reads one value (or the opening of one). False, with r->failed set, when
 * the bytes end early, the marker is unknown or reserved, or AMF3 follows. */
bool amf0_read(struct byte_reader *r, struct amf0_value *value);

/* Reads the rest of a value whose opening amf0_read gave, or nothing for one
 * that is complete. False and r->failed as amf0_skip. */
bool amf0_skip_rest(struct byte_reader *r, const struct amf0_value *value);

/* Reads one whole value, however nested, and forgets it. False, with
 * r->failed set, when it is malformed, deeper than AMF0_MAX_DEPTH or larger
 * than AMF0_MAX_VALUES. */
bool amf0_skip(struct byte_reader *r);

/* Inside an object or ECMA array: true and the key when a member follows,
 * false at the end marker or at the end of the bytes (real encoders leave the
 * marker away), and false with r->failed set when the bytes are malformed. */
bool amf0_next_member(struct byte_reader *r, struct amf0_string *key);

/* Whether a string holds exactly the bytes of `text`. */
bool amf0_string_is(struct amf0_string s, const char *text);

/* Writers. Strings are at most 65535 bytes; longer ones set w->failed. */
void amf0_write_number(struct byte_writer *w, double value);
void amf0_write_boolean(struct byte_writer *w, bool value);
void amf0_write_string(struct byte_writer *w, const char *text);
void amf0_write_string_n(struct byte_writer *w, struct amf0_string s);
void amf0_write_null(struct byte_writer *w);
void amf0_write_object_begin(struct byte_writer *w);
void amf0_write_ecma_array_begin(struct byte_writer *w, uint32_t count);
void amf0_write_strict_array_begin(struct byte_writer *w, uint32_t count);
void amf0_write_key(struct byte_writer *w, const char *key);
void amf0_write_key_n(struct byte_writer *w, struct amf0_string key);
void amf0_write_object_end(struct byte_writer *w); /* ends ECMA arrays too */

#endif
