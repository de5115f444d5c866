#include "config.h"

#include "viewer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef WITHOUT_OPENSSL
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

#define HANDSHAKE_BYTES 1536
#define TAG_HEADER_BYTES 11
#define MAX_MESSAGE_BYTES (1u << 24)

static uint32_t get_be(const uint8_t *data, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | data[i];
    return value;
}

static void put_be(uint8_t *data, size_t bytes, uint32_t value)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        data[i] = (uint8_t)value;
}

/* --- films --------------------------------------------------------------- */

static void *grow(void *memory, size_t bytes)
{
    void *grown = realloc(memory, bytes);

    if (grown == NULL) {
        fputs("no memory for a film\n", stderr);
        exit(EXIT_FAILURE);
    }
    return grown;
}

static void add(struct film *film, const void *data, size_t length)
{
    memcpy(film->data + film->length, data, length);
    film->length += length;
}

/* A tag that begins with `head` and goes on with its own number. */
static void add_tag(struct film *film, uint8_t type, uint32_t time_ms,
                    const char *head, size_t head_bytes, size_t bytes)
{
    uint8_t header[TAG_HEADER_BYTES] = {type}, back[4];
    uint8_t *payload;

    film->data = grow(film->data, film->length + bytes + 64);
    film->offsets =
        grow(film->offsets, (film->count + 1) * sizeof(film->offsets[0]));
    film->offsets[film->count] = film->length;
    put_be(header + 1, 3, (uint32_t)bytes);
    put_be(header + 4, 3, time_ms & 0xFFFFFF);
    header[7] = (uint8_t)(time_ms >> 24);
    put_be(back, 4, (uint32_t)bytes + TAG_HEADER_BYTES);
    add(film, header, sizeof(header));
    payload = film->data + film->length;
    for (size_t i = 0; i < bytes; i++)
        payload[i] = (uint8_t)(0x40 + (film->count + i) % 151);
    memcpy(payload, head, head_bytes);
    put_be(payload + head_bytes, 4, (uint32_t)film->count);
    film->length += bytes;
    add(film, back, sizeof(back));
    film->count++;
}

void film_make(struct film *film, size_t pictures, size_t picture_bytes)
{
    static const char begin[13] = "FLV\1\5\0\0\0\11";

    *film = (struct film){0};
    film->data = grow(NULL, sizeof(begin));
    add(film, begin, sizeof(begin));
    add_tag(film, 9, 0, "\x17\0\0\0\0", 5, 40);
    add_tag(film, 8, 0, "\xAF\0", 2, 10);
    for (size_t i = 0; i < pictures; i++) {
        const uint32_t time_ms = (uint32_t)i * FILM_FRAME_MS;

        add_tag(film, 9, time_ms,
                i % FILM_KEYFRAME_EVERY == 0 ? "\x17\1\0\0\0" : "\x27\1\0\0\0",
                5, picture_bytes);
        add_tag(film, 8, time_ms, "\xAF\1", 2, 50);
        add_tag(film, 8, time_ms + FILM_FRAME_MS / 2, "\xAF\1", 2, 51);
    }
}

void film_free(struct film *film)
{
    free(film->data);
    free(film->offsets);
}

/* --- the connection ------------------------------------------------------ */

