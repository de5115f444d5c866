/* Replies on their way: whole messages, chunked, in a bounded buffer, which
 * exists while there are any. What was taken for sending stays in place until
 * it was sent. */
#ifndef FLVD_SERVER_OUTBOX_H
#define FLVD_SERVER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtmp/chunk.h"

/* The replies to sixty seeks: a viewer who drags the slider while a large
 * frame is on its way gets them late. */
#define OUTBOX_BYTES 32768
/* The replies to any one message, metadata included, and beside them the ends
 * of all streams. */
#define OUTBOX_ROOM_BYTES 12288

struct outbox {
    size_t used;
    size_t taken;       /* bytes before this are being sent */
    size_t chunk_bytes; /* the chunk size that we announced */
    bool overflowed;    /* something was added without room for it */
    uint8_t *bytes;     /* OUTBOX_BYTES; NULL while it is empty */
};

void outbox_init(struct outbox *outbox);
void outbox_destroy(struct outbox *outbox);

/* Whether a message of the peer may be handled: there is room for whatever is
 * replied. */
bool outbox_has_room(const struct outbox *outbox);

/* Adds one message, its payload at message->payload, under a full (fmt 0)
 * header: replies are few, and full headers the one form that every client
 * reads alike. A Set Chunk Size holds for the messages behind it. Without
 * memory for the buffer there is no room either. */
void outbox_add(struct outbox *outbox, const struct rtmp_message *message);

/* Adds a user control message (RTMP 1.0, 7.1.7). */
void outbox_add_user_control(struct outbox *outbox,
                             enum rtmp_user_control_event event,
                             uint32_t value);

/* What was added since the last call, NULL when nothing was. It stays where it
 * is until outbox_sent. */
const uint8_t *outbox_take(struct outbox *outbox, size_t *length);

/* Whether nothing was added since. */
bool outbox_is_taken(const struct outbox *outbox);

/* The last `length` bytes that were taken were not sent, and never will be from
 * where they went: they can be taken again. */
void outbox_untake(struct outbox *outbox, size_t length);

/* All that was taken was sent. */
void outbox_sent(struct outbox *outbox);

#endif
