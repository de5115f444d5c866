/* Finds the tags of an FLV file in order (Adobe E.3, E.4), and its way over
 * damage.
 *
 * Looks at headers, the first bytes of payload and back pointers; at payload
 * itself only to find the end of damage. A header alone proves nothing, for a
 * lying size leads into the middle of another tag: so the end of a tag is
 * judged before the tag is given out (struct place). The judgement depends on
 * the file and the position alone, so that a part that is scanned twice gives
 * the same tags twice.
 *
 * Repairs nothing: a tag whose size is wrong is left out, even where its true
 * size could be told. */
#include "config.h"

#include "flv/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A back pointer, the header behind it and what classifies that tag. */
#define SEAM_BYTES                                                             \
    (FLV_BACK_POINTER_BYTES + FLV_TAG_HEADER_BYTES + FLV_CLASSIFY_BYTES)

/* Small payload is read along with the headers: fewer and larger reads. Over
 * payload from this size on the scan jumps; behind a jump, or back, it reads
 * what perhaps holds another small tag or two, since files are interleaved. */
#define JUMP_BYTES 4096
#define JUMP_READ_BYTES 1024

enum verdict {
    VERDICT_SOUND,    /* the end of the tag is proved by its back pointer, or
                         is that of the file */
    VERDICT_FOLLOWED, /* the back pointer is wrong, yet a header follows */
    VERDICT_DOUBTFUL, /* neither, or no header at all */
    VERDICT_CUT       /* the file ends before the tag does */
};

/* A tag, or what stands where one should be. */
struct place {
    int64_t offset_bytes; /* of the header */
    int64_t end_bytes;    /* of the data; meaningless for VERDICT_CUT */
    struct flv_tag_header header;
    struct flv_tag_class class;
    bool plausible;        /* the header */
    bool has_back_pointer; /* one in the file, the tag's end being there */
    uint32_t back_pointer;
    enum verdict verdict;
};

void flv_scan_init(struct flv_scan *scan, int fd, flv_fault_fn *on_fault,
                   void *context)
{
    memset(scan, 0, sizeof(*scan));
    scan->fd = fd;
    scan->on_fault = on_fault;
    scan->context = context;
}

void flv_scan_position_init(struct flv_scan_position *position,
                            int64_t offset_bytes)
{
    memset(position, 0, sizeof(*position));
    position->offset_bytes = offset_bytes;
}

static bool file_size(int fd, int64_t *size_bytes)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    *size_bytes = st.st_size;
    return true;
}

static size_t read_length(const struct flv_scan *scan, int64_t offset_bytes,
                          size_t want_bytes)
{
    const int64_t jump_bytes = offset_bytes - scan->buffer_offset_bytes -
                               (int64_t)scan->buffer_length_bytes;
    size_t length = sizeof(scan->buffer);

    if (jump_bytes >= JUMP_BYTES || jump_bytes < -SEAM_BYTES)
        length = want_bytes > JUMP_READ_BYTES ? want_bytes : JUMP_READ_BYTES;
    /* The kernel refuses to read over the largest offset. */
    if (INT64_MAX - offset_bytes < (int64_t)length)
        length = (size_t)(INT64_MAX - offset_bytes);
    return length;
}

static bool fill_buffer(struct flv_scan *scan, int64_t offset_bytes,
                        size_t want_bytes)
{
    const size_t length = read_length(scan, offset_bytes, want_bytes);
    size_t done = 0;
    ssize_t n;

    if (scan->reads_nothing)
        return false;
    /* One read, unless it brings less than is wanted: that alone does not say
     * that the file ends there. */
    do {
        n = pread(scan->fd, scan->buffer + done, length - done,
                  offset_bytes + (int64_t)done);
        if (n > 0)
            done += (size_t)n;
    } while ((n > 0 && done < want_bytes) || (n < 0 && errno == EINTR));
    scan->buffer_offset_bytes = offset_bytes;
    scan->buffer_length_bytes = n < 0 ? 0 : done;
    return n >= 0;
}

static bool buffer_holds(const struct flv_scan *scan, int64_t offset_bytes,
                         size_t want_bytes)
{
    return offset_bytes >= scan->buffer_offset_bytes &&
           want_bytes <= scan->buffer_length_bytes &&
           offset_bytes - scan->buffer_offset_bytes <=
               (int64_t)(scan->buffer_length_bytes - want_bytes);
}

