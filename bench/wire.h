/* What the clients of the bench say and hear: just enough of RTMP to play, and
 * none of flvd's code but its numbers. */
#ifndef FLVD_BENCH_WIRE_H
#define FLVD_BENCH_WIRE_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtmp/protocol.h"

#define SECOND INT64_C(1000000000)
/* What is kept of a message: enough for every reply to a command. */
#define WIRE_KEPT_BYTES 512
#define WIRE_MAX_OUTPUT_BYTES 1024

/* Says why on standard error and ends the program. */
void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

int64_t now_ns(void);
double milliseconds(int64_t from_ns, int64_t to_ns);
int compare_doubles(const void *a, const void *b); /* for qsort */
/* The smallest value that `fraction` of all do not exceed. */
double quantile(const double *sorted, size_t count, double fraction);
/* A number from 0 to `most`, or dies. */
double read_number(const char *text, double most);

/* --- what is said --------------------------------------------------------- */

/* What to play. */
struct wire_target {
    const char *stream_name;
    uint32_t buffer_ms;
    char app[256];
    char app_url[512];
};

/* rtmp://HOST:PORT/APP/NAME, HOST also in brackets; cuts `url` up, which must
 * outlive the target. The caller frees the addresses. */
struct addrinfo *wire_target_read(struct wire_target *target, char *url);

struct wire_output {
    uint8_t bytes[WIRE_MAX_OUTPUT_BYTES];
    size_t used;
};

/* Transactions: 1, 2; those behind createStream go to message stream 1. */
void wire_put_connect(struct wire_output *output,
                      const struct wire_target *target);
void wire_put_create_stream(struct wire_output *output);
void wire_put_play(struct wire_output *output,
                   const struct wire_target *target);
void wire_put_delete_stream(struct wire_output *output);
void wire_put_seek(struct wire_output *output, double time_ms);
void wire_put_acknowledgement(struct wire_output *output, uint64_t received);

/* --- what is heard -------------------------------------------------------- */

/* What a chunk stream remembers from one header to the next. */
struct wire_chunk_stream {
    uint32_t length;
    uint32_t timestamp_ms;
    uint32_t delta_ms;
    uint8_t type;
    bool extended;
};

struct wire_reader {
    uint32_t chunk_bytes;             /* the server's chunk size */
    uint32_t window_bytes;            /* 0 until the server has announced one */
    struct wire_chunk_stream *stream; /* of the chunk being read, or NULL */
    uint32_t received;                /* of the message being read */
    uint8_t kept[WIRE_KEPT_BYTES];    /* its beginning */
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES];
    size_t header_used;
    struct wire_chunk_stream streams[64];
    uint32_t chunk_left; /* payload still to come in this chunk */
    struct wire_chunk_stream *unfinished; /* whose message is read, or NULL */
};

void wire_reader_init(struct wire_reader *reader);

enum wire_result {
    WIRE_MORE,    /* all bytes were taken */
    WIRE_MESSAGE, /* a message is complete: stream, received and kept tell */
    WIRE_BAD /* not RTMP, or more of it than any server in the bench does */
};

/* Takes bytes from `*data` up to the end of a message. Set Chunk Size and
 * Window Acknowledgement Size are obeyed. */
enum wire_result wire_read(struct wire_reader *reader, const uint8_t **data,
                           size_t *length);

/* About the message that is complete: */
bool wire_contains(const struct wire_reader *reader, const char *text);
/* The result of connect (1) or createStream (2). */
bool wire_is_result(const struct wire_reader *reader, int transaction);
/* The server will not play. */
bool wire_is_refusal(const struct wire_reader *reader);
/* A video frame: no sequence header, neither of AVC nor of Enhanced RTMP, and
 * no video command. */
bool wire_is_frame(const struct wire_reader *reader);
bool wire_is_keyframe(const struct wire_reader *reader);

#endif
