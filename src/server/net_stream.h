/* NetStream: one message stream of a connection, and what it plays. It puts
 * the status messages of a play into the outbox; the media themselves are the
 * feed's business. No sockets; `now` is an argument. */
#ifndef FLVD_SERVER_NET_STREAM_H
#define FLVD_SERVER_NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "play/playback.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/command.h"
#include "server/outbox.h"

/* A viewer is fed at least this far ahead: some announce 0.1 s and starve. */
#define NET_STREAM_MIN_LEAD_MS 1000
/* In an endless loop a viewer that asks for hours would never stop filling. */
#define NET_STREAM_MAX_LOOP_LEAD_MS 60000

struct net_stream {
    uint32_t id;         /* message stream id, from 1; 0: not in use */
    bool is_playing;     /* and not at its end */
    bool took_first;     /* the first batch of this play was sent */
    int64_t started_ns;  /* when its first media were on their way */
    int64_t buffer_ms;   /* what the viewer announced; -1: nothing */
    bool receives_audio; /* in this play, and those to come */
    bool receives_video;
    struct playback *playback; /* NULL: it plays nothing */
    bool owes_transition;      /* it switched, and the viewer is to be told */
    uint64_t sent_bytes;       /* of media, in this play */
    uint64_t sent_tags;
    /* Where the play stood before the gather that is being sent, for the feed
     * to go back to; valid when is_marked. There is one where there is a
     * playback. */
    struct playback_place *mark;
    bool is_marked;
    uint64_t mark_bytes;
    uint64_t mark_tags;
    /* What was sent last on its chunk streams for media. */
    struct chunk_writer audio;
    struct chunk_writer video;
};

void net_stream_init(struct net_stream *stream, uint32_t id);

/* Releases what it plays, silently. */
void net_stream_destroy(struct net_stream *stream);

struct net_stream_play {
    struct movie *movie;     /* the stream takes a reference of its own */
    struct amf0_string name; /* as the viewer gave it */
    bool reset;
    int64_t fixed_lead_ms; /* --lead; -1: what the viewer announced */
    int64_t start_ms;      /* 0 or below: from the beginning */
    int64_t duration_ms;   /* 0 or below: to the end */
    int64_t skip_late_ms;  /* 0: never */
    struct timeline_options options;
};

/* Begins to play, ending what was played before. False: out of memory. */
bool net_stream_play(struct net_stream *stream,
                     const struct net_stream_play *play, struct outbox *outbox,
                     int64_t now_ns);

/* Goes on in another movie at the same time of the timeline, as play2 asks: the
 * viewer is told so at once, and again (net_stream_switched) when its first
 * frame was begun to be sent. The stream plays. */
void net_stream_switch(struct net_stream *stream, struct movie *movie,
                       struct amf0_string name, struct outbox *outbox);
/* The other movie's turn has come. */
void net_stream_switch_over(struct net_stream *stream);
void net_stream_switched(struct net_stream *stream, struct outbox *outbox);

/* The viewer announced its buffer. */
void net_stream_set_buffer(struct net_stream *stream, int64_t buffer_ms,
                           int64_t fixed_lead_ms);

/* Pauses, or goes on. Whether that changed anything; it is answered anyway. */
bool net_stream_pause(struct net_stream *stream, bool pause,
                      struct outbox *outbox, int64_t now_ns);

/* Goes to `time_ms` on the viewer's timeline; from the end of a play, too. */
void net_stream_seek(struct net_stream *stream, int64_t time_ms,
                     struct outbox *outbox);

/* The viewer wants audio or video (a tag's type) no more, or again. Whether
 * what is on its way is not wanted. */
bool net_stream_receive(struct net_stream *stream, enum flv_tag_type type,
                        bool receive, struct outbox *outbox, int64_t now_ns);

/* The play came to its end: the viewer is told. It may still seek. */
void net_stream_complete(struct net_stream *stream, struct outbox *outbox);

/* Ends the play: also one that came to its end, which is told once more, since
 * HaishinKit waits for it. Nothing when nothing was played. */
void net_stream_stop(struct net_stream *stream, struct outbox *outbox);

/* Whether the viewer is still to take the first batch of its play. */
bool net_stream_owes_burst(const struct net_stream *stream);

/* The chunk stream id of a message stream, for one of the RTMP_CSID_ bases. */
uint32_t net_stream_chunk_stream_id(const struct net_stream *stream,
                                    uint32_t base);

/* A status message on this stream (7.2.2, onStatus). */
void net_stream_status(const struct net_stream *stream,
                       const struct rtmp_status *status, struct outbox *outbox);

#endif
