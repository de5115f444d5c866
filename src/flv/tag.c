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
        return FLV_KIND_SEQUENCE_END;
    if (header->size_bytes == header_bytes)
        return FLV_KIND_UNUSABLE;
    if (packet_type == FLV_PACKET_SEQUENCE_HEADER)
        return FLV_KIND_SEQUENCE_HEADER;
    return packet_type == FLV_PACKET_FRAME ? frame : FLV_KIND_UNUSABLE;
}

/* --- Enhanced RTMP ------------------------------------------------------ */

/* By enum flv_ex_codec. */
static const uint32_t four_ccs[] = {
    0x61766331, /* avc1 */
    0x68766331, /* hvc1 */
    0x76766331, /* vvc1 */
    0x76703038, /* vp08 */
    0x76703039, /* vp09 */
    0x61763031, /* av01 */
    0x4F707573, /* Opus */
    0x61632D33, /* ac-3 */
    0x65632D33, /* ec-3 */
    0x2E6D7033, /* .mp3 */
    0x664C6143, /* fLaC */
    0x6D703461, /* mp4a */
};
#define FOUR_CC_COUNT (sizeof(four_ccs) / sizeof(four_ccs[0]))

_Static_assert(FLV_CODEC_FOUR_CC + FOUR_CC_COUNT == FLV_EX_CODEC_END,
               "a FourCC each");

static uint8_t codec_of(uint32_t four_cc)
{
    for (uint8_t i = 0; i < FOUR_CC_COUNT; i++)
        if (four_ccs[i] == four_cc)
            return FLV_CODEC_FOUR_CC | i;
    return FLV_CODEC_UNKNOWN;
}

static bool has_composition_time(uint8_t codec)
{
    return codec == FLV_EX_CODEC_AVC || codec == FLV_EX_CODEC_HEVC ||
           codec == FLV_EX_CODEC_VVC;
}

/* A packet without its prefixes. */
struct ex_packet {
    uint8_t type; /* enum flv_ex_packet_type, never ModEx or multitrack */
    uint8_t codec;
    uint8_t track_id;
    bool is_multitrack;
};

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

/* Reads a multitrack prefix, up to the data of the first track. The codec
 * stands before the tracks, or in front of each. */
static void unwrap_multitrack(struct byte_reader *r, struct ex_packet *packet)
{
    const uint8_t types = byte_read_u8(r);

    packet->is_multitrack = true;
    packet->type = types & 0x0F;
    packet->codec = codec_of(byte_read_u32(r));
    packet->track_id = byte_read_u8(r);
    if (types >> 4 != FLV_EX_ONE_TRACK)
        (void)byte_read_u24(r); /* the size of the first track */
}

/* Reads all in front of a packet's data; `r` stands behind the first byte of
 * the tag, which told `packet_type`. */
static void unwrap(struct byte_reader *r, uint8_t packet_type,
                   uint8_t multitrack_type, struct ex_packet *packet)
{
    packet->track_id = 0;
    packet->is_multitrack = false;
    packet->type = unwrap_mod_ex(r, packet_type);
    if (packet->type == multitrack_type)
        unwrap_multitrack(r, packet);
    else
        packet->codec = codec_of(byte_read_u32(r));
}

/* What to call a tag whose prefixes could not be read to their end: too short
 * when `data` was all of it, else a frame, since its real packet type lies
 * beyond the bytes at hand. */
static struct flv_tag_class unreadable(const struct flv_tag_header *header,
                                       size_t seen_bytes)
{
    return (struct flv_tag_class){
        .kind = seen_bytes >= header->size_bytes ? FLV_KIND_UNUSABLE
                                                 : FLV_KIND_FRAME,
        .codec = FLV_CODEC_UNKNOWN,
    };
}

static enum flv_tag_kind video_kind(uint8_t packet_type, uint8_t frame_type)
{
    switch (packet_type) {
    case FLV_EX_SEQUENCE_START:
    case FLV_EX_MPEG2TS_SEQUENCE_START:
        return FLV_KIND_SEQUENCE_HEADER;
    case FLV_EX_METADATA:
        return FLV_KIND_SIDE_HEADER;
    case FLV_EX_SEQUENCE_END:
        return FLV_KIND_SEQUENCE_END;
    case FLV_EX_CODED_FRAMES:
    case FLV_EX_CODED_FRAMES_X:
        return coded_frame(frame_type);
    default:
        return FLV_KIND_UNUSABLE;
    }
}

static enum flv_tag_kind audio_kind(uint8_t packet_type)
{
    switch (packet_type) {
    case FLV_EX_SEQUENCE_START:
        return FLV_KIND_SEQUENCE_HEADER;
    case FLV_EX_MULTICHANNEL:
        return FLV_KIND_SIDE_HEADER;
    case FLV_EX_SEQUENCE_END:
        return FLV_KIND_SEQUENCE_END;
    case FLV_EX_CODED_FRAMES:
        return FLV_KIND_FRAME;
    default:
        return FLV_KIND_UNUSABLE;
    }
}

