/* base/stack: what a deep call has touched goes back to the kernel. */
#include "config.h"

#include "base/stack.h"

#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* TSan wants 900 KiB for itself. */
#define STACK_BYTES (2u << 20)
#define DEEP_BYTES (256u << 10)

/* Pages of the stack that are in memory. */
static size_t count_pages(uint8_t *stack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char in_memory[STACK_BYTES / 4096];
    size_t count = 0;

    ck_assert_int_eq(mincore(stack, STACK_BYTES, in_memory), 0);
    for (size_t i = 0; i < STACK_BYTES / page; i++)
        count += in_memory[i] & 1;
    return count;
}

static __attribute__((noinline)) int go_deep(int value)
{
    volatile uint8_t deep[DEEP_BYTES];

    memset((uint8_t *)deep, value, sizeof(deep));
    return deep[value];
}

static void *give_back(void *stack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile uint8_t own[4096];
    size_t before;

    memset((uint8_t *)own, 7, sizeof(own));
    ck_assert_int_eq(go_deep(3), 3);
    before = count_pages(stack);
    ck_assert_uint_ge(before, DEEP_BYTES / page);
    stack_give_back();
    ck_assert_uint_le(count_pages(stack), before - DEEP_BYTES / page + 4);
    for (size_t i = 0; i < sizeof(own); i++)
        ck_assert_uint_eq(own[i], 7);
    /* it can be used again */
    ck_assert_int_eq(go_deep(5), 5);
    return NULL;
}

START_TEST(deep_pages_are_given_back)
{
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;

    ck_assert(stack != MAP_FAILED);
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, give_back, stack), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    munmap(stack, STACK_BYTES);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("stack");
    TCase *const tests = tcase_create("stack");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, deep_pages_are_given_back);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
