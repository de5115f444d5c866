/* The last minutes, a sample every other second: for the charts, which so begin
 * with what was before anybody looked. Pure. */
#ifndef FLVD_STATUS_HISTORY_H
#define FLVD_STATUS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/report.h"

#define HISTORY_INTERVAL_S 2
#define HISTORY_SAMPLES 150

struct history_sample {
    int64_t unix_ms;
    uint32_t viewers; /* that have something playing or paused */
    double bits_per_s;
    bool has_lateness;     /* something was sent */
    double lateness_p99_s; /* 99 of 100 batches were no later than this */
};

struct history {
    struct history_sample samples[HISTORY_SAMPLES]; /* a ring */
    size_t next;
    size_t count;
    int64_t taken_ns;        /* when `before` was */
    struct tally_sum before; /* what had been counted up to the last sample */
    bool has_before;
};

void history_init(struct history *history);

/* What was counted up to `now_ns`; the first time only says from where to
 * count. */
void history_add(struct history *history, const struct tally_sum *sum,
                 int64_t now_ns, int64_t unix_ms);

/* Copies what there is, the oldest first. Returns how many. */
size_t history_copy(const struct history *history,
                    struct history_sample samples[static HISTORY_SAMPLES]);

/* Those that watch something now. */
uint32_t history_viewers(const struct tally_sum *sum);

#endif
