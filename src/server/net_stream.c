/* What a viewer is told around a play, in the order that every client
 * understands: RTMP 1.0, 7.2.2.1, and doc/ARCHITECTURE.md. */
#include "config.h"

#include "server/net_stream.h"

#include <stdlib.h>
#include <string.h>

#include "flv/metadata.h"

void net_stream_init(struct net_stream *stream, uint32_t id)
{
    memset(stream, 0, sizeof(*stream));
    stream->id = id;
    stream->buffer_ms = -1;
    stream->receives_audio = true;
    stream->receives_video = true;
}

void net_stream_destroy(struct net_stream *stream)
{
    if (stream->playback != NULL) {
        playback_destroy(stream->playback);
        playback_place_destroy(stream->mark);
        free(stream->playback);
        free(stream->mark);
    }
    stream->playback = NULL;
    stream->mark = NULL;
    stream->is_playing = false;
    stream->is_marked = false;
}

bool net_stream_owes_burst(const struct net_stream *stream)
{
    return stream->is_playing && !stream->took_first && stream->sent_tags > 0;
}

uint32_t net_stream_chunk_stream_id(const struct net_stream *stream,
                                    uint32_t base)
{
    return base + RTMP_CSID_PER_STREAM * (stream->id - 1);
}

void net_stream_status(const struct net_stream *stream,
                       const struct rtmp_status *status, struct outbox *outbox)
{
    uint8_t body[1024];
    struct byte_writer w;

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_status(&w, status);
    outbox_add(outbox, &(struct rtmp_message){
                           .type = RTMP_COMMAND_AMF0,
                           .chunk_stream_id = net_stream_chunk_stream_id(
                               stream, RTMP_CSID_STREAM_COMMAND),
                           .message_stream_id = stream->id,
                           .payload = body,
                           .length_bytes = byte_writer_length(&w)});
}

static void add_data(const struct net_stream *stream, struct outbox *outbox,
                     const struct byte_writer *w)
{
    outbox_add(outbox, &(struct rtmp_message){
                           .type = RTMP_DATA_AMF0,
                           .chunk_stream_id = net_stream_chunk_stream_id(
                               stream, RTMP_CSID_DATA),
                           .message_stream_id = stream->id,
                           .payload = w->start,
                           .length_bytes = byte_writer_length(w)});
}

/* The duration is told for a file that is played once; a loop has none. Not
 * built on the stack: a page of it that was touched once stays. */
static bool add_metadata(struct net_stream *stream, struct movie *movie,
                         struct outbox *outbox)
{
    uint8_t *body = malloc(FLV_METADATA_BYTES);
    struct byte_writer w;
    int64_t duration_ms = stream->playback->place.timeline.options.rounds == 1
                              ? movie_duration_ms(movie)
                              : 0;

    if (body == NULL)
        return false;
    byte_writer_init(&w, body, FLV_METADATA_BYTES);
    rtmp_write_sample_access(&w);
    add_data(stream, outbox, &w);
    byte_writer_init(&w, body, FLV_METADATA_BYTES);
    flv_metadata_write(movie_metadata(movie), (double)duration_ms / 1000.0, &w);
    if (!w.failed)
        add_data(stream, outbox, &w);
    free(body);
    return true;
}

static int64_t lead_ms(const struct net_stream *stream, int64_t fixed_lead_ms)
{
    int64_t lead = stream->buffer_ms;

    if (fixed_lead_ms >= 0)
        return fixed_lead_ms;
    if (lead < NET_STREAM_MIN_LEAD_MS)
        lead = NET_STREAM_MIN_LEAD_MS;
    if (stream->playback->place.timeline.options.rounds == 0 &&
        lead > NET_STREAM_MAX_LOOP_LEAD_MS)
        lead = NET_STREAM_MAX_LOOP_LEAD_MS;
    return lead;
}

static bool start_playback(struct net_stream *stream,
                           const struct net_stream_play *play, int64_t now_ns)
{
    struct playback *playback = malloc(sizeof(*playback));
    struct playback_place *mark = malloc(sizeof(*mark));

    if (playback == NULL || mark == NULL) {
        free(playback);
        free(mark);
        return false;
    }
    stream->playback = playback;
    stream->mark = mark;
    playback_init(stream->playback, play->movie, &play->options, 0);
    playback_place_init(stream->mark, play->movie, &play->options);
    playback_set_range(stream->playback, play->start_ms,
                       play->duration_ms < 0 ? 0 : play->duration_ms);
    playback_set_lead(stream->playback, lead_ms(stream, play->fixed_lead_ms));
    playback_set_skip_late(playback, play->skip_late_ms);
    playback_receive(playback, stream->receives_audio, stream->receives_video);
    stream->is_playing = true;
    stream->is_marked = false;
    stream->took_first = false;
    stream->owes_transition = false;
    stream->started_ns = now_ns;
    stream->sent_bytes = 0;
    stream->sent_tags = 0;
    /* Timestamps begin anew: so do the headers. */
    stream->audio.started = false;
    stream->video.started = false;
    return true;
}

static void add_begin(const struct net_stream *stream, struct outbox *outbox)
{
    outbox_add_user_control(outbox, RTMP_STREAM_IS_RECORDED, stream->id);
    outbox_add_user_control(outbox, RTMP_STREAM_BEGIN, stream->id);
}

