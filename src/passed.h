/* Sockets that a service manager passed at the start: which listener each of
 * them is to be. */
#ifndef FLVD_PASSED_H
#define FLVD_PASSED_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

#define PASSED_FAULT_BYTES 256

struct passed_socket {
    int fd;
    bool is_tls;
    bool is_status; /* for --status */
};

struct passed_sockets {
    struct passed_socket all[OPTIONS_MAX_PASSED];
    size_t count;
};

/* Takes what was passed to this process: "rtmp", "rtmps" and "status" say what
 * a socket is for, and one without a name, or with the name of a socket unit,
 * which systemd gives to those without, is for RTMP. False, and one line in
 * `fault`, when one cannot be used. Whether they are listening sockets at all
 * is not looked at. Call before any thread exists. */
bool passed_take(struct passed_sockets *passed,
                 char fault[static PASSED_FAULT_BYTES]);

/* The names alone; for passed_take and the tests. */
bool passed_sort(struct passed_sockets *passed, char *const *names,
                 size_t count, char fault[static PASSED_FAULT_BYTES]);

/* How many there are of each kind. */
struct options_passed passed_count(const struct passed_sockets *passed);

#endif
