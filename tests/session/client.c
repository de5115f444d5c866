#include "config.h"

#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hmac.h"

#define MAX_NAME_BYTES 63 /* FFmpeg reads names into 64 bytes */
#define MAX_KEY_BYTES 127

/* --- the film ----------------------------------------------------------- */

struct flv_bytes film(unsigned seconds)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_video_config(&b, 0);
    flv_bytes_audio_config(&b, 0);
    for (uint32_t ms = 0; ms < seconds * 1000; ms += 40) {
        if (ms % FILM_GOP_MS == 0)
            flv_bytes_keyframe(&b, ms, 70000);
        else
            flv_bytes_inter(&b, ms, 200 + ms % 100);
        flv_bytes_audio(&b, ms, 100 + ms % 77);
    }
    return b;
}

static bool is_header(const struct file_tag *tag)
{
    return tag->data[1] == 0;
}

static bool same_tag(const struct message *m, const struct file_tag *tag)
{
    return m->type == tag->type && m->length == tag->length &&
           memcmp(m->payload, tag->data, tag->length) == 0;
}

/* The configurations, then the keyframe at or before the time. */
static void go_to(struct client *c, double time_ms)
{
    struct file_tags tags = {.file = &c->server->file};
    struct file_tags before;
    struct file_tag tag;

    c->headers_due = 2;
    for (before = tags; next_file_tag(&tags, &tag); before = tags) {
        if (tag.type != 9 || tag.data[0] != 0x17 || is_header(&tag) ||
            (tag.timestamp_ms > time_ms && tag.timestamp_ms > 0))
            continue;
        c->tags = before;
        c->landing_ms = tag.timestamp_ms;
    }
}

static const char *check_header(struct client *c, const struct message *m)
{
    struct file_tags tags = {.file = &c->server->file};
    struct file_tag tag;

    if (m->timestamp_ms != c->landing_ms)
        return "is not at the time of the keyframe that was sought";
    for (c->headers_due--; next_file_tag(&tags, &tag) && is_header(&tag);) {
        if (same_tag(m, &tag))
            return NULL;
    }
    return "is no configuration, which comes first after a seek";
}

static const char *check_film(struct client *c, const struct message *m)
{
    struct file_tag tag;

    c->media++;
    if (c->headers_due > 0)
        return check_header(c, m);
    if (!next_file_tag(&c->tags, &tag)) {
        if (c->rounds_left <= 1)
            return "comes after the last of the film";
        c->rounds_left--;
        c->round_ms += c->last_ms + 40;
        c->tags = (struct file_tags){.file = &c->server->file};
        (void)next_file_tag(&c->tags, &tag);
    }
    if (!same_tag(m, &tag))
        return "is not what is next in the film";
    if (m->timestamp_ms != tag.timestamp_ms + c->round_ms)
        return "has not the time that it has in the film";
    c->last_ms = tag.timestamp_ms;
    return NULL;
}

static bool film_is_over(const struct client *c)
{
    return c->rounds_left <= 1 && c->tags.next >= c->server->file.length;
}

/* --- the handshake ------------------------------------------------------ */

#define TAIL                                                                   \
    "\xF0\xEE\xC2\x4A\x80\x68\xBE\xE8\x2E\x00\xD0\xD1\x02\x9E\x7E\x57"         \
    "\x6E\xEC\x5D\x2D\x29\x80\x6F\xAB\x93\xB8\xE6\x36\xCF\xEB\x31\xAE"
static const char player_key[] = "Genuine Adobe Flash Player 001";
static const char server_key[] = "Genuine Adobe Flash Media Server 001" TAIL;

static size_t digest_at(const uint8_t *block, size_t base)
{
    return base + 4 +
           ((size_t)block[base] + block[base + 1] + block[base + 2] +
            block[base + 3]) %
               728;
}

