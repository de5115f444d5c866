/* The state of a connection, its control messages (RTMP 1.0, 5.4), and the
 * ways in which it replies. */
#include "config.h"

#include "server/net_connection.h"

#include <stdlib.h>
#include <string.h>

#include "rtmp/command.h"
#include "rtmp/message.h"

void net_connection_init(struct net_connection *connection,
                         const struct options *options, struct library *library,
                         struct profile *profile, int64_t now_ns)
{
    memset(connection, 0, sizeof(*connection));
    connection->options = options;
    connection->library = library;
    connection->profile = profile;
    connection->label = profile->label;
    connection->idle_since_ns = now_ns;
    connection->nudge_ns = CLOCK_NEVER;
    connection->default_buffer_ms = -1;
    play_query_init(&connection->url_query);
    outbox_init(&connection->outbox);
}

void net_connection_destroy(struct net_connection *connection)
{
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++)
        net_stream_destroy(&connection->streams[i]);
    outbox_destroy(&connection->outbox);
    free(connection->app_path);
    library_tidy(connection->library);
}

/* The "?" is kept as a sign that there was a query (name_walk_init). */
static bool keep_app_path(struct net_connection *connection,
                          struct amf0_string app)
{
    size_t length = name_without_query(app).length;

    if (length > RTMP_MAX_NAME_BYTES)
        return true;
    if (length < app.length)
        length++;
    connection->app_path = malloc(length + 1);
    if (connection->app_path == NULL)
        return false;
    memcpy(connection->app_path, app.data, length);
    connection->app_path_length = length;
    return true;
}

/* Some clients put the query of their URL into the application, others leave it
 * in tcUrl alone. */
bool net_connection_set_app(struct net_connection *connection,
                            struct amf0_string app, struct amf0_string tc_url)
{
    bool good = play_query_read(&connection->url_query, tc_url);
    char escaped[LOG_ESCAPED_BYTES];

    good = play_query_read(&connection->url_query, app) && good;
    profile_set_app(connection->profile, app.data, app.length);
    log_debug("%s: connect to app \"%s\"%s", connection->label,
              log_escape(escaped, app.data, app.length),
              good ? "" : ": values in its query are ignored");
    return keep_app_path(connection, app);
}

bool net_connection_is_playing(const struct net_connection *connection)
{
    for (size_t i = 0; i < connection->stream_count; i++) {
        if (connection->streams[i].is_playing)
            return true;
    }
    return false;
}

struct net_stream *net_connection_find_stream(struct net_connection *connection,
                                              uint32_t id)
{
    if (id == 0)
        id = 1;
    if (id > RTMP_MAX_MESSAGE_STREAMS || connection->streams[id - 1].id == 0)
        return NULL;
    return &connection->streams[id - 1];
}

/* --- what is sent ------------------------------------------------------- */

void net_connection_add_control(struct net_connection *connection,
                                enum rtmp_message_type type,
                                const struct byte_writer *body)
{
    const struct rtmp_message message = {.type = (uint8_t)type,
                                         .chunk_stream_id = RTMP_CSID_CONTROL,
                                         .payload = body->start,
                                         .length_bytes =
                                             byte_writer_length(body)};

    outbox_add(&connection->outbox, &message);
}

void net_connection_add_u32(struct net_connection *connection,
                            enum rtmp_message_type type, uint32_t value)
{
    uint8_t body[4];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_u32_body(&w, value);
    net_connection_add_control(connection, type, &w);
}

void net_connection_add_command(struct net_connection *connection,
                                const struct byte_writer *body)
{
    const struct rtmp_message message = {.type = RTMP_COMMAND_AMF0,
                                         .chunk_stream_id = RTMP_CSID_COMMAND,
                                         .payload = body->start,
                                         .length_bytes =
                                             byte_writer_length(body)};

    outbox_add(&connection->outbox, &message);
}

void net_connection_add_result(struct net_connection *connection,
                               double transaction_id, double value)
{
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_result_number(&w, transaction_id, value);
    net_connection_add_command(connection, &w);
}

/* --- control messages --------------------------------------------------- */

