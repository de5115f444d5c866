/* What hostile peers send, as data. Of each case: the offender gets its answer
 * or its end, the log its one line, and a viewer beside it loses nothing.
 *
 * What is sent is words between blanks: "XX" a byte in hexadecimal, "XX*N" the
 * same N times, "s:TEXT" an AMF0 string, "n:NUMBER" an AMF0 number, and "z"
 * null; "m:TYPE:CSID:MSID" begins a message of whatever follows up to the next
 * "m:" or "raw". */
#include "config.h"

#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How far the offender has come when it sends. */
enum stage { OPENED, SHAKEN, CONNECTED, CREATED, PLAYING };

struct attack {
    const char *what;
    enum stage stage;
    const char *sent;
    const char *answer; /* a text that an answer must have; NULL: any */
    const char *end;    /* why the session must end; NULL: it goes on */
};

#define FAILED "NetStream.Play.Failed"
#define BAD_CHUNK "malformed chunk"
#define BAD_COMMAND "malformed command"
#define NOT_RTMP "bad handshake: not RTMP"

static const struct attack attacks[] = {
    /* handshake */
    {"RTMPE", OPENED, "06", NULL, NOT_RTMP},
    {"version 128", OPENED, "80", NULL, NOT_RTMP},
    {"version 255", OPENED, "FF", NULL, NOT_RTMP},
    {"HTTP", OPENED, "47 45 54 20 2F 0D 0A", NULL, NOT_RTMP},
    {"SSH", OPENED, "53 53 48 2D 32 2E 30 0D 0A", NULL, NOT_RTMP},
    /* chunks: basic headers */
    {"fmt 2 on a fresh chunk stream", CONNECTED, "8A 00 00 00", NULL,
     BAD_CHUNK},
    {"fmt 3 on a fresh chunk stream", CONNECTED, "CB", NULL, BAD_CHUNK},
    {"fmt 3 on a fresh one of 2 bytes", CONNECTED, "C0 00", NULL, BAD_CHUNK},
    {"fmt 2 on a fresh one of 3 bytes", CONNECTED, "81 FF FF 00 00 00", NULL,
     BAD_CHUNK},
    {"fmt 1 on a fresh chunk stream", CONNECTED,
     "47 00 00 00 00 00 04 03 00 00 00 01", NULL, NULL},
    {"the highest chunk stream", CONNECTED,
     "01 FF FF 00 00 00 00 00 01 08 01 00 00 00 AF", NULL, NULL},
    {"one chunk stream in three forms", CONNECTED,
     "00 00 00 00 00 00 00 01 08 01 00 00 00 AF "
     "01 00 00 00 00 00 00 00 01 08 01 00 00 00 AF "
     "C0 00 AF",
     NULL, NULL},
    /* chunks: sizes */
    {"Set Chunk Size 0", CONNECTED, "m:1:2:0 00 00 00 00", NULL, BAD_CHUNK},
    {"Set Chunk Size 0x80000000", CONNECTED, "m:1:2:0 80 00 00 00", NULL,
     BAD_CHUNK},
    {"Set Chunk Size 0xFFFFFFFF", CONNECTED, "m:1:2:0 FF FF FF FF", NULL,
     BAD_CHUNK},
    {"Set Chunk Size 0x7FFFFFFF", CONNECTED,
     "m:1:2:0 7F FF FF FF raw 02 00 00 00 00 00 04 03 00 00 00 00 00 00 00 09",
     NULL, NULL},
    {"Set Chunk Size 1, and back", CONNECTED,
     "m:1:2:0 00 00 00 01 raw 02 00 00 00 00 00 04 01 00 00 00 00 00 C2 00 C2 "
     "00 C2 80",
     NULL, NULL},
    {"Set Chunk Size of 0 bytes", CONNECTED, "m:1:2:0", NULL, BAD_CHUNK},
    {"Set Chunk Size of 3 bytes", CONNECTED, "m:1:2:0 00 10 00", NULL,
     BAD_CHUNK},
    {"a chunk size that grows in mid-message", CONNECTED,
     "03 00 00 00 00 00 82 08 00 00 00 00 AF*128 "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 90 C3 AF AF "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 80",
     NULL, NULL},
    {"a chunk size that shrinks in mid-message", CONNECTED,
     "05 00 00 00 00 00 84 08 00 00 00 00 AF*128 "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 02 C5 AF AF C5 AF AF "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 C2 00 80",
     NULL, NULL},
    {"another length in mid-message", CONNECTED,
     "05 00 00 00 00 01 00 14 00 00 00 00 02*128 "
     "45 00 00 00 00 00 01 08 AF",
     NULL, NULL},
    {"a longer length in mid-message", CONNECTED,
     "05 00 00 00 00 00 90 14 00 00 00 00 02*128 "
     "45 00 00 00 00 FF FF 08 AF*128",
     NULL, NULL},
    {"a command of 16 MiB", CONNECTED, "03 00 00 00 FF FF FF 14 00 00 00 00",
     NULL, BAD_CHUNK},
    {"a command of 16385 bytes", CONNECTED,
     "03 00 00 00 00 40 01 14 00 00 00 00", NULL, BAD_CHUNK},
    {"a user control event of 16 MiB", PLAYING,
     "02 00 00 00 FF FF FF 04 00 00 00 00", NULL, BAD_CHUNK},
    {"audio of 16 MiB that never comes", CONNECTED,
     "06 00 00 00 FF FF FF 08 01 00 00 00 AF*128", NULL, NULL},
    {"messages of no bytes", CONNECTED,
     "m:8:4:1 m:9:4:1 m:18:4:1 m:22:4:1 m:0:4:1 m:255:4:1", NULL, NULL},
    {"interleaved messages", CONNECTED,
     "05 00 00 00 00 00 82 08 00 00 00 00 AF*128 "
     "06 00 00 00 00 00 82 09 00 00 00 00 17*128 C5 AF AF C6 17 17",
     NULL, NULL},
    /* extended timestamps */
    {"an extended timestamp of 0", CONNECTED,
     "05 FF FF FF 00 00 01 08 01 00 00 00 00 00 00 00 AF", NULL, NULL},
    {"the highest timestamp", CONNECTED,
     "05 FF FF FF 00 00 01 08 01 00 00 00 FF FF FF FF AF "
     "85 FF FF FF FF FF FF FF AF",
     NULL, NULL},
    {"one that is repeated", CONNECTED,
     "05 FF FF FF 00 00 82 08 01 00 00 00 01 00 00 00 AF*128 "
     "C5 01 00 00 00 AF AF",
     NULL, NULL},
    {"one that is not repeated", CONNECTED,
     "05 FF FF FF 00 00 82 08 01 00 00 00 01 00 00 00 AF*128 C5 AF AF", NULL,
     NULL},
    /* Abort */
    {"Abort of a message", CONNECTED,
     "05 00 00 00 00 01 00 14 00 00 00 00 02*128 m:2:2:0 00 00 00 05 raw "
     "45 00 00 00 00 00 01 08 AF",
     NULL, NULL},
    {"Abort of an unknown chunk stream", CONNECTED, "m:2:2:0 00 00 FF FF", NULL,
     NULL},
    {"Abort of its own", CONNECTED, "m:2:2:0 00 00 00 02", NULL, NULL},
    {"Abort of the highest", CONNECTED, "m:2:2:0 FF FF FF FF", NULL, NULL},
    {"Abort of 0 bytes", CONNECTED, "m:2:2:0", NULL, BAD_CHUNK},
    {"Abort of 3 bytes", CONNECTED, "m:2:2:0 00 00 00", NULL, BAD_CHUNK},
    /* control messages */
    {"Acknowledgement of what was never sent", PLAYING, "m:3:2:0 FF FF FF FF",
     NULL, NULL},
    {"Acknowledgement of 2 bytes", CONNECTED, "m:3:2:0 00 00", NULL, NULL},
    {"Window 0", PLAYING, "m:5:2:0 00 00 00 00", NULL, NULL},
    {"Window 0xFFFFFFFF", PLAYING, "m:5:2:0 FF FF FF FF", NULL, NULL},
    {"Window of 0 bytes", CONNECTED, "m:5:2:0", NULL, NULL},
    {"Window of 3 bytes", CONNECTED, "m:5:2:0 00 00 01", NULL, NULL},
    {"Bandwidth 0, limit 255", PLAYING, "m:6:2:0 00 00 00 00 FF", NULL, NULL},
    {"Bandwidth of 4 bytes", CONNECTED, "m:6:2:0 00 00 00 00", NULL, NULL},
    {"Bandwidth of 0 bytes", CONNECTED, "m:6:2:0", NULL, NULL},
    {"User control of 0 bytes", CONNECTED, "m:4:2:0", NULL, NULL},
    {"User control of 1 byte", CONNECTED, "m:4:2:0 00", NULL, NULL},
    {"User control of type 65535", CONNECTED, "m:4:2:0 FF FF 00 00 00 01", NULL,
     NULL},
    {"a ping without its time", CONNECTED, "m:4:2:0 00 06", NULL, NULL},
    {"SetBufferLength without its length", CONNECTED, "m:4:2:0 00 03 00 00",
     NULL, NULL},
    {"SetBufferLength 0", PLAYING, "m:4:2:0 00 03 00 00 00 01 00 00 00 00",
     NULL, NULL},
    {"SetBufferLength 0xFFFFFFFF", PLAYING,
     "m:4:2:0 00 03 00 00 00 01 FF FF FF FF", NULL, NULL},
    {"SetBufferLength of no stream", CONNECTED,
     "m:4:2:0 00 03 FF FF FF FF 00 00 00 01", NULL, NULL},
    {"the server's own events", CONNECTED,
     "m:4:2:0 00 00 00 00 00 01 m:4:2:0 00 01 00 00 00 01 "
     "m:4:2:0 00 1F 00 00 00 01 m:4:2:0 00 07 00 00 00 01",
     NULL, NULL},
    /* AMF */
    {"an empty command", CONNECTED, "m:20:3:0", NULL, BAD_COMMAND},
    {"a command of AMF3 without a byte", CONNECTED, "m:17:3:0", NULL,
     BAD_COMMAND},
    {"a name longer than the message", CONNECTED, "m:20:3:0 02 FF FF 61", NULL,
     BAD_COMMAND},
    {"a long name longer than the message", CONNECTED,
     "m:20:3:0 0C FF FF FF FF 61", NULL, BAD_COMMAND},
    {"an unknown marker for a name", CONNECTED, "m:20:3:0 12", NULL,
     BAD_COMMAND},
    {"a MovieClip for a transaction id", CONNECTED, "m:20:3:0 s:a 04", NULL,
     BAD_COMMAND},
    {"an object without an end", CONNECTED, "m:20:3:0 s:a n:5 03 00 03 61",
     NULL, BAD_COMMAND},
    {"an object end alone", CREATED, "m:20:3:1 s:play n:0 09", NULL,
     BAD_COMMAND},
    {"1000 objects in each other", CREATED, "m:20:3:1 s:play n:0 0A*1000", NULL,
     BAD_COMMAND},
    {"strict arrays in each other", CREATED,
     "m:20:3:1 s:play n:0 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 "
     "00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A "
     "00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 "
     "0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 0A 00 00 00 01 05 s:x",
     NULL, BAD_COMMAND},
    {"a strict array of 4 billion", CREATED,
     "m:20:3:1 s:play n:0 0A FF FF FF FF 05 s:x", NULL, BAD_COMMAND},
    {"an ECMA array that lies of its length", CREATED,
     "m:20:3:1 s:play n:0 08 FF FF FF FF 00 00 09 s:nothing?", NULL, NULL},
    {"a reference", CREATED, "m:20:3:1 s:play n:0 07 00 00 s:x", NULL, NULL},
    {"a class", CREATED, "m:20:3:1 s:play n:0 10 00 01 61 00 00 09 s:x", NULL,
     NULL},
    {"AMF3 in AMF0", CREATED, "m:20:3:1 s:play n:0 11 0A 0B 01 s:x", NULL,
     BAD_COMMAND},
    {"NaN for a transaction id", CONNECTED,
     "m:20:3:0 s:a 00 7F F8 00 00 00 00 00 00", NULL, BAD_COMMAND},
    {"an object for the name of a play", CREATED,
     "m:20:3:1 s:play n:0 z 03 00 00 09", NULL, BAD_COMMAND},
    {"a number for the name of a play", CREATED, "m:20:3:1 s:play n:0 z n:5",
     NULL, BAD_COMMAND},
    {"a string that is not UTF-8", CONNECTED,
     "m:20:3:0 02 00 04 C3 28 FF FE n:7", "_result", NULL},
    {"connect again", CONNECTED,
     "m:20:3:0 s:connect n:1 03 00 03 61 70 70 s:other 00 00 09", NULL, NULL},
    {"play on a stream that is not there", CONNECTED,
     "m:20:3:9 s:play n:0 z s:movie", FAILED, NULL},
    {"play on the highest stream", CONNECTED,
     "m:20:3:4294967295 s:play n:0 z s:movie", FAILED, NULL},
    {"play2 without arguments", CREATED, "m:20:3:1 s:play2 n:0 z", FAILED,
     NULL},
    {"pause and seek of nothing", CREATED,
     "m:20:3:1 s:pause n:0 z 01 01 n:5 m:20:3:1 s:seek n:0 z n:1e300", NULL,
     NULL},
    {"seek to NaN", PLAYING, "m:20:3:1 s:seek n:0 z 00 7F F8 00 00 00 00 00 00",
     "NetStream.Seek.Notify", NULL},
    {"seek to -1e300", PLAYING, "m:20:3:1 s:seek n:0 z n:-1e300",
     "NetStream.Seek.Notify", NULL},
    {"seek to nothing", PLAYING, "m:20:3:1 s:seek n:0 z",
     "NetStream.Seek.Notify", NULL},
    {"play while it plays", PLAYING, "m:20:3:1 s:play n:0 z s:movie",
     "NetStream.Play.Start", NULL},
    {"play and close", CREATED,
     "m:20:3:1 s:play n:0 z s:movie m:20:3:1 s:closeStream n:0 z",
     "NetStream.Play.Stop", NULL},
    {"play and delete, twice", CREATED,
     "m:20:3:1 s:play n:0 z s:movie m:20:3:0 s:deleteStream n:0 z n:1 "
     "m:20:3:0 s:deleteStream n:0 z n:1",
     NULL, NULL},
    {"delete what is not there", CONNECTED,
     "m:20:3:0 s:deleteStream n:0 z n:-1 m:20:3:0 s:deleteStream n:0 z n:1e300 "
     "m:20:3:0 s:deleteStream n:0 z s:x",
     NULL, NULL},
    {"publish", CREATED, "m:20:3:1 s:publish n:0 z s:movie s:live",
     "NetStream.Publish.Denied", NULL},
    {"media of a publisher", CREATED,
     "m:8:4:1 AF 00*2000 m:9:4:1 17 00*2000 m:18:4:1 s:@setDataFrame", NULL,
     NULL},
    {"a shared object", CONNECTED, "m:19:3:0 00*64 m:16:3:0 00*64", NULL, NULL},
    {"an aggregate", CREATED, "m:22:4:1 08 FF FF FF 00*60", NULL, NULL},
    /* names: what one FILE plays is played by each */
    {"a name with line ends", CREATED,
     "m:20:3:1 s:play n:0 z 02 00 0A 61 0D 0A 1B 5B 32 4A 7F 00 62", NULL,
     NULL},
    {"a query without keys", CREATED,
     "m:20:3:1 s:play n:0 z s:m?&&==&=x&start&loop=&duration=-1", NULL, NULL},
    {"a start beyond all", CREATED,
     "m:20:3:1 s:play n:0 z s:m?start=99999999999999999999", NULL, NULL},
};

