/* From plays to gathers. */
#include "config.h"

#include "server/feed.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* Forgets the gather and what it refers to. */
static void clear(struct feed *feed)
{
    for (size_t i = 0; i < feed->window_count; i++)
        movie_window_release(feed->source, feed->windows[i]);
    if (feed->source != feed->movie)
        movie_unref(feed->source);
    feed->source = NULL;
    feed->window_count = 0;
    feed->source_end_bytes = 0;
    feed->replies_count = 0;
    feed->begun_count = 0;
    gather_reset(&feed->gather);
}

void feed_init(struct feed *feed)
{
    feed->movie = NULL;
    feed->is_blank = false;
    feed->turn = 0;
    feed->source = NULL;
    feed->window_count = 0;
    clear(feed);
}

/* Whether a media message was begun that is not wholly in a gather yet. */
static bool is_in_message(const struct feed *feed)
{
    return feed->movie != NULL;
}

static void end_message(struct feed *feed)
{
    if (feed->movie != feed->source)
        movie_unref(feed->movie);
    feed->movie = NULL;
    feed->is_blank = false;
}

void feed_destroy(struct feed *feed)
{
    clear(feed);
    end_message(feed);
}

/* --- payload ------------------------------------------------------------ */

static bool window_has(const struct movie_window *window, int64_t offset_bytes)
{
    return offset_bytes >= window->offset_bytes &&
           offset_bytes - window->offset_bytes < (int64_t)window->length_bytes;
}

/* The window that holds a byte of the message's movie: the gather's newest, or
 * another one. NULL when none can be had. */
static const struct movie_window *hold_window(struct feed *feed,
                                              int64_t offset_bytes)
{
    struct movie_window *window;

    if (feed->window_count > 0 &&
        window_has(feed->windows[feed->window_count - 1], offset_bytes))
        return feed->windows[feed->window_count - 1];
    window = movie_window_acquire(feed->movie, offset_bytes);
    if (window == NULL)
        return NULL;
    feed->windows[feed->window_count++] = window;
    return window_has(window, offset_bytes) ? window : NULL;
}

/* A piece of the message's payload, `most` bytes or as far as one window
 * goes. */
struct piece {
    const uint8_t *data;
    size_t length;
};

static bool find_piece(struct feed *feed, size_t most, struct piece *piece)
{
    int64_t offset_bytes = feed->tag.offset_bytes + feed->added_bytes;
    const struct movie_window *window;
    size_t skipped;

    window = hold_window(feed, offset_bytes);
    if (window == NULL)
        return false;
    skipped = (size_t)(offset_bytes - window->offset_bytes);
    piece->data = window->data + skipped;
    piece->length = window->length_bytes - skipped;
    if (piece->length > most)
        piece->length = most;
    return true;
}

static bool is_full(const struct feed *feed)
{
    return !gather_has_room(&feed->gather, 2) ||
           feed->window_count == FEED_MAX_WINDOWS;
}

/* Adds the next piece of the begun message, behind a header where a further
 * chunk begins. False when its file failed. */
static bool add_piece(struct feed *feed)
{
    struct gather *gather = &feed->gather;
    uint32_t in_chunk = feed->added_bytes % RTMP_OUTPUT_CHUNK_BYTES;
    bool begins_chunk = in_chunk == 0 && feed->added_bytes > 0;
    size_t most = RTMP_OUTPUT_CHUNK_BYTES - in_chunk;
    size_t room = gather_room_bytes(gather) -
                  (begins_chunk ? feed->continuation_bytes : 0);
    struct piece piece = {.data = gather_zeros};

    if (most > feed->tag.size_bytes - feed->added_bytes)
        most = feed->tag.size_bytes - feed->added_bytes;
    if (most > room)
        most = room;
    piece.length = most;
    if (!feed->is_blank && !find_piece(feed, most, &piece))
        return false;
    if (begins_chunk)
        gather_add_header(gather, feed->continuation, feed->continuation_bytes);
    if (feed->is_blank)
        gather_add_memory(gather, piece.data, piece.length);
    else
        gather_add_file(gather, piece.data, piece.length,
                        feed->tag.offset_bytes + feed->added_bytes);
    feed->added_bytes += (uint32_t)piece.length;
    return true;
}

