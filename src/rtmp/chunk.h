/* Messages, and the chunks (RTMP 1.0, 5.3) that a peer sends them in.
 *
 * The reader is pushed whatever bytes have arrived, so a peer that stops in
 * mid-chunk stops nobody. It does no I/O. */
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

#endif
