/* Servers that pull from another one, and the libraries that such are made
 * with. Most see the end by that of the connection, or by silence. */
#include "config.h"

#include <string.h>

#include "client_kinds.h"
#include "client_rules.h"

#define ON(...) ((struct client_way){__VA_ARGS__})

static client_rule *const no_rules[] = {NULL};

/* connect, createStream, each waited for: what all of these have. */
static void create_stream(struct client *c, double transaction_id)
{
    say(c, ON(3, 0, 0), "createStream", transaction_id, "n");
    await_result(c, transaction_id);
}

/* --- gortmplib (MediaMTX) ------------------------------------------------ */

/* The whole path is the application, and there is no name. */
static void gortmplib_begins(struct client *c)
{
    say_u32(c, 0, 5, 2500000);
    say_peer_bandwidth(c, 2500000, 2);
    say_chunk_size(c, 65536);
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkd}", "app", "vod/movie",
        "flashVer", "LNX 9,0,124,2", "tcUrl", "rtmp://localhost:1935/vod/movie",
        "00 04 66 70 61 64 01 00", "capabilities", 15.0, "audioCodecs", 4071.0,
        "videoCodecs", 252.0, "videoFunction", 1.0);
    await_result(c, 1);
    create_stream(c, 2);
    say_buffer(c, 0, 0, 100);
    say(c, ON(4, 0, c->stream_id), "play", 0, "ns", "");
}

static client_rule *const gortmplib_rules[] = {
    first_stream_is_1, only_status_on_the_stream, media_can_be_parsed, NULL};

const struct client_kind gortmplib = {.name = "gortmplib a01ffbf (MediaMTX)",
                                      .types = PLAIN_TYPES,
                                      .events = KNOWN_EVENTS,
                                      .markers = PLAIN_AMF,
                                      .max_chunk_bytes = 10 << 20,
                                      .rules = gortmplib_rules,
                                      .begins = gortmplib_begins};

/* --- SRS edge ------------------------------------------------------------- */

static void srs_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksksxkdkdkdkdkskd}", "app", "live",
        "flashVer", "WIN 15,0,0,239", "swfUrl", "", "tcUrl",
        "rtmp://localhost:1935/live?vhost=example.org",
        "00 04 66 70 61 64 01 00", "capabilities", 239.0, "audioCodecs", 3575.0,
        "videoCodecs", 252.0, "videoFunction", 1.0, "pageUrl", "",
        "objectEncoding", 0.0);
    say_u32(c, 0, 5, 2500000);
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(5, 0, c->stream_id), "play", 0, "ns", "movie");
    say_buffer(c, 0, c->stream_id, 1000);
    say_chunk_size(c, 60000);
}

const struct client_kind srs_edge = {.name = "SRS 7.0.18 (edge)",
                                     .digest_base = 772,
                                     .types = ANY_TYPE,
                                     .events = ANY_EVENT,
                                     .markers = PLAIN_AMF,
                                     .max_chunk_bytes = 65536,
                                     .rules = no_rules,
                                     .begins = srs_begins};

/* --- nginx-rtmp: relay ---------------------------------------------------- */

/* It plays on stream 1, whatever it was told. */
static void nginx_begins(struct client *c)
{
    say_chunk_size(c, 4096);
    say_u32(c, 0, 5, 5000000);
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksksksxkdkd}", "app", "vod",
        "tcUrl", "rtmp://localhost/vod", "pageUrl", "", "swfUrl", "",
        "flashVer", "LNX.11,1,102,55", "00 04 66 70 61 64 01 00", "audioCodecs",
        3575.0, "videoCodecs", 252.0);
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(5, 0, 1), "play", 0, "nsdd", "movie", -2000.0, -1000.0);
    say_buffer(c, 0, 1, 5000);
}

static client_rule *const nginx_rules[] = {first_stream_is_1, NULL};

const struct client_kind nginx_relay = {.name = "nginx-rtmp 6c7719d (relay)",
                                        .digest_base = 772,
                                        .types = ANY_TYPE,
                                        .events = ANY_EVENT,
                                        .markers = PLAIN_AMF,
                                        .max_chunk_bytes = 10 << 20,
                                        .rules = nginx_rules,
                                        .begins = nginx_begins};

/* --- ZLMediaKit ----------------------------------------------------------- */

/* fourCcList: a strict array of av01, vp09 and hvc1. */
#define AV1_VP9_HEVC                                                           \
    "00 0A 66 6F 75 72 43 63 4C 69 73 74 0A 00 00 00 03 "                      \
    "02 00 04 61 76 30 31 02 00 04 76 70 30 39 02 00 04 68 76 63 31"