static void make_c1(uint8_t c1[static 1536], size_t base)
{
    for (size_t i = 0; i < 1536; i++)
        c1[i] = (uint8_t)(i * 11 + i / 256 + 3);
    memset(c1, 0, 8);
    if (base == 0)
        return;
    memcpy(c1 + 4, "\x80\0\7\2", 4);
    const size_t at = digest_at(c1, base);
    /* without HMAC the digest fits nowhere, and the reply is simple */
    (void)hmac_sha256(player_key, sizeof(player_key) - 1, c1, at, c1 + at + 32,
                      1536 - at - 32, c1 + at);
}

/* As Flash Player and FFmpeg check it. */
static void check_digest_reply(const uint8_t *s1, const uint8_t *c1,
                               size_t base)
{
    const uint8_t *s2 = s1 + 1536;
    const size_t at = digest_at(s1, base);
    uint8_t mac[32], key[32];

    ck_assert(
        hmac_sha256(server_key, 36, s1, at, s1 + at + 32, 1536 - at - 32, mac));
    ck_assert_mem_eq(s1 + at, mac, 32);
    ck_assert(hmac_sha256(server_key, 68, c1 + digest_at(c1, base), 32, NULL, 0,
                          key));
    ck_assert(hmac_sha256(key, 32, s2, 1504, NULL, 0, mac));
    ck_assert_mem_eq(s2 + 1504, mac, 32);
}

