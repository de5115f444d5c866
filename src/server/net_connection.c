/* Control messages and commands (RTMP 1.0, 5.4 and 7.2), one handler each.
 * What real clients need of the answers, and choke on, is told beside each. */
#include "config.h"

#include "server/net_connection.h"

#include <string.h>

#include "amf/amf0.h"
#include "base/clock.h"
#include "rtmp/command.h"
#include "rtmp/message.h"

/* Bodies of replies; names in them are cut to 512 bytes (command.h). */
#define BODY_BYTES 1024

void net_connection_init(struct net_connection *connection,
                         const struct options *options, struct library *library,
                         const char *label, int64_t now_ns)
{
    memset(connection, 0, offsetof(struct net_connection, outbox));
    connection->options = options;
    connection->library = library;
    connection->label = label;
    connection->idle_since_ns = now_ns;
    connection->default_buffer_ms = -1;
    connection->app[0] = '\0';
    connection->name[0] = '\0';
    outbox_init(&connection->outbox);
}

void net_connection_destroy(struct net_connection *connection)
{
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++)
        net_stream_destroy(&connection->streams[i]);
}

bool net_connection_is_playing(const struct net_connection *connection)
{
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++) {
        if (connection->streams[i].is_playing)
            return true;
    }
    return false;
}

/* --- what is sent ------------------------------------------------------- */

