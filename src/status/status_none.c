/* A build without libmicrohttpd or jansson: nobody asks for more. */
#include "config.h"

#include "status/available.h"
#include "status/status.h"

bool status_is_available(void)
{
    return false;
}

struct status *status_start(const struct status_options *options)
{
    (void)options;
    return NULL;
}

void status_stop(struct status *status)
{
    (void)status;
}
