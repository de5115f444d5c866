/* A window that begins with the first line after the one before is over. */
#include "config.h"

#include "base/line_budget.h"

void line_budget_init(struct line_budget *budget, uint32_t max_lines,
                      int64_t window_ns)
{
    budget->max_lines = max_lines;
    budget->window_ns = window_ns;
    atomic_init(&budget->since_ns, 0);
    atomic_init(&budget->lines, 0);
}

enum line_budget_answer line_budget_take(struct line_budget *budget,
                                         int64_t now_ns)
{
    int64_t since_ns = atomic_load(&budget->since_ns);
    uint32_t before;

    if (now_ns - since_ns >= budget->window_ns &&
        atomic_compare_exchange_strong(&budget->since_ns, &since_ns, now_ns))
        atomic_store(&budget->lines, 0);
    before = atomic_fetch_add(&budget->lines, 1);
    if (before + 1 < budget->max_lines)
        return LINE_BUDGET_TELL;
    return before + 1 == budget->max_lines ? LINE_BUDGET_LAST
                                           : LINE_BUDGET_DROP;
}
