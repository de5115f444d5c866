/* The values of options, read from text: each function takes what the user
 * wrote, keeps it within its bounds, and says what would be right in `fault`,
 * OPTIONS_FAULT_BYTES long, when it is wrong. `name` is the option's, without
 * the dashes. */
#ifndef FLVD_OPTION_VALUE_H
#define FLVD_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/network.h"

/* Writes one line without newline into `fault`. Always false, so that it can
 * be returned. */
bool option_wrong(char *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole number from `least` to `most`. */
bool option_read_count(const char *name, const char *text, double least,
                       double most, uint32_t *value, char *fault);

/* Seconds, with or without a fraction, from `least` to a week. */
bool option_read_seconds(const char *name, const char *text, double least,
                         int64_t *value_ns, char *fault);

/* A Unix time, or "+SECONDS" (`is_relative`). */
bool option_read_time(const char *name, const char *text, int64_t *time_s,
                      bool *is_relative, char *fault);

/* An address or a network. A host in a network is more likely a typing error
 * in the prefix than a way to say the network, and refused. */
bool option_read_network(const char *name, const char *text,
                         struct network *network, char *fault);

/* [ADDRESS:]PORT. */
bool option_read_address(const char *name, const char *text,
                         struct address *address, char *fault);

#endif
