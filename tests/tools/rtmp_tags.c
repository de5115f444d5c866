/* rtmp_tags: plays a stream as a scripted RTMP client and compares what
 * arrives with the FLV file that it should be. It is written from the
 * specifications and uses none of flvd's code, so that one error cannot hide
 * another. Whatever is not as it should be is one line on standard error, and
 * exit status 1. */
#include "config.h"

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
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char usage[] =
    "usage: rtmp_tags [OPTION]... URL\n"
    "  -f FILE  what must arrive: the tags of this FLV file\n"
    "  -A, -V   without its audio, without its video\n"
    "  -r N     rounds that must arrive (default 1), then the client leaves\n"
    "  -e END   it stays for the end: `complete' after the last round, `stop'\n"
    "           at any tag\n"
    "  -z       the last tag before the end may have been filled with zeros\n"
    "  -P MS    each round must be exactly this long\n"
    "  -t MS    play from this time on\n"
    "  -k MS    seek to this time when the first tag is there, and compare\n"
    "           what comes then; times must be those of FILE\n"
    "  -b MS    the buffer to announce (default 36000000)\n"
    "  -w FILE  write what arrives into an FLV file\n"
    "  -p       say `playing' on standard output when the first tag is there\n"
    "  -i       play nothing: connect, and wait until the server hangs up\n";

#define HANDSHAKE_BYTES 1536
#define RECEIVE_TIMEOUT_S 30

enum end { END_NONE, END_COMPLETE, END_STOP };

struct arguments {
    const char *url;
    const char *file;
    const char *output;
    bool no_audio;
    bool no_video;
    bool may_be_zeros;
    bool says_playing;
    bool is_idle;
    unsigned long rounds;
    enum end end;
    long period_ms; /* -1: whatever fits */
    double start_ms;
    long seek_ms; /* -1: no seek */
    uint32_t buffer_ms;
};

static void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("rtmp_tags: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

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

/* --- the file ------------------------------------------------------------ */

struct tag {
    uint8_t type;
    bool is_header; /* decoder configuration, no frame */
    int64_t time_ms;
    uint32_t size;
    const uint8_t *data;
};

struct file {
    uint8_t *bytes;
    size_t size;
    struct tag *tags;
    size_t count;
    int64_t first_ms; /* of the frames: the first, the latest, */
    int64_t last_ms;
    int64_t longest_ms; /* and the widest step between two of a kind */
};

static void read_whole_file(const char *path, struct file *file)
{
    FILE *stream = fopen(path, "rb");
    long size;

    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 ||
        (size = ftell(stream)) < 13)
        die("%s: cannot be read or is too short", path);
    rewind(stream);
    file->size = (size_t)size;
    file->bytes = malloc(file->size);
    if (file->bytes == NULL ||
        fread(file->bytes, 1, file->size, stream) != file->size)
        die("%s: cannot be read", path);
    fclose(stream);
}

/* Of usable tags. Enhanced RTMP: SequenceStart, and what belongs beside it
 * (packet type 4), in a multitrack packet too. */
static bool is_header(uint8_t type, const uint8_t *data)
{
    const bool is_enhanced =
        type == 8 ? data[0] >> 4 == 9 : (data[0] & 0x80) != 0;
    const uint8_t multitrack = type == 8 ? 5 : 6;
    const uint8_t packet_type =
        data[(data[0] & 0x0F) == multitrack ? 1 : 0] & 0x0F;

    if (is_enhanced)
        return packet_type == 0 || packet_type == 4;
    if (type == 8)
        return data[0] >> 4 == 10 && data[1] == 0; /* AAC */
    return (data[0] & 0x0F) == 7 && data[1] == 0;
}

/* Whether a player could use it: AAC and AVC need something behind their own
 * headers, but for the end of a sequence. */
