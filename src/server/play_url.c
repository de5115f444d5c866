/* RFC 3986. */
#include "config.h"

#include "server/play_url.h"

#include <stdio.h>
#include <string.h>

#include "net/address.h"

/* What is not unreserved is percent-encoded. */
static void append_encoded(char *url, size_t size, struct amf0_string name)
{
    size_t used = strlen(url);

    for (size_t i = 0; i < name.length && used + 4 < size; i++) {
        unsigned char c = (unsigned char)name.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL))
            url[used++] = (char)c;
        else
            used += (size_t)snprintf(url + used, size - used, "%%%02X", c);
    }
    url[used] = '\0';
}

size_t play_url(const struct listener *listener, const struct library *library,
                const char *any_host, char *url, size_t size)
{
    const char *scheme = listener->tls != NULL ? "rtmps" : "rtmp";
    char address[ADDRESS_TEXT_BYTES];

    if (listener->is_any)
        snprintf(url, size, "%s://%s:%u/vod/", scheme, any_host,
                 (unsigned)address_port(&listener->address));
    else
        snprintf(url, size, "%s://%s/vod/", scheme,
                 address_format(&listener->address, address));
    append_encoded(url, size, library_name(library));
    return strlen(url);
}
