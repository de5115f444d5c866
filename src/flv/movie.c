/* The movie: an open FLV file, its shared index and what its head and tail
 * tell.
 *
 * A cursor reads the published tags of the block that it holds without a lock;
 * at their end it takes a step of the index (flv/index.h). The windows
 * (flv/window.h) have a lock of their own, and neither is taken under the
 * other. The file's payload is never read here. */
#include "config.h"

#include "flv/movie.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "flv/duration.h"
#include "flv/head.h"
#include "flv/index.h"
#include "flv/scan.h"
#include "flv/window.h"

#define NO_TRACK (-1)
/* What of the head is compared to tell whether the file was overwritten. */
#define HEAD_BYTES 4096
/* How far the search for a keyframe goes: tags, and time behind the first
 * frame. */
#define MAX_KEYFRAME_TAGS 1024
#define MAX_KEYFRAME_MS 10000
/* Steps of the index for one tag: into a block, over script tags. Only damage
 * takes more, and then this is 1 MiB at the most. */
#define MAX_NEXT_STEPS 16
/* How many tags metadata may come after. */
#define MAX_METADATA_TAGS 16

struct movie {
    _Atomic uint32_t references;
    struct movie_index index;
    struct window_set windows;

    /* Constant once movie_open is through, like the index's metadata. */
    void *context;
    void (*free_context)(void *context);
    int fd;
    dev_t device;
    ino_t inode;
    size_t head_bytes;
    uint64_t head_checksum;
    int64_t first_frame_ms;

    /* Found again when the file has grown. */
    _Atomic int64_t duration_ms;
    _Atomic int main_track_id; /* that of the first keyframe, or NO_TRACK */

    /* Guarded by the index's lock. */
    struct stat verified; /* the file when it was last found unchanged */
};

/* ---- Cursors */

void movie_cursor_init(struct movie_cursor *cursor, struct movie *movie)
{
    cursor->movie = movie_ref(movie);
    cursor->block = NULL;
    cursor->next = 0;
}

void movie_cursor_rewind(struct movie_cursor *cursor)
{
    movie_index_leave(&cursor->movie->index, cursor);
    cursor->next = 0;
}

void movie_cursor_copy(struct movie_cursor *to, const struct movie_cursor *from)
{
    if (to->block != from->block)
        movie_index_share(&to->movie->index, to, from->block);
    to->next = from->next;
}

/* A tag is given out from the block that the cursor still holds. */
void movie_cursor_step_back(struct movie_cursor *cursor)
{
    if (cursor->next > 0)
        cursor->next--;
}

void movie_cursor_destroy(struct movie_cursor *cursor)
{
    movie_cursor_rewind(cursor);
    movie_unref(cursor->movie);
    cursor->movie = NULL;
}

/* The next tag if it is published: the path without a lock. */
static bool take_published(struct movie_cursor *cursor, struct movie_tag *tag)
{
    if (cursor->block == NULL ||
        cursor->next >=
            atomic_load_explicit(&cursor->block->count, memory_order_acquire))
        return false;
    *tag = cursor->block->tags[cursor->next++];
    return true;
}

enum movie_result movie_cursor_next(struct movie_cursor *cursor,
                                    struct movie_tag *tag)
{
    for (int i = 0; i < MAX_NEXT_STEPS; i++) {
        if (take_published(cursor, tag))
            return MOVIE_TAG;
        switch (movie_index_step(&cursor->movie->index, cursor)) {
        case MOVIE_STEP_ON:
            break;
        case MOVIE_STEP_END:
            return MOVIE_END;
        case MOVIE_STEP_FAILED:
            return MOVIE_FAILED;
        }
    }
    return take_published(cursor, tag) ? MOVIE_TAG : MOVIE_MORE;
}

/* ---- Opening */

/* What the head has told so far. */
struct head {
    unsigned tags;
    bool has_frame;
    int64_t first_frame_ms;
    int64_t last_ms;
};