/* False, always. */
static bool is_wrong(struct viewer *viewer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool is_wrong(struct viewer *viewer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (viewer->wrong[0] == '\0')
        vsnprintf(viewer->wrong, sizeof(viewer->wrong), format, arguments);
    va_end(arguments);
    viewer->ended = true;
    return false;
}

#ifndef WITHOUT_OPENSSL
static bool begin_tls(struct viewer *viewer)
{
    static SSL_CTX *context; /* one for all, as long as the program runs */

    if (context == NULL)
        context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return is_wrong(viewer, "no TLS");
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    viewer->tls = SSL_new(context);
    if (viewer->tls == NULL || SSL_set_fd(viewer->tls, viewer->fd) != 1)
        return is_wrong(viewer, "no TLS");
    errno = 0;
    if (SSL_connect(viewer->tls) == 1)
        return true;
    ERR_clear_error();
    if (errno == EAGAIN)
        return is_wrong(viewer, "the handshake of TLS hangs");
    viewer->ended = true;
    return false;
}

static ssize_t receive(struct viewer *viewer, void *data, size_t size)
{
    size_t length;

    if (viewer->tls == NULL)
        return recv(viewer->fd, data, size, 0);
    ERR_clear_error();
    errno = 0;
    if (SSL_read_ex(viewer->tls, data, size, &length) == 1)
        return (ssize_t)length;
    return errno == EAGAIN ? -1 : 0;
}

static ssize_t transmit(struct viewer *viewer, const void *data, size_t size)
{
    size_t length;

    if (viewer->tls == NULL)
        return send(viewer->fd, data, size, MSG_NOSIGNAL);
    ERR_clear_error();
    errno = 0;
    if (SSL_write_ex(viewer->tls, data, size, &length) == 1)
        return (ssize_t)length;
    return errno == EAGAIN ? -1 : 0;
}

static void end_tls(struct viewer *viewer)
{
    SSL_free(viewer->tls);
    ERR_clear_error();
}
#else
static bool begin_tls(struct viewer *viewer)
{
    return is_wrong(viewer, "flvd was built without TLS");
}

static ssize_t receive(struct viewer *viewer, void *data, size_t size)
{
    return recv(viewer->fd, data, size, 0);
}

static ssize_t transmit(struct viewer *viewer, const void *data, size_t size)
{
    return send(viewer->fd, data, size, MSG_NOSIGNAL);
}

static void end_tls(struct viewer *viewer)
{
    (void)viewer;
}
#endif

static bool fill(struct viewer *viewer)
{
    ssize_t n;

    if (viewer->ended)
        return false;
    n = receive(viewer, viewer->buffer, sizeof(viewer->buffer));
    if (n < 0 && errno == EAGAIN)
        return is_wrong(viewer, "nothing came for %d s; last status \"%s\"",
                        VIEWER_TIMEOUT_S, viewer->status);
    if (n <= 0) {
        viewer->ended = true;
        return false;
    }
    viewer->begin = 0;
    viewer->end = (size_t)n;
    viewer->received_bytes += (uint32_t)n;
    return true;
}

static bool read_bytes(struct viewer *viewer, uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        size_t n = viewer->end - viewer->begin;

        if (n == 0) {
            if (!fill(viewer))
                return false;
            continue;
        }
        if (n > bytes)
            n = bytes;
        memcpy(data, viewer->buffer + viewer->begin, n);
        viewer->begin += n;
        data += n;
        bytes -= n;
    }
    return true;
}

bool viewer_send(struct viewer *viewer, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0 && !viewer->ended) {
        ssize_t n = transmit(viewer, bytes, size);

        if (n < 0 && errno == EAGAIN)
            return is_wrong(viewer, "nothing is taken for %d s",
                            VIEWER_TIMEOUT_S);
        /* What was sent before may still be there to read. */
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return !viewer->ended;
}

/* One chunk: what is said here is short. */
static bool send_message(struct viewer *viewer, uint8_t chunk_stream,
                         uint8_t type, uint8_t stream, const void *data,
                         size_t size)
{
    uint8_t chunk[12 + 128] = {chunk_stream};

    if (size > 128)
        return is_wrong(viewer, "a message of %zu bytes", size);
    put_be(chunk + 4, 3, (uint32_t)size);
    chunk[7] = type;
    chunk[8] = stream;
    memcpy(chunk + 12, data, size);
    return viewer_send(viewer, chunk, 12 + size);
}

/* --- commands ------------------------------------------------------------ */

struct amf {
    uint8_t data[128];
    size_t size;
};

static void amf_text(struct amf *amf, const char *text)
{
    const size_t length = strlen(text);

    put_be(amf->data + amf->size, 2, (uint32_t)length);
    memcpy(amf->data + amf->size + 2, text, length);
    amf->size += 2 + length;
}

static void amf_string(struct amf *amf, const char *text)
{
    amf->data[amf->size++] = 2;
    amf_text(amf, text);
}

static void amf_number(struct amf *amf, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, 8);
    amf->data[amf->size] = 0;
    put_be(amf->data + amf->size + 1, 4, (uint32_t)(bits >> 32));
    put_be(amf->data + amf->size + 5, 4, (uint32_t)bits);
    amf->size += 9;
}

static void amf_call(struct amf *amf, const char *name, double transaction)
{
    amf->size = 0;
    amf_string(amf, name);
    amf_number(amf, transaction);
}

static void amf_byte(struct amf *amf, uint8_t byte)
{
    amf->data[amf->size++] = byte;
}

static bool call_connect(struct viewer *viewer)
{
    struct amf amf;

    amf_call(&amf, "connect", 1);
    amf_byte(&amf, 3);
    amf_text(&amf, "app");
    amf_string(&amf, "vod");
    amf_text(&amf, "");
    amf_byte(&amf, 9);
    return send_message(viewer, 3, 20, 0, amf.data, amf.size);
}

