/* The chunk writer, and with it the reader: messages that are written come
 * back as they were. The input is a chunk size (2 bytes) and then messages: a
 * byte that says chunk stream and message stream, the type, the timestamp (4
 * bytes), the length (2 bytes), a byte to fill the payload with. */
#include "config.h"

#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "rtmp/chunk_writer.h"

#define MAX_MESSAGES 64
#define MAX_PAYLOAD_BYTES 2048
#define OUTPUT_BYTES (1u << 20)

struct sent {
    struct rtmp_message message;
    uint8_t filling;
};

static uint8_t output[OUTPUT_BYTES];
static uint8_t payload[MAX_PAYLOAD_BYTES];

static bool is_kept(uint8_t type)
{
    return (type >= 3 && type <= 6) || type == RTMP_COMMAND_AMF3 ||
           type == RTMP_COMMAND_AMF0;
}

/* Set Chunk Size and Abort would be obeyed by the reader. */
static bool read_message(struct byte_reader *in, struct sent *sent)
{
    const uint8_t ids = byte_read_u8(in);
    struct rtmp_message *const message = &sent->message;

    message->chunk_stream_id = 2 + (ids & 0x3Fu) % 62u;
    message->message_stream_id = ids >> 6;
    message->type = byte_read_u8(in);
    if (message->type == RTMP_SET_CHUNK_SIZE || message->type == RTMP_ABORT)
        message->type = RTMP_VIDEO;
    message->timestamp_ms = byte_read_u32(in);
    message->length_bytes = byte_read_u16(in);
    if (message->length_bytes > sizeof(payload))
        message->length_bytes = sizeof(payload);
    message->payload = payload;
    sent->filling = byte_read_u8(in);
    return !in->failed;
}

static void must_come(struct chunk_reader *reader, struct byte_reader *in,
                      const struct sent *sent)
{
    struct rtmp_message got;

    MUST(chunk_reader_push(reader, in, &got) == CHUNK_MESSAGE);
    MUST(got.type == sent->message.type);
    MUST(got.chunk_stream_id == sent->message.chunk_stream_id);
    MUST(got.message_stream_id == sent->message.message_stream_id);
    MUST(got.timestamp_ms == sent->message.timestamp_ms);
    MUST(got.length_bytes == sent->message.length_bytes);
    MUST((got.payload != NULL) == is_kept(got.type) || got.length_bytes == 0);
    if (got.payload != NULL && got.length_bytes > 0)
        MUST(got.payload[0] == sent->filling &&
             memcmp(got.payload, got.payload + 1, got.length_bytes - 1) == 0);
}

static void must_come_back(const struct sent *sent, size_t count,
                           size_t chunk_bytes, size_t length)
{
    struct chunk_reader *const reader = chunk_reader_new();
    const uint8_t set_chunk_size[] = {2,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      4,
                                      1,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      (uint8_t)(chunk_bytes >> 8),
                                      (uint8_t)chunk_bytes};
    struct rtmp_message message;
    struct byte_reader in;

    MUST(reader != NULL);
    byte_reader_init(&in, set_chunk_size, sizeof(set_chunk_size));
    MUST(chunk_reader_push(reader, &in, &message) == CHUNK_MESSAGE);
    byte_reader_init(&in, output, length);
    for (size_t i = 0; i < count; i++)
        must_come(reader, &in, &sent[i]);
    MUST(byte_reader_left(&in) == 0);
    chunk_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunk_writer writers[RTMP_FIRST_LONG_CSID] = {0};
    struct sent sent[MAX_MESSAGES];
    struct byte_reader in;
    struct byte_writer w;
    size_t chunk_bytes, count;

    byte_reader_init(&in, data, size);
    chunk_bytes = byte_read_u16(&in);
    if (chunk_bytes == 0)
        return 0;
    byte_writer_init(&w, output, sizeof(output));
    for (count = 0; count < MAX_MESSAGES; count++) {
        const struct rtmp_message *const message = &sent[count].message;
        uint8_t *const before = w.next;

        if (!read_message(&in, &sent[count]))
            break;
        memset(payload, sent[count].filling, message->length_bytes);
        chunk_write_message(&writers[message->chunk_stream_id], &w, message,
                            chunk_bytes);
        if (w.failed) {
            w.next = before;
            break;
        }
    }
    must_come_back(sent, count, chunk_bytes, byte_writer_length(&w));
    return 0;
}
