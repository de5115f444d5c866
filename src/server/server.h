/* The running server: listeners, the signals, and how it stops. */
#ifndef FLVD_SERVER_SERVER_H
#define FLVD_SERVER_SERVER_H

#include <stddef.h>

#include "options.h"
#include "server/keyring.h"
#include "server/library.h"
#include "server/listener.h"

#define SERVER_MAX_LISTENERS (2 * OPTIONS_MAX_LISTEN + OPTIONS_MAX_PASSED)

/* Blocks, in the calling thread and all that it makes, the signals that
 * server_run waits for, and sees whether there is a controlling terminal. Call
 * before any thread exists, and while every file may be opened. */
void server_block_signals(void);

enum server_end {
    SERVER_STOPPED, /* as asked; nothing runs any more */
    SERVER_STUCK,   /* as asked, but sessions that could not be ended still use
                       everything: the process must end without freeing it */
    SERVER_FAILED   /* threads could not be made; the log says which */
};

/* Makes ready to serve, with the keys in `keyring` unless it is NULL; NULL, and
 * a log line, when memory is short. What is returned tells of the server to
 * those who report (report.h), until server_clear. Call once. */
const struct session_context *server_prepare(const struct options *options,
                                             struct library *library,
                                             struct keyring *keyring);

/* Serves until a signal or --stop-after ends it. Then closes the listeners,
 * lets those who are in go on for as long as --drain says, tells the viewers
 * and waits for the sessions to end. The calling thread accepts on the first
 * listener. Once it is stopping, a second signal ends the process at once. Call
 * once. */
enum server_end server_run(struct listener *listeners, size_t listener_count);

/* Frees what was made ready; not when sessions are stuck. */
void server_clear(void);

#endif
