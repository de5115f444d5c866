/* How many connections each address has, for --max-clients-per-address. An
 * IPv6 peer counts by its /64, which is what one customer gets; an IPv4-mapped
 * one is IPv4. Thread-safe. */
#ifndef FLVD_SERVER_CENSUS_H
#define FLVD_SERVER_CENSUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Whom a connection counts for; all zero: for nobody. */
struct census_place {
    uint64_t address;
    int family;
};

struct census {
    pthread_mutex_t lock; /* guards the slots */
    uint32_t limit;       /* of one address; 0: there is none */
    uint64_t seed;        /* nobody outside can tell where an address lies */
    size_t mask;          /* of the number of a slot */
    size_t taken;         /* slots */
    struct census_slot *slots;
};

/* With room for `most` connections. With a limit of 0 nothing is counted, and
 * nothing can fail. False when memory is short. */
bool census_init(struct census *census, uint32_t limit, uint32_t most,
                 uint64_t seed);
void census_destroy(struct census *census);

/* Counts one more connection of the peer. False, and nothing is counted, when
 * its address has as many as it may have, or there is no room; true without
 * counting for a peer without an address. */
bool census_enter(struct census *census, const struct sockaddr_storage *peer,
                  struct census_place *place);

/* The connection has ended. */
void census_leave(struct census *census, const struct census_place *place);

#endif
