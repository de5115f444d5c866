/* Lines on their way to a descriptor whose reader may stall.
 *
 * Whoever puts a line never waits: lines stand in a bounded queue, a thread of
 * the queue's own writes them, one write(2) each. When the queue is full,
 * lines are dropped and counted; the count is written once there is room. */
#ifndef FLVD_BASE_LINE_QUEUE_H
#define FLVD_BASE_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_QUEUE_BYTES 65536
/* A line, its newline included; longer ones are cut. */
#define LINE_QUEUE_MAX_LINE 16384
/* The line that tells how many were dropped. */
#define LINE_QUEUE_NOTICE_BYTES 512

struct line_queue; /* opaque */

/* Without its thread as yet: lines may be put, and are held. `fd` stays the
 * caller's. NULL, with errno set, when memory is short. */
struct line_queue *line_queue_new(int fd);

/* Starts the thread, with all signals blocked, which lets the lines out. False,
 * with errno set, when threads are short: the lines stay held. Call once. */
bool line_queue_let_out(struct line_queue *queue);

/* Both at once. NULL, with errno set, when memory or threads are short. */
struct line_queue *line_queue_start(int fd);

/* Has another function say how many lines were dropped than the one that says
 * it in English. It fills `line`, newline included, and returns its length.
 * Before others put lines. */
typedef size_t line_queue_notice(char line[static LINE_QUEUE_NOTICE_BYTES],
                                 uint64_t count);
void line_queue_set_notice(struct line_queue *queue, line_queue_notice *notice);

/* Adds a line of `length` bytes, newline included. Never blocks on the
 * descriptor; keeps errno. */
void line_queue_put(struct line_queue *queue, const char *line, size_t length);

/* Waits until all lines are written, `deadline_ns` at the latest. False when
 * they were not, or are held. */
bool line_queue_flush(struct line_queue *queue, int64_t deadline_ns);

/* Lines that were dropped since the start. */
uint64_t line_queue_dropped(struct line_queue *queue);

/* Waits until all lines are written, `deadline_ns` at the latest (lines that
 * are held are dropped), then ends the thread and frees the queue. When the
 * descriptor's reader has stalled the thread cannot be ended: false, and the
 * queue is left to the end of the process, which must be near. No line may be
 * put after this. */
bool line_queue_stop(struct line_queue *queue, int64_t deadline_ns);

#endif
