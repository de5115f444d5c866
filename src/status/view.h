/* What there is to show, at one moment: made once for each request, and written
 * as a page or as JSON. */
#ifndef FLVD_STATUS_VIEW_H
#define FLVD_STATUS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/report.h"
#include "status/history.h"

struct view {
    struct report_totals totals;
    int64_t unix_ms; /* now */

    const struct profile_row *rows; /* the first of the connections */
    size_t row_count;
    size_t connection_count; /* how many there are */

    const struct history_sample *samples;
    size_t sample_count;

    const char *const *urls; /* to play; up to the name where that chooses */
    size_t url_count;
    bool takes_name;  /* the latter */
    bool takes_token; /* a name is played only with one */

    const char *const *operands; /* what is served */
    size_t operand_count;
};

#endif
