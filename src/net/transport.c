/* What all transports have in common: the socket's options and its end. Reading
 * and writing are the kind's own (transport_ops.h). */
#include "config.h"

#include "net/transport.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/socket.h"
#include "net/tls_context.h"
#include "net/transport_ops.h"

/* A host that answers no keepalive is given up after 15 + 3 * 5 s. */
#define KEEPALIVE_IDLE_S 15
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES 3

/* What may lie unsent in the kernel: as much as one write, so that a pause is
 * heard in time by a viewer that asked for hours of buffer. Linux looks before
 * it takes a segment of up to 64 KiB more, not behind it. */
#define UNSENT_BYTES (GATHER_MAX_BYTES - (64u << 10))

/* How long the probes of a closed window may go without an answer. */
#define WINDOW_PROBES_UNANSWERED_MS 300000u

/* How often a closing connection is looked at. */
#define LINGER_STEP_NS (10 * CLOCK_NS_PER_MS)

void transport_init(struct transport *transport, int fd,
                    struct tls_context *tls)
{
    transport->fd = fd;
    transport->acknowledge_at_once = true;
    transport->ops =
        tls == NULL ? &transport_plain_ops : tls_context_transport_ops(tls);
    transport->tls = tls;
    transport->link = NULL;
    socket_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    socket_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    socket_set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int)UNSENT_BYTES);
}

void transport_acknowledge_at_once(struct transport *transport, bool at_once)
{
    transport->acknowledge_at_once = at_once;
}

void transport_destroy(struct transport *transport)
{
    if (transport->fd < 0)
        return;
    transport->ops->destroy(transport);
    close(transport->fd);
    transport->fd = -1;
}

enum transport_result transport_read(struct transport *transport, void *data,
                                     size_t size, int64_t deadline_ns,
                                     size_t *length)
{
    /* A time that has passed is one that has passed, whatever it is called. */
    if (deadline_ns <= SOCKET_NOW)
        deadline_ns = 1;
    return transport->ops->read(transport, data, size, deadline_ns, length);
}

enum transport_result transport_read_now(struct transport *transport,
                                         void *data, size_t size,
                                         size_t *length)
{
    return transport->ops->read(transport, data, size, SOCKET_NOW, length);
}

enum transport_result transport_write(struct transport *transport,
                                      struct gather *gather,
                                      int64_t deadline_ns)
{
    if (gather->bytes == 0)
        return TRANSPORT_OK;
    return transport->ops->write(transport, gather, deadline_ns);
}

const char *transport_describe(const struct transport *transport)
{
    return transport->ops->describe(transport);
}

const char *transport_fault(const struct transport *transport)
{
    return transport->ops->fault(transport);
}

bool transport_host_is_gone(const struct transport *transport,
                            uint32_t limit_ms)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    if (getsockopt(transport->fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return false;
    if (info.tcpi_unacked > 0 && info.tcpi_retransmits > 0)
        return info.tcpi_last_ack_recv > limit_ms;
    /* Behind a closed window nothing is unacknowledged; its probes come up to
     * two minutes apart, and a host that is there answers each. */
    return info.tcpi_probes > 0 &&
           info.tcpi_last_ack_recv > WINDOW_PROBES_UNANSWERED_MS;
}

bool transport_has_unsent(const struct transport *transport)
{
    int bytes = 0;

    return ioctl(transport->fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* Where our reading side was shut down, Linux answers anything that still comes
 * with a reset as soon as the writing side is shut down too: until the peer has
 * taken everything it must stay open, and nothing but the time tells when. */
void transport_close_gently(struct transport *transport, int64_t deadline_ns)
{
    char waste[512];
    size_t length;

    transport->ops->say_end(transport, deadline_ns);
    while (transport_has_unsent(transport) && clock_now_ns() < deadline_ns)
        clock_sleep_until(clock_now_ns() + LINGER_STEP_NS);
    while (transport_read_now(transport, waste, sizeof(waste), &length) ==
               TRANSPORT_OK &&
           clock_now_ns() < deadline_ns)
        ;
    if (shutdown(transport->fd, SHUT_WR) != 0)
        return;
    while (clock_now_ns() < deadline_ns &&
           transport_read(transport, waste, sizeof(waste), deadline_ns,
                          &length) == TRANSPORT_OK)
        ;
}

void transport_interrupt(int fd, bool both)
{
    shutdown(fd, both ? SHUT_RDWR : SHUT_RD);
}
