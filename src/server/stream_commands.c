/* play, pause, seek and the like (RTMP 1.0, 7.2.2). What real clients need of
 * the answers, and choke on, is told beside each. */
#include "config.h"

#include "server/stream_commands.h"

#include <stdlib.h>
#include <string.h>

#include "amf/amf0.h"

#define STREAM_NOT_FOUND "NetStream.Play.StreamNotFound"
#define PLAY_FAILED "NetStream.Play.Failed"

static void refuse_play(struct command *command,
                        const struct net_stream *stream, const char *code,
                        struct amf0_string name)
{
    const char *description = strcmp(code, STREAM_NOT_FOUND) == 0
                                  ? "There is no such stream."
                                  : "Cannot be played.";

    net_stream_status(stream,
                      &(struct rtmp_status){.level = "error",
                                            .code = code,
                                            .description = description,
                                            .details = name},
                      &command->connection->outbox);
}

/* What the query of a name asks for, or else that of the connection's URL. */
static struct play_query read_query(const struct net_connection *connection,
                                    struct amf0_string name)
{
    struct play_query query = connection->url_query;

    if (!play_query_read(&query, name))
        log_debug("%s: values in the query of the name are ignored",
                  connection->label);
    if (query.rounds < 0)
        query.rounds = connection->options->loop;
    return query;
}

/* Who asks again and again waits here, and with it only its own streams. */
static void wait_for_turn(struct net_connection *connection)
{
    const int64_t now_ns = clock_now_ns();
    const int64_t turn_ns = net_connection_look_up_ns(connection, now_ns);

    if (turn_ns > now_ns)
        clock_sleep_until(turn_ns);
}

static enum library_result look_up(struct net_connection *connection,
                                   struct amf0_string name,
                                   const struct play_query *query,
                                   struct library_answer *answer)
{
    const struct library_request request = {
        .app = {connection->app_path, connection->app_path_length},
        .name = name,
        .claim = &query->claim,
        .now_unix_s = clock_unix_s()};

    wait_for_turn(connection);
    return library_find(connection->library, &request, answer);
}

static void tell_refusal(struct net_connection *connection, const char *name,
                         const char *why)
{
    char app[LOG_ESCAPED_BYTES];
    const char *more;

    if (!net_connection_may_tell(connection, &more))
        return;
    log_warn(
        "%s: app \"%s\", name \"%s\" cannot be played: %s%s", connection->label,
        profile_text_escape(app, &connection->profile->app), name, why, more);
}

/* Looks a name up, and tells the log of it. */
static enum library_result find_name(struct net_connection *connection,
                                     struct amf0_string name,
                                     const struct play_query *query,
                                     struct library_answer *answer)
{
    char escaped[LOG_ESCAPED_BYTES], resolved[LOG_ESCAPED_BYTES];
    enum library_result result = look_up(connection, name, query, answer);

    log_escape(escaped, name.data, name.length);
    /* The session's last line tells the name that was played, or that was
     * to be. */
    if (result == LIBRARY_FOUND || connection->sent_tags == 0)
        profile_set_name(connection->profile, name.data, name.length);
    if (result == LIBRARY_FOUND)
        log_debug("%s: play \"%s\", which is \"%s\"", connection->label,
                  escaped,
                  log_escape(resolved, answer->name, strlen(answer->name)));
    else
        tell_refusal(connection, escaped, answer->reason.what);
    return result;
}

/* The movie that a stream is to play, with a reference for the caller; NULL
 * when there is none, which the viewer and the log are told. The answer is not
 * on the stack: a page of it that was touched once stays. */
static struct movie *find_movie(struct command *command,
                                const struct net_stream *stream,
                                struct amf0_string name,
                                const struct play_query *query)
{
    struct library_answer *answer = malloc(sizeof(*answer));
    enum library_result result = LIBRARY_FAILED;
    struct movie *movie = NULL;

    if (answer != NULL)
        result = find_name(command->connection, name, query, answer);
    if (result == LIBRARY_FOUND)
        movie = answer->movie;
    else
        refuse_play(
            command, stream,
            result == LIBRARY_NOT_FOUND ? STREAM_NOT_FOUND : PLAY_FAILED, name);
    free(answer);
    return movie;
}

