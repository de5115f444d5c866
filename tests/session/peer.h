/* A scripted peer for session tests: real sessions on one end of a socketpair,
 * driven from the other end with a chunk parser of the tests' own.
 *
 * Every wait is for something that must come; it ends the test with a clear
 * text when a deadline for the whole test has passed. That nothing comes is
 * shown by what comes next (a pong, the end of the connection), never by
 * waiting. */
#ifndef FLVD_TESTS_SESSION_PEER_H
#define FLVD_TESTS_SESSION_PEER_H

#include <check.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../unit/flv_bytes.h"
#include "options.h"
#include "server/admission.h"
#include "server/library.h"
#include "server/roster.h"

/* A string literal as bytes, without its NUL. */
#define LITERAL(s) (s), sizeof(s) - 1

/* --- the server --------------------------------------------------------- */

/* What sessions share. Tests change `options` before the first peer comes. */
struct server {
    struct options options;
    struct flv_bytes file; /* what is served */
    int file_fd;
    char path[64];
    struct library *library;
    struct roster roster;
    struct census census;
    struct feed_pool feeds;
    struct session_context context;
    struct tally tally;
    struct session_context *door; /* of who comes next; NULL: `context` */
    int log_fd;
    size_t sessions;
    struct tls_context *tls;       /* NULL: the test runs without TLS */
    struct sockaddr_storage peers; /* whence they seem to come; nowhere */
};

/* Each test runs twice, without TLS and, where flvd has it, over TLS: whether
 * this is the second time. */
bool runs_over_tls(void);

/* A file in memory that holds `file`, which the server takes over and frees,
 * and a library of it. The file is played once unless options.loop is set. */
void server_start(struct server *server, struct flv_bytes file);

/* Who comes next is served with these options, which stay the caller's, until
 * `door` is NULL again. In the log their numbers begin behind `numbered_from`.
 */
void server_open_door(struct server *server, struct session_context *door,
                      const struct options *options, size_t numbered_from);

/* As flvd does when it is told to stop. */
void server_tell_stop(struct server *server);

/* A test of many parts has the whole time again for the next one. */
void renew_deadline(void);

/* Waits until all sessions have ended, checks that each ended for `reason`,
 * and frees all. */
void server_stop(struct server *server, const char *reason);
/* The same, and gives the log: until the next call. */
const char *server_stop_for_log(struct server *server, const char *reason);

/* --- files -------------------------------------------------------------- */

/* 10 pictures of 40 ms, the first of them a keyframe, and 20 frames of sound of
 * 20 ms, with their configurations and metadata (width 320): 400 ms. */
struct flv_bytes small_file(void);
#define SMALL_FILE_MS 400
#define SMALL_FILE_FRAMES 30

/* A way through the audio and video tags of a file, for what must come. */
struct file_tags {
    const struct flv_bytes *file;
    size_t next;
};
struct file_tag {
    uint8_t type;
    uint32_t timestamp_ms;
    const uint8_t *data;
    size_t length;
};
bool next_file_tag(struct file_tags *tags, struct file_tag *tag);

/* --- the peer ----------------------------------------------------------- */

struct message {
    uint8_t type;
    uint32_t chunk_stream_id;
    uint32_t message_stream_id;
    uint32_t timestamp_ms;
    unsigned format; /* of its first chunk */
    bool extended;   /* so was its timestamp */
    size_t chunks;
    const uint8_t *payload; /* until the next message */
    size_t length;
};

struct chunk_stream_state {
    bool known;
    bool extended;
    uint8_t type;
    uint32_t timestamp_ms;
    uint32_t message_stream_id;
    size_t length;
};

struct peer {
    int fd;
    int server_fd; /* the server's end, to look at: it belongs to the session */
    struct peer_tls *tls;     /* NULL: without */
    size_t piece_bytes;       /* sends so many at a time; 0: all */
    uint32_t out_chunk_bytes; /* cuts what it sends into such chunks */
    uint32_t in_chunk_bytes;  /* as the server announced */
    struct chunk_stream_state chunk_streams[64];
    struct message message;
    uint8_t *payload;
    bool hides_pings; /* the server's, which may come a while after an end */
    uint64_t received_bytes;
    uint64_t sent_bytes;
};

/* A new connection, as accepted. `send_buffer_bytes` is for the server's end;
 * 0: the system's default. */
struct peer *peer_open(struct server *server);
struct peer *peer_open_narrow(struct server *server, int send_buffer_bytes);
/* The same over TCP, with this receive buffer at the peer's end. */
struct peer *peer_open_tcp(struct server *server, int receive_buffer_bytes);
/* One that speaks no TLS, also where the test runs over TLS. */
struct peer *peer_open_bare(struct server *server);

