/* When the messages of a stream came, against their timestamps. */
#ifndef FLVD_BENCH_LATENESS_H
#define FLVD_BENCH_LATENESS_H

#include <stddef.h>
#include <stdint.h>

/* One message: below 0 is ahead of its time. */
struct lateness_entry {
    uint32_t viewer;
    float ms;
};

struct lateness {
    struct lateness_entry *entries;
    size_t count, capacity;
};

void lateness_add(struct lateness *lateness, uint32_t viewer, double ms);
/* Prints how many messages there were, how many of them came ahead of their
 * time, and the percentiles of the rest: a line that begins with `name`. */
void lateness_report(const struct lateness *lateness, const char *name);
/* From now on each viewer's earliest message is the one that came in time. */
void lateness_start_at_earliest(struct lateness *lateness);
void lateness_free(struct lateness *lateness);

#endif
