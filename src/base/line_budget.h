/* At most so many lines of one kind in so long, for what a peer could make the
 * log say again and again. Thread-safe; `now` is an argument. */
#ifndef FLVD_BASE_LINE_BUDGET_H
#define FLVD_BASE_LINE_BUDGET_H

#include <stdatomic.h>
#include <stdint.h>

struct line_budget {
    uint32_t max_lines;
    int64_t window_ns;
    _Atomic int64_t since_ns; /* when the window began */
    _Atomic uint32_t lines;   /* asked for in it */
};

void line_budget_init(struct line_budget *budget, uint32_t max_lines,
                      int64_t window_ns);

enum line_budget_answer {
    LINE_BUDGET_TELL,
    LINE_BUDGET_LAST, /* tell it, and that those that follow are not told */
    LINE_BUDGET_DROP
};

/* Whether one more line may be written now. */
enum line_budget_answer line_budget_take(struct line_budget *budget,
                                         int64_t now_ns);

#endif