static bool is_usable(uint8_t type, const uint8_t *data, uint32_t size)
{
    if (size < 2)
        return false;
    if (type == 8)
        return data[0] >> 4 != 10 || size > 2;
    return (data[0] & 0x8F) != 7 || size > 5 || (size == 5 && data[1] == 2);
}

static void add_tag(struct file *file, const struct tag *tag)
{
    if ((file->count & (file->count + 1)) == 0) {
        size_t room = 2 * (file->count + 1);

        file->tags = realloc(file->tags, room * sizeof(*file->tags));
        if (file->tags == NULL)
            die("no memory");
    }
    file->tags[file->count++] = *tag;
}

static void measure(struct file *file)
{
    int64_t previous_ms[2] = {-1, -1};
    bool is_first = true;

    for (size_t i = 0; i < file->count; i++) {
        const struct tag *tag = &file->tags[i];
        int64_t *previous = &previous_ms[tag->type - 8];

        if (tag->is_header)
            continue;
        if (is_first)
            file->first_ms = file->last_ms = tag->time_ms;
        is_first = false;
        if (tag->time_ms > file->last_ms)
            file->last_ms = tag->time_ms;
        if (*previous >= 0 && tag->time_ms - *previous > file->longest_ms)
            file->longest_ms = tag->time_ms - *previous;
        *previous = tag->time_ms;
    }
}

static void load_file(const struct arguments *arguments, struct file *file)
{
    size_t at;

    read_whole_file(arguments->file, file);
    if (memcmp(file->bytes, "FLV\1", 4) != 0)
        die("%s: not FLV", arguments->file);
    at = get_be(file->bytes + 5, 4) + 4;
    while (at + 11 <= file->size) {
        const uint8_t *header = file->bytes + at;
        struct tag tag = {.type = header[0], .size = get_be(header + 1, 3)};

        at += 11;
        if (tag.size > file->size - at)
            break;
        tag.time_ms = get_be(header + 4, 3) | (int64_t)header[7] << 24;
        tag.data = file->bytes + at;
        if (((tag.type == 8 && !arguments->no_audio) ||
             (tag.type == 9 && !arguments->no_video)) &&
            is_usable(tag.type, tag.data, tag.size)) {
            tag.is_header = is_header(tag.type, tag.data);
            add_tag(file, &tag);
        }
        at += tag.size + 4;
    }
    if (file->count == 0)
        die("%s: no tags to compare with", arguments->file);
    measure(file);
}

/* --- the connection ------------------------------------------------------ */

struct message {
    uint8_t type;
    uint32_t stream_id;
    uint32_t time_ms;
    uint32_t size;
    uint8_t *data;
};

/* What is remembered of a chunk stream. */
struct chunk_stream {
    bool is_known;
    bool is_extended;
    uint32_t delta_ms; /* or the time itself, behind a full header */
    struct message message;
};

struct connection {
    int fd;
    uint32_t chunk_bytes;
    uint32_t received_bytes;
    uint32_t acknowledged_bytes;
    struct chunk_stream streams[64];
    size_t begin, end; /* of what lies in `buffer` */
    uint8_t buffer[65536];
};

/* False when the server hung up. */
static bool fill(struct connection *connection)
{
    ssize_t n;

    do /* a stop and a SIGCONT interrupt it */
        n = recv(connection->fd, connection->buffer, sizeof(connection->buffer),
                 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        die("nothing came for %d s", RECEIVE_TIMEOUT_S);
    if (n < 0 && errno != ECONNRESET)
        die("cannot read: %s", strerror(errno));
    if (n <= 0)
        return false;
    connection->begin = 0;
    connection->end = (size_t)n;
    connection->received_bytes += (uint32_t)n;
    return true;
}

static void read_bytes(struct connection *connection, uint8_t *data,
                       size_t bytes)
{
    while (bytes > 0) {
        size_t n = connection->end - connection->begin;

        if (n == 0) {
            if (!fill(connection))
                die("the server hung up");
            continue;
        }
        if (n > bytes)
            n = bytes;
        memcpy(data, connection->buffer + connection->begin, n);
        connection->begin += n;
        data += n;
        bytes -= n;
    }
}

static uint32_t read_be(struct connection *connection, size_t bytes)
{
    uint8_t data[4];

    read_bytes(connection, data, bytes);
    return get_be(data, bytes);
}

static void write_bytes(struct connection *connection, const uint8_t *data,
                        size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = send(connection->fd, data, bytes, MSG_NOSIGNAL);

        if (n <= 0)
            die("cannot write: %s", strerror(errno));
        data += n;
        bytes -= (size_t)n;
    }
}

