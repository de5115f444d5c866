/* AMF0: one value at a time from bytes, and the few types that flvd writes.
 *
 * It builds no tree and allocates nothing: the caller walks the members and
 * skips what it does not want. AMF3, references to earlier objects and the
 * reserved types (movie clip, record set) are not followed. Every count is
 * either ignored (ECMA arrays: often wrong) or bounded by the bytes that are
 * left. AMF 0 specification (Adobe, 2007), section 2. */
#include "amf/amf0.h"

#include <string.h>

#define AMF0_MAX_STRING_BYTES 65535 /* 2.4: a u16 length */
#define AMF0_LAST_MARKER 0x11

/* --- reading ----------------------------------------------------------- */

/* Nobody may use what follows bytes that were not understood. */
static bool fail(struct byte_reader *r)
{
    byte_reader_fail(r);
    return false;
}

static struct amf0_string read_text(struct byte_reader *r, size_t length)
{
    const uint8_t *const bytes = byte_read_bytes(r, length);

    return (struct amf0_string){(const char *)bytes, r->failed ? 0 : length};
}

/* 2.12: each element takes at least its marker, so a count above the bytes
 * left is a lie. */
static uint32_t read_element_count(struct byte_reader *r)
{
    const uint32_t count = byte_read_u32(r);

    if (count <= byte_reader_left(r))
        return count;
    (void)fail(r);
    return 0;
}

bool amf0_read(struct byte_reader *r, struct amf0_value *value)
{
    const uint8_t marker = byte_read_u8(r);

    if (r->failed || marker > AMF0_LAST_MARKER)
        return fail(r);
    *value = (struct amf0_value){.type = (enum amf0_type)marker};
    switch (value->type) {
    case AMF0_NUMBER:
        value->number = byte_read_double(r);
        break;
    case AMF0_BOOLEAN:
        value->boolean = byte_read_u8(r) != 0;
        break;
    case AMF0_STRING:
        value->string = read_text(r, byte_read_u16(r));
        break;
    case AMF0_TYPED_OBJECT:
        value->type = AMF0_OBJECT;
        (void)read_text(r, byte_read_u16(r)); /* the class name */
        break;
    case AMF0_OBJECT:
    case AMF0_NULL:
    case AMF0_UNDEFINED:
    case AMF0_UNSUPPORTED:
        break;
    case AMF0_REFERENCE:
        (void)byte_read_u16(r);
        break;
    case AMF0_ECMA_ARRAY:
        (void)byte_read_u32(r); /* advisory, often 0 or wrong */
        break;
    case AMF0_STRICT_ARRAY:
        value->count = read_element_count(r);
        break;
    case AMF0_DATE:
        value->number = byte_read_double(r);
        (void)byte_read_u16(r); /* 2.13: time zone, to be ignored */
        break;
    case AMF0_LONG_STRING:
        value->type = AMF0_STRING;
        value->string = read_text(r, byte_read_u32(r));
        break;
    case AMF0_XML:
        value->string = read_text(r, byte_read_u32(r));
        break;
    case AMF0_OBJECT_END:
    case AMF0_AMF3:
    default:
        return fail(r);
    }
    return !r->failed;
}

bool amf0_next_member(struct byte_reader *r, struct amf0_string *key)
{
    if (byte_reader_left(r) == 0)
        return false;

    const struct amf0_string name = read_text(r, byte_read_u16(r));
    if (r->failed)
        return false;
    /* An empty key may be a member's; the marker after it tells. */
    if (name.length == 0 && byte_peek_u8(r) == AMF0_OBJECT_END) {
        (void)byte_read_u8(r);
        return false;
    }
    if (r->failed)
        return false;
    *key = name;
    return true;
}

static bool skip_rest(struct byte_reader *r, const struct amf0_value *value,
                      unsigned depth, uint32_t *budget);

static bool skip_value(struct byte_reader *r, unsigned depth, uint32_t *budget)
{
    struct amf0_value value;

    if (*budget == 0)
        return fail(r);
    --*budget;
    return amf0_read(r, &value) && skip_rest(r, &value, depth, budget);
}

/* `depth` is that of the value's own container: the recursion ends at
 * AMF0_MAX_DEPTH whatever the bytes say. */
static bool skip_rest(struct byte_reader *r, const struct amf0_value *value,
                      unsigned depth, uint32_t *budget)
{
    const bool has_members =
        value->type == AMF0_OBJECT || value->type == AMF0_ECMA_ARRAY;
    struct amf0_string key;

    if (!has_members && value->type != AMF0_STRICT_ARRAY)
        return !r->failed;
    if (depth == AMF0_MAX_DEPTH)
        return fail(r);
    if (has_members) {
        while (amf0_next_member(r, &key)) {
            if (!skip_value(r, depth + 1, budget))
                return false;
        }
    } else {
        for (uint32_t i = 0; i < value->count; i++) {
            if (!skip_value(r, depth + 1, budget))
                return false;
        }
    }
    return !r->failed;
}

bool amf0_skip_rest(struct byte_reader *r, const struct amf0_value *value)
{
    uint32_t budget = AMF0_MAX_VALUES;

    return skip_rest(r, value, 0, &budget);
}

bool amf0_skip(struct byte_reader *r)
{
    struct amf0_value value;

    return amf0_read(r, &value) && amf0_skip_rest(r, &value);
}

bool amf0_string_is(struct amf0_string s, const char *text)
{
    const size_t length = strlen(text);

    return s.length == length &&
           (length == 0 || memcmp(s.data, text, length) == 0);
}

/* --- writing ----------------------------------------------------------- */

static struct amf0_string string_of(const char *text)
{
    return (struct amf0_string){text, strlen(text)};
}

void amf0_write_number(struct byte_writer *w, double value)
{
    byte_write_u8(w, AMF0_NUMBER);
    byte_write_double(w, value);
}

void amf0_write_boolean(struct byte_writer *w, bool value)
{
    byte_write_u8(w, AMF0_BOOLEAN);
    byte_write_u8(w, value ? 1 : 0);
}

void amf0_write_string(struct byte_writer *w, const char *text)
{
    amf0_write_string_n(w, string_of(text));
}

void amf0_write_string_n(struct byte_writer *w, struct amf0_string s)
{
    byte_write_u8(w, AMF0_STRING);
    amf0_write_key_n(w, s);
}

void amf0_write_null(struct byte_writer *w)
{
    byte_write_u8(w, AMF0_NULL);
}

void amf0_write_object_begin(struct byte_writer *w)
{
    byte_write_u8(w, AMF0_OBJECT);
}

void amf0_write_ecma_array_begin(struct byte_writer *w, uint32_t count)
{
    byte_write_u8(w, AMF0_ECMA_ARRAY);
    byte_write_u32(w, count);
}

void amf0_write_strict_array_begin(struct byte_writer *w, uint32_t count)
{
    byte_write_u8(w, AMF0_STRICT_ARRAY);
    byte_write_u32(w, count);
}

void amf0_write_key(struct byte_writer *w, const char *key)
{
    amf0_write_key_n(w, string_of(key));
}

void amf0_write_key_n(struct byte_writer *w, struct amf0_string key)
{
    if (key.length > AMF0_MAX_STRING_BYTES) {
        w->failed = true;
        return;
    }
    byte_write_u16(w, (uint16_t)key.length);
    byte_write_bytes(w, key.data, key.length);
}

void amf0_write_object_end(struct byte_writer *w)
{
    byte_write_u16(w, 0);
    byte_write_u8(w, AMF0_OBJECT_END);
}