/* Adds as much of the begun message as fits. False when its file failed. */
static bool continue_message(struct feed *feed)
{
    while (feed->added_bytes < feed->tag.size_bytes) {
        if (is_full(feed))
            return true;
        if (!add_piece(feed))
            return false;
    }
    end_message(feed);
    return true;
}

/* --- messages ----------------------------------------------------------- */

/* The gather now has parts of the message's file. */
static void use_source(struct feed *feed)
{
    feed->source = feed->movie;
    feed->gather.file_fd = movie_fd(feed->movie);
    if (feed->tag.offset_bytes + feed->tag.size_bytes > feed->source_end_bytes)
        feed->source_end_bytes = feed->tag.offset_bytes + feed->tag.size_bytes;
}

static void begin_message(struct feed *feed, struct net_connection *connection,
                          struct net_stream *stream,
                          const struct playback_item *item)
{
    bool is_audio = item->tag.type == FLV_TAG_AUDIO;
    struct chunk_writer *writer = is_audio ? &stream->audio : &stream->video;
    const struct rtmp_message message = {
        .type = is_audio ? RTMP_AUDIO : RTMP_VIDEO,
        .chunk_stream_id = net_stream_chunk_stream_id(
            stream, is_audio ? RTMP_CSID_AUDIO : RTMP_CSID_VIDEO),
        .message_stream_id = stream->id,
        .timestamp_ms = item->timestamp_ms,
        .length_bytes = item->tag.size_bytes};
    const struct chunk_writer before = *writer;
    uint8_t header[RTMP_MAX_CHUNK_HEADER_BYTES];
    size_t header_bytes = chunk_writer_begin(writer, &message, header);

    feed->movie = feed->source != NULL
                      ? feed->source
                      : movie_ref(playback_movie(stream->playback));
    feed->tag = item->tag;
    feed->added_bytes = 0;
    if (item->tag.size_bytes > RTMP_OUTPUT_CHUNK_BYTES)
        feed->continuation_bytes = chunk_writer_continue(
            writer, message.chunk_stream_id, feed->continuation);
    use_source(feed);
    gather_mark_message(&feed->gather);
    gather_add_header(&feed->gather, header, header_bytes);
    feed->begun[feed->begun_count].bytes = item->tag.size_bytes;
    feed->begun[feed->begun_count].stream =
        (uint8_t)(stream->id - 1); /* as net_connection.h has it */
    feed->begun[feed->begun_count].is_audio = is_audio;
    feed->begun[feed->begun_count].before = before;
    feed->begun_count++;
    stream->sent_bytes += item->tag.size_bytes;
    stream->sent_tags++;
    connection->sent_bytes += item->tag.size_bytes;
    connection->sent_tags++;
}

/* Between messages only. */
static void add_replies(struct feed *feed, struct outbox *outbox)
{
    const uint8_t *bytes;
    size_t length;

    if (is_in_message(feed) || outbox_is_taken(outbox) ||
        !gather_has_room(&feed->gather, 0))
        return;
    bytes = outbox_take(outbox, &length);
    if (bytes == NULL)
        return;
    feed->replies[feed->replies_count].part = feed->gather.count;
    feed->replies[feed->replies_count].length = length;
    feed->replies_count++;
    gather_mark_message(&feed->gather);
    gather_add_memory(&feed->gather, bytes, length);
}

/* Remembers where a play stands before the first message of the gather. */
static void mark(struct net_stream *stream)
{
    if (stream->is_marked)
        return;
    playback_save(stream->playback, stream->mark);
    stream->mark_bytes = stream->sent_bytes;
    stream->mark_tags = stream->sent_tags;
    stream->is_marked = true;
}

/* Whether the gather holds media of this play, which a command may still
 * drop. */
