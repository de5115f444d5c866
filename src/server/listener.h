/* A listening socket, and the loop of blocking accept calls on it. */
#ifndef FLVD_SERVER_LISTENER_H
#define FLVD_SERVER_LISTENER_H

#include <pthread.h>
#include <stdatomic.h>
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
    pthread_t thread;                /* that accepts, while it does */
    atomic_bool is_accepting;
    atomic_int_least64_t busy_since_ns; /* 0: waits in accept, or is not run */
};

/* Blocks the signal that listener_wake_all sends, in the calling thread and all
 * that it makes. Call before any thread exists. */
void listener_block_wake(void);

#define LISTENER_FAULT_BYTES 192

/* Binds and listens. With `tls`, which outlives the listener, it is for RTMPS.
 * False, and one line in `fault`, when that fails; it names the address. */
bool listener_open(struct listener *listener, const struct address *address,
                   struct tls_context *tls,
                   char fault[static LISTENER_FAULT_BYTES]);

/* The same with a listening TCP socket that was passed by a service manager,
 * which keeps it: `fd` is taken over, but what it refers to is shared. */
bool listener_adopt(struct listener *listener, int fd, struct tls_context *tls,
                    char fault[static LISTENER_FAULT_BYTES]);

void listener_close(struct listener *listener);

/* Accepts connections and starts sessions until context->closing is set and
 * listener_wake_all was called. Blocks. What cannot be accepted for want of
 * descriptors, memory or threads costs that client only, and a log line at
 * most every second. */
void listener_run(struct listener *listener, struct session_context *context);

/* The same, for connections that are no sessions: `take` gets each of them,
 * until *closing is set and listener_wake_all was called. */
typedef void listener_take(void *argument, int fd,
                           const struct sockaddr_storage *peer);
void listener_hand_over(struct listener *listener, const atomic_bool *closing,
                        listener_take *take, void *argument);

/* From another thread, after `closing` was set: ends listener_run or
 * listener_hand_over of each of `count` listeners. Blocks until they are at
 * their end or will not wait; their threads must live until then. */
void listener_wake_all(struct listener *listeners, size_t count);

/* Since when it has been at something else than waiting for a connection; 0 if
 * it waits, or is not run. From any thread. */
int64_t listener_busy_since_ns(const struct listener *listener);

#endif
