/* What the server counts, in the text format of Prometheus. Nothing that a peer
 * says is in it. Pure. */
#ifndef FLVD_STATUS_METRICS_H
#define FLVD_STATUS_METRICS_H

#include <stdio.h>

#include "server/report.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(FILE *out, const struct report_totals *totals);

#endif