/* RTMP 1.0, 5.3: a full header, chunks of 128 bytes. */
static void send_message(struct connection *connection, uint8_t chunk_stream,
                         uint8_t type, uint8_t stream_id, const uint8_t *data,
                         size_t size)
{
    uint8_t header[12] = {chunk_stream};
    const uint8_t next = 0xC0 | chunk_stream;

    put_be(header + 4, 3, (uint32_t)size);
    header[7] = type;
    header[8] = stream_id;
    write_bytes(connection, header, sizeof(header));
    for (size_t sent = 0; sent < size;) {
        size_t n = size - sent < 128 ? size - sent : 128;

        if (sent > 0)
            write_bytes(connection, &next, 1);
        write_bytes(connection, data + sent, n);
        sent += n;
    }
}

static void acknowledge(struct connection *connection)
{
    uint8_t data[4];

    if (connection->received_bytes - connection->acknowledged_bytes < 1000000)
        return;
    connection->acknowledged_bytes = connection->received_bytes;
    put_be(data, 4, connection->received_bytes);
    send_message(connection, 2, 3, 0, data, sizeof(data));
}

static void read_message_header(struct connection *connection,
                                struct chunk_stream *stream, unsigned format)
{
    struct message *message = &stream->message;

    if (format == 3 || (format != 0 && !stream->is_known))
        die("a message begins with a header of format %u", format);
    stream->delta_ms = read_be(connection, 3);
    if (format < 2) {
        message->size = read_be(connection, 3);
        message->type = (uint8_t)read_be(connection, 1);
    }
    if (format == 0) {
        uint8_t id[4];

        read_bytes(connection, id, 4); /* little-endian */
        message->stream_id = id[0] | (uint32_t)id[1] << 8 |
                             (uint32_t)id[2] << 16 | (uint32_t)id[3] << 24;
    }
    stream->is_extended = stream->delta_ms == 0xFFFFFF;
    if (stream->is_extended)
        stream->delta_ms = read_be(connection, 4);
    message->time_ms = stream->delta_ms + (format == 0 ? 0 : message->time_ms);
    stream->is_known = true;
}

/* The next message; its data is valid until the next one on its chunk stream.
 * Messages must not be interleaved: widespread clients cannot have that. */
static const struct message *read_message(struct connection *connection)
{
    uint32_t basic = read_be(connection, 1);
    uint32_t number = basic & 0x3F;
    struct chunk_stream *stream = &connection->streams[number];
    struct message *message = &stream->message;
    uint32_t done = 0;

    if (number < 2)
        die("a chunk stream id above 63");
    read_message_header(connection, stream, basic >> 6);
    free(message->data);
    message->data = malloc(message->size + 1u);
    if (message->data == NULL)
        die("no memory");
    while (done < message->size) {
        uint32_t n = message->size - done;

        if (n > connection->chunk_bytes)
            n = connection->chunk_bytes;
        if (done > 0 && read_be(connection, 1) != (0xC0 | number))
            die("a message is interrupted by another chunk");
        if (done > 0 && stream->is_extended &&
            read_be(connection, 4) != stream->delta_ms)
            die("a continuation does not repeat the extended timestamp");
        read_bytes(connection, message->data + done, n);
        done += n;
    }
    acknowledge(connection);
    return message;
}

