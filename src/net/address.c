/* Numeric addresses only: a server that looks up names at its start depends on
 * more than it should. */
#include "config.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long value;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 5)
        return false;
    value = strtoul(text, &end, 10);
    if (*end != '\0' || value > 65535)
        return false;
    *port = (uint16_t)value;
    return true;
}

static void set_any(struct address *address, uint16_t port)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->socket;

    in6->sin6_family = AF_INET6;
    in6->sin6_addr = in6addr_any;
    in6->sin6_port = htons(port);
    address->length = sizeof(*in6);
    address->is_any = true;
}

/* getaddrinfo rather than inet_pton: it reads scopes (fe80::1%eth0) too. */
static bool parse_host(const char *host, int family, uint16_t port,
                       struct address *address)
{
    const struct addrinfo hints = {.ai_family = family,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    freeaddrinfo(found);
    if (family == AF_INET)
        ((struct sockaddr_in *)&address->socket)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&address->socket)->sin6_port = htons(port);
    return true;
}

bool address_parse(const char *text, struct address *address)
{
    const char *colon = strrchr(text, ':');
    char host[ADDRESS_TEXT_BYTES];
    size_t host_length;
    uint16_t port;

    memset(address, 0, sizeof(*address));
    if (!parse_port(colon == NULL ? text : colon + 1, &port))
        return false;
    if (colon == NULL) {
        set_any(address, port);
        return true;
    }
    host_length = (size_t)(colon - text);
    if (host_length == 0 || host_length >= sizeof(host))
        return false;
    if (text[0] == '[') {
        if (host_length < 3 || text[host_length - 1] != ']')
            return false;
        memcpy(host, text + 1, host_length - 2);
        host[host_length - 2] = '\0';
        return parse_host(host, AF_INET6, port, address);
    }
    /* The forms of inet_aton, such as "1" for 0.0.0.1, are more likely typing
     * errors than addresses. */
    memcpy(host, text, host_length);
    host[host_length] = '\0';
    if (inet_pton(AF_INET, host, &(struct in_addr){0}) != 1)
        return false;
    return parse_host(host, AF_INET, port, address);
}

static void set_ipv4(struct address *address, in_addr_t host)
{
    uint16_t port = address_port(&address->socket);
    struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;

    memset(&address->socket, 0, sizeof(address->socket));
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(host);
    in->sin_port = htons(port);
    address->length = sizeof(*in);
}

void address_any_ipv4(struct address *address)
{
    set_ipv4(address, INADDR_ANY);
}

void address_loopback_ipv4(struct address *address)
{
    set_ipv4(address, INADDR_LOOPBACK);
    address->is_any = false;
}

bool address_is_any(const struct sockaddr_storage *socket)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)socket;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)socket;

    if (socket->ss_family == AF_INET)
        return in->sin_addr.s_addr == htonl(INADDR_ANY);
    return socket->ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

bool address_is_loopback(const struct sockaddr_storage *socket)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)socket;
    const struct in6_addr *in6 =
        &((const struct sockaddr_in6 *)socket)->sin6_addr;

    if (socket->ss_family == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (socket->ss_family != AF_INET6)
        return false;
    return IN6_IS_ADDR_LOOPBACK(in6) ||
           (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET);
}

uint16_t address_port(const struct sockaddr_storage *socket)
{
    if (socket->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)socket)->sin_port);
    if (socket->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)socket)->sin6_port);
    return 0;
}

static const char *format_ipv4(const void *address, uint16_t port,
                               char text[static ADDRESS_TEXT_BYTES])
{
    char host[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, address, host, sizeof(host));
    snprintf(text, ADDRESS_TEXT_BYTES, "%s:%u", host, (unsigned)port);
    return text;
}

const char *address_format(const struct sockaddr_storage *socket,
                           char text[static ADDRESS_TEXT_BYTES])
{
    uint16_t port = address_port(socket);

    if (socket->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)socket;

        return format_ipv4(&in->sin_addr, port, text);
    }
    if (socket->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)socket;
        char host[INET6_ADDRSTRLEN];

        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
            return format_ipv4(in6->sin6_addr.s6_addr + 12, port, text);
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(text, ADDRESS_TEXT_BYTES, "[%s]:%u", host, (unsigned)port);
        return text;
    }
    snprintf(text, ADDRESS_TEXT_BYTES, "local");
    return text;
}
