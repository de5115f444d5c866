/* server/feed: gathers that add up to an exact chunk stream, whatever part of
 * them was sent when something happens. */
#include "config.h"

#include "server/dispatch.h"
#include "server/feed.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "flv_bytes.h"

#define LITERAL(s) (s), sizeof(s) - 1
#define FAR INT64_C(1000000000)

static struct flv_bytes file;
static int file_fd;
static char path[64];
static struct options options;
static struct library *library;
static const struct sockaddr_storage peer;
static struct profile profile;
static struct net_connection connection;
static struct feed feed;
static struct flv_bytes output; /* what was sent */

static void hand(uint8_t type, uint32_t id, const void *payload, size_t length)
{
    const struct rtmp_message message = {.type = type,
                                         .message_stream_id = id,
                                         .payload = payload,
                                         .length_bytes = length};

    ck_assert_int_eq(dispatch_message(&connection, &message, 0),
                     SESSION_GOES_ON);
}

#define TXN "\0\x3F\xF0\0\0\0\0\0\0"
static void ask_to_play(uint32_t id)
{
    hand(20, id, LITERAL("\2\0\4play" TXN "\5\2\0\5movie"));
}

static void forget_replies(void)
{
    size_t length;

    (void)outbox_take(&connection.outbox, &length);
    outbox_sent(&connection.outbox);
}

/* Serves `file`, with everything due at once, to a connection that has one
 * stream and plays; the replies until here are forgotten. */
static void start(uint32_t loop)
{
    struct library_error error;

    options = (struct options){
        .loop = loop, .lead_ms = FAR, .audio = true, .video = true};
    file_fd = flv_bytes_open(&file);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
    library = library_open((char *[]){path}, 1, &error);
    ck_assert_ptr_nonnull(library);
    profile_init(&profile, 1, &peer, false, 0);
    net_connection_init(&connection, &options, library, &profile, 0);
    feed_init(&feed);
    memset(&output, 0, sizeof(output));
    hand(20, 0,
         LITERAL("\2\0\7"
                 "connect" TXN));
    hand(20, 0,
         LITERAL("\2\0\x0C"
                 "createStream" TXN));
    ask_to_play(1);
    forget_replies();
}

static void finish(void)
{
    feed_destroy(&feed);
    net_connection_destroy(&connection);
    library_close(library);
    close(file_fd);
    flv_bytes_free(&file);
    flv_bytes_free(&output);
}

/* Sends up to `most` bytes of the gather, as the kernel would: file parts are
 * read from the file. False when that cannot be done. */
static bool send_some(size_t most)
{
    struct gather *g = &feed.gather;

    while (most > 0 && g->bytes > 0) {
        const struct iovec *part = &g->parts[g->first];
        size_t n = part->iov_len < most ? part->iov_len : most;

        if (g->file_offsets[g->first] >= 0) {
            const size_t at = flv_bytes_add(&output, gather_zeros, n);
            const ssize_t got = pread(g->file_fd, output.data + at, n,
                                      (off_t)g->file_offsets[g->first]);

            if (got != (ssize_t)n) {
                output.length = at;
                return false;
            }
        } else {
            flv_bytes_add(&output, part->iov_base, n);
        }
        gather_consume(g, n);
        most -= n;
    }
    return true;
}

static void check_gather(void)
{
    ck_assert_uint_le(feed.gather.bytes, GATHER_MAX_BYTES + OUTBOX_BYTES);
    ck_assert_uint_le(feed.gather.count, GATHER_MAX_PARTS);
    ck_assert_uint_le(feed.window_count, FEED_MAX_WINDOWS);
}

/* One gather; false when there was nothing to send. */
static bool pump_once(void)
{
    (void)feed_fill(&feed, &connection, 0);
    check_gather();
    if (feed.gather.bytes == 0)
        return false;
    while (feed.gather.bytes > 0)
        if (!send_some(SIZE_MAX))
            feed_file_failed(&feed, &connection, 0);
    feed_sent(&feed, &connection);
    return true;
}

static void pump(void)
{
    while (pump_once())
        ;
}

/* --- what should have come ---------------------------------------------- */

struct tag {
    uint8_t type;
    uint32_t timestamp_ms;
    const uint8_t *data;
    size_t length;
};

