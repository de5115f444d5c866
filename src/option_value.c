/* Every number of the command line has its bounds here. */
#include "config.h"

#include "option_value.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "options.h"

/* A week: far beyond every sensible timeout, far below every overflow. */
#define MAX_SECONDS 604800.0
/* Twelve digits: 31,000 years. */
#define MAX_TIME_S 999999999999.0

bool option_wrong(char *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault, OPTIONS_FAULT_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* A decimal number and nothing else: no hexadecimal, no "inf", no blanks. */
static bool read_decimal(const char *text, bool fraction, double *value)
{
    const char *allowed = fraction ? "0123456789." : "0123456789";
    char *end;

    if (!isdigit((unsigned char)text[0]) ||
        text[strspn(text, allowed)] != '\0' || strlen(text) > 20)
        return false;
    *value = strtod(text, &end);
    return *end == '\0';
}

bool option_read_count(const char *name, const char *text, double least,
                       double most, uint32_t *value, char *fault)
{
    double number;

    if (!read_decimal(text, false, &number) || number < least || number > most)
        return option_wrong(
            fault, "--%s takes a whole number from %.0f to %.0f, not '%s'",
            name, least, most, text);
    *value = (uint32_t)number;
    return true;
}

bool option_read_seconds(const char *name, const char *text, double least,
                         int64_t *value_ns, char *fault)
{
    double number;

    if (!read_decimal(text, true, &number) || number < least ||
        number > MAX_SECONDS)
        return option_wrong(fault,
                            "--%s takes seconds from %g to %.0f, not '%s'",
                            name, least, MAX_SECONDS, text);
    *value_ns = llrint(number * (double)CLOCK_NS_PER_S);
    return true;
}

bool option_read_time(const char *name, const char *text, int64_t *time_s,
                      bool *is_relative, char *fault)
{
    double number;

    *is_relative = text[0] == '+';
    if (!read_decimal(text + *is_relative, false, &number) ||
        number > MAX_TIME_S)
        return option_wrong(fault,
                            "--%s takes a Unix time, or +SECONDS from now on, "
                            "not '%.64s'",
                            name, text);
    *time_s = (int64_t)number;
    return true;
}

bool option_read_network(const char *name, const char *text,
                         struct network *network, char *fault)
{
    char right[NETWORK_TEXT_BYTES];

    switch (network_parse(text, network)) {
    case NETWORK_NOT_READ:
        return option_wrong(
            fault,
            "--%s takes an address or a network, such as 192.0.2.1, "
            "192.0.2.0/24 or 2001:db8::/32, not '%.64s'",
            name, text);
    case NETWORK_HAS_TOO_MUCH:
        return option_wrong(
            fault,
            "--%s: '%.64s' has bits beyond its prefix: the network "
            "is %s",
            name, text, network_format(network, right));
    case NETWORK_GOOD:
        break;
    }
    return true;
}

bool option_read_address(const char *name, const char *text,
                         struct address *address, char *fault)
{
    if (address_parse(text, address))
        return true;
    return option_wrong(fault,
                        "--%s takes PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT "
                        "with a port from 0 to 65535, not '%.64s'",
                        name, text);
}
