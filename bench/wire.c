/* RTMP for the bench's clients: what they say is put together here, what they
 * hear taken apart. */
#include "config.h"

#include "wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

double milliseconds(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

double quantile(const double *sorted, size_t count, double fraction)
{
    size_t rank = (size_t)(fraction * (double)count + 0.999999);

    return sorted[rank > 0 ? rank - 1 : 0];
}

double read_number(const char *text, double most)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0) || value > most)
        die("a number from 0 to %.0f is wanted, not '%s'", most, text);
    return value;
}

/* --- what is said --------------------------------------------------------- */

static void put(struct wire_output *output, const void *data, size_t length)
{
    if (length > sizeof(output->bytes) - output->used)
        die("the URL is too long");
    memcpy(output->bytes + output->used, data, length);
    output->used += length;
}

static void put_integer(struct wire_output *output, uint32_t value,
                        unsigned bytes)
{
    while (bytes-- > 0) {
        uint8_t byte = (uint8_t)(value >> (8 * bytes));

        put(output, &byte, 1);
    }
}

static void put_name(struct wire_output *output, const char *text)
{
    put_integer(output, (uint32_t)strlen(text), 2);
    put(output, text, strlen(text));
}

/* AMF0 */
static void put_string(struct wire_output *output, const char *text)
{
    put_integer(output, 2, 1);
    put_name(output, text);
}

static void put_number(struct wire_output *output, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    put_integer(output, 0, 1);
    put_integer(output, (uint32_t)(bits >> 32), 4);
    put_integer(output, (uint32_t)bits, 4);
}

static void put_null(struct wire_output *output)
{
    put_integer(output, 5, 1);
}

/* A message at time 0, in chunks of the default size. */
static void put_message(struct wire_output *output, uint8_t csid, uint8_t type,
                        uint8_t stream_id, const struct wire_output *payload)
{
    const uint8_t stream_id_bytes[4] = {stream_id, 0, 0, 0}; /* little endian */
    size_t at = 0;

    put_integer(output, csid, 1);
    put_integer(output, 0, 3);
    put_integer(output, (uint32_t)payload->used, 3);
    put_integer(output, type, 1);
    put(output, stream_id_bytes, sizeof(stream_id_bytes));
    while (at < payload->used) {
        size_t length = payload->used - at;

        if (length > RTMP_DEFAULT_CHUNK_BYTES)
            length = RTMP_DEFAULT_CHUNK_BYTES;
        if (at > 0)
            put_integer(output, 0xC0u | csid, 1);
        put(output, payload->bytes + at, length);
        at += length;
    }
}

void wire_put_connect(struct wire_output *output,
                      const struct wire_target *target)
{
    struct wire_output payload = {.used = 0};

    put_string(&payload, "connect");
    put_number(&payload, 1);
    put_integer(&payload, 3, 1);
    put_name(&payload, "app");
    put_string(&payload, target->app);
    put_name(&payload, "flashVer");
    put_string(&payload, "LNX 9,0,124,2");
    put_name(&payload, "tcUrl");
    put_string(&payload, target->app_url);
    put_integer(&payload, 9, 3);
    put_message(output, 3, RTMP_COMMAND_AMF0, 0, &payload);
}

void wire_put_create_stream(struct wire_output *output)
{
    struct wire_output payload = {.used = 0};

    put_string(&payload, "createStream");
    put_number(&payload, 2);
    put_null(&payload);
    put_message(output, 3, RTMP_COMMAND_AMF0, 0, &payload);
}

void wire_put_play(struct wire_output *output, const struct wire_target *target)
{
    struct wire_output payload = {.used = 0};

    put_string(&payload, "play");
    put_number(&payload, 3);
    put_null(&payload);
    put_string(&payload, target->stream_name);
    put_number(&payload, -2000);
    put_message(output, 8, RTMP_COMMAND_AMF0, 1, &payload);

    payload.used = 0;
    put_integer(&payload, RTMP_SET_BUFFER_LENGTH, 2);
    put_integer(&payload, 1, 4);
    put_integer(&payload, target->buffer_ms, 4);
    put_message(output, 2, RTMP_USER_CONTROL, 0, &payload);
}

void wire_put_delete_stream(struct wire_output *output)
{
    struct wire_output payload = {.used = 0};

    put_string(&payload, "deleteStream");
    put_number(&payload, 5);
    put_null(&payload);
    put_number(&payload, 1);
    put_message(output, 3, RTMP_COMMAND_AMF0, 0, &payload);
}

