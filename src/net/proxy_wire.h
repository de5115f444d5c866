/* Reads a PROXY header from a socket, and not one byte that is behind it: that
 * may be TLS, which reads the socket itself. */
#ifndef FLVD_NET_PROXY_WIRE_H
#define FLVD_NET_PROXY_WIRE_H

#include <stdint.h>

#include "net/proxy_header.h"
#include "net/transport.h"

/* Waits until the header is complete or known to be none, `deadline_ns` at the
 * latest. With TRANSPORT_OK, `result` is what it came to; otherwise
 * `header->length` tells how much of it there was. */
enum transport_result proxy_wire_read(int fd, int64_t deadline_ns,
                                      struct proxy_header *header,
                                      enum proxy_header_result *result);

#endif
