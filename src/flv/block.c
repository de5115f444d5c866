/* The list of a movie's index blocks.
 *
 * Sorted by number and searched by halves: a viewer looks a block up once in
 * MOVIE_BLOCK_TAGS tags. The block that was used longest ago goes first.
 * Reads no file and takes no lock. */
#include "config.h"

#include "flv/block.h"

#include <stdlib.h>
#include <string.h>

void block_list_init(struct block_list *list, size_t max_bytes)
{
    memset(list, 0, sizeof(*list));
    list->max_blocks = max_bytes / sizeof(struct movie_block);
}

void block_list_destroy(struct block_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->blocks[i]);
    free(list->blocks);
    free(list->checksums);
}

static void set_count(struct block_list *list, size_t count)
{
    list->count = count;
    atomic_store_explicit(&list->count_told, count, memory_order_relaxed);
}

size_t block_list_bytes(const struct block_list *list)
{
    return atomic_load_explicit(&list->count_told, memory_order_relaxed) *
           sizeof(struct movie_block);
}

/* The index of block `number`, or of the one that it would come before. */
static size_t find(const struct block_list *list, uint64_t number)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (list->blocks[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget(struct block_list *list, size_t index)
{
    free(list->blocks[index]);
    set_count(list, list->count - 1);
    memmove(&list->blocks[index], &list->blocks[index + 1],
            (list->count - index) * sizeof(struct movie_block *));
}

/* Forgets what nobody holds until the list is within its bound. */
static void trim(struct block_list *list)
{
    while (list->count > list->max_blocks) {
        size_t oldest = list->count;

        for (size_t i = 0; i < list->count; i++)
            if (list->blocks[i]->holders == 0 &&
                list->blocks[i] != list->newest &&
                (oldest == list->count ||
                 list->blocks[i]->last_use < list->blocks[oldest]->last_use))
                oldest = i;
        if (oldest == list->count)
            return;
        forget(list, oldest);
    }
}

static bool make_room(struct block_list *list)
{
    const size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
    struct movie_block **blocks;

    if (list->count < list->capacity)
        return true;
    blocks = reallocarray(list->blocks, capacity, sizeof(struct movie_block *));
    if (blocks == NULL)
        return false;
    list->blocks = blocks;
    list->capacity = capacity;
    return true;
}

static struct movie_block *insert(struct block_list *list, size_t index,
                                  uint64_t number)
{
    struct movie_block *block;

    if (!make_room(list))
        return NULL;
    block = calloc(1, sizeof(*block));
    if (block == NULL)
        return NULL;
    block->number = number;
    memmove(&list->blocks[index + 1], &list->blocks[index],
            (list->count - index) * sizeof(struct movie_block *));
    list->blocks[index] = block;
    set_count(list, list->count + 1);
    if (list->newest == NULL || number > list->newest->number)
        list->newest = block;
    return block;
}

struct movie_block *block_list_hold(struct block_list *list, uint64_t number,
                                    const struct flv_scan_position *position,
                                    const struct file_time *last_time)
{
    const size_t index = find(list, number);
    struct movie_block *block;

    if (index < list->count && list->blocks[index]->number == number) {
        block = list->blocks[index];
    } else {
        block = insert(list, index, number);
        if (block == NULL)
            return NULL;
        block->position = *position;
        block->last_time = *last_time;
    }
    block->holders++;
    block->last_use = ++list->uses;
    trim(list);
    return block;
}

void block_list_release(struct block_list *list, struct movie_block *block)
{
    if (block == NULL)
        return;
    block->holders--;
    trim(list);
}

/* One round of FNV-1a for each field: the padding of a tag is not told. */
static uint32_t add_to_checksum(uint32_t checksum, const struct movie_tag *tag)
{
    const uint64_t fields[] = {
        (uint64_t)tag->offset_bytes, (uint64_t)tag->time_ms,
        (uint64_t)tag->size_bytes << 32 | (uint64_t)tag->type << 24 |
            (uint64_t)tag->kind << 16 | (uint64_t)tag->codec << 8 |
            tag->track_id};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        checksum = (checksum ^ (uint32_t)fields[i]) * 16777619u;
        checksum = (checksum ^ (uint32_t)(fields[i] >> 32)) * 16777619u;
    }
    return checksum;
}

/* Remembers the checksum of a full block, or compares it with the one that
 * was remembered. Without memory, blocks go unverified from here on. */
static bool verify(struct block_list *list, const struct movie_block *block)
{
    if (block->number < list->checksum_count)
        return list->checksums[block->number] == block->checksum;
    if (block->number > list->checksum_count ||
        list->checksum_count == MOVIE_MAX_CHECKSUMS)
        return true;
    if (list->checksum_count == list->checksum_capacity) {
        const size_t capacity =
            list->checksum_capacity == 0 ? 16 : list->checksum_capacity * 2;
        uint32_t *checksums =
            reallocarray(list->checksums, capacity, sizeof(uint32_t));

        if (checksums == NULL)
            return true;
        list->checksums = checksums;
        list->checksum_capacity = capacity;
    }
    list->checksums[list->checksum_count++] = block->checksum;
    return true;
}

bool block_list_append(struct block_list *list, struct movie_block *block,
                       const struct movie_tag *tag)
{
    const uint32_t count =
        atomic_load_explicit(&block->count, memory_order_relaxed);

    block->tags[count] = *tag;
    block->checksum = add_to_checksum(block->checksum, tag);
    if (count + 1 == MOVIE_BLOCK_TAGS && !verify(list, block))
        return false;
    atomic_store_explicit(&block->count, count + 1, memory_order_release);
    return true;
}
