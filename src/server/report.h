/* What a running server tells of itself: totals, and a row for each
 * connection. For those who show it, in the log or elsewhere. */
#ifndef FLVD_SERVER_REPORT_H
#define FLVD_SERVER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/session.h"
#include "server/tally.h"
#include "server/profile.h"

/* What this flvd was built with. */
#define REPORT_FEATURES 4
struct report_feature {
    const char *name; /* "openssl" */
    bool is_built_in;
};
extern const char *const report_version; /* "0.1.0" */
void report_features(struct report_feature features[REPORT_FEATURES]);

struct report_totals {
    int64_t uptime_ns;
    int64_t started_unix_s;
    bool is_draining;     /* nobody is let in any more */
    uint64_t sessions;    /* that were begun */
    uint32_t connections; /* that there are */
    uint32_t max_clients;
    uint64_t movies;      /* that are open */
    uint64_t index_bytes; /* of them */
    struct tally_sum sum;
};

/* Costs the same however many are connected. */
void report_totals(const struct session_context *context,
                   struct report_totals *totals);

/* One row for each connection, in connecting order, `most` at the most.
 * Returns how many connections there were: rows beyond `most` were left out.
 * Those that come or go meanwhile may be in it or not. Nobody is held up
 * (roster_visit). */
size_t report_rows(const struct session_context *context,
                   struct profile_row *rows, size_t most);

#endif
