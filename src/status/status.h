/* --status: what the server does, told over HTTP to people and programs. */
#ifndef FLVD_STATUS_STATUS_H
#define FLVD_STATUS_STATUS_H

#include <stddef.h>

#include "server/listener.h"
#include "server/session.h"

struct status; /* opaque */

/* All of it outlives the service. */
struct status_options {
    const struct session_context *context; /* of the server to tell of */
    const struct listener *playing;        /* its listeners */
    size_t playing_count;
    struct listener *listeners; /* on which is answered; at least one */
    size_t listener_count;      /* SERVER_MAX_LISTENERS at the most */
};

/* Answers from now on, and logs where. NULL when threads or memory are short.
 */
struct status *status_start(const struct status_options *options);

/* Ends it; NULL is accepted. */
void status_stop(struct status *status);

#endif
