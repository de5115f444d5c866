/* A whole session: what a peer sends, against the real server/session under a
 * clock of the target's own. No thread and no socket: the linker puts the
 * functions at the end of this file in the place of those that would make
 * them (Makefile.am), and so a minute of a session takes a millisecond.
 *
 * The input is a struct plan, 8 bytes, and then what the peer sends: chunks, or
 * C0 and C1 first if a flag says so. Whatever that is, flvd's answer is
 * S0, S1, S2 and a chunk stream that its own reader reads; commands in it are
 * whole AMF0; media come on streams that exist, and where nobody asks for
 * another time their timestamps rise. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "net/socket.h"
#include "net/transport_ops.h"
#include "rtmp/command.h"
#include "server/admission.h"
#include "../unit/flv_bytes.h"

#define MAX_INPUT_BYTES 16384
/* Then the peer resets the connection. */
#define MAX_OUTPUT_BYTES (2u << 20)
#define MAX_CALLS 3000

#define FLAG_HANDSHAKE 1  /* is in the input; else the target makes one */
#define FLAG_MANY_FILES 2 /* are served; else one */
#define FLAG_NO_LEAD 4    /* --lead 0 */
#define FLAG_ENDLESS 8    /* --loop 0 */
#define FLAG_RESET 16     /* at the end of the input; else it is closed */
#define FLAG_RECORDS 32   /* are sent and consumed as TLS does */
#define FLAG_SKIP_LATE 64 /* --skip-late 1 */
#define FLAG_STOP 128     /* the server stops at the end of the input */

struct plan {
    uint8_t flags;
    uint8_t piece; /* how much comes at one go: this times 4, and 1 byte */
    uint8_t pause; /* between two of these: its square, ms */
    uint8_t tail;  /* how long the peer stays behind its last byte: 100 ms */
    uint8_t take;  /* how much goes at one go: its square; 0: all */
    uint8_t unused;
    uint8_t stall; /* this one of every 16 writes and all behind it wait */
    uint8_t fault; /* from this write on no file can be read */
};

static struct plan plan;

/* The clock, and the peer: what it still sends and when. */
static int64_t now_ns;
static struct byte_reader coming;
static int64_t next_ns;
static bool asks_for_less; /* receiveAudio or receiveVideo may be in there */
static unsigned calls;
static unsigned writes;
static unsigned file_faults; /* in a row */
static struct session_context context;

/* --- what flvd says ------------------------------------------------------ */

static struct {
    size_t bytes;
    struct chunk_reader *reader;
    bool has_record; /* FLAG_RECORDS: one byte is taken, but not taken away */
    bool is_timed[RTMP_MAX_MESSAGE_STREAMS + 1];
    uint32_t last_ms[RTMP_MAX_MESSAGE_STREAMS + 1];
} heard;

static void hear_command(const struct rtmp_message *message)
{
    struct rtmp_call call;

    MUST(rtmp_call_read(message, &call));
    while (byte_reader_left(&call.arguments) > 0)
        MUST(amf0_skip(&call.arguments));
    MUST(message->message_stream_id <= RTMP_MAX_MESSAGE_STREAMS);
    /* What a status message tells may lead elsewhere. */
    heard.is_timed[message->message_stream_id] = false;
}

static void hear_media(const struct rtmp_message *message)
{
    const uint32_t id = message->message_stream_id;

    MUST(id >= 1 && id <= RTMP_MAX_MESSAGE_STREAMS);
    MUST(message->length_bytes > 0);
    if (heard.is_timed[id] && !asks_for_less)
        MUST((int32_t)(message->timestamp_ms - heard.last_ms[id]) >= 0);
    heard.is_timed[id] = true;
    heard.last_ms[id] = message->timestamp_ms;
}