bool flv_scan_read(struct flv_scan *scan, int64_t offset_bytes,
                   size_t want_bytes, struct byte_reader *r)
{
    if (!buffer_holds(scan, offset_bytes, want_bytes) &&
        !fill_buffer(scan, offset_bytes, want_bytes))
        return false;
    byte_reader_init(r, scan->buffer, scan->buffer_length_bytes);
    (void)byte_read_bytes(r,
                          (size_t)(offset_bytes - scan->buffer_offset_bytes));
    return true;
}

static void tell(const struct flv_scan *scan, enum flv_fault fault,
                 int64_t offset_bytes, const char *what)
{
    if (scan->on_fault != NULL)
        scan->on_fault(scan->context, fault, offset_bytes, what);
}

/* Tells of the damage at the position, unless that was done. */
static void tell_damage(const struct flv_scan *scan,
                        struct flv_scan_position *position, const char *what)
{
    if (!position->fault_told)
        tell(scan, FLV_FAULT_DAMAGE, position->offset_bytes, what);
    position->fault_told = true;
}

/* What classifies a tag lies behind its header: at most the tag's data. */
static struct flv_tag_class classify(const struct flv_tag_header *header,
                                     struct byte_reader *r)
{
    size_t seen_bytes = byte_reader_left(r);
    struct byte_reader data;

    if (seen_bytes > header->size_bytes)
        seen_bytes = header->size_bytes;
    byte_read_sub(r, seen_bytes, &data);
    return flv_tag_classify(header, data);
}

static bool begins_file_header(struct byte_reader r)
{
    const uint32_t signature = byte_read_u24(&r);
    const uint8_t version = byte_read_u8(&r);

    return !r.failed && signature == FLV_SIGNATURE &&
           version <= FLV_MAX_VERSION;
}

bool flv_scan_header(struct flv_scan *scan, int64_t offset_bytes,
                     struct flv_tag_header *header)
{
    struct byte_reader r;

    return flv_scan_read(scan, offset_bytes, FLV_TAG_HEADER_BYTES, &r) &&
           flv_tag_header_read(&r, header) &&
           flv_tag_header_is_plausible(header);
}

/* Whether the back pointer behind a tag belongs to another one, which lies
 * within what the first takes for its data (and so within the same read, where
 * both ends of the first do): then the first one's size lies
 * and only happens to end where a tag ends. */
static bool encloses_tag(struct flv_scan *scan, const struct place *place)
{
    struct flv_tag_header inner;

    return place->back_pointer >= FLV_TAG_HEADER_BYTES &&
           place->back_pointer < place->header.size_bytes &&
           flv_scan_header(scan, place->end_bytes - place->back_pointer,
                           &inner) &&
           inner.size_bytes + FLV_TAG_HEADER_BYTES == place->back_pointer;
}

/* `r` reads the seam behind the tag, `room_bytes` are left in the file. */
static enum verdict judge_end(struct flv_scan *scan, struct place *place,
                              struct byte_reader *r, int64_t room_bytes)
{
    struct flv_tag_header next;
    struct byte_reader next_bytes;

    if (room_bytes < FLV_BACK_POINTER_BYTES)
        return place->plausible ? VERDICT_SOUND : VERDICT_DOUBTFUL;
    place->back_pointer = byte_read_u32(r);
    if (r->failed)
        return VERDICT_DOUBTFUL; /* the file ends before its size says */
    place->has_back_pointer = true;
    if (place->back_pointer == place->header.size_bytes + FLV_TAG_HEADER_BYTES)
        return VERDICT_SOUND;
    if (!place->plausible)
        return VERDICT_DOUBTFUL;
    next_bytes = *r;
    if (flv_tag_header_read(r, &next) && !flv_tag_header_is_plausible(&next) &&
        !begins_file_header(next_bytes))
        return VERDICT_DOUBTFUL;
    return encloses_tag(scan, place) ? VERDICT_DOUBTFUL : VERDICT_FOLLOWED;
}

/* Judges what stands at `offset_bytes`, at least a header's length before the
 * end of the file at `size_bytes`. */
