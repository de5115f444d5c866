/* The survey of one file: flv/scan finds the tags and what is wrong between
 * them, here it is judged what their order, times and kinds mean for those who
 * will play them. */
#include "config.h"

#include "check/survey.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "amf/amf0.h"
#include "flv/file_time.h"
#include "flv/head.h"
#include "flv/metadata.h"
#include "flv/scan.h"
#include "flv/track.h"

#define REMARK_BYTES 160
/* How many script tags metadata is looked for in. */
#define MAX_SCRIPT_TAGS 64
/* How far the duration in the metadata may be off, and how far apart sound and
 * picture of one time may lie in the file. */
#define MAX_DURATION_ERROR_MS 1000
#define MAX_APART_MS 1000

/* What may be wrong with every tag of a file: told once each. */
enum habit {
    HABIT_ZERO_BACK_POINTER,
    HABIT_BACK_POINTER,
    HABIT_UNKNOWN_TYPE,
    HABIT_ENCRYPTED,
    HABIT_TOO_SHORT,
    HABIT_EMPTY,
    HABIT_INFO_FRAME,
    HABIT_APART,
    HABIT_COUNT
};

struct habit_seen {
    uint64_t count;
    int64_t first_bytes; /* the offset */
    char what[REMARK_BYTES];
};

/* What is known of one type, beside what the result says. */
struct track_state {
    bool has_sequence_header;
    bool is_comparable; /* a frame came since any time jumped */
    int64_t first_frame_bytes;
    uint64_t keyframes;
    uint64_t frames_before_keyframe;
};

struct walk {
    const struct survey_watcher *watcher;
    struct survey *survey;
    int fd;
    int64_t size_bytes; /* when the survey began */
    int64_t first_tag_bytes;
    struct flv_scan scan;
    struct flv_scan_position position;

    unsigned told; /* one by one */
    uint64_t untold;
    int64_t first_untold_bytes;
    struct habit_seen habits[HABIT_COUNT];

    bool has_jump;
    struct file_time last_time; /* of the last tag of audio or video */
    int64_t first_frame_ms;
    struct track_state audio;
    struct track_state video;
    int64_t max_apart_ms;

    unsigned script_tags;
    bool has_metadata;
    int64_t metadata_bytes; /* its offset */
    double claimed_s;       /* the duration there */
};

/* ---- Remarks */