/* The range of a play: what its arguments leave open is up to the query. */
static void set_range(struct net_stream_play *how, const struct rtmp_play *play,
                      const struct play_query *query)
{
    how->start_ms = play->start_ms > 0 ? play->start_ms : query->start_ms;
    how->duration_ms = play->duration_ms;
    how->reset = play->reset;
    /* 0 is a single frame, but xiu sends it, without reset, for all. */
    if (how->duration_ms == 0 && play->reset)
        how->duration_ms = 1;
    if (how->duration_ms <= 0)
        how->duration_ms = query->duration_ms == 0 ? 1 : query->duration_ms;
    how->options.rounds = (uint32_t)query->rounds;
}

/* The stream that is to play. When it was not created the viewer is told. */
static struct net_stream *find_player(struct command *command,
                                      struct amf0_string name)
{
    uint32_t id = command->message->message_stream_id;
    struct net_stream *stream =
        net_connection_find_stream(command->connection, id);
    struct net_stream nowhere = {.id = id};

    if (stream != NULL)
        return stream;
    log_debug("%s: play on message stream %u, which was not created",
              command->connection->label, (unsigned)id);
    if (id == 0 || id > RTMP_MAX_MESSAGE_STREAMS)
        nowhere.id = 1;
    refuse_play(command, &nowhere, PLAY_FAILED, name);
    return NULL;
}

static void stop_at_once(struct command *command, struct net_stream *stream)
{
    net_connection_stop_stream(command->connection, stream, false,
                               command->now_ns);
    command->connection->media_changed = true;
}

static enum session_end start_play(struct command *command,
                                   struct net_stream *stream,
                                   const struct rtmp_play *play)
{
    struct net_connection *connection = command->connection;
    struct net_stream_play how = {
        .name = play->name,
        .fixed_lead_ms = connection->options->lead_ms,
        .skip_late_ms = connection->options->skip_late_ms,
        .options = {.audio = connection->options->audio,
                    .video = connection->options->video}};
    const struct play_query query = read_query(connection, play->name);
    bool plays;

    how.movie = find_movie(command, stream, play->name, &query);
    if (how.movie == NULL)
        return SESSION_GOES_ON;
    connection->media_changed = true;
    set_range(&how, play, &query);
    plays = net_stream_play(stream, &how, &connection->outbox, command->now_ns);
    movie_unref(how.movie);
    return plays ? SESSION_GOES_ON : SESSION_NO_MEMORY;
}

/* 7.2.2.1 */
enum session_end command_play(struct command *command)
{
    struct net_stream *stream;
    struct rtmp_play play;

    if (!rtmp_play_read(&command->call, &play))
        return SESSION_BAD_COMMAND;
    stream = find_player(command, play.name);
    if (stream == NULL)
        return SESSION_GOES_ON;
    if (!play.has_name) {
        stop_at_once(command, stream);
        return SESSION_GOES_ON;
    }
    return start_play(command, stream, &play);
}

/* What was given out already is kept: the viewer's buffer is full of it. */
static enum session_end switch_play(struct command *command,
                                    struct net_stream *stream,
                                    struct amf0_string name)
{
    const struct play_query query = read_query(command->connection, name);
    struct movie *movie = find_movie(command, stream, name, &query);

    if (movie != NULL)
        net_stream_switch(stream, movie, name, &command->connection->outbox);
    movie_unref(movie);
    return SESSION_GOES_ON;
}

/* 7.2.2.2. A name that cannot be played is refused, and what plays goes on.
 * There are no playlists: nothing is appended to what plays. */
enum session_end command_play2(struct command *command)
{
    static const struct amf0_string none = {"", 0};
    struct net_stream *stream;
    struct rtmp_play2 play2;

    if (!rtmp_play2_read(&command->call, &play2)) {
        stream = find_player(command, none);
        if (stream != NULL)
            refuse_play(command, stream, PLAY_FAILED, none);
        return SESSION_GOES_ON;
    }
    stream = find_player(command, play2.play.name);
    if (stream == NULL)
        return SESSION_GOES_ON;
    if (play2.transition == RTMP_TRANSITION_STOP) {
        stop_at_once(command, stream);
        return SESSION_GOES_ON;
    }
    if (play2.transition == RTMP_TRANSITION_RESET || !stream->is_playing)
        return start_play(command, stream, &play2.play);
    if (play2.transition == RTMP_TRANSITION_SWITCH)
        return switch_play(command, stream, play2.play.name);
    log_debug("%s: play2 is to append, which is ignored",
              command->connection->label);
    return SESSION_GOES_ON;
}