static void hear_message(const struct rtmp_message *message)
{
    switch (message->type) {
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_WINDOW_ACK_SIZE:
        MUST(message->length_bytes == 4);
        break;
    case RTMP_SET_PEER_BANDWIDTH:
        MUST(message->length_bytes == 5);
        break;
    case RTMP_USER_CONTROL:
        MUST(message->length_bytes >= 6);
        break;
    case RTMP_COMMAND_AMF0:
        hear_command(message);
        break;
    case RTMP_DATA_AMF0:
        MUST(message->length_bytes > 0);
        break;
    default:
        MUST(message->type == RTMP_AUDIO || message->type == RTMP_VIDEO);
        hear_media(message);
    }
}

static void hear(const uint8_t *data, size_t length)
{
    struct byte_reader in;
    struct rtmp_message message;
    enum chunk_result result;

    if (heard.bytes < 1 + 2 * RTMP_HANDSHAKE_BYTES) {
        MUST(heard.bytes > 0 || data[0] == RTMP_VERSION);
        MUST(length <= 1 + 2 * RTMP_HANDSHAKE_BYTES - heard.bytes);
        heard.bytes += length;
        return;
    }
    heard.bytes += length;
    byte_reader_init(&in, data, length);
    while ((result = chunk_reader_push(heard.reader, &in, &message)) ==
           CHUNK_MESSAGE)
        hear_message(&message);
    MUST(result == CHUNK_MORE);
}

/* --- the transport ------------------------------------------------------- */

static bool has_had_enough(void)
{
    return ++calls > MAX_CALLS || heard.bytes > MAX_OUTPUT_BYTES;
}

static enum transport_result end_of_input(void)
{
    if ((plan.flags & FLAG_STOP) != 0)
        atomic_store(&context.stopping, true);
    return (plan.flags & FLAG_RESET) != 0 ? TRANSPORT_RESET : TRANSPORT_CLOSED;
}

static enum transport_result peer_read(struct transport *transport, void *data,
                                       size_t size, int64_t deadline_ns,
                                       size_t *length)
{
    size_t n = 1 + (size_t)plan.piece * 4;

    (void)transport;
    if (has_had_enough())
        return TRANSPORT_RESET;
    if (deadline_ns == SOCKET_NOW && next_ns > now_ns)
        return TRANSPORT_TIMEOUT;
    if (deadline_ns != SOCKET_NOW && next_ns > deadline_ns) {
        now_ns = deadline_ns > now_ns ? deadline_ns : now_ns;
        return TRANSPORT_TIMEOUT;
    }
    now_ns = next_ns > now_ns ? next_ns : now_ns;
    if (byte_reader_left(&coming) == 0)
        return end_of_input();
    n = n < size ? n : size;
    n = n < byte_reader_left(&coming) ? n : byte_reader_left(&coming);
    memcpy(data, byte_read_bytes(&coming, n), n);
    *length = n;
    next_ns = now_ns + (int64_t)plan.pause * plan.pause * CLOCK_NS_PER_MS;
    if (byte_reader_left(&coming) == 0)
        next_ns += (int64_t)plan.tail * 100 * CLOCK_NS_PER_MS;
    return TRANSPORT_OK;
}

/* Hands the first `n` bytes of the gather to the peer; how many were there,
 * which are fewer when the file is at fault. */
static size_t hand_over(const struct gather *gather, size_t n)
{
    static uint8_t buffer[GATHER_MAX_BYTES];
    size_t done = 0;

    for (size_t i = gather->first; done < n; i++) {
        const struct iovec *const part = &gather->parts[i];
        const size_t left = n - done;
        const size_t length = part->iov_len < left ? part->iov_len : left;

        MUST(i < gather->count && length <= sizeof(buffer));
        if (gather->file_offsets[i] < 0) {
            hear(part->iov_base, length);
        } else {
            if (writes >= plan.fault ||
                pread(gather->file_fd, buffer, length,
                      (off_t)gather->file_offsets[i]) != (ssize_t)length)
                return done;
            hear(buffer, length);
        }
        done += length;
    }
    return done;
}

