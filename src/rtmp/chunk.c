/* The reader joins chunks to messages.
 *
 * It is a machine of three phases (header, extended timestamp, payload) that
 * stops wherever the bytes stop and goes on from there; how the bytes were cut
 * makes no difference. It does not interpret messages, but for Set Chunk Size
 * and Abort, which are about chunks. Only what commands and control messages
 * bring is kept, and memory follows the bytes that came, never a length that
 * was declared. RTMP 1.0, 5.3 and 5.4. */
#include "rtmp/chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

#define SHORT_ID_MASK 0x3F
#define TWO_BYTE_ID 0 /* 5.3.1.1: low bits of a 2-byte basic header */
#define THREE_BYTE_ID 1
#define EXTENDED_BYTES 4

#define STREAMS_GROWTH 4

enum chunk_phase {
    PHASE_HEADER,
    PHASE_EXTENDED, /* the header announced an extended timestamp */
    PHASE_PAYLOAD,
    PHASE_COMPLETE /* the current stream has a whole message to give out */
};

/* What the headers of a chunk stream leave out is taken from here. */
struct chunk_stream {
    uint32_t id;
    uint32_t message_stream_id;
    uint32_t timestamp_ms; /* of the message begun last */
    uint32_t delta_ms;     /* timestamp field of the last fmt 0, 1 or 2 */
    uint32_t length_bytes;
    uint32_t received_bytes;
    uint32_t capacity_bytes; /* of `partial` */
    uint8_t type;
    bool is_extended; /* the last fmt 0, 1 or 2 had an extended timestamp */
    bool in_message;
    uint8_t *partial; /* payload so far; NULL when none is kept */
};

struct chunk_reader {
    struct chunk_stream *streams;
    struct chunk_stream *current; /* set by every header */
    uint8_t *delivered;           /* payload given out by the last push */
    const uint8_t *in_place;      /* payload that lies whole in the input */
    const char *fault;
    uint32_t chunk_bytes; /* as the peer announced */
    uint32_t chunk_left_bytes;
    uint32_t buffered_bytes; /* payload kept, all streams together */
    enum chunk_result ended; /* CHUNK_MORE while all is well */
    uint8_t stream_count;
    uint8_t stream_capacity;
    uint8_t phase;  /* enum chunk_phase */
    uint8_t format; /* enum rtmp_fmt of the header read last */
    uint8_t header_bytes;
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES - EXTENDED_BYTES];
    uint8_t extended_bytes;
    uint8_t extended[EXTENDED_BYTES];
    uint8_t returned_bytes; /* taken for a timestamp, but are none */
    uint8_t returned[EXTENDED_BYTES];
};

struct chunk_reader *chunk_reader_new(void)
{
    struct chunk_reader *const reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    reader->fault = "";
    reader->chunk_bytes = RTMP_DEFAULT_CHUNK_BYTES;
    reader->ended = CHUNK_MORE;
    return reader;
}

void chunk_reader_free(struct chunk_reader *reader)
{
    if (reader == NULL)
        return;
    for (uint8_t i = 0; i < reader->stream_count; i++)
        free(reader->streams[i].partial);
    free(reader->streams);
    free(reader->delivered);
    free(reader);
}

const char *chunk_reader_fault(const struct chunk_reader *reader)
{
    return reader->fault;
}

static void set_fault(struct chunk_reader *reader, const char *fault)
{
    reader->ended = CHUNK_BAD;
    reader->fault = fault;
}

/* The others carry nothing that a server for players needs. */
static bool is_kept(uint8_t type)
{
    switch (type) {
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ABORT:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_USER_CONTROL:
    case RTMP_WINDOW_ACK_SIZE:
    case RTMP_SET_PEER_BANDWIDTH:
    case RTMP_COMMAND_AMF3:
    case RTMP_COMMAND_AMF0:
        return true;
    default:
        return false;
    }
}

static bool take_byte(struct chunk_reader *reader, struct byte_reader *in,
                      uint8_t *byte)
{
    if (reader->returned_bytes > 0) {
        *byte = reader->returned[0];
        reader->returned_bytes--;
        memmove(&reader->returned[0], &reader->returned[1],
                reader->returned_bytes);
        return true;
    }
    if (byte_reader_left(in) == 0)
        return false;
    *byte = byte_read_u8(in);
    return true;
}

/* Puts what was read as extended timestamp before all other input. It never
 * overflows: bytes that are still in `returned` were there before these, and
 * these came out of it first. */