/* --- commands ------------------------------------------------------------ */

struct amf {
    size_t size;
    uint8_t data[1024];
};

static void amf_bytes(struct amf *amf, const void *data, size_t size)
{
    if (size > sizeof(amf->data) - amf->size)
        die("the URL is too long");
    memcpy(amf->data + amf->size, data, size);
    amf->size += size;
}

static void amf_name(struct amf *amf, const char *text)
{
    uint8_t length[2];

    put_be(length, 2, (uint32_t)strlen(text));
    amf_bytes(amf, length, 2);
    amf_bytes(amf, text, strlen(text));
}

static void amf_string(struct amf *amf, const char *text)
{
    amf_bytes(amf, "\2", 1);
    amf_name(amf, text);
}

static void amf_number(struct amf *amf, double number)
{
    uint8_t data[9] = {0};
    uint64_t bits;

    memcpy(&bits, &number, 8);
    put_be(data + 1, 4, (uint32_t)(bits >> 32));
    put_be(data + 5, 4, (uint32_t)bits);
    amf_bytes(amf, data, sizeof(data));
}

static void amf_call(struct amf *amf, const char *name, double transaction)
{
    amf->size = 0;
    amf_string(amf, name);
    amf_number(amf, transaction);
}

/* Whether a message begins with this AMF string. */
static bool is_named(const struct message *message, const char *name)
{
    struct amf amf = {0};

    amf_string(&amf, name);
    return message->size >= amf.size &&
           memcmp(message->data, amf.data, amf.size) == 0;
}

/* Whether a status or result has this code. */
static bool has_code(const struct message *message, const char *code)
{
    struct amf amf = {0};

    amf_name(&amf, "code");
    amf_string(&amf, code);
    return memmem(message->data, message->size, amf.data, amf.size) != NULL;
}

/* --- connecting ---------------------------------------------------------- */

struct url {
    char host[128];
    char port[16];
    char application[128];
    char name[384];
};

static void parse_url(const char *text, struct url *url)
{
    static const char *const formats[] = {
        "rtmp://[%127[^]]]:%15[0-9]/%127[^/]/%383s",
        "rtmp://%127[^:/]:%15[0-9]/%127[^/]/%383s"};

    for (size_t i = 0; i < 2; i++) {
        if (sscanf(text, formats[i], url->host, url->port, url->application,
                   url->name) == 4)
            return;
    }
    die("not a URL of the form rtmp://HOST:PORT/APPLICATION/NAME: %s", text);
}

static int connect_to(const struct url *url)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval timeout = {.tv_sec = RECEIVE_TIMEOUT_S};
    const int on = 1;
    struct addrinfo *found;
    int fd;

    if (getaddrinfo(url->host, url->port, &hints, &found) != 0)
        die("unknown host: %s", url->host);
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        die("cannot connect to %s:%s: %s", url->host, url->port,
            strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    freeaddrinfo(found);
    return fd;
}

/* RTMP 1.0, 5.2: the simple handshake. S2 must be C1. */
static void shake_hands(struct connection *connection)
{
    uint8_t c0c1[1 + HANDSHAKE_BYTES] = {3};
    uint8_t s0s1s2[1 + 2 * HANDSHAKE_BYTES];

    for (size_t i = 9; i < sizeof(c0c1); i++)
        c0c1[i] = (uint8_t)(i * 7 + i / 256);
    write_bytes(connection, c0c1, sizeof(c0c1));
    read_bytes(connection, s0s1s2, sizeof(s0s1s2));
    if (s0s1s2[0] != 3)
        die("S0 is %u", s0s1s2[0]);
    if (memcmp(s0s1s2 + 1 + HANDSHAKE_BYTES + 8, c0c1 + 9,
               HANDSHAKE_BYTES - 8) != 0)
        die("S2 is not what C1 was");
    write_bytes(connection, s0s1s2 + 1, HANDSHAKE_BYTES);
}

