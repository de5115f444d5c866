/* What is to be sent next: pieces of memory and of a file, in order, for one
 * gathering write. Owned by one thread; nothing here allocates or blocks. */
#ifndef FLVD_NET_GATHER_H
#define FLVD_NET_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/bytes.h"

/* Parts of one write; a media message is two of them or more. */
#define GATHER_MAX_PARTS 256
/* Bytes of one gather: how much can be on its way when a command comes. */
#define GATHER_MAX_BYTES (256u << 10)
/* Room for headers that the gather keeps itself. */
#define GATHER_HEADER_BYTES 3072

struct gather {
    size_t first; /* parts before this one were sent */
    size_t count;
    size_t bytes; /* not yet sent */
    int file_fd;  /* what file parts are of (one file at a time), for
                     transports that read them; -1: none */
    size_t headers_used;
    /* parts[i] is memory, or the mapping of a file that only the kernel may
     * read; file_offsets[i] is where in the file, or -1 for memory. */
    struct iovec parts[GATHER_MAX_PARTS];
    int64_t file_offsets[GATHER_MAX_PARTS];
    uint64_t message_starts[GATHER_MAX_PARTS / 64]; /* a bit a part */
    uint8_t headers[GATHER_HEADER_BYTES];
};

/* Empties it. */
void gather_reset(struct gather *gather);

/* Whether one more message header, with `payload_parts` parts of payload,
 * fits. */
bool gather_has_room(const struct gather *gather, size_t payload_parts);

/* Bytes that may still be added. */
size_t gather_room_bytes(const struct gather *gather);

/* The next part is the beginning of a message. */
void gather_mark_message(struct gather *gather);

/* Adds memory, which must stay as it is until it was sent. The caller made
 * sure of room; an empty part is not added. */
void gather_add_memory(struct gather *gather, const void *data, size_t length);

/* Adds a copy of a few bytes. */
void gather_add_header(struct gather *gather, const void *data, size_t length);

/* Adds a mapped piece of a file. */
void gather_add_file(struct gather *gather, const void *mapped, size_t length,
                     int64_t offset_bytes);

/* Takes `n` bytes away from the front: they were sent. */
void gather_consume(struct gather *gather, size_t n);

/* The same, but for the last of these bytes, which stays to be taken away
 * later: the messages of all of them count as begun. */
void gather_consume_but_one(struct gather *gather, size_t n);

/* Forgets all messages of which no byte was sent. Returns how many. */
size_t gather_keep_begun(struct gather *gather);

/* For a file that can no longer be read: turns what is left of it into zeros,
 * so that the chunk stream stays in step. */
void gather_blank_file(struct gather *gather);

/* A piece of memory that is all zero. */
#define GATHER_ZEROS_BYTES 65536
extern const uint8_t gather_zeros[GATHER_ZEROS_BYTES];

#endif
