/* storm: many connections at a time, from one address or several, which begin
 * to speak RTMP and then say nothing more. Each sends C0 and C1; one that gets
 * a byte for it was let in, one that is reset or closed was not. Prints how
 * many were, such as "5 in, 1995 out", and with -h holds what it has until
 * standard input ends. */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char usage[] =
    "usage: storm [-h] [-n COUNT] [-s SOURCE]... ADDRESS PORT\n";

#define C0C1_BYTES 1537
#define MAX_SOURCES 16
#define TIMEOUT_S 30

static void die(const char *what)
{
    fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static struct addrinfo *resolve(const char *address, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found;

    if (getaddrinfo(address, port, &hints, &found) != 0)
        die(address);
    return found;
}

/* As many descriptors as there may be. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_one(const struct addrinfo *to, const struct addrinfo *from)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    static char c0c1[C0C1_BYTES] = {3};
    int fd = socket(to->ai_family, SOCK_STREAM, 0);

    if (fd < 0)
        die("socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (from != NULL && bind(fd, from->ai_addr, from->ai_addrlen) != 0)
        die("bind");
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && errno != ECONNRESET)
        die("connect");
    (void)!send(fd, c0c1, sizeof(c0c1), MSG_NOSIGNAL); /* it may be reset */
    return fd;
}

/* Whether it was let in; one that was not is closed. */
static bool is_in(int fd)
{
    char byte;

    if (recv(fd, &byte, 1, 0) == 1)
        return true;
    if (errno == EAGAIN)
        die("neither let in nor refused");
    close(fd);
    return false;
}

int main(int argc, char **argv)
{
    struct addrinfo *sources[MAX_SOURCES] = {NULL};
    struct addrinfo *to;
    size_t source_count = 0, count = 1, in = 0;
    bool holds = false;
    int option;
    int *fds;

    while ((option = getopt(argc, argv, "hn:s:")) != -1) {
        if (option == 'h') {
            holds = true;
        } else if (option == 'n') {
            count = strtoul(optarg, NULL, 10);
        } else if (option == 's' && source_count < MAX_SOURCES) {
            sources[source_count++] = resolve(optarg, NULL);
        } else {
            fputs(usage, stderr);
            return EXIT_FAILURE;
        }
    }
    if (argc - optind != 2) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    to = resolve(argv[optind], argv[optind + 1]);
    raise_limit();
    fds = malloc(count * sizeof(fds[0]));
    if (fds == NULL)
        die("malloc");
    for (size_t i = 0; i < count; i++)
        fds[i] =
            open_one(to, source_count > 0 ? sources[i % source_count] : NULL);
    for (size_t i = 0; i < count; i++)
        in += is_in(fds[i]);
    printf("%zu in, %zu out\n", in, count - in);
    fflush(stdout);
    while (holds && getchar() != EOF)
        ;
    free(fds);
    freeaddrinfo(to);
    while (source_count > 0)
        freeaddrinfo(sources[--source_count]);
    return EXIT_SUCCESS;
}
