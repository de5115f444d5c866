/* Many viewers in one process, on epoll. */
#ifndef FLVD_BENCH_CROWD_H
#define FLVD_BENCH_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "watcher.h"

struct crowd {
    size_t viewers;      /* how many join in all */
    size_t parsing;      /* how many of them parse every message */
    double rate;         /* so many join a second, or 0: one after another */
    double stay_seconds; /* after the last has joined; 0: up to a frame */
    double life_seconds; /* of a storm: how long one stays at most, or 0 */
    uint64_t seed;       /* of what is random in a storm */
    struct watcher_scene scene;
    struct watcher *watchers; /* all of them; NULL before crowd_run */
};

/* Until all have joined and stayed, or nobody has seen a frame for too long.
 * Says `playing' when all have joined. */
void crowd_run(struct crowd *crowd);
void crowd_free(struct crowd *crowd);

#endif
