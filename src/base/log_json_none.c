/* Without jansson: the log is text. */
#include "config.h"

#include "base/log_json.h"

char *log_json_make(const struct log_entry *entry, size_t *length)
{
    (void)entry;
    *length = 0;
    return NULL;
}

void log_json_prepare(void)
{
}

bool log_json_is_available(void)
{
    return false;
}
