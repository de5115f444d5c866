/* The view as JSON, for programs: doc/STATUS.md says what its members mean, and
 * that they stay. Pure. */
#ifndef FLVD_STATUS_JSON_H
#define FLVD_STATUS_JSON_H

#include "status/view.h"

#define JSON_TYPE "application/json"

/* Goes up when a member changes its meaning or goes, not when one is added. */
#define JSON_FORMAT 1

/* To be freed; NULL when memory is short. */
char *json_make(const struct view *view);

#endif