void wire_put_seek(struct wire_output *output, double time_ms)
{
    struct wire_output payload = {.used = 0};

    put_string(&payload, "seek");
    put_number(&payload, 4);
    put_null(&payload);
    put_number(&payload, time_ms);
    put_message(output, 8, RTMP_COMMAND_AMF0, 1, &payload);
}

void wire_put_acknowledgement(struct wire_output *output, uint64_t received)
{
    struct wire_output payload = {.used = 0};

    put_integer(&payload, (uint32_t)received, 4);
    put_message(output, 2, RTMP_ACKNOWLEDGEMENT, 0, &payload);
}

struct addrinfo *wire_target_read(struct wire_target *target, char *url)
{
    static const char scheme[] = "rtmp://";
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *server;
    char *host = url + strlen(scheme), *app, *name, *port;
    int fault;

    if (strncmp(url, scheme, strlen(scheme)) != 0 ||
        (app = strchr(host, '/')) == NULL ||
        (name = strchr(app + 1, '/')) == NULL)
        die("the URL is rtmp://HOST:PORT/APP/NAME, not %s", url);
    *name++ = '\0';
    snprintf(target->app_url, sizeof(target->app_url), "%s", url);
    *app++ = '\0';
    snprintf(target->app, sizeof(target->app), "%s", app);
    target->stream_name = name;
    port = strrchr(host, ':');
    if (port == NULL || strchr(port, ']') != NULL)
        die("the URL names no port");
    *port++ = '\0';
    if (host[0] == '[' && port[-2] == ']') {
        port[-2] = '\0';
        host++;
    }
    fault = getaddrinfo(host, port, &hints, &server);
    if (fault != 0)
        die("%s port %s: %s", host, port, gai_strerror(fault));
    return server;
}

/* --- what is heard -------------------------------------------------------- */

void wire_reader_init(struct wire_reader *reader)
{
    memset(reader, 0, sizeof(*reader));
    reader->chunk_bytes = RTMP_DEFAULT_CHUNK_BYTES;
}

static uint32_t read_integer(const uint8_t *data, unsigned bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *data++;
    return value;
}

/* How many bytes the chunk header has, as far as header_used of them tell:
 * more than header_used while they do not tell enough. */
static size_t chunk_header_bytes(const struct wire_reader *reader)
{
    static const size_t message_header_bytes[4] = {11, 7, 3, 0};
    const uint8_t *header = reader->header;
    unsigned format = header[0] >> 6;
    size_t bytes = 1 + message_header_bytes[format];

    if (reader->header_used == 0)
        return 1;
    if (reader->header_used < bytes)
        return bytes;
    if (format == 3)
        return reader->streams[header[0] & 63].extended ? bytes + 4 : bytes;
    return read_integer(header + 1, 3) == RTMP_EXTENDED_TIMESTAMP ? bytes + 4
                                                                  : bytes;
}

/* Adds up the timestamp that a header tells. */
static void read_timestamp(struct wire_chunk_stream *stream,
                           const struct wire_reader *reader, unsigned format)
{
    static const size_t extension_at[4] = {12, 8, 4, 0};
    uint32_t ms;

    if (format < 3) {
        ms = read_integer(reader->header + 1, 3);
        stream->extended = ms == RTMP_EXTENDED_TIMESTAMP;
        if (stream->extended)
            ms = read_integer(reader->header + extension_at[format], 4);
        stream->delta_ms = ms;
    }
    if (format == 0)
        stream->timestamp_ms = stream->delta_ms;
    else if (reader->unfinished == NULL)
        stream->timestamp_ms += stream->delta_ms;
}

/* A chunk header is complete. False if it breaks the rules, or uses those
 * that neither server does: chunk streams from 64 on, interleaved messages. */
static bool start_chunk(struct wire_reader *reader)
{
    const uint8_t *header = reader->header;
    unsigned format = header[0] >> 6;
    struct wire_chunk_stream *stream = &reader->streams[header[0] & 63];
    uint32_t left;

    if ((header[0] & 63) < 2 ||
        (reader->unfinished != NULL && reader->unfinished != stream))
        return false;
    read_timestamp(stream, reader, format);
    if (format < 2) {
        stream->length = read_integer(header + 4, 3);
        stream->type = header[7];
    }
    if (reader->unfinished == NULL)
        reader->received = 0;
    left = stream->length - reader->received;
    reader->unfinished = stream;
    reader->stream = stream;
    reader->chunk_left =
        left < reader->chunk_bytes ? left : reader->chunk_bytes;
    return true;
}

