/* One connection as others may see it while it lives. Its worker writes, and
 * whoever reports reads, from another thread: figures are relaxed atomics, each
 * right by itself; texts change seldom, and under a lock. */
#ifndef FLVD_SERVER_PROFILE_H
#define FLVD_SERVER_PROFILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "net/address.h"
#include "server/tally.h"

/* Of an application and a name; what is longer is cut. */
#define PROFILE_TEXT_BYTES 256

/* As received, any bytes, but for values of tokens (log_mask). */
struct profile_text {
    uint16_t length;
    char bytes[PROFILE_TEXT_BYTES];
};

struct profile {
    /* Set before anybody else knows of it. */
    uint64_t id; /* the number in the log */
    bool is_tls;
    int64_t since_ns;

    /* Written by the worker alone (account.h). */
    _Atomic uint8_t state; /* enum tally_state */
    _Atomic uint32_t skips;
    _Atomic uint64_t bytes; /* of media, in all plays */
    _Atomic uint64_t tags;
    _Atomic int64_t time_ms;      /* on the timeline, of what was sent last */
    _Atomic int64_t played_at_ns; /* when that is to be played */
    _Atomic int64_t paused_ns;    /* since when it is; 0: it is not */
    _Atomic int64_t round_length_ms; /* 0: not known yet */
    _Atomic int64_t buffer_ms;       /* what it announced; -1: nothing */

    pthread_mutex_t lock; /* guards what is below; the worker, which alone
                             writes it, takes it to write */
    size_t address_at;    /* in the label */
    char label[ADDRESS_TEXT_BYTES + 24]; /* "#12 192.0.2.1:50000" */
    struct profile_text app;             /* empty before connect */
    struct profile_text name;            /* of the last play; or empty */
};

void profile_init(struct profile *profile, uint64_t id,
                  const struct sockaddr_storage *peer, bool is_tls,
                  int64_t now_ns);
void profile_destroy(struct profile *profile);

/* For its worker: the peer's address is another one than it seemed, the
 * application and the name that it asked for. */
void profile_set_peer(struct profile *profile,
                      const struct sockaddr_storage *peer);
void profile_set_app(struct profile *profile, const char *app, size_t length);
void profile_set_name(struct profile *profile, const char *name, size_t length);

/* What is known of it at one moment. */
struct profile_row {
    uint64_t id;
    char address[ADDRESS_TEXT_BYTES]; /* "192.0.2.1:50000" */
    bool is_tls;
    enum tally_state state;
    int64_t age_ns;
    uint64_t bytes;
    uint64_t tags;
    uint32_t skips;      /* how often it was late, and moved on */
    int64_t position_ms; /* what it sees now, in the film, from its start */
    int64_t round;       /* which time the film plays, from 0 */
    int64_t ahead_ms;    /* of what it sees now it was sent so much; below 0:
                            so long ago it came to the end of what it has */
    int64_t buffer_ms;   /* what it announced; -1: nothing */
    struct profile_text app; /* raw: whoever shows them escapes them */
    struct profile_text name;
};

/* As log_escape does it. Returns `out`. */
const char *profile_text_escape(char out[static LOG_ESCAPED_BYTES],
                                const struct profile_text *text);

/* For anybody. */
void profile_read(struct profile *profile, int64_t now_ns,
                  struct profile_row *row);

#endif
