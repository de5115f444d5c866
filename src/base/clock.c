/* The monotonic clock, and sleeping on it. */
#include "config.h"

#include "base/clock.h"

#include <errno.h>

int64_t clock_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * CLOCK_NS_PER_S + t.tv_nsec;
}

int64_t clock_unix_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int64_t clock_unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / CLOCK_NS_PER_MS;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec clock_timespec(int64_t time_ns)
{
    return (struct timespec){.tv_sec = (time_t)(time_ns / CLOCK_NS_PER_S),
                             .tv_nsec = (long)(time_ns % CLOCK_NS_PER_S)};
}

void clock_sleep_until(int64_t deadline_ns)
{
    const struct timespec t = clock_timespec(deadline_ns);

    if (deadline_ns <= 0)
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

struct timeval clock_socket_timeout(int64_t now_ns, int64_t deadline_ns)
{
    const int64_t day_us = INT64_C(86400000000);
    int64_t us = 1;

    if (deadline_ns > now_ns) {
        us = (deadline_ns - now_ns) / 1000;
        if (us < 1)
            us = 1;
        if (us > day_us)
            us = day_us;
    }
    return (struct timeval){.tv_sec = (time_t)(us / 1000000),
                            .tv_usec = (suseconds_t)(us % 1000000)};
}
