/* The floor of the bench: what a thread for each viewer costs at the least.
 *
 * Not a server to be used. It plays one file, once, to whoever asks for
 * anything. Payload is sent from where it lies, the file's mapping; the header
 * of each chunk, and one list of all parts of the film, were made beforehand,
 * so that a batch is one writev of a slice of that list. The batches are those
 * of flvd: a viewer is filled to the buffer that it announced, and again when
 * half of that was played; a blocking recv under SO_RCVTIMEO is the wait. Who
 * announces hours gets everything at once. No seek, no pause, no loop, no time
 * limit, no log, no check of a peer or of the file. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "flv/format.h"
#include "wire.h"

#define STACK_BYTES (64 << 10)
#define BACKLOG 4096
#define C0_C1_BYTES (1 + RTMP_HANDSHAKE_BYTES)
#define FULL_HEADER_BYTES 12
#define DEFAULT_BUFFER_MS 1000

/* One message: which of the film's parts is its first. */
struct tag {
    uint32_t time_ms;
    size_t begin;
};

static struct {
    struct iovec *parts; /* header, payload, header, payload ... */
    struct tag *tags;    /* one more than there are: the end */
    size_t count;
} film;

/* --- the film ------------------------------------------------------------- */

static uint8_t *put_integer(uint8_t *to, uint32_t value, unsigned bytes)
{
    while (bytes-- > 0)
        *to++ = (uint8_t)(value >> (8 * bytes));
    return to;
}

static uint32_t get_u24(const uint8_t *from)
{
    return (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

static const uint8_t *map_file(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    void *data = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        die("%s: %s", path, strerror(errno));
    *length = (size_t)st.st_size;
    return data;
}

static struct iovec part_of(const void *data, size_t length)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)data,
                          .iov_len = length};
}

/* Every message begins with a full header, so that nothing depends on the
 * message before. Good for films of up to 4.6 hours. */
static uint8_t *put_header(uint8_t *to, const uint8_t *tag, uint8_t csid)
{
    to = put_integer(to, csid, 1);
    to = put_integer(to, get_u24(tag + 4), 3);
    to = put_integer(to, get_u24(tag + 1), 3);
    to = put_integer(to, tag[0], 1);
    return put_integer(to, 0x01000000, 4); /* stream 1, little endian */
}

/* Puts the parts of a message to `part`, and the headers of its chunks to
 * `*headers`. Returns the part behind them. */
static struct iovec *put_message(struct iovec *part, uint8_t **headers,
                                 const uint8_t *tag, uint32_t size)
{
    const uint8_t csid =
        tag[0] == FLV_TAG_AUDIO ? RTMP_CSID_AUDIO : RTMP_CSID_VIDEO;
    const uint8_t *payload = tag + FLV_TAG_HEADER_BYTES;

    for (uint32_t at = 0; at < size; at += RTMP_OUTPUT_CHUNK_BYTES) {
        uint8_t *header = *headers;
        uint32_t length = size - at;

        if (length > RTMP_OUTPUT_CHUNK_BYTES)
            length = RTMP_OUTPUT_CHUNK_BYTES;
        *headers = at == 0 ? put_header(header, tag, csid)
                           : put_integer(header, 0xC0u | csid, 1);
        *part++ = part_of(header, (size_t)(*headers - header));
        *part++ = part_of(payload + at, length);
    }
    return part;
}

/* Reads the tags of an FLV file; gives up at the first that is not sound. What
 * surrounds a payload in the file is more than the header of its chunk. */
