/* What there is to ask for: which path is answered with what. */
#ifndef FLVD_STATUS_SITE_H
#define FLVD_STATUS_SITE_H

#include <pthread.h>

#include "server/listener.h"
#include "server/session.h"
#include "status/history.h"
#include "status/http.h"

/* Connections that status.json lists. */
#define SITE_MAX_ROWS 1000

struct site {
    const struct session_context *context;
    const struct listener *listeners; /* that play */
    size_t listener_count;
    pthread_mutex_t lock; /* guards the history */
    struct history history;
};

/* What is pointed to must outlive the site. */
void site_init(struct site *site, const struct session_context *context,
               const struct listener *listeners, size_t listener_count);
void site_destroy(struct site *site);

/* Takes a sample for the history; every HISTORY_INTERVAL_S. */
void site_sample(struct site *site);

/* An http_respond with a struct site as context. */
void site_respond(void *site, const struct http_request *request,
                  struct http_answer *answer);

#endif
