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

/* For people: "peer closed the connection", ... */
const char *session_end_text(enum session_end end);

/* For programs, the same for ever: "peer_closed", ... */
const char *session_end_key(enum session_end end);

#endif
