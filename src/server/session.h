/* One connection, from accept to its end, on a thread of its own: the only
 * place that sees every layer. It handshakes, hands messages to the
 * conversation (net_connection), sends what the feed gives it, and waits; one
 * blocking call at a time, each with an absolute deadline. */
#ifndef FLVD_SERVER_SESSION_H
#define FLVD_SERVER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/tls_context.h"
#include "options.h"
#include "server/census.h"
#include "server/feed_pool.h"
#include "server/library.h"
#include "server/roster.h"

/* What all sessions share. Outlives them all. */
struct session_context {
    const struct options *options;
    struct library *library;
    struct roster *roster;
    struct census *census;
    struct feed_pool *feeds;
    atomic_bool closing;           /* nobody is let in any more */
    atomic_bool stopping;          /* the server stops: say goodbye */
    atomic_uint_fast64_t sessions; /* numbers them in the log */
    int64_t started_ns;
};

enum session_start {
    SESSION_STARTED,
    SESSION_REFUSED,         /* too many connections */
    SESSION_REFUSED_ADDRESS, /* too many of this address */
    SESSION_DENIED,          /* by --allow and --deny */
    SESSION_NOT_MADE         /* memory or threads are short; errno says which */
};

/* Takes over the connected socket `fd`, also when it fails: sees whether the
 * peer may connect, before anything is spent on it, enters it into the roster
 * and starts its thread, detached. A peer that is refused is reset, which
 * leaves nothing behind in the kernel. With `tls`, which outlives the session,
 * the peer has to speak TLS. */
enum session_start session_start(struct session_context *context, int fd,
                                 const struct sockaddr_storage *peer,
                                 struct tls_context *tls);

#endif
