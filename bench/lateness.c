#include "config.h"

#include "lateness.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

void lateness_add(struct lateness *lateness, uint32_t viewer, double ms)
{
    if (lateness->count == lateness->capacity) {
        size_t capacity =
            lateness->capacity == 0 ? 4096 : 2 * lateness->capacity;

        lateness->entries = reallocarray(lateness->entries, capacity,
                                         sizeof(*lateness->entries));
        if (lateness->entries == NULL)
            die("out of memory");
        lateness->capacity = capacity;
    }
    lateness->entries[lateness->count++] =
        (struct lateness_entry){.viewer = viewer, .ms = (float)ms};
}

void lateness_report(const struct lateness *lateness, const char *name)
{
    size_t count = lateness->count, ahead = 0;
    double *ms = calloc(count + 1, sizeof(*ms));

    if (ms == NULL)
        die("out of memory");
    for (size_t i = 0; i < count; i++) {
        ms[i] = lateness->entries[i].ms;
        ahead += ms[i] <= 0;
    }
    if (count > 0) {
        qsort(ms, count, sizeof(*ms), compare_doubles);
        printf("%s messages %zu ahead %.6f min %.3f median %.3f p99 %.3f "
               "p999 %.3f max %.3f\n",
               name, count, (double)ahead / (double)count, ms[0],
               quantile(ms, count, 0.5), quantile(ms, count, 0.99),
               quantile(ms, count, 0.999), ms[count - 1]);
    }
    free(ms);
}

void lateness_start_at_earliest(struct lateness *lateness)
{
    uint32_t viewers = 0;
    float *earliest;

    for (size_t i = 0; i < lateness->count; i++)
        if (lateness->entries[i].viewer >= viewers)
            viewers = lateness->entries[i].viewer + 1;
    earliest = calloc((size_t)viewers + 1, sizeof(*earliest));
    if (earliest == NULL)
        die("out of memory");
    /* The last of the first: any entry of the viewer will do to start from. */
    for (size_t i = 0; i < lateness->count; i++)
        earliest[lateness->entries[i].viewer] = lateness->entries[i].ms;
    for (size_t i = 0; i < lateness->count; i++) {
        const struct lateness_entry *entry = &lateness->entries[i];

        if (entry->ms < earliest[entry->viewer])
            earliest[entry->viewer] = entry->ms;
    }
    for (size_t i = 0; i < lateness->count; i++)
        lateness->entries[i].ms -= earliest[lateness->entries[i].viewer];
    free(earliest);
}

void lateness_free(struct lateness *lateness)
{
    free(lateness->entries);
}