/* --- what comes ---------------------------------------------------------- */

static void take_code(struct viewer *viewer, const uint8_t *data, size_t size)
{
    static const uint8_t key[] = {0, 4, 'c', 'o', 'd', 'e', 2};
    const uint8_t *found = memmem(data, size, key, sizeof(key));
    size_t length;

    if (found == NULL || (size_t)(data + size - found) < sizeof(key) + 2)
        return;
    found += sizeof(key);
    length = get_be(found, 2);
    if (length > (size_t)(data + size - found) - 2 ||
        length >= sizeof(viewer->status))
        return;
    memcpy(viewer->status, found + 2, length);
    viewer->status[length] = '\0';
}

static bool is_status(const struct viewer *viewer, const char *code)
{
    return strcmp(viewer->status, code) == 0;
}

static bool take_command(struct viewer *viewer, const uint8_t *data,
                         size_t size)
{
    take_code(viewer, data, size);
    if (is_status(viewer, "NetStream.Play.Stop"))
        viewer->is_stopped = true;
    if (is_status(viewer, "NetStream.Play.Complete"))
        viewer->is_complete = true;
    if (is_status(viewer, "NetStream.Play.Failed") ||
        is_status(viewer, "NetStream.Play.StreamNotFound") ||
        is_status(viewer, "NetConnection.Connect.Rejected"))
        viewer->is_refused = true;
    return true;
}

static bool take_user_control(struct viewer *viewer, const uint8_t *data,
                              size_t size)
{
    uint8_t pong[6] = {0, 7};

    if (size != 6)
        return true;
    switch (get_be(data, 2)) {
    case 1:
        viewer->is_over = true;
        return true;
    case 6:
        memcpy(pong + 2, data + 2, 4);
        (void)send_message(viewer, 2, 4, 0, pong, sizeof(pong));
        return true;
    case 7:
        viewer->pongs++;
        return true;
    }
    return true;
}

/* Whether the payload is this tag's, or its begin and zeros. */
static bool is_tag(struct viewer *viewer, size_t number, uint8_t type,
                   const uint8_t *data, size_t size)
{
    const uint8_t *tag = viewer->film->data + viewer->film->offsets[number];
    const uint8_t *payload = tag + TAG_HEADER_BYTES;
    size_t same = 0;

    if (tag[0] != type || get_be(tag + 1, 3) != size)
        return false;
    while (same < size && data[same] == payload[same])
        same++;
    if (same == size)
        return true;
    while (same < size && data[same] == 0)
        same++;
    viewer->is_blank = same == size;
    return viewer->is_blank;
}

/* Which keyframe it is: its number is in it. */
static bool is_some_keyframe(struct viewer *viewer, uint8_t type,
                             const uint8_t *data, size_t size)
{
    const size_t number = size < 9 ? 0 : get_be(data + 5, 4);
    size_t zeros = 0;

    while (zeros < size && data[zeros] == 0)
        zeros++;
    viewer->is_blank = zeros == size;
    if (viewer->is_blank) /* its file failed at once */
        return true;

    if (number < FILM_HEADERS || number >= viewer->film->count ||
        data[0] != 0x17 || !is_tag(viewer, number, type, data, size))
        return false;
    viewer->next = number;
    viewer->seeks = false;
    return true;
}

static bool take_media(struct viewer *viewer, uint8_t type, const uint8_t *data,
                       size_t size)
{
    const struct film *film = viewer->film;

    viewer->media++;
    if (film == NULL)
        return is_wrong(viewer, "media before it was asked for");
    if (viewer->is_blank)
        return is_wrong(viewer, "tag %zu follows one of zeros", viewer->next);
    if (viewer->is_over)
        return is_wrong(viewer, "media behind the end");
    if (viewer->seeks && (is_tag(viewer, 0, type, data, size) ||
                          is_tag(viewer, 1, type, data, size)))
        return true;
    if (viewer->seeks ? !is_some_keyframe(viewer, type, data, size)
                      : !is_tag(viewer, viewer->next, type, data, size))
        return is_wrong(viewer, "not tag %zu%s came, but type %u, %zu bytes",
                        viewer->next, viewer->seeks ? " of a seek" : "", type,
                        size);
    if (++viewer->next == film->count) {
        viewer->next = 0;
        viewer->rounds++;
    }
    return true;
}