#define COUNT (sizeof(attacks) / sizeof(attacks[0]))

/* --- sending ------------------------------------------------------------ */

static void add_word(struct flv_bytes *bytes, const char *word)
{
    if (strncmp(word, "s:", 2) == 0) {
        const size_t length = strlen(word + 2);

        flv_bytes_fill(bytes, 2, 1);
        flv_bytes_fill(bytes, (uint8_t)(length >> 8), 1);
        flv_bytes_fill(bytes, (uint8_t)length, 1);
        flv_bytes_add(bytes, word + 2, length);
    } else if (strncmp(word, "n:", 2) == 0) {
        const double number = strtod(word + 2, NULL);
        uint64_t bits;

        memcpy(&bits, &number, sizeof(bits));
        flv_bytes_fill(bytes, 0, 1);
        flv_bytes_u32(bytes, (uint32_t)(bits >> 32));
        flv_bytes_u32(bytes, (uint32_t)bits);
    } else if (strcmp(word, "z") == 0) {
        flv_bytes_fill(bytes, 5, 1);
    } else {
        char *times;
        const uint8_t value = (uint8_t)strtoul(word, &times, 16);

        flv_bytes_fill(bytes, value,
                       *times == '*' ? strtoul(times + 1, NULL, 10) : 1);
    }
}

