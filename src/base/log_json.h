/* A line of the log as one JSON object (jansson, or none). */
#ifndef FLVD_BASE_LOG_JSON_H
#define FLVD_BASE_LOG_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

struct log_entry {
    const char *time;  /* RFC 3339 */
    const char *level; /* "info" */
    const char *message;
    const struct log_peer *peer; /* NULL: it is of none */
    const struct log_field *fields;
    size_t count;
};

/* The object and a newline, in ASCII, `*length` bytes and at most
 * LINE_QUEUE_MAX_LINE: what is not UTF-8 becomes U+FFFD. It is the caller's to
 * free; NULL when memory is short. */
char *log_json_make(const struct log_entry *entry, size_t *length);

/* Lets the library read what it reads when it is first used. */
void log_json_prepare(void);

/* Whether flvd was built with it. */
bool log_json_is_available(void);

#endif
