/* The index of a movie's tags: blocks that one scan fills, a few tags at a
 * time, for whichever viewer gets there first. What is met for the first time
 * is told and counted; what is read again must be the same. */
#ifndef FLVD_FLV_INDEX_H
#define FLVD_FLV_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "flv/block.h"
#include "flv/movie.h"
#include "flv/scan.h"

struct movie_index {
    int fd;                             /* stays the caller's */
    movie_fault_fn *on_fault;           /* or NULL */
    void *context;                      /* of on_fault */
    struct flv_scan_position beginning; /* set before the first step */

    /* Whoever wants the scan lock waits under this one: a viewer that scans
     * far, and wants the scan lock again as soon as it left it, gets in line
     * behind the one that waits. */
    pthread_mutex_t turn_lock;

    /* Guards all below. Held for one step of the scan at a time; no other
     * lock is taken under it. */
    pthread_mutex_t scan_lock;
    struct flv_scan scan;
    struct block_list blocks;
    bool changed;          /* the file is not what was indexed */
    bool wants_metadata;   /* `metadata` is read from the next onMetaData */
    uint32_t faults_told;  /* one bit for each kind that is told once */
    uint32_t faults_count; /* of all that were told */
    struct movie_track audio;
    struct movie_track video;
    struct movie_tag last_tag; /* the furthest that was indexed */
    struct flv_metadata metadata;
};

void movie_index_init(struct movie_index *index, int fd,
                      const struct movie_options *options);
void movie_index_destroy(struct movie_index *index);

void movie_index_lock(struct movie_index *index);
void movie_index_unlock(struct movie_index *index);

enum movie_step {
    MOVIE_STEP_ON, /* there may be a tag now: look, or take the next step */
    MOVIE_STEP_END,
    MOVIE_STEP_FAILED
};

/* Brings a cursor that has read its block to the end one step on: into the
 * next block, or by one step of the scan. Takes the lock; blocks on the disk
 * for one bounded read. */
enum movie_step movie_index_step(struct movie_index *index,
                                 struct movie_cursor *cursor);

/* Lets the cursor hold `block`, which somebody holds already (or NULL), instead
 * of its own. Takes the lock. */
void movie_index_share(struct movie_index *index, struct movie_cursor *cursor,
                       struct movie_block *block);

/* Lets go of the cursor's block. Takes the lock. */
void movie_index_leave(struct movie_index *index, struct movie_cursor *cursor);

/* Passes a fault on, as scan.on_fault; with the lock held. */
void movie_index_on_fault(void *index, enum flv_fault fault,
                          int64_t offset_bytes, const char *what);

struct movie_track *movie_index_track(struct movie_index *index, uint8_t type);

#endif
