/* Socket addresses: what --listen says, and how addresses are shown. */
#ifndef FLVD_NET_ADDRESS_H
#define FLVD_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* "[" IPv6 with a scope "]:65535" and more. */
#define ADDRESS_TEXT_BYTES 96

/* Where to listen. */
struct address {
    struct sockaddr_storage socket;
    socklen_t length;
    bool is_any; /* no address was given: all addresses, IPv6 and IPv4 */
};

/* Reads "[ADDRESS:]PORT": a port from 0 to 65535, behind an IPv4 address, an
 * IPv6 address in brackets, or nothing for all addresses. No names are looked
 * up. False when the text is anything else. */
bool address_parse(const char *text, struct address *address);

/* The address that all of IPv4 has, with the same port: what is left of
 * `address.is_any` on a host without IPv6. */
void address_any_ipv4(struct address *address);

/* The loopback address of IPv4, with the same port. */
void address_loopback_ipv4(struct address *address);

/* "192.0.2.1:1935" or "[2001:db8::1]:1935"; an IPv4-mapped address is shown as
 * IPv4. Returns `text`. */
const char *address_format(const struct sockaddr_storage *socket,
                           char text[static ADDRESS_TEXT_BYTES]);

/* Whether it stands for all addresses of its family. */
bool address_is_any(const struct sockaddr_storage *socket);

/* Whether it is one of the loopback interface: 127.0.0.0/8, ::1, or the former
 * in the form for IPv6. */
bool address_is_loopback(const struct sockaddr_storage *socket);

/* 0 for families that have no port. */
uint16_t address_port(const struct sockaddr_storage *socket);

#endif
