/* The times of a file's tags, from timestamps of too few bits. Pure.
 *
 * A timestamp has 32 bits and wraps. Some writers never set its extension byte,
 * so that theirs wrap at 2^24 ms (4 h 39 min 37 s); some set only 7 bits of
 * it, so that they wrap at 2^31, and what is before the beginning is told as
 * something below 2^31. Times go on over each of these wraps.
 *
 * What looks like a wrap may be a recording that began anew at 0. A step is
 * over a wrap of 24 (or 31) bits only if neither timestamp has more bits, and
 * if that makes a small step, either way, of one that is none otherwise. A
 * recording that began anew has that only when it did so within
 * FILE_TIME_MAX_STEP_MS of 2^24 ms, and is then played on without a jump. */
#ifndef FLVD_FLV_FILE_TIME_H
#define FLVD_FLV_FILE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* The largest step over a wrap: tracks lie so far apart at most. */
#define FILE_TIME_MAX_STEP_MS 10000

/* Behind the last tag; all bytes 0 before the first. */
struct file_time {
    bool has_begun;
    uint32_t timestamp_ms; /* as in the file */
    int64_t ms;
};

/* The time of the next tag. May run backwards, and be below 0: a first one in
 * the last 65 s before 2^32 is taken for a small negative one. */
int64_t file_time_next(struct file_time *time, uint32_t timestamp_ms);

#endif