/* Sends what was collected, as the message of `header` if there is one. */
static void flush_message(struct peer *peer, const char *header,
                          struct flv_bytes *bytes)
{
    unsigned type, chunk_stream_id, message_stream_id;

    if (header != NULL) {
        ck_assert_int_eq(sscanf(header, "m:%u:%u:%u", &type, &chunk_stream_id,
                                &message_stream_id),
                         3);
        send_message(peer, (uint8_t)type, chunk_stream_id, message_stream_id,
                     bytes->data, bytes->length);
    } else if (bytes->length > 0) {
        (void)try_to_send(peer, bytes->data, bytes->length);
    }
    bytes->length = 0;
}

static void send_words(struct peer *peer, const char *text)
{
    static char words[4096];
    struct flv_bytes bytes = {0};
    const char *header = NULL;

    ck_assert_uint_lt(strlen(text), sizeof(words));
    strcpy(words, text);
    for (char *word = strtok(words, " "); word != NULL;
         word = strtok(NULL, " ")) {
        const bool is_header = strncmp(word, "m:", 2) == 0;

        if (is_header || strcmp(word, "raw") == 0) {
            flush_message(peer, header, &bytes);
            header = is_header ? word : NULL;
        } else {
            add_word(&bytes, word);
        }
    }
    flush_message(peer, header, &bytes);
    flv_bytes_free(&bytes);
}