static bool take_message(struct viewer *viewer, uint8_t type,
                         const uint8_t *data, size_t size)
{
    switch (type) {
    case 1:
        viewer->chunk_bytes = get_be(data, size < 4 ? size : 4);
        if (viewer->chunk_bytes - 1 >= 0x7FFFFFFF)
            return is_wrong(viewer, "chunks of %u", viewer->chunk_bytes);
        return true;
    case 4:
        return take_user_control(viewer, data, size);
    case 8:
    case 9:
        return take_media(viewer, type, data, size);
    case 3:
    case 5:
    case 6:
        return true;
    case 18:
    case 20:
        return take_command(viewer, data, size);
    }
    return is_wrong(viewer, "a message of type %u", type);
}

static void acknowledge(struct viewer *viewer)
{
    uint8_t data[4];

    if (viewer->received_bytes - viewer->acknowledged_bytes < 1000000)
        return;
    viewer->acknowledged_bytes = viewer->received_bytes;
    put_be(data, 4, viewer->received_bytes);
    (void)send_message(viewer, 2, 3, 0, data, sizeof(data));
}

static bool read_header(struct viewer *viewer,
                        struct viewer_chunk_stream *stream, unsigned format)
{
    uint8_t header[11], extended[4];

    if (format > 1)
        return is_wrong(viewer, "a message begins with fmt %u", format);
    if (!read_bytes(viewer, header, format == 0 ? 11 : 7))
        return false;
    stream->size = get_be(header + 3, 3);
    stream->type = header[6];
    stream->is_extended = get_be(header, 3) == 0xFFFFFF;
    return !stream->is_extended || read_bytes(viewer, extended, 4);
}

static bool read_payload(struct viewer *viewer, uint8_t id,
                         const struct viewer_chunk_stream *stream)
{
    uint8_t between[5];

    for (uint32_t done = 0; done < stream->size;) {
        uint32_t n = stream->size - done;

        if (n > viewer->chunk_bytes)
            n = viewer->chunk_bytes;
        if (done > 0 &&
            !read_bytes(viewer, between, stream->is_extended ? 5 : 1))
            return false;
        if (done > 0 && between[0] != (0xC0 | id))
            return is_wrong(viewer, "a message is interrupted");
        if (!read_bytes(viewer, viewer->message + done, n))
            return false;
        done += n;
    }
    return true;
}

bool viewer_read(struct viewer *viewer)
{
    struct viewer_chunk_stream *stream;
    uint8_t basic;

    if (!read_bytes(viewer, &basic, 1))
        return false;
    if ((basic & 0x3F) < 2)
        return is_wrong(viewer, "a chunk stream above 63");
    stream = &viewer->streams[basic & 0x3F];
    if (!read_header(viewer, stream, basic >> 6) ||
        !read_payload(viewer, basic & 0x3F, stream))
        return false;
    acknowledge(viewer);
    return take_message(viewer, stream->type, viewer->message, stream->size);
}

/* --- coming -------------------------------------------------------------- */

static void viewer_init(struct viewer *viewer)
{
    memset(viewer, 0, sizeof(*viewer));
    viewer->chunk_bytes = 128;
    viewer->fd = -1;
}

bool viewer_connect_bare(struct viewer *viewer, uint16_t port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr.s_addr =
                                            htonl(INADDR_LOOPBACK)};
    const struct timeval timeout = {.tv_sec = VIEWER_TIMEOUT_S};
    const int on = 1;

    viewer_init(viewer);
    viewer->message = malloc(MAX_MESSAGE_BYTES);
    viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (viewer->message == NULL || viewer->fd < 0)
        return is_wrong(viewer, "no socket or no memory: %m");
    (void)setsockopt(viewer->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
                     sizeof(timeout));
    (void)setsockopt(viewer->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
                     sizeof(timeout));
    (void)setsockopt(viewer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    viewer->ended = connect(viewer->fd, (const struct sockaddr *)&address,
                            sizeof(address)) != 0;
    return !viewer->ended;
}

static bool shake_hands(struct viewer *viewer)
{
    static const uint8_t c0c1[1 + HANDSHAKE_BYTES] = {3, 0, 0, 0, 1};
    uint8_t answer[1 + 2 * HANDSHAKE_BYTES];

    if (!viewer_send(viewer, c0c1, sizeof(c0c1)) ||
        !read_bytes(viewer, answer, sizeof(answer)))
        return false;
    if (answer[0] != 3 || memcmp(answer + 1 + HANDSHAKE_BYTES + 8, c0c1 + 9,
                                 HANDSHAKE_BYTES - 8) != 0)
        return is_wrong(viewer, "S2 is not what C1 was");
    return viewer_send(viewer, answer + 1, HANDSHAKE_BYTES);
}