static bool judge(struct flv_scan *scan, int64_t offset_bytes,
                  int64_t size_bytes, struct place *place)
{
    const int64_t behind_header = offset_bytes + FLV_TAG_HEADER_BYTES;
    struct byte_reader r;

    memset(place, 0, sizeof(*place));
    place->offset_bytes = offset_bytes;
    place->verdict = VERDICT_DOUBTFUL;
    if (!flv_scan_read(scan, offset_bytes,
                       FLV_TAG_HEADER_BYTES + FLV_CLASSIFY_BYTES, &r))
        return false;
    if (!flv_tag_header_read(&r, &place->header))
        return true; /* cut short since its size was taken */
    place->plausible = flv_tag_header_is_plausible(&place->header);
    place->class = classify(&place->header, &r);
    if (place->header.size_bytes > size_bytes - behind_header) {
        place->verdict = place->plausible ? VERDICT_CUT : VERDICT_DOUBTFUL;
        return true;
    }
    place->end_bytes = behind_header + place->header.size_bytes;
    if (!flv_scan_read(scan, place->end_bytes, SEAM_BYTES, &r))
        return false;
    place->verdict = judge_end(scan, place, &r, size_bytes - place->end_bytes);
    return true;
}

static void tell_back_pointer(const struct flv_scan *scan,
                              const struct place *place)
{
    char what[96];

    snprintf(what, sizeof(what),
             "PreviousTagSize is %" PRIu32 " instead of %" PRIu32,
             place->back_pointer,
             place->header.size_bytes + FLV_TAG_HEADER_BYTES);
    tell(scan,
         place->back_pointer == 0 ? FLV_FAULT_ZERO_BACK_POINTER
                                  : FLV_FAULT_BACK_POINTER,
         place->end_bytes, what);
}

static void tell_cut_short(const struct flv_scan *scan,
                           const struct place *place)
{
    char what[96];

    snprintf(what, sizeof(what),
             "tag of %" PRIu32 " bytes is cut short by the end of the file",
             place->header.size_bytes);
    tell(scan, FLV_FAULT_CUT_SHORT, place->offset_bytes, what);
}

/* Gives the tag at the position out; the next one is expected at
 * `next_bytes`. */
static enum flv_scan_result accept_tag(const struct flv_scan *scan,
                                       struct flv_scan_position *position,
                                       const struct place *place,
                                       int64_t next_bytes,
                                       struct flv_scan_tag *tag)
{
    const bool wrong =
        place->has_back_pointer &&
        place->back_pointer != place->header.size_bytes + FLV_TAG_HEADER_BYTES;

    if (wrong)
        tell_back_pointer(scan, place);
    if (!flv_tag_type_exists(place->header.type))
        tell(scan, FLV_FAULT_UNKNOWN_TYPE, place->offset_bytes,
             "tag of an unknown type");
    flv_scan_position_init(position, next_bytes);
    position->back_pointers_wrong = wrong;
    tag->header = place->header;
    tag->class = place->class;
    tag->data_offset_bytes = place->offset_bytes + FLV_TAG_HEADER_BYTES;
    return FLV_SCAN_TAG;
}

static int64_t behind_back_pointer(const struct place *place)
{
    return place->end_bytes > INT64_MAX - FLV_BACK_POINTER_BYTES
               ? INT64_MAX
               : place->end_bytes + FLV_BACK_POINTER_BYTES;
}

/* The first byte rules out nearly all places: this is what a long search
 * spends its time with. */
static inline bool may_begin_tag(uint8_t first)
{
    switch (first & ~FLV_TAG_FILTER) {
    case FLV_TAG_AUDIO:
    case FLV_TAG_VIDEO:
    case FLV_TAG_SCRIPT_AMF3:
    case FLV_TAG_SCRIPT:
        return true;
    default:
        return false;
    }
}

/* Moves from `*offset_bytes`, which `r` reads, to the next offset at which a
 * plausible header begins; false, and as far as could be seen, when there is
 * none. */
static bool find_header(struct byte_reader r, int64_t *offset_bytes)
{
    const size_t left = byte_reader_left(&r);
    const uint8_t *const bytes = byte_read_bytes(&r, left);

    for (size_t i = 0; left - i >= FLV_TAG_HEADER_BYTES; i++) {
        struct byte_reader attempt;
        struct flv_tag_header header;

        if (may_begin_tag(bytes[i])) {
            byte_reader_init(&attempt, &bytes[i], left - i);
            if (flv_tag_header_read(&attempt, &header) &&
                flv_tag_header_is_plausible(&header))
                return true;
        }
        ++*offset_bytes;
    }
    return false;
}