/* Not in the specification; HaishinKit waits for the Play.Stop. The id stays
 * valid. */
enum session_end command_close_stream(struct command *command)
{
    struct net_stream *stream = net_connection_find_stream(
        command->connection, command->message->message_stream_id);

    if (stream != NULL)
        stop_at_once(command, stream);
    return SESSION_GOES_ON;
}

/* 7.2.2.8; pauseRaw is the same. Without an argument it toggles, as Red5 has
 * it. The time argument says nothing reliable: a play goes on with the first
 * tag that was not sent. */
enum session_end command_pause(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream = net_connection_find_stream(
        connection, command->message->message_stream_id);
    bool pause;

    if (stream == NULL)
        return SESSION_GOES_ON;
    pause = stream->playback == NULL || !stream->playback->is_paused;
    (void)rtmp_argument_boolean(&command->call, &pause);
    if (net_stream_pause(stream, pause, &connection->outbox, command->now_ns))
        connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* 7.2.2.7: milliseconds on the viewer's timeline. */
enum session_end command_seek(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream = net_connection_find_stream(
        connection, command->message->message_stream_id);
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

static enum session_end receive(struct command *command, enum flv_tag_type type)
{
    struct net_connection *connection = command->connection;
    struct net_stream *stream = net_connection_find_stream(
        connection, command->message->message_stream_id);
    bool receive = true; /* Red5's client sends no argument */

    if (stream == NULL)
        return SESSION_GOES_ON;
    (void)rtmp_argument_boolean(&command->call, &receive);
    if (net_stream_receive(stream, type, receive, &connection->outbox,
                           command->now_ns))
        connection->media_changed = true;
    return SESSION_GOES_ON;
}

/* 7.2.2.4 */
enum session_end command_receive_audio(struct command *command)
{
    return receive(command, FLV_TAG_AUDIO);
}

/* 7.2.2.5 */
enum session_end command_receive_video(struct command *command)
{
    return receive(command, FLV_TAG_VIDEO);
}

/* flvd only plays. Publishers show this to their user. */
enum session_end command_publish(struct command *command)
{
    struct net_stream *stream = net_connection_find_stream(
        command->connection, command->message->message_stream_id);
    const struct rtmp_status status = {
        .level = "error",
        .code = "NetStream.Publish.Denied",
        .description = "This server only plays; it takes no streams."};

    if (!command->connection->publish_told)
        log_info("%s: publish was refused: flvd only plays",
                 command->connection->label);
    command->connection->publish_told = true;
    if (stream != NULL)
        net_stream_status(stream, &status, &command->connection->outbox);
    return SESSION_GOES_ON;
}

/* The call of somebody who may not play what it is about. */
static void refuse_call(struct command *command)
{
    const struct rtmp_status info = {.level = "error",
                                     .code = PLAY_FAILED,
                                     .description = "Cannot be played."};
    uint8_t body[NET_CONNECTION_BODY_BYTES];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_error(&w, command->call.transaction_id, &info);
    net_connection_add_command(command->connection, &w);
}

/* Seconds; 0 for what has no length. OSMF and Flex wait for the answer, FFmpeg
 * takes the duration from it where metadata has none. A name without the token
 * that it takes has no length, but an error. */
enum session_end command_get_stream_length(struct command *command)
{
    struct net_connection *connection = command->connection;
    struct amf0_string name = {"", 0};
    struct library_answer answer;
    struct play_query query;
    char escaped[LOG_ESCAPED_BYTES];
    double seconds = 0;
    enum library_result result = LIBRARY_NOT_FOUND;

    answer.movie = NULL;
    (void)rtmp_argument_string(&command->call, &name);
    query = read_query(connection, name);
    /* Another count of rounds has no length: nothing need be looked up for it.
     */
    if (query.rounds == 1 || library_demands_tokens(connection->library))
        result = look_up(connection, name, &query, &answer);
    if (result == LIBRARY_FORBIDDEN) {
        tell_refusal(connection, log_escape(escaped, name.data, name.length),
                     answer.reason.what);
        refuse_call(command);
        return SESSION_GOES_ON;
    }
    if (result == LIBRARY_FOUND && query.rounds == 1)
        seconds = (double)movie_duration_ms(answer.movie) / 1000.0;
    movie_unref(answer.movie);
    net_connection_add_result(connection, command->call.transaction_id,
                              seconds);
    return SESSION_GOES_ON;
}
