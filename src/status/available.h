/* Whether this flvd was built with libmicrohttpd and jansson. */
#ifndef FLVD_STATUS_AVAILABLE_H
#define FLVD_STATUS_AVAILABLE_H

#include <stdbool.h>

bool status_is_available(void);

#endif
