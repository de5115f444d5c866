/* A viewer of a server that things go wrong with: it may be refused, broken off
 * or told the end at any moment, but what it gets must be right, tag by tag.
 * What is not is kept in `wrong`, and nothing more is done then. One thread may
 * have several, each of which waits for what must come. */
#ifndef FLVD_TESTS_FAULTS_VIEWER_H
#define FLVD_TESTS_FAULTS_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- films --------------------------------------------------------------- */

/* Audio and video whose tags all differ. */
struct film {
    uint8_t *data;
    size_t length;
    size_t *offsets; /* of the tags: sequence headers, then frames */
    size_t count;
};

#define FILM_HEADERS 2
#define FILM_FRAME_MS 40 /* a picture, and two frames of sound */
#define FILM_KEYFRAME_EVERY 10

/* A film of so many pictures, each of so many bytes. */
void film_make(struct film *film, size_t pictures, size_t picture_bytes);
void film_free(struct film *film);

/* --- viewers ------------------------------------------------------------- */

#define VIEWER_TIMEOUT_S 30

struct viewer {
    int fd;
    void *tls; /* NULL: without */
    char wrong[160];
    bool ended; /* the connection did, or never was */

    const struct film *film;
    size_t next;      /* tag that must come */
    bool seeks;       /* any keyframe may, behind the sequence headers */
    bool is_blank;    /* the last one was filled up with zeros */
    uint64_t media;   /* tags that came */
    uint64_t rounds;  /* how often the film came to its end */
    bool is_complete; /* Play.Complete was told, */
    bool is_stopped;  /* Play.Stop, */
    bool is_over;     /* and StreamEOF */
    bool is_refused;  /* an error was told */
    char status[64];  /* the code of the last onStatus */
    uint32_t pongs;

    uint32_t chunk_bytes;
    uint32_t received_bytes;
    uint32_t acknowledged_bytes;
    struct viewer_chunk_stream {
        bool is_extended;
        uint8_t type;
        uint32_t size;
    } streams[64];
    uint8_t *message;
    size_t begin, end; /* of what lies in `buffer` */
    uint8_t buffer[16384];
};

/* Comes as far as an answer to `connect`. False when it ended, here and below.
 * The caller's to close in any case. */
bool viewer_connect(struct viewer *viewer, uint16_t port, bool over_tls);

/* Only a connection, over which something else may be said. */
bool viewer_connect_bare(struct viewer *viewer, uint16_t port);
bool viewer_send(struct viewer *viewer, const void *data, size_t size);

/* Plays `name`, which is this film, in a new stream the first time, with a
 * buffer of so much. */
bool viewer_play(struct viewer *viewer, const char *name,
                 const struct film *film, uint32_t buffer_ms);
bool viewer_seek(struct viewer *viewer, double to_ms);
bool viewer_pause(struct viewer *viewer, bool is_paused);

/* Reads and judges one message. */
bool viewer_read(struct viewer *viewer);

/* Reads on until so many tags came, a status came, all is over, the connection
 * ended; or, all of them, the play is over or refused. */
bool viewer_read_media(struct viewer *viewer, uint64_t media);
bool viewer_read_status(struct viewer *viewer, const char *code);
bool viewer_read_over(struct viewer *viewer);
/* All that was sent before the answer to a ping. */
bool viewer_catch_up(struct viewer *viewer);
void viewer_read_end(struct viewer *viewer);

/* Closes it; with a reset if `resets`. */
void viewer_close(struct viewer *viewer);
void viewer_reset(struct viewer *viewer);

#endif
