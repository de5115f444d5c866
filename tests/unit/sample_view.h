/* A view to write, in which every figure is another one. */
#ifndef FLVD_TESTS_SAMPLE_VIEW_H
#define FLVD_TESTS_SAMPLE_VIEW_H

#include "status/view.h"

#define SAMPLE_VIEW_ROWS 1200

/* Points into static memory, which the next call fills again. `rows` of
 * `connections` connections are known, SAMPLE_VIEW_ROWS at the most. */
struct view *sample_view(size_t rows, size_t connections);

/* Those rows. */
struct profile_row *sample_view_rows(void);

void sample_view_set_text(struct profile_text *text, const char *bytes,
                          size_t length);

#endif
