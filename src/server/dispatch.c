/* Each message to its handler (RTMP 1.0, 7). What real clients need of the
 * answers, and choke on, is told beside each. */
#include "config.h"

#include "server/dispatch.h"

#include "amf/amf0.h"
#include "rtmp/message.h"
#include "server/stream_commands.h"

static void add_error(struct net_connection *connection, double transaction_id,
                      const char *description)
{
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_error(&w, transaction_id,
                     &(struct rtmp_status){.level = "error",
                                           .code = "NetConnection.Call.Failed",
                                           .description = description});
    net_connection_add_command(connection, &w);
}

/* 7.2.1.1. The order is that of Flash Media Server; the chunk size comes early
 * since the result is longer than 128 bytes, and some clients expect every
 * command in one chunk. */
static enum session_end handle_connect(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct rtmp_connect connect;
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    if (!rtmp_connect_read(&command->call, &connect))
        return SESSION_BAD_COMMAND;
    if (connection->is_connected) {
        log_debug("%s: connect came again and was ignored", connection->label);
        return SESSION_GOES_ON;
    }
    if (!net_connection_set_app(connection, connect.app, connect.tc_url))
        return SESSION_NO_MEMORY;
    connection->is_connected = true;
    connection->idle_since_ns = command->now_ns;
    net_connection_add_u32(connection, RTMP_WINDOW_ACK_SIZE,
                           RTMP_OUTPUT_WINDOW_BYTES);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_peer_bandwidth_body(&w, RTMP_OUTPUT_WINDOW_BYTES,
                                   RTMP_LIMIT_DYNAMIC);
    net_connection_add_control(connection, RTMP_SET_PEER_BANDWIDTH, &w);
    net_connection_add_u32(connection, RTMP_SET_CHUNK_SIZE,
                           RTMP_OUTPUT_CHUNK_BYTES);
    outbox_add_user_control(&connection->outbox, RTMP_STREAM_BEGIN, 0);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_connect_result(&w, command->call.transaction_id,
                              connect.enhanced);
    net_connection_add_command(connection, &w);
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
        if (id > connection->stream_count)
            connection->stream_count = id;
        stream->buffer_ms = connection->default_buffer_ms;
        net_connection_add_result(connection, command->call.transaction_id, id);
        return SESSION_GOES_ON;
    }
    add_error(connection, command->call.transaction_id,
              "Too many streams on one connection.");
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
        stream = net_connection_find_stream(connection, (uint32_t)id);
    if (stream == NULL)
        return SESSION_GOES_ON;
    if (stream->is_playing)
        connection->idle_since_ns = command->now_ns;
    net_stream_destroy(stream);
    stream->id = 0;
    connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* JW Player waits for onFCSubscribe when told to subscribe. */
static enum session_end handle_fc_subscribe(struct command *command)
{
    struct amf0_string name = {"", 0};
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    (void)rtmp_argument_string(&command->call, &name);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_fc_subscribe(&w, name);
    net_connection_add_command(command->connection, &w);
    return SESSION_GOES_ON;
}

/* Flex's NetConnection manager asks this and hangs without onBWDone. */
static enum session_end handle_check_bandwidth(struct command *command)
{
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_bw_done(&w);
    net_connection_add_command(command->connection, &w);
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
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    if (command->call.transaction_id == 0)
        return SESSION_GOES_ON;
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_result_null(&w, command->call.transaction_id);
    net_connection_add_command(command->connection, &w);
    return SESSION_GOES_ON;
}

static const struct {
    const char *name;
    enum session_end (*handle)(struct command *command);
} handlers[] = {
    {"connect", handle_connect},
    {"createStream", handle_create_stream},
    {"play", command_play},
    {"play2", command_play2},
    {"pause", command_pause},
    {"pauseRaw", command_pause},
    {"seek", command_seek},
    {"receiveAudio", command_receive_audio},
    {"receiveVideo", command_receive_video},
    {"closeStream", command_close_stream},
    {"deleteStream", handle_delete_stream},
    {"FCSubscribe", handle_fc_subscribe},
    {"getStreamLength", command_get_stream_length},
    {"checkBandwidth", handle_check_bandwidth},
    {"publish", command_publish},
    {"releaseStream", handle_silently},
    {"FCPublish", handle_silently},
    {"FCUnpublish", handle_silently},
    {"_result", handle_silently},
    {"_error", handle_silently},
};

static enum session_end handle_call(struct net_connection *connection,
                                    const struct rtmp_message *message,
                                    int64_t now_ns)
{
    struct command command = {
        .connection = connection, .message = message, .now_ns = now_ns};
    enum session_end (*handle)(struct command *) = handle_unknown;
    char escaped[LOG_ESCAPED_BYTES];
    enum session_end end;

    if (!rtmp_call_read(message, &command.call)) {
        log_info("%s: malformed command: its name or its transaction id",
                 connection->label);
        return SESSION_BAD_COMMAND;
    }
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
    end = handle(&command);
    if (end == SESSION_BAD_COMMAND)
        log_info("%s: malformed command: the arguments of %s",
                 connection->label,
                 log_escape(escaped, command.call.name.data,
                            command.call.name.length));
    return end;
}

enum session_end dispatch_message(struct net_connection *connection,
                                  const struct rtmp_message *message,
                                  int64_t now_ns)
{
    enum session_end end = SESSION_GOES_ON;

    switch (message->type) {
    case RTMP_COMMAND_AMF0:
    case RTMP_COMMAND_AMF3:
        end = handle_call(connection, message, now_ns);
        break;
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ABORT:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_USER_CONTROL:
    case RTMP_WINDOW_ACK_SIZE:
    case RTMP_SET_PEER_BANDWIDTH:
        net_connection_control(connection, message);
        break;
    default:
        /* Media of a publisher that does not wait for its answer, and types
         * that nobody knows. */
        break;
    }
    /* Nothing is read without room for its replies: session.c. */
    if (end == SESSION_GOES_ON && connection->outbox.overflowed)
        end = SESSION_NO_MEMORY;
    return end;
}
