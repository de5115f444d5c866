/* What a kind of transport does in its own way; for transport.c and the kinds
 * alone. transport.h says what each call promises. */
#ifndef FLVD_NET_TRANSPORT_OPS_H
#define FLVD_NET_TRANSPORT_OPS_H

#include "net/transport.h"

struct transport_ops {
    /* SOCKET_NOW as the deadline: does not wait. */
    enum transport_result (*read)(struct transport *transport, void *data,
                                  size_t size, int64_t deadline_ns,
                                  size_t *length);
    /* The gather is not empty. */
    enum transport_result (*write)(struct transport *transport,
                                   struct gather *gather, int64_t deadline_ns);
    /* Hands everything to the socket, and then the protocol's own end. */
    void (*say_end)(struct transport *transport, int64_t deadline_ns);
    /* Frees what it allocated. The descriptor is closed behind it. */
    void (*destroy)(struct transport *transport);
    const char *(*describe)(const struct transport *transport);
    const char *(*fault)(const struct transport *transport);
};

extern const struct transport_ops transport_plain_ops;

#endif