/* `number` is what the remark counts for. */
static void tell(struct walk *walk, enum survey_weight weight, uint64_t number,
                 int64_t offset_bytes, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void tell(struct walk *walk, enum survey_weight weight, uint64_t number,
                 int64_t offset_bytes, const char *format, ...)
{
    char what[REMARK_BYTES + 64];
    va_list arguments;

    if (weight == SURVEY_FAULT)
        walk->survey->faults += number;
    else
        walk->survey->warnings += number;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    walk->watcher->on_remark(walk->watcher->context, weight, offset_bytes,
                             what);
}

/* One of those that may be many, each in a place of its own. */
static void tell_fault(struct walk *walk, int64_t offset_bytes,
                       const char *what)
{
    if (walk->told < MOVIE_MAX_FAULTS) {
        walk->told++;
        tell(walk, SURVEY_FAULT, 1, offset_bytes, "%s", what);
    } else if (walk->untold++ == 0) {
        walk->first_untold_bytes = offset_bytes;
    }
}

static void note_habit(struct walk *walk, enum habit habit,
                       int64_t offset_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void note_habit(struct walk *walk, enum habit habit,
                       int64_t offset_bytes, const char *format, ...)
{
    struct habit_seen *seen = &walk->habits[habit];
    va_list arguments;

    if (seen->count++ > 0)
        return;
    seen->first_bytes = offset_bytes;
    va_start(arguments, format);
    vsnprintf(seen->what, sizeof(seen->what), format, arguments);
    va_end(arguments);
}

static void on_fault(void *context, enum flv_fault fault, int64_t offset_bytes,
                     const char *what)
{
    struct walk *walk = context;

    switch (fault) {
    case FLV_FAULT_ZERO_BACK_POINTER:
        note_habit(walk, HABIT_ZERO_BACK_POINTER, offset_bytes, "%s", what);
        break;
    case FLV_FAULT_BACK_POINTER:
        note_habit(walk, HABIT_BACK_POINTER, offset_bytes, "%s", what);
        break;
    case FLV_FAULT_UNKNOWN_TYPE:
        note_habit(walk, HABIT_UNKNOWN_TYPE, offset_bytes, "%s", what);
        break;
    case FLV_FAULT_CUT_SHORT:
    case FLV_FAULT_DAMAGE:
        tell_fault(walk, offset_bytes, what);
        break;
    }
}

/* ---- Metadata */

/* `data` is that of an onMetaData tag, names and all. */
static void judge_metadata(struct walk *walk, struct byte_reader data)
{
    const int64_t offset_bytes = walk->metadata_bytes;
    struct amf0_value name;

    if (amf0_read(&data, &name) && amf0_string_is(name.string, "@setDataFrame"))
        (void)amf0_skip(&data);
    if (!amf0_skip(&data))
        tell(walk, SURVEY_FAULT, 1, offset_bytes,
             "the metadata is malformed: the rest of it is not used");
    else if (byte_reader_left(&data) > 0)
        tell(walk, SURVEY_WARNING, 1, offset_bytes,
             "%zu bytes behind the metadata are not used",
             byte_reader_left(&data));
}

/* Metadata is what the first onMetaData says, as for those who play. */
static void note_script(struct walk *walk, const struct flv_scan_tag *tag)
{
    const size_t size_bytes = tag->header.size_bytes;
    struct flv_metadata metadata;
    struct byte_reader data;
    uint8_t *bytes;

    if (walk->has_metadata || tag->header.type != FLV_TAG_SCRIPT ||
        tag->header.encrypted || size_bytes > FLV_MAX_METADATA_BYTES ||
        walk->script_tags == MAX_SCRIPT_TAGS)
        return;
    walk->script_tags++;
    bytes = malloc(size_bytes + 1);
    if (bytes == NULL)
        return;
    if (pread(walk->fd, bytes, size_bytes, tag->data_offset_bytes) ==
        (ssize_t)size_bytes) {
        byte_reader_init(&data, bytes, size_bytes);
        if (flv_metadata_read(data, &metadata)) {
            walk->has_metadata = true;
            walk->metadata_bytes =
                tag->data_offset_bytes - FLV_TAG_HEADER_BYTES;
            walk->claimed_s = metadata.duration_s;
            judge_metadata(walk, data);
        }
    }
    free(bytes);
}

/* ---- Tags */

/* The first bytes of a tag's data; none when the disk fails. */
static struct byte_reader first_bytes(struct walk *walk,
                                      const struct flv_scan_tag *tag)
{
    struct byte_reader r, data;
    size_t length = tag->header.size_bytes;

    byte_reader_init(&data, NULL, 0);
    if (length > FLV_CLASSIFY_BYTES)
        length = FLV_CLASSIFY_BYTES;
    if (flv_scan_read(&walk->scan, tag->data_offset_bytes, length, &r))
        byte_read_sub(&r, length, &data);
    return data;
}

/* Whether a tag holds its own header and nothing behind it. Of Enhanced RTMP
 * what is short is not told from what is empty. */
static bool is_empty(const struct flv_tag_header *header, uint8_t first)
{
    const uint32_t own_bytes = flv_tag_own_bytes(header->type, first);

    return header->size_bytes == 0 ||
           (own_bytes > 0 && header->size_bytes == own_bytes);
}

/* Why players do not get a tag. */
static void note_unusable(struct walk *walk, const struct flv_scan_tag *tag)
{
    const struct flv_tag_header *header = &tag->header;
    const int64_t offset_bytes = tag->data_offset_bytes - FLV_TAG_HEADER_BYTES;
    const char *type = header->type == FLV_TAG_AUDIO ? "audio" : "video";
    struct byte_reader data = first_bytes(walk, tag);
    const uint8_t first = byte_read_u8(&data);

    if (!flv_tag_type_exists(header->type))
        return; /* told by the scan */
    if (header->encrypted)
        note_habit(walk, HABIT_ENCRYPTED, offset_bytes,
                   "%s tag is encrypted and left out", type);
    else if (is_empty(header, first))
        note_habit(walk, HABIT_EMPTY, offset_bytes,
                   "%s tag is empty and left out", type);
    else if (header->type == FLV_TAG_VIDEO &&
             (first >> 4 & 7) == FLV_FRAME_INFO)
        note_habit(walk, HABIT_INFO_FRAME, offset_bytes,
                   "information frame is left out");
    else
        note_habit(walk, HABIT_TOO_SHORT, offset_bytes,
                   "%s tag of %" PRIu32 " bytes is left out: it is too short, "
                   "or of a kind that nobody knows",
                   type, header->size_bytes);
}

/* Tells how far frames that belong together lie apart in the file: players
 * need as large a buffer. Times before and behind a jump are not compared. */
static void note_apart(struct walk *walk, const struct track_state *other_state,
                       const struct survey_track *other, int64_t time_ms,
                       int64_t offset_bytes)
{
    const int64_t apart_ms = other->times.last_ms - time_ms;

    if (!other_state->is_comparable || apart_ms <= MAX_APART_MS)
        return;
    note_habit(walk, HABIT_APART, offset_bytes, "%s", "");
    if (apart_ms > walk->max_apart_ms)
        walk->max_apart_ms = apart_ms;
}

static void note_first_frame(struct walk *walk, struct track_state *state,
                             struct survey_track *track,
                             const struct flv_scan_tag *tag)
{
    state->first_frame_bytes = tag->data_offset_bytes - FLV_TAG_HEADER_BYTES;
    track->codec = codec_of_tag(tag->header.type, &tag->class);
    if (track->codec.needs_sequence_header && !state->has_sequence_header)
        tell(walk, SURVEY_FAULT, 1, state->first_frame_bytes,
             "%s begins without a sequence header: most players cannot "
             "decode it",
             track->codec.name);
}

static void note_frame(struct walk *walk, const struct flv_scan_tag *tag,
                       int64_t time_ms)
{
    const bool is_audio = tag->header.type == FLV_TAG_AUDIO;
    struct track_state *state = is_audio ? &walk->audio : &walk->video;
    struct survey_track *track =
        is_audio ? &walk->survey->audio : &walk->survey->video;
    const int64_t offset_bytes = tag->data_offset_bytes - FLV_TAG_HEADER_BYTES;
    char jump[MOVIE_JUMP_BYTES];

    if (track->times.frames == 0)
        note_first_frame(walk, state, track, tag);
    if (tag->class.kind == FLV_KIND_KEYFRAME)
        state->keyframes++;
    else if (state->keyframes == 0)
        state->frames_before_keyframe++;
    if (movie_track_add(&track->times, time_ms, jump)) {
        tell_fault(walk, offset_bytes, jump);
        walk->has_jump = true;
        walk->audio.is_comparable = false;
        walk->video.is_comparable = false;
    }
    state->is_comparable = true;
    note_apart(walk, is_audio ? &walk->video : &walk->audio,
               is_audio ? &walk->survey->video : &walk->survey->audio, time_ms,
               offset_bytes);
}

static void note_tag(struct walk *walk, const struct flv_scan_tag *tag)
{
    const enum flv_tag_kind kind = tag->class.kind;

    walk->survey->tags++;
    if (kind == FLV_KIND_SCRIPT)
        note_script(walk, tag);
    if (kind == FLV_KIND_UNUSABLE)
        note_unusable(walk, tag);
    if (kind == FLV_KIND_SCRIPT || kind == FLV_KIND_UNUSABLE)
        return;
    (void)file_time_next(&walk->last_time, tag->header.timestamp_ms);
    if (kind == FLV_KIND_SEQUENCE_HEADER) {
        if (tag->header.type == FLV_TAG_AUDIO)
            walk->audio.has_sequence_header = true;
        else
            walk->video.has_sequence_header = true;
    } else if (flv_tag_kind_is_frame(kind)) {
        note_frame(walk, tag, walk->last_time.ms);
    }
}

/* ---- At the end */

static int64_t end_ms(const struct survey_track *track)
{
    return track->times.last_ms + track->times.last_step_ms;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Where the first frame is; INT64_MAX when there is none. */
static int64_t first_frame_bytes(const struct walk *walk)
{
    int64_t bytes = INT64_MAX;

    if (walk->survey->audio.times.frames > 0)
        bytes = walk->audio.first_frame_bytes;
    if (walk->survey->video.times.frames > 0)
        bytes = earlier(bytes, walk->video.first_frame_bytes);
    return bytes;
}

static void find_duration(struct walk *walk)
{
    struct survey *survey = walk->survey;
    const struct survey_track *audio = &survey->audio;
    const struct survey_track *video = &survey->video;
    int64_t last_ms;

    if (audio->times.frames == 0 && video->times.frames == 0)
        return;
    if (audio->times.frames == 0)
        audio = video;
    if (video->times.frames == 0)
        video = audio;
    walk->first_frame_ms =
        earlier(audio->times.first_ms, video->times.first_ms);
    last_ms = -earlier(-end_ms(audio), -end_ms(video));
    if (last_ms > walk->first_frame_ms)
        survey->duration_ms = last_ms - walk->first_frame_ms;
}

static bool is_about(double a_ms, int64_t b_ms)
{
    return a_ms >= (double)(b_ms - MAX_DURATION_ERROR_MS) &&
           a_ms <= (double)(b_ms + MAX_DURATION_ERROR_MS);
}

/* Writers count from the first frame, or from time 0. */
static void judge_duration(struct walk *walk)
{
    const int64_t duration_ms = walk->survey->duration_ms;
    const double claimed_ms = walk->claimed_s * 1000;

    if (!walk->has_metadata) {
        tell(walk, SURVEY_WARNING, 1, walk->first_tag_bytes,
             "there is no metadata (onMetaData)");
        return;
    }
    if (claimed_ms <= 0 || walk->has_jump || duration_ms == 0 ||
        is_about(claimed_ms, duration_ms) ||
        is_about(claimed_ms, walk->first_frame_ms + duration_ms))
        return;
    tell(walk, SURVEY_WARNING, 1, walk->metadata_bytes,
         "the metadata says that it lasts %.3f s, but it lasts %.3f s",
         walk->claimed_s, (double)duration_ms / 1000);
}

static void judge_frames(struct walk *walk)
{
    const int64_t frame_bytes = first_frame_bytes(walk);
    const struct track_state *video = &walk->video;

    if (frame_bytes == INT64_MAX) {
        tell(walk, SURVEY_FAULT, 1, walk->first_tag_bytes,
             "has no playable tag");
        return;
    }
    if (frame_bytes - walk->first_tag_bytes >= FLV_MAX_HEAD_BYTES)
        tell(walk, SURVEY_FAULT, 1, walk->first_tag_bytes,
             "has no playable tag in its first 64 MiB");
    if (walk->survey->video.times.frames == 0)
        return;
    if (video->keyframes == 0)
        tell(walk, SURVEY_FAULT, 1, video->first_frame_bytes,
             "the video has no keyframe");
    else if (video->frames_before_keyframe > 0)
        tell(walk, SURVEY_WARNING, 1, video->first_frame_bytes,
             "%" PRIu64 " video frames before the first keyframe are "
             "left out",
             video->frames_before_keyframe);
}

static void tell_habits(struct walk *walk)
{
    static const enum survey_weight weights[HABIT_COUNT] = {
        [HABIT_ZERO_BACK_POINTER] = SURVEY_WARNING,
        [HABIT_BACK_POINTER] = SURVEY_FAULT,
        [HABIT_UNKNOWN_TYPE] = SURVEY_FAULT,
        [HABIT_ENCRYPTED] = SURVEY_FAULT,
        [HABIT_TOO_SHORT] = SURVEY_FAULT,
        [HABIT_EMPTY] = SURVEY_WARNING,
        [HABIT_INFO_FRAME] = SURVEY_WARNING,
        [HABIT_APART] = SURVEY_WARNING,
    };

    if (walk->habits[HABIT_APART].count > 0)
        snprintf(walk->habits[HABIT_APART].what, REMARK_BYTES,
                 "audio and video of the same time lie apart here, by up to "
                 "%.3f s",
                 (double)walk->max_apart_ms / 1000);
    for (int i = 0; i < HABIT_COUNT; i++) {
        const struct habit_seen *seen = &walk->habits[i];

        if (seen->count == 1)
            tell(walk, weights[i], 1, seen->first_bytes, "%s", seen->what);
        else if (seen->count > 1)
            tell(walk, weights[i], seen->count, seen->first_bytes,
                 "%s; %" PRIu64 " more like this", seen->what, seen->count - 1);
    }
}

static void conclude(struct walk *walk)
{
    if (walk->untold > 0)
        tell(walk, SURVEY_FAULT, walk->untold, walk->first_untold_bytes,
             "%" PRIu64 " more faults from here on", walk->untold);
    find_duration(walk);
    judge_frames(walk);
    judge_duration(walk);
    tell_habits(walk);
}

/* ---- The walk */

/* The end of the last tag needs no proof, so the scan does not miss it. */
static void judge_last_back_pointer(struct walk *walk)
{
    struct stat st;

    if (walk->survey->tags > 0 && fstat(walk->fd, &st) == 0 &&
        st.st_size < walk->position.offset_bytes)
        tell(walk, SURVEY_WARNING, 1, st.st_size,
             "the PreviousTagSize behind the last tag is missing");
}

static bool tell_progress(const struct walk *walk)
{
    const int64_t searched_bytes = walk->position.search_bytes;
    int64_t done_bytes = walk->position.offset_bytes;

    if (searched_bytes > done_bytes)
        done_bytes = searched_bytes;
    return walk->watcher->on_progress(walk->watcher->context, done_bytes,
                                      walk->size_bytes);
}

static void walk_tags(struct walk *walk)
{
    do {
        struct flv_scan_tag tag;
        char what[REMARK_BYTES];

        switch (flv_scan_next(&walk->scan, &walk->position, &tag)) {
        case FLV_SCAN_TAG:
            note_tag(walk, &tag);
            break;
        case FLV_SCAN_MORE:
            break;
        case FLV_SCAN_END:
            judge_last_back_pointer(walk);
            return;
        case FLV_SCAN_FAILED:
            snprintf(what, sizeof(what), "cannot be read: %s",
                     errno == ESTALE ? "the file was cut meanwhile"
                                     : strerror(errno));
            tell_fault(walk, walk->position.offset_bytes, what);
            return;
        }
    } while (tell_progress(walk));
}

bool survey_file(int fd, const struct survey_watcher *watcher,
                 struct survey *survey, struct movie_error *error)
{
    struct walk walk = {.watcher = watcher, .survey = survey, .fd = fd};
    struct stat st;

    memset(survey, 0, sizeof(*survey));
    *error = (struct movie_error){.offset_bytes = -1};
    flv_scan_init(&walk.scan, fd, on_fault, &walk);
    if (!flv_head_check_file(fd, &st, error) ||
        !flv_head_read(&walk.scan, st.st_size, &walk.first_tag_bytes, error))
        return false;
    walk.size_bytes = st.st_size;
    flv_scan_position_init(&walk.position, walk.first_tag_bytes);
    walk_tags(&walk);
    conclude(&walk);
    return true;
}