/* What every message means to the connection itself. */
static void obey(struct connection *connection, const struct message *message)
{
    uint8_t pong[6] = {0, 7};

    if (message->type == 1 && message->size == 4)
        connection->chunk_bytes = get_be(message->data, 4);
    if (message->type == 1 && connection->chunk_bytes - 1 >= 0x7FFFFFFF)
        die("Set Chunk Size to %u", connection->chunk_bytes);
    if (message->type == 4 && message->size == 6 &&
        get_be(message->data, 2) == 6) {
        memcpy(pong + 2, message->data + 2, 4);
        send_message(connection, 2, 4, 0, pong, sizeof(pong));
    }
}

/* Waits for the answer to a command. */
static const struct message *wait_for_result(struct connection *connection)
{
    for (;;) {
        const struct message *message = read_message(connection);

        obey(connection, message);
        if (message->type == 8 || message->type == 9)
            die("media before it was asked for");
        if (message->type != 20)
            continue;
        if (!is_named(message, "_result"))
            die("the answer to a command is no _result");
        return message;
    }
}

static void call_connect(struct connection *connection, const struct url *url)
{
    static const uint8_t begin = 3, end[] = {0, 0, 9};
    struct amf amf;
    char tc_url[512];

    snprintf(tc_url, sizeof(tc_url), "rtmp://%s:%s/%s", url->host, url->port,
             url->application);
    amf_call(&amf, "connect", 1);
    amf_bytes(&amf, &begin, 1);
    amf_name(&amf, "app");
    amf_string(&amf, url->application);
    amf_name(&amf, "flashVer");
    amf_string(&amf, "LNX 9,0,124,2");
    amf_name(&amf, "tcUrl");
    amf_string(&amf, tc_url);
    amf_bytes(&amf, end, sizeof(end));
    send_message(connection, 3, 20, 0, amf.data, amf.size);
    if (!has_code(wait_for_result(connection), "NetConnection.Connect.Success"))
        die("connect was refused");
}

static void call_play(struct connection *connection, const struct url *url,
                      const struct arguments *arguments)
{
    uint8_t buffer[10] = {0, 3, 0, 0, 0, 1};
    const struct message *result;
    struct amf amf, one = {0};

    amf_call(&amf, "createStream", 2);
    amf_bytes(&amf, "\5", 1);
    send_message(connection, 3, 20, 0, amf.data, amf.size);
    result = wait_for_result(connection);
    amf_number(&one, 1);
    if (result->size < 9 ||
        memcmp(result->data + result->size - 9, one.data, 9) != 0)
        die("createStream did not give 1");
    put_be(buffer + 6, 4, arguments->buffer_ms);
    send_message(connection, 2, 4, 0, buffer, sizeof(buffer));
    amf_call(&amf, "play", 0);
    amf_bytes(&amf, "\5", 1);
    amf_string(&amf, url->name);
    amf_number(&amf, arguments->start_ms);
    send_message(connection, 8, 20, 1, amf.data, amf.size);
}

/* Asks for a seek, and reads over media to where its answer ends. */
static void seek(struct connection *connection, long seek_ms)
{
    const struct message *message;
    bool is_told = false;
    struct amf amf;

    do
        message = read_message(connection);
    while (message->type != 8 && message->type != 9);
    amf_call(&amf, "seek", 0);
    amf_bytes(&amf, "\5", 1);
    amf_number(&amf, (double)seek_ms);
    send_message(connection, 8, 20, 1, amf.data, amf.size);
    do {
        message = read_message(connection);
        is_told |= has_code(message, "NetStream.Seek.Notify");
    } while (!is_told || !has_code(message, "NetStream.Play.Start"));
}

/* --- comparing ----------------------------------------------------------- */

enum stage { STAGE_ASKED, STAGE_STARTED, STAGE_COMPLETED, STAGE_STOPPED };