static bool is_head_known(const struct movie *movie, const struct head *head)
{
    if (!head->has_frame)
        return false;
    if (head->tags >= MAX_KEYFRAME_TAGS ||
        head->last_ms - head->first_frame_ms > MAX_KEYFRAME_MS)
        return true;
    return movie_has_keyframe(movie) &&
           (!movie->index.wants_metadata || head->tags >= MAX_METADATA_TAGS);
}

static void note_head(struct movie *movie, struct head *head,
                      const struct movie_tag *tag)
{
    head->tags++;
    if (!flv_tag_kind_is_frame(tag->kind))
        return;
    if (!head->has_frame)
        head->first_frame_ms = tag->time_ms;
    head->has_frame = true;
    head->last_ms = tag->time_ms;
    if (tag->kind == FLV_KIND_KEYFRAME && !movie_has_keyframe(movie))
        atomic_store(&movie->main_track_id, tag->track_id);
}

/* How far a cursor's scan has come. */
static int64_t scanned_bytes(const struct movie_cursor *cursor)
{
    const struct movie_block *block = cursor->block;

    if (block == NULL)
        return 0;
    return block->position.search_bytes > block->position.offset_bytes
               ? block->position.search_bytes
               : block->position.offset_bytes;
}

/* The step that it ended with. */
static enum movie_step look_at_head(struct movie *movie, struct head *head)
{
    enum movie_step step = MOVIE_STEP_ON;
    struct movie_cursor cursor;

    memset(head, 0, sizeof(*head));
    movie_cursor_init(&cursor, movie);
    while (step == MOVIE_STEP_ON && !is_head_known(movie, head) &&
           scanned_bytes(&cursor) < FLV_MAX_HEAD_BYTES) {
        struct movie_tag tag;

        if (take_published(&cursor, &tag))
            note_head(movie, head, &tag);
        else
            step = movie_index_step(&movie->index, &cursor);
    }
    movie_cursor_destroy(&cursor);
    return step;
}

static bool scan_head(struct movie *movie, struct head *head,
                      struct movie_error *error)
{
    enum movie_step step;

    movie->index.wants_metadata = true;
    step = look_at_head(movie, head);
    movie->index.wants_metadata = false;
    if (head->has_frame)
        return true;

    error->offset_bytes = movie->index.beginning.offset_bytes;
    error->may_pass = step == MOVIE_STEP_FAILED;
    if (step == MOVIE_STEP_FAILED)
        snprintf(error->what, sizeof(error->what), "cannot be read: %m");
    else
        snprintf(error->what, sizeof(error->what), "has no playable tag%s",
                 step == MOVIE_STEP_END ? "" : " in its first 64 MiB");
    return false;
}

/* A tail whose times have but 24 bits may lie some wraps (flv/file_time.h)
 * further than it says. Metadata that tells just that is believed. */
static int64_t over_wraps(int64_t tail_ms, int64_t first_ms, int64_t claimed_ms)
{
    const int64_t wrap_ms = 1 << 24;
    const int64_t wraps = (claimed_ms - tail_ms + wrap_ms / 2) / wrap_ms;
    const int64_t duration_ms = tail_ms + wraps * wrap_ms;

    if (first_ms + tail_ms < wrap_ms && wraps > 0 &&
        claimed_ms - duration_ms <= FILE_TIME_MAX_STEP_MS &&
        duration_ms - claimed_ms <= FILE_TIME_MAX_STEP_MS)
        return duration_ms;
    return tail_ms;
}

/* Reads the tail by the movie's scan. */
static int64_t find_duration_ms(struct movie *movie, int64_t size_bytes)
{
    struct flv_scan *scan = &movie->index.scan;
    const struct flv_duration_start start = {
        .first_tag_bytes = movie->index.beginning.offset_bytes,
        .first_frame_ms = movie->first_frame_ms,
        .has_audio = movie->index.audio.frames > 0,
        .has_video = movie->index.video.frames > 0,
    };
    const int64_t claimed_ms =
        (int64_t)(movie->index.metadata.duration_s * 1000 + 0.5);
    int64_t duration_ms;

    scan->on_fault = NULL; /* they are told when the scan gets there */
    duration_ms = flv_duration_read(scan, size_bytes, &start);
    if (duration_ms > 0)
        return over_wraps(duration_ms, movie->first_frame_ms, claimed_ms);
    return claimed_ms;
}

