/* Cursors over bytes that are read and bytes that are written.
 *
 * It knows integers and the IEEE 754 double, no format: AMF strings, chunk
 * headers and FLV tags are their own modules' business. Invariant: next never
 * passes end, and a failed cursor has nothing left, so no value read after a
 * failure comes from the bytes. Byte order: RTMP 1.0, section 4. */
#include "base/bytes.h"

#include <string.h>

/* --- reading ----------------------------------------------------------- */

void byte_reader_init(struct byte_reader *r, const void *data, size_t length)
{
    r->next = data;
    r->end = data;
    r->failed = false;
    if (length == 0)
        return;
    if (data == NULL)
        r->failed = true;
    else
        r->end += length;
}

size_t byte_reader_left(const struct byte_reader *r)
{
    if (r->failed || r->next == r->end)
        return 0;
    return (size_t)(r->end - r->next);
}

void byte_reader_fail(struct byte_reader *r)
{
    r->failed = true;
    r->next = r->end;
}

const uint8_t *byte_read_bytes(struct byte_reader *r, size_t n)
{
    const uint8_t *const bytes = r->next;

    if (r->failed || n > byte_reader_left(r)) {
        byte_reader_fail(r);
        return NULL;
    }
    if (n > 0)
        r->next += n;
    return bytes;
}

/* Big endian, at most 8 bytes. */
static uint64_t read_integer(struct byte_reader *r, size_t bytes)
{
    const uint8_t *const b = byte_read_bytes(r, bytes);
    uint64_t value = 0;

    if (b == NULL)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | b[i];
    return value;
}

uint8_t byte_read_u8(struct byte_reader *r)
{
    return (uint8_t)read_integer(r, 1);
}

uint16_t byte_read_u16(struct byte_reader *r)
{
    return (uint16_t)read_integer(r, 2);
}

uint32_t byte_read_u24(struct byte_reader *r)
{
    return (uint32_t)read_integer(r, 3);
}

uint32_t byte_read_u32(struct byte_reader *r)
{
    return (uint32_t)read_integer(r, 4);
}

uint32_t byte_read_u32le(struct byte_reader *r)
{
    const uint8_t *const b = byte_read_bytes(r, 4);

    if (b == NULL)
        return 0;
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 |
           b[0];
}

double byte_read_double(struct byte_reader *r)
{
    const uint64_t bits = read_integer(r, 8);
    double value;

    _Static_assert(sizeof(value) == sizeof(bits), "IEEE 754 binary64");
    memcpy(&value, &bits, sizeof(value));
    return value;
}

uint8_t byte_peek_u8(struct byte_reader *r)
{
    if (byte_reader_left(r) == 0) {
        byte_reader_fail(r);
        return 0;
    }
    return *r->next;
}

void byte_read_sub(struct byte_reader *r, size_t n, struct byte_reader *sub)
{
    const uint8_t *const bytes = byte_read_bytes(r, n);

    byte_reader_init(sub, bytes, r->failed ? 0 : n);
    sub->failed = r->failed;
}

/* --- writing ----------------------------------------------------------- */

void byte_write_double(struct byte_writer *w, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    byte_write_integer(w, bits, 8);
}
