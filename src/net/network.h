/* Networks of addresses, such as 192.0.2.0/24 and 2001:db8::/32: which peers
 * are meant by them. Pure. */
#ifndef FLVD_NET_NETWORK_H
#define FLVD_NET_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The address of a peer without its port. An IPv4-mapped one is IPv4: which of
 * the two a peer has depends on the listener that it came to. */
struct network_host {
    int family;        /* AF_INET, AF_INET6, or anything else: no address */
    uint8_t bytes[16]; /* as on the wire; IPv4 has 4 of them, the rest are 0 */
};

struct network_host network_host(const struct sockaddr_storage *socket);

struct network {
    struct network_host host; /* the first of it */
    unsigned prefix;          /* bits that are the same in all of it */
};

/* "[" IPv6 "]" and a prefix. */
#define NETWORK_TEXT_BYTES 64

enum network_fault {
    NETWORK_GOOD,
    NETWORK_NOT_READ,    /* no address with or without a prefix */
    NETWORK_HAS_TOO_MUCH /* the address has bits beyond the prefix: `network`
                            is what remains without them */
};

/* Reads ADDRESS or ADDRESS/PREFIX, IPv4 in four decimal parts or IPv6. An
 * address alone is a network of its own. IPv4-mapped networks of 96 bits and
 * more are IPv4. */
enum network_fault network_parse(const char *text, struct network *network);

bool network_contains(const struct network *network,
                      const struct network_host *host);

/* Whether one of them contains the address of the peer. */
bool network_any_contains(const struct network *networks, size_t count,
                          const struct sockaddr_storage *peer);

/* "192.0.2.0/24". Returns `text`. */
const char *network_format(const struct network *network,
                           char text[static NETWORK_TEXT_BYTES]);

#endif
