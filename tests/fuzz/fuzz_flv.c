/* An FLV file: header, tags, index, metadata, duration, survey, whatever is
 * wrong with it. The last two bytes of the input are no part of the file: when
 * the first is odd, the file grows while it is read, and the second says how
 * much of it is there at first (in 256ths).
 *
 * Tags lie in the file, one behind the other; whoever reads again, after the
 * index has forgotten, or from a position in the middle, gets the same. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check/survey.h"
#include "flv/block.h"
#include "flv/movie.h"
#include "flv/scan.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES 65536
#define MAX_TAGS (MAX_INPUT_BYTES / 8)
/* Steps that give no tag: each searches a stretch, or ends a file. */
#define MAX_EMPTY_STEPS 100

static int fd;
static size_t file_bytes; /* in the file now */
static unsigned faults;

static void append(const uint8_t *data, size_t size)
{
    MUST(pwrite(fd, data, size, (off_t)file_bytes) == (ssize_t)size);
    file_bytes += size;
}

static void must_be_text(const char *text)
{
    MUST(text != NULL && text[0] != '\0');
    for (; *text != '\0'; text++)
        MUST((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7F);
}

static void on_fault(void *context, int64_t offset_bytes, const char *what)
{
    (void)context;
    MUST(offset_bytes >= 0 && (size_t)offset_bytes <= file_bytes);
    must_be_text(what);
    faults++;
    MUST(faults <= MOVIE_MAX_FAULTS + 1);
}

/* --- tags of a movie ----------------------------------------------------- */

struct tag_list {
    size_t count;
    struct movie_tag tags[MAX_TAGS];
};

static void must_be_tag(const struct movie_tag *tag,
                        const struct movie_tag *before)
{
    MUST(tag->type == FLV_TAG_AUDIO || tag->type == FLV_TAG_VIDEO);
    MUST(tag->kind != FLV_KIND_UNUSABLE && tag->kind != FLV_KIND_SCRIPT);
    MUST(tag->size_bytes >= 1 && tag->offset_bytes >= FLV_HEADER_BYTES);
    MUST((size_t)tag->offset_bytes <= file_bytes &&
         tag->size_bytes <= file_bytes - (size_t)tag->offset_bytes);
    if (before != NULL)
        MUST(tag->offset_bytes >=
             before->offset_bytes + before->size_bytes + FLV_TAG_HEADER_BYTES);
}

/* Adds what follows, up to the end. */
static void read_on(struct movie_cursor *cursor, struct tag_list *list)
{
    unsigned empty = 0;

    for (;;) {
        struct movie_tag *const tag = &list->tags[list->count];
        const enum movie_result result = movie_cursor_next(cursor, tag);

        if (result == MOVIE_TAG) {
            must_be_tag(tag, list->count > 0 ? tag - 1 : NULL);
            MUST(++list->count < MAX_TAGS);
            empty = 0;
            continue;
        }
        if (result == MOVIE_END)
            return;
        MUST(result == MOVIE_MORE);
        MUST(++empty < MAX_EMPTY_STEPS);
    }
}

static void must_read_again(struct movie *movie, const struct tag_list *list)
{
    static struct tag_list again;
    struct movie_cursor cursor;

    again.count = 0;
    movie_cursor_init(&cursor, movie);
    read_on(&cursor, &again);
    movie_cursor_destroy(&cursor);
    MUST(again.count == list->count);
    MUST(memcmp(again.tags, list->tags, list->count * sizeof(list->tags[0])) ==
         0);
}

static void must_be_good(struct movie *movie, const struct tag_list *list)
{
    struct movie_track track;
    uint8_t body[FLV_METADATA_BYTES];
    struct byte_writer w;
    size_t keyframes = 0;

    MUST(movie_duration_ms(movie) >= 0);
    movie_track(movie, FLV_TAG_AUDIO, &track);
    MUST(track.frames <= list->count);
    movie_track(movie, FLV_TAG_VIDEO, &track);
    MUST(track.frames <= list->count);
    MUST(track.last_step_ms >= 0);
    for (size_t i = 0; i < list->count; i++)
        keyframes += movie_is_keyframe(movie, &list->tags[i]);
    MUST(movie_has_keyframe(movie) == (keyframes > 0) || keyframes > 0);
    byte_writer_init(&w, body, sizeof(body));
    flv_metadata_write(movie_metadata(movie),
                       (double)movie_duration_ms(movie) / 1000, &w);
    MUST(!w.failed);
}

/* The rest of the file comes when `part` of it was read. */
static void read_movie(const uint8_t *rest, size_t rest_bytes)
{
    static struct tag_list list;
    const struct movie_options options = {
        .on_fault = on_fault, .max_index_bytes = sizeof(struct movie_block)};
    struct movie_error error = {.what = ""};
    struct movie_cursor cursor;
    struct movie *movie;
    unsigned told;

    faults = 0;
    movie = movie_open(dup(fd), &options, &error);
    if (movie == NULL) {
        must_be_text(error.what);
        return;
    }
    list.count = 0;
    movie_cursor_init(&cursor, movie);
    read_on(&cursor, &list);
    if (rest_bytes > 0) {
        append(rest, rest_bytes);
        MUST(movie_is_same_file(movie, fd));
        read_on(&cursor, &list);
    }
    movie_cursor_destroy(&cursor);
    MUST(list.count > 0);
    must_be_good(movie, &list);
    told = faults;
    must_read_again(movie, &list);
    MUST(faults == told);
    movie_unref(movie);
}

/* --- scan and survey ----------------------------------------------------- */

static bool next_tag(struct flv_scan *scan, struct flv_scan_position *position,
                     struct flv_scan_tag *tag)
{
    unsigned empty = 0;
    enum flv_scan_result result;

    if (flv_scan_next_held(scan, position, tag))
        return true;
    while ((result = flv_scan_next(scan, position, tag)) == FLV_SCAN_MORE)
        MUST(++empty < MAX_EMPTY_STEPS);
    MUST(result == FLV_SCAN_TAG || result == FLV_SCAN_END);
    return result == FLV_SCAN_TAG;
}

/* From a copy of a position, and without what was read, it is the same. */
static void scan_twice(void)
{
    static struct flv_scan scan, other;
    struct flv_scan_position position;
    struct flv_scan_tag tag;
    size_t count = 0;

    if (file_bytes < FLV_HEADER_BYTES + FLV_BACK_POINTER_BYTES)
        return; /* a position behind the end is that of a file that was cut */
    flv_scan_init(&scan, fd, NULL, NULL);
    flv_scan_position_init(&position,
                           FLV_HEADER_BYTES + FLV_BACK_POINTER_BYTES);
    for (;;) {
        struct flv_scan_position copy = position;
        struct flv_scan_tag same;
        const bool found = next_tag(&scan, &position, &tag);

        flv_scan_init(&other, fd, NULL, NULL);
        MUST(next_tag(&other, &copy, &same) == found);
        if (!found)
            return;
        MUST(same.data_offset_bytes == tag.data_offset_bytes);
        MUST(same.header.size_bytes == tag.header.size_bytes);
        MUST(same.class.kind == tag.class.kind);
        MUST((size_t)tag.data_offset_bytes + tag.header.size_bytes <=
             file_bytes);
        MUST(copy.offset_bytes == position.offset_bytes);
        MUST(++count <= file_bytes);
    }
}

static void on_remark(void *context, enum survey_weight weight,
                      int64_t offset_bytes, const char *what)
{
    (void)context;
    (void)weight;
    /* The first tag is missed where it should be. */
    MUST(offset_bytes >= 0 &&
         (size_t)offset_bytes <= file_bytes + FLV_BACK_POINTER_BYTES);
    must_be_text(what);
}

static bool on_progress(void *context, int64_t done_bytes, int64_t size_bytes)
{
    (void)context;
    /* The link behind the last tag may be missing. */
    MUST(done_bytes >= 0 && done_bytes <= size_bytes + FLV_BACK_POINTER_BYTES);
    return true;
}

static void survey(void)
{
    const struct survey_watcher watcher = {.on_remark = on_remark,
                                           .on_progress = on_progress};
    struct movie_error error = {.what = ""};
    struct survey result;

    if (survey_file(fd, &watcher, &result, &error))
        MUST(result.duration_ms >= 0 && result.tags <= file_bytes);
    else
        must_be_text(error.what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at_first;

    if (size < 2 || size > MAX_INPUT_BYTES)
        return 0;
    size -= 2;
    at_first = (data[size] & 1) == 0 ? size : size * data[size + 1] / 256;
    fd = memfd_create("fuzz_flv", MFD_CLOEXEC);
    MUST(fd >= 0);
    file_bytes = 0;
    append(data, at_first);
    read_movie(data + at_first, size - at_first);
    if (file_bytes < size)
        append(data + file_bytes, size - file_bytes);
    scan_twice();
    survey();
    close(fd);
    return 0;
}