bool net_stream_play(struct net_stream *stream,
                     const struct net_stream_play *play, struct outbox *outbox,
                     int64_t now_ns)
{
    struct rtmp_status status = {.level = "status",
                                 .code = "NetStream.Play.Reset",
                                 .description = "Playing and resetting.",
                                 .details = play->name};

    if (stream->is_playing)
        outbox_add_user_control(outbox, RTMP_STREAM_EOF, stream->id);
    net_stream_destroy(stream);
    if (!start_playback(stream, play, now_ns))
        return false;
    add_begin(stream, outbox);
    if (play->reset)
        net_stream_status(stream, &status, outbox);
    status.code = "NetStream.Play.Start";
    status.description = "Started playing.";
    net_stream_status(stream, &status, outbox);
    return add_metadata(stream, play->movie, outbox);
}

void net_stream_switch(struct net_stream *stream, struct movie *movie,
                       struct amf0_string name, struct outbox *outbox)
{
    const struct rtmp_status status = {.level = "status",
                                       .code = "NetStream.Play.Transition",
                                       .description = "Switching.",
                                       .details = name};

    stream->owes_transition |= stream->playback->errand == PLAYBACK_SEEKS;
    playback_switch(stream->playback, movie);
    net_stream_status(stream, &status, outbox);
}

void net_stream_switch_over(struct net_stream *stream)
{
    playback_switch_over(stream->playback);
    stream->is_marked = false;
    stream->owes_transition = true;
}

void net_stream_switched(struct net_stream *stream, struct outbox *outbox)
{
    uint8_t body[256];
    struct byte_writer w;

    stream->owes_transition = false;
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_transition_complete(&w);
    add_data(stream, outbox, &w);
}

void net_stream_set_buffer(struct net_stream *stream, int64_t buffer_ms,
                           int64_t fixed_lead_ms)
{
    if (buffer_ms == stream->buffer_ms)
        return;
    stream->buffer_ms = buffer_ms;
    if (stream->playback != NULL)
        playback_set_lead(stream->playback, lead_ms(stream, fixed_lead_ms));
}

/* What was not sent is sent again when the play goes on: the feed goes back
 * to the mark. */
bool net_stream_pause(struct net_stream *stream, bool pause,
                      struct outbox *outbox, int64_t now_ns)
{
    bool changes =
        stream->playback != NULL && stream->playback->is_paused != pause;
    const struct rtmp_status status = {
        .level = "status",
        .code = pause ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
        .description = pause ? "Paused." : "Playing again."};

    if (changes && pause)
        playback_pause(stream->playback, now_ns);
    else if (changes)
        playback_resume(stream->playback, now_ns);
    net_stream_status(stream, &status, outbox);
    return changes;
}

/* FFmpeg discards everything until Seek.Notify, for ever; so there always is
 * one. The order is that of Flash Media Server. */
void net_stream_seek(struct net_stream *stream, int64_t time_ms,
                     struct outbox *outbox)
{
    struct rtmp_status status = {.level = "status",
                                 .code = "NetStream.Seek.Notify",
                                 .description = "Seeking."};

    if (stream->playback != NULL) {
        stream->owes_transition |=
            stream->playback->errand == PLAYBACK_SWITCHES;
        playback_seek(stream->playback, time_ms);
        stream->is_playing = true;
        stream->is_marked = false;
        stream->audio.started = false;
        stream->video.started = false;
        outbox_add_user_control(outbox, RTMP_STREAM_EOF, stream->id);
        add_begin(stream, outbox);
    }
    net_stream_status(stream, &status, outbox);
    if (stream->playback == NULL)
        return;
    status.code = "NetStream.Play.Start";
    status.description = "Started playing.";
    net_stream_status(stream, &status, outbox);
}

/* 7.2.2.4 and 7.2.2.5: nothing is answered when it is switched off, and a seek
 * when it is switched on again. That leads to where the viewer is, not to the
 * end of what it was fed: else there would be nothing new to see for as long as
 * its buffer lasts. Red5's client switches both on before it plays. */
bool net_stream_receive(struct net_stream *stream, enum flv_tag_type type,
                        bool receive, struct outbox *outbox, int64_t now_ns)
{
    bool *receives = type == FLV_TAG_AUDIO ? &stream->receives_audio
                                           : &stream->receives_video;
    int64_t viewer_ms;

    if (*receives == receive)
        return false;
    *receives = receive;
    if (stream->playback == NULL)
        return false;
    playback_receive(stream->playback, stream->receives_audio,
                     stream->receives_video);
    if (!receive)
        return true;
    viewer_ms = playback_viewer_ms(stream->playback, now_ns);
    /* Who has seen the end is not sent back. */
    if (!stream->is_playing &&
        viewer_ms >= playback_position_ms(stream->playback))
        return false;
    net_stream_seek(stream, viewer_ms, outbox);
    return true;
}

/* Every client waits for one of three: JW Player and Flowplayer for Complete,
 * FFmpeg and librtmp for Stop, GStreamer for StreamEOF. */
static void add_stop(const struct net_stream *stream, struct outbox *outbox)
{
    net_stream_status(stream,
                      &(struct rtmp_status){.level = "status",
                                            .code = "NetStream.Play.Stop",
                                            .description = "Stopped playing."},
                      outbox);
    outbox_add_user_control(outbox, RTMP_STREAM_EOF, stream->id);
}

void net_stream_complete(struct net_stream *stream, struct outbox *outbox)
{
    uint8_t body[256];
    struct byte_writer w;

    if (stream->owes_transition)
        net_stream_switched(stream, outbox);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_play_complete(
        &w, (double)playback_position_ms(stream->playback) / 1000.0,
        (double)stream->sent_bytes);
    add_data(stream, outbox, &w);
    stream->is_playing = false;
    add_stop(stream, outbox);
}

void net_stream_stop(struct net_stream *stream, struct outbox *outbox)
{
    bool had_playback = stream->playback != NULL;

    net_stream_destroy(stream);
    if (had_playback)
        add_stop(stream, outbox);
}
