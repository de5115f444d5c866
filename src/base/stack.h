/* The stack of a thread, as far as it costs memory. */
#ifndef FLVD_BASE_STACK_H
#define FLVD_BASE_STACK_H

/* Gives the pages of the calling thread's stack that lie deeper than its caller
 * back to the kernel: what a deep call has touched once would stay in memory as
 * long as the thread lives. For threads other than the first. */
void stack_give_back(void);

#endif
