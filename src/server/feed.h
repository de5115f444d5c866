/* The feed: turns what is to be sent, replies and due tags, into one gather
 * after another. Messages are never interleaved (one widespread client keeps a
 * single payload buffer for all chunk streams), so a tag of 16 MiB goes out
 * over many gathers before the next message begins. No sockets. */
#ifndef FLVD_SERVER_FEED_H
#define FLVD_SERVER_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "net/gather.h"
#include "server/net_connection.h"

/* Mapped windows that one gather may touch. */
#define FEED_MAX_WINDOWS 8

struct feed {
    /* The media message that was begun and is not wholly in a gather yet. */
    struct movie *movie; /* of the message; NULL: there is none */
    struct movie_tag tag;
    uint32_t added_bytes; /* of its payload, put into gathers */
    bool is_blank;        /* its file failed: zeros instead */
    uint8_t continuation[RTMP_MAX_CHUNK_HEADER_BYTES];
    size_t continuation_bytes;
    size_t turn;    /* whose stream is asked first for the next message */
    bool continues; /* the gather begins with the rest of a message */
    /* What the gather refers to: windows of one movie, */
    struct movie *source; /* which is NULL without file parts; one reference
                             is held for it and `movie` where they are the
                             same, so that not every message counts */
    struct movie_window *windows[FEED_MAX_WINDOWS];
    size_t window_count;
    int64_t source_end_bytes; /* which must reach this far, */
    struct {
        size_t part; /* and replies, between the messages */
        size_t length;
    } replies[RTMP_MAX_MESSAGE_STREAMS + 2]; /* of each stream's end, too */
    size_t replies_count;
    struct {
        uint32_t bytes;
        uint8_t stream; /* its place among the connection's */
        bool is_audio;
        struct chunk_writer before; /* what its chunk stream had seen */
    } begun[GATHER_MAX_PARTS / 2];  /* media messages, in order */
    size_t begun_count;
    struct gather gather;
};

void feed_init(struct feed *feed);
void feed_destroy(struct feed *feed);

/* Fills the gather, which must have been sent, with replies and with tags that
 * are due at `now_ns`, up to GATHER_MAX_BYTES. Plays that are over are stopped,
 * and the viewer told. Afterwards the gather is empty when there is nothing to
 * send before the time returned (CLOCK_NEVER: before something happens). */
int64_t feed_fill(struct feed *feed, struct net_connection *connection,
                  int64_t now_ns);

/* The gather was sent wholly. */
void feed_sent(struct feed *feed, struct net_connection *connection);

/* Drops from the gather what was not begun to be sent, media and replies; the
 * message that was begun stays to be finished. Plays that still are where they
 * were go back to the first tag that was dropped. */
void feed_drop_unsent(struct feed *feed, struct net_connection *connection);

/* The file that the gather is of can no longer be read (FILE_FAULT): drops
 * what was not begun, fills the message that was begun with zeros, and stops
 * the plays of that file. */
void feed_file_failed(struct feed *feed, struct net_connection *connection,
                      int64_t now_ns);

#endif
