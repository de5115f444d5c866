/* Calls on a connected socket that both transports share: blocking ones end at
 * an absolute time, the others do not wait at all. Errors are told as a
 * transport tells them. */
#ifndef FLVD_NET_SOCKET_H
#define FLVD_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/transport.h"

/* Best effort: not every socket is TCP, and each option only helps. */
void socket_set_option(int fd, int level, int name, int value);

/* Reads what is there, with `flags` of recv(2); waits until `deadline_ns` if
 * there is nothing, not at all with SOCKET_NOW. A wait that a signal broke off
 * is TRANSPORT_TIMEOUT, like one that is over. */
#define SOCKET_NOW 0
enum transport_result socket_read(int fd, void *data, size_t size, int flags,
                                  int64_t deadline_ns, size_t *length);

/* Writes what the socket takes of a message; waits until it takes something,
 * `deadline_ns` at the latest, not at all with SOCKET_NOW. */
enum transport_result socket_write(int fd, const struct msghdr *message,
                                   int64_t deadline_ns, size_t *length);

/* What has just come is acknowledged at once. */
void socket_acknowledge(int fd);

/* What is not sent yet is thrown away when the socket is closed, and the peer
 * is reset: nothing of the connection stays behind in the kernel. */
void socket_reset_at_close(int fd);

#endif
