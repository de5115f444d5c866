/* The view as a page for people: the template (page.html) with its places
 * filled in. All of it but the charts is there without scripts. Pure. */
#ifndef FLVD_STATUS_PAGE_H
#define FLVD_STATUS_PAGE_H

#include <stdio.h>

#include "status/view.h"

#define PAGE_TYPE "text/html; charset=utf-8"

/* Connections that are listed. */
#define PAGE_MAX_ROWS 200

void page_write(FILE *out, const struct view *view);

#endif