/* FNV-1a over the first bytes of a file; false when there are fewer. */
static bool head_checksum(struct flv_scan *scan, size_t head_bytes,
                          uint64_t *checksum)
{
    struct byte_reader r;

    if (!flv_scan_read(scan, 0, head_bytes, &r))
        return false;
    *checksum = 14695981039346656037u;
    for (size_t i = 0; i < head_bytes; i++)
        *checksum = (*checksum ^ byte_read_u8(&r)) * 1099511628211u;
    return !r.failed;
}

static bool load(struct movie *movie, struct movie_error *error)
{
    int64_t first_tag_bytes;
    struct head head;

    if (!flv_head_check_file(movie->fd, &movie->verified, error))
        return false;
    movie->device = movie->verified.st_dev;
    movie->inode = movie->verified.st_ino;
    if (!flv_head_read(&movie->index.scan, movie->verified.st_size,
                       &first_tag_bytes, error))
        return false;
    movie->head_bytes = movie->verified.st_size < HEAD_BYTES
                            ? (size_t)movie->verified.st_size
                            : HEAD_BYTES;
    if (!head_checksum(&movie->index.scan, movie->head_bytes,
                       &movie->head_checksum)) {
        snprintf(error->what, sizeof(error->what), "changes as it is read");
        error->may_pass = true;
        return false;
    }
    flv_scan_position_init(&movie->index.beginning, first_tag_bytes);
    if (!scan_head(movie, &head, error))
        return false;
    movie->first_frame_ms = head.first_frame_ms;
    atomic_init(&movie->duration_ms,
                find_duration_ms(movie, movie->verified.st_size));
    return true;
}

struct movie *movie_open(int fd, const struct movie_options *options,
                         struct movie_error *error)
{
    static const struct movie_options defaults = {0};
    struct movie *movie = calloc(1, sizeof(*movie));

    if (options == NULL)
        options = &defaults;
    *error = (struct movie_error){.offset_bytes = -1};
    if (movie == NULL) {
        snprintf(error->what, sizeof(error->what), "no memory");
        error->may_pass = true;
        if (options->free_context != NULL)
            options->free_context(options->context);
        close(fd);
        return NULL;
    }
    movie->context = options->context;
    movie->free_context = options->free_context;
    atomic_init(&movie->references, 1);
    atomic_init(&movie->main_track_id, NO_TRACK);
    movie->fd = fd;
    movie_index_init(&movie->index, fd, options);
    window_set_init(&movie->windows, fd);
    if (!load(movie, error)) {
        movie_unref(movie);
        return NULL;
    }
    return movie;
}

struct movie *movie_ref(struct movie *movie)
{
    atomic_fetch_add_explicit(&movie->references, 1, memory_order_relaxed);
    return movie;
}

void movie_unref(struct movie *movie)
{
    if (movie == NULL || atomic_fetch_sub_explicit(&movie->references, 1,
                                                   memory_order_acq_rel) != 1)
        return;
    movie_index_destroy(&movie->index);
    window_set_destroy(&movie->windows);
    close(movie->fd);
    if (movie->free_context != NULL)
        movie->free_context(movie->context);
    free(movie);
}

bool movie_is_shared(const struct movie *movie)
{
    return atomic_load_explicit(&movie->references, memory_order_acquire) > 1;
}

/* ---- What is known of a movie */

/* Whether what was indexed is still there, as far as its head and the last
 * tag tell. Reads by `scan`, which has read nothing yet. */
