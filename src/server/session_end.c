/* The texts of the reasons why sessions end. */
#include "config.h"

#include "server/session_end.h"

const char *session_end_text(enum session_end end)
{
    switch (end) {
    case SESSION_GOES_ON:
        return "goes on";
    case SESSION_PEER_CLOSED:
        return "peer closed the connection";
    case SESSION_PEER_RESET:
        return "peer reset the connection";
    case SESSION_PEER_VANISHED:
        return "peer vanished";
    case SESSION_HANDSHAKE_TIMEOUT:
        return "handshake timeout: no connect in time";
    case SESSION_BURST_TIMEOUT:
        return "handshake timeout: first burst not taken in time";
    case SESSION_IDLE_TIMEOUT:
        return "idle timeout";
    case SESSION_STALL_TIMEOUT:
        return "stall timeout";
    case SESSION_BAD_HANDSHAKE:
        return "bad handshake: not RTMP";
    case SESSION_UNEXPECTED_TLS:
        return "bad handshake: looks like TLS (rtmps://) on a port without it";
    case SESSION_NOT_TLS:
        return "bad handshake: not TLS (rtmps://) on a port that wants it";
    case SESSION_BAD_TLS:
        return "TLS failed";
    case SESSION_BAD_CHUNK:
        return "malformed chunk";
    case SESSION_BAD_COMMAND:
        return "malformed command";
    case SESSION_SERVER_STOPS:
        return "server stops";
    case SESSION_CROWDED_OUT:
        return "refused: too many connections";
    case SESSION_NO_MEMORY:
        return "out of memory";
    case SESSION_IO_ERROR:
        return "input/output error";
    }
    return "unknown";
}
