/* The transport over TLS, by OpenSSL: what tls_context.c hands out. */
#ifndef FLVD_NET_TRANSPORT_TLS_H
#define FLVD_NET_TRANSPORT_TLS_H

#include "net/transport_ops.h"

extern const struct transport_ops transport_tls_ops;

#endif
