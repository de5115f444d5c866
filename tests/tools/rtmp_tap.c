/* rtmp_tap: stands between RTMP clients and a server and tells, a line each,
 * which messages pass. Like rtmp_tags it uses none of flvd's code.
 *
 *     rtmp_tap PORT     prints its own port, then passes on what comes there
 *                       to 127.0.0.1:PORT, until it is killed
 *     rtmp_tap FILE     prints the audio and video of an FLV file as if a
 *                       server had sent it
 *
 * A line is the number of the connection, who speaks, and what it says:
 *
 *     1 client seek null 5000
 *     1 client user 3 1 3000            type, stream, value
 *     1 server onStatus null NetStream.Seek.Notify
 *     1 server video 4960 key 2514 8c1b4a6c9d3f0e57    time, size, hash
 *     1 server closed
 *
 * A message is told before its last byte is passed on, so that no answer
 * stands before its question. Acknowledgements are not told. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_BYTES 1536
#define CHUNK_STREAMS 64
#define MAX_MESSAGE_BYTES (16u << 20)
#define LINE_BYTES 1024
#define SOCKET_BYTES 262144

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t get_be(const uint8_t *data, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | data[i];
    return value;
}

/* --- lines --------------------------------------------------------------- */

struct line {
    size_t length;
    char text[LINE_BYTES];
};

static void add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - line->length;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_text(struct line *line, const uint8_t *data, size_t size)
{
    add(line, " ");
    for (size_t i = 0; i < size; i++)
        add(line, "%c", data[i] > ' ' && data[i] < 127 ? data[i] : '?');
}

static void tell(const struct line *line)
{
    flockfile(stdout);
    puts(line->text);
    fflush(stdout);
    funlockfile(stdout);
}

/* --- media --------------------------------------------------------------- */

/* FNV-1a */
static uint64_t hash(const uint8_t *data, size_t size)
{
    uint64_t value = 0xCBF29CE484222325;

    for (size_t i = 0; i < size; i++)
        value = (value ^ data[i]) * 0x100000001B3;
    return value;
}

/* What kind of thing a tag of AAC or AVC, or of another codec, holds. */
static const char *media_kind(uint8_t type, const uint8_t *data, size_t size)
{
    if (size < 2)
        return "empty";
    if (type == 8)
        return data[0] >> 4 == 10 && data[1] == 0 ? "config" : "frame";
    if ((data[0] & 0x0F) == 7 && data[1] != 1)
        return data[1] == 0 ? "config" : "end";
    return data[0] >> 4 == 1 ? "key" : "frame";
}

static void add_media(struct line *line, uint8_t type, uint32_t time_ms,
                      const uint8_t *data, size_t size)
{
    add(line, " %s %u %s %zu %016llx", type == 8 ? "audio" : "video", time_ms,
        media_kind(type, data, size), size,
        (unsigned long long)hash(data, size));
}

static int list_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t header[13];

    if (file == NULL || fread(header, 1, 13, file) != 13 ||
        memcmp(header, "FLV\1", 4) != 0)
        die(path);
    while (fread(header, 1, 11, file) == 11) {
        uint32_t size = get_be(header + 1, 3);
        uint8_t *data = malloc(size + 4u);
        struct line line = {0};

        if (data == NULL || fread(data, 1, size + 4u, file) != size + 4u)
            die(path);
        add(&line, "0 server");
        add_media(&line, header[0],
                  get_be(header + 4, 3) | (uint32_t)header[7] << 24, data,
                  size);
        if (header[0] == 8 || header[0] == 9)
            tell(&line);
        free(data);
    }
    fclose(file);
    return 0;
}

/* --- one direction of a connection --------------------------------------- */

/* What is remembered of a chunk stream. */
struct chunk_stream {
    bool is_extended;
    uint32_t delta_ms; /* or the time itself, behind a full header */
    uint32_t time_ms;
    uint32_t size;
    uint32_t done;
    uint8_t type;
    uint8_t *data;
};

struct direction {
    const char *speaker;
    unsigned number;
    int from, to;
    uint32_t chunk_bytes;
    struct chunk_stream streams[CHUNK_STREAMS];
    size_t begin, end; /* of what lies unread in `buffer` */
    uint8_t buffer[65536];
};