/* Whether tags begin at a guessed place: the first proves its end, or is
 * followed by two more headers. Leaves the verdict on the first in `place`. */
static bool tags_begin_at(struct flv_scan *scan, int64_t offset_bytes,
                          int64_t size_bytes, struct place *place)
{
    struct place second;

    if (!judge(scan, offset_bytes, size_bytes, place))
        return false;
    if (place->verdict != VERDICT_FOLLOWED)
        return place->verdict == VERDICT_SOUND;
    if (size_bytes - place->end_bytes <
        FLV_BACK_POINTER_BYTES + FLV_TAG_HEADER_BYTES)
        return true;
    return judge(scan, place->end_bytes + FLV_BACK_POINTER_BYTES, size_bytes,
                 &second) &&
           second.verdict != VERDICT_DOUBTFUL;
}

enum search_result { SEARCH_FOUND, SEARCH_MORE, SEARCH_END, SEARCH_FAILED };

/* Searches one stretch from position->search_bytes on, and leaves there how
 * far it came, or what it found. */
static enum search_result search(struct flv_scan *scan,
                                 struct flv_scan_position *position,
                                 int64_t size_bytes)
{
    int64_t at = position->search_bytes;
    const int64_t stop = size_bytes - at > FLV_MAX_RESYNC_BYTES
                             ? at + FLV_MAX_RESYNC_BYTES
                             : size_bytes;

    while (at < stop && size_bytes - at >= FLV_TAG_HEADER_BYTES) {
        struct place place;
        struct byte_reader r;

        if (!flv_scan_read(scan, at, FLV_TAG_HEADER_BYTES, &r))
            return SEARCH_FAILED;
        if (byte_reader_left(&r) < FLV_TAG_HEADER_BYTES)
            return SEARCH_END; /* cut short since its size was taken */
        if (find_header(r, &at)) {
            if (tags_begin_at(scan, at, size_bytes, &place)) {
                position->search_bytes = at;
                return SEARCH_FOUND;
            }
            if (place.verdict == VERDICT_CUT && position->undecided_bytes == 0)
                position->undecided_bytes = at;
            at++;
        }
        position->search_bytes = at;
    }
    return size_bytes - at >= FLV_TAG_HEADER_BYTES ? SEARCH_MORE : SEARCH_END;
}

/* Whether a tag whose end is not proved may be taken for sound because of
 * where the search found the next one: right behind its data, or anywhere
 * behind it in a file whose back pointers never prove anything. */
static bool is_sound_before(const struct flv_scan_position *position,
                            const struct place *place, int64_t found_bytes)
{
    if (!place->plausible || place->verdict == VERDICT_CUT)
        return false;
    return found_bytes == place->end_bytes ||
           (position->back_pointers_wrong && found_bytes > place->end_bytes);
}

static enum flv_scan_result go_on_at(struct flv_scan *scan,
                                     struct flv_scan_position *position,
                                     const struct place *place,
                                     int64_t found_bytes, bool is_file_header,
                                     struct flv_scan_tag *tag)
{
    const bool wrong = position->back_pointers_wrong;
    const int64_t gap_bytes = found_bytes - place->offset_bytes;
    char what[128];

    if (is_sound_before(position, place, found_bytes)) {
        snprintf(what, sizeof(what),
                 "%" PRId64 " bytes behind the tag are skipped",
                 found_bytes - place->end_bytes);
        tell(scan, FLV_FAULT_DAMAGE, place->end_bytes, what);
        return accept_tag(scan, position, place, found_bytes, tag);
    }
    if (is_file_header)
        snprintf(what, sizeof(what),
                 "a second FLV header: %" PRId64 " bytes are skipped",
                 gap_bytes);
    else if (place->plausible)
        snprintf(what, sizeof(what),
                 "tag of %" PRIu32 " bytes does not end where a tag begins: "
                 "%" PRId64 " bytes are skipped",
                 place->header.size_bytes, gap_bytes);
    else
        snprintf(what, sizeof(what),
                 "no tag here: %" PRId64 " bytes are skipped", gap_bytes);
    tell_damage(scan, position, what);
    flv_scan_position_init(position, found_bytes);
    position->back_pointers_wrong = wrong;
    return FLV_SCAN_MORE;
}

