/* Flash Player and what was made with it (JW Player, Flex), Red5's client, and
 * HaishinKit for phones. */
#include "config.h"

#include <string.h>

#include "client_kinds.h"
#include "client_rules.h"

#define ON(...) ((struct client_way){__VA_ARGS__})

/* --- Flash Player, with JW Player 5 in it -------------------------------- */

static void flash_connects(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksksxkdkdkdkdkskd}", "app",
        "vod/_definst_", "flashVer", "WIN 25,0,0,171", "swfUrl",
        "http://example.org/player.swf", "tcUrl",
        "rtmp://localhost/vod/_definst_", "00 04 66 70 61 64 01 00",
        "capabilities", 239.0, "audioCodecs", 3575.0, "videoCodecs", 252.0,
        "videoFunction", 1.0, "pageUrl", "http://example.org/",
        "objectEncoding", 3.0);
    await_result(c, 1);
    /* or AMF3 is what follows, in either direction */
    ck_assert(c->reply.object_encoding == 0);
    say_u32(c, 0, 5, 2500000);
}

/* It asks to subscribe, and waits for that; 100 ms of buffer, and more with
 * the first picture. */
static void flash_begins(struct client *c)
{
    flash_connects(c);
    say_amf3(c, ON(3, 1, 0), "FCSubscribe", 0, "ns", "movie");
    await_command(c, "onFCSubscribe");
    say_amf3(c, ON(3, 1, 0), "createStream", 2, "n");
    await_result(c, 2);
    say_amf3(c, ON(3, 1, 0), "getStreamLength", 3, "ns", "movie");
    say_buffer(c, 1, c->stream_id, 100);
    say_amf3(c, ON(8, 0, c->stream_id), "receiveAudio", 0, "nb", 1);
    say_amf3(c, ON(8, 1, c->stream_id), "receiveVideo", 0, "nb", 1);
    say_amf3(c, ON(8, 1, c->stream_id), "play", 0, "nsdd", "flv:movie.flv", 0.0,
             -1000.0);
    say_buffer(c, AS_LIBRTMP, c->stream_id, 3000);
}

static void flash_pauses(struct client *c, bool pause)
{
    say_buffer(c, AS_LIBRTMP, c->stream_id, pause ? 60000 : 3000);
    say_amf3(c, ON(8, 1, c->stream_id), pause ? "pause" : "pauseRaw", 0, "nbd",
             pause, (double)c->last_ms);
}

static void flash_seeks(struct client *c, double time_ms)
{
    say_amf3(c, ON(8, 1, c->stream_id), "seek", 0, "nd", time_ms);
    say_buffer(c, AS_LIBRTMP, c->stream_id, 100);
}

static void flash_leaves(struct client *c)
{
    say_amf3(c, ON(8, 1, c->stream_id), "closeStream", 0, "n");
    say_amf3(c, ON(3, 1, 0), "deleteStream", 0, "nd", (double)c->stream_id);
}

static client_rule *const flash_rules[] = {
    duration_is_known_at_the_first_picture, NULL};

const struct client_kind flash_player = {.name = "Flash Player 25, JW Player 5",
                                         .digest_base = 772,
                                         .needs_digest = true,
                                         .types = ANY_TYPE,
                                         .events = ANY_EVENT,
                                         .markers = PLAIN_AMF,
                                         .max_chunk_bytes = ANY_CHUNK,
                                         .ends_on = ENDS_ON_COMPLETE,
                                         .rules = flash_rules,
                                         .begins = flash_begins,
                                         .pauses = flash_pauses,
                                         .seeks = flash_seeks,
                                         .leaves = flash_leaves};

/* --- Flex VideoDisplay: NCManager with bandwidth detection --------------- */

/* It waits for onBWDone, then for the length; a second connection that it
 * opens meanwhile it closes at once. */
static void flex_begins(struct client *c)
{
    flash_connects(c);
    say_amf3(c, ON(3, 1, 0), "checkBandwidth", 0, "n");
    await_command(c, "onBWDone");
    say_amf3(c, ON(3, 1, 0), "getStreamLength", 2, "ns", "movie");
    await_result(c, 2);
    ck_assert(c->stream_length_s > 0 || c->server->options.loop != 1);
    say_amf3(c, ON(3, 1, 0), "createStream", 3, "n");
    await_result(c, 3);
    say_buffer(c, 1, c->stream_id, 100);
    say_amf3(c, ON(8, 0, c->stream_id), "play", 0, "nsdd", "movie", 0.0, -1.0);
}

const struct client_kind flex_display = {.name = "Flash Player 25, Flex",
                                         .digest_base = 8,
                                         .needs_digest = true,
                                         .types = ANY_TYPE,
                                         .events = ANY_EVENT,
                                         .markers = PLAIN_AMF,
                                         .max_chunk_bytes = ANY_CHUNK,
                                         .ends_on = ENDS_ON_COMPLETE,
                                         .rules = flash_rules,
                                         .begins = flex_begins,
                                         .pauses = flash_pauses,
                                         .seeks = flash_seeks,
                                         .leaves = flash_leaves};

/* --- Red5's client ------------------------------------------------------- */

