/* Capabilities: none is needed once everything is bound and opened. */
#ifndef FLVD_SANDBOX_CAPABILITIES_H
#define FLVD_SANDBOX_CAPABILITIES_H

#include <stdbool.h>

/* Empties the bounding set, as far as the process may: only while it is root,
 * so before user_become. */
void capabilities_unbind(void);

/* Gives all up, also those that user_become has left: root's. Whether none is
 * left. Concerns the calling thread and what it makes. */
bool capabilities_drop(void);

#endif
