/* The scan of a movie and what it finds, under the movie's scan lock. One read
 * brings many small tags, and all of them are indexed with the first.
 *
 * A tag of the furthest block is new: its faults are told, its track counted.
 * Any other block was full before: its tags are found again in silence, and
 * must match (flv/block.h). Script tags and tags that no player can use are
 * not indexed, and no payload is read but that of one script tag. */
#include "config.h"

#include "flv/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flv/track.h"

void movie_index_init(struct movie_index *index, int fd,
                      const struct movie_options *options)
{
    const size_t max_bytes = options->max_index_bytes != 0
                                 ? options->max_index_bytes
                                 : MOVIE_MAX_INDEX_BYTES;

    memset(index, 0, sizeof(*index));
    index->fd = fd;
    index->on_fault = options->on_fault;
    index->context = options->context;
    pthread_mutex_init(&index->turn_lock, NULL);
    pthread_mutex_init(&index->scan_lock, NULL);
    flv_scan_init(&index->scan, fd, movie_index_on_fault, index);
    block_list_init(&index->blocks, max_bytes);
}

void movie_index_destroy(struct movie_index *index)
{
    block_list_destroy(&index->blocks);
    pthread_mutex_destroy(&index->scan_lock);
    pthread_mutex_destroy(&index->turn_lock);
}

void movie_index_lock(struct movie_index *index)
{
    pthread_mutex_lock(&index->turn_lock);
    pthread_mutex_lock(&index->scan_lock);
    pthread_mutex_unlock(&index->turn_lock);
}

void movie_index_unlock(struct movie_index *index)
{
    pthread_mutex_unlock(&index->scan_lock);
}

/* ---- Faults */

static void tell_fault(struct movie_index *index, int64_t offset_bytes,
                       const char *what)
{
    if (index->on_fault == NULL || index->faults_count == MOVIE_MAX_FAULTS)
        return;
    if (++index->faults_count == MOVIE_MAX_FAULTS)
        what = "too many faults: no more are told";
    index->on_fault(index->context, offset_bytes, what);
}

/* Wrong back pointers come with the writer and are in every tag, the end is
 * met by each viewer: such kinds are told once. */
void movie_index_on_fault(void *context, enum flv_fault fault,
                          int64_t offset_bytes, const char *what)
{
    struct movie_index *index = context;
    const uint32_t bit = 1u << fault;

    if (fault != FLV_FAULT_DAMAGE && (index->faults_told & bit) != 0)
        return;
    index->faults_told |= bit;
    tell_fault(index, offset_bytes, what);
}

/* ---- The scan, with the scan lock held */

struct movie_track *movie_index_track(struct movie_index *index, uint8_t type)
{
    return type == FLV_TAG_AUDIO ? &index->audio : &index->video;
}

static bool is_of_first_track(struct movie_track *track,
                              const struct movie_tag *frame)
{
    if (track->frames == 0)
        track->track_id = frame->track_id;
    return track->track_id == frame->track_id;
}

/* Takes note of a tag that is indexed for the first time. */
static void note_tag(struct movie_index *index, const struct movie_tag *tag)
{
    struct movie_track *track = movie_index_track(index, tag->type);
    char jump[MOVIE_JUMP_BYTES];

    index->last_tag = *tag;
    if (flv_tag_kind_is_frame(tag->kind) && is_of_first_track(track, tag) &&
        movie_track_add(track, tag->time_ms, jump))
        tell_fault(index, tag->offset_bytes - FLV_TAG_HEADER_BYTES, jump);
}

/* Reads a script tag of the head, unless metadata was found before. */
static void note_script(struct movie_index *index,
                        const struct flv_scan_tag *found)
{
    const size_t size_bytes = found->header.size_bytes;
    struct byte_reader r;
    uint8_t *data;

    if (!index->wants_metadata || found->header.type != FLV_TAG_SCRIPT ||
        found->header.encrypted || size_bytes > FLV_MAX_METADATA_BYTES)
        return;
    data = malloc(size_bytes + 1);
    if (data == NULL)
        return;
    if (pread(index->fd, data, size_bytes, found->data_offset_bytes) ==
        (ssize_t)size_bytes) {
        byte_reader_init(&r, data, size_bytes);
        if (flv_metadata_read(r, &index->metadata))
            index->wants_metadata = false;
    }
    free(data);
}

