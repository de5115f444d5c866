#include "config.h"

#include "tls_client.h"

#include <check.h>
#include <errno.h>
#include <sys/socket.h>

#include <openssl/err.h>

void tls_client_init(struct tls_client *client, int fd, int version,
                     const char *name)
{
    client->fd = fd;
    client->has_seen_end = false;
    client->context = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(client->context);
    SSL_CTX_set_security_level(client->context, 0);
    ck_assert(SSL_CTX_set_min_proto_version(client->context, version));
    ck_assert(SSL_CTX_set_max_proto_version(client->context, version));
    client->ssl = SSL_new(client->context);
    client->in = BIO_new(BIO_s_mem());
    client->out = BIO_new(BIO_s_mem());
    ck_assert(client->ssl != NULL && client->in != NULL && client->out != NULL);
    BIO_set_mem_eof_return(client->in, -1);
    SSL_set_bio(client->ssl, client->in, client->out);
    SSL_set_connect_state(client->ssl);
    if (name != NULL)
        ck_assert(SSL_set_tlsext_host_name(client->ssl, name));
}

void tls_client_free(struct tls_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    ERR_clear_error();
}

size_t tls_client_push(struct tls_client *client, size_t most)
{
    char bytes[4096];
    size_t done = 0;

    while (done < most) {
        size_t size = most - done < sizeof(bytes) ? most - done : sizeof(bytes);
        const int n = BIO_read(client->out, bytes, (int)size);

        if (n <= 0)
            break;
        ck_assert_int_eq(send(client->fd, bytes, (size_t)n, MSG_NOSIGNAL), n);
        done += (size_t)n;
    }
    return done;
}

void tls_client_pull(struct tls_client *client)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        ck_assert_int_eq(BIO_write(client->in, bytes, (int)n), n);
    if (n == 0 || errno == ECONNRESET)
        client->has_seen_end = true;
}

void tls_client_step(struct tls_client *client)
{
    tls_client_pull(client);
    ERR_clear_error();
    (void)SSL_do_handshake(client->ssl);
}

void tls_client_handshake(struct tls_client *client,
                          struct transport *transport)
{
    enum transport_result result = TRANSPORT_TIMEOUT;
    char byte;
    size_t length;

    for (int i = 0; i < 10; i++) {
        tls_client_step(client);
        (void)tls_client_push(client, SIZE_MAX);
        if (SSL_is_init_finished(client->ssl))
            break;
        result = transport_read_now(transport, &byte, 1, &length);
        ck_assert_int_eq(result, TRANSPORT_TIMEOUT);
    }
    ck_assert(SSL_is_init_finished(client->ssl));
    /* its last flight, and the tickets that answer it */
    result = transport_read_now(transport, &byte, 1, &length);
    ck_assert_int_eq(result, TRANSPORT_TIMEOUT);
    tls_client_step(client);
}

void tls_client_send(struct tls_client *client, const void *data, size_t size)
{
    ck_assert_int_eq(SSL_write(client->ssl, data, (int)size), (int)size);
    (void)tls_client_push(client, SIZE_MAX);
}

size_t tls_client_receive(struct tls_client *client, void *data, size_t size)
{
    size_t done = 0;
    size_t n;

    tls_client_pull(client);
    ERR_clear_error();
    while (done < size &&
           SSL_read_ex(client->ssl, (char *)data + done, size - done, &n) == 1)
        done += n;
    return done;
}
