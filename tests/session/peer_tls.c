#include "config.h"

#include "peer_tls.h"

#include <check.h>
#include <errno.h>
#include <signal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../unit/certificate.h"

struct peer_tls {
    SSL *ssl;
    SSL_CTX *context;
};

struct tls_context *peer_tls_make_server(void)
{
    return certificate_serve();
}

struct peer_tls *peer_tls_new(int fd)
{
    struct peer_tls *tls = OPENSSL_zalloc(sizeof(*tls));

    ck_assert_ptr_nonnull(tls);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket does not */
    tls->context = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(tls->context);
    SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    tls->ssl = SSL_new(tls->context);
    ck_assert_ptr_nonnull(tls->ssl);
    ck_assert_int_eq(SSL_set_fd(tls->ssl, fd), 1);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void peer_tls_free(struct peer_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    OPENSSL_free(tls);
}

/* What recv and send would say. */
static ssize_t socket_error(struct peer_tls *tls, int status)
{
    int saved_errno = errno;

    switch (SSL_get_error(tls->ssl, status)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_SYSCALL:
        errno = saved_errno != 0 ? saved_errno : ECONNRESET;
        return -1;
    default:
        errno = EPROTO;
        return -1;
    }
}

ssize_t peer_tls_recv(struct peer_tls *tls, void *data, size_t size)
{
    size_t length;
    ssize_t n;
    int status;

    ERR_clear_error();
    errno = 0;
    status = SSL_read_ex(tls->ssl, data, size, &length);
    if (status == 1)
        return (ssize_t)length;
    n = socket_error(tls, status);
    if (n < 0 && errno == EPIPE) /* closed in the middle of a handshake */
        errno = ECONNRESET;
    return n;
}

ssize_t peer_tls_send(struct peer_tls *tls, const void *data, size_t size)
{
    size_t length;
    ssize_t n;
    int status;

    ERR_clear_error();
    errno = 0;
    status = SSL_write_ex(tls->ssl, data, size, &length);
    if (status == 1)
        return (ssize_t)length;
    n = socket_error(tls, status);
    if (n == 0)
        errno = EPIPE;
    return -1;
}

void peer_tls_say_end(struct peer_tls *tls)
{
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
}
