/* Who may connect: rules about addresses, in order. Pure. */
#ifndef FLVD_NET_ACCESS_H
#define FLVD_NET_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "net/network.h"

#define ACCESS_MAX_RULES 256

struct access_rule {
    struct network network;
    bool allows;
};

struct access {
    struct access_rule rules[ACCESS_MAX_RULES];
    size_t count; /* 0: everybody may */
};

/* Whether a peer may connect: the first rule that its address matches says so.
 * Where none does it may, unless the last rule allows: whoever names at the end
 * who may means nobody else. */
bool access_allows(const struct access *access,
                   const struct sockaddr_storage *peer);

#endif
