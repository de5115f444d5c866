/* The RTMP handshake on the wire, server side: all that a session says and
 * hears before its first message. */
#ifndef FLVD_SERVER_HANDSHAKE_WIRE_H
#define FLVD_SERVER_HANDSHAKE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/transport.h"
#include "server/feed_pool.h"
#include "server/session_end.h"

struct session;

struct handshake_wire {
    const struct session *session; /* for its deadline, its label, its ends */
    struct transport *transport;   /* the session's */
    struct feed_pool *feeds;       /* one of them sends the answer */
    uint32_t uptime_ms;            /* of the server, for S1 */
    bool is_behind_proxy;          /* the peer may be a health check of it */
};

/* Blocks until C2 has come, or until the session's deadline for a handshake.
 * SESSION_GOES_ON: messages may follow. */
enum session_end handshake_wire_run(const struct handshake_wire *wire);

#endif
