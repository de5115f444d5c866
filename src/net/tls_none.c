/* Stands in for TLS when flvd is built without OpenSSL: there never is a
 * context, and so no connection that could use it. */
#include "config.h"

#include "net/tls_context.h"

#include <stdio.h>

#include "net/transport_ops.h"

bool tls_is_available(void)
{
    return false;
}

struct tls_context *tls_context_new(const struct tls_pair *pairs, size_t count,
                                    char fault[static TLS_FAULT_BYTES])
{
    (void)pairs;
    (void)count;
    snprintf(fault, TLS_FAULT_BYTES, "this flvd was built without OpenSSL");
    return NULL;
}

void tls_context_free(struct tls_context *context)
{
    (void)context;
}

bool tls_context_reload(struct tls_context *context,
                        char fault[static TLS_FAULT_BYTES])
{
    (void)context;
    snprintf(fault, TLS_FAULT_BYTES, "this flvd was built without OpenSSL");
    return false;
}

const struct transport_ops *
tls_context_transport_ops(const struct tls_context *context)
{
    (void)context;
    return &transport_plain_ops;
}
