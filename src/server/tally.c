/* Counters. Relaxed throughout: they say nothing of other memory. */
#include "config.h"

#include "server/tally.h"

#include <string.h>

#define MS CLOCK_NS_PER_MS
#define US (CLOCK_NS_PER_MS / 1000)

const int64_t tally_bounds_ns[TALLY_BOUNDS] = {
    1 * MS,   2500 * US, 5 * MS,    10 * MS,   25 * MS,   50 * MS,   100 * MS,
    250 * MS, 500 * MS,  1000 * MS, 2500 * MS, 5000 * MS, 10000 * MS};

void tally_init(struct tally *tally)
{
    memset(tally, 0, sizeof(*tally));
}

static void add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct tally_shard *shard_of(struct tally *tally, uint64_t id)
{
    return &tally->shards[id % TALLY_SHARDS];
}

void tally_sent(struct tally *tally, uint64_t id, uint64_t bytes, uint64_t tags)
{
    struct tally_shard *shard = shard_of(tally, id);

    add(&shard->bytes, bytes);
    add(&shard->tags, tags);
}

void tally_batch(struct tally *tally, uint64_t id, int64_t late_ns)
{
    struct tally_shard *shard = shard_of(tally, id);
    size_t bucket = 0;

    while (bucket < TALLY_BOUNDS && late_ns > tally_bounds_ns[bucket])
        bucket++;
    add(&shard->batches[bucket], 1);
    if (late_ns > 0)
        add(&shard->late_ns, (uint64_t)late_ns);
}

void tally_enter(struct tally *tally, enum tally_state state)
{
    atomic_fetch_add_explicit(&tally->states[state], 1, memory_order_relaxed);
}

static void leave(struct tally *tally, enum tally_state state)
{
    atomic_fetch_sub_explicit(&tally->states[state], 1, memory_order_relaxed);
}

void tally_change(struct tally *tally, enum tally_state from,
                  enum tally_state to)
{
    leave(tally, from);
    tally_enter(tally, to);
}

void tally_leave(struct tally *tally, enum tally_state state,
                 enum session_end end)
{
    leave(tally, state);
    add(&tally->ended[end], 1);
}

void tally_refused(struct tally *tally, enum tally_refusal why)
{
    add(&tally->refused[why], 1);
}

void tally_accept_failed(struct tally *tally)
{
    add(&tally->accept_failures, 1);
}

static void add_shard(const struct tally_shard *shard, struct tally_sum *sum)
{
    sum->bytes += load(&shard->bytes);
    sum->tags += load(&shard->tags);
    sum->late_ns += load(&shard->late_ns);
    for (size_t i = 0; i <= TALLY_BOUNDS; i++) {
        uint64_t batches = load(&shard->batches[i]);

        sum->batches[i] += batches;
        sum->batches_count += batches;
        if (i > 0 && tally_bounds_ns[i - 1] >= TALLY_LATE_NS)
            sum->late_batches += batches;
    }
}

void tally_add_up(const struct tally *tally, struct tally_sum *sum)
{
    memset(sum, 0, sizeof(*sum));
    for (size_t i = 0; i < TALLY_SHARDS; i++)
        add_shard(&tally->shards[i], sum);
    for (size_t i = 0; i < SESSION_ENDS; i++)
        sum->ended[i] = load(&tally->ended[i]);
    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        sum->refused[i] = load(&tally->refused[i]);
    sum->accept_failures = load(&tally->accept_failures);
    for (size_t i = 0; i < TALLY_STATES; i++)
        sum->states[i] =
            atomic_load_explicit(&tally->states[i], memory_order_relaxed);
}

const char *tally_refusal_key(enum tally_refusal why)
{
    switch (why) {
    case TALLY_REFUSED_FULL:
        return "full";
    case TALLY_REFUSED_ADDRESS:
        return "address";
    case TALLY_REFUSED_DENIED:
        return "denied";
    case TALLY_REFUSED_SHORTAGE:
        return "shortage";
    case TALLY_REFUSALS:
        break;
    }
    return "unknown";
}

const char *tally_state_key(enum tally_state state)
{
    switch (state) {
    case TALLY_CONNECTING:
        return "connecting";
    case TALLY_IDLE:
        return "idle";
    case TALLY_PLAYING:
        return "playing";
    case TALLY_PAUSED:
        return "paused";
    case TALLY_STATES:
        break;
    }
    return "unknown";
}