bool viewer_connect(struct viewer *viewer, uint16_t port, bool over_tls)
{
    if (!viewer_connect_bare(viewer, port) ||
        (over_tls && !begin_tls(viewer)) || !shake_hands(viewer) ||
        !call_connect(viewer))
        return false;
    return viewer_read_status(viewer, "NetConnection.Connect.Success");
}

/* --- playing ------------------------------------------------------------- */

static void forget_play(struct viewer *viewer)
{
    viewer->is_complete = viewer->is_stopped = viewer->is_over = false;
    viewer->is_refused = viewer->is_blank = viewer->seeks = false;
    viewer->media = viewer->rounds = 0;
    viewer->next = 0;
    viewer->status[0] = '\0';
}

bool viewer_play(struct viewer *viewer, const char *name,
                 const struct film *film, uint32_t buffer_ms)
{
    uint8_t buffer[10] = {0, 3, 0, 0, 0, 1};
    struct amf amf;

    if (viewer->film == NULL) {
        amf_call(&amf, "createStream", 2);
        amf_byte(&amf, 5);
        if (!send_message(viewer, 3, 20, 0, amf.data, amf.size))
            return false;
    }
    forget_play(viewer);
    viewer->film = film;
    put_be(buffer + 6, 4, buffer_ms);
    amf_call(&amf, "play", 0);
    amf_byte(&amf, 5);
    amf_string(&amf, name);
    return send_message(viewer, 2, 4, 0, buffer, sizeof(buffer)) &&
           send_message(viewer, 8, 20, 1, amf.data, amf.size);
}

bool viewer_seek(struct viewer *viewer, double to_ms)
{
    struct amf amf;

    amf_call(&amf, "seek", 0);
    amf_byte(&amf, 5);
    amf_number(&amf, to_ms);
    viewer->status[0] = '\0';
    if (!send_message(viewer, 8, 20, 1, amf.data, amf.size) ||
        !viewer_read_status(viewer, "NetStream.Seek.Notify"))
        return false;
    viewer->seeks = true;
    viewer->is_complete = viewer->is_stopped = viewer->is_over = false;
    return true;
}

bool viewer_pause(struct viewer *viewer, bool is_paused)
{
    struct amf amf;

    amf_call(&amf, "pause", 0);
    amf_byte(&amf, 5);
    amf_byte(&amf, 1);
    amf_byte(&amf, is_paused);
    amf_number(&amf, 0);
    viewer->status[0] = '\0';
    return send_message(viewer, 8, 20, 1, amf.data, amf.size) &&
           viewer_read_status(viewer, is_paused ? "NetStream.Pause.Notify"
                                                : "NetStream.Unpause.Notify");
}

bool viewer_read_media(struct viewer *viewer, uint64_t media)
{
    while (viewer->media < media && !viewer->is_over && !viewer->is_refused) {
        if (!viewer_read(viewer))
            return false;
    }
    return viewer->media >= media;
}

bool viewer_read_status(struct viewer *viewer, const char *code)
{
    while (!is_status(viewer, code) && !viewer->is_refused) {
        if (!viewer_read(viewer))
            return false;
    }
    return is_status(viewer, code);
}

bool viewer_read_over(struct viewer *viewer)
{
    while (!viewer->is_over && !viewer->is_refused) {
        if (!viewer_read(viewer))
            return false;
    }
    return viewer->is_over;
}

bool viewer_catch_up(struct viewer *viewer)
{
    static const uint8_t ping[6] = {0, 6};
    const uint32_t before = viewer->pongs;

    if (!send_message(viewer, 2, 4, 0, ping, sizeof(ping)))
        return false;
    while (viewer->pongs == before) {
        if (!viewer_read(viewer))
            return false;
    }
    return true;
}

void viewer_read_end(struct viewer *viewer)
{
    while (viewer_read(viewer))
        ;
}

/* --- going --------------------------------------------------------------- */

void viewer_close(struct viewer *viewer)
{
    end_tls(viewer);
    if (viewer->fd >= 0)
        close(viewer->fd);
    free(viewer->message);
    viewer->message = NULL;
    viewer->tls = NULL;
    viewer->fd = -1;
}

void viewer_reset(struct viewer *viewer)
{
    const struct linger linger = {.l_onoff = 1};

    (void)setsockopt(viewer->fd, SOL_SOCKET, SO_LINGER, &linger,
                     sizeof(linger));
    viewer_close(viewer);
}
