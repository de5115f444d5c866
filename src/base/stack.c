/* Pages of the stack that nobody stands on. */
#include "config.h"

#include "base/stack.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Left alone below the caller's frame: this function and what it calls stand
 * there, and the next call of the caller will. */
#define STACK_KEPT_BYTES 2048

void stack_give_back(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t end = (here - STACK_KEPT_BYTES) / page * page;
    pthread_attr_t attributes;
    void *lowest;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0 &&
        (uintptr_t)lowest < end && here - (uintptr_t)lowest < size)
        (void)madvise(lowest, end - (uintptr_t)lowest, MADV_DONTNEED);
    pthread_attr_destroy(&attributes);
}