static void make_film(const char *path)
{
    size_t length, at = FLV_HEADER_BYTES + FLV_BACK_POINTER_BYTES;
    const uint8_t *file = map_file(path, &length);
    const size_t most = length / FLV_TAG_HEADER_BYTES + 1;
    uint8_t *headers = malloc(length);
    struct iovec *part;

    film.parts = calloc(most, 2 * sizeof(*film.parts));
    film.tags = calloc(most, sizeof(*film.tags));
    if (headers == NULL || film.parts == NULL || film.tags == NULL)
        die("out of memory");
    part = film.parts;
    while (at + FLV_TAG_HEADER_BYTES <= length) {
        const uint8_t *tag = file + at;
        uint32_t size = get_u24(tag + 1);

        if (size > length - at - FLV_TAG_HEADER_BYTES)
            break;
        film.tags[film.count].time_ms = get_u24(tag + 4);
        film.tags[film.count].begin = (size_t)(part - film.parts);
        if (size > 0 && (tag[0] == FLV_TAG_AUDIO || tag[0] == FLV_TAG_VIDEO)) {
            part = put_message(part, &headers, tag, size);
            film.count++;
        }
        at += FLV_TAG_HEADER_BYTES + size + FLV_BACK_POINTER_BYTES;
    }
    film.tags[film.count].begin = (size_t)(part - film.parts);
    if (film.count == 0)
        die("%s: no audio and no video", path);
}

/* --- one viewer ----------------------------------------------------------- */

struct viewer {
    int fd;
    bool is_playing;
    uint32_t buffer_ms;
    int64_t origin_ns; /* when time 0 of the film is played */
    size_t next;       /* of the film's tags */
    struct wire_reader reader;
};

/* A blocking write is short only where the connection is broken, and whatever
 * comes next will see that. */
static bool write_parts(int fd, const struct iovec *part, size_t count)
{
    bool well = true;

    for (size_t parts; well && count > 0; part += parts, count -= parts) {
        parts = count < IOV_MAX ? count : IOV_MAX;
        well = writev(fd, part, (int)parts) > 0;
    }
    return well;
}

static bool write_all(int fd, const void *data, size_t length)
{
    struct iovec part = part_of(data, length);

    return write_parts(fd, &part, 1);
}

static bool shake_hands(int fd)
{
    uint8_t request[C0_C1_BYTES];
    uint8_t reply[1 + 2 * RTMP_HANDSHAKE_BYTES] = {RTMP_VERSION};

    if (recv(fd, request, sizeof(request), MSG_WAITALL) !=
        (ssize_t)sizeof(request))
        return false;
    memcpy(reply + 1 + RTMP_HANDSHAKE_BYTES, request + 1, RTMP_HANDSHAKE_BYTES);
    return write_all(fd, reply, sizeof(reply)) &&
           recv(fd, reply, RTMP_HANDSHAKE_BYTES, MSG_WAITALL) ==
               RTMP_HANDSHAKE_BYTES;
}

/* Window Acknowledgement Size 2500000, Set Chunk Size 65536, and
 * _result(1, {}, {code: NetConnection.Connect.Success}). */
static const uint8_t connect_answer[] =
    "\x02\0\0\0\0\0\x04\x05\0\0\0\0\0\x26\x25\xA0"
    "\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\x01\0\0"
    "\x03\0\0\0\0\0\x41\x14\0\0\0\0"
    "\x02\0\x07_result\0\x3F\xF0\0\0\0\0\0\0\x03\0\0\x09"
    "\x03\0\x04"
    "code\x02\0\x1DNetConnection.Connect.Success\0\0\x09";
/* _result(2, null, 1) */
static const uint8_t create_stream_answer[] =
    "\x03\0\0\0\0\0\x1D\x14\0\0\0\0"
    "\x02\0\x07_result\0\x40\0\0\0\0\0\0\0\x05\0\x3F\xF0\0\0\0\0\0\0";
/* onStatus(0, null, {level: status, code: NetStream.Play.Start}) */
static const uint8_t play_answer[] =
    "\x07\0\0\0\0\0\x46\x14\x01\0\0\0"
    "\x02\0\x08onStatus\0\0\0\0\0\0\0\0\0\x05"
    "\x03\0\x05level\x02\0\x06status"
    "\0\x04"
    "code\x02\0\x14NetStream.Play.Start\0\0\x09";

