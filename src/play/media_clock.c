/* The map from media time to monotonic time. */
#include "config.h"

#include "play/media_clock.h"

#include <stdbool.h>

#include "base/clock.h"

void media_clock_start(struct media_clock *clock, int64_t media_ms,
                       int64_t now_ns)
{
    clock->origin_ns = now_ns;
    clock->shift_ms = -media_ms;
    clock->furthest_ms = 0;
    clock->last_ms = 0;
    clock->behind_ms = 0;
    clock->lag_ms = 0;
}

static void note_lag(struct media_clock *clock, int64_t pace_ms)
{
    const bool leaps =
        clock->last_ms < clock->furthest_ms - MEDIA_CLOCK_MAX_LAG_MS;

    if (pace_ms < clock->furthest_ms - clock->behind_ms)
        clock->behind_ms = clock->furthest_ms - pace_ms;
    if (pace_ms >= clock->furthest_ms) {
        if (leaps && clock->behind_ms > clock->lag_ms)
            clock->lag_ms = clock->behind_ms;
        clock->behind_ms = 0;
        clock->furthest_ms = pace_ms;
    }
    clock->last_ms = pace_ms;
}

int64_t media_clock_pace(struct media_clock *clock, int64_t media_ms)
{
    int64_t pace_ms = media_ms + clock->shift_ms;

    if (pace_ms > clock->furthest_ms + MEDIA_CLOCK_MAX_GAP_MS) {
        pace_ms = clock->furthest_ms + MEDIA_CLOCK_MAX_GAP_MS;
        clock->shift_ms = pace_ms - media_ms;
    } else if (pace_ms < clock->furthest_ms - MEDIA_CLOCK_MAX_GAP_MS) {
        pace_ms = clock->furthest_ms;
        clock->shift_ms = pace_ms - media_ms;
    }
    note_lag(clock, pace_ms);
    return pace_ms;
}

int64_t media_clock_at_ns(const struct media_clock *clock, int64_t pace_ms)
{
    return clock->origin_ns + (pace_ms - clock->lag_ms) * CLOCK_NS_PER_MS;
}
