/* The system calls that the filter refuses: a line of the log for each, once.
 * The filter raises SIGSYS; the handler gives the call the result ENOSYS and
 * puts its number into a pipe, and a thread logs it. So whoever made the call
 * goes on at once, and nothing is called in the handler that may not be. */
#ifndef FLVD_SANDBOX_REFUSALS_H
#define FLVD_SANDBOX_REFUSALS_H

#include <stdbool.h>

/* Whether there is a way, on this architecture, to give a call its result. */
bool refusals_can_be_told(void);

/* Makes the pipe and installs the handler. False, with errno, when that
 * fails. Before the filter is in force. */
bool refusals_prepare(void);

/* Starts the thread, if refusals_prepare was called; false, with errno, when
 * none could be made. */
bool refusals_start(void);

/* Ends the thread. Calls that are refused from now on are not told. */
void refusals_stop(void);

#endif