/* Passes on what was read, and gets more. False at the end of one of them. */
static bool refill(struct direction *direction)
{
    ssize_t n;

    for (size_t sent = 0; sent < direction->end; sent += (size_t)n) {
        n = send(direction->to, direction->buffer + sent, direction->end - sent,
                 MSG_NOSIGNAL);
        if (n <= 0)
            return false;
    }
    direction->begin = direction->end = 0;
    n = recv(direction->from, direction->buffer, sizeof(direction->buffer), 0);
    if (n > 0)
        direction->end = (size_t)n;
    return n > 0;
}

/* Into `data`, if that is not NULL. */
static bool read_bytes(struct direction *direction, uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        size_t n = direction->end - direction->begin;

        if (n == 0) {
            if (!refill(direction))
                return false;
            continue;
        }
        n = n < bytes ? n : bytes;
        if (data != NULL) {
            memcpy(data, direction->buffer + direction->begin, n);
            data += n;
        }
        direction->begin += n;
        bytes -= n;
    }
    return true;
}

/* --- what messages say --------------------------------------------------- */

/* The text behind a name in an object, such as {code: "..."}. */
static void add_member(struct line *line, const char *name, const uint8_t *data,
                       size_t size)
{
    size_t length = strlen(name);

    for (size_t i = 0; i + length + 3 < size; i++) {
        const uint8_t *value = data + i + length;

        if (memcmp(data + i, name, length) != 0 || value[0] != 2)
            continue;
        if (get_be(value + 1, 2) <= size - i - length - 3)
            add_text(line, value + 3, get_be(value + 1, 2));
        return;
    }
}

static void add_number(struct line *line, const uint8_t *data)
{
    uint64_t bits = (uint64_t)get_be(data, 4) << 32 | get_be(data + 4, 4);
    double number;

    memcpy(&number, &bits, sizeof(number));
    add(line, " %.0f", number);
}

/* AMF0 values, up to the first object. */
static void add_values(struct line *line, const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t used;

        if (data[0] == 0 && size >= 9) {
            add_number(line, data + 1);
            used = 9;
        } else if (data[0] == 1 && size >= 2) {
            add(line, data[1] != 0 ? " true" : " false");
            used = 2;
        } else if (data[0] == 2 && size >= 3 &&
                   get_be(data + 1, 2) <= size - 3) {
            used = 3 + get_be(data + 1, 2);
            add_text(line, data + 3, used - 3);
        } else if (data[0] == 5) {
            add(line, " null");
            used = 1;
        } else {
            add_member(line, "\4code", data + 1, size - 1);
            return;
        }
        data += used;
        size -= used;
    }
}

/* Its name and arguments, without the transaction id. */
static void add_command(struct line *line, const uint8_t *data, size_t size)
{
    size_t name = size >= 3 ? get_be(data + 1, 2) : 0;

    if (size < name + 3 || data[0] != 2) {
        add(line, " nonsense");
        return;
    }
    add_text(line, data + 3, name);
    data += name + 3;
    size -= name + 3;
    if (size >= 9 && data[0] == 0)
        add_values(line, data + 9, size - 9);
    else
        add_values(line, data, size);
}

static void add_user_control(struct line *line, const uint8_t *data,
                             size_t size)
{
    add(line, " user");
    if (size >= 2)
        add(line, " %u", get_be(data, 2));
    for (size_t at = 2; at + 4 <= size; at += 4)
        add(line, " %u", get_be(data + at, 4));
}

static void tell_message(struct direction *direction,
                         const struct chunk_stream *message)
{
    struct line line = {0};

    add(&line, "%u %s", direction->number, direction->speaker);
    switch (message->type) {
    case 1:
        if (message->size >= 4)
            direction->chunk_bytes = get_be(message->data, 4);
        add(&line, " chunks %u", direction->chunk_bytes);
        break;
    case 3:
        return;
    case 4:
        add_user_control(&line, message->data, message->size);
        break;
    case 8:
    case 9:
        add_media(&line, message->type, message->time_ms, message->data,
                  message->size);
        break;
    case 18:
    case 20:
        add_command(&line, message->data, message->size);
        break;
    default:
        add(&line, " type %u", message->type);
    }
    tell(&line);
}

