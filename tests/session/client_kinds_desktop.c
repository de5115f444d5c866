/* FFmpeg (ffplay, ffprobe, mpv, VLC, OBS), librtmp (rtmpdump, curl, GStreamer's
 * rtmpsrc, ExoPlayer) and GStreamer's rtmp2src. */
#include "config.h"

#include <string.h>

#include "client_kinds.h"
#include "client_rules.h"

/* What a client sends on: chunk stream, header format, message stream. */
#define ON(...) ((struct client_way){__VA_ARGS__})

/* --- FFmpeg: libavformat/rtmpproto.c ------------------------------------ */

static void ffmpeg_begins(struct client *c)
{
    say(c, ON(3, AS_FFMPEG, 0), "connect", 1, "{ksksksxkdkdkdkd}", "app", "vod",
        "flashVer", "LNX 9,0,124,2", "tcUrl", "rtmp://localhost:1935/vod",
        /* fpad false */ "00 04 66 70 61 64 01 00", "capabilities", 15.0,
        "audioCodecs", 4071.0, "videoCodecs", 252.0, "videoFunction", 1.0);
    await_result(c, 1);
    say_u32(c, 0, 5, 2500000);
    say(c, ON(3, AS_FFMPEG, 0), "createStream", 2, "n");
    await_result(c, 2);
    say(c, ON(8, AS_FFMPEG, 0), "getStreamLength", 3, "ns", "movie");
    say(c, ON(8, AS_FFMPEG, c->stream_id), "play", 4, "nsd", "movie", -2000.0);
    say_buffer(c, AS_FFMPEG, c->stream_id, 3000);
}

/* The time is that of the last message of any kind: 0 after a command. */
static void ffmpeg_pauses(struct client *c, bool pause)
{
    say(c, ON(3, AS_FFMPEG, c->stream_id), "pause", 0, "nbd", pause,
        (double)c->peer->message.timestamp_ms);
}

static void ffmpeg_seeks(struct client *c, double time_ms)
{
    say(c, ON(3, AS_FFMPEG, c->stream_id), "seek", 0, "nd", time_ms);
}

static void ffmpeg_leaves(struct client *c)
{
    say(c, ON(3, AS_FFMPEG, 0), "deleteStream", 5, "nd", (double)c->stream_id);
}

static client_rule *const ffmpeg_rules[] = {media_comes_after_start, NULL};

const struct client_kind ffmpeg = {.name = "FFmpeg 8.1.1",
                                   .digest_base = 8,
                                   .types = ANY_TYPE,
                                   .events = ANY_EVENT,
                                   .markers = PLAIN_AMF,
                                   .max_chunk_bytes = ANY_CHUNK,
                                   .ends_on = ENDS_ON_STOP,
                                   .acknowledges_each_bytes = 1250000,
                                   .rules = ffmpeg_rules,
                                   .begins = ffmpeg_begins,
                                   .pauses = ffmpeg_pauses,
                                   .seeks = ffmpeg_seeks,
                                   .leaves = ffmpeg_leaves};

/* --- librtmp: mirror/rtmpdump, librtmp/rtmp.c --------------------------- */

static void librtmp_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkd}", "app", "vod",
        "flashVer", "LNX 10,0,32,18", "tcUrl", "rtmp://localhost:1935/vod",
        "00 04 66 70 61 64 01 00", "capabilities", 15.0, "audioCodecs", 3191.0,
        "videoCodecs", 252.0, "videoFunction", 1.0);
    await_result(c, 1);
    say_u32(c, 0, 5, 2500000);
    say_buffer(c, AS_LIBRTMP, 0, 300);
    say(c, ON(3, AS_LIBRTMP, 0), "createStream", 2, "n");
    await_result(c, 2);
    say(c, ON(8, 0, c->stream_id), "play", 3, "nsd", "movie", 0.0);
    say_buffer(c, AS_LIBRTMP, c->stream_id, 36000000);
}

static void librtmp_pauses(struct client *c, bool pause)
{
    say(c, ON(8, AS_LIBRTMP, c->stream_id), "pause", 0, "nbd", pause,
        (double)c->peer->message.timestamp_ms);
}

static void librtmp_seeks(struct client *c, double time_ms)
{
    say(c, ON(8, AS_LIBRTMP, c->stream_id), "seek", 0, "nd", time_ms);
}

static void librtmp_leaves(struct client *c)
{
    say(c, ON(3, AS_LIBRTMP, 0), "deleteStream", 5, "nd", (double)c->stream_id);
}

static client_rule *const librtmp_rules[] = {media_comes_after_start,
                                             nothing_closes_librtmp, NULL};

/* BufferEmpty makes it pause and go on, for ever (rtmpdump, curl). */
const struct client_kind librtmp = {.name = "librtmp 2.4 (rtmpdump)",
                                    .types = ANY_TYPE,
                                    .events = ANY_EVENT & ~BUFFER_EMPTY,
                                    .markers = PLAIN_AMF,
                                    .max_chunk_bytes = ANY_CHUNK,
                                    .ends_on = ENDS_ON_STOP,
                                    .acknowledges_each_bytes = 250000,
                                    .rules = librtmp_rules,
                                    .begins = librtmp_begins,
                                    .pauses = librtmp_pauses,
                                    .seeks = librtmp_seeks,
                                    .leaves = librtmp_leaves};

/* --- GStreamer: gst/rtmp2 ----------------------------------------------- */

static void gst_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkd}", "app", "vod",
        "tcUrl", "rtmp://localhost:1935/vod", "flashVer", "LNX 10,0,32,18",
        "00 04 66 70 61 64 01 00", "capabilities", 15.0, "audioCodecs", 3191.0,
        "videoCodecs", 252.0, "videoFunction", 1.0);
    await_result(c, 1);
    say_buffer(c, 0, 0, 300);
    say(c, ON(3, 0, 0), "createStream", 2, "n");
    await_result(c, 2);
    say(c, ON(3, 0, c->stream_id), "play", 0, "nsd", "movie", -2.0);
    say_buffer(c, 0, c->stream_id, 30000);
}

/* It answers Set Peer Bandwidth with Window Acknowledgement Size. */
static void gst_hears(struct client *c, const struct message *m)
{
    if (m->type == 6)
        say_u32(c, 0, 5, 2500000);
}

static client_rule *const gst_rules[] = {first_status_is_a_start, NULL};

const struct client_kind gst_rtmp2src = {.name = "GStreamer 1.19.2 (rtmp2src)",
                                         .types = ANY_TYPE,
                                         .events = ANY_EVENT,
                                         .markers = PLAIN_AMF,
                                         .max_chunk_bytes = ANY_CHUNK,
                                         .ends_on = ENDS_ON_STREAM_EOF,
                                         .rules = gst_rules,
                                         .begins = gst_begins,
                                         .hears = gst_hears};
