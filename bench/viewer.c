/* The load generator of the bench: many RTMP viewers in one process, on
 * epoll. Each does what a player does up to its first frame, all replies
 * parsed, and from there on only takes the stream and acknowledges it. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rtmp/protocol.h"

#define SECOND INT64_C(1000000000)
/* A viewer without a frame after this time has failed. */
#define JOIN_LIMIT (30 * SECOND)
/* What is kept of a message: enough for every reply to a command. */
#define KEPT_BYTES 512
#define MAX_OUTPUT_BYTES 1024
#define MAX_VIEWERS 100000
#define EVENTS 256

static const char usage[] =
    "Usage: viewer [-n VIEWERS] [-r RATE] [-t SECONDS] [-b MS] [-o CSV] URL\n"
    "  -n VIEWERS  how many (default 1)\n"
    "  -r RATE     so many join a second (default: each when the one before\n"
    "              has seen its first frame)\n"
    "  -t SECONDS  stay so long after the last has joined, having said\n"
    "              `playing' (default: each leaves at its first frame)\n"
    "  -b MS       the buffer that each announces (default 3000)\n"
    "  -o CSV      write a line for each viewer to this file\n";

struct output {
    uint8_t bytes[MAX_OUTPUT_BYTES];
    size_t used;
};

enum stage {
    STAGE_CONNECTING,
    STAGE_HANDSHAKE,
    STAGE_COMMANDS, /* up to the first frame */
    STAGE_WATCHING,
    STAGE_LEFT,
    STAGE_FAILED /* before its first frame */
};

/* What a chunk stream remembers from one header to the next. */
struct chunk_stream {
    uint32_t length;
    uint8_t type;
    bool extended;
};

struct viewer {
    int fd;
    enum stage stage;
    bool dropped; /* by the server, while watching */
    int64_t connect_ns, first_video_ns, first_frame_ns;
    uint64_t received, acknowledged;
    uint32_t window_bytes; /* 0 until the server has announced one */
    uint32_t chunk_bytes;  /* the server's chunk size */
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES];
    size_t header_used;
    struct chunk_stream streams[64];
    struct chunk_stream *stream;     /* of the chunk being read, or NULL */
    uint32_t chunk_left;             /* payload still to come in this chunk */
    struct chunk_stream *unfinished; /* whose message is being read, or NULL */
    uint32_t message_received;
    uint8_t kept[KEPT_BYTES];
};

static struct {
    size_t viewers;
    double rate;
    double stay_seconds;
    uint32_t buffer_ms;
    const char *csv_path;
    const char *stream_name;
    char app[256];
    char app_url[512];
} options = {.viewers = 1, .buffer_ms = 3000};

/* The viewers that have seen a frame or failed. */
static size_t settled;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2)))
__attribute__((noreturn));