/* The tag of `file` at *at, which moves on. */
static bool next_tag(size_t *at, struct tag *tag)
{
    const uint8_t *h = file.data + *at;

    if (*at >= file.length)
        return false;
    tag->type = h[0];
    tag->length = (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
    tag->timestamp_ms = (uint32_t)h[4] << 16 | (uint32_t)h[5] << 8 | h[6];
    tag->data = h + 11;
    *at += tag->length + 15;
    return true;
}

/* The chunk stream of all tags of the file, after RTMP 1.0, 5.3. */
static struct flv_bytes expected_stream(void)
{
    struct flv_bytes b = {0};
    uint32_t last_ms[2] = {UINT32_MAX, UINT32_MAX};
    struct tag tag;

    for (size_t at = 13; next_tag(&at, &tag);) {
        const bool is_video = tag.type == 9;
        const uint8_t id = is_video ? 6 : 4;
        const bool is_first = last_ms[is_video] == UINT32_MAX;
        const uint32_t ms =
            is_first ? tag.timestamp_ms : tag.timestamp_ms - last_ms[is_video];
        const uint8_t header[8] = {(uint8_t)(is_first ? id : 0x40 | id),
                                   (uint8_t)(ms >> 16),
                                   (uint8_t)(ms >> 8),
                                   (uint8_t)ms,
                                   (uint8_t)(tag.length >> 16),
                                   (uint8_t)(tag.length >> 8),
                                   (uint8_t)tag.length,
                                   tag.type};

        flv_bytes_add(&b, header, 8);
        if (is_first)
            flv_bytes_add(&b, "\1\0\0\0", 4);
        for (size_t done = 0; done < tag.length; done += 65536) {
            const uint8_t continuation = 0xC0 | id;
            const size_t left = tag.length - done;

            if (done > 0)
                flv_bytes_add(&b, &continuation, 1);
            flv_bytes_add(&b, tag.data + done, left < 65536 ? left : 65536);
        }
        last_ms[is_video] = tag.timestamp_ms;
    }
    return b;
}

static void expect_whole_file(void)
{
    struct flv_bytes expected = expected_stream();

    ck_assert_uint_gt(output.length, expected.length);
    ck_assert_mem_eq(output.data, expected.data, expected.length);
    /* behind it: Complete, Stop and StreamEOF */
    const uint8_t *rest = output.data + expected.length;
    const size_t length = output.length - expected.length;
    const uint8_t *complete =
        memmem(rest, length, LITERAL("NetStream.Play.Complete"));
    const uint8_t *stop = memmem(rest, length, LITERAL("NetStream.Play.Stop"));
    ck_assert_ptr_nonnull(complete);
    ck_assert_ptr_nonnull(stop);
    ck_assert(complete < stop);
    ck_assert_mem_eq(rest + length - 18, "\2\0\0\0\0\0\6\4\0\0\0\0\0\1\0\0\0\1",
                     18);
    flv_bytes_free(&expected);
}

static void begin_file(void)
{
    memset(&file, 0, sizeof(file));
    flv_bytes_file_header(&file);
}

/* As flv_bytes_keyframe, but fast. */
static void add_big(uint32_t timestamp_ms, size_t length)
{
    uint8_t *data = malloc(length);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(0x40 + i % 0x3B);
    memcpy(data, "\x17\1\0\0", 5);
    flv_bytes_tag(&file, 9, timestamp_ms, data, length);
    free(data);
}

/* Messages as they came, for tests where replies come between. */
struct seen {
    size_t at; /* in the output */
    struct {
        uint32_t timestamp_ms;
        uint32_t message_stream_id;
        size_t length;
        uint8_t type;
        bool known;
    } chunk_streams[64];
    uint8_t type;
    uint8_t chunk_stream_id;
    unsigned format;
    uint32_t timestamp_ms;
    struct flv_bytes payload;
};

static uint32_t number(const uint8_t *p, size_t bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *p++;
    return value;
}

static bool next_message(struct seen *seen)
{
    const uint8_t *p = output.data + seen->at;
    size_t length;
    uint32_t ms;

    if (seen->at == output.length)
        return false;
    seen->format = p[0] >> 6;
    seen->chunk_stream_id = p[0] & 63;
    ck_assert_uint_le(seen->format, 1);
    ms = number(p + 1, 3);
    length = number(p + 4, 3);
    seen->type = p[7];
    ck_assert(seen->format == 0 ||
              seen->chunk_streams[seen->chunk_stream_id].known);
    if (seen->format == 1)
        ms += seen->chunk_streams[seen->chunk_stream_id].timestamp_ms;
    seen->timestamp_ms = ms;
    seen->chunk_streams[seen->chunk_stream_id].timestamp_ms = ms;
    seen->chunk_streams[seen->chunk_stream_id].known = true;
    seen->at += seen->format == 0 ? 12 : 8;
    seen->payload.length = 0;
    for (size_t done = 0; done < length;) {
        const size_t n = length - done < 65536 ? length - done : 65536;

        if (done > 0)
            ck_assert_uint_eq(output.data[seen->at++],
                              0xC0 | seen->chunk_stream_id);
        ck_assert_uint_le(n, output.length - seen->at);
        flv_bytes_add(&seen->payload, output.data + seen->at, n);
        seen->at += n;
        done += n;
    }
    return true;
}

/* --- tests -------------------------------------------------------------- */

START_TEST(small_tags)
{
    begin_file();
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        flv_bytes_keyframe(&file, 40 * i, 6 + i % 100);
        flv_bytes_audio(&file, 40 * i, 6 + i % 7);
        flv_bytes_audio(&file, 40 * i + 20, 200);
    }
    start(1);
    pump();
    expect_whole_file();
    ck_assert_uint_eq(connection.sent_tags, 3002);
    finish();
}
END_TEST

