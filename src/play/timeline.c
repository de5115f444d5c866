/* From the tags of a file to the tags of all rounds: constants and seams. */
#include "config.h"

#include "play/timeline.h"

#include <string.h>

static void begin_round(struct timeline *timeline)
{
    timeline->round_frames = 0;
    timeline->wait_for_keyframe =
        timeline->options.video && movie_has_keyframe(timeline->cursor.movie);
}

void timeline_init(struct timeline *timeline, struct movie *movie,
                   const struct timeline_options *options)
{
    memset(timeline, 0, sizeof(*timeline));
    movie_cursor_init(&timeline->cursor, movie);
    timeline->options = *options;
    begin_round(timeline);
}

void timeline_destroy(struct timeline *timeline)
{
    movie_cursor_destroy(&timeline->cursor);
}

void timeline_copy(struct timeline *to, const struct timeline *from)
{
    struct movie_cursor cursor = to->cursor;

    movie_cursor_copy(&cursor, &from->cursor);
    *to = *from;
    to->cursor = cursor;
}

static bool is_type_wanted(const struct timeline *timeline, uint8_t type)
{
    return type == FLV_TAG_AUDIO ? timeline->options.audio
                                 : timeline->options.video;
}

static bool is_wanted(struct timeline *timeline, const struct movie_tag *tag)
{
    if (!is_type_wanted(timeline, tag->type))
        return false;
    if (tag->type == FLV_TAG_AUDIO)
        return true;
    if (movie_is_keyframe(timeline->cursor.movie, tag))
        timeline->wait_for_keyframe = false;
    return !timeline->wait_for_keyframe || flv_tag_kind_is_header(tag->kind);
}

/* --- the seam ----------------------------------------------------------- */

/* End of the last frame of a track, in units of 1/1000 ms: its last time and
 * the length of a frame, which is the average one (exact where frames are
 * regular, whatever the rounding to milliseconds) unless a jump spoiled the
 * average: then the last step. */
static int64_t track_end_us(const struct movie_track *track)
{
    int64_t frame_us = 0;

    if (track->frames > 1) {
        int64_t average_us = (track->last_ms - track->first_ms) * 1000 /
                             (int64_t)(track->frames - 1);
        int64_t last_us = (track->last_step_ms + 1) * 1000;

        frame_us = average_us < last_us ? average_us : last_us;
        if (frame_us < 0)
            frame_us = 0;
    }
    return track->last_ms * 1000 + frame_us;
}

/* When the round ends: one frame after the last frame, on whichever track ends
 * later. */
static int64_t round_end_ms(const struct timeline *timeline)
{
    static const uint8_t types[] = {FLV_TAG_AUDIO, FLV_TAG_VIDEO};
    int64_t end_ms = timeline->furthest_ms + 1;

    if (timeline->furthest_ms == timeline->round_start_ms)
        return timeline->round_start_ms + TIMELINE_STILL_MS;
    for (size_t i = 0; i < 2; i++) {
        struct movie_track track;
        int64_t track_end_ms;

        movie_track(timeline->cursor.movie, (enum flv_tag_type)types[i],
                    &track);
        if (track.frames == 0 || !is_type_wanted(timeline, types[i]))
            continue;
        track_end_ms =
            (track_end_us(&track) + 500) / 1000 + timeline->constant_ms;
        if (track_end_ms > end_ms)
            end_ms = track_end_ms;
    }
    return end_ms;
}

static void move_to_round(struct timeline *timeline, uint32_t round,
                          int64_t start_ms)
{
    timeline->round = round;
    timeline->round_start_ms = start_ms;
    timeline->constant_ms = start_ms - timeline->first_ms;
    timeline->furthest_ms = start_ms;
    movie_cursor_rewind(&timeline->cursor);
    begin_round(timeline);
}

static bool begin_next_round(struct timeline *timeline)
{
    uint32_t rounds = timeline->options.rounds;
    int64_t end_ms;

    /* A round without a frame would be followed by ever more of them. */
    if (timeline->round_frames == 0)
        return false;
    end_ms = round_end_ms(timeline);
    timeline->round_length_ms = end_ms - timeline->round_start_ms;
    if (rounds != 0 && timeline->round + 1 >= rounds)
        return false;
    move_to_round(timeline, timeline->round + 1, end_ms);
    return true;
}

/* --- reading ------------------------------------------------------------ */

/* A file whose times jump back to before the round's first frame (two
 * recordings in one) goes on from where it was: there is no timestamp for such
 * a time. */
static void keep_within_round(struct timeline *timeline, int64_t file_ms)
{
    int64_t ms = file_ms + timeline->constant_ms;

    if (ms < timeline->round_start_ms - TIMELINE_MAX_LAG_MS) {
        ms = timeline->furthest_ms + 1;
        timeline->constant_ms = ms - file_ms;
    }
    if (ms > timeline->furthest_ms)
        timeline->furthest_ms = ms;
}

/* The first frame of the file has time 0. Sequence headers before it, and ends
 * of sequences, do not count: in many files they stand at 0 and the frames
 * hours later. */
static void note_frame(struct timeline *timeline, int64_t file_ms)
{
    timeline->round_frames++;
    if (!timeline->has_started) {
        timeline->has_started = true;
        timeline->first_ms = file_ms;
        timeline->constant_ms = -file_ms;
    }
    keep_within_round(timeline, file_ms);
}

static enum movie_result next_wanted(struct timeline *timeline,
                                     struct movie_tag *tag)
{
    for (int i = 0; i < TIMELINE_STEP_TAGS; i++) {
        enum movie_result result = movie_cursor_next(&timeline->cursor, tag);

        if (result == MOVIE_END && begin_next_round(timeline))
            result = movie_cursor_next(&timeline->cursor, tag);
        if (result != MOVIE_TAG || is_wanted(timeline, tag))
            return result;
    }
    return MOVIE_MORE;
}

enum movie_result timeline_next(struct timeline *timeline,
                                struct timeline_item *item)
{
    enum movie_result result = next_wanted(timeline, &item->tag);

    if (result != MOVIE_TAG)
        return result;
    if (flv_tag_kind_is_frame(item->tag.kind))
        note_frame(timeline, item->tag.time_ms);
    /* What lies before the first frame of its round (sequence headers, a track
     * that lags behind in the interleaving) is told as the time of that
     * frame. */
    item->time_ms = item->tag.time_ms + timeline->constant_ms;
    if (item->time_ms < timeline->round_start_ms || !timeline->has_started)
        item->time_ms = timeline->round_start_ms;
    return MOVIE_TAG;
}

void timeline_put_back(struct timeline *timeline)
{
    movie_cursor_step_back(&timeline->cursor);
}

uint32_t timeline_round_at(const struct timeline *timeline, int64_t time_ms)
{
    uint32_t last = timeline->options.rounds - 1; /* for ever: the largest */
    int64_t round;

    if (timeline->round_length_ms <= 0)
        return 0;
    round = time_ms / timeline->round_length_ms;
    return round < (int64_t)last ? (uint32_t)round : last;
}

void timeline_move_to(struct timeline *timeline, int64_t time_ms)
{
    uint32_t round = timeline_round_at(timeline, time_ms);

    move_to_round(timeline, round, round * timeline->round_length_ms);
}
