/* Protocol control and user control messages (RTMP 1.0, 5.4 and 7.1.7):
 * their bodies. Pure: bytes in, bytes out. */
#ifndef FLVD_RTMP_MESSAGE_H
#define FLVD_RTMP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "rtmp/chunk.h"
#include "rtmp/protocol.h"

/* What a control message from the peer says. */
struct rtmp_control {
    enum rtmp_message_type type;        /* one of types 1 to 6 */
    uint32_t value;                     /* types 1, 2, 3, 5, 6: their number */
    enum rtmp_user_control_event event; /* type 4; may be an unknown number */
    uint32_t message_stream_id; /* SetBufferLength, StreamBegin, ...: the id;
                                   pings: the timestamp */
    uint32_t buffer_ms;         /* SetBufferLength */
};

/* Reads a message of type 1 to 6. False when it is of another type or its
 * body is too short; unknown user control events are true as long as they
 * have their 2-byte number. */
bool rtmp_control_read(const struct rtmp_message *message,
                       struct rtmp_control *control);

/* Bodies of what flvd sends. */
void rtmp_write_u32_body(struct byte_writer *w, uint32_t value); /* 1, 3, 5 */
void rtmp_write_peer_bandwidth_body(struct byte_writer *w, uint32_t bytes,
                                    enum rtmp_bandwidth_limit limit);
void rtmp_write_user_control_body(struct byte_writer *w,
                                  enum rtmp_user_control_event event,
                                  uint32_t value);

#endif
