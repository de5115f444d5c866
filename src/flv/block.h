/* The blocks of a movie's index: which are in memory, and which may go.
 *
 * Each block knows where the scan stands behind its last tag, so any block can
 * be filled again when the one before it is there: nothing else needs to be
 * kept of a block that is forgotten but a checksum. Not thread-safe: the
 * movie's scan lock is held for every call, and guards all but `count` and the
 * tags below it. */
#ifndef FLVD_FLV_BLOCK_H
#define FLVD_FLV_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flv/file_time.h"
#include "flv/movie.h"
#include "flv/scan.h"

#define MOVIE_BLOCK_TAGS 512
/* Checksums of forgotten blocks that are kept, 4 bytes each; what lies beyond
 * these half a billion tags is not verified when it is read again. */
#define MOVIE_MAX_CHECKSUMS (1u << 20)

struct movie_block {
    uint64_t number;
    uint32_t holders;
    uint64_t last_use;
    struct flv_scan_position position; /* behind the last tag */
    struct file_time last_time;        /* its time, or the one before block */
    uint32_t checksum;                 /* of the tags */
    /* Written with the lock held, released after the tag it counts: whoever
     * holds the block reads the tags below it without a lock. */
    _Atomic uint32_t count;
    struct movie_tag tags[MOVIE_BLOCK_TAGS];
};

struct block_list {
    size_t max_blocks;
    struct movie_block **blocks; /* by number, rising */
    size_t count;
    _Atomic size_t count_told; /* the same, for those without the lock */
    size_t capacity;
    struct movie_block *newest; /* never forgotten: the scan goes on there */
    uint64_t uses;
    uint32_t *checksums; /* of all blocks that were full once */
    size_t checksum_count;
    size_t checksum_capacity;
};

/* Keeps the blocks to `max_bytes` unless more are held. */
void block_list_init(struct block_list *list, size_t max_bytes);

/* What the blocks take. Without the lock. */
size_t block_list_bytes(const struct block_list *list);

/* Nobody may hold a block any more. */
void block_list_destroy(struct block_list *list);

/* Block `number`, which the caller holds from then on; when it is not in
 * memory it is made, empty and standing at `position` behind the time
 * `last_time`. NULL: out of memory. */
struct movie_block *block_list_hold(struct block_list *list, uint64_t number,
                                    const struct flv_scan_position *position,
                                    const struct file_time *last_time);

/* NULL is nothing. */
void block_list_release(struct block_list *list, struct movie_block *block);

/* Appends to a block that is not full, and publishes the tag. False when this
 * filled the block and its tags are others than when it was first full. */
bool block_list_append(struct block_list *list, struct movie_block *block,
                       const struct movie_tag *tag);

#endif