static bool is_in_gather(const struct net_stream *stream)
{
    return stream->is_marked && stream->sent_tags > stream->mark_tags;
}

/* A place before a landing is none to go back to: a play lands when nothing of
 * it is in the gather, and is marked afterwards. */
static bool may_go_on(struct net_stream *stream)
{
    if (!playback_is_landing(stream->playback)) {
        mark(stream);
        return true;
    }
    if (is_in_gather(stream))
        return false;
    stream->is_marked = false;
    return true;
}

static void tell_skipped(struct net_connection *connection,
                         const struct net_stream *stream)
{
    double position_s = (double)playback_position_ms(stream->playback) / 1000.0;

    /* One line at the end counts them. */
    if (connection->skips++ == 0)
        log_info("%s: fell behind and was moved on to %.3f s",
                 connection->label, position_s);
}

static void tell_failure(struct net_connection *connection, const char *what)
{
    const char *more;

    if (net_connection_may_tell(connection, &more))
        log_warn("%s: %s, the play ends%s", connection->label, what, more);
}

/* What a play came to, other than a tag. */
static void turn(struct net_connection *connection, struct net_stream *stream,
                 enum playback_step step, int64_t now_ns)
{
    if (step == PLAYBACK_SWITCH) {
        net_stream_switch_over(stream);
        return;
    }
    if (step == PLAYBACK_SKIPPED) {
        tell_skipped(connection, stream);
        return;
    }
    if (step == PLAYBACK_FAILED)
        tell_failure(connection, "the file can no longer be read");
    net_connection_stop_stream(connection, stream, step == PLAYBACK_ENDED,
                               now_ns);
}

/* Begins the next message of a stream if one is due. False when not, with the
 * time when to ask again in *due_ns if that is earlier. */
static bool take_next(struct feed *feed, struct net_connection *connection,
                      struct net_stream *stream, int64_t now_ns,
                      int64_t *due_ns)
{
    struct playback_item item;
    int64_t stream_due_ns = now_ns;
    enum playback_step step;

    if (!may_go_on(stream)) {
        *due_ns = now_ns;
        return false;
    }
    step = playback_next(stream->playback, now_ns, &item, &stream_due_ns);
    if (step == PLAYBACK_SEND) {
        if (stream->sent_tags == 0)
            stream->started_ns = now_ns;
        begin_message(feed, connection, stream, &item);
        if (stream->owes_transition && flv_tag_kind_is_frame(item.tag.kind))
            net_stream_switched(stream, &connection->outbox);
        return true;
    }
    /* All before it is to be sent first: until then a pause may still drop what
     * is on its way. */
    if (step != PLAYBACK_WAIT && is_in_gather(stream))
        stream_due_ns = now_ns;
    else if (step != PLAYBACK_WAIT)
        turn(connection, stream, step, now_ns);
    *due_ns = clock_earlier(*due_ns, stream_due_ns);
    return false;
}

/* Begins the next message that is due on any stream. A gather is of one file:
 * streams that play another one have their turn in the next. */
static bool next_message(struct feed *feed, struct net_connection *connection,
                         int64_t now_ns, int64_t *due_ns)
{
    *due_ns = CLOCK_NEVER;
    for (size_t i = 0; i < connection->stream_count; i++) {
        size_t turn = (feed->turn + i) % connection->stream_count;
        struct net_stream *stream = &connection->streams[turn];

        if (!stream->is_playing)
            continue;
        if (feed->source != NULL &&
            feed->source != playback_movie(stream->playback)) {
            *due_ns = now_ns;
            /* Else ever more of this file would be continued. */
            if (feed->continues)
                return false;
        } else if (take_next(feed, connection, stream, now_ns, due_ns)) {
            feed->turn = turn + 1;
            return true;
        }
    }
    return false;
}

