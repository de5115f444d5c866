/* The PROXY protocol's header, versions 1 and 2: what a proxy says of its peer
 * before that one's first byte. From bytes alone, however they are cut. Pure.
 *
 * https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt */
#ifndef FLVD_NET_PROXY_HEADER_H
#define FLVD_NET_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"

/* The longest line of version 1, with its CR LF, as specified. */
#define PROXY_HEADER_LINE_BYTES 107

/* The longest header of version 2 that is read: what is in it behind the
 * addresses, such as names of a client's certificate, is a few hundred. */
#define PROXY_HEADER_MAX_BYTES 4096

/* So many bytes tell a header of either version from anything else. */
#define PROXY_HEADER_MAGIC_BYTES 5

enum proxy_header_result {
    PROXY_HEADER_MORE,    /* it goes on */
    PROXY_HEADER_PEER,    /* `source` is the proxy's peer */
    PROXY_HEADER_NO_PEER, /* the proxy speaks for itself (LOCAL), or cannot say
                             for whom: the socket's own address counts */
    PROXY_HEADER_MISSING, /* something else begins here */
    PROXY_HEADER_BAD      /* `fault` says what is wrong with it */
};

struct proxy_header {
    uint8_t bytes[PROXY_HEADER_LINE_BYTES]; /* as many as are looked at */
    size_t length;                          /* bytes of it so far */
    size_t length_in_all;                   /* version 2, behind byte 16 */
    struct sockaddr_storage source;
    const char *fault;
};

void proxy_header_init(struct proxy_header *header);

/* Takes from `in` what belongs to the header and nothing behind it; at least
 * one byte, if there is one. Not to be called again when it has said anything
 * but PROXY_HEADER_MORE. */
enum proxy_header_result proxy_header_push(struct proxy_header *header,
                                           struct byte_reader *in);

/* Whether a header may begin with this byte, and whether what begins with these
 * looks like one. */
bool proxy_header_may_begin(uint8_t byte);
bool proxy_header_is_begun(const uint8_t *bytes, size_t length);

#endif
