/* The numbers of RTMP 1.0 (Adobe, 21 December 2012), in the order of its
 * sections, and flvd's own limits beside what they bound. */
#ifndef FLVD_RTMP_PROTOCOL_H
#define FLVD_RTMP_PROTOCOL_H

/* 5.2 Handshake */
#define RTMP_VERSION 3
#define RTMP_HANDSHAKE_BYTES 1536 /* C1, C2, S1, S2 */

/* 5.3 Chunking */
#define RTMP_DEFAULT_CHUNK_BYTES 128
#define RTMP_MAX_CHUNK_BYTES 0x7FFFFFFFu  /* 5.4.1; top bit must be 0 */
#define RTMP_MAX_CHUNK_HEADER_BYTES 18    /* 3 basic, 11 message, 4 extended */
#define RTMP_EXTENDED_TIMESTAMP 0xFFFFFFu /* 5.3.1.3 */
#define RTMP_MAX_MESSAGE_BYTES 0xFFFFFFu  /* 24-bit length */
#define RTMP_FIRST_LONG_CSID 64           /* 5.3.1.1: ids below take one byte */
#define RTMP_FMT_SHIFT 6                  /* above the id in that byte */

/* 5.3.1.2: forms of the message header */
enum rtmp_fmt {
    RTMP_FMT_FULL = 0,       /* absolute timestamp, all fields */
    RTMP_FMT_SAME_ID = 1,    /* delta, no message stream id */
    RTMP_FMT_SAME_SHAPE = 2, /* delta only */
    RTMP_FMT_NOTHING = 3     /* more of a message, or one more like it */
};

/* What flvd announces (Set Chunk Size): most frames fit one chunk, which
 * hides what clients disagree on; the largest size that all of them take. */
#define RTMP_OUTPUT_CHUNK_BYTES 65536
/* A command or control message that a peer may send; a longer one is an
 * error. Audio, video and data that a peer sends are skipped, not kept. */
#define RTMP_MAX_INPUT_BYTES 16384
/* Incomplete messages of one peer, all its chunk streams together. */
#define RTMP_MAX_BUFFERED_BYTES 65536
/* Chunk streams that one peer may use. */
#define RTMP_MAX_CHUNK_STREAMS 64

/* Chunk stream ids that flvd sends on: 2 is the specification's (5.4), the
 * others are free; all below 64, the form that every client reads. */
enum rtmp_chunk_stream_id {
    RTMP_CSID_CONTROL = 2,
    RTMP_CSID_COMMAND = 3,
    RTMP_CSID_AUDIO = 4, /* of message stream 1; stream n is at + 4 * (n - 1) */
    RTMP_CSID_DATA = 5,
    RTMP_CSID_VIDEO = 6,
    RTMP_CSID_STREAM_COMMAND = 7,
    RTMP_CSID_PER_STREAM = 4
};

/* 5.4, 6.2 and 7.1: message types */
enum rtmp_message_type {
    RTMP_SET_CHUNK_SIZE = 1,
    RTMP_ABORT = 2,
    RTMP_ACKNOWLEDGEMENT = 3,
    RTMP_USER_CONTROL = 4,
    RTMP_WINDOW_ACK_SIZE = 5,
    RTMP_SET_PEER_BANDWIDTH = 6,
    RTMP_AUDIO = 8,
    RTMP_VIDEO = 9,
    RTMP_DATA_AMF3 = 15,
    RTMP_SHARED_OBJECT_AMF3 = 16,
    RTMP_COMMAND_AMF3 = 17,
    RTMP_DATA_AMF0 = 18,
    RTMP_SHARED_OBJECT_AMF0 = 19,
    RTMP_COMMAND_AMF0 = 20,
    RTMP_AGGREGATE = 22
};

/* 7.1.7: user control events */
enum rtmp_user_control_event {
    RTMP_STREAM_BEGIN = 0,
    RTMP_STREAM_EOF = 1,
    RTMP_STREAM_DRY = 2, /* never sent: ZLMediaKit takes it for an error */
    RTMP_SET_BUFFER_LENGTH = 3,
    RTMP_STREAM_IS_RECORDED = 4,
    RTMP_PING_REQUEST = 6,
    RTMP_PING_RESPONSE = 7
};

/* 5.4.5: limit types of Set Peer Bandwidth */
enum rtmp_bandwidth_limit {
    RTMP_LIMIT_HARD = 0,
    RTMP_LIMIT_SOFT = 1,
    RTMP_LIMIT_DYNAMIC = 2
};

/* What flvd announces at connect; the values of Flash Media Server. */
#define RTMP_OUTPUT_WINDOW_BYTES 2500000

/* Enhanced RTMP v2, "Enhancing NetConnection connect Command": the flags of a
 * codec in the info maps (1 decode, 2 encode), of capsEx (1 reconnect), and of
 * videoFunction (1 client seek, the only one of Flash's time). */
#define RTMP_FOUR_CC_CAN_FORWARD 4
#define RTMP_CAPS_EX_MULTITRACK 2
#define RTMP_CAPS_EX_MOD_EX 4
#define RTMP_CAPS_EX_NANOSECONDS 8
#define RTMP_VIDEO_FUNCTION_CLIENT_SEEK 1
#define RTMP_VIDEO_FUNCTION_HDR 2
#define RTMP_VIDEO_FUNCTION_METADATA 4
#define RTMP_VIDEO_FUNCTION_LARGE_SCALE_TILE 8

/* Message streams that one connection may create. librtmp reconnects by
 * creating a second one; nobody needs more than a few. */
#define RTMP_MAX_MESSAGE_STREAMS 8

#endif
