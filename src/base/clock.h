/* Monotonic time in nanoseconds. Everything that waits in flvd waits until an
 * absolute time of this clock; the wall clock appears in log lines, and
 * where tokens expire. */
#ifndef FLVD_BASE_CLOCK_H
#define FLVD_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define CLOCK_NS_PER_S INT64_C(1000000000)
#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NEVER INT64_MAX

/* CLOCK_MONOTONIC. */
int64_t clock_now_ns(void);

/* CLOCK_REALTIME, as time(2) has it. */
int64_t clock_unix_s(void);
int64_t clock_unix_ms(void);

/* Blocks until `deadline_ns` has come; at once when it has passed. */
void clock_sleep_until(int64_t deadline_ns);

/* A time, or a length of time, as system calls take it. */
struct timespec clock_timespec(int64_t time_ns);

/* A condition whose timed waits end at times of this clock. */
void clock_cond_init(pthread_cond_t *cond);

/* What SO_RCVTIMEO and SO_SNDTIMEO take: the time from `now_ns` to
 * `deadline_ns`, at least one microsecond (0 would mean for ever) and at most
 * a day. */
struct timeval clock_socket_timeout(int64_t now_ns, int64_t deadline_ns);

/* The earlier of two times. */
static inline int64_t clock_earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

#endif
