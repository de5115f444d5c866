/* The plain transport: the bytes of the gather are those of the socket. */
#include "config.h"

#include "net/transport_ops.h"

#include "net/socket.h"

static enum transport_result plain_read(struct transport *transport, void *data,
                                        size_t size, int64_t deadline_ns,
                                        size_t *length)
{
    enum transport_result result =
        socket_read(transport->fd, data, size, 0, deadline_ns, length);

    if (result == TRANSPORT_OK && transport->acknowledge_at_once)
        socket_acknowledge(transport->fd);
    return result;
}

static enum transport_result plain_write(struct transport *transport,
                                         struct gather *gather,
                                         int64_t deadline_ns)
{
    const struct msghdr message = {.msg_iov = gather->parts + gather->first,
                                   .msg_iovlen = gather->count - gather->first};
    size_t length;
    enum transport_result result =
        socket_write(transport->fd, &message, deadline_ns, &length);

    if (result == TRANSPORT_OK)
        gather_consume(gather, length);
    return result;
}

static void plain_say_end(struct transport *transport, int64_t deadline_ns)
{
    (void)transport;
    (void)deadline_ns;
}

static void plain_destroy(struct transport *transport)
{
    (void)transport;
}

static const char *plain_describe(const struct transport *transport)
{
    (void)transport;
    return "no TLS";
}

static const char *plain_fault(const struct transport *transport)
{
    (void)transport;
    return "";
}

const struct transport_ops transport_plain_ops = {
    .read = plain_read,
    .write = plain_write,
    .say_end = plain_say_end,
    .destroy = plain_destroy,
    .describe = plain_describe,
    .fault = plain_fault,
};
