/* Hostile FLV files. Of each case: who plays it gets what is sound of it, or is
 * told that it cannot be played; the log tells of it, and not without end; and
 * a viewer of another file beside it gets every byte. */
#include "config.h"

#include "attack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media.h"

/* Lines of one file that the log may have (flv/movie.h), and those of the
 * session. */
#define MOST_LINES (100 + 2)

/* A file is words (words.h), and beside them:
 *
 *     h            a file header
 *     k:MS:SIZE i:MS:SIZE a:MS:SIZE   whole tags: keyframe, picture, sound
 *     T:TYPE:MS:SIZE                  the header of a tag alone
 *     {TYPE:MS ... }                  a tag that holds what is between
 *     !:NUMBER     another PreviousTagSize behind the last tag
 *     hole:BYTES   nothing up to there: the file has a hole
 */
struct hostile {
    const char *what;
    const char *file;
    const char *answer; /* to play */
    size_t frames;      /* that must come, before the end */
    const char *told;   /* in the log; NULL: nothing in particular */
    bool is_left;       /* in the middle: the way to its end is too long */
};

#define TWO "k:0:20 i:40:20 "
#define META "s:onMetaData "
#define OBJECT META "03 "
#define END "00 00 09 "
/* Members that must come in the metadata that is sent, and must not. */
#define KEPT "00 04 6B 65 70 74 01 01 "
#define LOST "00 04 6C 6F 73 74 01 01 "

