/* Never called: tests run over TLS only where tls_is_available. */
#include "config.h"

#include "peer_tls.h"

struct tls_context *peer_tls_make_server(void)
{
    return NULL;
}

struct peer_tls *peer_tls_new(int fd)
{
    (void)fd;
    return NULL;
}

void peer_tls_free(struct peer_tls *tls)
{
    (void)tls;
}

ssize_t peer_tls_recv(struct peer_tls *tls, void *data, size_t size)
{
    (void)tls;
    (void)data;
    (void)size;
    return -1;
}

ssize_t peer_tls_send(struct peer_tls *tls, const void *data, size_t size)
{
    (void)tls;
    (void)data;
    (void)size;
    return -1;
}

void peer_tls_say_end(struct peer_tls *tls)
{
    (void)tls;
}