/* The search came to the end of the file. */
static enum flv_scan_result give_up(struct flv_scan *scan,
                                    struct flv_scan_position *position,
                                    const struct place *place,
                                    struct flv_scan_tag *tag)
{
    /* Should the file grow, that tag may prove sound. */
    if (position->undecided_bytes != 0)
        position->search_bytes = position->undecided_bytes;
    position->undecided_bytes = 0;

    if (place->verdict == VERDICT_CUT) {
        tell_cut_short(scan, place);
    } else if (place->plausible && position->back_pointers_wrong) {
        return accept_tag(scan, position, place, behind_back_pointer(place),
                          tag);
    } else {
        tell_damage(scan, position, "no sound tag from here to the end");
    }
    return FLV_SCAN_END;
}

static enum flv_scan_result resync(struct flv_scan *scan,
                                   struct flv_scan_position *position,
                                   const struct place *place,
                                   int64_t size_bytes, struct flv_scan_tag *tag)
{
    struct byte_reader r;
    bool is_file_header;

    if (position->search_bytes == 0)
        position->search_bytes = position->offset_bytes + 1;
    switch (search(scan, position, size_bytes)) {
    case SEARCH_FOUND:
        if (!flv_scan_read(scan, place->offset_bytes, FLV_HEADER_BYTES, &r))
            return FLV_SCAN_FAILED;
        is_file_header = begins_file_header(r);
        return go_on_at(scan, position, place, position->search_bytes,
                        is_file_header, tag);
    case SEARCH_MORE:
        return FLV_SCAN_MORE;
    case SEARCH_END:
        return give_up(scan, position, place, tag);
    case SEARCH_FAILED:
        break;
    }
    return FLV_SCAN_FAILED;
}

/* Judges the next tag without asking for the size of the file: it does not
 * matter where the end of the tag could be read and proves it. */
static bool is_proved(struct flv_scan *scan,
                      const struct flv_scan_position *position,
                      struct place *place)
{
    return INT64_MAX - position->offset_bytes >= FLV_TAG_HEADER_BYTES &&
           judge(scan, position->offset_bytes, INT64_MAX, place) &&
           place->has_back_pointer &&
           (place->verdict == VERDICT_SOUND ||
            place->verdict == VERDICT_FOLLOWED);
}

bool flv_scan_next_held(struct flv_scan *scan,
                        struct flv_scan_position *position,
                        struct flv_scan_tag *tag)
{
    struct place place;
    bool is_held;

    scan->reads_nothing = true;
    is_held = is_proved(scan, position, &place);
    scan->reads_nothing = false;
    if (is_held)
        (void)accept_tag(scan, position, &place, behind_back_pointer(&place),
                         tag);
    return is_held;
}

enum flv_scan_result flv_scan_next(struct flv_scan *scan,
                                   struct flv_scan_position *position,
                                   struct flv_scan_tag *tag)
{
    struct place place;
    int64_t size_bytes;

    if (is_proved(scan, position, &place))
        return accept_tag(scan, position, &place, behind_back_pointer(&place),
                          tag);
    if (!file_size(scan->fd, &size_bytes))
        return FLV_SCAN_FAILED;
    if (size_bytes < position->offset_bytes - FLV_BACK_POINTER_BYTES) {
        errno = ESTALE;
        return FLV_SCAN_FAILED;
    }
    if (size_bytes - position->offset_bytes < FLV_TAG_HEADER_BYTES) {
        if (size_bytes > position->offset_bytes)
            tell(scan, FLV_FAULT_CUT_SHORT, position->offset_bytes,
                 "tag header is cut short by the end of the file");
        return FLV_SCAN_END;
    }
    if (!judge(scan, position->offset_bytes, size_bytes, &place))
        return FLV_SCAN_FAILED;
    if (place.verdict == VERDICT_SOUND || place.verdict == VERDICT_FOLLOWED)
        return accept_tag(scan, position, &place, behind_back_pointer(&place),
                          tag);
    return resync(scan, position, &place, size_bytes, tag);
}
