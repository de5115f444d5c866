/* HTTP for a few, read-only, on libmicrohttpd: it polls in a thread of its own,
 * the only one of flvd that does. One request a connection, bounded in every
 * way: what is malformed, huge or slow is the peer's own trouble. */
#ifndef FLVD_STATUS_HTTP_H
#define FLVD_STATUS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct http; /* opaque */

struct http_request {
    const char *method; /* "GET" */
    const char *path;   /* percent-decoded, without the query */
    const char *host;   /* the header; NULL: none */
    bool is_loopback;   /* it came to an address of the loopback interface */
};

struct http_answer {
    unsigned status;  /* 200 */
    const char *type; /* of the body, "text/plain" */
    const char *body; /* NULL: memory was short */
    size_t length;
    bool is_allocated; /* the body is freed when it was sent */
};

/* Called in the one thread, for HEAD as for GET: nothing else gets through. */
typedef void http_respond(void *context, const struct http_request *request,
                          struct http_answer *answer);

/* Starts the thread; NULL when that fails. */
struct http *http_start(http_respond *respond, void *context);

/* Takes over a connected socket. From any thread; may wait a moment. */
void http_take(struct http *http, int fd, const struct sockaddr_storage *peer);

/* Breaks off what is on its way, and ends the thread. Nobody may be in
 * http_take any more. */
void http_stop(struct http *http);

#endif
