/* Who may come in: sees whether a peer may connect, counts it, and gives its
 * session a thread. */
#ifndef FLVD_SERVER_ADMISSION_H
#define FLVD_SERVER_ADMISSION_H

#include <sys/socket.h>

#include "net/tls_context.h"
#include "server/session.h"

enum admission {
    ADMISSION_GRANTED,
    ADMISSION_FULL,            /* too many connections, or the server stops */
    ADMISSION_FULL_OF_ADDRESS, /* too many of this address */
    ADMISSION_DENIED,          /* by --allow and --deny */
    ADMISSION_FAILED /* memory or threads are short; errno says which */
};

/* Who is a proxy (--proxy-protocol) says first for whom it speaks: what can
 * only be seen by that one's address is seen on the thread of its session.
 *
 * Takes over the connected socket `fd`, also when it fails: sees whether the
 * peer may connect, before anything is spent on it, enters it into the roster
 * and starts its session on a thread, detached. A peer that is refused is
 * reset, which leaves nothing behind in the kernel. With `tls`, which outlives
 * the session, the peer has to speak TLS. */
enum admission admission_decide(struct session_context *context, int fd,
                                const struct sockaddr_storage *peer,
                                struct tls_context *tls);

#endif