static void zlmediakit_plays(struct client *c, const char *app)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksxkdkdkdx}", "app", app, "tcUrl",
        "rtmp://localhost:1935/vod", "00 04 66 70 61 64 01 00", "audioCodecs",
        1024.0, "videoCodecs", 128.0, "capabilities", 239.0, AV1_VP9_HEVC);
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(8, 0, c->stream_id), "play", 3, "nsd", "movie", -2000.0);
}

static void zlmediakit_begins(struct client *c)
{
    zlmediakit_plays(c, "live");
}

static void zlmediakit_vod_begins(struct client *c)
{
    zlmediakit_plays(c, "vod");
}

/* Without a time. Until it goes on it pings the server, each 5 s. */
static void zlmediakit_pauses(struct client *c, bool pause)
{
    say(c, ON(8, 0, c->stream_id), "pause", pause ? 4 : 5, "nb", pause);
}

static void zlmediakit_seeks(struct client *c, double time_ms)
{
    say(c, ON(8, 0, c->stream_id), "seek", 6, "nd", time_ms);
}

static client_rule *const zlmediakit_rules[] = {statuses_of_zlmediakit, NULL};

const struct client_kind zlmediakit = {.name = "ZLMediaKit fdaec260",
                                       .digest_base = 772,
                                       .types = ANY_TYPE,
                                       .events = ANY_EVENT & ~STREAM_DRY,
                                       .markers = PLAIN_AMF,
                                       .max_chunk_bytes = ANY_CHUNK,
                                       .rules = zlmediakit_rules,
                                       .begins = zlmediakit_begins,
                                       .pauses = zlmediakit_pauses,
                                       .seeks = zlmediakit_seeks};

/* Where the application begins with "vod", it shakes hands without digest. */
const struct client_kind zlmediakit_vod = {.name = "ZLMediaKit fdaec260 (vod)",
                                           .types = ANY_TYPE,
                                           .events = ANY_EVENT & ~STREAM_DRY,
                                           .markers = PLAIN_AMF,
                                           .max_chunk_bytes = ANY_CHUNK,
                                           .rules = zlmediakit_rules,
                                           .begins = zlmediakit_vod_begins,
                                           .pauses = zlmediakit_pauses,
                                           .seeks = zlmediakit_seeks};

/* --- lal ------------------------------------------------------------------ */

static void lal_begins(struct client *c)
{
    say_chunk_size(c, 4096);
    say(c, ON(3, 0, 0), "connect", 1, "{ksksks}", "app", "vod", "flashVer",
        "lal/0.37.4", "tcUrl", "rtmp://localhost/vod");
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(3, 0, c->stream_id), "play", 0, "ns", "movie");
}

static client_rule *const lal_rules[] = {only_status_on_the_stream, NULL};

/* A type that it does not know ends the whole process. */
const struct client_kind lal = {.name = "lal e0a5c4d",
                                .types = PLAIN_TYPES,
                                .events = ANY_EVENT,
                                .markers = PLAIN_AMF,
                                .max_chunk_bytes = ANY_CHUNK,
                                .rules = lal_rules,
                                .begins = lal_begins};

/* --- xiu ------------------------------------------------------------------ */

/* All that follows connect's answer has to do with its transaction id of 1. */
static void xiu_hears(struct client *c, const struct message *m)
{
    if (m->type != 20 || strcmp(c->reply.name, "_result") != 0 ||
        c->reply.transaction_id != 1)
        return;
    say_u32(c, 0, 3, 3107);
    say(c, ON(3, 0, 0), "releaseStream", 1, "ns", "movie");
    say(c, ON(3, 0, 0), "FCPublish", 1, "ns", "movie");
    say(c, ON(3, 0, 0), "createStream", 2, "n");
}

static void xiu_begins(struct client *c)
{
    say_chunk_size(c, 4096);
    say(c, ON(3, 0, 0), "connect", 1, "{ksksks}", "app", "vod", "flashVer",
        "LNX 9,0,124,2", "tcUrl", "rtmp://localhost/vod");
    await_result(c, 2);
    /* no limit and no reset, not a single frame */
    say(c, ON(3, 0, c->stream_id), "play", 0, "nsddb", "movie", 0.0, 0.0,
        false);
}

static client_rule *const xiu_rules[] = {connect_is_answered_once, NULL};

const struct client_kind xiu = {.name = "xiu",
                                .types = ANY_TYPE,
                                .events = ANY_EVENT,
                                .markers = PLAIN_AMF,
                                .max_chunk_bytes = ANY_CHUNK,
                                .rules = xiu_rules,
                                .begins = xiu_begins,
                                .hears = xiu_hears};

/* --- joy4 ----------------------------------------------------------------- */

