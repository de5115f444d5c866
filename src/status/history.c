/* What was counted between two looks, as rates. */
#include "config.h"

#include "status/history.h"

#include <string.h>

#define QUANTILE 0.99
#define BITS_PER_BYTE 8.0

void history_init(struct history *history)
{
    memset(history, 0, sizeof(*history));
}

uint32_t history_viewers(const struct tally_sum *sum)
{
    return sum->states[TALLY_PLAYING] + sum->states[TALLY_PAUSED];
}

static double bound_s(size_t bucket)
{
    return (double)tally_bounds_ns[bucket] / (double)CLOCK_NS_PER_S;
}

/* As Prometheus does it: evenly spread within a bucket, and the last one, which
 * has no upper bound, counts as its lower one. */
static bool find_quantile(const uint64_t batches[static TALLY_BOUNDS + 1],
                          double *quantile_s)
{
    uint64_t total = 0;
    double wanted, below = 0;

    for (size_t i = 0; i <= TALLY_BOUNDS; i++)
        total += batches[i];
    wanted = QUANTILE * (double)total;
    for (size_t i = 0; i < TALLY_BOUNDS; i++) {
        const double here = (double)batches[i];
        const double lower_s = i == 0 ? 0 : bound_s(i - 1);

        if (here > 0 && below + here >= wanted) {
            *quantile_s =
                lower_s + (bound_s(i) - lower_s) * (wanted - below) / here;
            return true;
        }
        below += here;
    }
    *quantile_s = bound_s(TALLY_BOUNDS - 1);
    return total > 0;
}

static void measure(const struct tally_sum *before, const struct tally_sum *sum,
                    double elapsed_s, struct history_sample *sample)
{
    uint64_t batches[TALLY_BOUNDS + 1];

    for (size_t i = 0; i <= TALLY_BOUNDS; i++)
        batches[i] = sum->batches[i] - before->batches[i];
    sample->viewers = history_viewers(sum);
    sample->bits_per_s =
        (double)(sum->bytes - before->bytes) * BITS_PER_BYTE / elapsed_s;
    sample->has_lateness = find_quantile(batches, &sample->lateness_p99_s);
}

void history_add(struct history *history, const struct tally_sum *sum,
                 int64_t now_ns, int64_t unix_ms)
{
    const double elapsed_s =
        (double)(now_ns - history->taken_ns) / (double)CLOCK_NS_PER_S;

    if (history->has_before && elapsed_s > 0) {
        struct history_sample *sample = &history->samples[history->next];

        sample->unix_ms = unix_ms;
        measure(&history->before, sum, elapsed_s, sample);
        history->next = (history->next + 1) % HISTORY_SAMPLES;
        if (history->count < HISTORY_SAMPLES)
            history->count++;
    }
    history->before = *sum;
    history->taken_ns = now_ns;
    history->has_before = true;
}

size_t history_copy(const struct history *history,
                    struct history_sample samples[static HISTORY_SAMPLES])
{
    const size_t first =
        (history->next + HISTORY_SAMPLES - history->count) % HISTORY_SAMPLES;

    for (size_t i = 0; i < history->count; i++)
        samples[i] = history->samples[(first + i) % HISTORY_SAMPLES];
    return history->count;
}