/* --- chunks (RTMP 1.0, 5.3) ---------------------------------------------- */

static bool read_time(struct direction *direction, struct chunk_stream *stream)
{
    uint8_t data[4];

    if (!stream->is_extended)
        return true;
    if (!read_bytes(direction, data, 4))
        return false;
    stream->delta_ms = get_be(data, 4);
    return true;
}

static bool read_message_header(struct direction *direction,
                                struct chunk_stream *stream, unsigned format)
{
    static const size_t sizes[] = {11, 7, 3, 0};
    uint8_t data[11];

    if (!read_bytes(direction, data, sizes[format]))
        return false;
    if (format < 3) {
        stream->delta_ms = get_be(data, 3);
        stream->is_extended = stream->delta_ms == 0xFFFFFF;
    }
    if (format < 2) {
        stream->size = get_be(data + 3, 3);
        stream->type = data[6];
    }
    if (!read_time(direction, stream) || stream->size > MAX_MESSAGE_BYTES)
        return false;
    if (stream->done > 0) /* its message goes on */
        return true;
    stream->time_ms = stream->delta_ms + (format == 0 ? 0 : stream->time_ms);
    free(stream->data);
    stream->data = malloc(stream->size + 1u);
    return stream->data != NULL;
}

static bool read_chunk(struct direction *direction)
{
    struct chunk_stream *stream;
    uint8_t basic;
    uint32_t n;

    if (!read_bytes(direction, &basic, 1) || (basic & 0x3F) < 2)
        return false;
    stream = &direction->streams[basic & 0x3F];
    if (!read_message_header(direction, stream, basic >> 6))
        return false;
    n = stream->size - stream->done;
    n = n < direction->chunk_bytes ? n : direction->chunk_bytes;
    if (!read_bytes(direction, stream->data + stream->done, n))
        return false;
    stream->done += n;
    if (stream->done == stream->size) {
        stream->done = 0;
        tell_message(direction, stream);
    }
    return true;
}

/* --- connections --------------------------------------------------------- */

/* When one side has ended, so does its side of the other connection. What the
 * tap does not understand, it still passes on. */
static void *pass_on(void *argument)
{
    struct direction *direction = argument;
    struct line line = {0};

    if (read_bytes(direction, NULL, 1 + 2 * HANDSHAKE_BYTES))
        while (read_chunk(direction))
            ;
    while (refill(direction))
        ;
    add(&line, "%u %s closed", direction->number, direction->speaker);
    tell(&line);
    shutdown(direction->to, SHUT_WR);
    shutdown(direction->from, SHUT_RD);
    return NULL;
}

/* What lies in the tap is neither here nor there, so let it not be much. Before
 * a socket is connected or listens. */
static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){SOCKET_BYTES}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BYTES}, sizeof(int));
    return fd;
}

/* -1 when nobody listens there any more. */
static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr.s_addr =
                                            htonl(INADDR_LOOPBACK)};
    int fd = open_socket();

    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Descriptors and memory last as long as the tap: that is one test. */
static void start_direction(unsigned number, const char *speaker, int from,
                            int to)
{
    struct direction *direction = calloc(1, sizeof(*direction));
    pthread_t thread;

    if (direction == NULL)
        die("calloc");
    direction->number = number;
    direction->speaker = speaker;
    direction->from = from;
    direction->to = to;
    direction->chunk_bytes = 128;
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (pthread_create(&thread, NULL, pass_on, direction) != 0)
        die("pthread_create");
    pthread_detach(thread);
}

static void serve(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = open_socket();

    if (bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    for (unsigned number = 1;; number++) {
        int client = accept(listener, NULL, NULL);
        int server = connect_to(port);

        if (client < 0)
            die("accept");
        if (server < 0) {
            close(client);
            continue;
        }
        start_direction(number, "client", client, server);
        start_direction(number, "server", server, client);
    }
}

int main(int argc, char **argv)
{
    char *end;
    unsigned long port;

    if (argc != 2) {
        fputs("usage: rtmp_tap PORT|FILE\n", stderr);
        return 2;
    }
    port = strtoul(argv[1], &end, 10);
    if (*end != '\0' || port == 0 || port > 65535)
        return list_file(argv[1]);
    serve((uint16_t)port);
}