/* Chunk stream (id - 1) * 5 + 4, and the server's chunk size for its own. */
static void red5_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksknxkdkdkdkdkdksksk{kd}k{kd}}",
        "app", "vod", "flashVer", "WIN 11,2,202,235", "tcUrl",
        "rtmp://localhost:1935/vod", "pageUrl", "00 04 66 70 61 64 01 00",
        "objectEncoding", 0.0, "capabilities", 15.0, "audioCodecs", 3575.0,
        "videoCodecs", 252.0, "videoFunction", 1.0, "path", "vod", "type",
        "nonprivate", "videoFourCcInfoMap", "*", 4.0, "audioFourCcInfoMap", "*",
        4.0);
    await_result(c, 1);
    c->peer->out_chunk_bytes = c->peer->in_chunk_bytes;
    say(c, ON(3, 1, 0), "createStream", 2, "n");
    await_result(c, 2);
    say_buffer(c, 0, c->stream_id, 2000);
    say(c, ON(4, 0, c->stream_id), "receiveAudio", 3, "n");
    say(c, ON(4, 1, c->stream_id), "receiveVideo", 4, "n");
    say(c, ON(4, 1, c->stream_id), "play", 5, "nsdd", "movie", -2000.0,
        -1000.0);
}

static void red5_pauses(struct client *c, bool pause)
{
    say(c, ON(4, 1, c->stream_id), "pause", 6, "nbd", pause,
        (double)c->last_ms);
}

static void red5_seeks(struct client *c, double time_ms)
{
    say(c, ON(4, 1, c->stream_id), "seek", 7, "nd", time_ms);
}

static client_rule *const no_rules[] = {NULL};

const struct client_kind red5_client = {.name = "Red5 client 2.0.40",
                                        .types = ANY_TYPE,
                                        .events = ANY_EVENT,
                                        .markers = PLAIN_AMF,
                                        .max_chunk_bytes = 0xFFFFFF,
                                        .ends_on = ENDS_ON_STOP,
                                        .rules = no_rules,
                                        .begins = red5_begins,
                                        .pauses = red5_pauses,
                                        .seeks = red5_seeks};

/* --- HaishinKit ---------------------------------------------------------- */

/* fourCcList: a strict array of hvc1 and Opus. */
#define HVC1_AND_OPUS                                                          \
    "00 0A 66 6F 75 72 43 63 4C 69 73 74 0A 00 00 00 02 "                      \
    "02 00 04 68 76 63 31 02 00 04 4F 70 75 73"

static void haishinkit_plays(struct client *c, uint32_t chunk_stream_id)
{
    await_result(c, 1);
    say_chunk_size(c, 8192);
    say(c, ON(3, 0, 0), "createStream", 2, "n");
    await_result(c, 2);
    say(c, ON(chunk_stream_id, 0, c->stream_id), "play", 0, "ns", "movie");
}

static void haishinkit_swift_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkdkdx}", "app",
        "vod?token=1", "flashVer", "FMLE/3.0 (compatible; FMSc/1.0)", "tcUrl",
        "rtmp://localhost/vod?token=1", "00 04 66 70 61 64 01 00",
        "capabilities", 239.0, "audioCodecs", 1024.0, "videoCodecs", 128.0,
        "videoFunction", 1.0, "objectEncoding", 0.0, HVC1_AND_OPUS);
    haishinkit_plays(c, 3);
}

/* Its time argument is the wall clock's since play. */
static void haishinkit_pauses(struct client *c, bool pause)
{
    say(c, ON(3, 0, c->stream_id), "pause", 0, "nbd", pause, 86400000.0);
}

static void haishinkit_seeks(struct client *c, double time_ms)
{
    say(c, ON(3, 0, c->stream_id), "seek", 0, "nd", time_ms);
}

/* closeStream fails unless Play.Stop comes, at the end too. */
static void haishinkit_leaves(struct client *c)
{
    say(c, ON(3, 0, c->stream_id), "closeStream", 0, "n");
    await_status(c, "NetStream.Play.Stop");
    say(c, ON(3, 0, 0), "deleteStream", 0, "nd", (double)c->stream_id);
}

static client_rule *const haishinkit_swift_rules[] = {
    only_status_on_the_stream, absolute_times_are_in_one_chunk,
    extended_times_are_in_one_chunk, NULL};

const struct client_kind haishinkit_swift = {.name = "HaishinKit 2.0 (Swift)",
                                             .types = PLAIN_TYPES,
                                             .events = KNOWN_EVENTS,
                                             .markers = PLAIN_AMF,
                                             .max_chunk_bytes = ANY_CHUNK,
                                             .ends_on = ENDS_ON_STOP,
                                             .rules = haishinkit_swift_rules,
                                             .begins = haishinkit_swift_begins,
                                             .pauses = haishinkit_pauses,
                                             .seeks = haishinkit_seeks,
                                             .leaves = haishinkit_leaves};

static client_rule *const haishinkit_kotlin_rules[] = {
    only_status_on_the_stream, extended_times_are_in_one_chunk, NULL};

/* The first segment is the application; play goes on chunk stream 2. */
static void haishinkit_kotlin_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkdkd}", "app", "vod",
        "flashVer", "FMLE/3.0 (compatible; FMSc/1.0)", "tcUrl",
        "rtmp://localhost/vod/sub", "00 04 66 70 61 64 01 00", "capabilities",
        239.0, "audioCodecs", 1024.0, "videoCodecs", 128.0, "videoFunction",
        1.0, "objectEncoding", 0.0);
    haishinkit_plays(c, 2);
}

const struct client_kind haishinkit_kotlin = {
    .name = "HaishinKit (Kotlin, babb00ca)",
    .types = PLAIN_TYPES,
    .events = KNOWN_EVENTS & ~BUFFER_EMPTY,
    .markers = PLAIN_AMF,
    .max_chunk_bytes = ANY_CHUNK,
    .ends_on = ENDS_ON_STOP,
    .rules = haishinkit_kotlin_rules,
    .begins = haishinkit_kotlin_begins,
    .pauses = haishinkit_pauses,
    .seeks = haishinkit_seeks,
    .leaves = haishinkit_leaves};
