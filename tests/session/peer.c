#include "config.h"

#include "peer.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "peer_tls.h"
#include "stack_watch.h"

/* Generous: sanitizers, valgrind and busy machines make tests 20 times
 * slower, and nothing waits for it but a test that fails. */
#ifndef TEST_SECONDS
#define TEST_SECONDS 60
#endif

static int64_t deadline_ns;

static bool over_tls;

static void turn_tls_on(void)
{
    over_tls = true;
}

static void turn_tls_off(void)
{
    over_tls = false;
}

bool runs_over_tls(void)
{
    return over_tls;
}

void renew_deadline(void)
{
    deadline_ns = clock_now_ns() + TEST_SECONDS * CLOCK_NS_PER_S;
}

/* --- the server --------------------------------------------------------- */

void server_start(struct server *server, struct flv_bytes file)
{
    struct library_error error;

    memset(server, 0, sizeof(*server));
    renew_deadline();
    server->options =
        (struct options){.loop = 1,
                         .lead_ms = -1,
                         .audio = true,
                         .video = true,
                         .max_clients = 100,
                         .handshake_timeout_ns = TEST_SECONDS * CLOCK_NS_PER_S,
                         .idle_timeout_ns = 300 * CLOCK_NS_PER_S,
                         .stall_timeout_ns = 3600 * CLOCK_NS_PER_S};
    server->peers.ss_family = AF_UNIX;
    server->file = file;
    server->file_fd = flv_bytes_open(&file);
    snprintf(server->path, sizeof(server->path), "/proc/self/fd/%d",
             server->file_fd);
    server->log_fd = memfd_create("log", MFD_CLOEXEC);
    ck_assert_int_ge(server->log_fd, 0);
    ck_assert(log_start(server->log_fd, LOG_LEVEL_DEBUG));
    server->library = library_open((char *[]){server->path}, 1, &error);
    ck_assert_msg(server->library != NULL, "the file %s", error.reason.what);
    stack_watch_start();
    ck_assert(roster_init(&server->roster, server->options.max_clients, 1));
    ck_assert(census_init(&server->census, 0, 0, 1));
    server->tls = over_tls ? peer_tls_make_server() : NULL;
    server->context.options = &server->options;
    server->context.library = server->library;
    server->context.roster = &server->roster;
    server->context.census = &server->census;
    feed_pool_init(&server->feeds);
    server->context.feeds = &server->feeds;
    tally_init(&server->tally);
    server->context.tally = &server->tally;
    server->context.started_ns = clock_now_ns();
}

void server_open_door(struct server *server, struct session_context *door,
                      const struct options *options, size_t numbered_from)
{
    memset(door, 0, sizeof(*door));
    door->options = options;
    door->library = server->context.library;
    door->roster = server->context.roster;
    door->census = server->context.census;
    door->feeds = server->context.feeds;
    door->tally = server->context.tally;
    door->started_ns = server->context.started_ns;
    atomic_store(&door->sessions, numbered_from);
    server->door = door;
}

void server_tell_stop(struct server *server)
{
    atomic_store(&server->context.closing, true);
    atomic_store(&server->context.stopping, true);
    roster_interrupt(&server->roster, false);
}

static const char *check_log(const struct server *server, const char *reason)
{
    static char *text;
    const off_t size = lseek(server->log_fd, 0, SEEK_END);
    char wanted[128];
    size_t count = 0;

    ck_assert_int_ge(size, 0);
    free(text);
    text = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(pread(server->log_fd, text, (size_t)size, 0), size);
    text[size] = '\0';
    snprintf(wanted, sizeof(wanted), "ended: %s; ", reason);
    for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    /* Check takes no long texts. */
    if (count != server->sessions)
        fprintf(stderr, "%s", size > 65536 ? text + size - 65536 : text);
    ck_assert_msg(count == server->sessions, "%zu of %zu sessions %s", count,
                  server->sessions, wanted);
    return text;
}

void server_stop(struct server *server, const char *reason)
{
    (void)server_stop_for_log(server, reason);
}

