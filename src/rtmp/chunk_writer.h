/* The chunks that messages are sent in (RTMP 1.0, 5.3).
 *
 * The writer makes headers only: payload travels beside it, from where it
 * lies. It does no I/O. */
#ifndef FLVD_RTMP_CHUNK_WRITER_H
#define FLVD_RTMP_CHUNK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "rtmp/chunk.h"
#include "rtmp/protocol.h"

/* What flvd remembers of a chunk stream that it sends on. The caller keeps
 * one for each chunk stream id, all zero at first. */
struct chunk_writer {
    bool started;               /* a fmt 0 header was sent */
    bool is_extended;           /* the last header's timestamp was */
    uint32_t message_stream_id; /* of the last message */
    uint32_t timestamp_ms;      /* of the last message */
};

/* The header of a message's first chunk: fmt 1 with a delta where the last
 * message on this chunk stream had the same message stream id and the
 * timestamp is not below its own by serial arithmetic nor ahead by 0xFFFFFF
 * or more; fmt 0 with the absolute timestamp otherwise (never fmt 2, never a
 * message begun with fmt 3: clients disagree on them). `chunk_stream_id` is 2
 * to 63, message->length_bytes at most RTMP_MAX_MESSAGE_BYTES;
 * message->payload is not looked at. Returns the header's length. */
size_t chunk_writer_begin(struct chunk_writer *writer,
                          const struct rtmp_message *message,
                          uint8_t header[static RTMP_MAX_CHUNK_HEADER_BYTES]);

/* The fmt 3 header of each further chunk of the message begun last on this
 * chunk stream: 1 byte, or 5 when its first header had an extended timestamp,
 * which is repeated (5.3.1.3). It is the same for all of them. */
size_t
chunk_writer_continue(const struct chunk_writer *writer,
                      uint32_t chunk_stream_id,
                      uint8_t header[static RTMP_MAX_CHUNK_HEADER_BYTES]);

/* Writes a whole message, payload included, in chunks of `chunk_bytes`; w is
 * set failed when it does not fit, and then the connection is of no use. */
void chunk_write_message(struct chunk_writer *writer, struct byte_writer *w,
                         const struct rtmp_message *message,
                         size_t chunk_bytes);

#endif
