/* How much of their stacks the workers of a session test touch: every such test
 * is one of the stack, too. Not under sanitizers and valgrind, which make
 * frames of another size, or take a look at old stack for a fault. */
#ifndef FLVD_TESTS_SESSION_STACK_WATCH_H
#define FLVD_TESTS_SESSION_STACK_WATCH_H

/* From here on threads that are made with attributes, as workers are, are
 * watched. */
void stack_watch_start(void);

/* Checks that they have all left a quarter of their stacks untouched. */
void stack_watch_check(void);

#endif
