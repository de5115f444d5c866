/* The plain transport: a TCP socket, blocking calls, SO_RCVTIMEO and
 * SO_SNDTIMEO as deadlines. */
#include "config.h"

#include "net/transport.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"

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

static void set_option(int fd, int level, int name, int value)
{
    /* Best effort: not every socket is TCP, and each option only helps. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

void transport_init(struct transport *transport, int fd)
{
    transport->fd = fd;
    transport->acknowledge_at_once = true;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int)UNSENT_BYTES);
}

void transport_acknowledge_at_once(struct transport *transport, bool at_once)
{
    transport->acknowledge_at_once = at_once;
}

void transport_destroy(struct transport *transport)
{
    if (transport->fd >= 0)
        close(transport->fd);
    transport->fd = -1;
}

static void set_timeout(int fd, int name, int64_t deadline_ns)
{
    struct timeval timeout = clock_socket_timeout(clock_now_ns(), deadline_ns);

    (void)setsockopt(fd, SOL_SOCKET, name, &timeout, sizeof(timeout));
}

static enum transport_result result_of_error(int error)
{
    switch (error) {
    case EINTR:
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
        return TRANSPORT_TIMEOUT;
    case EFAULT:
        return TRANSPORT_FILE_FAULT;
    case ECONNRESET:
    case EPIPE:
        return TRANSPORT_RESET;
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return TRANSPORT_GONE;
    default:
        return TRANSPORT_ERROR;
    }
}

/* A wait that a signal broke off (SIGCONT) has lost its deadline: the caller
 * asks again. */
static enum transport_result receive(struct transport *transport, void *data,
                                     size_t size, int flags, size_t *length)
{
    ssize_t n = recv(transport->fd, data, size, flags);

    if (n < 0 && errno == EINTR)
        return TRANSPORT_TIMEOUT;
    if (n < 0)
        return result_of_error(errno);
    if (n == 0)
        return TRANSPORT_CLOSED;
    /* Not a lasting mode (tcp(7)): it must be asked for each time. */
    if (transport->acknowledge_at_once)
        set_option(transport->fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    *length = (size_t)n;
    return TRANSPORT_OK;
}

enum transport_result transport_read(struct transport *transport, void *data,
                                     size_t size, int64_t deadline_ns,
                                     size_t *length)
{
    set_timeout(transport->fd, SO_RCVTIMEO, deadline_ns);
    return receive(transport, data, size, 0, length);
}

enum transport_result transport_read_now(struct transport *transport,
                                         void *data, size_t size,
                                         size_t *length)
{
    return receive(transport, data, size, MSG_DONTWAIT, length);
}

enum transport_result transport_write(struct transport *transport,
                                      struct gather *gather,
                                      int64_t deadline_ns)
{
    struct msghdr message = {.msg_iov = gather->parts + gather->first,
                             .msg_iovlen = gather->count - gather->first};
    ssize_t n;

    if (gather->bytes == 0)
        return TRANSPORT_OK;
    /* Most writes find room at once: only one that does not needs the clock
     * and a timeout. */
    n = sendmsg(transport->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        set_timeout(transport->fd, SO_SNDTIMEO, deadline_ns);
        n = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    }
    if (n < 0)
        return result_of_error(errno);
    gather_consume(gather, (size_t)n);
    return TRANSPORT_OK;
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

    while (transport_has_unsent(transport) && clock_now_ns() < deadline_ns)
        clock_sleep_until(clock_now_ns() + LINGER_STEP_NS);
    while (transport_read_now(transport, waste, sizeof(waste), &length) ==
           TRANSPORT_OK)
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