const char *server_stop_for_log(struct server *server, const char *reason)
{
    const char *log;

    ck_assert_msg(roster_wait_empty(&server->roster, deadline_ns) == 0,
                  "a session has not ended");
    stack_watch_check();
    library_close(server->library);
    tls_context_free(server->tls);
    roster_destroy(&server->roster);
    census_destroy(&server->census);
    feed_pool_destroy(&server->feeds);
    log_stop();
    log = check_log(server, reason);
    close(server->log_fd);
    close(server->file_fd);
    flv_bytes_free(&server->file);
    return log;
}

/* --- files -------------------------------------------------------------- */

struct flv_bytes small_file(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    /* onMetaData {width: 320} */
    flv_bytes_tag_hex(&b, 18, 0,
                      "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 08 00 00 00 01 "
                      "00 05 77 69 64 74 68 00 40 74 00 00 00 00 00 00 00 00 "
                      "09");
    flv_bytes_video_config(&b, 0);
    flv_bytes_audio_config(&b, 0);
    for (uint32_t i = 0; i < 10; i++) {
        if (i == 0)
            flv_bytes_keyframe(&b, 0, 1000);
        else
            flv_bytes_inter(&b, 40 * i, 100 + i);
        flv_bytes_audio(&b, 40 * i, 50);
        flv_bytes_audio(&b, 40 * i + 20, 51);
    }
    return b;
}

bool next_file_tag(struct file_tags *tags, struct file_tag *tag)
{
    for (;;) {
        const size_t at = tags->next == 0 ? 13 : tags->next;
        const uint8_t *h = tags->file->data + at;

        if (at >= tags->file->length)
            return false;
        tag->type = h[0];
        tag->length = (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
        tag->timestamp_ms = (uint32_t)h[7] << 24 | (uint32_t)h[4] << 16 |
                            (uint32_t)h[5] << 8 | h[6];
        tag->data = h + 11;
        tags->next = at + 11 + tag->length + 4;
        if (tag->type == 8 || tag->type == 9)
            return true;
    }
}

/* --- the peer ----------------------------------------------------------- */

/* A peer at the first end, which speaks no TLS yet, and a session at the
 * other. */
static struct peer *join(struct server *server, const int ends[static 2])
{
    struct peer *peer = calloc(1, sizeof(*peer));

    ck_assert_ptr_nonnull(peer);
    peer->fd = ends[0];
    peer->server_fd = ends[1];
    peer->in_chunk_bytes = 128;
    peer->out_chunk_bytes = 128;
    peer->hides_pings = true;
    server->sessions++;
    ck_assert_int_eq(
        admission_decide(server->door == NULL ? &server->context : server->door,
                         ends[1], &server->peers, server->tls),
        ADMISSION_GRANTED);
    return peer;
}

static struct peer *speak_tls(struct peer *peer)
{
    peer->tls = over_tls ? peer_tls_new(peer->fd) : NULL;
    return peer;
}

static struct peer *open_pair(struct server *server, int send_buffer_bytes)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    if (send_buffer_bytes != 0)
        ck_assert_int_eq(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF,
                                    &send_buffer_bytes,
                                    sizeof(send_buffer_bytes)),
                         0);
    return join(server, ends);
}

struct peer *peer_open_narrow(struct server *server, int send_buffer_bytes)
{
    return speak_tls(open_pair(server, send_buffer_bytes));
}

struct peer *peer_open_bare(struct server *server)
{
    return open_pair(server, 0);
}

struct peer *peer_open_tcp(struct server *server, int receive_buffer_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ends[2];

    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(
        getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_RCVBUF,
                                &receive_buffer_bytes,
                                sizeof(receive_buffer_bytes)),
                     0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&address, length), 0);
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(ends[1], 0);
    close(listener);
    return speak_tls(join(server, ends));
}

struct peer *peer_open(struct server *server)
{
    return peer_open_narrow(server, 0);
}

void peer_abort(struct peer *peer)
{
    peer_tls_free(peer->tls);
    close(peer->fd);
    free(peer->payload);
    free(peer);
}