static bool is_unchanged(const struct movie *movie, struct flv_scan *scan,
                         int64_t size_bytes)
{
    const struct movie_tag *last = &movie->index.last_tag;
    struct flv_tag_header header;
    struct byte_reader r;
    uint64_t checksum;

    return size_bytes - last->offset_bytes >= last->size_bytes &&
           head_checksum(scan, movie->head_bytes, &checksum) &&
           checksum == movie->head_checksum &&
           flv_scan_read(scan, last->offset_bytes - FLV_TAG_HEADER_BYTES,
                         FLV_TAG_HEADER_BYTES, &r) &&
           flv_tag_header_read(&r, &header) && header.type == last->type &&
           header.size_bytes == last->size_bytes &&
           /* whatever wraps the time was told over */
           ((header.timestamp_ms ^ (uint32_t)last->time_ms) & 0xFFFFFF) == 0;
}

/* The same of an open file. With the scan lock held: a worker's stack has no
 * room for another scan, so the movie's is lent, and reads anew after that. */
static bool is_unchanged_at(struct movie *movie, int fd, int64_t size_bytes)
{
    struct flv_scan *scan = &movie->index.scan;
    bool is_same;

    flv_scan_init(scan, fd, NULL, NULL);
    is_same = is_unchanged(movie, scan, size_bytes);
    flv_scan_init(scan, movie->fd, movie_index_on_fault, &movie->index);
    return is_same;
}

bool movie_is_same_file(struct movie *movie, int fd)
{
    bool is_same, is_resized;
    struct stat now;
    struct head head;

    if (fstat(fd, &now) != 0 || now.st_dev != movie->device ||
        now.st_ino != movie->inode)
        return false;
    movie_index_lock(&movie->index);
    is_same =
        !movie->index.changed && (file_is_same_state(&now, &movie->verified) ||
                                  is_unchanged_at(movie, fd, now.st_size));
    is_resized = is_same && now.st_size != movie->verified.st_size;
    if (is_resized)
        atomic_store(&movie->duration_ms, find_duration_ms(movie, now.st_size));
    if (is_same)
        movie->verified = now;
    movie_index_unlock(&movie->index);
    /* One that was opened as it began may have its first keyframe now. */
    if (is_resized && !movie_has_keyframe(movie))
        (void)look_at_head(movie, &head);
    return is_same;
}

const struct flv_metadata *movie_metadata(const struct movie *movie)
{
    return &movie->index.metadata;
}

int64_t movie_duration_ms(const struct movie *movie)
{
    return atomic_load(&movie->duration_ms);
}

size_t movie_index_bytes(const struct movie *movie)
{
    return block_list_bytes(&movie->index.blocks);
}

bool movie_has_keyframe(const struct movie *movie)
{
    return atomic_load(&movie->main_track_id) != NO_TRACK;
}

bool movie_is_keyframe(const struct movie *movie, const struct movie_tag *tag)
{
    return tag->kind == FLV_KIND_KEYFRAME &&
           tag->track_id == atomic_load(&movie->main_track_id);
}

int movie_fd(const struct movie *movie)
{
    return movie->fd;
}

bool movie_reaches(const struct movie *movie, int64_t offset_bytes)
{
    struct stat st;

    return fstat(movie->fd, &st) == 0 && st.st_size >= offset_bytes;
}

bool movie_is_deleted(const struct movie *movie)
{
    struct statx file;

    return statx(movie->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK,
                 &file) == 0 &&
           (file.stx_mask & STATX_NLINK) != 0 && file.stx_nlink == 0;
}

void movie_track(struct movie *movie, enum flv_tag_type type,
                 struct movie_track *track)
{
    movie_index_lock(&movie->index);
    *track = *movie_index_track(&movie->index, (uint8_t)type);
    movie_index_unlock(&movie->index);
}

struct movie_window *movie_window_acquire(struct movie *movie,
                                          int64_t offset_bytes)
{
    return window_set_acquire(&movie->windows, offset_bytes);
}

void movie_window_release(struct movie *movie, struct movie_window *window)
{
    window_set_release(&movie->windows, window);
}
