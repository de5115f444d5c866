/* Why a session ended: one named reason for each, in one table. */
#ifndef FLVD_SERVER_SESSION_END_H
#define FLVD_SERVER_SESSION_END_H

enum session_end {
    SESSION_GOES_ON, /* it did not end */
    SESSION_PEER_CLOSED,
    SESSION_PEER_RESET, /* players that end with unread data do */
    SESSION_PEER_VANISHED,
    SESSION_HANDSHAKE_TIMEOUT,
    SESSION_BURST_TIMEOUT,
    SESSION_IDLE_TIMEOUT,
    SESSION_STALL_TIMEOUT,
    SESSION_NO_PROXY_HEADER,
    SESSION_BAD_PROXY_HEADER,
    SESSION_PROXY_CHECK, /* to see whether somebody is here; hardly told */
    SESSION_DENIED,
    SESSION_FULL_OF_ADDRESS,
    SESSION_UNEXPECTED_PROXY_HEADER,
    SESSION_BAD_HANDSHAKE,
    SESSION_UNEXPECTED_TLS,
    SESSION_NOT_TLS,
    SESSION_BAD_TLS,
    SESSION_BAD_CHUNK,
    SESSION_BAD_COMMAND,
    SESSION_SERVER_STOPS,
    SESSION_CROWDED_OUT,
    SESSION_NO_MEMORY,
    SESSION_IO_ERROR,
    SESSION_ENDS /* how many there are */
};

/* Why one ends that a proxy made, and of which nothing has come: if it is
 * because the peer went, it was a health check. */
enum session_end session_end_of_check(enum session_end end);

/* For people: "peer closed the connection", ... */
const char *session_end_text(enum session_end end);

/* For programs, the same for ever: "peer_closed", ... */
const char *session_end_key(enum session_end end);

#endif
