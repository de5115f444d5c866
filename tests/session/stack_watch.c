/* A pthread_create of our own, in front of the one of libc: it gives threads
 * stacks of the size that was asked for, of which each page reads as zeros
 * until it is touched, and which are looked at afterwards. They are never
 * unmapped: nobody can tell when a detached thread has quite gone. Tests that
 * do not start the watch get the threads of libc. */
#include "config.h"

#include "stack_watch.h"

#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Further threads have the stacks that libc gives them. */
#define WATCHED_THREADS 64

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER
#endif

#ifndef WITH_SANITIZER

static struct {
    _Atomic(const uint8_t *) lowest;
    size_t bytes;
} stacks[WATCHED_THREADS];
static atomic_size_t stack_count;
static atomic_bool is_watching;

typedef int create_function(pthread_t *, const pthread_attr_t *,
                            void *(*)(void *), void *);

static bool is_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* NULL when all are in use. */
static void *new_stack(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t place = atomic_fetch_add(&stack_count, 1);
    uint8_t *guard;

    if (place >= WATCHED_THREADS)
        return NULL;
    guard = mmap(NULL, page + bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard == MAP_FAILED || mprotect(guard, page, PROT_NONE) != 0)
        return NULL;
    stacks[place].bytes = bytes;
    atomic_store(&stacks[place].lowest, guard + page);
    return guard + page;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *argument)
{
    create_function *create =
        (create_function *)dlsym(RTLD_NEXT, "pthread_create");
    pthread_attr_t changed;
    size_t bytes;
    void *stack;

    if (attributes == NULL || !atomic_load(&is_watching) ||
        pthread_attr_getstacksize(attributes, &bytes) != 0 ||
        (stack = new_stack(bytes)) == NULL)
        return create(thread, attributes, run, argument);
    changed = *attributes;
    pthread_attr_setstack(&changed, stack, bytes);
    return create(thread, &changed, run, argument);
}

void stack_watch_start(void)
{
    atomic_store(&is_watching, !is_valgrind());
}

static size_t touched(const uint8_t *lowest, size_t bytes)
{
    size_t untouched = 0;

    while (untouched < bytes && lowest[untouched] == 0)
        untouched++;
    return bytes - untouched;
}

void stack_watch_check(void)
{
    for (size_t i = 0; i < WATCHED_THREADS; i++) {
        const uint8_t *lowest = atomic_load(&stacks[i].lowest);
        size_t bytes;

        if (lowest == NULL)
            continue;
        bytes = touched(lowest, stacks[i].bytes);
        if (getenv("STACK_WATCH") != NULL)
            printf("stack: %zu of %zu bytes\n", bytes, stacks[i].bytes);
        ck_assert_msg(bytes <= stacks[i].bytes / 4 * 3,
                      "a thread touched %zu of the %zu bytes of its stack",
                      bytes, stacks[i].bytes);
    }
}

#else

void stack_watch_start(void)
{
}

void stack_watch_check(void)
{
}

#endif
