/* The texts of the reasons why sessions end. */
#include "config.h"

#include "server/session_end.h"

enum session_end session_end_of_check(enum session_end end)
{
    return end == SESSION_PEER_CLOSED || end == SESSION_PEER_RESET
               ? SESSION_PROXY_CHECK
               : end;
}

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
    case SESSION_NO_PROXY_HEADER:
        return "no PROXY header, which --proxy-protocol wants of this address";
    case SESSION_BAD_PROXY_HEADER:
        return "malformed PROXY header";
    case SESSION_PROXY_CHECK:
        return "health check: a proxy closed before anything came";
    case SESSION_DENIED:
        return "refused: --allow and --deny keep its address out";
    case SESSION_FULL_OF_ADDRESS:
        return "refused: too many connections of its address";
    case SESSION_UNEXPECTED_PROXY_HEADER:
        return "bad handshake: PROXY header, which --proxy-protocol does not "
               "want of this address";
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
    case SESSION_ENDS:
        break;
    }
    return "unknown";
}

const char *session_end_key(enum session_end end)
{
    switch (end) {
    case SESSION_GOES_ON:
        return "goes_on";
    case SESSION_PEER_CLOSED:
        return "peer_closed";
    case SESSION_PEER_RESET:
        return "peer_reset";
    case SESSION_PEER_VANISHED:
        return "peer_vanished";
    case SESSION_HANDSHAKE_TIMEOUT:
        return "handshake_timeout";
    case SESSION_BURST_TIMEOUT:
        return "burst_timeout";
    case SESSION_IDLE_TIMEOUT:
        return "idle_timeout";
    case SESSION_STALL_TIMEOUT:
        return "stall_timeout";
    case SESSION_NO_PROXY_HEADER:
        return "no_proxy_header";
    case SESSION_BAD_PROXY_HEADER:
        return "bad_proxy_header";
    case SESSION_PROXY_CHECK:
        return "proxy_check";
    case SESSION_DENIED:
        return "address_denied";
    case SESSION_FULL_OF_ADDRESS:
        return "address_full";
    case SESSION_UNEXPECTED_PROXY_HEADER:
        return "unexpected_proxy_header";
    case SESSION_BAD_HANDSHAKE:
        return "bad_handshake";
    case SESSION_UNEXPECTED_TLS:
        return "unexpected_tls";
    case SESSION_NOT_TLS:
        return "not_tls";
    case SESSION_BAD_TLS:
        return "bad_tls";
    case SESSION_BAD_CHUNK:
        return "bad_chunk";
    case SESSION_BAD_COMMAND:
        return "bad_command";
    case SESSION_SERVER_STOPS:
        return "server_stops";
    case SESSION_CROWDED_OUT:
        return "crowded_out";
    case SESSION_NO_MEMORY:
        return "no_memory";
    case SESSION_IO_ERROR:
        return "io_error";
    case SESSION_ENDS:
        break;
    }
    return "unknown";
}