START_TEST(large_tags)
{
    static const size_t sizes[] = {
        65535,    65536,  65537,  200u << 10,
        3u << 20, 262143, 262144, GATHER_MAX_BYTES * 2,
        131072};
    begin_file();
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        add_big(40 * i, sizes[i]);
        flv_bytes_audio(&file, 40 * i, 77);
    }
    start(1);
    pump();
    expect_whole_file();
    finish();
}
END_TEST

START_TEST(the_largest_tag)
{
    begin_file();
    add_big(0, 0xFFFFFF);
    start(1);
    pump();
    expect_whole_file();
    finish();
}
END_TEST

/* The gather may be sent in pieces of any size. */
START_TEST(in_pieces)
{
    begin_file();
    for (uint32_t i = 0; i < 20; i++)
        flv_bytes_keyframe(&file, 40 * i, 1000 * i + 6);
    start(1);
    for (size_t piece = 1;; piece = piece * 7 % 5000 + 1) {
        (void)feed_fill(&feed, &connection, 0);
        if (feed.gather.bytes == 0)
            break;
        while (feed.gather.bytes > 0)
            ck_assert(send_some(piece));
        feed_sent(&feed, &connection);
    }
    expect_whole_file();
    finish();
}
END_TEST

/* Nothing is due before its time, and the time is told. */
START_TEST(the_time_to_ask_again)
{
    begin_file();
    flv_bytes_keyframe(&file, 0, 100);
    flv_bytes_keyframe(&file, 40, 100);
    start(1);
    connection.options = &options;
    options.lead_ms = 0;
    ask_to_play(1);
    forget_replies();
    ck_assert_int_eq(feed_fill(&feed, &connection, 5000), 40005000);
    ck_assert_uint_eq(feed.gather.bytes, 112);
    feed_sent(&feed, &connection);
    ck_assert_int_eq(feed_fill(&feed, &connection, 6000), 40005000);
    ck_assert_uint_eq(feed.gather.bytes, 0);
    hand(20, 1,
         LITERAL("\2\0\x0B"
                 "closeStream" TXN));
    (void)feed_fill(&feed, &connection, 6000);
    ck_assert_uint_gt(feed.gather.bytes, 0);
    feed_sent(&feed, &connection);
    ck_assert_int_eq(feed_fill(&feed, &connection, 6000), CLOCK_NEVER);
    finish();
}
END_TEST