static void set_buffer(struct net_connection *connection, uint32_t id,
                       uint32_t buffer_ms)
{
    int64_t fixed_lead_ms = connection->options->lead_ms;
    int64_t default_ms = connection->default_buffer_ms;

    /* librtmp and GStreamer announce one for stream 0 before there is any: it
     * is for the streams that have none of their own. */
    if (id == 0)
        connection->default_buffer_ms = buffer_ms;
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++) {
        struct net_stream *stream = &connection->streams[i];
        bool is_meant =
            id == 0 ? stream->buffer_ms == default_ms : stream->id == id;

        if (stream->id != 0 && is_meant)
            net_stream_set_buffer(stream, buffer_ms, fixed_lead_ms);
    }
}

void net_connection_control(struct net_connection *connection,
                            const struct rtmp_message *message)
{
    struct rtmp_control control;

    /* A control message that is too short says nothing, and harms nobody. */
    if (!rtmp_control_read(message, &control))
        return;
    if (control.type == RTMP_WINDOW_ACK_SIZE) {
        connection->window_bytes = control.value;
    } else if (control.type == RTMP_USER_CONTROL) {
        if (control.event == RTMP_SET_BUFFER_LENGTH)
            set_buffer(connection, control.message_stream_id,
                       control.buffer_ms);
        else if (control.event == RTMP_PING_REQUEST && connection->is_connected)
            outbox_add_user_control(&connection->outbox, RTMP_PING_RESPONSE,
                                    control.message_stream_id);
    }
}

/* 5.4.3. Tiny windows are answered once per window as it was asked, but never
 * more than once per read. */
void net_connection_count_received(struct net_connection *connection,
                                   uint32_t bytes)
{
    connection->received_bytes += bytes;
    if (!connection->is_connected || connection->window_bytes == 0 ||
        connection->received_bytes - connection->acknowledged_bytes <
            connection->window_bytes)
        return;
    connection->acknowledged_bytes = connection->received_bytes;
    net_connection_add_u32(connection, RTMP_ACKNOWLEDGEMENT,
                           connection->received_bytes);
}

bool net_connection_may_tell(struct net_connection *connection,
                             const char **more)
{
    if (connection->refusals_told == NET_CONNECTION_MAX_REFUSALS)
        return false;
    *more = ++connection->refusals_told == NET_CONNECTION_MAX_REFUSALS
                ? "; further ones of this peer are not told"
                : "";
    return true;
}

int64_t net_connection_look_up_ns(struct net_connection *connection,
                                  int64_t now_ns)
{
    int64_t until_ns = connection->look_ups_until_ns;
    int64_t start_ns;

    if (until_ns < now_ns)
        until_ns = now_ns;
    connection->look_ups_until_ns = until_ns + NET_CONNECTION_LOOK_UP_NS;
    start_ns = connection->look_ups_until_ns -
               NET_CONNECTION_LOOK_UPS * NET_CONNECTION_LOOK_UP_NS;
    return start_ns < now_ns ? now_ns : start_ns;
}

void net_connection_stop_stream(struct net_connection *connection,
                                struct net_stream *stream, bool complete,
                                int64_t now_ns)
{
    if (stream->playback == NULL)
        return;
    if (complete) {
        net_stream_complete(stream, &connection->outbox);
        connection->nudge_ns = now_ns + NET_CONNECTION_NUDGE_NS;
    } else
        net_stream_stop(stream, &connection->outbox);
    connection->idle_since_ns = now_ns;
}

/* The value is given back, and heeded as nothing. */
int64_t net_connection_nudge(struct net_connection *connection, int64_t now_ns)
{
    if (connection->nudge_ns > now_ns)
        return connection->nudge_ns;
    connection->nudge_ns = CLOCK_NEVER;
    if (!net_connection_is_playing(connection))
        outbox_add_user_control(&connection->outbox, RTMP_PING_REQUEST,
                                (uint32_t)(now_ns / CLOCK_NS_PER_MS));
    return CLOCK_NEVER;
}

void net_connection_say_goodbye(struct net_connection *connection,
                                int64_t now_ns)
{
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++) {
        struct net_stream *stream = &connection->streams[i];

        if (stream->is_playing)
            net_connection_stop_stream(connection, stream, false, now_ns);
    }
}
