/* The handshake of one connection: reads, judges and answers; what the bytes
 * say is rtmp/handshake's. */
#include "config.h"

#include "server/handshake_wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/proxy_header.h"
#include "rtmp/handshake.h"
#include "server/session.h"

static enum session_end read_exactly(const struct handshake_wire *wire,
                                     uint8_t *data, size_t size,
                                     int64_t deadline_ns)
{
    size_t done = 0;

    while (done < size) {
        size_t length = 0;
        enum transport_result result;

        /* A peer that sends byte after byte never times out. */
        if (clock_now_ns() >= deadline_ns)
            return SESSION_HANDSHAKE_TIMEOUT;
        result = transport_read(wire->transport, data + done, size - done,
                                deadline_ns, &length);
        if (result != TRANSPORT_OK && result != TRANSPORT_TIMEOUT)
            return session_end_of_transport(wire->session, result);
        done += length;
    }
    return SESSION_GOES_ON;
}

static enum session_end write_all(const struct handshake_wire *wire,
                                  const uint8_t *data, size_t size,
                                  int64_t deadline_ns)
{
    enum session_end end = SESSION_GOES_ON;
    struct feed *feed = feed_pool_take(wire->feeds);
    struct gather *gather;

    if (feed == NULL)
        return SESSION_NO_MEMORY;
    gather = &feed->gather;
    gather_add_memory(gather, data, size);
    while (gather->bytes > 0 && end == SESSION_GOES_ON) {
        enum transport_result result =
            transport_write(wire->transport, gather, deadline_ns);

        if (result == TRANSPORT_TIMEOUT && clock_now_ns() >= deadline_ns)
            end = SESSION_HANDSHAKE_TIMEOUT;
        else if (result != TRANSPORT_OK && result != TRANSPORT_TIMEOUT)
            end = session_end_of_transport(wire->session, result);
    }
    /* It refers to the caller's memory. */
    feed_pool_give(wire->feeds, feed);
    return end;
}

/* Not on the stack: a page of it that was touched once stays, while what is
 * freed serves the next who joins. */
struct handshake_buffers {
    uint8_t c0c1[RTMP_C0C1_BYTES];
    uint8_t random[RTMP_HANDSHAKE_BYTES];
    uint8_t reply[RTMP_S0S1S2_BYTES];
};

/* The first byte alone tells a peer that speaks something else; a few more tell
 * what, if they are there. `*length` is what was read. */
static enum session_end judge_beginning(const struct handshake_wire *wire,
                                        uint8_t c0c1[static RTMP_C0C1_BYTES],
                                        int64_t deadline_ns, size_t *length)
{
    enum session_end end = read_exactly(wire, c0c1, 1, deadline_ns);
    size_t more = 0;

    if (end != SESSION_GOES_ON)
        return wire->is_behind_proxy ? session_end_of_check(end) : end;
    if (c0c1[0] == TRANSPORT_FIRST_BYTE_OF_TLS && wire->transport->tls == NULL)
        return SESSION_UNEXPECTED_TLS;
    if (proxy_header_may_begin(c0c1[0]))
        (void)transport_read_now(wire->transport, c0c1 + 1,
                                 PROXY_HEADER_MAGIC_BYTES - 1, &more);
    *length = 1 + more;
    if (proxy_header_is_begun(c0c1, *length))
        return SESSION_UNEXPECTED_PROXY_HEADER;
    return handshake_version_is_answered(c0c1[0]) ? SESSION_GOES_ON
                                                  : SESSION_BAD_HANDSHAKE;
}

/* The answer is one block of exactly 3073 bytes, and nothing follows it until
 * connect was read: HaishinKit takes S2 only when it is all that is left in its
 * buffer. */
static enum session_end exchange_hellos(const struct handshake_wire *wire,
                                        struct handshake_buffers *buffers,
                                        int64_t deadline_ns)
{
    uint8_t *c0c1 = buffers->c0c1;
    uint8_t *random = buffers->random;
    uint8_t *reply = buffers->reply;
    enum handshake_kind kind;
    size_t length = 0;
    enum session_end end;

    end = judge_beginning(wire, c0c1, deadline_ns, &length);
    if (end != SESSION_GOES_ON)
        return end;
    end = read_exactly(wire, c0c1 + length, RTMP_C0C1_BYTES - length,
                       deadline_ns);
    if (end != SESSION_GOES_ON)
        return end;
    if (getrandom(random, RTMP_HANDSHAKE_BYTES, 0) != RTMP_HANDSHAKE_BYTES)
        memset(random, 0x5A, RTMP_HANDSHAKE_BYTES);
    kind = handshake_answer(c0c1, random, wire->uptime_ms, reply);
    if (kind == HANDSHAKE_REFUSED)
        return SESSION_BAD_HANDSHAKE;
    end = write_all(wire, reply, RTMP_S0S1S2_BYTES, deadline_ns);
    if (end != SESSION_GOES_ON)
        return end;
    log_debug("%s: %s handshake, %s", session_label(wire->session),
              kind == HANDSHAKE_SIMPLE ? "simple" : "digest",
              transport_describe(wire->transport));
    return read_exactly(wire, reply, RTMP_HANDSHAKE_BYTES, deadline_ns);
}

enum session_end handshake_wire_run(const struct handshake_wire *wire)
{
    struct handshake_buffers *buffers = malloc(sizeof(*buffers));
    enum session_end end;

    if (buffers == NULL)
        return SESSION_NO_MEMORY;
    end = exchange_hellos(wire, buffers,
                          session_handshake_deadline_ns(wire->session));
    free(buffers);
    return end;
}