static bool hear_message(struct viewer *viewer)
{
    const struct wire_reader *reader = &viewer->reader;
    const uint8_t *buffer_ms = reader->kept + 6;

    if (reader->stream->type == RTMP_USER_CONTROL &&
        reader->kept[1] == RTMP_SET_BUFFER_LENGTH)
        viewer->buffer_ms = get_u24(buffer_ms) << 8 | buffer_ms[3];
    if (reader->stream->type != RTMP_COMMAND_AMF0)
        return true;
    if (wire_contains(reader, "connect"))
        return write_all(viewer->fd, connect_answer,
                         sizeof(connect_answer) - 1);
    if (wire_contains(reader, "createStream"))
        return write_all(viewer->fd, create_stream_answer,
                         sizeof(create_stream_answer) - 1);
    if (!wire_contains(reader, "play"))
        return true;
    viewer->is_playing = true;
    viewer->origin_ns = now_ns() - film.tags[0].time_ms * (SECOND / 1000);
    return write_all(viewer->fd, play_answer, sizeof(play_answer) - 1);
}

/* Waits until `due_ns`, or for ever with 0, and obeys what comes first. */
static bool hear(struct viewer *viewer, int64_t due_ns)
{
    int64_t left_ns = due_ns == 0 ? 0 : due_ns - now_ns();
    int64_t left_us = due_ns == 0 ? 0 : left_ns > 1000 ? left_ns / 1000 : 1;
    const struct timeval timeout = {.tv_sec = left_us / 1000000,
                                    .tv_usec = left_us % 1000000};
    uint8_t input[1024];
    const uint8_t *data = input;
    enum wire_result result;
    size_t length;
    ssize_t count;

    setsockopt(viewer->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    count = recv(viewer->fd, input, sizeof(input), 0);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    if (count == 0)
        return false;
    length = (size_t)count;
    while ((result = wire_read(&viewer->reader, &data, &length)) ==
           WIRE_MESSAGE)
        if (!hear_message(viewer))
            return false;
    return result == WIRE_MORE;
}

/* Sends what the viewer's buffer has room for. */
static bool fill(struct viewer *viewer)
{
    int64_t until_ms = (now_ns() - viewer->origin_ns) / (SECOND / 1000) +
                       (int64_t)viewer->buffer_ms;
    size_t begin = viewer->next;

    while (viewer->next < film.count &&
           film.tags[viewer->next].time_ms <= until_ms)
        viewer->next++;
    return write_parts(viewer->fd, film.parts + film.tags[begin].begin,
                       film.tags[viewer->next].begin - film.tags[begin].begin);
}

/* When half of the buffer was played; 0 if there is nothing more to send. */
static int64_t next_due_ns(const struct viewer *viewer)
{
    int64_t ms;

    if (!viewer->is_playing || viewer->next == film.count)
        return 0;
    ms = (int64_t)film.tags[viewer->next].time_ms - viewer->buffer_ms / 2;
    return viewer->origin_ns + ms * (SECOND / 1000);
}

static void *serve(void *argument)
{
    struct viewer *viewer = argument;
    const int on = 1;
    bool well;

    setsockopt(viewer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    viewer->buffer_ms = DEFAULT_BUFFER_MS;
    wire_reader_init(&viewer->reader);
    well = shake_hands(viewer->fd);
    while (well) {
        int64_t due_ns = next_due_ns(viewer);

        if (viewer->is_playing && due_ns != 0 && due_ns <= now_ns())
            well = fill(viewer);
        else
            well = hear(viewer, due_ns);
    }
    close(viewer->fd);
    free(viewer);
    return NULL;
}

/* --- all of them ---------------------------------------------------------- */

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        die("listen: %s", strerror(errno));
    printf("rtmp://127.0.0.1:%u/vod/movie\n",
           (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char *argv[])
{
    struct rlimit limit;
    pthread_attr_t attributes;
    int listener;

    if (argc != 2) {
        fputs("Usage: floor FILE\n", stderr);
        return 2;
    }
    make_film(argv[1]);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    listener = listen_on_loopback();
    for (;;) {
        struct viewer *viewer = calloc(1, sizeof(*viewer));
        pthread_t thread;

        if (viewer == NULL)
            die("out of memory");
        viewer->fd = accept(listener, NULL, NULL);
        if (viewer->fd < 0)
            die("accept: %s", strerror(errno));
        if (pthread_create(&thread, &attributes, serve, viewer) != 0)
            die("no more threads: %s", strerror(errno));
    }
}