struct play {
    const struct arguments *arguments;
    const struct file *file; /* NULL: nothing to compare with */
    FILE *output;
    enum stage stage;
    unsigned metadata_count;
    uint64_t media_count;
    bool last_was_zeros; /* at its end, instead of the file's bytes */
    unsigned long round;
    size_t next;            /* tag in the file */
    bool knows_constant;    /* the round's first frame has come */
    int64_t constant_ms;    /* time on the wire = file time + this */
    int64_t round_start_ms; /* on the wire */
    int64_t length_ms;      /* of the round before; 0: none was measured */
};

static void write_tag(FILE *output, const struct message *message)
{
    uint8_t header[11] = {message->type};
    uint8_t back[4];

    put_be(header + 1, 3, message->size);
    put_be(header + 4, 3, message->time_ms & 0xFFFFFF);
    header[7] = (uint8_t)(message->time_ms >> 24);
    put_be(back, 4, message->size + 11);
    if (fwrite(header, 1, 11, output) != 11 ||
        fwrite(message->data, 1, message->size, output) != message->size ||
        fwrite(back, 1, 4, output) != 4)
        die("cannot write the output");
}

static void check_round_length(struct play *play, int64_t length_ms)
{
    const struct file *file = play->file;
    int64_t media_ms = file->last_ms - file->first_ms;
    int64_t longest_ms = file->longest_ms + 1;

    if (play->arguments->period_ms >= 0 &&
        length_ms != play->arguments->period_ms)
        die("round %lu is %lld ms long, not %ld", play->round,
            (long long)length_ms, play->arguments->period_ms);
    if (length_ms <= media_ms || length_ms > media_ms + longest_ms)
        die("round %lu is %lld ms long: no frame's length behind %lld",
            play->round, (long long)length_ms, (long long)media_ms);
    if (play->length_ms != 0 && play->length_ms != length_ms)
        die("round %lu is %lld ms long, the one before was %lld", play->round,
            (long long)length_ms, (long long)play->length_ms);
    play->length_ms = length_ms;
}

/* The timestamp must be the file's plus the round's constant, and that of the
 * round's first frame for what lies before it; the first frame's is 0 in the
 * first round. */
static void check_time(struct play *play, const struct tag *tag,
                       int64_t wire_ms)
{
    int64_t want_ms = tag->time_ms + play->constant_ms;

    if (play->next == 0) {
        const bool is_sought = play->arguments->seek_ms >= 0;

        if (play->round == 0 && wire_ms != (is_sought ? tag->time_ms : 0))
            die("the first tag has the time %lld", (long long)wire_ms);
        if (play->round > 0)
            check_round_length(play, wire_ms - play->round_start_ms);
        play->round_start_ms = wire_ms;
        play->knows_constant = false;
    }
    if (!play->knows_constant) {
        play->constant_ms = play->round_start_ms - tag->time_ms;
        play->knows_constant = !tag->is_header;
        want_ms = play->round_start_ms;
    }
    if (want_ms < play->round_start_ms)
        want_ms = play->round_start_ms;
    if (wire_ms != want_ms)
        die("round %lu, tag %zu: the time is %lld, not %lld", play->round + 1,
            play->next, (long long)wire_ms, (long long)want_ms);
}

/* Whether the data are the tag's up to some point and zeros from there. */
static bool ends_in_zeros(const struct tag *tag, const struct message *message)
{
    size_t i = 0;

    while (i < tag->size && message->data[i] == tag->data[i])
        i++;
    while (i < tag->size && message->data[i] == 0)
        i++;
    return i == tag->size;
}

