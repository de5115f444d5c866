#include "rtmp/chunk_writer.h"

#include <assert.h>

static uint8_t basic_header(enum rtmp_fmt format, uint32_t chunk_stream_id)
{
    assert(chunk_stream_id >= 2 && chunk_stream_id < RTMP_FIRST_LONG_CSID);
    return (uint8_t)((uint32_t)format << RTMP_FMT_SHIFT | chunk_stream_id);
}

size_t chunk_writer_begin(struct chunk_writer *writer,
                          const struct rtmp_message *message,
                          uint8_t header[static RTMP_MAX_CHUNK_HEADER_BYTES])
{
    /* A timestamp that goes back is, modulo 2^32, a huge delta. */
    const uint32_t delta_ms = message->timestamp_ms - writer->timestamp_ms;
    const bool is_full =
        !writer->started || delta_ms >= RTMP_EXTENDED_TIMESTAMP ||
        message->message_stream_id != writer->message_stream_id;
    const uint32_t time_ms = is_full ? message->timestamp_ms : delta_ms;
    const bool is_extended = time_ms >= RTMP_EXTENDED_TIMESTAMP;
    struct byte_writer w;

    assert(message->length_bytes <= RTMP_MAX_MESSAGE_BYTES);
    byte_writer_init(&w, header, RTMP_MAX_CHUNK_HEADER_BYTES);
    byte_write_u8(&w, basic_header(is_full ? RTMP_FMT_FULL : RTMP_FMT_SAME_ID,
                                   message->chunk_stream_id));
    byte_write_u24(&w, is_extended ? RTMP_EXTENDED_TIMESTAMP : time_ms);
    byte_write_u24(&w, (uint32_t)message->length_bytes);
    byte_write_u8(&w, message->type);
    if (is_full)
        byte_write_u32le(&w, message->message_stream_id);
    if (is_extended)
        byte_write_u32(&w, time_ms);

    writer->started = true;
    writer->is_extended = is_extended;
    writer->message_stream_id = message->message_stream_id;
    writer->timestamp_ms = message->timestamp_ms;
    return byte_writer_length(&w);
}

size_t chunk_writer_continue(const struct chunk_writer *writer,
                             uint32_t chunk_stream_id,
                             uint8_t header[static RTMP_MAX_CHUNK_HEADER_BYTES])
{
    struct byte_writer w;

    byte_writer_init(&w, header, RTMP_MAX_CHUNK_HEADER_BYTES);
    byte_write_u8(&w, basic_header(RTMP_FMT_NOTHING, chunk_stream_id));
    if (writer->is_extended)
        byte_write_u32(&w, writer->timestamp_ms);
    return byte_writer_length(&w);
}

void chunk_write_message(struct chunk_writer *writer, struct byte_writer *w,
                         const struct rtmp_message *message, size_t chunk_bytes)
{
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES];
    size_t header_bytes = chunk_writer_begin(writer, message, header);
    struct byte_reader payload;

    assert(chunk_bytes > 0);
    byte_reader_init(&payload, message->payload, message->length_bytes);
    byte_write_bytes(w, header, header_bytes);
    for (;;) {
        const size_t left = byte_reader_left(&payload);
        const size_t n = left < chunk_bytes ? left : chunk_bytes;

        byte_write_bytes(w, byte_read_bytes(&payload, n), n);
        if (n == left || w->failed)
            return;
        header_bytes =
            chunk_writer_continue(writer, message->chunk_stream_id, header);
        byte_write_bytes(w, header, header_bytes);
    }
}
