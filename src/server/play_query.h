/* What the query of a URL asks of a play: `start=SECONDS`, `duration=SECONDS`
 * and `loop=COUNT`; and what it shows to be let in: `token=` and `expires=`.
 * Pure. */
#ifndef FLVD_SERVER_PLAY_QUERY_H
#define FLVD_SERVER_PLAY_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "amf/amf0.h"
#include "server/token.h"

/* RTMP timestamps end here: 49 days. */
#define PLAY_QUERY_MAX_SECONDS 4294967u

struct play_query {
    int64_t start_ms;    /* -1: not given */
    int64_t duration_ms; /* -1: not given */
    int64_t rounds;      /* 0: for ever; -1: not given */
    struct token_claim claim;
};

/* A query that gives nothing. */
void play_query_init(struct play_query *query);

/* Reads what stands behind the first "?" of `text`, if there is one: a value
 * takes the place of one that was read before. False when a value could not be
 * read, or is out of bounds; it counts as not given. */
bool play_query_read(struct play_query *query, struct amf0_string text);

#endif