static const struct hostile files[] = {
    /* the header */
    {"nothing", "", PLAY_FAILED, 0, "is empty", false},
    {"three bytes", "46 4C 56", PLAY_FAILED, 0, "ends within its header",
     false},
    {"a header alone", "h", PLAY_FAILED, 0, "has no playable tag", false},
    {"another signature", "46 4C 57 01 05 00 00 00 09 00*4 " TWO, PLAY_FAILED,
     0, "is not FLV", false},
    {"version 5", "46 4C 56 05 05 00 00 00 09 00*4 " TWO, PLAY_FAILED, 0,
     "version 5", false},
    {"version 0", "46 4C 56 00 05 00 00 00 09 00*4 " TWO, PLAY_START, 2,
     "the version is not 1", false},
    {"a data offset of 0", "46 4C 56 01 05 00 00 00 00 00*4 " TWO, PLAY_START,
     2, "data offset is 0", false},
    {"a data offset beyond the file", "46 4C 56 01 05 00 00 FF FF 00*4 " TWO,
     PLAY_START, 2, "data offset is 65535", false},
    {"a data offset beyond all bounds", "46 4C 56 01 05 FF FF FF FF 00*4 " TWO,
     PLAY_START, 2, "data offset is 4294967295", false},
    {"a data offset into a tag", "46 4C 56 01 05 00 00 00 1E 00*4 " TWO,
     PLAY_START, 2, "data offset is 30", false},
    {"a first PreviousTagSize", "46 4C 56 01 05 00 00 00 09 FF*4 " TWO,
     PLAY_START, 2, "the first PreviousTagSize", false},
    /* what is not there */
    {"only metadata", "h {18:0 " OBJECT END "}", PLAY_FAILED, 0,
     "has no playable tag", false},
    {"only configurations", "h {9:0 17 00*5 } {8:0 AF 00 12 10 }", PLAY_FAILED,
     0, "has no playable tag", false},
    {"only tags of no bytes", "h 20000( T:9:0:0 00 00 00 0B )", PLAY_FAILED, 0,
     "has no playable tag", false},
    {"64 MiB of nothing before the first tag", "h hole:67109000 " TWO,
     PLAY_FAILED, 0, "in its first 64 MiB", false},
    {"a MiB of nothing before it", "h hole:1048576 " TWO, PLAY_START, 2,
     "bytes are skipped", false},
    {"100000 headers that lie", "h FF*20 100000( T:8:0:1048577 ) FF*46 " TWO,
     PLAY_START, 2, "bytes are skipped", false},
    /* sizes */
    {"a keyframe of 1 MiB - 1", "h k:0:1048575 i:40:20", PLAY_START, 2, NULL,
     false},
    {"one of 1 MiB + 1", "h k:0:1048577 i:40:20", PLAY_START, 2, NULL, false},
    {"one of 16 MiB - 1", "h k:0:16777215 i:40:20", PLAY_START, 2, NULL, false},
    {"one that runs over the end", "h " TWO "T:9:80:16777215 17 01 00*50",
     PLAY_START, 2, "is cut short", false},
    {"one that runs over the end, in the middle",
     "h " TWO "T:9:60:16777215 17 01 FF*50 i:80:20 i:120:20", PLAY_START, 4,
     "bytes are skipped", false},
    {"one whose size is a byte too much",
     "h " TWO "T:9:60:21 17 01 FF*18 FF*4 "
     "i:80:20 i:120:20",
     PLAY_START, 4, "bytes are skipped", false},
    {"50000 tags of no bytes", "h k:0:20 50000( T:9:0:0 00 00 00 0B ) i:40:20",
     PLAY_START, 2, NULL, false},
    {"20000 tags of a byte", "h k:0:20 20000( {8:0 AF } ) i:40:20", PLAY_START,
     2, NULL, false},
    {"1000 tags of types that nobody knows",
     "h k:0:20 1000( {77:0 00*9 } ) i:40:20", PLAY_START, 2, "unknown type",
     false},
    {"1000 encrypted tags", "h k:0:20 1000( {41:0 27 01 00*9 } ) i:40:20",
     PLAY_START, 2, NULL, false},
    {"1000 AMF3 script tags", "h k:0:20 1000( {15:0 00 02 00*9 } ) i:40:20",
     PLAY_START, 2, NULL, false},
    /* the way back */
    {"PreviousTagSize of 4 GiB - 1",
     "h k:0:20 !:4294967295 i:40:20 !:4294967295", PLAY_START, 2,
     "PreviousTagSize is 4294967295", false},
    {"PreviousTagSize that leads to the same tag",
     "h k:0:20 !:0 i:40:20 !:4 i:80:20 !:15", PLAY_START, 3,
     "PreviousTagSize is 0", false},
    {"300 that are wrong", "h k:0:20 300( i:40:20 !:7 ) i:80:20", PLAY_START,
     302, "PreviousTagSize is 7", false},
    {"garbage between 300 tags",
     "h k:0:20 300( i:40:20 DE AD BE EF*30 ) "
     "i:80:20",
     PLAY_START, 302, "too many faults", false},
    {"a second file behind the first", "h " TWO "h " TWO, PLAY_START, 4, NULL,
     false},
    /* times */
    {"times that go to and fro 300 times", "h 300( k:0:20 i:9000:20 ) i:40:20",
     PLAY_START, 601, "too many faults", false},
    {"times around 2^31", "h k:2147483647:20 i:2147483648:20 i:2147483687:20",
     PLAY_START, 3, NULL, false},
    {"times around 2^32", "h k:4294967295:20 i:0:20 i:40:20", PLAY_START, 3,
     NULL, false},
    {"a time that jumps to the end of time", "h k:0:20 i:4294967295:20 i:40:20",
     PLAY_START, 3, NULL, false},
    {"5000 pictures at one time", "h k:0:20 5000( i:0:20 )", PLAY_START, 5001,
     NULL, false},
    /* metadata */
    {"1000 objects in each other",
     "h {18:0 " OBJECT KEPT "1000( 00 01 61 03 ) } " TWO, PLAY_START, 2, NULL,
     false},
    {"20000 strict arrays in each other",
     "h {18:0 " OBJECT KEPT "00 01 61 20000( 0A 00 00 00 01 ) 05 " LOST END
     "} " TWO,
     PLAY_START, 2, NULL, false},
    {"200000 values in an array",
     "h {18:0 " OBJECT KEPT "00 01 61 0A 00 03 0D 40 05*200000 " LOST END
     "} " TWO,
     PLAY_START, 2, NULL, false},
    {"a strict array of 4 billion",
     "h {18:0 " OBJECT KEPT "00 01 61 0A FF FF FF FF 05 " LOST END "} " TWO,
     PLAY_START, 2, NULL, false},
    {"20000 members",
     "h {18:0 " OBJECT KEPT "20000( 00 04 61 62 @@ 01 01 ) " LOST END "} " TWO,
     PLAY_START, 2, NULL, false},
    {"a count of 4 billion members",
     "h {18:0 " META "08 FF FF FF FF 00 01 61 01 01 " END "} " TWO, PLAY_START,
     2, NULL, false},
    {"a string of 4 MB",
     "h {18:0 " OBJECT "00 01 61 S:4000000 " KEPT END "} " TWO, PLAY_START, 2,
     NULL, false},
    {"a string longer than the file",
     "h {18:0 " OBJECT "00 01 61 0C FF FF FF FF 61 } " TWO, PLAY_START, 2, NULL,
     false},
    {"metadata of 16 MiB - 1",
     "h {18:0 " OBJECT LOST "00 01 61 S:16777170 } " TWO, PLAY_START, 2, NULL,
     false},
    {"5000 times metadata", "h 5000( {18:0 " OBJECT KEPT END "} ) " TWO,
     PLAY_START, 2, NULL, false},
    {"a duration of NaN",
     "h {18:0 " OBJECT "00 08 64 75 72 61 74 69 6F 6E 00 7F F8 00*6 " END
     "} " TWO,
     PLAY_START, 2, NULL, false},
    {"a duration of -1e300",
     "h {18:0 " OBJECT "00 08 64 75 72 61 74 69 6F 6E n:-1e300 " END "} " TWO,
     PLAY_START, 2, NULL, false},
    {"a duration of 1e300",
     "h {18:0 " OBJECT "00 08 64 75 72 61 74 69 6F 6E n:1e300 " END "} " TWO,
     PLAY_START, 2, NULL, false},
    {"keyframes that lie",
     "h {18:0 " OBJECT "00 09 6B 65 79 66 72 61 6D 65 73 03 00 0D 66 69 6C 65 "
     "70 6F 73 69 74 69 6F 6E 73 0A 00 00 00 02 n:-5 n:1e18 00 05 74 69 6D 65 "
     "73 0A 00 00 00 01 n:0 " END END "} " TWO,
     PLAY_START, 2, NULL, false},
    {"a reference, a class and AMF3",
     "h {18:0 " OBJECT "00 01 61 07 00 00 00 01 62 10 00 01 63 " END KEPT
     "00 01 64 11 0A 0B 01 " LOST "} " TWO,
     PLAY_START, 2, NULL, false},
    {"names and values with escapes",
     "h {18:0 " OBJECT "00 05 1B 5B 32 4A 0A 02 00 03 1B 63 0A 00 01 61 02 00 "
     "03 C3 28 FF " END "} " TWO,
     PLAY_START, 2, NULL, false},
    /* holes */
    {"5 GiB of nothing in the middle", "h " TWO "hole:5368709120 i:80:20",
     PLAY_START, 2, NULL, true},
    {"a TiB of nothing at the end", "h " TWO "hole:1099511627776", PLAY_START,
     2, NULL, true},
    {"a TiB of nothing at all", "hole:1099511627776 h " TWO, PLAY_FAILED, 0,
     "is not FLV", false},
    {"a TiB of nothing behind a header", "h hole:1099511627776 " TWO,
     PLAY_FAILED, 0, "in its first 64 MiB", false},
};
#define COUNT (sizeof(files) / sizeof(files[0]))

