/* One connection, from its beginning to its end, on a thread of its own: the
 * only place that sees every layer. It handshakes, hands messages to the
 * conversation (net_connection), sends what the feed gives it, and waits; one
 * blocking call at a time, each with an absolute deadline. */
#ifndef FLVD_SERVER_SESSION_H
#define FLVD_SERVER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/tls_context.h"
#include "net/transport.h"
#include "options.h"
#include "server/census.h"
#include "server/feed_pool.h"
#include "server/library.h"
#include "server/roster.h"
#include "server/session_end.h"
#include "server/tally.h"

/* What all sessions share. Outlives them all. */
struct session_context {
    const struct options *options;
    struct library *library;
    struct roster *roster;
    struct census *census;
    struct feed_pool *feeds;
    struct tally *tally;
    atomic_bool closing;           /* nobody is let in any more */
    atomic_bool stopping;          /* the server stops: say goodbye */
    atomic_uint_fast64_t sessions; /* numbers them in the log */
    int64_t started_ns;
    int64_t started_unix_s; /* the same by the wall clock */
};

struct session;

/* Of the connected socket `fd`, which it owns from now on; `entry`, which is
 * the caller's and outlives it, is that of the connection in the roster, with a
 * profile that is initialised here. With
 * `tls`, which outlives it too, the peer has to speak TLS. NULL when memory is
 * short: `fd` stays the caller's then. */
struct session *session_new(struct session_context *context,
                            struct roster_entry *entry, int fd,
                            const struct sockaddr_storage *peer,
                            struct tls_context *tls);

/* From now on, on the thread that is to run it, it is counted. */
void session_begin(struct session *session);

/* What a proxy said of it before it is run: whom it is for. If that one goes
 * before it says anything, it was a health check. */
void session_set_peer(struct session *session,
                      const struct sockaddr_storage *peer);

/* "#12 192.0.2.1:50000", for lines of the log. */
const char *session_label(const struct session *session);

/* Until when it must have got to `connect`. */
int64_t session_handshake_deadline_ns(const struct session *session);

/* Why it ends when its transport, or its socket, says so. */
enum session_end session_end_of_transport(const struct session *session,
                                          enum transport_result result);

/* All of it, on the calling thread, from the handshake to the line in the log
 * that says why it ended; only that line if it has ended before, as `end`
 * says. */
void session_run(struct session *session, enum session_end end);

/* Takes the descriptor out of the roster's entry, and closes it. */
void session_free(struct session *session);

#endif