static void keep(struct wire_reader *reader, const uint8_t *data, size_t length)
{
    size_t at = reader->received;

    if (at >= WIRE_KEPT_BYTES)
        return;
    if (length > WIRE_KEPT_BYTES - at)
        length = WIRE_KEPT_BYTES - at;
    memcpy(reader->kept + at, data, length);
}

static size_t kept_bytes(const struct wire_reader *reader)
{
    return reader->received < WIRE_KEPT_BYTES ? reader->received
                                              : WIRE_KEPT_BYTES;
}

static enum wire_result obey(struct wire_reader *reader)
{
    uint8_t type = reader->stream->type;
    uint32_t value;

    if (type != RTMP_SET_CHUNK_SIZE && type != RTMP_WINDOW_ACK_SIZE)
        return WIRE_MESSAGE;
    if (reader->received < 4)
        return WIRE_BAD;
    value = read_integer(reader->kept, 4);
    if (type == RTMP_WINDOW_ACK_SIZE)
        reader->window_bytes = value;
    else if (value == 0 || value > RTMP_MAX_CHUNK_BYTES)
        return WIRE_BAD;
    else
        reader->chunk_bytes = value;
    return WIRE_MESSAGE;
}

/* The next byte of a chunk header. False at the end of the bytes. */
static bool read_header(struct wire_reader *reader, const uint8_t **data,
                        size_t *length)
{
    while (reader->header_used < chunk_header_bytes(reader)) {
        if (*length == 0)
            return false;
        reader->header[reader->header_used++] = *(*data)++;
        --*length;
    }
    reader->header_used = 0;
    return true;
}

enum wire_result wire_read(struct wire_reader *reader, const uint8_t **data,
                           size_t *length)
{
    if (reader->unfinished == NULL)
        reader->stream = NULL;
    for (;;) {
        size_t part;

        if (reader->stream == NULL) {
            if (!read_header(reader, data, length))
                return WIRE_MORE;
            if (!start_chunk(reader))
                return WIRE_BAD;
        }
        part = *length < reader->chunk_left ? *length : reader->chunk_left;
        keep(reader, *data, part);
        reader->received += (uint32_t)part;
        reader->chunk_left -= (uint32_t)part;
        *data += part;
        *length -= part;
        if (reader->chunk_left > 0)
            return WIRE_MORE;
        if (reader->received == reader->stream->length) {
            reader->unfinished = NULL;
            return obey(reader);
        }
        reader->stream = NULL;
    }
}

bool wire_contains(const struct wire_reader *reader, const char *text)
{
    return memmem(reader->kept, kept_bytes(reader), text, strlen(text)) != NULL;
}

bool wire_is_result(const struct wire_reader *reader, int transaction)
{
    static const uint8_t result[] = "\x02\x00\x07_result";
    static const uint8_t one[] = {0x00, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0};
    static const uint8_t two[] = {0x00, 0x40, 0x00, 0, 0, 0, 0, 0, 0};
    const size_t name_bytes = sizeof(result) - 1;

    return reader->stream->type == RTMP_COMMAND_AMF0 &&
           kept_bytes(reader) >= name_bytes + sizeof(one) &&
           memcmp(reader->kept, result, name_bytes) == 0 &&
           memcmp(reader->kept + name_bytes, transaction == 1 ? one : two,
                  sizeof(one)) == 0;
}

bool wire_is_refusal(const struct wire_reader *reader)
{
    return reader->stream->type == RTMP_COMMAND_AMF0 &&
           (wire_contains(reader, "_error") ||
            wire_contains(reader, "NetStream.Play.StreamNotFound") ||
            wire_contains(reader, "NetStream.Play.Failed"));
}

bool wire_is_frame(const struct wire_reader *reader)
{
    const uint8_t *data = reader->kept;

    if (reader->stream->type != RTMP_VIDEO || kept_bytes(reader) < 2 ||
        (data[0] >> 4 & 7) == 5)
        return false;
    if ((data[0] & 0x80) != 0)
        return (data[0] & 0x0F) != 0;
    return (data[0] & 0x0F) != 7 || data[1] != 0;
}

bool wire_is_keyframe(const struct wire_reader *reader)
{
    return wire_is_frame(reader) && (reader->kept[0] >> 4 & 7) == 1;
}