/* A pong for every gather: they stand between messages, in order. */
START_TEST(replies_are_never_inside_a_message)
{
    struct seen seen = {0};
    size_t at = 13;
    uint32_t pings = 0, pongs = 0;
    struct tag tag;

    begin_file();
    for (uint32_t i = 0; i < 4; i++) {
        add_big(40 * i, 1000000 + i);
        flv_bytes_audio(&file, 40 * i, 77);
    }
    start(1);
    for (;;) {
        (void)feed_fill(&feed, &connection, 0);
        if (feed.gather.bytes == 0)
            break;
        for (int i = 0; feed.gather.bytes > 0; i++) {
            ck_assert(send_some(100000));
            if (i == 0 && pings < 30) {
                uint8_t body[6] = {0, 6, 0, 0, 0, (uint8_t)++pings};

                hand(4, 0, body, 6);
            }
        }
        feed_sent(&feed, &connection);
    }
    while (next_message(&seen)) {
        if (seen.type == 4 && seen.payload.data[1] == 7) {
            ck_assert_uint_eq(number(seen.payload.data + 2, 4), ++pongs);
        } else if (seen.type == 8 || seen.type == 9) {
            ck_assert(next_tag(&at, &tag));
            ck_assert_uint_eq(seen.payload.length, tag.length);
            ck_assert_mem_eq(seen.payload.data, tag.data, tag.length);
        }
    }
    ck_assert_uint_eq(at, file.length);
    ck_assert_uint_eq(pongs, pings);
    ck_assert_uint_ge(pings, 10);
    flv_bytes_free(&seen.payload);
    finish();
}
END_TEST

/* The file is cut in the middle of a message, at all kinds of places. */
START_TEST(a_file_cut_short)
{
    static const size_t cuts[] = {500000, 300000, 4096, 100, 0};

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct seen seen = {0};
        size_t same = 0;
        struct tag tag;
        size_t at = 13;

        begin_file();
        add_big(0, 1000000);
        flv_bytes_keyframe(&file, 40, 1000);
        start(1);
        ck_assert(pump_once());
        ck_assert_int_eq(ftruncate(file_fd, (off_t)cuts[i]), 0);
        pump();
        ck_assert(next_message(&seen));
        ck_assert(next_tag(&at, &tag));
        ck_assert_uint_eq(seen.payload.length, 1000000);
        while (same < 1000000 && seen.payload.data[same] == tag.data[same])
            same++;
        ck_assert_uint_gt(same, 100000);
        ck_assert_uint_lt(same, 1000000);
        while (same < 1000000 && seen.payload.data[same] == 0)
            same++;
        ck_assert_uint_eq(same, 1000000);
        /* then Stop, and no Complete, and StreamEOF; nothing more */
        ck_assert(next_message(&seen));
        ck_assert_uint_eq(seen.type, 20);
        ck_assert_ptr_nonnull(memmem(seen.payload.data, seen.payload.length,
                                     LITERAL("NetStream.Play.Stop")));
        ck_assert(next_message(&seen));
        ck_assert_mem_eq(seen.payload.data, "\0\1\0\0\0\1", 6);
        ck_assert(!next_message(&seen));
        ck_assert(!net_connection_is_playing(&connection));
        flv_bytes_free(&seen.payload);
        finish();
    }
}
END_TEST

/* The kernel finds out, after some of the gather was sent. */
START_TEST(a_file_cut_short_while_it_is_sent)
{
    for (size_t sent = 0; sent < 3000; sent += 7) {
        struct seen seen = {0};
        struct tag tag;
        size_t at = 13;

        begin_file();
        for (uint32_t i = 0; i < 20; i++)
            flv_bytes_keyframe(&file, 40 * i, 100 + i);
        start(1);
        (void)feed_fill(&feed, &connection, 0);
        ck_assert(send_some(sent));
        feed_file_failed(&feed, &connection, 0);
        while (feed.gather.bytes > 0)
            ck_assert(send_some(SIZE_MAX));
        feed_sent(&feed, &connection);
        pump();
        /* whole tags, perhaps one that ends in zeros, then the end */
        while (next_message(&seen) && seen.type == 9) {
            ck_assert(next_tag(&at, &tag));
            ck_assert_uint_eq(seen.payload.length, tag.length);
            size_t b = 0;
            while (b < tag.length && seen.payload.data[b] == tag.data[b])
                b++;
            while (b < tag.length && seen.payload.data[b] == 0)
                b++;
            ck_assert_uint_eq(b, tag.length);
        }
        ck_assert_uint_eq(seen.type, 20);
        ck_assert(next_message(&seen));
        ck_assert(!next_message(&seen));
        flv_bytes_free(&seen.payload);
        finish();
    }
}
END_TEST

