/* A long way between a client and a server: listens on a port of its own,
 * connects on, and hands every byte over a constant time after it came. The
 * kernel answers the client's SYN at once, on behalf of a server that is two
 * delays away: the client's first bytes wait two delays more, so that whatever
 * follows comes when it would have come. */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

static const char usage[] =
    "Usage: relay DELAY_MS URL\n"
    "  Prints a URL at which URL is reached, DELAY_MS away\n";

/* --- one way ---------------------------------------------------------------
 */

/* Bytes on their way. */
struct piece {
    int64_t due_ns;
    uint8_t bytes[16384];
};

/* One direction of a connection. Pieces wait between its two threads in a pair
 * of sockets that keeps them apart. */
struct way {
    int from, to, pair[2];
    int64_t delay_ns, first_delay_ns;
};

static void *take(void *argument)
{
    struct way *way = argument;
    int64_t delay_ns = way->first_delay_ns;
    struct piece piece;
    ssize_t count;

    while ((count = recv(way->from, piece.bytes, sizeof(piece.bytes), 0)) > 0) {
        piece.due_ns = now_ns() + delay_ns;
        delay_ns = way->delay_ns;
        if (send(way->pair[0], &piece,
                 offsetof(struct piece, bytes) + (size_t)count, 0) < 0)
            break;
    }
    shutdown(way->pair[0], SHUT_WR);
    return NULL;
}

static void *hand_over(void *argument)
{
    struct way *way = argument;
    struct piece piece;
    ssize_t count;

    while ((count = recv(way->pair[1], &piece, sizeof(piece), 0)) > 0) {
        const struct timespec due = {.tv_sec = piece.due_ns / SECOND,
                                     .tv_nsec = piece.due_ns % SECOND};
        size_t length = (size_t)count - offsetof(struct piece, bytes);

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        if (send(way->to, piece.bytes, length, 0) != (ssize_t)length)
            break;
    }
    shutdown(way->to, SHUT_WR);
    shutdown(way->pair[1], SHUT_RD);
    return NULL;
}

static void start(struct way *way, pthread_t threads[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, way->pair) < 0)
        die("socketpair: %s", strerror(errno));
    if (pthread_create(&threads[0], NULL, take, way) != 0 ||
        pthread_create(&threads[1], NULL, hand_over, way) != 0)
        die("pthread_create failed");
}

/* --- one connection ------------------------------------------------------- */

struct connection {
    int client;
    int64_t delay_ns;
    const struct addrinfo *server;
};

static void connect_on(const struct connection *connection, int to_server)
{
    const struct addrinfo *server = connection->server;
    const int on = 1;

    if (to_server < 0 ||
        connect(to_server, server->ai_addr, server->ai_addrlen) < 0)
        die("connect: %s", strerror(errno));
    setsockopt(to_server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(connection->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void *relay(void *argument)
{
    struct connection *connection = argument;
    int64_t delay_ns = connection->delay_ns;
    int to_server = socket(connection->server->ai_family, SOCK_STREAM, 0);
    struct way there = {.from = connection->client,
                        .to = to_server,
                        .delay_ns = delay_ns,
                        .first_delay_ns = 3 * delay_ns};
    struct way back = {.from = to_server,
                       .to = connection->client,
                       .delay_ns = delay_ns,
                       .first_delay_ns = delay_ns};
    pthread_t threads[4];

    connect_on(connection, to_server);
    start(&there, threads);
    start(&back, threads + 2);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        close(there.pair[i]);
        close(back.pair[i]);
    }
    close(to_server);
    close(connection->client);
    free(connection);
    return NULL;
}

/* --- all of them ---------------------------------------------------------- */

static int listen_anywhere(const struct wire_target *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener < 0 ||
        bind(listener, (const struct sockaddr *)&address, length) < 0 ||
        listen(listener, 16) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        die("listen: %s", strerror(errno));
    printf("rtmp://127.0.0.1:%u/%s/%s\n", ntohs(address.sin_port), target->app,
           target->stream_name);
    fflush(stdout);
    return listener;
}

int main(int argc, char *argv[])
{
    const struct addrinfo *server;
    struct wire_target target;
    int64_t delay_ns;
    int listener;

    if (argc != 3) {
        fputs(usage, stderr);
        return 2;
    }
    delay_ns = (int64_t)(read_number(argv[1], 1e4) * 1e6);
    server = wire_target_read(&target, argv[2]);
    signal(SIGPIPE, SIG_IGN);
    listener = listen_anywhere(&target);
    for (;;) {
        struct connection *connection = malloc(sizeof(*connection));
        pthread_t thread;

        if (connection == NULL)
            die("out of memory");
        *connection =
            (struct connection){.client = accept(listener, NULL, NULL),
                                .delay_ns = delay_ns,
                                .server = server};
        if (connection->client < 0)
            die("accept: %s", strerror(errno));
        if (pthread_create(&thread, NULL, relay, connection) != 0)
            die("pthread_create failed");
        pthread_detach(thread);
    }
}