/* --- what comes of it --------------------------------------------------- */

static struct peer *come(struct server *server, enum stage stage)
{
    struct peer *peer = peer_open(server);

    if (stage >= SHAKEN)
        do_handshake(peer);
    if (stage >= CONNECTED)
        do_connect(peer);
    if (stage >= CREATED)
        do_create_stream(peer);
    if (stage == PLAYING) {
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
    }
    return peer;
}

/* Reads up to the answer to a ping; whether the text was there before. */
static bool hear_answer(struct peer *peer, const char *answer)
{
    bool heard = answer == NULL;

    send_ping(peer, 4711);
    do {
        (void)read_message(peer);
        if (!heard)
            heard = message_has_bytes(&peer->message, answer, strlen(answer));
    } while (peer->message.type != 4 || peer->message.payload[1] != 7);
    return heard;
}

/* A viewer of an endless loop, who must get every tag of it. */
struct viewer {
    struct peer *peer;
    struct file_tags tags;
};

static void begin_to_watch(struct viewer *viewer, struct server *server)
{
    viewer->peer = come(server, CREATED);
    send_set_buffer_length(viewer->peer, 1, 60000);
    send_command(viewer->peer, 1, "play", 0, "ns", "movie");
    expect_play_started(viewer->peer);
    viewer->tags = (struct file_tags){.file = &server->file};
}