/* As TLS does: the last byte of a record is taken away later. */
static void consume(struct gather *gather, size_t n)
{
    heard.has_record = (plan.flags & FLAG_RECORDS) != 0 && n > 1;
    if (heard.has_record)
        gather_consume_but_one(gather, n);
    else
        gather_consume(gather, n);
}

static enum transport_result peer_write(struct transport *transport,
                                        struct gather *gather,
                                        int64_t deadline_ns)
{
    const size_t most =
        plan.take == 0 ? SIZE_MAX : (size_t)plan.take * plan.take;
    size_t n;

    (void)transport;
    if (has_had_enough())
        return TRANSPORT_RESET;
    if (writes++ % 16 > plan.stall) {
        now_ns = deadline_ns > now_ns ? deadline_ns : now_ns;
        return TRANSPORT_TIMEOUT;
    }
    if (heard.has_record) {
        heard.has_record = false;
        gather_consume(gather, 1);
        return TRANSPORT_OK;
    }
    n = hand_over(gather, gather->bytes < most ? gather->bytes : most);
    /* What cannot be read is not asked for again, but by another stream. */
    MUST(n > 0 || ++file_faults <= RTMP_MAX_MESSAGE_STREAMS);
    if (n == 0)
        return TRANSPORT_FILE_FAULT;
    file_faults = 0;
    consume(gather, n);
    return TRANSPORT_OK;
}

static void peer_nothing(struct transport *transport)
{
    (void)transport;
}

static void peer_end(struct transport *transport, int64_t deadline_ns)
{
    (void)transport;
    (void)deadline_ns;
}

static const char *peer_text(const struct transport *transport)
{
    (void)transport;
    return "plain";
}

static const struct transport_ops peer_ops = {.read = peer_read,
                                              .write = peer_write,
                                              .say_end = peer_end,
                                              .destroy = peer_nothing,
                                              .describe = peer_text,
                                              .fault = peer_text};

/* --- in the place of others ---------------------------------------------- */

int64_t __wrap_clock_now_ns(void);
void __wrap_clock_sleep_until(int64_t deadline_ns);
void __wrap_transport_init(struct transport *transport, int fd,
                           struct tls_context *tls);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
ssize_t __wrap_getrandom(void *data, size_t size, unsigned flags);

/* Each look takes a while. */
int64_t __wrap_clock_now_ns(void)
{
    now_ns += 1000;
    return now_ns;
}

void __wrap_clock_sleep_until(int64_t deadline_ns)
{
    now_ns = deadline_ns > now_ns ? deadline_ns : now_ns;
}

/* A descriptor of -1 is none to close, to ask, or to interrupt. */
void __wrap_transport_init(struct transport *transport, int fd,
                           struct tls_context *tls)
{
    *transport = (struct transport){.fd = fd, .ops = &peer_ops, .tls = tls};
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    (void)attributes;
    *thread = pthread_self();
    (void)function(argument);
    return 0;
}

ssize_t __wrap_getrandom(void *data, size_t size, unsigned flags)
{
    (void)flags;
    memset(data, 0x5A, size);
    return (ssize_t)size;
}

/* --- the files ----------------------------------------------------------- */

/* They are in memory, and so are their names, which are what a peer asks for:
 * "100", "101", ... */
#define FIRST_FD 100
#define FILES 3
static char paths[FILES][32];

/* Larger than a gather. */
#define BIG_TAG_BYTES (GATHER_MAX_BYTES + 50000)

/* Two seconds of small tags and a big one; the last file has a loss of some
 * bytes in the middle. */
static void make_movie(struct flv_bytes *b, unsigned number)
{
    const uint32_t step_ms = 40 + 10 * number;

    flv_bytes_file_header(b);
    flv_bytes_tag_hex(b, 18, 0,
                      "02 000A 6F6E4D65746144617461 08 00000001 "
                      "0005 7769647468 00 4050000000000000 000009");
    flv_bytes_video_config(b, 0);
    flv_bytes_audio_config(b, 0);
    for (uint32_t i = 0; i < 50; i++) {
        if (i % 10 == 0)
            flv_bytes_keyframe(b, i * step_ms, i == 10 ? BIG_TAG_BYTES : 200);
        else
            flv_bytes_inter(b, i * step_ms, 20 + i);
        if (number == 2 && i == 25)
            flv_bytes_fill(b, 0x5A, 100);
        flv_bytes_audio(b, i * step_ms, 30);
    }
}

