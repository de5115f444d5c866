/* A hash table with open addressing: a slot for each address that has a
 * connection, at most half of them taken. An address that has none any more
 * leaves no trace: those behind it move up. */
#include "config.h"

#include "server/census.h"

#include <stdlib.h>
#include <string.h>

#include "net/network.h"

/* Those that are counted before they find that there is no room for them. */
#define SPARE_PLACES 64

struct census_slot {
    uint64_t address;
    int family;
    uint32_t count; /* 0: the slot is free */
};

bool census_init(struct census *census, uint32_t limit, uint32_t most,
                 uint64_t seed)
{
    size_t slots = 2;

    *census = (struct census){.limit = limit, .seed = seed};
    pthread_mutex_init(&census->lock, NULL);
    if (limit == 0)
        return true;
    while (slots < 2 * ((size_t)most + SPARE_PLACES))
        slots *= 2;
    census->mask = slots - 1;
    census->slots = calloc(slots, sizeof(census->slots[0]));
    return census->slots != NULL;
}

void census_destroy(struct census *census)
{
    free(census->slots);
    pthread_mutex_destroy(&census->lock);
}

static struct census_place find_place(const struct sockaddr_storage *peer)
{
    const struct network_host host = network_host(peer);
    struct census_place place = {.family = host.family};

    memcpy(&place.address, host.bytes, sizeof(place.address));
    return place;
}

/* The end of MurmurHash3, twice, around a secret. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xFF51AFD7ED558CCDu;
    value ^= value >> 33;
    value *= 0xC4CEB9FE1A85EC53u;
    return value ^ value >> 33;
}

static size_t home_of(const struct census *census, uint64_t address, int family)
{
    const uint64_t hash = mix(address ^ census->seed) + (uint64_t)family;

    return (size_t)mix(hash ^ census->seed) & census->mask;
}

/* The slot of the place, or the free one where it would be. */
static size_t find_slot(const struct census *census,
                        const struct census_place *place)
{
    size_t i = home_of(census, place->address, place->family);

    while (census->slots[i].count > 0 &&
           (census->slots[i].address != place->address ||
            census->slots[i].family != place->family))
        i = (i + 1) & census->mask;
    return i;
}

/* Frees a slot: each one behind it, up to a free one, that was only put there
 * because this was taken moves up. */
static void free_slot(struct census *census, size_t hole)
{
    size_t i = hole;

    for (;;) {
        const struct census_slot *slot;
        size_t home;

        i = (i + 1) & census->mask;
        slot = &census->slots[i];
        if (slot->count == 0)
            break;
        home = home_of(census, slot->address, slot->family);
        if (((i - home) & census->mask) >= ((i - hole) & census->mask)) {
            census->slots[hole] = *slot;
            hole = i;
        }
    }
    census->slots[hole].count = 0;
    census->taken--;
}

static bool count_in(struct census *census, const struct census_place *place)
{
    struct census_slot *slot = &census->slots[find_slot(census, place)];

    if (slot->count >= census->limit)
        return false;
    if (slot->count == 0) {
        if (census->taken > census->mask / 2)
            return false;
        census->taken++;
    }
    slot->address = place->address;
    slot->family = place->family;
    slot->count++;
    return true;
}

bool census_enter(struct census *census, const struct sockaddr_storage *peer,
                  struct census_place *place)
{
    bool entered;

    *place = (struct census_place){0};
    if (census->limit == 0)
        return true;
    *place = find_place(peer);
    if (place->family == AF_UNSPEC)
        return true;
    pthread_mutex_lock(&census->lock);
    entered = count_in(census, place);
    pthread_mutex_unlock(&census->lock);
    return entered;
}

void census_leave(struct census *census, const struct census_place *place)
{
    size_t i;

    if (place->family == AF_UNSPEC)
        return;
    pthread_mutex_lock(&census->lock);
    i = find_slot(census, place);
    if (census->slots[i].count > 1)
        census->slots[i].count--;
    else
        free_slot(census, i);
    pthread_mutex_unlock(&census->lock);
}
