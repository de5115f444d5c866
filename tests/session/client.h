/* A real client as a scripted peer: it sends what that client sends, in its
 * order, chunk streams and header formats, and takes nothing that the client
 * would not take. The kinds of clients are in client_kinds_*.c, the rules that
 * they have of their own in client_rules.c; what every client expects, and what
 * flvd promises to all, is checked here with each message that comes. */
#ifndef FLVD_TESTS_SESSION_CLIENT_H
#define FLVD_TESTS_SESSION_CLIENT_H

#include "peer.h"
#include "reply.h"

struct client;

/* NULL, or what the client cannot bear about the message. */
typedef const char *client_rule(const struct client *client,
                                const struct message *message);

/* How a client may learn that the film has ended; 0: only by the end of the
 * connection, or when nothing came for some seconds. */
enum { ENDS_ON_STOP = 1, ENDS_ON_COMPLETE = 2, ENDS_ON_STREAM_EOF = 4 };

struct client_kind {
    const char *name;       /* and version */
    unsigned digest_base;   /* of its C1: 8 or 772; 0: a simple handshake */
    bool needs_digest;      /* or it plays nothing */
    uint32_t types;         /* bit: a message type that it reads */
    uint64_t events;        /* bit: a user control event that it bears */
    uint32_t markers;       /* AMF0 types that it reads */
    size_t max_chunk_bytes; /* that it obeys */
    unsigned ends_on;
    uint64_t acknowledges_each_bytes; /* 0: never */
    client_rule *const *rules;        /* up to NULL */
    /* From connect to play. */
    void (*begins)(struct client *client);
    /* What it does by itself when the message comes; NULL: nothing. */
    void (*hears)(struct client *client, const struct message *message);
    /* NULL when it cannot. */
    void (*pauses)(struct client *client, bool pause);
    void (*seeks)(struct client *client, double time_ms);
    void (*leaves)(struct client *client); /* NULL: closes the connection */
};

#define CLIENT_MAX_CALLS 16

struct client {
    const struct client_kind *kind;
    struct server *server;
    struct peer *peer;
    struct {
        char name[24];
        double transaction_id;
    } calls[CLIENT_MAX_CALLS]; /* that were not answered yet */
    size_t call_count;
    struct {
        bool is_known;
        uint8_t type;
        uint32_t message_stream_id;
        size_t length;
    } sent[64]; /* the last message on each chunk stream */

    struct reply reply; /* the last command or data message */
    unsigned results;   /* of whatever call */
    uint32_t stream_id; /* that createStream gave; 0: none yet */
    bool asked_to_play;
    bool is_started;    /* Play.Start came */
    unsigned statuses;  /* since play was sent */
    unsigned starts;    /* Play.Start among them, those of seeks left out */
    bool is_seeking;    /* until Seek.Notify */
    bool expects_start; /* of the seek */
    double seek_ms;
    bool is_paused;     /* Pause.Notify came, and no unpause was sent */
    unsigned may_show;  /* pictures while paused */
    unsigned heard_end; /* ENDS_ON_... that came */
    double duration_s;  /* as the metadata have it */
    double stream_length_s;

    struct file_tags tags; /* what of the film is next */
    unsigned headers_due;  /* configurations before that, after a seek */
    uint32_t landing_ms;   /* their time */
    unsigned rounds_left;  /* of the film, this one included */
    uint32_t round_ms;     /* added to the times of the film in this round */
    uint32_t last_ms;      /* in the film, of the last that came */
    size_t media;          /* messages that came */
    uint64_t acknowledged_bytes;
};

/* A film that is played by all: pictures of 40 ms, a keyframe of two chunks
 * each second, sound of 40 ms. */
#define FILM_GOP_MS 1000
struct flv_bytes film(unsigned seconds);

/* A client of a server that serves a film; after its handshake, which is
 * checked as the client does. */
struct client *client_open(struct server *server,
                           const struct client_kind *kind);

/* Sends a command: header format `fmt`, which AS_FFMPEG and AS_LIBRTMP choose
 * as these do; arguments as in send_command. A transaction id that is not 0
 * asks for an answer. */
#define AS_FFMPEG 8u  /* fmt 3 and 1 where the chunk stream allows it */
#define AS_LIBRTMP 9u /* fmt 2 and 1, even first on a chunk stream */
struct client_way {
    uint32_t chunk_stream_id;
    unsigned fmt;
    uint32_t message_stream_id;
};
void say(struct client *client, struct client_way way, const char *name,
         double transaction_id, const char *format, ...);
/* The same in a message of type 17, as Flash Player does. */
void say_amf3(struct client *client, struct client_way way, const char *name,
              double transaction_id, const char *format, ...);
void say_bytes(struct client *client, struct client_way way, uint8_t type,
               const void *payload, size_t length);
/* Control messages, on chunk stream 2. */
void say_u32(struct client *client, unsigned fmt, uint8_t type, uint32_t value);
void say_chunk_size(struct client *client, uint32_t bytes);
void say_peer_bandwidth(struct client *client, uint32_t value, uint8_t limit);
void say_buffer(struct client *client, unsigned fmt, uint32_t id, uint32_t ms);

/* The next message, checked. */
const struct message *client_reads(struct client *client);
/* Reads on until this came. */
void await_status(struct client *client, const char *code);
void await_result(struct client *client, double transaction_id);
void await_command(struct client *client, const char *name);
/* So many more, or the end. */
void await_media(struct client *client, size_t count);
/* The whole film came, and then what tells this client the end. */
void await_end(struct client *client);
/* Checks all that there is, up to a pong. */
void hear_out(struct client *client);

/* Reads nothing until the server has taken all that was sent to it. */
void await_heard(struct client *client);

/* The client goes, as it does. */
void client_leaves(struct client *client);

/* To be told by scripts: what comes next is the film at this place. */
void client_seeks(struct client *client, double time_ms);
void client_pauses(struct client *client, bool pause);

#endif