static void make_files(void)
{
    for (unsigned i = 0; i < FILES; i++) {
        struct flv_bytes b = {0};
        int fd;

        make_movie(&b, i);
        fd = flv_bytes_open(&b);
        MUST(dup2(fd, FIRST_FD + (int)i) == FIRST_FD + (int)i);
        close(fd);
        flv_bytes_free(&b);
        snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%u", FIRST_FD + i);
    }
}

static struct library *open_library(void)
{
    static char *const operands[] = {paths[0], paths[1], paths[2]};
    struct library_error error;
    struct library *const library = library_open(
        operands, (plan.flags & FLAG_MANY_FILES) != 0 ? FILES : 1, &error);

    MUST(library != NULL);
    return library;
}

/* --- a session ----------------------------------------------------------- */

static void serve(void)
{
    const struct options options = {
        .loop = (plan.flags & FLAG_ENDLESS) != 0 ? 0 : 1,
        .lead_ms = (plan.flags & FLAG_NO_LEAD) != 0 ? 0 : -1,
        .skip_late_ms = (plan.flags & FLAG_SKIP_LATE) != 0 ? 1000 : 0,
        .audio = true,
        .video = true,
        .max_clients = 10,
        .handshake_timeout_ns = 10 * CLOCK_NS_PER_S,
        .idle_timeout_ns = 300 * CLOCK_NS_PER_S,
        .stall_timeout_ns = 3600 * CLOCK_NS_PER_S};
    const struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    struct roster roster;
    struct census census;
    struct feed_pool feeds;
    static struct tally tally;

    MUST(roster_init(&roster, options.max_clients, 1));
    MUST(census_init(&census, 0, options.max_clients, 1));
    feed_pool_init(&feeds);
    context = (struct session_context){.options = &options,
                                       .library = open_library(),
                                       .roster = &roster,
                                       .census = &census,
                                       .feeds = &feeds,
                                       .tally = &tally,
                                       .started_ns = now_ns};
    MUST(admission_decide(&context, -1, &peer, NULL) == ADMISSION_GRANTED);
    MUST(roster_count(&roster) == 0);
    library_tidy(context.library);
    library_close(context.library);
    feed_pool_destroy(&feeds);
    census_destroy(&census);
    roster_destroy(&roster);
}

static bool holds(const uint8_t *data, size_t size, const char *text)
{
    return memmem(data, size, text, strlen(text)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t input[1 + 2 * RTMP_HANDSHAKE_BYTES + MAX_INPUT_BYTES];
    size_t length = 1 + 2 * RTMP_HANDSHAKE_BYTES;

    if (size < sizeof(plan) || size > MAX_INPUT_BYTES)
        return 0;
    if (paths[0][0] == '\0')
        make_files();
    memcpy(&plan, data, sizeof(plan));
    data += sizeof(plan);
    size -= sizeof(plan);
    memset(input, 0, length);
    input[0] = RTMP_VERSION;
    if ((plan.flags & FLAG_HANDSHAKE) != 0)
        length = 0;
    memcpy(input + length, data, size);
    length += size;

    byte_reader_init(&coming, input, length);
    asks_for_less = holds(data, size, "receive");
    now_ns = next_ns = 1000 * CLOCK_NS_PER_S;
    calls = writes = file_faults = 0;
    memset(&heard, 0, sizeof(heard));
    heard.reader = chunk_reader_new();
    MUST(heard.reader != NULL);
    serve();
    chunk_reader_free(heard.reader);
    return 0;
}
