/* The chunk stream (RTMP 1.0, 5.3): messages cut into chunks and joined.
 *
 * The reader is pushed whatever bytes have arrived, so a peer that stops in
 * mid-chunk stops nobody. The writer makes headers only: payload travels
 * beside it, from where it lies. Neither does I/O. */
#ifndef FLVD_RTMP_CHUNK_H
#define FLVD_RTMP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "rtmp/protocol.h"

/* A whole message. */
struct rtmp_message {
    uint8_t type; /* enum rtmp_message_type, or a number nobody knows */
    uint32_t chunk_stream_id;
    uint32_t message_stream_id;
    uint32_t timestamp_ms;
    const uint8_t *payload;
    size_t length_bytes;
};

/* --- reading ----------------------------------------------------------- */

struct chunk_reader; /* opaque; about 100 bytes plus what is incomplete */

enum chunk_result {
    CHUNK_MORE,     /* all bytes were taken, no message is complete */
    CHUNK_MESSAGE,  /* a message is complete */
    CHUNK_BAD,      /* malformed: chunk_reader_fault says how */
    CHUNK_NO_MEMORY /* malloc failed */
};

/* NULL when memory is short. */
struct chunk_reader *chunk_reader_new(void);
void chunk_reader_free(struct chunk_reader *reader); /* NULL is nothing */

/* Takes bytes from `in` up to the end of a message or of the bytes. On
 * CHUNK_MESSAGE, `message` is filled; call again, with what is left in `in`,
 * until the answer is another. The payload may lie in the bytes of `in`: it
 * is valid until the next push or until they change. Set Chunk Size and Abort
 * are obeyed by the reader itself and still given out as messages. Only
 * commands and control messages (types 17, 20 and 1 to 6) are kept; all
 * others, audio, video, data and what nobody knows, are given out with payload
 * NULL and their true length. After CHUNK_BAD or CHUNK_NO_MEMORY the reader
 * stays in that state. */
enum chunk_result chunk_reader_push(struct chunk_reader *reader,
                                    struct byte_reader *in,
                                    struct rtmp_message *message);

/* Why the last push said CHUNK_BAD: a constant text such as "message longer
 * than 16384 bytes"; "" if it did not. */
const char *chunk_reader_fault(const struct chunk_reader *reader);

/* --- writing ----------------------------------------------------------- */

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
