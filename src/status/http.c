/* Sockets come from the doormen (status.c), not from libmicrohttpd, which would
 * spin when descriptors are short, and shut down a socket that a service
 * manager has passed. */
#include "config.h"

#include "status/http.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/address.h"
#include "net/socket.h"
#include "status/door.h"

/* For all of a request's header. Browsers send the cookies of everything else
 * on localhost as well. */
#define REQUEST_BYTES ((size_t)32 * 1024)

/* How long a peer may send and take nothing. */
#define SILENCE_S 10u

/* Those that are going may still be there when others come. */
#define CONNECTIONS (DOOR_MAX_VISITORS + 8u)

#define STACK_BYTES ((size_t)4 * WORKER_STACK_BYTES)

struct http {
    struct MHD_Daemon *daemon;
    struct door door;
    http_respond *respond;
    void *context;
};

/* On every answer: nothing is kept, framed, guessed at, or read by pages of
 * others, and a page may load what lies beside it and nothing else. */
static const char *const headers[][2] = {
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self'; connect-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

static int descriptor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info != NULL ? info->connect_fd : -1;
}

static bool came_by_loopback(struct MHD_Connection *connection)
{
    struct sockaddr_storage local = {0};
    socklen_t length = sizeof(local);

    return getsockname(descriptor_of(connection), (struct sockaddr *)&local,
                       &length) == 0 &&
           address_is_loopback(&local);
}

static void refuse_method(struct http_answer *answer)
{
    static const char text[] = "only GET and HEAD are understood\n";

    answer->status = MHD_HTTP_METHOD_NOT_ALLOWED;
    answer->type = "text/plain; charset=utf-8";
    answer->body = text;
    answer->length = sizeof(text) - 1;
}

static bool is_understood(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
           strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static struct MHD_Response *response_of(const struct http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->length, (void *)(uintptr_t)answer->body,
        answer->is_allocated ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

    if (response == NULL) {
        if (answer->is_allocated)
            free((void *)(uintptr_t)answer->body);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, "Content-Type", answer->type);
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    return response;
}

/* Is called first when the header was read, and answers then: a body is never
 * waited for. MHD_NO closes the connection. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *path, const char *method,
                              const char *version, const char *upload,
                              size_t *upload_bytes, void **request_context)
{
    struct http *http = context;
    struct http_answer answer = {0};
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)version;
    (void)upload;
    (void)upload_bytes;
    (void)request_context;
    if (is_understood(method)) {
        const struct http_request request = {
            .method = method,
            .path = path,
            .host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                MHD_HTTP_HEADER_HOST),
            .is_loopback = came_by_loopback(connection)};

        http->respond(http->context, &request, &answer);
    } else {
        refuse_method(&answer);
    }
    if (answer.body == NULL)
        return MHD_NO;
    response = response_of(&answer);
    if (response == NULL)
        return MHD_NO;
    result = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

static void note_connection(void *context, struct MHD_Connection *connection,
                            void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;

    (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        door_enter(&http->door, descriptor_of(connection));
    else
        door_leave(&http->door, descriptor_of(connection));
}

struct http *http_start(http_respond *respond, void *context)
{
    struct http *http = malloc(sizeof(*http));

    if (http == NULL)
        return NULL;
    http->respond = respond;
    http->context = context;
    door_init(&http->door);
    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
        0, NULL, NULL, handle, http, MHD_OPTION_NOTIFY_CONNECTION,
        note_connection, http, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (http->daemon == NULL) {
        door_destroy(&http->door);
        free(http);
        return NULL;
    }
    return http;
}

void http_take(struct http *http, int fd, const struct sockaddr_storage *peer)
{
    const socklen_t length = peer->ss_family == AF_INET6
                                 ? sizeof(struct sockaddr_in6)
                                 : sizeof(struct sockaddr_in);

    if (!door_let_in(&http->door)) {
        socket_reset_at_close(fd);
        close(fd);
        return;
    }
    /* It closes the descriptor when it fails. */
    if (MHD_add_connection(http->daemon, fd, (const struct sockaddr *)peer,
                           length) != MHD_YES)
        door_turn_away(&http->door);
}

void http_stop(struct http *http)
{
    MHD_stop_daemon(http->daemon);
    door_destroy(&http->door);
    free(http);
}
