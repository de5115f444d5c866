/* The duration of a file from its tail (reference: section 6, "tail scan").
 *
 * First from the end backwards, over back pointers that each agree with the
 * size in the header that they lead to. Where one does not, because the last
 * tag is cut short or the writer put zeros there, forwards from some way
 * before the end. The last tags may be of one type only, or end a sequence at
 * the time of the last frame, so the last two different times of each type
 * are wanted.
 *
 * Never looks at what the metadata claims. */
#include "config.h"

#include "flv/duration.h"

/* How far the walk over back pointers goes. */
#define MAX_TAIL_TAGS 256
/* A frame that seems longer than this is a jump, not a frame. */
#define MAX_FRAME_MS 10000

/* How far before the end the forward scan begins, one after the other. */
static const int64_t scan_spans_bytes[] = {1 << 20, 16 << 20};

/* The last two different times of the frames of one type. */
struct track_end {
    int known; /* of the two */
    int64_t last_ms;
    int64_t before_ms;
};

struct tail {
    struct track_end audio;
    struct track_end video;
};

static struct track_end *end_of_type(struct tail *tail, uint8_t type)
{
    return type == FLV_TAG_AUDIO ? &tail->audio : &tail->video;
}

static void add_earlier(struct track_end *end, int64_t time_ms)
{
    if (end->known == 0) {
        end->last_ms = time_ms;
        end->known = 1;
    } else if (end->known == 1 && time_ms != end->last_ms) {
        end->before_ms = time_ms;
        end->known = 2;
    }
}

static void add_later(struct track_end *end, int64_t time_ms)
{
    if (end->known > 0 && time_ms == end->last_ms)
        return;
    end->before_ms = end->last_ms;
    end->last_ms = time_ms;
    if (end->known < 2)
        end->known++;
}

/* A tag's time, counted from the first frame. */
static int64_t time_since_start(const struct flv_duration_start *start,
                                uint32_t timestamp_ms)
{
    return (int32_t)(timestamp_ms - (uint32_t)start->first_frame_ms);
}

static bool is_complete(const struct tail *tail,
                        const struct flv_duration_start *start)
{
    return (tail->audio.known == 2 ||
            (tail->audio.known == 0 && !start->has_audio)) &&
           (tail->video.known == 2 ||
            (tail->video.known == 0 && !start->has_video));
}

static bool says_anything(const struct tail *tail)
{
    return tail->audio.known == 2 || tail->video.known == 2;
}

static int64_t end_ms(const struct track_end *end)
{
    const int64_t step_ms = end->last_ms - end->before_ms;

    if (end->known == 0)
        return 0;
    if (end->known == 2 && step_ms > 0 && step_ms <= MAX_FRAME_MS)
        return end->last_ms + step_ms;
    return end->last_ms;
}

static int64_t duration_ms(const struct tail *tail)
{
    const int64_t audio_ms = end_ms(&tail->audio);
    const int64_t video_ms = end_ms(&tail->video);
    const int64_t longest_ms = audio_ms > video_ms ? audio_ms : video_ms;

    return longest_ms > 0 ? longest_ms : 0;
}

/* Steps over the tag that ends at `*end_bytes`, to where it begins. False when
 * its back pointer and its header do not agree. */
static bool step_back(struct flv_scan *scan,
                      const struct flv_duration_start *start,
                      int64_t *end_bytes, struct flv_tag_header *header,
                      enum flv_tag_kind *kind)
{
    const int64_t room_bytes =
        *end_bytes - start->first_tag_bytes - FLV_BACK_POINTER_BYTES;
    struct byte_reader r, data;
    uint32_t tag_bytes;
    size_t seen_bytes;

    if (room_bytes < FLV_TAG_HEADER_BYTES ||
        !flv_scan_read(scan, *end_bytes - FLV_BACK_POINTER_BYTES,
                       FLV_BACK_POINTER_BYTES, &r))
        return false;
    tag_bytes = byte_read_u32(&r);
    if (r.failed || tag_bytes < FLV_TAG_HEADER_BYTES || tag_bytes > room_bytes)
        return false;
    *end_bytes -= (int64_t)tag_bytes + FLV_BACK_POINTER_BYTES;
    if (!flv_scan_read(scan, *end_bytes,
                       FLV_TAG_HEADER_BYTES + FLV_CLASSIFY_BYTES, &r) ||
        !flv_tag_header_read(&r, header) ||
        !flv_tag_header_is_plausible(header) ||
        header->size_bytes + FLV_TAG_HEADER_BYTES != tag_bytes)
        return false;
    seen_bytes = byte_reader_left(&r);
    if (seen_bytes > header->size_bytes)
        seen_bytes = header->size_bytes;
    byte_read_sub(&r, seen_bytes, &data);
    *kind = flv_tag_classify(header, data).kind;
    return true;
}

/* False when the chain of back pointers breaks before it told enough. */
static bool walk_back(struct flv_scan *scan, int64_t size_bytes,
                      const struct flv_duration_start *start, struct tail *tail)
{
    int64_t end_bytes = size_bytes;

    for (int i = 0; i < MAX_TAIL_TAGS; i++) {
        struct flv_tag_header header;
        enum flv_tag_kind kind;
        int64_t time_ms;

        if (is_complete(tail, start) || end_bytes == start->first_tag_bytes)
            return true;
        if (!step_back(scan, start, &end_bytes, &header, &kind))
            return false;
        if (!flv_tag_kind_is_frame(kind))
            continue;
        time_ms = time_since_start(start, header.timestamp_ms);
        if (time_ms < 0)
            return false;
        add_earlier(end_of_type(tail, header.type), time_ms);
    }
    return says_anything(tail);
}

static bool scan_forward(struct flv_scan *scan, int64_t from_bytes,
                         const struct flv_duration_start *start,
                         struct tail *tail)
{
    struct flv_scan_position position;
    struct flv_scan_tag tag;
    enum flv_scan_result result;

    flv_scan_position_init(&position, from_bytes);
    while ((result = flv_scan_next(scan, &position, &tag)) == FLV_SCAN_TAG ||
           result == FLV_SCAN_MORE) {
        int64_t time_ms;

        if (result == FLV_SCAN_MORE || !flv_tag_kind_is_frame(tag.class.kind))
            continue;
        time_ms = time_since_start(start, tag.header.timestamp_ms);
        if (time_ms < 0)
            return false;
        add_later(end_of_type(tail, tag.header.type), time_ms);
    }
    return result == FLV_SCAN_END;
}

int64_t flv_duration_read(struct flv_scan *scan, int64_t size_bytes,
                          const struct flv_duration_start *start)
{
    const size_t spans = sizeof(scan_spans_bytes) / sizeof(scan_spans_bytes[0]);
    const int64_t tags_bytes = size_bytes - start->first_tag_bytes;
    struct tail tail = {0};

    if (walk_back(scan, size_bytes, start, &tail) && duration_ms(&tail) > 0)
        return duration_ms(&tail);
    for (size_t i = 0; i < spans; i++) {
        const bool is_all = scan_spans_bytes[i] >= tags_bytes;
        const int64_t from_bytes =
            is_all ? start->first_tag_bytes : size_bytes - scan_spans_bytes[i];

        tail = (struct tail){0};
        if (!scan_forward(scan, from_bytes, start, &tail))
            return 0;
        if (is_all || is_complete(&tail, start))
            return duration_ms(&tail);
    }
    return says_anything(&tail) ? duration_ms(&tail) : 0;
}