/* Whatever was sent when the rest is dropped, the stream of chunks stays in
 * step, and the play goes on with the first tag that was dropped. */
START_TEST(dropping_what_was_not_begun)
{
    for (size_t sent = 0; sent < 2600; sent += 3) {
        struct seen seen = {0};
        struct tag tag;
        size_t at = 13;

        begin_file();
        for (uint32_t i = 0; i < 10; i++) {
            flv_bytes_keyframe(&file, 40 * i, 100 + i);
            flv_bytes_audio(&file, 40 * i, 80 + i);
        }
        start(1);
        hand(4, 0, LITERAL("\0\6\0\0\0\1"));
        (void)feed_fill(&feed, &connection, 0);
        ck_assert(send_some(sent));
        feed_drop_unsent(&feed, &connection);
        ck_assert(send_some(SIZE_MAX));
        feed_sent(&feed, &connection);
        pump();
        unsigned pongs = 0;
        while (next_message(&seen)) {
            if (seen.type == 4 && seen.payload.data[1] == 7)
                pongs++;
            if (seen.type != 8 && seen.type != 9)
                continue;
            ck_assert(next_tag(&at, &tag));
            ck_assert_uint_eq(seen.type, tag.type);
            ck_assert_uint_eq(seen.timestamp_ms, tag.timestamp_ms);
            ck_assert_uint_eq(seen.payload.length, tag.length);
            ck_assert_mem_eq(seen.payload.data, tag.data, tag.length);
        }
        ck_assert_uint_eq(at, file.length);
        ck_assert_uint_eq(pongs, 1);
        ck_assert_uint_eq(connection.sent_tags, 20);
        flv_bytes_free(&seen.payload);
        finish();
    }
}
END_TEST

/* The seek of one stream lands while the gather is filled with another's tags;
 * what is dropped then comes again from where it landed. */
START_TEST(dropping_after_a_seek_has_landed)
{
    struct seen seen = {0};

    begin_file();
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&file, 40 * i, 100 + i);
    start(1);
    pump();
    output.length = 0;
    hand(20, 0,
         LITERAL("\2\0\x0C"
                 "createStream" TXN));
    ask_to_play(2);
    hand(20, 1, LITERAL("\2\0\4seek" TXN "\5\0\x40\x69\0\0\0\0\0\0")); /* 200 */
    forget_replies();
    (void)feed_fill(&feed, &connection, 0);
    feed_drop_unsent(&feed, &connection);
    ck_assert_uint_eq(feed.gather.bytes, 0);
    feed_sent(&feed, &connection);
    pump();
    do
        ck_assert(next_message(&seen));
    while (seen.chunk_stream_id != 6); /* video of stream 1 */
    ck_assert_uint_eq(seen.timestamp_ms, 200);
    ck_assert_uint_eq(seen.payload.length, 105);
    flv_bytes_free(&seen.payload);
    finish();
}
END_TEST

static void send_all_at(int64_t now_ns)
{
    (void)feed_fill(&feed, &connection, now_ns);
    ck_assert(send_some(SIZE_MAX));
    feed_sent(&feed, &connection);
}

/* A viewer is found to be late when a tag of its play is in the gather, while
 * another play of the connection goes on. It is moved when nothing of it is in
 * the gather any more. */