/* Sends bytes that come before TLS, also where the test runs over TLS. */
void send_bare(struct peer *peer, const void *data, size_t length);

/* Says the end, reads to the end of what the server sends, and closes. */
void peer_close(struct peer *peer);

/* Closes the connection, whatever its state. */
void peer_abort(struct peer *peer);

/* Says the end of what the peer sends. */
void peer_finish_sending(struct peer *peer);

/* Sending raw bytes. */
bool try_to_send(struct peer *peer, const void *data,
                 size_t length); /* false when the server closed */
void send_bytes(struct peer *peer, const void *data, size_t length);
void send_hex(struct peer *peer, const char *hex);
/* C0 and C1 without a digest, and C2 of zeros. */
void send_c0c1(struct peer *peer);
void send_c2(struct peer *peer);

/* Sending a message, in chunks of peer->out_chunk_bytes under a full header. */
bool try_to_send_message(struct peer *peer, uint8_t type,
                         uint32_t chunk_stream_id, uint32_t message_stream_id,
                         const void *payload, size_t length);
void send_message(struct peer *peer, uint8_t type, uint32_t chunk_stream_id,
                  uint32_t message_stream_id, const void *payload,
                  size_t length);

/* Sending a command (type 20, chunk stream 3). Each letter of `format` takes an
 * argument: s string, d number, b boolean, n null (none), u undefined (none),
 * { object (none), k its key, } its end (none), x anything as hexadecimal
 * digits. */
void send_command(struct peer *peer, uint32_t message_stream_id,
                  const char *name, double transaction_id, const char *format,
                  ...);
/* The same without sending: the body of the message. */
struct flv_bytes command_body(const char *name, double transaction_id,
                              const char *format, ...);
struct flv_bytes command_body_list(const char *name, double transaction_id,
                                   const char *format, va_list *arguments);

void send_ping(struct peer *peer, uint32_t timestamp);
void send_set_chunk_size(struct peer *peer, uint32_t bytes);
void send_set_buffer_length(struct peer *peer, uint32_t message_stream_id,
                            uint32_t ms);

/* Waits until the server has read all that was sent to it: what it then does
 * comes before anything that waits for this peer to read. */
void wait_until_heard(struct peer *peer);

/* Receiving raw bytes. */
void read_bytes(struct peer *peer, void *data, size_t length);
void expect_bytes(struct peer *peer, const void *data, size_t length);

/* The next message, whatever it is, but for hidden pings. Checks what every
 * message of flvd's must keep to: not interleaved, full or fmt 1 headers,
 * continued with fmt 3 and the extended timestamp repeated. Set Chunk Size is
 * obeyed. */
const struct message *read_message(struct peer *peer);

/* The next message must be this one; UINT32_MAX for any timestamp. */
const struct message *expect_message(struct peer *peer, uint8_t type,
                                     uint32_t message_stream_id,
                                     uint32_t timestamp_ms);
void expect_payload(struct peer *peer, uint8_t type, uint32_t message_stream_id,
                    const void *payload, size_t length);
/* The next message must be this user control event. */
void expect_user_control(struct peer *peer, uint16_t event, uint32_t value);
/* The next message must be onStatus with this level and code. */
void expect_status(struct peer *peer, uint32_t message_stream_id,
                   const char *level, const char *code);
/* Reads on, over audio, video and data, to the onStatus with the code. */
void skip_to_status(struct peer *peer, const char *code);
/* The next message must be this tag of the file. */
void expect_tag(struct peer *peer, const struct file_tag *tag,
                uint32_t timestamp_ms);
/* Nothing was sent before the answer to a ping. */
void expect_silence(struct peer *peer);
/* Media may have been sent, but nothing else. */
void expect_only_media(struct peer *peer);
/* Reads whatever comes to the end of the connection. */
void read_to_end(struct peer *peer);
/* No byte comes but the end of the connection. */
void expect_closed(struct peer *peer);

/* Whether a member of that name and string value stands in the last message. */
bool message_has_string(const struct message *message, const char *key,
                        const char *value);
bool message_has_bytes(const struct message *message, const void *bytes,
                       size_t length);
/* Whether the message is a command (or data) of that name. */
bool message_is_called(const struct message *message, const char *name);

/* --- whole steps of a conversation -------------------------------------- */

void do_handshake(struct peer *peer);         /* simple */
void do_connect(struct peer *peer);           /* after it: connect, answered */
void do_create_stream(struct peer *peer);     /* of stream 1 */
void expect_play_started(struct peer *peer);  /* up to onMetaData */
void do_play(struct peer *peer);              /* all from the handshake on */
void expect_play_complete(struct peer *peer); /* Complete, Stop, StreamEOF */

/* Runs the tests up to a NULL, without TLS and over TLS; the result is
 * main's. */
int run_tests(const char *name, const TTest *const *tests);

#endif
