/* What the server has counted since it started, all connections together. Every
 * figure only rises, but for the states, which are how many are in each now.
 *
 * What workers count again and again lies in shards, each with cache lines of
 * its own: a worker adds to the one of its connection's number, a few relaxed
 * additions a batch, and whoever asks adds the shards up. So totals need no
 * list of connections, and never fall when one ends. */
#ifndef FLVD_SERVER_TALLY_H
#define FLVD_SERVER_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "server/session_end.h"

#define TALLY_SHARDS 64
#define TALLY_CACHE_LINE_BYTES 64

/* A batch is what is sent between two waits. It is late by the time from when
 * the wait was to end until the kernel had taken the first write of it; a
 * viewer that makes the server wait for room in that write adds nothing. What
 * answers a command was not waited for, and is not counted. */
#define TALLY_BOUNDS 13 /* of the buckets below the last */
extern const int64_t tally_bounds_ns[TALLY_BOUNDS];

/* Later than this is late; one of the bounds. */
#define TALLY_LATE_NS (50 * CLOCK_NS_PER_MS)

/* Who was not let in. */
enum tally_refusal {
    TALLY_REFUSED_FULL,     /* --max-clients */
    TALLY_REFUSED_ADDRESS,  /* --max-clients-per-address */
    TALLY_REFUSED_DENIED,   /* --allow and --deny */
    TALLY_REFUSED_SHORTAGE, /* of memory or threads */
    TALLY_REFUSALS
};

enum tally_state {
    TALLY_CONNECTING, /* until connect was answered */
    TALLY_IDLE,       /* nothing plays */
    TALLY_PLAYING,
    TALLY_PAUSED,
    TALLY_STATES
};

struct tally_shard {
    _Alignas(TALLY_CACHE_LINE_BYTES) _Atomic uint64_t bytes;
    _Atomic uint64_t tags;
    _Atomic uint64_t late_ns; /* sum of what batches were late */
    _Atomic uint64_t batches[TALLY_BOUNDS + 1]; /* by how late they were */
};

struct tally {
    struct tally_shard shards[TALLY_SHARDS];
    _Atomic uint64_t ended[SESSION_ENDS]; /* by reason */
    _Atomic uint64_t refused[TALLY_REFUSALS];
    _Atomic uint64_t accept_failures;
    _Atomic uint32_t states[TALLY_STATES];
};

/* The same, added up. */
struct tally_sum {
    uint64_t bytes;
    uint64_t tags;
    uint64_t late_ns;
    uint64_t batches[TALLY_BOUNDS + 1]; /* not cumulative */
    uint64_t batches_count;
    uint64_t late_batches;
    uint64_t ended[SESSION_ENDS];
    uint64_t refused[TALLY_REFUSALS];
    uint64_t accept_failures;
    uint32_t states[TALLY_STATES];
};

void tally_init(struct tally *tally);

/* Media that connection `id` was sent, over what was told before. */
void tally_sent(struct tally *tally, uint64_t id, uint64_t bytes,
                uint64_t tags);
/* A batch of connection `id`, and how late it was; below 0 is in time. */
void tally_batch(struct tally *tally, uint64_t id, int64_t late_ns);

void tally_enter(struct tally *tally, enum tally_state state);
void tally_change(struct tally *tally, enum tally_state from,
                  enum tally_state to);
void tally_leave(struct tally *tally, enum tally_state state,
                 enum session_end end);
void tally_refused(struct tally *tally, enum tally_refusal why);
void tally_accept_failed(struct tally *tally);

/* Not of one moment: what is counted meanwhile may be in it or not. */
void tally_add_up(const struct tally *tally, struct tally_sum *sum);

/* For programs: "full", "address", "denied", "shortage"; "connecting", "idle",
 * "playing", "paused". */
const char *tally_refusal_key(enum tally_refusal why);
const char *tally_state_key(enum tally_state state);

#endif
