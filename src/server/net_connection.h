/* NetConnection: what is known of one peer, its streams, and its outbox. It
 * heeds control messages; commands are the business of dispatch.h and
 * stream_commands.h. No sockets, no waiting; `now` is an argument. */
#ifndef FLVD_SERVER_NET_CONNECTION_H
#define FLVD_SERVER_NET_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "options.h"
#include "rtmp/chunk.h"
#include "rtmp/protocol.h"
#include "server/library.h"
#include "server/net_stream.h"
#include "server/outbox.h"
#include "server/play_query.h"
#include "server/profile.h"

/* Bodies of replies; names in them are cut to 512 bytes (rtmp/command.h). */
#define NET_CONNECTION_BODY_BYTES 1024
/* Names that are refused to one peer and plays that fail, of which the log
 * tells. */
#define NET_CONNECTION_MAX_REFUSALS 16

/* Names that a peer may have looked up at once, and how long each further one
 * takes: a look-up is cheap to ask for, and goes to the disk. */
#define NET_CONNECTION_LOOK_UPS 64
#define NET_CONNECTION_LOOK_UP_NS (50 * CLOCK_NS_PER_MS)

/* After the end of a play was told: librtmp keeps the last bytes that it read
 * to itself until something more arrives. */
#define NET_CONNECTION_NUDGE_NS (1 * CLOCK_NS_PER_S)

struct net_connection {
    const struct options *options;
    struct library *library;
    struct profile *profile;   /* what others see of it; not ours */
    const char *label;         /* of the profile, for log lines */
    bool is_connected;         /* connect was answered */
    int64_t idle_since_ns;     /* when it last stopped playing, or connected */
    int64_t nudge_ns;          /* when to ping the peer; CLOCK_NEVER: not */
    int64_t default_buffer_ms; /* announced for message stream 0; -1: none */
    uint8_t refusals_told;     /* of names, and plays that failed, at most
                                  NET_CONNECTION_MAX_REFUSALS: nobody shall
                                  flood the log */
    bool publish_told;         /* the same, once */
    int64_t look_ups_until_ns; /* when all that were asked for would be done, at
                                  one in each NET_CONNECTION_LOOK_UP_NS */
    bool media_changed;      /* what is on its way of the media is not wanted */
    uint32_t window_bytes;   /* the peer wants acknowledgements; 0: not */
    uint32_t received_bytes; /* wraps, as RTMP 1.0, 5.4.3 has it */
    uint32_t acknowledged_bytes;
    uint64_t sent_bytes; /* of media, in all plays */
    uint64_t sent_tags;
    uint64_t skips; /* how often it was late, and moved on */
    char *app_path; /* the application as received, but for its query; NULL
                       when it was too long */
    size_t app_path_length;
    struct play_query url_query; /* of the connection's URL */
    size_t stream_count; /* those behind them were never created, and who
                            only looks stays away from their memory */
    struct net_stream streams[RTMP_MAX_MESSAGE_STREAMS];
    struct outbox outbox;
};

void net_connection_init(struct net_connection *connection,
                         const struct options *options, struct library *library,
                         struct profile *profile, int64_t now_ns);
void net_connection_destroy(struct net_connection *connection);

/* Takes note of connect's application and URL. False when memory is short. */
bool net_connection_set_app(struct net_connection *connection,
                            struct amf0_string app, struct amf0_string tc_url);

/* The stream with a message stream id; NULL when it was not created. Some
 * clients send play on id 0: they mean the first. */
struct net_stream *net_connection_find_stream(struct net_connection *connection,
                                              uint32_t id);

/* Heeds a message of RTMP 1.0, 5.4, or a user control message (7.1.7). */
void net_connection_control(struct net_connection *connection,
                            const struct rtmp_message *message);

/* Replies on message stream 0: a control message, one whose body is one
 * number, a command, the command `_result` with a number. */
void net_connection_add_control(struct net_connection *connection,
                                enum rtmp_message_type type,
                                const struct byte_writer *body);
void net_connection_add_u32(struct net_connection *connection,
                            enum rtmp_message_type type, uint32_t value);
void net_connection_add_command(struct net_connection *connection,
                                const struct byte_writer *body);
void net_connection_add_result(struct net_connection *connection,
                               double transaction_id, double value);

/* Whether the log may tell of one more thing that a peer can have happen again
 * and again; the line ends in *more. */
bool net_connection_may_tell(struct net_connection *connection,
                             const char **more);

/* Counts a look-up of a name; when it may take place. */
int64_t net_connection_look_up_ns(struct net_connection *connection,
                                  int64_t now_ns);

/* Counts bytes that came from the peer, and acknowledges when it is time. */
void net_connection_count_received(struct net_connection *connection,
                                   uint32_t bytes);

/* Ends the play of one of its streams, `complete` when it comes to its end, and
 * keeps account. */
void net_connection_stop_stream(struct net_connection *connection,
                                struct net_stream *stream, bool complete,
                                int64_t now_ns);

/* Pings the peer if the time for that has come: once, a while after the end of
 * a play, if nothing plays then. When it is to be called next. */
int64_t net_connection_nudge(struct net_connection *connection, int64_t now_ns);

/* Tells the peer that the server goes away: ends all plays. */
void net_connection_say_goodbye(struct net_connection *connection,
                                int64_t now_ns);

/* Whether any of its streams plays. */
bool net_connection_is_playing(const struct net_connection *connection);

#endif
