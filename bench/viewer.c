/* The load generator of the bench: many RTMP viewers in one process, on
 * epoll. Each does what a player does up to its first frame, all replies
 * parsed, and from there on only takes the stream and acknowledges it. */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

/* A viewer without a frame after this time has failed. */
#define JOIN_LIMIT (30 * SECOND)
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

enum stage {
    STAGE_CONNECTING,
    STAGE_HANDSHAKE,
    STAGE_COMMANDS, /* up to the first frame */
    STAGE_WATCHING,
    STAGE_LEFT,
    STAGE_FAILED /* before its first frame */
};

struct viewer {
    int fd;
    enum stage stage;
    bool dropped; /* by the server, while watching */
    int64_t connect_ns, first_video_ns, first_frame_ns;
    uint64_t received, acknowledged;
    struct wire_reader reader;
};

static struct {
    size_t viewers;
    double rate;
    double stay_seconds;
    const char *csv_path;
    struct wire_target target;
} options = {.viewers = 1, .target.buffer_ms = 3000};

/* The viewers that have seen a frame or failed. */
static size_t settled;

/* --- what a viewer says --------------------------------------------------- */

/* Each answer of a viewer fits an empty send buffer, and nothing else is in
 * it: a short write is a failure like any other. */
static bool say(struct viewer *viewer, const struct wire_output *output)
{
    return send(viewer->fd, output->bytes, output->used, MSG_NOSIGNAL) ==
           (ssize_t)output->used;
}

static bool acknowledge(struct viewer *viewer)
{
    struct wire_output output = {.used = 0};

    if (viewer->reader.window_bytes == 0 ||
        viewer->received - viewer->acknowledged <
            viewer->reader.window_bytes / 2)
        return true;
    viewer->acknowledged = viewer->received;
    wire_put_acknowledgement(&output, viewer->received);
    return say(viewer, &output);
}

/* --- what a viewer hears -------------------------------------------------- */

/* False if the server refuses. */
static bool hear_message(struct viewer *viewer, int64_t now)
{
    const struct wire_reader *reader = &viewer->reader;
    struct wire_output output = {.used = 0};

    if (wire_is_refusal(reader))
        return false;
    if (wire_is_result(reader, 1))
        wire_put_create_stream(&output);
    else if (wire_is_result(reader, 2))
        wire_put_play(&output, &options.target);
    if (wire_is_frame(reader)) {
        viewer->first_frame_ns = now;
        viewer->stage = STAGE_WATCHING;
    }
    return output.used == 0 || say(viewer, &output);
}

/* Parses what arrived, up to the first frame. */
static bool hear(struct viewer *viewer, const uint8_t *data, size_t length,
                 int64_t now)
{
    struct wire_reader *reader = &viewer->reader;

    while (viewer->stage == STAGE_COMMANDS) {
        enum wire_result result = wire_read(reader, &data, &length);

        if (reader->stream != NULL && reader->stream->type == RTMP_VIDEO &&
            reader->received > 0 && viewer->first_video_ns == 0)
            viewer->first_video_ns = now;
        if (result != WIRE_MESSAGE)
            return result == WIRE_MORE;
        if (!hear_message(viewer, now))
            return false;
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
    wire_reader_init(&viewer->reader);
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
    struct wire_output commands = {.used = 0};
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
    wire_put_connect(&commands, &options.target);
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
            options.target.buffer_ms = (uint32_t)read_number(optarg, 4e9);
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
    server = wire_target_read(&options.target, argv[optind]);
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
