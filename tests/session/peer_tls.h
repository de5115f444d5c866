/* The peer's side of TLS: what the peer of peer.h does when a test runs over
 * TLS. peer_tls_none.c stands in when flvd is built without OpenSSL. */
#ifndef FLVD_TESTS_SESSION_PEER_TLS_H
#define FLVD_TESTS_SESSION_PEER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/tls_context.h"

/* What a server needs; made on the spot. */
struct tls_context *peer_tls_make_server(void);

struct peer_tls;

/* A client on `fd`, which stays the caller's. Its handshake comes with the
 * first reading or writing. */
struct peer_tls *peer_tls_new(int fd);
void peer_tls_free(struct peer_tls *tls);

/* As recv and send do, with their errno. */
ssize_t peer_tls_recv(struct peer_tls *tls, void *data, size_t size);
ssize_t peer_tls_send(struct peer_tls *tls, const void *data, size_t size);

/* Says the end of what the peer sends. */
void peer_tls_say_end(struct peer_tls *tls);

#endif
