/* FLV tags: the header (Adobe E.4.1), and what the first bytes of the data
 * tell a server (E.4.2, E.4.3, Enhanced RTMP v2 "Enhanced Audio" and
 * "Enhanced Video").
 *
 * Decides whether a player could use the tag and whether play can begin at
 * it. Looks into no codec: whether a frame decodes is the player's affair. */
#include "flv/tag.h"

bool flv_tag_header_read(struct byte_reader *r, struct flv_tag_header *header)
{
    const uint8_t type = byte_read_u8(r);
    const uint32_t size_bytes = byte_read_u24(r);
    const uint32_t timestamp_low = byte_read_u24(r);
    const uint32_t timestamp_high = byte_read_u8(r);
    const uint32_t stream_id = byte_read_u24(r);

    if (r->failed)
        return false;
    header->type = (uint8_t)(type & ~FLV_TAG_FILTER);
    header->encrypted = (type & FLV_TAG_FILTER) != 0;
    header->size_bytes = size_bytes;
    header->timestamp_ms = timestamp_high << 24 | timestamp_low;
    header->stream_id = stream_id;
    return true;
}

bool flv_tag_type_exists(uint8_t type)
{
    return type == FLV_TAG_AUDIO || type == FLV_TAG_VIDEO ||
           type == FLV_TAG_SCRIPT_AMF3 || type == FLV_TAG_SCRIPT;
}

bool flv_tag_header_is_plausible(const struct flv_tag_header *header)
{
    return flv_tag_type_exists(header->type) && header->stream_id == 0;
}

static enum flv_tag_kind coded_frame(uint8_t frame_type)
{
    return frame_type == FLV_FRAME_KEY ? FLV_KIND_KEYFRAME : FLV_KIND_FRAME;
}

/* The layout that AVC and AAC tags share: a packet type in the second byte,
 * the payload after `header_bytes`. A configuration or frame without payload
 * makes strict clients hang up, so it is no use to anybody. */
static enum flv_tag_kind classify_packet(const struct flv_tag_header *header,
                                         uint8_t packet_type,
                                         uint32_t header_bytes,
                                         enum flv_tag_kind frame)
{
    if (header->size_bytes < header_bytes)
        return FLV_KIND_UNUSABLE;
    if (packet_type == FLV_PACKET_END && header->type == FLV_TAG_VIDEO)
        return FLV_KIND_FRAME;
    if (header->size_bytes == header_bytes)
        return FLV_KIND_UNUSABLE;
    if (packet_type == FLV_PACKET_SEQUENCE_HEADER)
        return FLV_KIND_SEQUENCE_HEADER;
    return packet_type == FLV_PACKET_FRAME ? frame : FLV_KIND_UNUSABLE;
}

/* Reads over ModEx prefixes; each ends in the packet type behind it. */
static uint8_t unwrap_mod_ex(struct byte_reader *r, uint8_t packet_type)
{
    while (packet_type == FLV_EX_MOD_EX && !r->failed) {
        size_t data_bytes = (size_t)byte_read_u8(r) + 1;

        if (data_bytes == 256)
            data_bytes = (size_t)byte_read_u16(r) + 1;
        (void)byte_read_bytes(r, data_bytes);
        packet_type = byte_read_u8(r) & 0x0F;
    }
    return packet_type;
}

/* Reads a multitrack prefix: the true packet type, and the codec's FourCC
 * unless each track brings its own; 0 then. */
static uint8_t unwrap_multitrack(struct byte_reader *r, uint32_t *four_cc)
{
    const uint8_t types = byte_read_u8(r);

    *four_cc = 0;
    if (types >> 4 != FLV_EX_MANY_TRACKS_MANY_CODECS)
        *four_cc = byte_read_u32(r);
    return types & 0x0F;
}

static bool has_composition_time(uint32_t four_cc)
{
    return four_cc == 0x61766331u    /* avc1 */
           || four_cc == 0x68766331u /* hvc1 */
           || four_cc == 0x76766331u /* vvc1 */;
}

/* What to call a tag whose prefixes could not be read to their end: too short
 * when `data` was all of it, else a frame, since its real packet type lies
 * beyond the bytes at hand. */
static enum flv_tag_kind unreadable(const struct flv_tag_header *header,
                                    size_t seen_bytes)
{
    return seen_bytes >= header->size_bytes ? FLV_KIND_UNUSABLE
                                            : FLV_KIND_FRAME;
}

static enum flv_tag_kind classify_ex_video(const struct flv_tag_header *header,
                                           struct byte_reader data)
{
    const size_t seen_bytes = byte_reader_left(&data);
    const uint8_t first = byte_read_u8(&data);
    const uint8_t frame_type = first >> 4 & 0x07;
    uint8_t packet_type = unwrap_mod_ex(&data, first & 0x0F);
    uint32_t four_cc = 0;

