/* An address is its bytes, and a prefix counts bits of them. */
#include "config.h"

#include "net/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_PREFIX 96

static unsigned family_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

static struct network_host from_ipv4(const void *bytes)
{
    struct network_host host = {.family = AF_INET};

    memcpy(host.bytes, bytes, 4);
    return host;
}

static struct network_host from_ipv6(const struct in6_addr *address)
{
    struct network_host host = {.family = AF_INET6};

    if (IN6_IS_ADDR_V4MAPPED(address))
        return from_ipv4(address->s6_addr + 12);
    memcpy(host.bytes, address->s6_addr, sizeof(host.bytes));
    return host;
}

struct network_host network_host(const struct sockaddr_storage *socket)
{
    if (socket->ss_family == AF_INET)
        return from_ipv4(&((const struct sockaddr_in *)socket)->sin_addr);
    if (socket->ss_family == AF_INET6)
        return from_ipv6(&((const struct sockaddr_in6 *)socket)->sin6_addr);
    return (struct network_host){.family = AF_UNSPEC};
}

/* Clears the bits beyond the prefix; false when there were none. */
static bool clear_beyond(struct network *network)
{
    bool had_some = false;

    for (unsigned bit = network->prefix;
         bit < family_bits(network->host.family); bit++) {
        uint8_t *byte = &network->host.bytes[bit / 8];
        const uint8_t mask = (uint8_t)(0x80 >> bit % 8);

        had_some |= (*byte & mask) != 0;
        *byte &= (uint8_t)~mask;
    }
    return had_some;
}

/* One to three digits: no sign, no blank. */
static bool parse_prefix(const char *text, unsigned most, unsigned *prefix)
{
    const size_t length = strspn(text, "0123456789");

    if (length == 0 || length > 3 || text[length] != '\0')
        return false;
    *prefix = (unsigned)strtoul(text, NULL, 10);
    return *prefix <= most;
}

enum network_fault network_parse(const char *text, struct network *network)
{
    const char *slash = strchr(text, '/');
    const size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    char host[INET6_ADDRSTRLEN];
    struct in6_addr ipv6;
    struct in_addr ipv4;
    unsigned bits;

    if (length >= sizeof(host))
        return NETWORK_NOT_READ;
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(AF_INET, host, &ipv4) == 1) {
        network->host = from_ipv4(&ipv4);
        bits = 32;
    } else if (inet_pton(AF_INET6, host, &ipv6) == 1) {
        network->host = from_ipv6(&ipv6);
        bits = 128;
    } else {
        return NETWORK_NOT_READ;
    }
    network->prefix = bits;
    if (slash != NULL && !parse_prefix(slash + 1, bits, &network->prefix))
        return NETWORK_NOT_READ;
    if (bits == 128 && network->host.family == AF_INET) {
        /* A mapped address in a wider network than that of all mapped ones. */
        if (network->prefix < MAPPED_PREFIX)
            return NETWORK_NOT_READ;
        network->prefix -= MAPPED_PREFIX;
    }
    return clear_beyond(network) ? NETWORK_HAS_TOO_MUCH : NETWORK_GOOD;
}

bool network_contains(const struct network *network,
                      const struct network_host *host)
{
    const unsigned whole = network->prefix / 8;
    const unsigned rest = network->prefix % 8;
    const uint8_t mask = (uint8_t)(0xFF00u >> rest);

    if (host->family != network->host.family ||
        memcmp(host->bytes, network->host.bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((host->bytes[whole] ^ network->host.bytes[whole]) & mask) == 0;
}

bool network_any_contains(const struct network *networks, size_t count,
                          const struct sockaddr_storage *peer)
{
    const struct network_host host = network_host(peer);

    for (size_t i = 0; i < count; i++) {
        if (network_contains(&networks[i], &host))
            return true;
    }
    return false;
}

const char *network_format(const struct network *network,
                           char text[static NETWORK_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN];

    inet_ntop(network->host.family, network->host.bytes, host, sizeof(host));
    snprintf(text, NETWORK_TEXT_BYTES, "%s/%u", host, network->prefix);
    return text;
}
