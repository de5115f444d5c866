/* Without libseccomp. */
#include "config.h"

#include "sandbox/call_filter.h"

#include <errno.h>
#include <stddef.h>

bool call_filter_is_available(void)
{
    return false;
}

bool call_filter_enter(const struct call_filter_plan *plan)
{
    (void)plan;
    errno = ENOSYS;
    return false;
}

char *call_filter_name(int number)
{
    (void)number;
    return NULL;
}
