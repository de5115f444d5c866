/* A listening socket, and the loop of blocking accept calls on it. */
#ifndef FLVD_SERVER_LISTENER_H
#define FLVD_SERVER_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "net/address.h"
#include "net/tls_context.h"
#include "server/session.h"

struct listener {
    int fd;
    struct sockaddr_storage address; /* bound, with the port that it got */
    bool is_any;                     /* on all addresses */
    struct tls_context *tls;         /* NULL: plain RTMP */
};

#define LISTENER_FAULT_BYTES 192

/* Binds and listens. With `tls`, which outlives the listener, it is for RTMPS.
 * False, and one line in `fault`, when that fails; it names the address. */
bool listener_open(struct listener *listener, const struct address *address,
                   struct tls_context *tls,
                   char fault[static LISTENER_FAULT_BYTES]);

void listener_close(struct listener *listener);

/* Accepts connections and starts sessions until context->stopping is set and
 * listener_wake was called. Blocks. What cannot be accepted for want of
 * descriptors, memory or threads costs that client only, and a log line at
 * most every second. */
void listener_run(struct listener *listener, struct session_context *context);

/* From another thread, after context->stopping was set: ends listener_run. */
void listener_wake(struct listener *listener);

#endif
