/* RFC 9110, 7.2: "Host = uri-host [ ":" port ]". */
#include "config.h"

#include "status/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define NAME_CHARACTERS                                                        \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define ADDRESS_CHARACTERS "0123456789ABCDEFabcdef:."
#define DIGITS "0123456789"

/* The length of the host that `header` begins with; 0: none. */
static size_t host_length(const char *header)
{
    size_t length;

    if (header[0] != '[')
        return strspn(header, NAME_CHARACTERS);
    length = 1 + strspn(header + 1, ADDRESS_CHARACTERS);
    return header[length] == ']' ? length + 1 : 0;
}

bool host_of_header(const char *header, char host[static HOST_BYTES])
{
    const size_t length = host_length(header);
    const char *rest = header + length;

    if (length == 0 || length >= HOST_BYTES)
        return false;
    if (rest[0] == ':')
        rest += 1 + strspn(rest + 1, DIGITS);
    if (rest[0] != '\0')
        return false;
    memcpy(host, header, length);
    host[length] = '\0';
    return true;
}

static bool is_loopback_ipv6(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const size_t length = strlen(host);

    if (length < 3 || host[0] != '[' || length - 2 >= sizeof(text))
        return false;
    memcpy(text, host + 1, length - 2);
    text[length - 2] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&address);
}

bool host_is_loopback(const char *host)
{
    static const char name[] = "localhost";
    const size_t name_length = sizeof(name) - 1;
    size_t length = strlen(host);
    struct in_addr address;

    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
    if (is_loopback_ipv6(host))
        return true;
    if (length > 0 && host[length - 1] == '.')
        length--;
    if (length < name_length ||
        strncasecmp(host + length - name_length, name, name_length) != 0)
        return false;
    return length == name_length || host[length - name_length - 1] == '.';
}