static void joy4_begins(struct client *c)
{
    say_chunk_size(c, 128 << 20);
    say_u32(c, 0, 5, 5000000);
    say_peer_bandwidth(c, 5000000, 2);
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksxkdkdkdkd}", "app", "vod",
        "flashVer", "MAC 22,0,0,192", "tcUrl", "rtmp://localhost/vod",
        "00 04 66 70 61 64 01 00", "capabilities", 15.0, "audioCodecs", 4071.0,
        "videoCodecs", 252.0, "videoFunction", 1.0);
    await_result(c, 1);
    say(c, ON(3, 0, 0), "createStream", 2, "n");
    say_buffer(c, 0, 0, 100);
    await_result(c, 2);
    say(c, ON(8, 0, c->stream_id), "play", 0, "ns", "movie");
}

static void joy4_hears(struct client *c, const struct message *m)
{
    if (m->type == 5)
        say_u32(c, 0, 5, 0xFFFFFFFF);
}

const struct client_kind joy4 = {.name = "joy4",
                                 .types = ANY_TYPE,
                                 .events = ANY_EVENT,
                                 .markers = PLAIN_AMF,
                                 .max_chunk_bytes = ANY_CHUNK,
                                 .rules = no_rules,
                                 .begins = joy4_begins,
                                 .hears = joy4_hears};

/* --- livego --------------------------------------------------------------- */

static void livego_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksks}", "app", "vod", "type",
        "nonprivate", "flashVer", "FMS.3.1", "tcUrl", "rtmp://localhost/vod");
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(3, 0, c->stream_id), "play", 0, "ns", "movie");
}

static client_rule *const livego_rules[] = {next_command_is_the_result, NULL};

const struct client_kind livego = {.name = "livego",
                                   .types = ANY_TYPE,
                                   .events = ANY_EVENT,
                                   .markers = PLAIN_AMF,
                                   .max_chunk_bytes = ANY_CHUNK,
                                   .rules = livego_rules,
                                   .begins = livego_begins};

/* --- rml_rtmp ------------------------------------------------------------- */

/* No tcUrl; acknowledgements say what came since the last one. */
static void rml_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{kskskd}", "app", "vod", "flashVer",
        "WIN 23,0,0,207", "objectEncoding", 0.0);
    await_result(c, 1);
    create_stream(c, 2);
    say_buffer(c, 0, c->stream_id, 2000);
    say_u32(c, 0, 3, 1000);
    say(c, ON(3, 0, c->stream_id), "play", 0, "ns", "movie");
}

static client_rule *const rml_rules[] = {play_starts_once, NULL};

const struct client_kind rml_rtmp = {.name = "rml_rtmp",
                                     .types = ANY_TYPE,
                                     .events = ANY_EVENT,
                                     .markers = PLAIN_AMF,
                                     .max_chunk_bytes = ANY_CHUNK,
                                     .rules = rml_rules,
                                     .begins = rml_begins};

/* --- yutopp/go-rtmp ------------------------------------------------------- */

/* It compares the echo of C1 in S2, as the handshake here always does. */
static void go_rtmp_begins(struct client *c)
{
    say(c, ON(3, 0, 0), "connect", 1, "{ksksksksxkdkdkdkdkd}", "app", "vod",
        "type", "nonprivate", "flashVer", "FMLE/3.0 (compatible; Go)", "tcUrl",
        "rtmp://localhost/vod", "00 04 66 70 61 64 01 00", "capabilities", 15.0,
        "audioCodecs", 4071.0, "videoCodecs", 252.0, "videoFunction", 1.0,
        "objectEncoding", 0.0);
    await_result(c, 1);
    create_stream(c, 2);
    say(c, ON(8, 0, c->stream_id), "play", 3, "nsd", "movie", -2.0);
}

const struct client_kind go_rtmp = {.name = "yutopp/go-rtmp",
                                    .types = ANY_TYPE,
                                    .events = ANY_EVENT,
                                    .markers = PLAIN_AMF,
                                    .max_chunk_bytes = ANY_CHUNK,
                                    .rules = no_rules,
                                    .begins = go_rtmp_begins};

const struct client_kind *const all_clients[] = {&ffmpeg,
                                                 &librtmp,
                                                 &gst_rtmp2src,
                                                 &flash_player,
                                                 &flex_display,
                                                 &red5_client,
                                                 &haishinkit_swift,
                                                 &haishinkit_kotlin,
                                                 &gortmplib,
                                                 &srs_edge,
                                                 &nginx_relay,
                                                 &zlmediakit,
                                                 &zlmediakit_vod,
                                                 &lal,
                                                 &xiu,
                                                 &joy4,
                                                 &livego,
                                                 &rml_rtmp,
                                                 &go_rtmp,
                                                 NULL};
