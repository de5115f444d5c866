/* SO_RCVTIMEO and SO_SNDTIMEO as deadlines: computed anew for each call that
 * waits. */
#include "config.h"

#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/clock.h"

void socket_set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void set_timeout(int fd, int name, int64_t deadline_ns)
{
    struct timeval timeout = clock_socket_timeout(clock_now_ns(), deadline_ns);

    (void)setsockopt(fd, SOL_SOCKET, name, &timeout, sizeof(timeout));
}

/* A wait that a signal broke off (SIGCONT) has lost its deadline: the caller
 * asks again. */
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

enum transport_result socket_read(int fd, void *data, size_t size, int flags,
                                  int64_t deadline_ns, size_t *length)
{
    ssize_t n;

    if (deadline_ns == SOCKET_NOW)
        flags |= MSG_DONTWAIT;
    else
        set_timeout(fd, SO_RCVTIMEO, deadline_ns);
    n = recv(fd, data, size, flags);
    if (n < 0)
        return result_of_error(errno);
    if (n == 0)
        return TRANSPORT_CLOSED;
    *length = (size_t)n;
    return TRANSPORT_OK;
}

enum transport_result socket_write(int fd, const struct msghdr *message,
                                   int64_t deadline_ns, size_t *length)
{
    ssize_t n;

    /* Most writes find room at once: only one that does not needs the clock
     * and a timeout. */
    n = sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN && deadline_ns != SOCKET_NOW) {
        set_timeout(fd, SO_SNDTIMEO, deadline_ns);
        n = sendmsg(fd, message, MSG_NOSIGNAL);
    }
    if (n < 0)
        return result_of_error(errno);
    *length = (size_t)n;
    return TRANSPORT_OK;
}

/* Not a lasting mode (tcp(7)): it must be asked for each time. */
void socket_acknowledge(int fd)
{
    socket_set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void socket_reset_at_close(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