static void add_control(struct net_connection *connection,
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

static void add_u32(struct net_connection *connection,
                    enum rtmp_message_type type, uint32_t value)
{
    uint8_t body[4];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_u32_body(&w, value);
    add_control(connection, type, &w);
}

static void add_command(struct net_connection *connection,
                        const struct byte_writer *body)
{
    const struct rtmp_message message = {.type = RTMP_COMMAND_AMF0,
                                         .chunk_stream_id = RTMP_CSID_COMMAND,
                                         .payload = body->start,
                                         .length_bytes =
                                             byte_writer_length(body)};

    outbox_add(&connection->outbox, &message);
}

static void add_result_number(struct net_connection *connection,
                              double transaction_id, double value)
{
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_result_number(&w, transaction_id, value);
    add_command(connection, &w);
}

static void add_error(struct net_connection *connection, double transaction_id,
                      const char *description)
{
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_error(&w, transaction_id,
                     &(struct rtmp_status){.level = "error",
                                           .code = "NetConnection.Call.Failed",
                                           .description = description});
    add_command(connection, &w);
}

/* --- commands ----------------------------------------------------------- */

struct command {
    struct net_connection *connection;
    const struct rtmp_message *message;
    struct rtmp_call call;
    int64_t now_ns;
};

/* The stream that a command is about: that of its message stream id. Some
 * clients send play on id 0; they mean the first. */
static struct net_stream *find_stream(struct net_connection *connection,
                                      uint32_t id)
{
    if (id == 0)
        id = 1;
    if (id > RTMP_MAX_MESSAGE_STREAMS || connection->streams[id - 1].id == 0)
        return NULL;
    return &connection->streams[id - 1];
}

/* 7.2.1.1. The order is that of Flash Media Server; the chunk size comes early
 * since the result is longer than 128 bytes, and some clients expect every
 * command in one chunk. */
static enum session_end handle_connect(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct rtmp_connect connect;
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    if (!rtmp_connect_read(&command->call, &connect))
        return SESSION_BAD_COMMAND;
    if (connection->is_connected) {
        log_debug("%s: connect came again and was ignored", connection->label);
        return SESSION_GOES_ON;
    }
    connection->is_connected = true;
    connection->idle_since_ns = command->now_ns;
    log_escape(connection->app, connect.app.data, connect.app.length);
    add_u32(connection, RTMP_WINDOW_ACK_SIZE, RTMP_OUTPUT_WINDOW_BYTES);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_peer_bandwidth_body(&w, RTMP_OUTPUT_WINDOW_BYTES,
                                   RTMP_LIMIT_DYNAMIC);
    add_control(connection, RTMP_SET_PEER_BANDWIDTH, &w);
    add_u32(connection, RTMP_SET_CHUNK_SIZE, RTMP_OUTPUT_CHUNK_BYTES);
    outbox_add_user_control(&connection->outbox, RTMP_STREAM_BEGIN, 0);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_connect_result(&w, command->call.transaction_id);
    add_command(connection, &w);
    log_debug("%s: connect to app \"%s\"", connection->label, connection->app);
    return SESSION_GOES_ON;
}

/* 7.2.1.3. The first id must be 1: gortmplib insists, nginx-rtmp uses 1
 * whatever it is told, GStreamer ends only on StreamEOF of 1. */
static enum session_end handle_create_stream(struct command *command)
{
    struct net_connection *connection = command->connection;

    for (uint32_t id = 1; id <= RTMP_MAX_MESSAGE_STREAMS; id++) {
        struct net_stream *stream = &connection->streams[id - 1];

        if (stream->id != 0)
            continue;
        net_stream_init(stream, id);
        stream->buffer_ms = connection->default_buffer_ms;
        add_result_number(connection, command->call.transaction_id, id);
        return SESSION_GOES_ON;
    }
    add_error(connection, command->call.transaction_id,
              "Too many streams on one connection.");
    return SESSION_GOES_ON;
}

static void refuse_play(struct command *command,
                        const struct net_stream *stream, const char *code,
                        const struct rtmp_play *play)
{
    net_stream_status(stream,
                      &(struct rtmp_status){.level = "error",
                                            .code = code,
                                            .description = "Cannot be played.",
                                            .details = play->name},
                      &command->connection->outbox);
}

static void stop_at_once(struct command *command, struct net_stream *stream)
{
    net_connection_stop_stream(command->connection, stream, false,
                               command->now_ns);
    command->connection->media_changed = true;
}

/* 7.2.2.1 */
static enum session_end handle_play(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream =
        find_stream(connection, command->message->message_stream_id);
    struct net_stream nowhere = {.id = command->message->message_stream_id};
    struct net_stream_play how = {
        .fixed_lead_ms = connection->options->lead_ms,
        .options = {.audio = connection->options->audio,
                    .video = connection->options->video,
                    .rounds = connection->options->loop}};
    struct movie_error error;
    struct rtmp_play play;

    if (!rtmp_play_read(&command->call, &play))
        return SESSION_BAD_COMMAND;
    if (stream == NULL) {
        log_debug("%s: play on message stream %u, which was not created",
                  connection->label, (unsigned)nowhere.id);
        if (nowhere.id == 0 || nowhere.id > RTMP_MAX_MESSAGE_STREAMS)
            nowhere.id = 1;
        refuse_play(command, &nowhere, "NetStream.Play.Failed", &play);
        return SESSION_GOES_ON;
    }
    if (!play.has_name) {
        stop_at_once(command, stream);
        return SESSION_GOES_ON;
    }
    log_escape(connection->name, play.name.data, play.name.length);
    how.movie = library_find(connection->library, &error);
    if (how.movie == NULL) {
        if (!connection->refusal_told)
            log_warn("%s: app \"%s\", name \"%s\" cannot be played: %s",
                     connection->label, connection->app, connection->name,
                     error.what);
        connection->refusal_told = true;
        refuse_play(command, stream, "NetStream.Play.StreamNotFound", &play);
        return SESSION_GOES_ON;
    }
    log_debug("%s: play \"%s\"", connection->label, connection->name);
    connection->media_changed = true;
    how.name = play.name;
    how.start_ms = play.start_ms;
    /* 0 is a single frame, but xiu sends it, without reset, for all. */
    how.duration_ms =
        play.duration_ms == 0 && play.reset ? 1 : play.duration_ms;
    how.reset = play.reset;
    net_stream_play(stream, &how, &connection->outbox, command->now_ns);
    movie_unref(how.movie);
    return SESSION_GOES_ON;
}

/* Not in the specification; HaishinKit waits for the Play.Stop. The id stays
 * valid. */
static enum session_end handle_close_stream(struct command *command)
{
    struct net_stream *stream =
        find_stream(command->connection, command->message->message_stream_id);

    if (stream != NULL)
        stop_at_once(command, stream);
    return SESSION_GOES_ON;
}

/* 7.2.2.3: no answer. */
static enum session_end handle_delete_stream(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream = NULL;
    double id;

    if (rtmp_argument_number(&command->call, &id) && id >= 1 &&
        id <= RTMP_MAX_MESSAGE_STREAMS)
        stream = find_stream(connection, (uint32_t)id);
    if (stream == NULL)
        return SESSION_GOES_ON;
    if (stream->is_playing)
        connection->idle_since_ns = command->now_ns;
    net_stream_destroy(stream);
    stream->id = 0;
    connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* 7.2.2.8; pauseRaw is the same. Without an argument it toggles, as Red5 has
 * it. The time argument says nothing reliable: a play goes on with the first
 * tag that was not sent. */
static enum session_end handle_pause(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream =
        find_stream(connection, command->message->message_stream_id);
    bool pause;

    if (stream == NULL)
        return SESSION_GOES_ON;
    pause = !stream->has_playback || !stream->playback.is_paused;
    (void)rtmp_argument_boolean(&command->call, &pause);
    if (net_stream_pause(stream, pause, &connection->outbox, command->now_ns))
        connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* 7.2.2.7: milliseconds on the viewer's timeline. */
static enum session_end handle_seek(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream =
        find_stream(connection, command->message->message_stream_id);
    double time_ms;

    if (stream == NULL)
        return SESSION_GOES_ON;
    if (!rtmp_argument_number(&command->call, &time_ms) || !(time_ms > 0))
        time_ms = 0;
    if (time_ms > (double)UINT32_MAX)
        time_ms = (double)UINT32_MAX;
    net_stream_seek(stream, (int64_t)time_ms, &connection->outbox);
    connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* JW Player waits for onFCSubscribe when told to subscribe. */
static enum session_end handle_fc_subscribe(struct command *command)
{
    struct amf0_string name = {"", 0};
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    (void)rtmp_argument_string(&command->call, &name);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_fc_subscribe(&w, name);
    add_command(command->connection, &w);
    return SESSION_GOES_ON;
}

/* Seconds; 0 for what has no length. OSMF and Flex wait for the answer, FFmpeg
 * takes the duration from it where metadata has none. */
static enum session_end handle_get_stream_length(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct movie_error error;
    struct movie *movie;
    double seconds = 0;

    if (connection->options->loop == 1) {
        movie = library_find(connection->library, &error);
        if (movie != NULL)
            seconds = (double)movie_duration_ms(movie) / 1000.0;
        movie_unref(movie);
    }
    add_result_number(connection, command->call.transaction_id, seconds);
    return SESSION_GOES_ON;
}

/* Flex's NetConnection manager asks this and hangs without onBWDone. */
static enum session_end handle_check_bandwidth(struct command *command)
{
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_bw_done(&w);
    add_command(command->connection, &w);
    return SESSION_GOES_ON;
}

/* flvd only plays. Publishers show this to their user. */
static enum session_end handle_publish(struct command *command)
{
    struct net_stream *stream =
        find_stream(command->connection, command->message->message_stream_id);
    const struct rtmp_status status = {
        .level = "error",
        .code = "NetStream.Publish.Denied",
        .description = "This server only plays; it takes no streams."};

    if (!command->connection->refusal_told)
        log_info("%s: publish was refused: flvd only plays",
                 command->connection->label);
    command->connection->refusal_told = true;
    if (stream != NULL)
        net_stream_status(stream, &status, &command->connection->outbox);
    return SESSION_GOES_ON;
}

/* Publishers' calls that get no answer: xiu sends them with transaction id 1
 * and takes any result with that id for a new connect result. */
static enum session_end handle_silently(struct command *command)
{
    (void)command;
    return SESSION_GOES_ON;
}

/* A result of null, as Flash Media Server's successors give, lets those go on
 * that wait for one. */
static enum session_end handle_unknown(struct command *command)
{
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    if (command->call.transaction_id == 0)
        return SESSION_GOES_ON;
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_result_null(&w, command->call.transaction_id);
    add_command(command->connection, &w);
    return SESSION_GOES_ON;
}

static const struct {
    const char *name;
    enum session_end (*handle)(struct command *command);
} handlers[] = {
    {"connect", handle_connect},
    {"createStream", handle_create_stream},
    {"play", handle_play},
    {"pause", handle_pause},
    {"pauseRaw", handle_pause},
    {"seek", handle_seek},
    {"closeStream", handle_close_stream},
    {"deleteStream", handle_delete_stream},
    {"FCSubscribe", handle_fc_subscribe},
    {"getStreamLength", handle_get_stream_length},
    {"checkBandwidth", handle_check_bandwidth},
    {"publish", handle_publish},
    {"releaseStream", handle_silently},
    {"FCPublish", handle_silently},
    {"FCUnpublish", handle_silently},
    {"_result", handle_silently},
    {"_error", handle_silently},
};

static enum session_end handle_command(struct net_connection *connection,
                                       const struct rtmp_message *message,
                                       int64_t now_ns)
{
    struct command command = {
        .connection = connection, .message = message, .now_ns = now_ns};
    enum session_end (*handle)(struct command *) = handle_unknown;
    char escaped[LOG_ESCAPED_BYTES];

    if (!rtmp_call_read(message, &command.call))
        return SESSION_BAD_COMMAND;
    if (log_wants(LOG_LEVEL_DEBUG))
        log_debug("%s: command %s", connection->label,
                  log_escape(escaped, command.call.name.data,
                             command.call.name.length));
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (amf0_string_is(command.call.name, handlers[i].name))
            handle = handlers[i].handle;
    }
    /* Nothing is to be had before connect (7.2.1.1). */
    if (!connection->is_connected && handle != handle_connect)
        return SESSION_GOES_ON;
    return handle(&command);
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

static void handle_control(struct net_connection *connection,
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

enum session_end net_connection_handle(struct net_connection *connection,
                                       const struct rtmp_message *message,
                                       int64_t now_ns)
{
    enum session_end end = SESSION_GOES_ON;

    switch (message->type) {
    case RTMP_COMMAND_AMF0:
    case RTMP_COMMAND_AMF3:
        end = handle_command(connection, message, now_ns);
        break;
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ABORT:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_USER_CONTROL:
    case RTMP_WINDOW_ACK_SIZE:
    case RTMP_SET_PEER_BANDWIDTH:
        handle_control(connection, message);
        break;
    default:
        /* Media of a publisher that does not wait for its answer, and types
         * that nobody knows. */
        break;
    }
    if (end == SESSION_GOES_ON && connection->outbox.overflowed)
        end = SESSION_DEAF_PEER;
    return end;
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
    add_u32(connection, RTMP_ACKNOWLEDGEMENT, connection->received_bytes);
}

void net_connection_stop_stream(struct net_connection *connection,
                                struct net_stream *stream, bool complete,
                                int64_t now_ns)
{
    if (!stream->has_playback)
        return;
    if (complete)
        net_stream_complete(stream, &connection->outbox);
    else
        net_stream_stop(stream, &connection->outbox);
    connection->idle_since_ns = now_ns;
}

void net_connection_say_goodbye(struct net_connection *connection,
                                int64_t now_ns)
{
    for (size_t i = 0; i < RTMP_MAX_MESSAGE_STREAMS; i++)
        net_connection_stop_stream(connection, &connection->streams[i], false,
                                   now_ns);
}
