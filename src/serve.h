/* Serving, from the options to the exit status. */
#ifndef FLVD_SERVE_H
#define FLVD_SERVE_H

#include "exit_status.h"
#include "options.h"
#include "passed.h"

/* Opens what `options` name and `passed` holds, locks the process down, and
 * serves until it is told to stop. What keeps it from that is one line on
 * standard error. `options` must last as long as the process: sessions that
 * are stuck at the end still look at them. Fills in the default of --loop. Call
 * once, before there is another thread. */
enum exit_status serve(struct options *options,
                       const struct passed_sockets *passed);

#endif
