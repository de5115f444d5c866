/* One FLV tag: its header, and what its first bytes say about it. Pure. */
#ifndef FLVD_FLV_TAG_H
#define FLVD_FLV_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "flv/format.h"

struct flv_tag_header {
    uint8_t type; /* enum flv_tag_type, or a number nobody knows */
    bool encrypted;
    uint32_t size_bytes;   /* of the data behind the header */
    uint32_t timestamp_ms; /* all 32 bits */
    uint32_t stream_id;    /* 0 in sound files */
};

/* Reads FLV_TAG_HEADER_BYTES. False when fewer are left. */
bool flv_tag_header_read(struct byte_reader *r, struct flv_tag_header *header);

/* Whether `type`, without the filter bit, is one of enum flv_tag_type. */
bool flv_tag_type_exists(uint8_t type);

/* Whether a header read at a guessed place could really be one: a type that
 * exists, no filter but bit 5, stream id 0. */
bool flv_tag_header_is_plausible(const struct flv_tag_header *header);

/* What a tag is to a player. */
enum flv_tag_kind {
    FLV_KIND_UNUSABLE, /* empty, too short, info frame, encrypted, unknown */
    FLV_KIND_SCRIPT,
    FLV_KIND_SEQUENCE_HEADER, /* decoder configuration; no frame */
    FLV_KIND_SIDE_HEADER,     /* Enhanced RTMP: what belongs beside a sequence
                                 header and is no frame: multichannel
                                 configuration, video metadata (colours) */
    FLV_KIND_SEQUENCE_END,    /* no frame either */
    FLV_KIND_KEYFRAME,        /* playing can begin here: key video frames */
    FLV_KIND_FRAME            /* any other video frame, any audio frame */
};

/* The codec id or sound format of a tag is its codec; with this bit it is one
 * that Enhanced RTMP has a FourCC for. */
#define FLV_CODEC_FOUR_CC 0x80
#define FLV_CODEC_UNKNOWN 0xFF

enum flv_ex_codec {
    FLV_EX_CODEC_AVC = FLV_CODEC_FOUR_CC,
    FLV_EX_CODEC_HEVC,
    FLV_EX_CODEC_VVC,
    FLV_EX_CODEC_VP8,
    FLV_EX_CODEC_VP9,
    FLV_EX_CODEC_AV1,
    FLV_EX_CODEC_OPUS,
    FLV_EX_CODEC_AC3,
    FLV_EX_CODEC_EAC3,
    FLV_EX_CODEC_MP3,
    FLV_EX_CODEC_FLAC,
    FLV_EX_CODEC_AAC,
    FLV_EX_CODEC_END
};

/* What the first bytes of an audio or video tag tell. */
struct flv_tag_class {
    enum flv_tag_kind kind;
    uint8_t codec;
    /* Of a multitrack packet the id of its first track, 0 of all others. A
     * packet of many tracks is kept whole, under that id. */
    uint8_t track_id;
};

/* How many bytes of a tag's data flv_tag_classify wants to see. */
#define FLV_CLASSIFY_BYTES 32

/* Classifies a tag by its header and the first bytes of its data: all of
 * them, or FLV_CLASSIFY_BYTES at least. ModEx and multitrack packets are
 * unwrapped as far as those bytes go; one that hides its type beyond them is
 * a frame of an unknown codec. */
struct flv_tag_class flv_tag_classify(const struct flv_tag_header *header,
                                      struct byte_reader data);

/* How many bytes stand in front of the payload of an audio or video tag whose
 * data begins with `first`; 0 for Enhanced RTMP, which has headers of many
 * lengths. */
uint32_t flv_tag_own_bytes(uint8_t type, uint8_t first);

/* Whether a tag of this kind shows or sounds something: only such tags have a
 * time that counts. */
static inline bool flv_tag_kind_is_frame(enum flv_tag_kind kind)
{
    return kind == FLV_KIND_FRAME || kind == FLV_KIND_KEYFRAME;
}

/* Whether a tag of this kind configures a decoder: it has no time of its own,
 * and is to be sent again wherever a play begins behind it. */
static inline bool flv_tag_kind_is_header(enum flv_tag_kind kind)
{
    return kind == FLV_KIND_SEQUENCE_HEADER || kind == FLV_KIND_SIDE_HEADER;
}

#endif