static void return_extended(struct chunk_reader *reader)
{
    const uint8_t n = reader->extended_bytes;

    assert(n + reader->returned_bytes <= EXTENDED_BYTES);
    memmove(&reader->returned[n], &reader->returned[0], reader->returned_bytes);
    memcpy(&reader->returned[0], reader->extended, n);
    reader->returned_bytes = (uint8_t)(reader->returned_bytes + n);
    reader->extended_bytes = 0;
}

static struct chunk_stream *find_stream(struct chunk_reader *reader,
                                        uint32_t id)
{
    for (uint8_t i = 0; i < reader->stream_count; i++) {
        if (reader->streams[i].id == id)
            return &reader->streams[i];
    }
    return NULL;
}

static bool grow_streams(struct chunk_reader *reader)
{
    const uint8_t capacity =
        (uint8_t)(reader->stream_capacity + STREAMS_GROWTH);
    struct chunk_stream *const streams =
        realloc(reader->streams, capacity * sizeof(*streams));

    if (streams == NULL) {
        reader->ended = CHUNK_NO_MEMORY;
        return false;
    }
    reader->streams = streams;
    reader->stream_capacity = capacity;
    return true;
}

/* librtmp begins chunk streams with fmt 1, which leaves only the message
 * stream id to be guessed: 0. Shorter headers say nothing of the message. */
static struct chunk_stream *add_stream(struct chunk_reader *reader, uint32_t id)
{
    if (reader->format >= RTMP_FMT_SAME_SHAPE) {
        set_fault(reader, "chunk stream begun without a message length");
        return NULL;
    }
    if (reader->stream_count == RTMP_MAX_CHUNK_STREAMS) {
        set_fault(reader, "more than " TEXT_OF(
                              RTMP_MAX_CHUNK_STREAMS) " chunk streams");
        return NULL;
    }
    if (reader->stream_count == reader->stream_capacity &&
        !grow_streams(reader))
        return NULL;

    struct chunk_stream *const stream =
        &reader->streams[reader->stream_count++];
    *stream = (struct chunk_stream){.id = id};
    return stream;
}

static void forget_partial(struct chunk_reader *reader,
                           struct chunk_stream *stream)
{
    if (stream->in_message && is_kept(stream->type))
        reader->buffered_bytes -= stream->received_bytes;
    free(stream->partial);
    stream->partial = NULL;
    stream->capacity_bytes = 0;
    stream->received_bytes = 0;
    stream->in_message = false;
}

/* The timestamp is known: a message begins or goes on. */
static void begin_payload(struct chunk_reader *reader)
{
    struct chunk_stream *const stream = reader->current;

    if (!stream->in_message) {
        /* 5.3.1.2.4: a fmt 3 that begins a message after a fmt 0 takes its
         * timestamp for a delta. */
        if (reader->format == RTMP_FMT_FULL)
            stream->timestamp_ms = stream->delta_ms;
        else
            stream->timestamp_ms += stream->delta_ms;
        stream->in_message = true;
        if (is_kept(stream->type) &&
            stream->length_bytes > RTMP_MAX_INPUT_BYTES) {
            set_fault(reader, "message longer than " TEXT_OF(
                                  RTMP_MAX_INPUT_BYTES) " bytes");
            return;
        }
    }

    const uint32_t left = stream->length_bytes - stream->received_bytes;
    reader->chunk_left_bytes =
        left < reader->chunk_bytes ? left : reader->chunk_bytes;
    reader->phase = PHASE_PAYLOAD;
}

/* All of a chunk's header but the extended timestamp, from its first byte. */
static size_t header_length(uint8_t first)
{
    static const uint8_t message_header_bytes[4] = {11, 7, 3, 0};
    const uint8_t id = first & SHORT_ID_MASK;
    const size_t basic = id == TWO_BYTE_ID ? 2 : id == THREE_BYTE_ID ? 3 : 1;

    return basic + message_header_bytes[first >> RTMP_FMT_SHIFT];
}

static uint32_t read_chunk_stream_id(struct byte_reader *r)
{
    const uint8_t id = byte_read_u8(r) & SHORT_ID_MASK;

    if (id == TWO_BYTE_ID)
        return RTMP_FIRST_LONG_CSID + (uint32_t)byte_read_u8(r);
    if (id == THREE_BYTE_ID) {
        const uint32_t low = byte_read_u8(r);
        return RTMP_FIRST_LONG_CSID + low + (uint32_t)byte_read_u8(r) * 256;
    }
    return id;
}

