/* The table of viewers, as SIGUSR1 has it written to the log: one line each,
 * aligned, and totals. */
#ifndef FLVD_SERVER_TABLE_H
#define FLVD_SERVER_TABLE_H

#include <stddef.h>

#include "server/report.h"

#define TABLE_LINE_BYTES 640

/* The widths that differ from table to table. */
struct table_widths {
    int address;
    int id; /* with its "#" */
};
struct table_widths table_measure(const struct profile_row *rows, size_t count);

/* The lines, without newline: the heads of the columns, a row, the totals. */
void table_head(struct table_widths widths, char line[static TABLE_LINE_BYTES]);
void table_row(struct table_widths widths, const struct profile_row *row,
               char line[static TABLE_LINE_BYTES]);
void table_totals(const struct report_totals *totals,
                  char line[static TABLE_LINE_BYTES]);

/* Writes the table of all connections to the log, whatever its level. Waits for
 * the log's reader, two seconds in all; lines that it does not read in time are
 * left out, and their number told. */
void table_log(const struct session_context *context);

#endif
