/* First match wins. */
#include "config.h"

#include "net/access.h"

bool access_allows(const struct access *access,
                   const struct sockaddr_storage *peer)
{
    struct network_host host;

    if (access->count == 0)
        return true;
    host = network_host(peer);
    for (size_t i = 0; i < access->count; i++) {
        if (network_contains(&access->rules[i].network, &host))
            return access->rules[i].allows;
    }
    return !access->rules[access->count - 1].allows;
}