    if (frame_type == FLV_FRAME_INFO && packet_type != FLV_EX_METADATA)
        return FLV_KIND_UNUSABLE;
    if (packet_type == FLV_EX_MULTITRACK)
        packet_type = unwrap_multitrack(&data, &four_cc);
    else
        four_cc = byte_read_u32(&data);
    if (packet_type == FLV_EX_CODED_FRAMES && has_composition_time(four_cc))
        (void)byte_read_bytes(&data, 3);
    if (data.failed)
        return unreadable(header, seen_bytes);

    if (packet_type == FLV_EX_SEQUENCE_END || packet_type == FLV_EX_METADATA)
        return FLV_KIND_FRAME;
    if (byte_reader_left(&data) == 0 && seen_bytes >= header->size_bytes)
        return FLV_KIND_UNUSABLE;
    switch (packet_type) {
    case FLV_EX_SEQUENCE_START:
    case FLV_EX_MPEG2TS_SEQUENCE_START:
        return FLV_KIND_SEQUENCE_HEADER;
    case FLV_EX_CODED_FRAMES:
    case FLV_EX_CODED_FRAMES_X:
        return coded_frame(frame_type);
    default:
        return FLV_KIND_UNUSABLE;
    }
}

static enum flv_tag_kind classify_ex_audio(const struct flv_tag_header *header,
                                           struct byte_reader data)
{
    const size_t seen_bytes = byte_reader_left(&data);
    uint8_t packet_type = unwrap_mod_ex(&data, byte_read_u8(&data) & 0x0F);
    uint32_t four_cc = 0;

    if (packet_type == FLV_EX_AUDIO_MULTITRACK)
        packet_type = unwrap_multitrack(&data, &four_cc);
    else
        (void)byte_read_u32(&data);
    if (data.failed)
        return unreadable(header, seen_bytes);

    if (packet_type == FLV_EX_SEQUENCE_END)
        return FLV_KIND_FRAME;
    if (byte_reader_left(&data) == 0 && seen_bytes >= header->size_bytes)
        return FLV_KIND_UNUSABLE;
    switch (packet_type) {
    case FLV_EX_SEQUENCE_START:
        return FLV_KIND_SEQUENCE_HEADER;
    case FLV_EX_CODED_FRAMES:
    case FLV_EX_METADATA: /* the channel layout, beside the sequence header */
        return FLV_KIND_FRAME;
    default:
        return FLV_KIND_UNUSABLE;
    }
}

static enum flv_tag_kind classify_video(const struct flv_tag_header *header,
                                        struct byte_reader data)
{
    struct byte_reader r = data;
    const uint8_t first = byte_read_u8(&r);
    const uint8_t packet_type = byte_read_u8(&r);
    const uint8_t frame_type = first >> 4;
    const uint8_t codec = first & 0x0F;

    if ((first & FLV_EX_VIDEO_HEADER) != 0)
        return classify_ex_video(header, data);
    if (r.failed || frame_type < FLV_FRAME_KEY ||
        frame_type > FLV_FRAME_GENERATED_KEY)
        return FLV_KIND_UNUSABLE;
    if (codec == FLV_CODEC_AVC || codec == FLV_CODEC_HEVC_NONSTANDARD)
        return classify_packet(header, packet_type, FLV_AVC_HEADER_BYTES,
                               coded_frame(frame_type));
    return coded_frame(frame_type);
}

static enum flv_tag_kind classify_audio(const struct flv_tag_header *header,
                                        struct byte_reader data)
{
    struct byte_reader r = data;
    const uint8_t format = byte_read_u8(&r) >> 4;
    const uint8_t packet_type = byte_read_u8(&r);

    if (r.failed)
        return FLV_KIND_UNUSABLE;
    if (format == FLV_SOUND_EX_HEADER)
        return classify_ex_audio(header, data);
    if (format == FLV_SOUND_AAC)
        return classify_packet(header, packet_type, FLV_AAC_HEADER_BYTES,
                               FLV_KIND_FRAME);
    return FLV_KIND_FRAME;
}

enum flv_tag_kind flv_tag_classify(const struct flv_tag_header *header,
                                   struct byte_reader data)
{
    if (header->encrypted)
        return FLV_KIND_UNUSABLE;
    switch (header->type) {
    case FLV_TAG_AUDIO:
        return classify_audio(header, data);
    case FLV_TAG_VIDEO:
        return classify_video(header, data);
    case FLV_TAG_SCRIPT:
    case FLV_TAG_SCRIPT_AMF3:
        return FLV_KIND_SCRIPT;
    default:
        return FLV_KIND_UNUSABLE;
    }
}