/* --- writing ------------------------------------------------------------ */

struct writing {
    int fd;
    int64_t begin_bytes; /* of what is in `bytes` */
    size_t tag;          /* the one that is open */
    struct flv_bytes bytes;
    struct words words;
};

static void flush(struct writing *w)
{
    ck_assert_int_eq(
        pwrite(w->fd, w->bytes.data, w->bytes.length, w->begin_bytes),
        (ssize_t)w->bytes.length);
    w->begin_bytes += (int64_t)w->bytes.length;
    w->bytes.length = 0;
}

static void end_tag(struct writing *w)
{
    const size_t length = w->bytes.length - w->tag;

    flv_bytes_set_u24(&w->bytes, w->tag + 1, (uint32_t)(length - 11));
    flv_bytes_u32(&w->bytes, (uint32_t)length);
}

static void write_word(struct writing *w, const char *word)
{
    struct flv_bytes *b = &w->bytes;
    unsigned long long n[3] = {0};

    (void)sscanf(word + (word[0] == '{' ? 1 : 2), "%llu:%llu:%llu", &n[0],
                 &n[1], &n[2]);
    if (strcmp(word, "h") == 0)
        flv_bytes_file_header(b);
    else if (strncmp(word, "k:", 2) == 0)
        flv_bytes_keyframe(b, (uint32_t)n[0], n[1]);
    else if (strncmp(word, "i:", 2) == 0)
        flv_bytes_inter(b, (uint32_t)n[0], n[1]);
    else if (strncmp(word, "a:", 2) == 0)
        flv_bytes_audio(b, (uint32_t)n[0], n[1]);
    else if (strncmp(word, "T:", 2) == 0)
        flv_bytes_tag_header(b, (uint8_t)n[0], (uint32_t)n[2], (uint32_t)n[1]);
    else if (word[0] == '{')
        w->tag = flv_bytes_tag_header(b, (uint8_t)n[0], 0, (uint32_t)n[1]);
    else if (strcmp(word, "}") == 0)
        end_tag(w);
    else if (word[0] == '!') {
        b->length -= 4;
        flv_bytes_u32(b, (uint32_t)n[0]);
    } else if (strncmp(word, "hole:", 5) == 0) {
        flush(w);
        w->begin_bytes = strtoll(word + 5, NULL, 10);
    } else
        words_add(&w->words, word, b);
}