static void watch_on(struct viewer *viewer, size_t count)
{
    while (count-- > 0) {
        struct file_tag tag;

        if (!next_file_tag(&viewer->tags, &tag)) {
            viewer->tags.next = 0;
            ck_assert(next_file_tag(&viewer->tags, &tag));
        }
        expect_tag(viewer->peer, &tag, UINT32_MAX);
    }
}

static void attack(struct server *server, const struct attack *attack)
{
    struct peer *peer = come(server, attack->stage);

    send_words(peer, attack->sent);
    if (attack->end == NULL) {
        ck_assert_msg(hear_answer(peer, attack->answer), "%s", attack->what);
        peer_close(peer);
        return;
    }
    read_to_end(peer);
    peer_abort(peer);
}

/* --- the log ------------------------------------------------------------ */

static char *read_log(int fd)
{
    static char text[1 << 20];
    const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

    ck_assert_int_gt(length, 0);
    text[length] = '\0';
    return text;
}

/* Its end is told once, by its reason; and beside that one line at most which
 * says more of it. */
static void check_lines(const char *log, size_t session,
                        const struct attack *attack)
{
    const char *reason =
        attack->end == NULL ? "peer closed the connection" : attack->end;
    char label[32], ended[96];
    size_t lines = 0, ends = 0;

    snprintf(label, sizeof(label), ": #%zu ", session);
    snprintf(ended, sizeof(ended), "ended: %s;", reason);
    for (const char *at = log; (at = strchr(at, '#')) != NULL; at++) {
        const char *end = strchr(at, '\n');
        char line[1024];

        snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
        if (strncmp(at, label + 2, strlen(label + 2)) != 0 ||
            strncmp(at - 7, "debug: ", 7) == 0)
            continue;
        lines++;
        ends += strstr(line, ended) != NULL;
        for (const char *c = line; *c != '\0'; c++)
            ck_assert_msg(*c >= 0x20 && *c < 0x7F, "%s: %s", attack->what,
                          line);
    }
    ck_assert_msg(ends == 1 && lines <= 2, "%s: %zu ends, %zu lines\n%s",
                  attack->what, ends, lines, log);
}

START_TEST(each_of_them)
{
    struct server server;
    struct viewer beside;
    size_t sessions = 1;

    server_start(&server, small_file());
    server.options.loop = 0;
    begin_to_watch(&beside, &server);
    for (size_t i = 0; i < COUNT; i++) {
        attack(&server, &attacks[i]);
        watch_on(&beside, 20);
        sessions += attacks[i].end == NULL;
    }
    peer_close(beside.peer);
    const int log_fd = dup(server.log_fd);
    server.sessions = sessions;
    server_stop(&server, "peer closed the connection");
    const char *log = read_log(log_fd);
    close(log_fd);
    for (size_t i = 0; i < COUNT; i++)
        check_lines(log, i + 2, &attacks[i]);
}
END_TEST

int main(void)
{
    return run_tests("attacks", (const TTest *[]){each_of_them, NULL});
}
