/* Looks at what has come before it takes any of it. All that is looked at and
 * belongs to the header is taken, so that the next look waits for more. */
#include "config.h"

#include "net/proxy_wire.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "net/socket.h"

/* More than a header mostly has. */
#define LOOK_BYTES 256

static enum transport_result take(int fd, size_t size)
{
    uint8_t bytes[LOOK_BYTES];
    enum transport_result result = TRANSPORT_OK;

    while (size > 0 && result == TRANSPORT_OK) {
        size_t length = 0;

        result = socket_read(fd, bytes, size, 0, SOCKET_NOW, &length);
        size -= length;
    }
    return result;
}

enum transport_result proxy_wire_read(int fd, int64_t deadline_ns,
                                      struct proxy_header *header,
                                      enum proxy_header_result *result)
{
    *result = PROXY_HEADER_MORE;
    proxy_header_init(header);
    while (*result == PROXY_HEADER_MORE) {
        uint8_t bytes[LOOK_BYTES];
        struct byte_reader in;
        enum transport_result read;
        size_t length = 0;

        /* A peer that sends byte after byte never times out. */
        if (clock_now_ns() >= deadline_ns)
            return TRANSPORT_TIMEOUT;
        read = socket_read(fd, bytes, sizeof(bytes), MSG_PEEK, deadline_ns,
                           &length);
        if (read == TRANSPORT_TIMEOUT)
            continue;
        if (read != TRANSPORT_OK)
            return read;
        byte_reader_init(&in, bytes, length);
        *result = proxy_header_push(header, &in);
        read = take(fd, length - byte_reader_left(&in));
        if (read != TRANSPORT_OK)
            return read;
    }
    return TRANSPORT_OK;
}