START_TEST(dropping_around_a_skip)
{
    const int64_t late_ns = 10041 * CLOCK_NS_PER_MS;

    for (int drops = 0; drops < 3; drops++) {
        struct seen seen = {0};
        char times[128] = "";

        begin_file(); /* 120 ms, the sound behind the pictures */
        flv_bytes_keyframe(&file, 0, 100);
        flv_bytes_keyframe(&file, 40, 100);
        flv_bytes_audio(&file, 20, 50);
        add_big(80, 300000); /* more than a gather */
        flv_bytes_audio(&file, 60, 50);
        start(0);
        options.lead_ms = 0;
        options.skip_late_ms = 100;
        ask_to_play(1);
        forget_replies();
        for (int64_t ms = 0; ms < 120; ms += 40)
            send_all_at(ms * CLOCK_NS_PER_MS);
        ck_assert_ptr_nonnull(feed.movie);
        hand(20, 0,
             LITERAL("\2\0\x0C"
                     "createStream" TXN));
        ask_to_play(2);
        for (int i = 0; i < drops; i++) {
            (void)feed_fill(&feed, &connection, late_ns);
            ck_assert_uint_ge(feed.begun_count, 1);
            ck_assert(send_some(1000));
            feed_drop_unsent(&feed, &connection);
            ck_assert(send_some(SIZE_MAX));
            feed_sent(&feed, &connection);
        }
        for (int i = 0; i < 5; i++)
            send_all_at(late_ns);
        send_all_at(late_ns + 40 * CLOCK_NS_PER_MS);
        ck_assert_uint_eq(connection.skips, 1);
        while (next_message(&seen)) {
            const size_t end = strlen(times);

            if (seen.chunk_stream_id == 6 || seen.chunk_stream_id == 4)
                snprintf(times + end, sizeof(times) - end, "%c%u ",
                         seen.type == 8 ? 'a' : 'v', seen.timestamp_ms);
        }
        /* What was dropped comes again: it may be a header. */
        ck_assert_str_eq(times, "v0 v40 a20 v80 a60 v10080 ");
        flv_bytes_free(&seen.payload);
        finish();
    }
}
END_TEST

/* Another file takes over when nothing of the play is in the gather. */
START_TEST(dropping_before_a_switch)
{
    struct flv_bytes other = {0};
    struct seen seen = {0};
    char times[128] = "";

    begin_file();
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&file, 40 * i, 100);
    flv_bytes_file_header(&other);
    flv_bytes_keyframe(&other, 0, 200);
    flv_bytes_keyframe(&other, 200, 200);
    start(1);
    options.lead_ms = 100;
    ask_to_play(1);
    forget_replies();
    send_all_at(0);
    const int other_fd = flv_bytes_open(&other);
    ck_assert_int_eq(dup2(other_fd, file_fd), file_fd);
    close(other_fd);
    hand(20, 1, LITERAL("\2\0\5play2" TXN "\5\3\0\0\x09"));
    send_all_at(1); /* the walk finds 200 */
    for (int i = 0; i < 3; i++) {
        (void)feed_fill(&feed, &connection, 100 * CLOCK_NS_PER_MS + i);
        ck_assert_uint_eq(feed.begun_count, 2); /* 120 and 160 */
        feed_drop_unsent(&feed, &connection);
        feed_sent(&feed, &connection);
    }
    for (int i = 0; i < 3; i++)
        send_all_at(100 * CLOCK_NS_PER_MS + 10 + i);
    while (next_message(&seen)) {
        const size_t end = strlen(times);

        if (seen.type == 9)
            snprintf(times + end, sizeof(times) - end, "%zu@%u ",
                     seen.payload.length, seen.timestamp_ms);
    }
    ck_assert_str_eq(times, "100@0 100@40 100@80 100@120 100@160 200@200 ");
    flv_bytes_free(&seen.payload);
    flv_bytes_free(&other);
    finish();
}
END_TEST

/* Nothing of the first play was sent: the second one's first message is the
 * first that the peer sees, and must have a full header. */
START_TEST(a_play_after_one_that_was_dropped)
{
    struct seen seen = {0};

    begin_file();
    for (uint32_t i = 0; i < 10; i++) {
        flv_bytes_keyframe(&file, 40 * i, 100 + i);
        flv_bytes_audio(&file, 40 * i, 80 + i);
    }
    start(1);
    (void)feed_fill(&feed, &connection, 0);
    hand(20, 1,
         LITERAL("\2\0\x0B"
                 "closeStream" TXN));
    feed_drop_unsent(&feed, &connection);
    ck_assert_uint_eq(feed.gather.bytes, 0);
    feed_sent(&feed, &connection);
    pump();
    output.length = 0;
    ask_to_play(1);
    pump();
    while (next_message(&seen)) /* which checks it */
        ;
    ck_assert_uint_eq(connection.sent_tags, 20); /* nothing that was dropped */
    flv_bytes_free(&seen.payload);
    finish();
}
END_TEST