/*  0       1       2       3       4       5       6       7 ... 10
 *  | timestamp or delta    | message length        | type  | id, LE |
 *  '---------- fmt 2 ------'                               |        |
 *  '---------- fmt 1 --------------------------------------'        |
 *  '---------- fmt 0 -----------------------------------------------' */
static void read_message_header(struct byte_reader *r, enum rtmp_fmt format,
                                struct chunk_stream *stream)
{
    if (format == RTMP_FMT_NOTHING)
        return;
    stream->delta_ms = byte_read_u24(r);
    stream->is_extended = stream->delta_ms == RTMP_EXTENDED_TIMESTAMP;
    if (format == RTMP_FMT_SAME_SHAPE)
        return;
    stream->length_bytes = byte_read_u24(r);
    stream->type = byte_read_u8(r);
    if (format == RTMP_FMT_SAME_ID)
        return;
    stream->message_stream_id = byte_read_u32le(r);
}

static void parse_header(struct chunk_reader *reader)
{
    struct byte_reader r;

    byte_reader_init(&r, reader->header, reader->header_bytes);
    reader->header_bytes = 0;
    reader->format = reader->header[0] >> RTMP_FMT_SHIFT;

    const uint32_t id = read_chunk_stream_id(&r);
    struct chunk_stream *stream = find_stream(reader, id);
    if (stream == NULL)
        stream = add_stream(reader, id);
    if (stream == NULL)
        return;
    reader->current = stream;
    /* A header in mid-message: the peer has given the old message up. */
    if (reader->format != RTMP_FMT_NOTHING)
        forget_partial(reader, stream);
    read_message_header(&r, (enum rtmp_fmt)reader->format, stream);
    if (stream->is_extended)
        reader->phase = PHASE_EXTENDED;
    else
        begin_payload(reader);
}

/* The phases below say false when they need more bytes. */

static bool read_header(struct chunk_reader *reader, struct byte_reader *in)
{
    do {
        if (!take_byte(reader, in, &reader->header[reader->header_bytes]))
            return false;
        reader->header_bytes++;
    } while (reader->header_bytes < header_length(reader->header[0]));
    parse_header(reader);
    return true;
}

/* 5.3.1.3: fmt 3 repeats the extended timestamp, but some peers do not: bytes
 * other than the expected ones belong to what follows. */
static bool read_extended(struct chunk_reader *reader, struct byte_reader *in)
{
    struct chunk_stream *const stream = reader->current;
    const bool is_repetition = reader->format == RTMP_FMT_NOTHING;

    while (reader->extended_bytes < EXTENDED_BYTES) {
        const unsigned shift = 24 - 8u * reader->extended_bytes;
        const uint8_t expected = (uint8_t)(stream->delta_ms >> shift);
        uint8_t byte;

        if (!take_byte(reader, in, &byte))
            return false;
        reader->extended[reader->extended_bytes++] = byte;
        if (is_repetition && byte != expected) {
            return_extended(reader);
            begin_payload(reader);
            return true;
        }
    }
    reader->extended_bytes = 0;

    struct byte_reader r;
    byte_reader_init(&r, reader->extended, sizeof(reader->extended));
    stream->delta_ms = byte_read_u32(&r);
    begin_payload(reader);
    return true;
}

/* Appends to what is kept of the current message. Memory at most doubles, so
 * it is bounded by twice the bytes that came. */
static bool keep(struct chunk_reader *reader, const uint8_t *bytes, uint32_t n)
{
    struct chunk_stream *const stream = reader->current;
    const uint32_t needed = stream->received_bytes + n;

    if (needed > stream->capacity_bytes) {
        const uint32_t capacity = needed > 2 * stream->capacity_bytes
                                      ? needed
                                      : 2 * stream->capacity_bytes;
        uint8_t *const partial = realloc(stream->partial, capacity);

        if (partial == NULL) {
            reader->ended = CHUNK_NO_MEMORY;
            return false;
        }
        stream->partial = partial;
        stream->capacity_bytes = capacity;
    }
    memcpy(&stream->partial[stream->received_bytes], bytes, n);
    return true;
}

static uint32_t smaller(uint32_t a, size_t b)
{
    return b < a ? (uint32_t)b : a;
}

/* Takes `n` bytes of payload, which are there. A message that lies whole in
 * the input is not copied, but counted as if it were: the limit must not
 * depend on how the bytes were cut. */
