/* OpenSSL's way to the socket (a BIO) that never waits and takes everything
 * that is written: what the socket has no room for is kept. So no call of
 * OpenSSL ever has to be repeated, and all waiting is done outside of it, under
 * the caller's own deadline. */
#ifndef FLVD_NET_TLS_WIRE_H
#define FLVD_NET_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

/* What may be kept: a record of media, or the server's flight of a handshake.
 * A peer that makes TLS itself talk without reading ends there. */
#define TLS_WIRE_KEPT_BYTES (128u << 10)

/* How much one call of OpenSSL may read: it must come back to look at the time
 * where a peer sends nothing but what TLS swallows. */
#define TLS_WIRE_READ_BYTES (64u << 10)

/* How a connection began, for those that do not speak TLS. */
#define TLS_WIRE_FIRST_BYTES 5

struct tls_wire {
    const struct transport *transport;
    /* Why the socket moves nothing more; TRANSPORT_OK as long as it does. */
    enum transport_result state;
    int error;                           /* errno, as it was then */
    size_t may_read;                     /* until tls_wire_allow_reading */
    uint8_t first[TLS_WIRE_FIRST_BYTES]; /* the very first that were read */
    size_t first_count;
    /* The kernel encrypts what is written: application data goes past OpenSSL,
     * from which only records of other types come; the type of the latest. */
    bool kernel_encrypts;
    uint8_t record_type;
    uint8_t *kept; /* NULL: nothing */
    size_t kept_first;
    size_t kept_bytes;
};

struct bio_st;

void tls_wire_init(struct tls_wire *wire, const struct transport *transport);

/* What was kept is lost. */
void tls_wire_destroy(struct tls_wire *wire);

/* The BIO, which OpenSSL frees; NULL when memory is short. */
struct bio_st *tls_wire_bio(struct tls_wire *wire);

/* Before each call of OpenSSL that reads. */
void tls_wire_allow_reading(struct tls_wire *wire);

/* Writes what was kept, waiting until the socket takes some of it,
 * `deadline_ns` at the latest, not at all with SOCKET_NOW. */
enum transport_result tls_wire_flush(struct tls_wire *wire,
                                     int64_t deadline_ns);

static inline bool tls_wire_has_kept(const struct tls_wire *wire)
{
    return wire->kept_bytes > 0;
}

#endif