/* The same when the file fails under the first play. */
START_TEST(a_play_after_one_that_failed)
{
    struct seen seen = {0};

    begin_file();
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&file, 40 * i, 100 + i);
    start(1);
    ck_assert_int_eq(ftruncate(file_fd, 13), 0);
    pump();
    output.length = 0;
    flv_bytes_write(&file, file_fd);
    ask_to_play(1);
    pump();
    while (next_message(&seen))
        ;
    flv_bytes_free(&seen.payload);
    finish();
}
END_TEST

/* The last frame of what was sent. */
static uint32_t last_timestamp_ms(void)
{
    struct seen seen = {0};
    uint32_t last_ms = 0;

    while (next_message(&seen))
        if (seen.type == 9)
            last_ms = seen.timestamp_ms;
    flv_bytes_free(&seen.payload);
    return last_ms;
}

/* A viewer is fed as far ahead as it announced, at least a second. */
START_TEST(the_lead)
{
    begin_file();
    for (uint32_t i = 0; i < 200; i++)
        flv_bytes_keyframe(&file, 40 * i, 100);
    start(1);
    options.lead_ms = -1;
    ask_to_play(1);
    forget_replies();
    pump();
    ck_assert_uint_eq(last_timestamp_ms(), 1000);
    hand(4, 0, LITERAL("\0\3\0\0\0\1\0\0\0\x64"));
    pump();
    ck_assert_uint_eq(last_timestamp_ms(), 1000);
    hand(4, 0, LITERAL("\0\3\0\0\0\1\0\0\x0B\xB8"));
    pump();
    ck_assert_uint_eq(last_timestamp_ms(), 3000);
    finish();
}
END_TEST

/* Inside its last page a file that was cut short reads as zeros without an
 * error. All tags are known, of the second round some are still to be sent:
 * none of those that are no longer there is. */
START_TEST(a_file_cut_short_inside_a_page)
{
    begin_file();
    for (uint32_t i = 0; i < 10; i++)
        flv_bytes_keyframe(&file, 40 * i, 100);
    start(2);
    options.lead_ms = 0;
    ask_to_play(1);
    forget_replies();
    for (int64_t ms = 0; ms <= 400; ms += 40) {
        (void)feed_fill(&feed, &connection, ms * CLOCK_NS_PER_MS);
        ck_assert_uint_gt(feed.gather.bytes, 0);
        feed_sent(&feed, &connection);
    }
    /* the last tag but for its last byte */
    ck_assert_int_eq(ftruncate(file_fd, (off_t)file.length - 5), 0);
    (void)feed_fill(&feed, &connection, 760 * CLOCK_NS_PER_MS);
    ck_assert(send_some(SIZE_MAX));
    ck_assert_ptr_null(memmem(output.data, output.length, "\x17\1\0\0\0", 5));
    ck_assert(!net_connection_is_playing(&connection));
    finish();
}
END_TEST

START_TEST(destroyed_in_the_middle)
{
    begin_file();
    add_big(0, 1000000);
    start(1);
    ck_assert(pump_once());
    (void)feed_fill(&feed, &connection, 0);
    ck_assert(send_some(1000));
    finish(); /* the sanitizer sees what is left */
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("feed");
    TCase *const tests = tcase_create("feed");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, small_tags);
    tcase_add_test(tests, large_tags);
    tcase_add_test(tests, the_largest_tag);
    tcase_add_test(tests, in_pieces);
    tcase_add_test(tests, the_time_to_ask_again);
    tcase_add_test(tests, replies_are_never_inside_a_message);
    tcase_add_test(tests, a_file_cut_short);
    tcase_add_test(tests, a_file_cut_short_while_it_is_sent);
    tcase_add_test(tests, dropping_what_was_not_begun);
    tcase_add_test(tests, dropping_after_a_seek_has_landed);
    tcase_add_test(tests, dropping_around_a_skip);
    tcase_add_test(tests, dropping_before_a_switch);
    tcase_add_test(tests, a_play_after_one_that_was_dropped);
    tcase_add_test(tests, a_play_after_one_that_failed);
    tcase_add_test(tests, the_lead);
    tcase_add_test(tests, a_file_cut_short_inside_a_page);
    tcase_add_test(tests, destroyed_in_the_middle);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