/* HaishinKit takes what lies behind S1 for S2, all of it. */
static void expect_nothing_more(struct peer *peer)
{
    uint8_t byte;

    ck_assert_msg(recv(peer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                      errno == EAGAIN,
                  "bytes come behind S2 before connect was sent");
}

static void shake_hands(struct client *c)
{
    const size_t base = c->kind->digest_base;
    uint8_t c0c1[1537] = {3};
    uint8_t reply[3073];

    make_c1(c0c1 + 1, base);
    send_bytes(c->peer, c0c1, sizeof(c0c1));
    read_bytes(c->peer, reply, sizeof(reply));
    ck_assert_uint_eq(reply[0], 3);
    expect_nothing_more(c->peer);
    if (base != 0 && hmac_is_available()) {
        check_digest_reply(reply + 1, c0c1 + 1, base);
    } else {
        ck_assert_mem_eq(reply + 5, "\0\0\0\0", 4);
        ck_assert_mem_eq(reply + 1537, c0c1 + 1, 4);
        ck_assert_mem_eq(reply + 1537 + 8, c0c1 + 1 + 8, 1528);
    }
    send_bytes(c->peer, reply + 1, 1536);
    expect_nothing_more(c->peer);
}

struct client *client_open(struct server *server,
                           const struct client_kind *kind)
{
    struct client *c = calloc(1, sizeof(*c));

    ck_assert_ptr_nonnull(c);
    c->kind = kind;
    c->server = server;
    /* so that there is something left to be dropped by a pause or a seek */
    c->peer = peer_open_narrow(server, 16384);
    c->tags.file = &server->file;
    c->rounds_left = server->options.loop;
    shake_hands(c);
    return c;
}

/* --- sending ------------------------------------------------------------ */

static unsigned choose_fmt(const struct client *c, struct client_way way,
                           uint8_t type, size_t length)
{
    const bool is_known =
        c->sent[way.chunk_stream_id].is_known &&
        c->sent[way.chunk_stream_id].message_stream_id == way.message_stream_id;
    const bool is_same = is_known &&
                         c->sent[way.chunk_stream_id].type == type &&
                         c->sent[way.chunk_stream_id].length == length;

    if (way.fmt == AS_FFMPEG)
        return is_same ? 3 : is_known ? 1 : 0;
    if (way.fmt == AS_LIBRTMP)
        return is_same ? 2 : 1;
    return way.fmt;
}

void say_bytes(struct client *c, struct client_way way, uint8_t type,
               const void *payload, size_t length)
{
    static const size_t header_bytes[] = {11, 7, 3, 0};
    const unsigned fmt = choose_fmt(c, way, type, length);
    const uint8_t basic = (uint8_t)(fmt << 6 | way.chunk_stream_id);
    const uint8_t continuation = (uint8_t)(0xC0 | way.chunk_stream_id);
    const uint8_t header[11] = {
        0,
        0,
        0,
        (uint8_t)(length >> 16),
        (uint8_t)(length >> 8),
        (uint8_t)length,
        type,
        (uint8_t)way.message_stream_id,
    };
    struct flv_bytes b = {0};
    size_t done = 0;

    flv_bytes_add(&b, &basic, 1);
    flv_bytes_add(&b, header, header_bytes[fmt]);
    while (done < length) {
        const size_t left = length - done;
        const size_t n =
            left < c->peer->out_chunk_bytes ? left : c->peer->out_chunk_bytes;

        if (done > 0)
            flv_bytes_add(&b, &continuation, 1);
        flv_bytes_add(&b, (const uint8_t *)payload + done, n);
        done += n;
    }
    send_bytes(c->peer, b.data, b.length);
    flv_bytes_free(&b);
    c->sent[way.chunk_stream_id].is_known = true;
    c->sent[way.chunk_stream_id].type = type;
    c->sent[way.chunk_stream_id].length = length;
    c->sent[way.chunk_stream_id].message_stream_id = way.message_stream_id;
}

/* What a call leads to, as far as the client can tell. */
static void note_call(struct client *c, const char *name, double id)
{
    if (strcmp(name, "play") == 0) {
        c->asked_to_play = true;
        c->is_started = false;
        c->is_paused = false;
        c->statuses = 0;
        c->starts = 0;
        c->heard_end = 0;
        c->rounds_left = c->server->options.loop;
        c->round_ms = 0;
    }
    if (id == 0 && strcmp(name, "FCSubscribe") != 0 &&
        strcmp(name, "checkBandwidth") != 0)
        return;
    ck_assert_uint_lt(c->call_count, CLIENT_MAX_CALLS);
    snprintf(c->calls[c->call_count].name, sizeof(c->calls[0].name), "%s",
             name);
    c->calls[c->call_count++].transaction_id = id;
}

static void say_body(struct client *c, struct client_way way, uint8_t type,
                     const char *name, double id, struct flv_bytes arguments)
{
    struct flv_bytes b = {0};

    note_call(c, name, id);
    flv_bytes_fill(&b, 0, type == 17);
    flv_bytes_add(&b, arguments.data, arguments.length);
    say_bytes(c, way, type, b.data, b.length);
    flv_bytes_free(&b);
    flv_bytes_free(&arguments);
}

void say(struct client *c, struct client_way way, const char *name, double id,
         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_body(c, way, 20, name, id,
             command_body_list(name, id, format, &arguments));
    va_end(arguments);
}

void say_amf3(struct client *c, struct client_way way, const char *name,
              double id, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_body(c, way, 17, name, id,
             command_body_list(name, id, format, &arguments));
    va_end(arguments);
}

void say_u32(struct client *c, unsigned fmt, uint8_t type, uint32_t value)
{
    struct flv_bytes b = {0};

    flv_bytes_u32(&b, value);
    say_bytes(c, (struct client_way){2, fmt, 0}, type, b.data, b.length);
    flv_bytes_free(&b);
}

void say_chunk_size(struct client *c, uint32_t bytes)
{
    say_u32(c, 0, 1, bytes);
    c->peer->out_chunk_bytes = bytes;
}

void say_peer_bandwidth(struct client *c, uint32_t value, uint8_t limit)
{
    struct flv_bytes b = {0};

    flv_bytes_u32(&b, value);
    flv_bytes_fill(&b, limit, 1);
    say_bytes(c, (struct client_way){2, 0, 0}, 6, b.data, b.length);
    flv_bytes_free(&b);
}

void say_buffer(struct client *c, unsigned fmt, uint32_t id, uint32_t ms)
{
    struct flv_bytes b = {0};

    flv_bytes_hex(&b, "00 03");
    flv_bytes_u32(&b, id);
    flv_bytes_u32(&b, ms);
    say_bytes(c, (struct client_way){2, fmt, 0}, 4, b.data, b.length);
    flv_bytes_free(&b);
}

static void say_event(struct client *c, uint8_t event, uint32_t value)
{
    struct flv_bytes b = {0};

    flv_bytes_fill(&b, 0, 1);
    flv_bytes_fill(&b, event, 1);
    flv_bytes_u32(&b, value);
    say_bytes(c, (struct client_way){2, 0, 0}, 4, b.data, b.length);
    flv_bytes_free(&b);
}

/* --- what comes --------------------------------------------------------- */

static uint32_t number_in(const struct message *m)
{
    const uint8_t *p = m->payload + m->length - 4;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static bool is_media(const struct message *m)
{
    return m->type == 8 || m->type == 9;
}

/* The name of the call that this answers, which is answered with it. */
static const char *answered_call(struct client *c, bool by_name,
                                 const char *name, double id)
{
    static char found[24];

    for (size_t i = 0; i < c->call_count; i++) {
        if (by_name ? strcmp(c->calls[i].name, name) != 0
                    : c->calls[i].transaction_id != id)
            continue;
        memcpy(found, c->calls[i].name, sizeof(found));
        c->calls[i] = c->calls[--c->call_count];
        return found;
    }
    return NULL;
}

static const char *check_result(struct client *c, const struct message *m)
{
    const char *call = answered_call(c, false, NULL, c->reply.transaction_id);

    if (call == NULL)
        return "answers no call";
    if (m->message_stream_id != 0 || strcmp(call, "play") == 0 ||
        strcmp(call, "releaseStream") == 0 || strcmp(call, "FCPublish") == 0)
        return "answers a call that has no answer";
    if (strcmp(call, "connect") == 0) {
        if (strcmp(c->reply.shape, "d{{") != 0 ||
            strcmp(c->reply.code, "NetConnection.Connect.Success") != 0 ||
            strcmp(c->reply.level, "status") != 0)
            return "is no success of connect";
    } else if (strcmp(call, "createStream") == 0) {
        if (strcmp(c->reply.shape, "dnd") != 0 || c->reply.number < 1)
            return "is no stream id";
        c->stream_id = (uint32_t)c->reply.number;
    } else if (strcmp(call, "getStreamLength") == 0) {
        if (strcmp(c->reply.shape, "dnd") != 0)
            return "is no length";
        c->stream_length_s = c->reply.number;
    }
    c->results++;
    return NULL;
}

static const char *check_status(struct client *c, const struct message *m)
{
    const char *code = c->reply.code;

    if (strcmp(c->reply.shape, "dn{") != 0 || c->reply.transaction_id != 0)
        return "has not the form of an onStatus";
    if (c->reply.level[0] == '\0' || strcmp(c->reply.level, "error") == 0)
        return "is an error";
    if (m->message_stream_id != c->stream_id || !c->asked_to_play)
        return "is about no stream of the client's";
    c->statuses++;
    if (strcmp(code, "NetStream.Play.Start") == 0) {
        if (!c->is_started) {
            c->tags = (struct file_tags){.file = &c->server->file};
            c->headers_due = 0;
        }
        c->starts += !c->expects_start;
        c->is_started = true;
        c->expects_start = false;
    } else if (strcmp(code, "NetStream.Play.Stop") == 0 && !c->is_started) {
        c->statuses--; /* to closeStream, before it played anew */
    } else if (strcmp(code, "NetStream.Play.Stop") == 0) {
        c->heard_end |= ENDS_ON_STOP;
    } else if (strcmp(code, "NetStream.Seek.Notify") == 0) {
        c->is_seeking = false;
        c->expects_start = true;
        c->heard_end = 0;
        c->may_show = 1;
        go_to(c, c->seek_ms);
    } else if (strcmp(code, "NetStream.Pause.Notify") == 0) {
        c->is_paused = true;
        c->may_show = 0;
    }
    return NULL;
}

/* Everything that comes was asked for, but what a stream says. */
static const char *check_command(struct client *c, const struct message *m)
{
    if (strcmp(c->reply.name, "_result") == 0)
        return check_result(c, m);
    if (strcmp(c->reply.name, "onStatus") == 0)
        return check_status(c, m);
    if (strcmp(c->reply.name, "onFCSubscribe") == 0)
        return answered_call(c, true, "FCSubscribe", 0) == NULL
                   ? "was not asked for"
                   : NULL;
    if (strcmp(c->reply.name, "onBWDone") == 0)
        return answered_call(c, true, "checkBandwidth", 0) == NULL
                   ? "was not asked for"
                   : NULL;
    return "is no command that a client expects";
}

static const char *check_data(struct client *c, const struct message *m)
{
    if (m->message_stream_id != c->stream_id)
        return "is about no stream of the client's";
    if (strcmp(c->reply.name, "onMetaData") == 0) {
        if (strcmp(c->reply.shape, "[") != 0)
            return "has not the form of metadata";
        c->duration_s = c->reply.duration_s;
    } else if (strcmp(c->reply.name, "onPlayStatus") == 0) {
        if (strcmp(c->reply.shape, "{") != 0 ||
            strcmp(c->reply.code, "NetStream.Play.Complete") != 0)
            return "is not the end of a play";
        c->heard_end |= ENDS_ON_COMPLETE;
    } else if (strcmp(c->reply.name, "|RtmpSampleAccess") != 0 ||
               strcmp(c->reply.shape, "bb") != 0) {
        return "is no data that a client expects";
    }
    return NULL;
}

static const char *check_control(struct client *c, const struct message *m)
{
    if (m->message_stream_id != 0 || m->chunk_stream_id != 2)
        return "is on another chunk or message stream than 2 and 0";
    if (m->type == 4) {
        if (m->length != 6 || m->payload[0] != 0 ||
            !(c->kind->events >> (m->payload[1] & 63) & 1))
            return "is no user control event that it knows";
        if (m->payload[1] == 1 && number_in(m) == c->stream_id &&
            c->is_started && !c->is_seeking)
            c->heard_end |= ENDS_ON_STREAM_EOF;
        return NULL;
    }
    if (m->length != (m->type == 6 ? 5 : 4))
        return "has not the length of its type";
    if (m->type == 1 &&
        (number_in(m) < 128 || number_in(m) > c->kind->max_chunk_bytes))
        return "is a chunk size that it refuses";
    return NULL;
}

static const char *check_media(struct client *c, const struct message *m)
{
    if (m->message_stream_id != c->stream_id)
        return "is about no stream of the client's";
    if (c->heard_end != 0)
        return "comes after the end";
    if (c->is_paused && c->headers_due == 0 && c->may_show-- == 0)
        return "comes while paused";
    return check_film(c, m);
}

static const char *check_reply(struct client *c, const struct message *m)
{
    const char *fault = reply_read(m, &c->reply);

    if (fault != NULL)
        return fault;
    if ((c->reply.markers & ~c->kind->markers) != 0)
        return "has AMF0 types that it does not read";
    if (c->reply.name_length > MAX_NAME_BYTES)
        return "has a name that is too long";
    if (c->reply.key_length > MAX_KEY_BYTES)
        return "has a key that is too long";
    return m->type == 20 ? check_command(c, m) : check_data(c, m);
}

static const char *check(struct client *c, const struct message *m)
{
    if (m->type > 31 || !(c->kind->types >> m->type & 1))
        return "is of a type that it does not know";
    /* The client's own rules first: they are about what it knew till now. */
    if (m->type == 20 || m->type == 18)
        (void)reply_read(m, &c->reply);
    for (client_rule *const *rule = c->kind->rules; *rule != NULL; rule++) {
        const char *fault = (*rule)(c, m);

        if (fault != NULL)
            return fault;
    }
    if (m->type < 8)
        return check_control(c, m);
    return is_media(m) ? check_media(c, m) : check_reply(c, m);
}

static void take(struct client *c, const struct message *m)
{
    const char *fault = check(c, m);

    ck_assert_msg(fault == NULL,
                  "%s: type %u%s%s %s of %zu bytes at %u ms on chunk stream "
                  "%u, message stream %u, %s",
                  c->kind->name, m->type, m->type > 16 ? " " : "",
                  m->type > 16 ? c->reply.name : "",
                  m->type > 16 ? c->reply.code : "", m->length, m->timestamp_ms,
                  m->chunk_stream_id, m->message_stream_id, fault);
    if (m->type == 4 && m->payload[1] == 6)
        say_event(c, 7, number_in(m));
    if (c->kind->acknowledges_each_bytes != 0 &&
        c->peer->received_bytes - c->acknowledged_bytes >=
            c->kind->acknowledges_each_bytes) {
        c->acknowledged_bytes = c->peer->received_bytes;
        say_u32(c, 0, 3, (uint32_t)c->acknowledged_bytes);
    }
    if (c->kind->hears != NULL)
        c->kind->hears(c, m);
}

const struct message *client_reads(struct client *c)
{
    const struct message *m = read_message(c->peer);

    take(c, m);
    return m;
}

/* --- waiting ------------------------------------------------------------ */

void await_status(struct client *c, const char *code)
{
    const struct message *m;

    do
        m = client_reads(c);
    while (m->type != 20 || strcmp(c->reply.name, "onStatus") != 0 ||
           strcmp(c->reply.code, code) != 0);
}

void await_result(struct client *c, double id)
{
    const struct message *m;

    do
        m = client_reads(c);
    while (m->type != 20 || strcmp(c->reply.name, "_result") != 0 ||
           c->reply.transaction_id != id);
}

void await_command(struct client *c, const char *name)
{
    const struct message *m;

    do
        m = client_reads(c);
    while (m->type != 20 || strcmp(c->reply.name, name) != 0);
}

void await_media(struct client *c, size_t count)
{
    const size_t wanted = c->media + count;

    while (c->media < wanted && (c->heard_end == 0 || c->is_seeking))
        (void)client_reads(c);
}

void await_end(struct client *c)
{
    const unsigned wanted =
        c->kind->ends_on != 0
            ? c->kind->ends_on
            : ENDS_ON_STOP | ENDS_ON_COMPLETE | ENDS_ON_STREAM_EOF;

    while ((c->heard_end & wanted) == 0)
        (void)client_reads(c);
    ck_assert_msg(film_is_over(c), "%s: the end came before that of the film",
                  c->kind->name);
}

void hear_out(struct client *c)
{
    static uint32_t pings;
    const struct message *m;

    say_event(c, 6, ++pings);
    for (;;) {
        m = read_message(c->peer);
        if (m->type == 4 && m->payload[1] == 7 && number_in(m) == pings)
            return;
        take(c, m);
    }
}

void await_heard(struct client *c)
{
    int unread;

    /* No event tells that the other end has read: the kernel is asked. */
    do {
        ck_assert_int_eq(ioctl(c->peer->fd, SIOCOUTQ, &unread), 0);
        (void)usleep(1000);
    } while (unread > 0);
}

void client_seeks(struct client *c, double time_ms)
{
    c->is_seeking = true;
    c->seek_ms = time_ms;
    c->kind->seeks(c, time_ms);
}

void client_pauses(struct client *c, bool pause)
{
    if (!pause)
        c->is_paused = false;
    c->kind->pauses(c, pause);
}

void client_leaves(struct client *c)
{
    if (c->kind->leaves != NULL)
        c->kind->leaves(c);
    peer_close(c->peer);
    free(c);
}