static bool index_tag(struct movie_index *index, struct movie_block *block,
                      const struct flv_scan_tag *found)
{
    const struct movie_tag tag = {
        .offset_bytes = found->data_offset_bytes,
        .time_ms =
            file_time_next(&block->last_time, found->header.timestamp_ms),
        .size_bytes = found->header.size_bytes,
        .type = found->header.type,
        .kind = (uint8_t)found->class.kind,
        .codec = found->class.codec,
        .track_id = found->class.track_id,
    };

    if (block == index->blocks.newest)
        note_tag(index, &tag);
    return block_list_append(&index->blocks, block, &tag);
}

static enum movie_step file_changed(struct movie_index *index)
{
    index->changed = true;
    return MOVIE_STEP_FAILED;
}

static enum movie_step take_found(struct movie_index *index,
                                  struct movie_block *block,
                                  const struct flv_scan_tag *found)
{
    if (found->class.kind == FLV_KIND_SCRIPT)
        note_script(index, found);
    if (found->class.kind == FLV_KIND_SCRIPT ||
        found->class.kind == FLV_KIND_UNUSABLE)
        return MOVIE_STEP_ON;
    return index_tag(index, block, found) ? MOVIE_STEP_ON : file_changed(index);
}

static bool is_full(const struct movie_block *block)
{
    return atomic_load_explicit(&block->count, memory_order_relaxed) ==
           MOVIE_BLOCK_TAGS;
}

/* Takes what was read together with a tag. That the file was changed is told
 * by the next step: the tags before that come first. */
static void take_held(struct movie_index *index, struct movie_block *block)
{
    struct flv_scan_tag found;

    while (!index->changed && !is_full(block) &&
           flv_scan_next_held(&index->scan, &block->position, &found))
        (void)take_found(index, block, &found);
}

static enum movie_step scan_step(struct movie_index *index,
                                 struct movie_block *block)
{
    const bool is_newest = block == index->blocks.newest;
    struct flv_scan_tag found;
    enum movie_step step;

    /* What is read again was told of before. */
    index->scan.on_fault = is_newest ? movie_index_on_fault : NULL;
    switch (flv_scan_next(&index->scan, &block->position, &found)) {
    case FLV_SCAN_TAG:
        break;
    case FLV_SCAN_MORE:
        return MOVIE_STEP_ON;
    case FLV_SCAN_END:
        return is_newest ? MOVIE_STEP_END : file_changed(index);
    case FLV_SCAN_FAILED:
        return errno == ESTALE ? file_changed(index) : MOVIE_STEP_FAILED;
    }
    step = take_found(index, block, &found);
    take_held(index, block);
    return step;
}

static enum movie_step enter_block(struct movie_index *index,
                                   struct movie_cursor *cursor, uint64_t number,
                                   const struct flv_scan_position *position,
                                   const struct file_time *last_time)
{
    struct block_list *blocks = &index->blocks;
    struct movie_block *block =
        block_list_hold(blocks, number, position, last_time);

    if (block == NULL)
        return MOVIE_STEP_FAILED;
    block_list_release(blocks, cursor->block);
    cursor->block = block;
    cursor->next = 0;
    return MOVIE_STEP_ON;
}

static enum movie_step advance(struct movie_index *index,
                               struct movie_cursor *cursor)
{
    struct movie_block *block = cursor->block;

    if (index->changed)
        return MOVIE_STEP_FAILED;
    if (block == NULL)
        return enter_block(index, cursor, 0, &index->beginning,
                           &(struct file_time){.has_begun = false});
    if (cursor->next <
        atomic_load_explicit(&block->count, memory_order_relaxed))
        return MOVIE_STEP_ON; /* somebody else was faster */
    if (is_full(block))
        return enter_block(index, cursor, block->number + 1, &block->position,
                           &block->last_time);
    return scan_step(index, block);
}

enum movie_step movie_index_step(struct movie_index *index,
                                 struct movie_cursor *cursor)
{
    enum movie_step step;

    movie_index_lock(index);
    step = advance(index, cursor);
    movie_index_unlock(index);
    return step;
}

void movie_index_share(struct movie_index *index, struct movie_cursor *cursor,
                       struct movie_block *block)
{
    movie_index_lock(index);
    if (block != NULL)
        block->holders++;
    block_list_release(&index->blocks, cursor->block);
    movie_index_unlock(index);
    cursor->block = block;
}

void movie_index_leave(struct movie_index *index, struct movie_cursor *cursor)
{
    if (cursor->block == NULL)
        return;
    movie_index_lock(index);
    block_list_release(&index->blocks, cursor->block);
    movie_index_unlock(index);
    cursor->block = NULL;
}
