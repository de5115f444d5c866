#include "config.h"

#include "watcher.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long one that said goodbye waits for the server. */
#define GOODBYE_LIMIT (20 * SECOND)
/* What comes at once is film if it is longer than this: a server's last words,
 * and its pings long after the film, are shorter. */
#define WORDS_BYTES 512

/* --- saying --------------------------------------------------------------- */

/* All that a viewer says at a time fits an empty send buffer, and nothing else
 * is in it: a short write is a failure like any other. */
static bool say(const struct watcher *watcher, const void *data, size_t length)
{
    return send(watcher->fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool say_output(const struct watcher *watcher,
                       const struct wire_output *output)
{
    return say(watcher, output->bytes, output->used);
}

/* Enters the stage that follows; in the one in which it ends only half is said,
 * and that is the last. */
static bool say_and_enter(struct watcher *watcher, enum watcher_stage stage,
                          const void *data, size_t length)
{
    watcher->stage = stage;
    if (watcher->exit != WATCHER_STAYS && watcher->exit_stage == stage) {
        watcher->exit_ns = now_ns() + watcher->exit_delay_ns;
        length /= 2;
    }
    return say(watcher, data, length);
}

static bool greet(struct watcher *watcher)
{
    static const uint8_t c0_c1[1 + RTMP_HANDSHAKE_BYTES] = {RTMP_VERSION};

    return say_and_enter(watcher, WATCHER_HANDSHAKE, c0_c1, sizeof(c0_c1));
}

static bool acknowledge(struct watcher *watcher)
{
    struct wire_output output = {.used = 0};

    if (watcher->window_bytes == 0 ||
        watcher->received - watcher->acknowledged < watcher->window_bytes / 2)
        return true;
    watcher->acknowledged = watcher->received;
    wire_put_acknowledgement(&output, watcher->received);
    return say_output(watcher, &output);
}

/* --- hearing -------------------------------------------------------------- */

static bool hear_handshake(struct watcher *watcher,
                           const struct watcher_scene *scene)
{
    static const uint8_t c2[RTMP_HANDSHAKE_BYTES];
    uint8_t bytes[1 + 2 * RTMP_HANDSHAKE_BYTES];
    struct wire_output connect = {.used = 0};
    ssize_t count =
        recv(watcher->fd, bytes, sizeof(bytes) - (size_t)watcher->received, 0);

    if (count <= 0)
        return false;
    watcher->received += (uint64_t)count;
    if (watcher->received < sizeof(bytes))
        return true;
    /* In one write, for there is no Nagle to bring them together. */
    memcpy(bytes, c2, sizeof(c2));
    wire_put_connect(&connect, &scene->target);
    memcpy(bytes + sizeof(c2), connect.bytes, connect.used);
    return say_and_enter(watcher, WATCHER_COMMANDS, bytes,
                         sizeof(c2) + connect.used);
}

static void hear_first_frame(struct watcher *watcher, int64_t now)
{
    watcher->first_frame_ns = now;
    watcher->first_frame_ms = watcher->reader->stream->timestamp_ms;
    watcher->stage = WATCHER_WATCHING;
    if (watcher->exit != WATCHER_STAYS)
        watcher->exit_ns = now + watcher->exit_delay_ns;
}

static void note_lateness(const struct watcher *watcher,
                          struct watcher_scene *scene, int64_t now)
{
    const struct wire_chunk_stream *stream = watcher->reader->stream;
    int32_t due_ms = (int32_t)(stream->timestamp_ms - watcher->first_frame_ms);
    double late_ms = milliseconds(watcher->first_frame_ns, now) - due_ms;

    if (stream->type != RTMP_AUDIO && stream->type != RTMP_VIDEO)
        return;
    lateness_add(&scene->all, watcher->number, late_ms);
    if (due_ms >= 0 && (uint32_t)due_ms >= scene->target.buffer_ms)
        lateness_add(&scene->steady, watcher->number, late_ms);
}

/* False if the server refuses. */
static bool hear_message(struct watcher *watcher, struct watcher_scene *scene,
                         int64_t now)
{
    const struct wire_reader *reader = watcher->reader;
    struct wire_output output = {.used = 0};

    if (watcher->stage == WATCHER_WATCHING) {
        note_lateness(watcher, scene, now);
        return true;
    }
    if (wire_is_refusal(reader))
        return false;
    if (wire_is_result(reader, 1))
        wire_put_create_stream(&output);
    else if (wire_is_result(reader, 2))
        wire_put_play(&output, &scene->target);
    if (wire_is_frame(reader))
        hear_first_frame(watcher, now);
    return output.used == 0 || say_output(watcher, &output);
}

static void stop_parsing(struct watcher *watcher)
{
    free(watcher->reader);
    watcher->reader = NULL;
}

static bool hear_messages(struct watcher *watcher, struct watcher_scene *scene,
                          const uint8_t *data, size_t length, int64_t now)
{
    struct wire_reader *reader = watcher->reader;

    while (watcher->parses || watcher->stage == WATCHER_COMMANDS) {
        enum wire_result result = wire_read(reader, &data, &length);

        if (reader->stream != NULL && reader->stream->type == RTMP_VIDEO &&
            reader->received > 0 && watcher->first_video_ns == 0)
            watcher->first_video_ns = now;
        watcher->window_bytes = reader->window_bytes;
        if (result != WIRE_MESSAGE)
            return result == WIRE_MORE;
        if (!hear_message(watcher, scene, now))
            return false;
    }
    stop_parsing(watcher);
    return true;
}

static bool hear_stream(struct watcher *watcher, struct watcher_scene *scene)
{
    static uint8_t bytes[1 << 20];
    bool parses = watcher->reader != NULL && watcher->exit_ns == 0;
    int64_t now;
    /* With MSG_TRUNC, TCP drops the bytes instead of copying them. */
    ssize_t count =
        recv(watcher->fd, bytes, sizeof(bytes), parses ? 0 : MSG_TRUNC);

    if (count <= 0)
        return false;
    now = now_ns();
    watcher->received += (uint64_t)count;
    if (count > WORDS_BYTES)
        watcher->last_ns = now;
    if (parses && !hear_messages(watcher, scene, bytes, (size_t)count, now))
        return false;
    /* One that has told half a command cannot say anything else. */
    return watcher->stage != WATCHER_WATCHING || acknowledge(watcher);
}

/* --- coming and going ----------------------------------------------------- */

static void end(struct watcher *watcher)
{
    stop_parsing(watcher);
    watcher->stage = WATCHER_GONE;
    close(watcher->fd);
    watcher->fd = -1;
}

void watcher_join(struct watcher *watcher, const struct watcher_scene *scene)
{
    const struct addrinfo *server = scene->server;
    const int on = 1;

    watcher->fd = socket(server->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (watcher->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(watcher->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    watcher->reader = malloc(sizeof(*watcher->reader));
    if (watcher->reader == NULL)
        die("out of memory");
    wire_reader_init(watcher->reader);
    watcher->stage = WATCHER_CONNECTING;
    watcher->connect_ns = now_ns();
    if (watcher->exit != WATCHER_STAYS &&
        watcher->exit_stage == WATCHER_CONNECTING)
        watcher->exit_ns = watcher->connect_ns + watcher->exit_delay_ns;
    if (connect(watcher->fd, server->ai_addr, server->ai_addrlen) < 0 &&
        errno != EINPROGRESS) {
        watcher->failed = true;
        end(watcher);
    }
}

void watcher_serve(struct watcher *watcher, struct watcher_scene *scene)
{
    bool well;

    if (watcher->stage == WATCHER_CONNECTING)
        well = greet(watcher);
    else if (watcher->stage == WATCHER_HANDSHAKE && watcher->exit_ns == 0)
        well = hear_handshake(watcher, scene);
    else
        well = hear_stream(watcher, scene);
    if (well)
        return;
    watcher->dropped = watcher->stage == WATCHER_WATCHING;
    watcher->failed = watcher->stage < WATCHER_WATCHING;
    end(watcher);
}

/* The kernel answers a close with data unread by a reset. */
static void say_goodbye(struct watcher *watcher)
{
    struct wire_output output = {.used = 0};

    wire_put_delete_stream(&output);
    if (!say_output(watcher, &output) || shutdown(watcher->fd, SHUT_WR) < 0) {
        watcher->dropped = true;
        end(watcher);
        return;
    }
    watcher->stage = WATCHER_LEAVING;
    watcher->exit_ns = now_ns() + GOODBYE_LIMIT;
}

void watcher_exit(struct watcher *watcher)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (watcher->stage == WATCHER_WATCHING &&
        watcher->exit == WATCHER_SAYS_GOODBYE) {
        say_goodbye(watcher);
        return;
    }
    /* The server has not ended what was ended in peace. */
    watcher->dropped = watcher->stage == WATCHER_LEAVING;
    if (watcher->exit == WATCHER_ABORTS)
        setsockopt(watcher->fd, SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once));
    end(watcher);
}

void watcher_free(struct watcher *watcher)
{
    if (watcher->connect_ns != 0 && watcher->stage != WATCHER_GONE)
        end(watcher);
}
