/* What a worker notes of its own connection, for others to see: in its profile,
 * and in the totals. A few stores after what was sent or heard; no lock, no
 * clock. */
#ifndef FLVD_SERVER_ACCOUNT_H
#define FLVD_SERVER_ACCOUNT_H

#include "server/net_connection.h"
#include "server/session_end.h"
#include "server/tally.h"

/* A connection exists from now on. */
void account_begin(struct tally *tally);

/* To be called after a gather was sent, and after what the peer said was
 * heeded. */
void account_note(const struct net_connection *connection, struct tally *tally);

/* The last call. */
void account_end(const struct net_connection *connection, struct tally *tally,
                 enum session_end end);

/* The connection's last line in the log, after so long. */
void account_tell_end(const struct net_connection *connection,
                      enum session_end end, int64_t age_ns);

#endif