static void die(const char *format, ...)
{
    va_list arguments;

    fputs("viewer: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* --- what a viewer says --------------------------------------------------- */

static void put(struct output *output, const void *data, size_t length)
{
    if (length > sizeof(output->bytes) - output->used)
        die("the URL is too long");
    memcpy(output->bytes + output->used, data, length);
    output->used += length;
}

static void put_integer(struct output *output, uint32_t value, unsigned bytes)
{
    while (bytes-- > 0) {
        uint8_t byte = (uint8_t)(value >> (8 * bytes));

        put(output, &byte, 1);
    }
}

static void put_name(struct output *output, const char *text)
{
    put_integer(output, (uint32_t)strlen(text), 2);
    put(output, text, strlen(text));
}

/* AMF0 */
static void put_string(struct output *output, const char *text)
{
    put_integer(output, 2, 1);
    put_name(output, text);
}

static void put_number(struct output *output, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    put_integer(output, 0, 1);
    put_integer(output, (uint32_t)(bits >> 32), 4);
    put_integer(output, (uint32_t)bits, 4);
}

static void put_null(struct output *output)
{
    put_integer(output, 5, 1);
}

/* A message at time 0, in chunks of the default size. */
static void put_message(struct output *output, uint8_t csid, uint8_t type,
                        uint8_t stream_id, const struct output *payload)
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

static void put_connect(struct output *output)
{
    struct output payload = {.used = 0};

    put_string(&payload, "connect");
    put_number(&payload, 1);
    put_integer(&payload, 3, 1);
    put_name(&payload, "app");
    put_string(&payload, options.app);
    put_name(&payload, "flashVer");
    put_string(&payload, "LNX 9,0,124,2");
    put_name(&payload, "tcUrl");
    put_string(&payload, options.app_url);
    put_integer(&payload, 9, 3);
    put_message(output, 3, RTMP_COMMAND_AMF0, 0, &payload);
}

static void put_create_stream(struct output *output)
{
    struct output payload = {.used = 0};

    put_string(&payload, "createStream");
    put_number(&payload, 2);
    put_null(&payload);
    put_message(output, 3, RTMP_COMMAND_AMF0, 0, &payload);
}

static void put_play(struct output *output)
{
    struct output payload = {.used = 0};

    put_string(&payload, "play");
    put_number(&payload, 3);
    put_null(&payload);
    put_string(&payload, options.stream_name);
    put_number(&payload, -2000);
    put_message(output, 8, RTMP_COMMAND_AMF0, 1, &payload);

    payload.used = 0;
    put_integer(&payload, RTMP_SET_BUFFER_LENGTH, 2);
    put_integer(&payload, 1, 4);
    put_integer(&payload, options.buffer_ms, 4);
    put_message(output, 2, RTMP_USER_CONTROL, 0, &payload);
}

/* Each answer of a viewer fits an empty send buffer, and nothing else is in
 * it: a short write is a failure like any other. */
static bool say(struct viewer *viewer, const struct output *output)
{
    return send(viewer->fd, output->bytes, output->used, MSG_NOSIGNAL) ==
           (ssize_t)output->used;
}

static bool acknowledge(struct viewer *viewer)
{
    struct output output = {.used = 0}, payload = {.used = 0};

    if (viewer->window_bytes == 0 ||
        viewer->received - viewer->acknowledged < viewer->window_bytes / 2)
        return true;
    viewer->acknowledged = viewer->received;
    put_integer(&payload, (uint32_t)viewer->received, 4);
    put_message(&output, 2, RTMP_ACKNOWLEDGEMENT, 0, &payload);
    return say(viewer, &output);
}

/* --- what a viewer hears -------------------------------------------------- */

static uint32_t read_integer(const uint8_t *data, unsigned bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *data++;
    return value;
}

static bool contains(const uint8_t *data, size_t length, const char *text)
{
    return memmem(data, length, text, strlen(text)) != NULL;
}

/* The answers to connect and createStream are told apart by their
 * transaction, which is 1 or 2. False if the server refuses. */
static bool hear_command(struct viewer *viewer, size_t length)
{
    static const uint8_t result[] = "\x02\x00\x07_result";
    static const uint8_t one[] = {0x00, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0};
    static const uint8_t two[] = {0x00, 0x40, 0x00, 0, 0, 0, 0, 0, 0};
    const size_t name_bytes = sizeof(result) - 1;
    const uint8_t *transaction = viewer->kept + name_bytes;
    struct output output = {.used = 0};

    if (contains(viewer->kept, length, "_error") ||
        contains(viewer->kept, length, "NetStream.Play.StreamNotFound") ||
        contains(viewer->kept, length, "NetStream.Play.Failed"))
        return false;
    if (length < name_bytes + sizeof(one) ||
        memcmp(viewer->kept, result, name_bytes) != 0)
        return true;
    if (memcmp(transaction, one, sizeof(one)) == 0)
        put_create_stream(&output);
    else if (memcmp(transaction, two, sizeof(two)) == 0)
        put_play(&output);
    else
        return true;
    return say(viewer, &output);
}

/* Whether a video message carries a frame: no sequence header, neither of
 * AVC nor of Enhanced RTMP, and no video command. */
static bool is_frame(const uint8_t *data, size_t length)
{
    bool enhanced;

    if (length < 2)
        return false;
    enhanced = (data[0] & 0x80) != 0;
    if ((data[0] >> 4 & 7) == 5)
        return false;
    if (enhanced)
        return (data[0] & 0x0F) != 0;
    return (data[0] & 0x0F) != 7 || data[1] != 0;
}

static bool hear_message(struct viewer *viewer, uint8_t type, int64_t now)
{
    size_t length = viewer->message_received < KEPT_BYTES
                        ? viewer->message_received
                        : KEPT_BYTES;

    switch (type) {
    case RTMP_SET_CHUNK_SIZE:
        if (length < 4)
            return false;
        viewer->chunk_bytes = read_integer(viewer->kept, 4);
        return viewer->chunk_bytes > 0 &&
               viewer->chunk_bytes <= RTMP_MAX_CHUNK_BYTES;
    case RTMP_WINDOW_ACK_SIZE:
        if (length < 4)
            return false;
        viewer->window_bytes = read_integer(viewer->kept, 4);
        return true;
    case RTMP_COMMAND_AMF0:
        return hear_command(viewer, length);
    case RTMP_VIDEO:
        if (is_frame(viewer->kept, length)) {
            viewer->first_frame_ns = now;
            viewer->stage = STAGE_WATCHING;
        }
        return true;
    default:
        return true;
    }
}

/* How many bytes the chunk header has, as far as header_used of them tell:
 * more than header_used while they do not tell enough. */
static size_t chunk_header_bytes(const struct viewer *viewer)
{
    static const size_t message_header_bytes[4] = {11, 7, 3, 0};
    const uint8_t *header = viewer->header;
    unsigned format = header[0] >> 6;
    size_t bytes = 1 + message_header_bytes[format];

    if (viewer->header_used == 0)
        return 1;
    if (viewer->header_used < bytes)
        return bytes;
    if (format == 3)
        return viewer->streams[header[0] & 63].extended ? bytes + 4 : bytes;
    return read_integer(header + 1, 3) == RTMP_EXTENDED_TIMESTAMP ? bytes + 4
                                                                  : bytes;
}

/* A chunk header is complete. False if it breaks the rules, or uses those
 * that neither server does: chunk streams from 64 on, interleaved messages. */
static bool start_chunk(struct viewer *viewer)
{
    const uint8_t *header = viewer->header;
    unsigned format = header[0] >> 6;
    struct chunk_stream *stream = &viewer->streams[header[0] & 63];
    uint32_t left;

    if ((header[0] & 63) < 2 ||
        (viewer->unfinished != NULL && viewer->unfinished != stream))
        return false;
    if (format < 3)
        stream->extended =
            read_integer(header + 1, 3) == RTMP_EXTENDED_TIMESTAMP;
    if (format < 2) {
        stream->length = read_integer(header + 4, 3);
        stream->type = header[7];
    }
    if (viewer->unfinished == NULL)
        viewer->message_received = 0;
    left = stream->length - viewer->message_received;
    viewer->unfinished = stream;
    viewer->stream = stream;
    viewer->chunk_left =
        left < viewer->chunk_bytes ? left : viewer->chunk_bytes;
    return true;
}

static void keep(struct viewer *viewer, const uint8_t *data, size_t length)
{
    size_t at = viewer->message_received;

    if (at >= KEPT_BYTES)
        return;
    if (length > KEPT_BYTES - at)
        length = KEPT_BYTES - at;
    memcpy(viewer->kept + at, data, length);
}

/* Parses what arrived, up to the first frame. */
static bool hear(struct viewer *viewer, const uint8_t *data, size_t length,
                 int64_t now)
{
    while (viewer->stage == STAGE_COMMANDS) {
        size_t part;

        if (viewer->stream == NULL) {
            if (viewer->header_used < chunk_header_bytes(viewer)) {
                if (length == 0)
                    return true;
                viewer->header[viewer->header_used++] = *data++;
                length--;
                continue;
            }
            viewer->header_used = 0;
            if (!start_chunk(viewer))
                return false;
        }
        part = length < viewer->chunk_left ? length : viewer->chunk_left;
        if (part > 0 && viewer->stream->type == RTMP_VIDEO &&
            viewer->first_video_ns == 0)
            viewer->first_video_ns = now;
        keep(viewer, data, part);
        viewer->message_received += (uint32_t)part;
        viewer->chunk_left -= (uint32_t)part;
        data += part;
        length -= part;
        if (viewer->chunk_left > 0)
            return true;
        if (viewer->message_received == viewer->stream->length) {
            viewer->unfinished = NULL;
            if (!hear_message(viewer, viewer->stream->type, now))
                return false;
        }
        viewer->stream = NULL;
    }
    return true;
}

/* --- one viewer's life ---------------------------------------------------- */

static void leave(struct viewer *viewer)
{
    if (viewer->stage < STAGE_WATCHING) {
        viewer->stage = STAGE_FAILED;
        settled++;
    } else {
        viewer->stage = STAGE_LEFT;
    }
    close(viewer->fd);
    viewer->fd = -1;
}

static void join(struct viewer *viewer, const struct addrinfo *server,
                 int epoll)
{
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = viewer};
    const int on = 1;

    viewer->fd = socket(server->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (viewer->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(viewer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    viewer->chunk_bytes = RTMP_DEFAULT_CHUNK_BYTES;
    viewer->connect_ns = now_ns();
    if (connect(viewer->fd, server->ai_addr, server->ai_addrlen) < 0 &&
        errno != EINPROGRESS)
        leave(viewer);
    else if (epoll_ctl(epoll, EPOLL_CTL_ADD, viewer->fd, &event) < 0)
        die("epoll_ctl: %s", strerror(errno));
}

static bool greet(struct viewer *viewer, int epoll)
{
    static const uint8_t c0_c1[1 + RTMP_HANDSHAKE_BYTES] = {RTMP_VERSION};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = viewer};

    viewer->stage = STAGE_HANDSHAKE;
    return epoll_ctl(epoll, EPOLL_CTL_MOD, viewer->fd, &event) == 0 &&
           send(viewer->fd, c0_c1, sizeof(c0_c1), MSG_NOSIGNAL) ==
               (ssize_t)sizeof(c0_c1);
}

static bool take_handshake(struct viewer *viewer)
{
    static const uint8_t c2[RTMP_HANDSHAKE_BYTES];
    uint8_t reply[1 + 2 * RTMP_HANDSHAKE_BYTES];
    struct output commands = {.used = 0};
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t count =
        recv(viewer->fd, reply, sizeof(reply) - (size_t)viewer->received, 0);

    if (count <= 0)
        return false;
    viewer->received += (uint64_t)count;
    if (viewer->received < sizeof(reply))
        return true;
    viewer->stage = STAGE_COMMANDS;
    put_connect(&commands);
    parts[0].iov_base = (void *)(uintptr_t)c2;
    parts[0].iov_len = sizeof(c2);
    parts[1].iov_base = commands.bytes;
    parts[1].iov_len = commands.used;
    return sendmsg(viewer->fd, &message, MSG_NOSIGNAL) ==
           (ssize_t)(sizeof(c2) + commands.used);
}

static bool take_stream(struct viewer *viewer)
{
    static uint8_t bytes[256 * 1024];
    /* With MSG_TRUNC, TCP drops the bytes instead of copying them. */
    ssize_t count = recv(viewer->fd, bytes, sizeof(bytes),
                         viewer->stage == STAGE_WATCHING ? MSG_TRUNC : 0);

    if (count <= 0)
        return false;
    viewer->received += (uint64_t)count;
    if (viewer->stage == STAGE_COMMANDS) {
        if (!hear(viewer, bytes, (size_t)count, now_ns()))
            return false;
        if (viewer->stage == STAGE_WATCHING) {
            settled++;
            if (options.stay_seconds <= 0) {
                leave(viewer);
                return true;
            }
        }
    }
    return acknowledge(viewer);
}

static void serve_event(struct viewer *viewer, int epoll)
{
    bool well;

    if (viewer->stage == STAGE_CONNECTING)
        well = greet(viewer, epoll);
    else if (viewer->stage == STAGE_HANDSHAKE)
        well = take_handshake(viewer);
    else
        well = take_stream(viewer);
    if (!well) {
        viewer->dropped = viewer->stage == STAGE_WATCHING;
        leave(viewer);
    }
}

/* --- all of them ---------------------------------------------------------- */

/* When the next viewer may join: now or earlier if at once, INT64_MAX if
 * something else has to happen before. */
static int64_t next_join_ns(size_t started, int64_t begin)
{
    if (started == options.viewers)
        return INT64_MAX;
    if (options.rate <= 0)
        return settled == started ? begin : INT64_MAX;
    return begin + (int64_t)((double)started / options.rate * (double)SECOND);
}

/* Until all have joined and stayed, or nobody has for too long. */
static void run(struct viewer *viewers, const struct addrinfo *server)
{
    struct epoll_event events[EVENTS];
    int64_t begin = now_ns(), last_join = begin, end = 0;
    size_t started = 0;
    int epoll = epoll_create1(0);

    if (epoll < 0)
        die("epoll_create1: %s", strerror(errno));
    for (;;) {
        int64_t now = now_ns(), next_join, wake;
        int count;

        while ((next_join = next_join_ns(started, begin)) <= now) {
            join(&viewers[started++], server, epoll);
            last_join = now;
        }
        if (settled == options.viewers && end == 0) {
            end = now + (int64_t)(options.stay_seconds * (double)SECOND);
            puts("playing");
            fflush(stdout);
        }
        wake = end != 0 ? end : last_join + JOIN_LIMIT;
        if (wake <= now)
            break;
        if (next_join < wake)
            wake = next_join;
        count = epoll_wait(epoll, events, EVENTS,
                           (int)((wake - now) / 1000000) + 1);
        for (int i = 0; i < count; i++)
            serve_event(events[i].data.ptr, epoll);
    }
    close(epoll);
}

static double milliseconds(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* The smallest value that FRACTION of all do not exceed. */
static double quantile(const double *sorted, size_t count, double fraction)
{
    size_t rank = (size_t)(fraction * (double)count + 0.999999);

    return sorted[rank > 0 ? rank - 1 : 0];
}

static void report_times(const char *name, double *times_ms, size_t count)
{
    if (count == 0)
        return;
    qsort(times_ms, count, sizeof(*times_ms), compare_doubles);
    printf("%s min %.3f median %.3f p99 %.3f\n", name, times_ms[0],
           quantile(times_ms, count, 0.5), quantile(times_ms, count, 0.99));
}

static void write_csv(const struct viewer *viewers)
{
    FILE *csv = fopen(options.csv_path, "w");

    if (csv == NULL)
        die("%s: %s", options.csv_path, strerror(errno));
    fputs("viewer,first_video_ms,first_frame_ms,bytes,dropped\n", csv);
    for (size_t i = 0; i < options.viewers; i++) {
        const struct viewer *viewer = &viewers[i];

        if (viewer->first_frame_ns == 0)
            fprintf(csv, "%zu,,,%ju,0\n", i, (uintmax_t)viewer->received);
        else
            fprintf(csv, "%zu,%.3f,%.3f,%ju,%d\n", i,
                    milliseconds(viewer->connect_ns, viewer->first_video_ns),
                    milliseconds(viewer->connect_ns, viewer->first_frame_ns),
                    (uintmax_t)viewer->received, viewer->dropped);
    }
    if (fclose(csv) != 0)
        die("%s: %s", options.csv_path, strerror(errno));
}

/* True if every viewer saw a frame and nobody was dropped. */
static bool report(const struct viewer *viewers)
{
    double *video_ms = calloc(options.viewers, sizeof(double));
    double *frame_ms = calloc(options.viewers, sizeof(double));
    size_t joined = 0, dropped = 0;
    uint64_t bytes = 0;

    if (video_ms == NULL || frame_ms == NULL)
        die("out of memory");
    for (size_t i = 0; i < options.viewers; i++) {
        const struct viewer *viewer = &viewers[i];

        bytes += viewer->received;
        if (viewer->first_frame_ns == 0)
            continue;
        video_ms[joined] =
            milliseconds(viewer->connect_ns, viewer->first_video_ns);
        frame_ms[joined++] =
            milliseconds(viewer->connect_ns, viewer->first_frame_ns);
        dropped += viewer->dropped;
    }
    printf("viewers %zu failed %zu dropped %zu\n", options.viewers,
           options.viewers - joined, dropped);
    printf("bytes %ju\n", (uintmax_t)bytes);
    report_times("first_video_ms", video_ms, joined);
    report_times("first_frame_ms", frame_ms, joined);
    free(video_ms);
    free(frame_ms);
    return joined == options.viewers && dropped == 0;
}

/* --- start ---------------------------------------------------------------- */

/* rtmp://HOST:PORT/APP/NAME, HOST also in brackets. */
static struct addrinfo *read_url(char *url)
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
    snprintf(options.app_url, sizeof(options.app_url), "%s", url);
    *app++ = '\0';
    snprintf(options.app, sizeof(options.app), "%s", app);
    options.stream_name = name;
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

static double read_number(const char *text, double most)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0) || value > most)
        die("a number from 0 to %.0f is wanted, not '%s'", most, text);
    return value;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < options.viewers + 16)
        die("%zu viewers need more than %ju descriptors (ulimit -Hn)",
            options.viewers, (uintmax_t)limit.rlim_cur);
}

int main(int argc, char *argv[])
{
    struct addrinfo *server;
    struct viewer *viewers;
    bool well;
    int option;

    while ((option = getopt(argc, argv, "n:r:t:b:o:")) != -1) {
        switch (option) {
        case 'n':
            options.viewers = (size_t)read_number(optarg, MAX_VIEWERS);
            break;
        case 'r':
            options.rate = read_number(optarg, 1e6);
            break;
        case 't':
            options.stay_seconds = read_number(optarg, 1e6);
            break;
        case 'b':
            options.buffer_ms = (uint32_t)read_number(optarg, 4e9);
            break;
        case 'o':
            options.csv_path = optarg;
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (argc - optind != 1 || options.viewers == 0) {
        fputs(usage, stderr);
        return 2;
    }
    server = read_url(argv[optind]);
    raise_descriptor_limit();
    viewers = calloc(options.viewers, sizeof(*viewers));
    if (viewers == NULL)
        die("out of memory");
    run(viewers, server);
    well = report(viewers);
    if (options.csv_path != NULL)
        write_csv(viewers);
    free(viewers);
    freeaddrinfo(server);
    return well ? 0 : 1;
}
