/* Wraps undone: a time is the one before plus the step of the timestamps,
 * modulo the fewest bits that make it a small one. */
#include "config.h"

#include "flv/file_time.h"

#include <stddef.h>

/* First timestamps from here on are negative: -65536 ms to -1 ms. */
#define FIRST_NEGATIVE_MS 0xFFFF0000u

static bool is_small(int64_t step_ms)
{
    return step_ms >= -FILE_TIME_MAX_STEP_MS &&
           step_ms <= FILE_TIME_MAX_STEP_MS;
}

/* The step between two timestamps of so many bits, the shorter way round. */
static int64_t step_of_bits(uint32_t from_ms, uint32_t to_ms, unsigned bits)
{
    const int64_t period_ms = INT64_C(1) << bits;
    const int64_t step_ms = (to_ms - from_ms) & (period_ms - 1);

    return step_ms < period_ms / 2 ? step_ms : step_ms - period_ms;
}

/* Nothing steps back over a wrap that was not stepped over before. */
static int64_t step(const struct file_time *time, uint32_t to_ms)
{
    static const unsigned short_bits[] = {24, 31};
    const uint32_t from_ms = time->timestamp_ms;
    const int64_t step_ms = step_of_bits(from_ms, to_ms, 32);

    for (size_t i = 0; i < 2 && !is_small(step_ms); i++) {
        const unsigned bits = short_bits[i];
        const int64_t short_step_ms = step_of_bits(from_ms, to_ms, bits);

        if ((from_ms | to_ms) >> bits == 0 && is_small(short_step_ms) &&
            time->ms + short_step_ms >= 0)
            return short_step_ms;
    }
    return step_ms;
}

int64_t file_time_next(struct file_time *time, uint32_t timestamp_ms)
{
    if (time->has_begun)
        time->ms += step(time, timestamp_ms);
    else if (timestamp_ms >= FIRST_NEGATIVE_MS)
        time->ms = (int32_t)timestamp_ms;
    else
        time->ms = timestamp_ms;
    time->has_begun = true;
    time->timestamp_ms = timestamp_ms;
    return time->ms;
}