static void compare(struct play *play, const struct message *message)
{
    const struct tag *tag = &play->file->tags[play->next];

    if (play->last_was_zeros)
        die("a tag of zeros was not the last one");
    if (message->type != tag->type || message->size != tag->size)
        die("round %lu, tag %zu: type %u with %u bytes came instead of type "
            "%u with %u",
            play->round + 1, play->next, message->type, message->size,
            tag->type, tag->size);
    if (memcmp(message->data, tag->data, tag->size) != 0) {
        if (!play->arguments->may_be_zeros || !ends_in_zeros(tag, message))
            die("round %lu, tag %zu: its bytes differ", play->round + 1,
                play->next);
        play->last_was_zeros = true;
    }
    check_time(play, tag, message->time_ms);
    if (++play->next == play->file->count) {
        play->next = 0;
        play->round++;
    }
}

static void take_media(struct play *play, const struct message *message)
{
    if (play->stage != STAGE_STARTED)
        die("media %s",
            play->stage == STAGE_ASKED ? "before Play.Start" : "after the end");
    if (message->stream_id != 1)
        die("media on message stream %u", message->stream_id);
    if (play->metadata_count == 0)
        die("media before onMetaData");
    if (play->media_count++ == 0 && play->arguments->says_playing) {
        puts("playing");
        fflush(stdout);
    }
    if (play->file != NULL)
        compare(play, message);
    if (play->output != NULL)
        write_tag(play->output, message);
}

static void take_data(struct play *play, const struct message *message)
{
    if (is_named(message, "onMetaData")) {
        if (message->time_ms != 0 || play->media_count != 0 ||
            play->metadata_count++ != 0)
            die("onMetaData comes again, late or at the time %u",
                message->time_ms);
    } else if (is_named(message, "onPlayStatus")) {
        if (!has_code(message, "NetStream.Play.Complete"))
            die("onPlayStatus without Play.Complete");
        if (play->stage != STAGE_STARTED)
            die("Play.Complete out of order");
        if (play->arguments->end != END_COMPLETE)
            die("Play.Complete in a play that does not end");
        play->stage = STAGE_COMPLETED;
    }
}

static void take_status(struct play *play, const struct message *message)
{
    if (!is_named(message, "onStatus"))
        return;
    if (has_code(message, "NetStream.Play.Start")) {
        if (play->stage != STAGE_ASKED)
            die("a second Play.Start");
        play->stage = STAGE_STARTED;
    } else if (has_code(message, "NetStream.Play.Stop")) {
        enum stage before = play->arguments->end == END_COMPLETE
                                ? STAGE_COMPLETED
                                : STAGE_STARTED;

        if (play->stage != before)
            die("Play.Stop %s", play->stage == STAGE_STARTED
                                    ? "before Play.Complete"
                                    : "out of order");
        play->stage = STAGE_STOPPED;
    } else if (!has_code(message, "NetStream.Play.Reset")) {
        die("an unexpected onStatus: %.*s", (int)message->size, message->data);
    }
}

/* Whether the play is over as it should be. */
static bool is_over(const struct play *play, const struct message *message)
{
    const struct arguments *arguments = play->arguments;
    bool is_eof = message->type == 4 && message->size == 6 &&
                  get_be(message->data, 2) == 1 &&
                  get_be(message->data + 2, 4) == 1;
    bool has_all = play->file != NULL && play->round == arguments->rounds;

    if (is_eof && play->stage != STAGE_STOPPED)
        die("StreamEOF before Play.Stop, after %llu tags",
            (unsigned long long)play->media_count);
    if (is_eof && arguments->end == END_NONE)
        die("the play ended");
    if (is_eof && arguments->end == END_COMPLETE && play->file != NULL &&
        !has_all)
        die("the play ended in round %lu, behind tag %zu", play->round + 1,
            play->next);
    return is_eof || (has_all && arguments->end == END_NONE);
}

