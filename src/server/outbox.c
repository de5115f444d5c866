/* The buffer of replies. */
#include "config.h"

#include "server/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "rtmp/chunk_writer.h"
#include "rtmp/message.h"

void outbox_init(struct outbox *outbox)
{
    outbox->used = 0;
    outbox->taken = 0;
    outbox->chunk_bytes = RTMP_DEFAULT_CHUNK_BYTES;
    outbox->overflowed = false;
    outbox->bytes = NULL;
}

void outbox_destroy(struct outbox *outbox)
{
    free(outbox->bytes);
    outbox->bytes = NULL;
}

bool outbox_has_room(const struct outbox *outbox)
{
    return OUTBOX_BYTES - outbox->used >= OUTBOX_ROOM_BYTES;
}

void outbox_add(struct outbox *outbox, const struct rtmp_message *message)
{
    struct chunk_writer fresh = {0};
    struct byte_writer w;

    if (outbox->bytes == NULL)
        outbox->bytes = malloc(OUTBOX_BYTES);
    if (outbox->bytes == NULL) {
        outbox->overflowed = true;
        return;
    }
    byte_writer_init(&w, outbox->bytes + outbox->used,
                     OUTBOX_BYTES - outbox->used);
    chunk_write_message(&fresh, &w, message, outbox->chunk_bytes);
    if (w.failed) {
        outbox->overflowed = true;
        return;
    }
    outbox->used += byte_writer_length(&w);
    if (message->type == RTMP_SET_CHUNK_SIZE)
        outbox->chunk_bytes = RTMP_OUTPUT_CHUNK_BYTES;
}

void outbox_add_user_control(struct outbox *outbox,
                             enum rtmp_user_control_event event, uint32_t value)
{
    uint8_t body[6];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_user_control_body(&w, event, value);
    outbox_add(outbox,
               &(struct rtmp_message){.type = RTMP_USER_CONTROL,
                                      .chunk_stream_id = RTMP_CSID_CONTROL,
                                      .payload = body,
                                      .length_bytes = byte_writer_length(&w)});
}

const uint8_t *outbox_take(struct outbox *outbox, size_t *length)
{
    const size_t from = outbox->taken;

    *length = outbox->used - from;
    outbox->taken = outbox->used;
    return *length > 0 ? outbox->bytes + from : NULL;
}

bool outbox_is_taken(const struct outbox *outbox)
{
    return outbox->used == outbox->taken;
}

void outbox_untake(struct outbox *outbox, size_t length)
{
    outbox->taken -= length;
}

void outbox_sent(struct outbox *outbox)
{
    outbox->used -= outbox->taken;
    if (outbox->used == 0)
        outbox_destroy(outbox);
    else
        memmove(outbox->bytes, outbox->bytes + outbox->taken, outbox->used);
    outbox->taken = 0;
}
