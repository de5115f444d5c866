/* What a request's Host header says. Pure. */
#ifndef FLVD_STATUS_HOST_H
#define FLVD_STATUS_HOST_H

#include <stdbool.h>

/* A name of DNS, or an IPv6 address in brackets, and the NUL. */
#define HOST_BYTES 256

/* The host without the port, if it may stand in a URL as it is: letters,
 * digits, dots, hyphens and underscores, or an address in brackets. */
bool host_of_header(const char *header, char host[static HOST_BYTES]);

/* Whether a host means the machine that a browser runs on: localhost, a name
 * beneath it, 127.0.0.0/8 and ::1. Any other name may be one whose owner makes
 * it resolve to 127.0.0.1, so that a page of theirs could read what is meant
 * for this machine alone. */
bool host_is_loopback(const char *host);

#endif
