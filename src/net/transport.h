/* One connection's bytes, as they are or inside TLS. A transport owns the
 * descriptor: it reads, writes, and closes, with blocking calls that end at an
 * absolute time. Its peer's protocol it does not know.
 *
 * One thread uses a transport; only transport_interrupt may come from another,
 * and the caller sees to it that the transport still exists then. */
#ifndef FLVD_NET_TRANSPORT_H
#define FLVD_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/gather.h"

enum transport_result {
    TRANSPORT_OK,
    TRANSPORT_TIMEOUT,      /* the deadline came first; nothing was moved */
    TRANSPORT_CLOSED,       /* the peer said its end, in order; with TLS also
                               without its close_notify, since whoever talks RTMP
                               knows where a message ends */
    TRANSPORT_RESET,        /* the peer closed without hearing us out */
    TRANSPORT_GONE,         /* the peer's host, or the way to it, is gone */
    TRANSPORT_FILE_FAULT,   /* a file part could not be read: cut short */
    TRANSPORT_NOT_TLS,      /* the peer does not speak TLS where it should */
    TRANSPORT_PROXY_HEADER, /* the same, and it sends a PROXY header */
    TRANSPORT_BAD_TLS,      /* TLS failed: transport_fault says why */
    TRANSPORT_ERROR         /* anything else; errno says what */
};

/* How a connection begins that speaks TLS: a record of its handshake. */
#define TRANSPORT_FIRST_BYTE_OF_TLS 0x16

struct tls_context;
struct tls_link;
struct transport_ops;

struct transport {
    int fd;
    bool acknowledge_at_once;
    const struct transport_ops *ops;
    struct tls_context *tls; /* NULL: plain */
    struct tls_link *link;   /* the connection's own state of TLS */
};

/* Stack for the calls with TLS, on top of what their caller has. With OpenSSL
 * 3.0 they take 8 to 14 KiB, as tests/unit/test_tls_stack measures; this is for
 * other versions, with other ways to agree on a key. What is not used is never
 * touched, and so costs nothing. */
#define TRANSPORT_TLS_STACK_BYTES (64u << 10)

/* Takes over the connected stream socket `fd` and sets it up: blocking, no
 * Nagle delay, keepalive, little unsent data in the kernel. A socket that is
 * not TCP (a socketpair) is as good. With `tls`, which outlives the transport,
 * its bytes go through TLS, as a server; the handshake is a part of the first
 * reading or writing, and so under the deadline of that. */
void transport_init(struct transport *transport, int fd,
                    struct tls_context *tls);

/* Closes. What TLS still has to say is said if the socket takes it at once. */
void transport_destroy(struct transport *transport);

/* Whether what arrives is acknowledged at once (as it is at first), not up to
 * 40 ms later: a client whose Nagle algorithm is on holds back its next command
 * until then. Costs a system call a read. */
void transport_acknowledge_at_once(struct transport *transport, bool at_once);

/* Waits until at least one byte is there, `deadline_ns` at the latest, and
 * reads at most `size`. */
enum transport_result transport_read(struct transport *transport, void *data,
                                     size_t size, int64_t deadline_ns,
                                     size_t *length);

/* Reads what is there, at most `size`, without waiting: TRANSPORT_TIMEOUT when
 * nothing is. */
enum transport_result transport_read_now(struct transport *transport,
                                         void *data, size_t size,
                                         size_t *length);

/* Writes from the front of `gather`, waiting until something was taken,
 * `deadline_ns` at the latest, and consumes what was taken: all, or a part.
 * A gather that is empty is TRANSPORT_OK. What was begun must be finished:
 * until the gather is empty, only what gather.h has for that may change it. */
enum transport_result transport_write(struct transport *transport,
                                      struct gather *gather,
                                      int64_t deadline_ns);

/* For people: the version of TLS, once its handshake is over. */
const char *transport_describe(const struct transport *transport);

/* For people: why TLS failed. */
const char *transport_fault(const struct transport *transport);

/* Whether the peer's host has left data unacknowledged for `limit_ms`, or the
 * probes of a closed window unanswered for minutes: it is gone, as distinct
 * from a player that pauses by not reading. */
bool transport_host_is_gone(const struct transport *transport,
                            uint32_t limit_ms);

/* Whether bytes that were written are not acknowledged yet. */
bool transport_has_unsent(const struct transport *transport);

/* Lets the peer take what was written, then says the end of our bytes and waits
 * for the peer's, `deadline_ns` at the latest. What still comes is thrown away:
 * unread, it would make the kernel send a reset instead of our last words. */
void transport_close_gently(struct transport *transport, int64_t deadline_ns);

/* From another thread: what waits for bytes of the peer wakes up and sees
 * the end (`both` false), and so does what waits to send (`both` true). `fd` is
 * the transport's. */
void transport_interrupt(int fd, bool both);

#endif
