/* The list of parts of one gathering write. */
#include "config.h"

#include "net/gather.h"

#include <string.h>

const uint8_t gather_zeros[GATHER_ZEROS_BYTES];

void gather_reset(struct gather *gather)
{
    gather->first = 0;
    gather->count = 0;
    gather->bytes = 0;
    gather->file_fd = -1;
    gather->headers_used = 0;
    memset(gather->message_starts, 0, sizeof(gather->message_starts));
}

/* One header of the largest size (18 bytes) and a spare continuation header;
 * what rtmp/protocol.h allows, which this layer does not include. */
#define HEADER_ROOM 32

bool gather_has_room(const struct gather *gather, size_t payload_parts)
{
    return GATHER_MAX_PARTS - gather->count >= 1 + payload_parts &&
           GATHER_HEADER_BYTES - gather->headers_used >= HEADER_ROOM &&
           gather_room_bytes(gather) > HEADER_ROOM;
}

size_t gather_room_bytes(const struct gather *gather)
{
    return gather->bytes < GATHER_MAX_BYTES ? GATHER_MAX_BYTES - gather->bytes
                                            : 0;
}

void gather_mark_message(struct gather *gather)
{
    if (gather->count < GATHER_MAX_PARTS)
        gather->message_starts[gather->count / 64] |= UINT64_C(1)
                                                      << (gather->count % 64);
}

static bool starts_message(const struct gather *gather, size_t part)
{
    return (gather->message_starts[part / 64] >> (part % 64) & 1) != 0;
}

static void add_part(struct gather *gather, const void *data, size_t length,
                     int64_t offset_bytes)
{
    if (length == 0 || gather->count == GATHER_MAX_PARTS)
        return;
    /* writev takes a pointer to what it only reads. */
    gather->parts[gather->count].iov_base = (void *)(uintptr_t)data;
    gather->parts[gather->count].iov_len = length;
    gather->file_offsets[gather->count] = offset_bytes;
    gather->count++;
    gather->bytes += length;
}

void gather_add_memory(struct gather *gather, const void *data, size_t length)
{
    add_part(gather, data, length, -1);
}

void gather_add_header(struct gather *gather, const void *data, size_t length)
{
    uint8_t *copy = gather->headers + gather->headers_used;

    if (length > GATHER_HEADER_BYTES - gather->headers_used)
        return;
    memcpy(copy, data, length);
    gather->headers_used += length;
    add_part(gather, copy, length, -1);
}

void gather_add_file(struct gather *gather, const void *mapped, size_t length,
                     int64_t offset_bytes)
{
    add_part(gather, mapped, length, offset_bytes);
}

/* Bytes of the first part are gone, or as good as gone: nothing starts in it
 * any more. */
static void clear_start(struct gather *gather)
{
    gather->message_starts[gather->first / 64] &=
        ~(UINT64_C(1) << (gather->first % 64));
}

void gather_consume(struct gather *gather, size_t n)
{
    gather->bytes -= n;
    while (n > 0) {
        struct iovec *part = &gather->parts[gather->first];
        size_t taken = n < part->iov_len ? n : part->iov_len;

        part->iov_base = (uint8_t *)part->iov_base + taken;
        part->iov_len -= taken;
        if (gather->file_offsets[gather->first] >= 0)
            gather->file_offsets[gather->first] += (int64_t)taken;
        n -= taken;
        if (part->iov_len == 0)
            gather->first++;
        else
            clear_start(gather);
    }
}

void gather_consume_but_one(struct gather *gather, size_t n)
{
    gather_consume(gather, n - 1);
    clear_start(gather);
}

size_t gather_keep_begun(struct gather *gather)
{
    size_t dropped = 0;
    size_t i = gather->first;
    size_t kept;

    gather->bytes = 0;
    for (; i < gather->count && !starts_message(gather, i); i++)
        gather->bytes += gather->parts[i].iov_len;
    kept = i;
    for (; i < gather->count; i++)
        dropped += starts_message(gather, i);
    gather->count = kept;
    return dropped;
}

void gather_blank_file(struct gather *gather)
{
    for (size_t i = gather->first; i < gather->count; i++) {
        if (gather->file_offsets[i] < 0)
            continue;
        gather->parts[i].iov_base = (void *)(uintptr_t)gather_zeros;
        gather->file_offsets[i] = -1;
    }
}