void peer_finish_sending(struct peer *peer)
{
    if (peer->tls != NULL)
        peer_tls_say_end(peer->tls);
    ck_assert_int_eq(shutdown(peer->fd, SHUT_WR), 0);
}

static void set_timeout(const struct peer *peer, int name)
{
    const struct timeval timeout =
        clock_socket_timeout(clock_now_ns(), deadline_ns);

    ck_assert_int_eq(
        setsockopt(peer->fd, SOL_SOCKET, name, &timeout, sizeof(timeout)), 0);
}

bool try_to_send(struct peer *peer, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    set_timeout(peer, SO_SNDTIMEO);
    while (length > 0) {
        size_t piece = length;
        ssize_t n;

        if (peer->piece_bytes != 0 && piece > peer->piece_bytes)
            piece = peer->piece_bytes;
        n = peer->tls != NULL ? peer_tls_send(peer->tls, bytes, piece)
                              : send(peer->fd, bytes, piece, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return false;
        ck_assert_msg(n > 0, "sending: %s", strerror(errno));
        bytes += n;
        length -= (size_t)n;
        peer->sent_bytes += (size_t)n;
    }
    return true;
}

void send_bare(struct peer *peer, const void *data, size_t length)
{
    struct peer_tls *const tls = peer->tls;

    peer->tls = NULL;
    send_bytes(peer, data, length);
    peer->tls = tls;
}

void send_bytes(struct peer *peer, const void *data, size_t length)
{
    ck_assert_msg(try_to_send(peer, data, length),
                  "the connection was closed while the peer was sending");
}

void send_hex(struct peer *peer, const char *hex)
{
    struct flv_bytes b = {0};

    flv_bytes_hex(&b, hex);
    send_bytes(peer, b.data, b.length);
    flv_bytes_free(&b);
}

/* Time 1, no version, and a filling that can be told apart everywhere. */
static void fill_c1(uint8_t c1[static 1536])
{
    memset(c1, 0, 8);
    c1[3] = 1;
    for (size_t i = 8; i < 1536; i++)
        c1[i] = (uint8_t)(i * 7 + i / 256);
}

void send_c0c1(struct peer *peer)
{
    uint8_t c0c1[1537] = {3};

    fill_c1(c0c1 + 1);
    send_bytes(peer, c0c1, sizeof(c0c1));
}

void send_c2(struct peer *peer)
{
    static const uint8_t c2[1536];

    send_bytes(peer, c2, sizeof(c2));
}

bool try_to_send_message(struct peer *peer, uint8_t type,
                         uint32_t chunk_stream_id, uint32_t message_stream_id,
                         const void *payload, size_t length)
{
    const uint8_t header[12] = {(uint8_t)chunk_stream_id,
                                0,
                                0,
                                0,
                                (uint8_t)(length >> 16),
                                (uint8_t)(length >> 8),
                                (uint8_t)length,
                                type,
                                (uint8_t)message_stream_id,
                                (uint8_t)(message_stream_id >> 8),
                                (uint8_t)(message_stream_id >> 16),
                                (uint8_t)(message_stream_id >> 24)};
    const uint8_t continuation = (uint8_t)(0xC0 | chunk_stream_id);
    struct flv_bytes b = {0};
    size_t done = 0;
    bool sent;

    flv_bytes_add(&b, header, sizeof(header));
    while (done < length) {
        size_t n = length - done;

        if (n > peer->out_chunk_bytes)
            n = peer->out_chunk_bytes;
        if (done > 0)
            flv_bytes_add(&b, &continuation, 1);
        flv_bytes_add(&b, (const uint8_t *)payload + done, n);
        done += n;
    }
    sent = try_to_send(peer, b.data, b.length);
    flv_bytes_free(&b);
    return sent;
}

void send_message(struct peer *peer, uint8_t type, uint32_t chunk_stream_id,
                  uint32_t message_stream_id, const void *payload,
                  size_t length)
{
    ck_assert_msg(try_to_send_message(peer, type, chunk_stream_id,
                                      message_stream_id, payload, length),
                  "the connection was closed while the peer was sending");
}

static void add_text(struct flv_bytes *b, const char *text)
{
    const size_t length = strlen(text);
    const uint8_t prefix[2] = {(uint8_t)(length >> 8), (uint8_t)length};

    flv_bytes_add(b, prefix, 2);
    flv_bytes_add(b, text, length);
}

static void add_number(struct flv_bytes *b, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    flv_bytes_fill(b, 0, 1);
    flv_bytes_u32(b, (uint32_t)(bits >> 32));
    flv_bytes_u32(b, (uint32_t)bits);
}

static void add_value(struct flv_bytes *b, char letter, va_list *arguments)
{
    switch (letter) {
    case 's':
        flv_bytes_fill(b, 2, 1);
        add_text(b, va_arg(*arguments, const char *));
        break;
    case 'k':
        add_text(b, va_arg(*arguments, const char *));
        break;
    case 'd':
        add_number(b, va_arg(*arguments, double));
        break;
    case 'b':
        flv_bytes_fill(b, 1, 1);
        flv_bytes_fill(b, va_arg(*arguments, int) != 0, 1);
        break;
    case 'n':
        flv_bytes_fill(b, 5, 1);
        break;
    case 'u':
        flv_bytes_fill(b, 6, 1);
        break;
    case '{':
        flv_bytes_fill(b, 3, 1);
        break;
    case '}':
        flv_bytes_hex(b, "00 00 09");
        break;
    case 'x':
        flv_bytes_hex(b, va_arg(*arguments, const char *));
        break;
    default:
        ck_abort_msg("no such letter: %c", letter);
    }
}

struct flv_bytes command_body_list(const char *name, double transaction_id,
                                   const char *format, va_list *arguments)
{
    struct flv_bytes b = {0};

    flv_bytes_fill(&b, 2, 1);
    add_text(&b, name);
    add_number(&b, transaction_id);
    for (const char *letter = format; *letter != '\0'; letter++)
        add_value(&b, *letter, arguments);
    return b;
}

struct flv_bytes command_body(const char *name, double transaction_id,
                              const char *format, ...)
{
    struct flv_bytes b;
    va_list arguments;

    va_start(arguments, format);
    b = command_body_list(name, transaction_id, format, &arguments);
    va_end(arguments);
    return b;
}

void send_command(struct peer *peer, uint32_t message_stream_id,
                  const char *name, double transaction_id, const char *format,
                  ...)
{
    struct flv_bytes b;
    va_list arguments;

    va_start(arguments, format);
    b = command_body_list(name, transaction_id, format, &arguments);
    va_end(arguments);
    send_message(peer, 20, 3, message_stream_id, b.data, b.length);
    flv_bytes_free(&b);
}

static void send_numbers(struct peer *peer, uint8_t type, int event,
                         const uint32_t *numbers, size_t count)
{
    struct flv_bytes b = {0};

    if (event >= 0) {
        flv_bytes_fill(&b, 0, 1);
        flv_bytes_fill(&b, (uint8_t)event, 1);
    }
    for (size_t i = 0; i < count; i++)
        flv_bytes_u32(&b, numbers[i]);
    send_message(peer, type, 2, 0, b.data, b.length);
    flv_bytes_free(&b);
}

void send_ping(struct peer *peer, uint32_t timestamp)
{
    send_numbers(peer, 4, 6, &timestamp, 1);
}

void send_set_chunk_size(struct peer *peer, uint32_t bytes)
{
    send_numbers(peer, 1, -1, &bytes, 1);
    peer->out_chunk_bytes = bytes;
}

void send_set_buffer_length(struct peer *peer, uint32_t message_stream_id,
                            uint32_t ms)
{
    const uint32_t numbers[2] = {message_stream_id, ms};

    send_numbers(peer, 4, 3, numbers, 2);
}

/* There is no event for it: the kernel is asked. */
void wait_until_heard(struct peer *peer)
{
    int unread = 1;

    while (unread > 0) {
        ck_assert_int_eq(ioctl(peer->fd, SIOCOUTQ, &unread), 0);
        ck_assert_msg(clock_now_ns() < deadline_ns, "the server does not read");
        if (unread > 0)
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

/* --- receiving ---------------------------------------------------------- */

/* What came; 0 at the end of the connection. */
static size_t receive(struct peer *peer, void *data, size_t size)
{
    ssize_t n;

    set_timeout(peer, SO_RCVTIMEO);
    do
        n = peer->tls != NULL ? peer_tls_recv(peer->tls, data, size)
                              : recv(peer->fd, data, size, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ECONNRESET) /* closed with bytes of ours unread */
        return 0;
    ck_assert_msg(n >= 0, "nothing came any more: %s", strerror(errno));
    return (size_t)n;
}

void read_to_end(struct peer *peer)
{
    uint8_t waste[4096];

    while (receive(peer, waste, sizeof(waste)) > 0)
        ;
}

void peer_close(struct peer *peer)
{
    if (peer->tls != NULL)
        peer_tls_say_end(peer->tls);
    (void)shutdown(peer->fd, SHUT_WR);
    read_to_end(peer);
    peer_abort(peer);
}

void read_bytes(struct peer *peer, void *data, size_t length)
{
    size_t done = 0;

    while (done < length) {
        const size_t n = receive(peer, (uint8_t *)data + done, length - done);

        ck_assert_msg(n > 0,
                      "the connection ended where %zu more bytes were expected",
                      length - done);
        done += n;
    }
    peer->received_bytes += length;
}

void expect_bytes(struct peer *peer, const void *data, size_t length)
{
    uint8_t *got = malloc(length);

    ck_assert_ptr_nonnull(got);
    read_bytes(peer, got, length);
    ck_assert_mem_eq(got, data, length);
    free(got);
}

static uint32_t read_u24(struct peer *peer)
{
    uint8_t b[3];

    read_bytes(peer, b, sizeof(b));
    return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

static uint32_t read_u32(struct peer *peer)
{
    uint8_t b[4];

    read_bytes(peer, b, sizeof(b));
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

static uint8_t read_u8(struct peer *peer)
{
    uint8_t b;

    read_bytes(peer, &b, 1);
    return b;
}

/* The header of a message's first chunk. */
static struct chunk_stream_state *read_header(struct peer *peer)
{
    const uint8_t basic = read_u8(peer);
    struct chunk_stream_state *s = &peer->chunk_streams[basic & 63];
    uint32_t time_ms;
    uint8_t id[4];

    ck_assert_msg((basic & 63) >= 2, "a chunk stream id of more than a byte");
    ck_assert_msg(basic < 0x80, "a message begins with fmt %d", basic >> 6);
    ck_assert_msg(basic < 0x40 || s->known, "chunk stream %d begins with fmt 1",
                  basic & 63);
    time_ms = read_u24(peer);
    s->length = read_u24(peer);
    s->type = read_u8(peer);
    if (basic < 0x40) {
        read_bytes(peer, id, sizeof(id));
        s->message_stream_id = (uint32_t)id[3] << 24 | (uint32_t)id[2] << 16 |
                               (uint32_t)id[1] << 8 | id[0];
    }
    s->extended = time_ms == 0xFFFFFF;
    if (s->extended)
        time_ms = read_u32(peer);
    s->timestamp_ms = basic < 0x40 ? time_ms : s->timestamp_ms + time_ms;
    s->known = true;
    peer->message.chunk_stream_id = basic & 63;
    peer->message.format = basic >> 6;
    return s;
}

static void read_continuation(struct peer *peer,
                              const struct chunk_stream_state *s)
{
    ck_assert_uint_eq(read_u8(peer), 0xC0 | peer->message.chunk_stream_id);
    if (s->extended)
        ck_assert_uint_eq(read_u32(peer), s->timestamp_ms);
}

static const struct message *read_any_message(struct peer *peer)
{
    struct message *message = &peer->message;
    const struct chunk_stream_state *s = read_header(peer);

    free(peer->payload);
    peer->payload = malloc(s->length + 1);
    ck_assert_ptr_nonnull(peer->payload);
    message->type = s->type;
    message->message_stream_id = s->message_stream_id;
    message->timestamp_ms = s->timestamp_ms;
    message->extended = s->extended;
    message->payload = peer->payload;
    message->length = s->length;
    message->chunks = 0;
    for (size_t done = 0; done < s->length;) {
        size_t n = s->length - done;

        if (n > peer->in_chunk_bytes)
            n = peer->in_chunk_bytes;
        if (done > 0)
            read_continuation(peer, s);
        read_bytes(peer, peer->payload + done, n);
        done += n;
        message->chunks++;
    }
    if (message->type == 1) {
        const uint8_t *p = message->payload;

        ck_assert_uint_eq(message->length, 4);
        peer->in_chunk_bytes = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                               (uint32_t)p[2] << 8 | p[3];
    }
    return message;
}

const struct message *read_message(struct peer *peer)
{
    const struct message *message;

    do
        message = read_any_message(peer);
    while (peer->hides_pings && message->type == 4 && message->payload[1] == 6);
    return message;
}

const struct message *expect_message(struct peer *peer, uint8_t type,
                                     uint32_t message_stream_id,
                                     uint32_t timestamp_ms)
{
    const struct message *m = read_message(peer);

    ck_assert_msg(
        m->type == type && m->message_stream_id == message_stream_id &&
            (timestamp_ms == UINT32_MAX || m->timestamp_ms == timestamp_ms),
        "type %u on stream %u at %u ms came, not type %u on stream "
        "%u at %u ms",
        m->type, m->message_stream_id, m->timestamp_ms, type, message_stream_id,
        timestamp_ms);
    return m;
}

void expect_payload(struct peer *peer, uint8_t type, uint32_t message_stream_id,
                    const void *payload, size_t length)
{
    const struct message *m = expect_message(peer, type, message_stream_id, 0);

    ck_assert_uint_eq(m->length, length);
    ck_assert_mem_eq(m->payload, payload, length);
}

void expect_user_control(struct peer *peer, uint16_t event, uint32_t value)
{
    const uint8_t body[6] = {(uint8_t)(event >> 8),  (uint8_t)event,
                             (uint8_t)(value >> 24), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 8),  (uint8_t)value};

    expect_payload(peer, 4, 0, body, sizeof(body));
    ck_assert_uint_eq(peer->message.chunk_stream_id, 2);
}

bool message_has_bytes(const struct message *message, const void *bytes,
                       size_t length)
{
    return memmem(message->payload, message->length, bytes, length) != NULL;
}

bool message_has_string(const struct message *message, const char *key,
                        const char *value)
{
    struct flv_bytes b = {0};
    bool has;

    add_text(&b, key);
    flv_bytes_fill(&b, 2, 1);
    add_text(&b, value);
    has = message_has_bytes(message, b.data, b.length);
    flv_bytes_free(&b);
    return has;
}

bool message_is_called(const struct message *message, const char *name)
{
    struct flv_bytes b = {0};
    bool is;

    flv_bytes_fill(&b, 2, 1);
    add_text(&b, name);
    is = message->length >= b.length &&
         memcmp(message->payload, b.data, b.length) == 0;
    flv_bytes_free(&b);
    return is;
}

void expect_status(struct peer *peer, uint32_t message_stream_id,
                   const char *level, const char *code)
{
    const struct message *m =
        expect_message(peer, 20, message_stream_id, UINT32_MAX);
    static const uint8_t beginning[] = {2,   0,   8,   'o', 'n', 'S', 't', 'a',
                                        't', 'u', 's', 0,   0,   0,   0,   0,
                                        0,   0,   0,   0,   5,   3};

    ck_assert_uint_gt(m->length, sizeof(beginning));
    ck_assert_mem_eq(m->payload, beginning, sizeof(beginning));
    ck_assert_msg(message_has_string(m, "level", level) &&
                      message_has_string(m, "code", code),
                  "not the status %s", code);
}

void skip_to_status(struct peer *peer, const char *code)
{
    for (;;) {
        const struct message *m = read_message(peer);

        if (m->type == 8 || m->type == 9 || m->type == 18)
            continue;
        ck_assert_msg(m->type == 20 && message_has_string(m, "code", code),
                      "type %u came instead of %s", m->type, code);
        return;
    }
}

void expect_tag(struct peer *peer, const struct file_tag *tag,
                uint32_t timestamp_ms)
{
    const struct message *m = expect_message(peer, tag->type, 1, timestamp_ms);

    ck_assert_uint_eq(m->length, tag->length);
    ck_assert_mem_eq(m->payload, tag->data, tag->length);
}

void expect_silence(struct peer *peer)
{
    static uint32_t pings;

    send_ping(peer, ++pings);
    expect_user_control(peer, 7, pings);
}

void expect_only_media(struct peer *peer)
{
    const struct message *m;

    send_ping(peer, 4711);
    do
        m = read_message(peer);
    while (m->type == 8 || m->type == 9);
    ck_assert_uint_eq(m->type, 4);
    ck_assert_uint_eq(m->length, 6);
    ck_assert_mem_eq(m->payload, "\0\7\0\0\x12\x67", 6);
}

void expect_closed(struct peer *peer)
{
    uint8_t byte;

    ck_assert_msg(receive(peer, &byte, 1) == 0,
                  "byte %02x came instead of the end", byte);
}

/* --- whole steps -------------------------------------------------------- */

void do_handshake(struct peer *peer)
{
    uint8_t reply[3073];
    uint8_t c1[1536];

    send_c0c1(peer);
    read_bytes(peer, reply, sizeof(reply));
    ck_assert_uint_eq(reply[0], 3);
    ck_assert_mem_eq(reply + 5, "\0\0\0\0", 4);
    fill_c1(c1);
    ck_assert_mem_eq(reply + 1537, c1, 4);
    ck_assert_mem_eq(reply + 1537 + 8, c1 + 8, 1528);
    send_c2(peer);
}

void do_connect(struct peer *peer)
{
    static const uint8_t types[] = {5, 6, 1, 4, 20};

    send_command(peer, 0, "connect", 1, "{ks}", "app", "vod");
    for (size_t i = 0; i < sizeof(types); i++)
        (void)expect_message(peer, types[i], 0, 0);
    ck_assert(message_is_called(&peer->message, "_result"));
}

void do_create_stream(struct peer *peer)
{
    send_command(peer, 0, "createStream", 2, "n");
    expect_payload(peer, 20, 0,
                   LITERAL("\2\0\7_result\0\x40\0\0\0\0\0\0\0\5"
                           "\0\x3F\xF0\0\0\0\0\0\0"));
}

void expect_play_started(struct peer *peer)
{
    expect_user_control(peer, 4, 1);
    expect_user_control(peer, 0, 1);
    expect_status(peer, 1, "status", "NetStream.Play.Reset");
    expect_status(peer, 1, "status", "NetStream.Play.Start");
    (void)expect_message(peer, 18, 1, 0);
    ck_assert(message_is_called(&peer->message, "|RtmpSampleAccess"));
    (void)expect_message(peer, 18, 1, 0);
    ck_assert(message_is_called(&peer->message, "onMetaData"));
}

void do_play(struct peer *peer)
{
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
}

void expect_play_complete(struct peer *peer)
{
    (void)expect_message(peer, 18, 1, UINT32_MAX);
    ck_assert(message_is_called(&peer->message, "onPlayStatus"));
    ck_assert(
        message_has_string(&peer->message, "code", "NetStream.Play.Complete"));
    expect_status(peer, 1, "status", "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
}

static TCase *make_case(const char *name, const TTest *const *tests)
{
    TCase *const cases = tcase_create(name);

    tcase_set_timeout(cases, 4 * TEST_SECONDS);
    for (size_t i = 0; tests[i] != NULL; i++)
        tcase_add_test(cases, tests[i]);
    return cases;
}

int run_tests(const char *name, const TTest *const *tests)
{
    Suite *const suite = suite_create(name);
    SRunner *const runner = srunner_create(suite);
    TCase *cases;
    int failed;

    suite_add_tcase(suite, make_case("plain", tests));
    if (tls_is_available()) {
        cases = make_case("over TLS", tests);
        tcase_add_checked_fixture(cases, turn_tls_on, turn_tls_off);
        suite_add_tcase(suite, cases);
    }
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