int64_t feed_fill(struct feed *feed, struct net_connection *connection,
                  int64_t now_ns)
{
    int64_t due_ns = now_ns;
    int64_t next_due_ns;
    bool failed = false;

    connection->media_changed = false;
    feed->continues = is_in_message(feed);
    for (size_t i = 0; i < connection->stream_count; i++)
        connection->streams[i].is_marked = false;
    if (is_in_message(feed) && !feed->is_blank)
        use_source(feed);
    while (!is_full(feed) && !failed) {
        add_replies(feed, &connection->outbox);
        if (!is_in_message(feed) &&
            !next_message(feed, connection, now_ns, &next_due_ns)) {
            due_ns = next_due_ns;
            break;
        }
        failed = !continue_message(feed);
    }
    /* Inside its last page a file that was cut short reads as zeros without an
     * error: only its size tells. */
    if (failed || (feed->source != NULL &&
                   !movie_reaches(feed->source, feed->source_end_bytes))) {
        feed_file_failed(feed, connection, now_ns);
        due_ns = now_ns;
    }
    add_replies(feed, &connection->outbox);
    return due_ns;
}

void feed_sent(struct feed *feed, struct net_connection *connection)
{
    for (size_t i = 0; i < feed->begun_count; i++) {
        struct net_stream *stream = &connection->streams[feed->begun[i].stream];

        /* It may play anew since. */
        if (stream->is_marked)
            stream->took_first = true;
    }
    clear(feed);
    outbox_sent(&connection->outbox);
}

/* A play whose messages were dropped goes back; `kept` is how many of the
 * gather's media messages were not, all streams together. */
static void go_back(const struct feed *feed, struct net_stream *stream,
                    size_t kept)
{
    size_t given_out = 0;

    stream->sent_bytes = stream->mark_bytes;
    for (size_t i = 0; i < kept; i++) {
        if (feed->begun[i].stream != stream->id - 1)
            continue;
        stream->sent_bytes += feed->begun[i].bytes;
        given_out++;
    }
    stream->sent_tags = stream->mark_tags + given_out;
    playback_restore(stream->playback, stream->mark, given_out);
    stream->is_marked = false;
    /* The writers remember what the viewer saw last. A new start would do for
     * most, but HaishinKit takes an absolute time in front of several chunks
     * for a difference. */
    for (size_t i = feed->begun_count; i-- > kept;) {
        if (feed->begun[i].stream != stream->id - 1)
            continue;
        if (feed->begun[i].is_audio)
            stream->audio = feed->begun[i].before;
        else
            stream->video = feed->begun[i].before;
    }
}

void feed_drop_unsent(struct feed *feed, struct net_connection *connection)
{
    size_t dropped = gather_keep_begun(&feed->gather);

    if (dropped > 0 && is_in_message(feed))
        end_message(feed);
    while (feed->replies_count > 0 &&
           feed->replies[feed->replies_count - 1].part >= feed->gather.count) {
        feed->replies_count--;
        dropped--;
        outbox_untake(&connection->outbox,
                      feed->replies[feed->replies_count].length);
    }
    for (size_t i = feed->begun_count - dropped; i < feed->begun_count; i++) {
        connection->sent_bytes -= feed->begun[i].bytes;
        connection->sent_tags--;
    }
    for (size_t i = 0; dropped > 0 && i < connection->stream_count; i++) {
        struct net_stream *stream = &connection->streams[i];

        if (stream->is_playing && stream->is_marked)
            go_back(feed, stream, feed->begun_count - dropped);
    }
    feed->begun_count -= dropped;
}

void feed_file_failed(struct feed *feed, struct net_connection *connection,
                      int64_t now_ns)
{
    const struct movie *failed = feed->source;

    tell_failure(connection, "the file was cut short or cannot be mapped");
    feed_drop_unsent(feed, connection);
    gather_blank_file(&feed->gather);
    if (is_in_message(feed))
        feed->is_blank = true;
    for (size_t i = 0; i < connection->stream_count; i++) {
        struct net_stream *stream = &connection->streams[i];

        if (stream->is_playing && playback_movie(stream->playback) == failed)
            net_connection_stop_stream(connection, stream, false, now_ns);
    }
}
