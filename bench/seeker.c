/* One RTMP viewer with a stopwatch, on a blocking socket: how long play takes
 * to the first frame, how long seek takes to its answer and to the keyframe,
 * and how late the messages of a stream come that is sent in real time. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lateness.h"
#include "wire.h"

/* Nothing for so long is a failure. */
#define SILENCE_S 60

static const char usage[] =
    "Usage: seeker [-b MS] [-s SECONDS] [-w SECONDS] URL\n"
    "  Plays, says `playing', and prints the times from play to the first "
    "frame\n"
    "  -b MS       the buffer to announce (default 3000)\n"
    "  -s SECONDS  then seeks to that place: the times from seek to its "
    "answer\n"
    "              and to the keyframe, and the keyframe's timestamp\n"
    "  -w SECONDS  stays for so long: how late audio and video came, where "
    "the\n"
    "              earliest of them was in time\n";

struct seeker {
    int fd;
    struct wire_target target;
    struct wire_reader reader;
    uint8_t input[65536];
    const uint8_t *next; /* of the input, not yet read */
    size_t left;
    int64_t input_ns; /* when it came */
    uint64_t received, acknowledged;
};

/* --- the connection ------------------------------------------------------- */

static void say(const struct seeker *seeker, const void *data, size_t length)
{
    if (send(seeker->fd, data, length, MSG_NOSIGNAL) != (ssize_t)length)
        die("send: %s", strerror(errno));
}

static void hear(struct seeker *seeker)
{
    ssize_t count = recv(seeker->fd, seeker->input, sizeof(seeker->input), 0);
    struct wire_output output = {.used = 0};

    if (count < 0)
        die("recv: %s", strerror(errno));
    if (count == 0)
        die("the server hung up");
    seeker->input_ns = now_ns();
    seeker->next = seeker->input;
    seeker->left = (size_t)count;
    seeker->received += (uint64_t)count;
    if (seeker->reader.window_bytes == 0 ||
        seeker->received - seeker->acknowledged <
            seeker->reader.window_bytes / 2)
        return;
    seeker->acknowledged = seeker->received;
    wire_put_acknowledgement(&output, seeker->received);
    say(seeker, output.bytes, output.used);
}

/* The next message, whose end came at seeker->input_ns. */
static const struct wire_reader *next_message(struct seeker *seeker)
{
    for (;;) {
        switch (wire_read(&seeker->reader, &seeker->next, &seeker->left)) {
        case WIRE_MESSAGE:
            if (wire_is_refusal(&seeker->reader))
                die("the server refuses");
            return &seeker->reader;
        case WIRE_BAD:
            die("the server sends what is no RTMP");
        case WIRE_MORE:
            hear(seeker);
        }
    }
}

static void skip_to_result(struct seeker *seeker, int transaction)
{
    while (!wire_is_result(next_message(seeker), transaction))
        ;
}

static void connect_to(struct seeker *seeker, const struct addrinfo *server)
{
    const struct timeval silence = {.tv_sec = SILENCE_S};
    const int on = 1;

    seeker->fd = socket(server->ai_family, SOCK_STREAM, 0);
    if (seeker->fd < 0 ||
        connect(seeker->fd, server->ai_addr, server->ai_addrlen) < 0)
        die("connect: %s", strerror(errno));
    setsockopt(seeker->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(seeker->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    wire_reader_init(&seeker->reader);
}

static void shake_hands(struct seeker *seeker)
{
    static const uint8_t c0_c1[1 + RTMP_HANDSHAKE_BYTES] = {RTMP_VERSION};
    static const uint8_t c2[RTMP_HANDSHAKE_BYTES];
    uint8_t reply[1 + 2 * RTMP_HANDSHAKE_BYTES];

    say(seeker, c0_c1, sizeof(c0_c1));
    if (recv(seeker->fd, reply, sizeof(reply), MSG_WAITALL) !=
        (ssize_t)sizeof(reply))
        die("no handshake");
    seeker->received = sizeof(reply);
    say(seeker, c2, sizeof(c2));
}

/* Up to the first frame. */
static void play(struct seeker *seeker)
{
    struct wire_output output = {.used = 0};
    int64_t play_ns;

    shake_hands(seeker);
    wire_put_connect(&output, &seeker->target);
    say(seeker, output.bytes, output.used);
    skip_to_result(seeker, 1);
    output.used = 0;
    wire_put_create_stream(&output);
    say(seeker, output.bytes, output.used);
    skip_to_result(seeker, 2);
    output.used = 0;
    wire_put_play(&output, &seeker->target);
    play_ns = now_ns();
    say(seeker, output.bytes, output.used);
    while (!wire_is_frame(next_message(seeker)))
        ;
    puts("playing");
    printf("first_frame_ms %.3f\n", milliseconds(play_ns, seeker->input_ns));
    fflush(stdout);
}

/* --- what is measured ----------------------------------------------------- */

static void seek(struct seeker *seeker, double seconds)
{
    struct wire_output output = {.used = 0};
    const struct wire_reader *reader;
    int64_t seek_ns = now_ns();

    wire_put_seek(&output, seconds * 1000);
    say(seeker, output.bytes, output.used);
    do
        reader = next_message(seeker);
    while (reader->stream->type != RTMP_COMMAND_AMF0 ||
           !wire_contains(reader, "NetStream.Seek.Notify"));
    printf("answer_ms %.3f\n", milliseconds(seek_ns, seeker->input_ns));
    do
        reader = next_message(seeker);
    while (!wire_is_keyframe(reader));
    printf("keyframe_ms %.3f\n", milliseconds(seek_ns, seeker->input_ns));
    printf("landed_ms %u\n", (unsigned)reader->stream->timestamp_ms);
    fflush(stdout);
}

/* Lateness of a message: its arrival less its timestamp, the smallest of all
 * being 0. */
static void watch(struct seeker *seeker, double seconds)
{
    int64_t begin_ns = now_ns(), end_ns;
    struct lateness lateness = {.count = 0};

    end_ns = begin_ns + (int64_t)(seconds * (double)SECOND);
    do {
        const struct wire_reader *reader = next_message(seeker);
        uint8_t type = reader->stream->type;

        if (type == RTMP_AUDIO || type == RTMP_VIDEO)
            lateness_add(&lateness, 0,
                         milliseconds(begin_ns, seeker->input_ns) -
                             (double)reader->stream->timestamp_ms);
    } while (seeker->input_ns < end_ns);
    lateness_start_at_earliest(&lateness);
    lateness_report(&lateness, "late_ms");
    lateness_free(&lateness);
}

int main(int argc, char *argv[])
{
    static struct seeker seeker = {.target.buffer_ms = 3000};
    double seek_s = -1, watch_s = 0;
    struct addrinfo *server;
    int option;

    while ((option = getopt(argc, argv, "b:s:w:")) != -1) {
        switch (option) {
        case 'b':
            seeker.target.buffer_ms = (uint32_t)read_number(optarg, 4e9);
            break;
        case 's':
            seek_s = read_number(optarg, 4e6);
            break;
        case 'w':
            watch_s = read_number(optarg, 1e6);
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (argc - optind != 1) {
        fputs(usage, stderr);
        return 2;
    }
    server = wire_target_read(&seeker.target, argv[optind]);
    connect_to(&seeker, server);
    freeaddrinfo(server);
    play(&seeker);
    if (seek_s >= 0)
        seek(&seeker, seek_s);
    if (watch_s > 0)
        watch(&seeker, watch_s);
    close(seeker.fd);
    return 0;
}
