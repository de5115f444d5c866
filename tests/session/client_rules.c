#include "config.h"

#include "client_rules.h"

#include <string.h>

static bool is_command(const struct message *m)
{
    return m->type == 20;
}

static bool is_media_or_data(const struct message *m)
{
    return m->type == 8 || m->type == 9 || m->type == 18;
}

static bool is_status(const struct client *c, const struct message *m)
{
    return is_command(m) && strcmp(c->reply.name, "onStatus") == 0;
}

static bool has_code(const struct client *c, const char *code)
{
    return strcmp(c->reply.code, code) == 0;
}

const char *media_comes_after_start(const struct client *c,
                                    const struct message *m)
{
    return is_media_or_data(m) && !c->is_started
               ? "comes before Play.Start, and is lost"
               : NULL;
}

const char *nothing_closes_librtmp(const struct client *c,
                                   const struct message *m)
{
    if (!is_command(m))
        return NULL;
    if (strcmp(c->reply.name, "close") == 0 ||
        strcmp(c->reply.name, "onFCUnsubscribe") == 0 ||
        has_code(c, "NetStream.Failed") ||
        has_code(c, "NetStream.Play.Failed") ||
        has_code(c, "NetStream.Play.StreamNotFound") ||
        has_code(c, "NetStream.Play.Complete") ||
        has_code(c, "NetConnection.Connect.InvalidApp"))
        return "makes it close the connection";
    return NULL;
}

const char *first_status_is_a_start(const struct client *c,
                                    const struct message *m)
{
    if (!is_status(c, m) || c->statuses > 0)
        return NULL;
    if (m->message_stream_id != c->stream_id)
        return "is not found on another stream than the play's";
    return has_code(c, "NetStream.Play.Reset") ||
                   has_code(c, "NetStream.Play.Start")
               ? NULL
               : "is no good answer to play";
}

const char *only_status_on_the_stream(const struct client *c,
                                      const struct message *m)
{
    if (!is_command(m) || m->message_stream_id == 0)
        return NULL;
    return is_status(c, m) && strcmp(c->reply.level, "status") == 0 &&
                   c->reply.transaction_id == 0
               ? NULL
               : "is no onStatus of level status";
}

const char *first_stream_is_1(const struct client *c, const struct message *m)
{
    if (!is_command(m) || strcmp(c->reply.name, "_result") != 0 ||
        strcmp(c->reply.shape, "dnd") != 0 || c->stream_id != 0)
        return NULL;
    return c->reply.number == 1 ? NULL : "is not stream 1";
}

static const char *video_fault(const struct message *m)
{
    const uint8_t first = m->payload[0];

    if ((first & 0x80) != 0)
        return NULL; /* enhanced */
    if (m->length < 5)
        return "is too short for a picture";
    if ((first >> 4) == 5)
        return "is an information frame";
    if ((first & 15) != 7 && (first & 15) != 12)
        return "is of a codec that it does not know";
    return m->payload[1] > 2 ? "is no AVC packet" : NULL;
}

const char *media_can_be_parsed(const struct client *c, const struct message *m)
{
    (void)c;
    if (m->length == 0)
        return "is empty";
    if (m->length > 10 << 20)
        return "is longer than 10 MiB";
    if (m->type == 8 && m->length < 2)
        return "is too short for sound";
    return m->type == 9 ? video_fault(m) : NULL;
}

const char *absolute_times_are_in_one_chunk(const struct client *c,
                                            const struct message *m)
{
    (void)c;
    return m->format == 0 && m->chunks > 1 && m->timestamp_ms > 0
               ? "has an absolute time and several chunks"
               : NULL;
}

const char *extended_times_are_in_one_chunk(const struct client *c,
                                            const struct message *m)
{
    (void)c;
    return m->extended && m->chunks > 1
               ? "has an extended timestamp and several chunks"
               : NULL;
}

const char *statuses_of_zlmediakit(const struct client *c,
                                   const struct message *m)
{
    if (!is_status(c, m) || strcmp(c->reply.level, "status") == 0)
        return NULL;
    return c->statuses >= 2 && strcmp(c->reply.level, "warning") == 0
               ? NULL
               : "is not of level status";
}

const char *connect_is_answered_once(const struct client *c,
                                     const struct message *m)
{
    return is_command(m) && strcmp(c->reply.name, "_result") == 0 &&
                   c->reply.transaction_id == 1 && c->results > 0
               ? "is taken for a new answer to connect"
               : NULL;
}

const char *next_command_is_the_result(const struct client *c,
                                       const struct message *m)
{
    return is_command(m) && c->stream_id == 0 &&
                   strcmp(c->reply.name, "_result") != 0
               ? "comes where the answer to createStream must come"
               : NULL;
}

const char *play_starts_once(const struct client *c, const struct message *m)
{
    return is_status(c, m) && has_code(c, "NetStream.Play.Start") &&
                   c->starts > 0
               ? "comes while it plays"
               : NULL;
}

const char *duration_is_known_at_the_first_picture(const struct client *c,
                                                   const struct message *m)
{
    return m->type == 9 && !(c->duration_s > 0) && c->server->options.loop == 1
               ? "comes before the duration is known"
               : NULL;
}
