/* A client of TLS for unit tests, in the same thread as the server: its bytes
 * wait in memory until the test moves them, as many at a time as it likes. */
#ifndef FLVD_TESTS_UNIT_TLS_CLIENT_H
#define FLVD_TESTS_UNIT_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "net/transport.h"

struct tls_client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    BIO *in;  /* what came from the server */
    BIO *out; /* what is to go there */
    bool has_seen_end;
};

/* On its end of a connection. `version` such as TLS1_3_VERSION; `name` is asked
 * for by SNI if not NULL. */
void tls_client_init(struct tls_client *client, int fd, int version,
                     const char *name);
void tls_client_free(struct tls_client *client);

/* Moves at most `most` bytes to the server. Returns how many. */
size_t tls_client_push(struct tls_client *client, size_t most);

/* Takes what the server has sent, as far as the socket has it. */
void tls_client_pull(struct tls_client *client);

/* Has the client go on with its handshake as far as it gets. */
void tls_client_step(struct tls_client *client);

/* The whole handshake, with the transport of the other end. */
void tls_client_handshake(struct tls_client *client,
                          struct transport *transport);

/* Text to the server. */
void tls_client_send(struct tls_client *client, const void *data, size_t size);

/* Reads what came, at most `size` bytes. */
size_t tls_client_receive(struct tls_client *client, void *data, size_t size);

#endif