static void take_payload(struct chunk_reader *reader, const uint8_t *bytes,
                         uint32_t n, bool is_input)
{
    struct chunk_stream *const stream = reader->current;

    if (is_kept(stream->type)) {
        if (n > RTMP_MAX_BUFFERED_BYTES - reader->buffered_bytes) {
            set_fault(
                reader,
                "more than " TEXT_OF(
                    RTMP_MAX_BUFFERED_BYTES) " bytes in incomplete messages");
            return;
        }
        if (is_input && n == stream->length_bytes)
            reader->in_place = bytes;
        else if (!keep(reader, bytes, n))
            return;
        reader->buffered_bytes += n;
    }
    stream->received_bytes += n;
    reader->chunk_left_bytes -= n;
}

static bool read_payload(struct chunk_reader *reader, struct byte_reader *in)
{
    const struct chunk_stream *const stream = reader->current;

    while (reader->chunk_left_bytes > 0 && reader->ended == CHUNK_MORE) {
        uint8_t byte;

        if (reader->returned_bytes > 0) {
            (void)take_byte(reader, in, &byte);
            take_payload(reader, &byte, 1, false);
            continue;
        }

        const uint32_t n =
            smaller(reader->chunk_left_bytes, byte_reader_left(in));
        if (n == 0)
            return false;
        take_payload(reader, byte_read_bytes(in, n), n, true);
    }
    reader->phase = stream->received_bytes == stream->length_bytes
                        ? PHASE_COMPLETE
                        : PHASE_HEADER;
    return true;
}

static void set_chunk_bytes(struct chunk_reader *reader, uint32_t bytes)
{
    if (bytes < 1 || bytes > RTMP_MAX_CHUNK_BYTES)
        set_fault(reader, "chunk size of 0 or above 0x7FFFFFFF");
    else
        reader->chunk_bytes = bytes;
}

/* 5.4.1 and 5.4.2 */
static void obey(struct chunk_reader *reader,
                 const struct rtmp_message *message)
{
    struct byte_reader r;

    if (message->type != RTMP_SET_CHUNK_SIZE && message->type != RTMP_ABORT)
        return;
    byte_reader_init(&r, message->payload, message->length_bytes);
    const uint32_t value = byte_read_u32(&r);
    if (r.failed) {
        set_fault(reader, "protocol control message shorter than 4 bytes");
        return;
    }
    if (message->type == RTMP_SET_CHUNK_SIZE) {
        set_chunk_bytes(reader, value);
        return;
    }
    struct chunk_stream *const stream = find_stream(reader, value);
    if (stream != NULL)
        forget_partial(reader, stream);
}

/* The payload, if it was kept, stays until the next push. */
static void give_out(struct chunk_reader *reader, struct rtmp_message *message)
{
    struct chunk_stream *const stream = reader->current;

    *message = (struct rtmp_message){
        .type = stream->type,
        .chunk_stream_id = stream->id,
        .message_stream_id = stream->message_stream_id,
        .timestamp_ms = stream->timestamp_ms,
        .payload = stream->partial != NULL ? stream->partial : reader->in_place,
        .length_bytes = stream->length_bytes,
    };
    reader->delivered = stream->partial;
    stream->partial = NULL;
    forget_partial(reader, stream);
    reader->phase = PHASE_HEADER;
    obey(reader, message);
}

static bool advance(struct chunk_reader *reader, struct byte_reader *in)
{
    switch ((enum chunk_phase)reader->phase) {
    case PHASE_HEADER:
        return read_header(reader, in);
    case PHASE_EXTENDED:
        return read_extended(reader, in);
    case PHASE_PAYLOAD:
        return read_payload(reader, in);
    case PHASE_COMPLETE:
    default:
        return false;
    }
}

enum chunk_result chunk_reader_push(struct chunk_reader *reader,
                                    struct byte_reader *in,
                                    struct rtmp_message *message)
{
    struct rtmp_message whole;

    free(reader->delivered);
    reader->delivered = NULL;
    reader->in_place = NULL;
    while (reader->ended == CHUNK_MORE && advance(reader, in)) {
        if (reader->ended != CHUNK_MORE || reader->phase != PHASE_COMPLETE)
            continue;
        give_out(reader, &whole);
        if (reader->ended != CHUNK_MORE)
            break;
        *message = whole;
        return CHUNK_MESSAGE;
    }
    return reader->ended;
}