/* False when the disk cannot have such a file. */
static bool write_file(const char *path, const char *text)
{
    struct writing w = {
        .fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    char word[WORD_BYTES];
    bool is_whole;

    ck_assert_int_ge(w.fd, 0);
    words_init(&w.words, text);
    while (words_next(&w.words, word))
        write_word(&w, word);
    is_whole = ftruncate(w.fd, w.begin_bytes) == 0;
    if (is_whole)
        flush(&w);
    flv_bytes_free(&w.bytes);
    close(w.fd);
    return is_whole;
}

/* --- what comes of it --------------------------------------------------- */

/* So many frames, and then the end of the play. */
static void expect_frames(struct peer *peer, const struct hostile *file)
{
    bool has_kept = strstr(file->file, KEPT) == NULL;
    size_t frames = 0;

    for (;;) {
        const struct message *m = read_message(peer);

        if (m->type == 18 && message_is_called(m, "onMetaData")) {
            has_kept = has_kept || message_has_bytes(m, "kept", 4);
            ck_assert_msg(!message_has_bytes(m, "lost", 4), "%s", file->what);
        }
        if (m->type == 18 && message_is_called(m, "onPlayStatus"))
            break;
        frames += m->type == 8 || m->type == 9;
        if (file->is_left && frames == file->frames)
            return;
    }
    ck_assert_msg(has_kept, "%s: metadata is missing", file->what);
    ck_assert_msg(frames == file->frames, "%s: %zu frames, not %zu", file->what,
                  frames, file->frames);
}

static void play(struct server *server, const struct hostile *file)
{
    struct peer *peer = attack_come(server, CREATED);

    /* All of a file that ends is sent at once, whatever its times. */
    send_set_buffer_length(peer, 1, UINT32_MAX);
    send_command(peer, 1, "play", 0, "ns", "hostile");
    do
        (void)read_message(peer);
    while (!message_is_called(&peer->message, "onStatus") ||
           !message_has_string(&peer->message, "code", file->answer) ||
           message_has_string(&peer->message, "code", "NetStream.Play.Reset"));
    if (strcmp(file->answer, PLAY_START) == 0)
        expect_frames(peer, file);
    (void)attack_hear(peer, NULL); /* it is heard, whatever the file */
    peer_close(peer);
}

/* What the log has of one file, up to its session's end. */
static void check_file(const char **log, const struct hostile *file)
{
    const char *end = strstr(*log, " ended: ");
    const char *told = file->told == NULL ? NULL : strstr(*log, file->told);
    size_t lines = 0;

    ck_assert_ptr_nonnull(end);
    ck_assert_msg(file->told == NULL || (told != NULL && told < end),
                  "%s: the log does not tell: %s", file->what, file->told);
    for (const char *at = *log;
         (at = strstr(at, "hostile.flv: ")) != NULL && at < end; at++)
        lines++;
    ck_assert_msg(lines <= MOST_LINES, "%s: %zu lines", file->what, lines);
    *log = end + 1;
}

START_TEST(each_of_them)
{
    struct witness beside;
    struct server server;
    struct media media;
    bool exists[COUNT];

    media_start(&media, &server);
    witness_begin(&beside, &server);
    for (size_t i = 0; i < COUNT; i++) {
        const char *path = media_name(&media, "hostile.flv");

        fprintf(stderr, "%zu: %s\n", i + 2, files[i].what);
        renew_deadline();
        (void)unlink(path);
        exists[i] = write_file(path, files[i].file);
        if (exists[i])
            play(&server, &files[i]);
        witness_watch(&beside, 20);
    }
    witness_end(&beside);
    const char *log = media_stop(&media, &server, PEER_CLOSED);
    size_t session = 2;
    for (size_t i = 0; i < COUNT; i++) {
        if (!exists[i])
            continue;
        check_session_log(log, session++, files[i].what, PEER_CLOSED, 2);
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (exists[i])
            check_file(&log, &files[i]);
    }
}
END_TEST

int main(void)
{
    return run_tests("hostile files", (const TTest *[]){each_of_them, NULL});
}