static void watch(struct connection *connection, struct play *play)
{
    const struct message *message;

    do {
        message = read_message(connection);
        obey(connection, message);
        switch (message->type) {
        case 8:
        case 9:
            if (play->round == play->arguments->rounds &&
                play->arguments->end == END_COMPLETE)
                die("media behind the last round");
            take_media(play, message);
            break;
        case 18:
            take_data(play, message);
            break;
        case 20:
            take_status(play, message);
            break;
        case 1:
        case 3:
        case 4:
        case 5:
        case 6:
            break;
        default:
            die("a message of type %u", message->type);
        }
    } while (!is_over(play, message));
}

/* --- the whole ----------------------------------------------------------- */

static enum end parse_end(const char *text)
{
    if (strcmp(text, "complete") == 0)
        return END_COMPLETE;
    if (strcmp(text, "stop") == 0)
        return END_STOP;
    die("-e takes `complete' or `stop'");
}

static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    int option;

    *arguments = (struct arguments){.rounds = 1,
                                    .period_ms = -1,
                                    .start_ms = -2000,
                                    .seek_ms = -1,
                                    .buffer_ms = 36000000};
    while ((option = getopt(argc, argv, "f:AVr:e:zP:t:k:b:w:pi")) != -1) {
        switch (option) {
        case 'f':
            arguments->file = optarg;
            break;
        case 'A':
            arguments->no_audio = true;
            break;
        case 'V':
            arguments->no_video = true;
            break;
        case 'r':
            arguments->rounds = strtoul(optarg, NULL, 10);
            break;
        case 'e':
            arguments->end = parse_end(optarg);
            break;
        case 'z':
            arguments->may_be_zeros = true;
            break;
        case 'P':
            arguments->period_ms = strtol(optarg, NULL, 10);
            break;
        case 't':
            arguments->start_ms = strtod(optarg, NULL);
            break;
        case 'k':
            arguments->seek_ms = strtol(optarg, NULL, 10);
            break;
        case 'b':
            arguments->buffer_ms = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'w':
            arguments->output = optarg;
            break;
        case 'p':
            arguments->says_playing = true;
            break;
        case 'i':
            arguments->is_idle = true;
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (optind + 1 != argc) {
        fputs(usage, stderr);
        exit(2);
    }
    arguments->url = argv[optind];
}

static void play_it(struct connection *connection, const struct url *url,
                    const struct arguments *arguments)
{
    static const uint8_t flv_header[13] = {'F', 'L', 'V', 1, 5, 0, 0, 0, 9};
    struct play play = {.arguments = arguments};
    struct file file = {0};

    if (arguments->file != NULL) {
        load_file(arguments, &file);
        play.file = &file;
    }
    if (arguments->output != NULL) {
        play.output = fopen(arguments->output, "wb");
        if (play.output == NULL || fwrite(flv_header, 1, 13, play.output) != 13)
            die("%s: cannot be written", arguments->output);
    }
    call_play(connection, url, arguments);
    if (arguments->seek_ms >= 0) {
        seek(connection, arguments->seek_ms);
        play.stage = STAGE_STARTED;
        play.metadata_count = 1;
    }
    watch(connection, &play);
    if (play.media_count == 0)
        die("no audio and no video came");
    if (play.output != NULL && fclose(play.output) != 0)
        die("%s: cannot be written", arguments->output);
    printf("%llu tags, %lu rounds as they should be\n",
           (unsigned long long)play.media_count, play.round);
    free(file.tags);
    free(file.bytes);
}

int main(int argc, char **argv)
{
    static struct connection connection = {.chunk_bytes = 128};
    struct arguments arguments;
    struct url url;

    parse_arguments(argc, argv, &arguments);
    parse_url(arguments.url, &url);
    connection.fd = connect_to(&url);
    shake_hands(&connection);
    call_connect(&connection, &url);
    if (arguments.is_idle) {
        while (fill(&connection))
            ;
    } else {
        play_it(&connection, &url, &arguments);
    }
    close(connection.fd);
    for (size_t i = 0; i < 64; i++)
        free(connection.streams[i].message.data);
    return 0;
}