/* Only the end of a sequence has nothing behind its prefixes. */
static struct flv_tag_class make_class(const struct ex_packet *packet,
                                       enum flv_tag_kind kind, bool is_empty)
{
    if (is_empty && kind != FLV_KIND_SEQUENCE_END)
        kind = FLV_KIND_UNUSABLE;
    return (struct flv_tag_class){
        .kind = kind, .codec = packet->codec, .track_id = packet->track_id};
}

static struct flv_tag_class
classify_ex_video(const struct flv_tag_header *header, struct byte_reader data)
{
    const size_t seen_bytes = byte_reader_left(&data);
    const uint8_t first = byte_read_u8(&data);
    const uint8_t frame_type = first >> 4 & 0x07;
    struct ex_packet packet;

    unwrap(&data, first & 0x0F, FLV_EX_MULTITRACK, &packet);
    if (frame_type == FLV_FRAME_INFO && packet.type != FLV_EX_METADATA)
        return (struct flv_tag_class){.kind = FLV_KIND_UNUSABLE};
    if (packet.type == FLV_EX_CODED_FRAMES && !packet.is_multitrack &&
        has_composition_time(packet.codec))
        (void)byte_read_bytes(&data, 3);
    if (data.failed)
        return unreadable(header, seen_bytes);
    return make_class(&packet, video_kind(packet.type, frame_type),
                      byte_reader_left(&data) == 0 &&
                          seen_bytes >= header->size_bytes);
}

static struct flv_tag_class
classify_ex_audio(const struct flv_tag_header *header, struct byte_reader data)
{
    const size_t seen_bytes = byte_reader_left(&data);
    const uint8_t first = byte_read_u8(&data);
    struct ex_packet packet;

    unwrap(&data, first & 0x0F, FLV_EX_AUDIO_MULTITRACK, &packet);
    if (data.failed)
        return unreadable(header, seen_bytes);
    return make_class(&packet, audio_kind(packet.type),
                      byte_reader_left(&data) == 0 &&
                          seen_bytes >= header->size_bytes);
}

/* --- all tags ----------------------------------------------------------- */

uint32_t flv_tag_own_bytes(uint8_t type, uint8_t first)
{
    if (type == FLV_TAG_AUDIO) {
        const uint8_t codec = first >> 4;

        if (codec == FLV_SOUND_EX_HEADER)
            return 0;
        return codec == FLV_SOUND_AAC ? FLV_AAC_HEADER_BYTES : 1;
    } else {
        const uint8_t codec = first & 0x0F;

        if ((first & FLV_EX_VIDEO_HEADER) != 0)
            return 0;
        return codec == FLV_CODEC_AVC || codec == FLV_CODEC_HEVC_NONSTANDARD
                   ? FLV_AVC_HEADER_BYTES
                   : 1;
    }
}

static struct flv_tag_class classify_video(const struct flv_tag_header *header,
                                           struct byte_reader data)
{
    struct byte_reader r = data;
    const uint8_t first = byte_read_u8(&r);
    const uint8_t packet_type = byte_read_u8(&r);
    const uint8_t frame_type = first >> 4;
    const uint32_t own_bytes = flv_tag_own_bytes(FLV_TAG_VIDEO, first);
    struct flv_tag_class class = {.codec = first & 0x0F};

    if (own_bytes == 0)
        return classify_ex_video(header, data);
    if (r.failed || frame_type < FLV_FRAME_KEY ||
        frame_type > FLV_FRAME_GENERATED_KEY)
        return class;
    class.kind = coded_frame(frame_type);
    if (own_bytes > 1)
        class.kind =
            classify_packet(header, packet_type, own_bytes, class.kind);
    return class;
}

static struct flv_tag_class classify_audio(const struct flv_tag_header *header,
                                           struct byte_reader data)
{
    struct byte_reader r = data;
    const uint8_t first = byte_read_u8(&r);
    const uint8_t packet_type = byte_read_u8(&r);
    const uint32_t own_bytes = flv_tag_own_bytes(FLV_TAG_AUDIO, first);
    struct flv_tag_class class = {.codec = first >> 4};

    if (r.failed)
        return class;
    if (own_bytes == 0)
        return classify_ex_audio(header, data);
    class.kind = FLV_KIND_FRAME;
    if (own_bytes > 1)
        class.kind =
            classify_packet(header, packet_type, own_bytes, FLV_KIND_FRAME);
    return class;
}

struct flv_tag_class flv_tag_classify(const struct flv_tag_header *header,
                                      struct byte_reader data)
{
    struct flv_tag_class class = {.kind = FLV_KIND_UNUSABLE};

    if (header->encrypted)
        return class;
    switch (header->type) {
    case FLV_TAG_AUDIO:
        return classify_audio(header, data);
    case FLV_TAG_VIDEO:
        return classify_video(header, data);
    case FLV_TAG_SCRIPT:
    case FLV_TAG_SCRIPT_AMF3:
        class.kind = FLV_KIND_SCRIPT;
        return class;
    default:
        return class;
    }
}
