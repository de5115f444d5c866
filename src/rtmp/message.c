/* Bodies of the messages that steer the connection, types 1 to 6.
 *
 * What they mean is for others to act on: the chunk reader obeys Set Chunk
 * Size and Abort, the session the rest. Bytes behind a body are ignored.
 * RTMP 1.0, 5.4 and 7.1.7. */
#include "rtmp/message.h"

static void read_user_control(struct byte_reader *r,
                              struct rtmp_control *control)
{
    control->event = (enum rtmp_user_control_event)byte_read_u16(r);
    switch (control->event) {
    case RTMP_STREAM_BEGIN:
    case RTMP_STREAM_EOF:
    case RTMP_STREAM_DRY:
    case RTMP_STREAM_IS_RECORDED:
    case RTMP_PING_REQUEST:
    case RTMP_PING_RESPONSE:
        control->message_stream_id = byte_read_u32(r);
        break;
    case RTMP_SET_BUFFER_LENGTH:
        control->message_stream_id = byte_read_u32(r);
        control->buffer_ms = byte_read_u32(r);
        break;
    default: /* unknown: its data may be anything */
        break;
    }
}

bool rtmp_control_read(const struct rtmp_message *message,
                       struct rtmp_control *control)
{
    struct rtmp_control result = {.type =
                                      (enum rtmp_message_type)message->type};
    struct byte_reader r;

    byte_reader_init(&r, message->payload, message->length_bytes);
    switch (result.type) {
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ABORT:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_WINDOW_ACK_SIZE:
        result.value = byte_read_u32(&r);
        break;
    case RTMP_SET_PEER_BANDWIDTH:
        result.value = byte_read_u32(&r);
        (void)byte_read_u8(&r); /* limit type: flvd does not limit itself */
        break;
    case RTMP_USER_CONTROL:
        read_user_control(&r, &result);
        break;
    default:
        return false;
    }
    if (r.failed)
        return false;
    *control = result;
    return true;
}

void rtmp_write_u32_body(struct byte_writer *w, uint32_t value)
{
    byte_write_u32(w, value);
}

void rtmp_write_peer_bandwidth_body(struct byte_writer *w, uint32_t bytes,
                                    enum rtmp_bandwidth_limit limit)
{
    byte_write_u32(w, bytes);
    byte_write_u8(w, (uint8_t)limit);
}

void rtmp_write_user_control_body(struct byte_writer *w,
                                  enum rtmp_user_control_event event,
                                  uint32_t value)
{
    byte_write_u16(w, (uint16_t)event);
    byte_write_u32(w, value);
}
