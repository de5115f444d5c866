/* Bounds-checked cursors: the only place where pointer arithmetic is done on
 * bytes that come from a peer or a file, or go to one.
 *
 * Both cursors are sticky: a read or write past the end gives 0 or does
 * nothing and sets `failed`, so a whole structure is read first and `failed`
 * is tested once, before any of its values is used as size, count or index.
 * Nothing here allocates or blocks. */
#ifndef FLVD_BASE_BYTES_H
#define FLVD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct byte_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
};

/* Reads `length` bytes at `data`, which stay the caller's and must outlive
 * the reader. `data` may be NULL when `length` is 0; NULL with another length
 * makes a reader that has failed. */
void byte_reader_init(struct byte_reader *r, const void *data, size_t length);

/* Bytes not yet read; 0 after a failure. */
size_t byte_reader_left(const struct byte_reader *r);

/* Makes the reader fail, for bytes that are there but say nothing valid. */
void byte_reader_fail(struct byte_reader *r);

uint8_t byte_read_u8(struct byte_reader *r);
uint16_t byte_read_u16(struct byte_reader *r);   /* big endian */
uint32_t byte_read_u24(struct byte_reader *r);   /* big endian */
uint32_t byte_read_u32(struct byte_reader *r);   /* big endian */
uint32_t byte_read_u32le(struct byte_reader *r); /* little endian */
double byte_read_double(struct byte_reader *r);  /* IEEE 754, big endian */

/* The next byte without consuming it; 0 and `failed` at the end. */
uint8_t byte_peek_u8(struct byte_reader *r);

/* Pointer to the next `n` bytes, which are consumed; NULL and `failed` when
 * fewer are left. Valid as long as the bytes given to byte_reader_init. */
const uint8_t *byte_read_bytes(struct byte_reader *r, size_t n);

/* Consumes `n` bytes and lets `sub` read them and nothing else. On failure
 * `sub` is empty and failed as well. */
void byte_read_sub(struct byte_reader *r, size_t n, struct byte_reader *sub);

struct byte_writer {
    uint8_t *start;
    uint8_t *next;
    uint8_t *end;
    bool failed;
};

/* Writes into `size` bytes at `data`, which stay the caller's. */
static inline void byte_writer_init(struct byte_writer *w, void *data,
                                    size_t size)
{
    w->start = data;
    w->next = data;
    w->end = data;
    w->failed = false;
    if (size == 0)
        return;
    if (data == NULL)
        w->failed = true;
    else
        w->end += size;
}

/* Bytes written so far. */
static inline size_t byte_writer_length(const struct byte_writer *w)
{
    return w->next == w->start ? 0 : (size_t)(w->next - w->start);
}

/* Bytes of room that are left. */
static inline size_t byte_writer_room(const struct byte_writer *w)
{
    if (w->failed || w->next == w->end)
        return 0;
    return (size_t)(w->end - w->next);
}

/* All of `n` bytes or, when they do not fit, none and `failed`. */
static inline void byte_write_bytes(struct byte_writer *w, const void *data,
                                    size_t n)
{
    if (n > byte_writer_room(w))
        w->failed = true;
    if (w->failed || n == 0)
        return;
    memcpy(w->next, data, n);
    w->next += n;
}

/* Big endian, at most 8 bytes. */
static inline void byte_write_integer(struct byte_writer *w, uint64_t value,
                                      size_t bytes)
{
    uint8_t b[8];

    for (size_t i = bytes; i > 0; i--) {
        b[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    byte_write_bytes(w, b, bytes);
}

static inline void byte_write_u8(struct byte_writer *w, uint8_t value)
{
    byte_write_integer(w, value, 1);
}

static inline void byte_write_u16(struct byte_writer *w, uint16_t value)
{
    byte_write_integer(w, value, 2);
}

/* Its low 24 bits. */
static inline void byte_write_u24(struct byte_writer *w, uint32_t value)
{
    byte_write_integer(w, value, 3);
}

static inline void byte_write_u32(struct byte_writer *w, uint32_t value)
{
    byte_write_integer(w, value, 4);
}

static inline void byte_write_u32le(struct byte_writer *w, uint32_t value)
{
    const uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8),
                          (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    byte_write_bytes(w, b, sizeof(b));
}

void byte_write_double(struct byte_writer *w, double value);

#endif
