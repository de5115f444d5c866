/* The numbers of the FLV file format (Adobe, Video File Format 10.1, annex
 * E) and of Enhanced RTMP v2, and flvd's limits beside what they bound. */
#ifndef FLVD_FLV_FORMAT_H
#define FLVD_FLV_FORMAT_H

/* E.2: "FLV", version, flags, data offset */
#define FLV_HEADER_BYTES 9
#define FLV_SIGNATURE 0x464C56u /* "FLV" */
#define FLV_VERSION 1
#define FLV_MAX_VERSION 4 /* never seen, but what others accept */
/* E.3: PreviousTagSize */
#define FLV_BACK_POINTER_BYTES 4
/* E.4.1: tag type, data size, timestamp, its extension, stream id */
#define FLV_TAG_HEADER_BYTES 11

/* The data offset of a header may be larger than 9, but not by much. */
#define FLV_MAX_DATA_OFFSET 65536

/* How far a file is searched for its first playable tag. */
#define FLV_MAX_HEAD_BYTES (64u << 20)
/* How far damage is searched for the next sound tag, at one go: the search
 * goes on in the next one. */
#define FLV_MAX_RESYNC_BYTES (64u << 10)
/* A script tag larger than this is not read as metadata. */
#define FLV_MAX_METADATA_BYTES (4u << 20)

/* E.4.1: tag types; bit 5 of the type byte marks encrypted tags, bits 6 and 7
 * are reserved: a type with one of them set is one that nobody knows */
enum flv_tag_type {
    FLV_TAG_AUDIO = 8,
    FLV_TAG_VIDEO = 9,
    FLV_TAG_SCRIPT_AMF3 = 15, /* Enhanced RTMP */
    FLV_TAG_SCRIPT = 18
};
#define FLV_TAG_FILTER 0x20

/* E.4.3.1: frame types */
enum flv_frame_type {
    FLV_FRAME_KEY = 1,
    FLV_FRAME_INTER = 2,
    FLV_FRAME_DISPOSABLE = 3,
    FLV_FRAME_GENERATED_KEY = 4,
    FLV_FRAME_INFO = 5
};

/* E.4.3.1: the video codec whose tags have a packet type of their own; 12 is
 * HEVC outside the specification, with the same layout */
#define FLV_CODEC_AVC 7
#define FLV_CODEC_HEVC_NONSTANDARD 12
/* E.4.2.1: sound formats */
#define FLV_SOUND_EX_HEADER 9 /* Enhanced RTMP */
#define FLV_SOUND_AAC 10

/* E.4.3.2 AVCPacketType, E.4.2.2 AACPacketType */
#define FLV_PACKET_SEQUENCE_HEADER 0
#define FLV_PACKET_FRAME 1
#define FLV_PACKET_END 2

/* E.4.3.1 and E.4.2.1: bytes before the payload of an AVC or AAC tag */
#define FLV_AVC_HEADER_BYTES 5
#define FLV_AAC_HEADER_BYTES 2

/* Enhanced RTMP v2: packet types of video and audio tags */
enum flv_ex_packet_type {
    FLV_EX_SEQUENCE_START = 0,
    FLV_EX_CODED_FRAMES = 1,
    FLV_EX_SEQUENCE_END = 2,
    FLV_EX_CODED_FRAMES_X = 3, /* video only */
    FLV_EX_METADATA = 4,       /* such as colours */
    FLV_EX_MULTICHANNEL = 4,   /* audio: what the channels are */
    FLV_EX_AUDIO_MULTITRACK = 5,
    FLV_EX_MPEG2TS_SEQUENCE_START = 5, /* video */
    FLV_EX_MULTITRACK = 6,             /* video */
    FLV_EX_MOD_EX = 7
};

/* Enhanced RTMP v2: the bit of a video tag's first byte that says so, and the
 * multitrack types: of one track, and of those with a codec of their own */
#define FLV_EX_VIDEO_HEADER 0x80
#define FLV_EX_ONE_TRACK 0
#define FLV_EX_MANY_TRACKS_MANY_CODECS 2

#endif
