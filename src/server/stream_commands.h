/* The commands that are about a stream and what it plays (RTMP 1.0, 7.2.2), one
 * function each. They may block on the disk. */
#ifndef FLVD_SERVER_STREAM_COMMANDS_H
#define FLVD_SERVER_STREAM_COMMANDS_H

#include <stdint.h>

#include "rtmp/chunk.h"
#include "rtmp/command.h"
#include "server/net_connection.h"
#include "server/session_end.h"

/* A command that came, as its handler gets it; `call` may be consumed. */
struct command {
    struct net_connection *connection;
    const struct rtmp_message *message;
    struct rtmp_call call;
    int64_t now_ns;
};

/* Each: SESSION_GOES_ON, or why the session must end. */
enum session_end command_play(struct command *command);
enum session_end command_play2(struct command *command);
enum session_end command_close_stream(struct command *command);
enum session_end command_pause(struct command *command);
enum session_end command_seek(struct command *command);
enum session_end command_receive_audio(struct command *command);
enum session_end command_receive_video(struct command *command);
enum session_end command_publish(struct command *command);
enum session_end command_get_stream_length(struct command *command);

#endif
