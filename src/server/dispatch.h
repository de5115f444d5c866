/* Each message of a peer to the handler of its type, each command to that of
 * its name. */
#ifndef FLVD_SERVER_DISPATCH_H
#define FLVD_SERVER_DISPATCH_H

#include <stdint.h>

#include "rtmp/chunk.h"
#include "server/net_connection.h"
#include "server/session_end.h"

/* Handles a message; what it makes is in the connection, its replies in the
 * outbox. SESSION_GOES_ON, or why the session must end. A play may block on
 * the disk. */
enum session_end dispatch_message(struct net_connection *connection,
                                  const struct rtmp_message *message,
                                  int64_t now_ns);

#endif
