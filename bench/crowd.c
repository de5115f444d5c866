#include "config.h"

#include "crowd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* A viewer without a frame after this time has failed. */
#define JOIN_LIMIT (30 * SECOND)
#define EVENTS 256
/* So many join at most before those that are there are heard. */
#define JOINS_AT_A_TIME 8
/* How exact the ends of viewers in a storm are. */
#define STORM_TICK (SECOND / 100)
/* How long a viewer that stops in mid-sentence stays at most. */
#define MAX_HESITATION (SECOND / 5)

/* What changes while a crowd runs. */
struct progress {
    int epoll;
    size_t started, settled; /* settled: saw a frame, or will never */
    size_t oldest;           /* all before this one are gone */
    int64_t begin_ns, last_join_ns, next_sweep_ns, end_ns;
};

/* --- the dice ------------------------------------------------------------- */

/* xorshift64: the same storm for the same seed. */
static uint64_t roll(struct crowd *crowd)
{
    crowd->seed ^= crowd->seed << 13;
    crowd->seed ^= crowd->seed >> 7;
    crowd->seed ^= crowd->seed << 17;
    return crowd->seed;
}

/* Half of those in a storm see something; the others go before. */
static void choose_exit(struct crowd *crowd, struct watcher *watcher)
{
    static const enum watcher_exit exits[] = {WATCHER_CLOSES, WATCHER_ABORTS,
                                              WATCHER_SAYS_GOODBYE};
    static const enum watcher_stage stages[] = {
        WATCHER_CONNECTING, WATCHER_HANDSHAKE, WATCHER_COMMANDS,
        WATCHER_WATCHING,   WATCHER_WATCHING,  WATCHER_WATCHING};
    int64_t most;

    watcher->exit = exits[roll(crowd) % 3];
    watcher->exit_stage = stages[roll(crowd) % 6];
    most = (int64_t)(crowd->life_seconds * (double)SECOND);
    if (watcher->exit_stage != WATCHER_WATCHING && most > MAX_HESITATION)
        most = MAX_HESITATION;
    watcher->exit_delay_ns = (int64_t)(roll(crowd) % (uint64_t)(most + 1));
}

/* --- joining -------------------------------------------------------------- */

/* Those that parse are spread over the others. */
static bool parses(const struct crowd *crowd, size_t number)
{
    return (number + 1) * crowd->parsing / crowd->viewers >
           number * crowd->parsing / crowd->viewers;
}

static void join(struct crowd *crowd, struct progress *progress)
{
    struct watcher *watcher = &crowd->watchers[progress->started];
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = watcher};

    watcher->number = (uint32_t)progress->started;
    watcher->parses = parses(crowd, progress->started++);
    if (crowd->life_seconds > 0)
        choose_exit(crowd, watcher);
    watcher_join(watcher, &crowd->scene);
    if (watcher->stage == WATCHER_GONE)
        progress->settled++;
    else if (epoll_ctl(progress->epoll, EPOLL_CTL_ADD, watcher->fd, &event) < 0)
        die("epoll_ctl: %s", strerror(errno));
}

/* When the next viewer may join: now or earlier if at once, INT64_MAX if
 * something else has to happen before. */
static int64_t next_join_ns(const struct crowd *crowd,
                            const struct progress *progress)
{
    size_t started = progress->started;

    if (started == crowd->viewers)
        return INT64_MAX;
    if (crowd->rate <= 0)
        return progress->settled == started ? progress->begin_ns : INT64_MAX;
    return progress->begin_ns +
           (int64_t)((double)started / crowd->rate * (double)SECOND);
}

/* Returns when the next one joins. */
static int64_t join_all_due(struct crowd *crowd, struct progress *progress,
                            int64_t now)
{
    int64_t next;

    for (int i = 0; i < JOINS_AT_A_TIME; i++) {
        next = next_join_ns(crowd, progress);
        if (next > now)
            return next;
        join(crowd, progress);
        progress->last_join_ns = now;
    }
    return now;
}

/* --- being there, and going ----------------------------------------------- */

static bool has_settled(const struct watcher *watcher)
{
    return watcher->stage >= WATCHER_WATCHING;
}

static void serve(struct crowd *crowd, struct progress *progress,
                  struct watcher *watcher)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watcher};
    enum watcher_stage before = watcher->stage;
    bool settled = has_settled(watcher);

    /* One that stops before it says a word. */
    if (before == WATCHER_CONNECTING && watcher->exit_ns != 0) {
        event.events = 0;
        epoll_ctl(progress->epoll, EPOLL_CTL_MOD, watcher->fd, &event);
        return;
    }
    watcher_serve(watcher, &crowd->scene);
    if (before == WATCHER_CONNECTING && watcher->stage == WATCHER_HANDSHAKE &&
        epoll_ctl(progress->epoll, EPOLL_CTL_MOD, watcher->fd, &event) < 0)
        die("epoll_ctl: %s", strerror(errno));
    if (settled || !has_settled(watcher))
        return;
    progress->settled++;
    if (crowd->stay_seconds <= 0 && watcher->stage == WATCHER_WATCHING &&
        watcher->exit == WATCHER_STAYS)
        watcher_exit(watcher);
}

/* Those in a storm whose time has come go. */
static void sweep(struct crowd *crowd, struct progress *progress, int64_t now)
{
    for (size_t i = progress->oldest; i < progress->started; i++) {
        struct watcher *watcher = &crowd->watchers[i];

        if (watcher->stage == WATCHER_GONE) {
            if (i == progress->oldest)
                progress->oldest++;
            continue;
        }
        if (watcher->exit_ns == 0 || watcher->exit_ns > now)
            continue;
        progress->settled += !has_settled(watcher);
        watcher_exit(watcher);
    }
    progress->next_sweep_ns = now + STORM_TICK;
}

/* When all has been done that there was to do, or nothing comes any more. */
static int64_t end_of_all(const struct crowd *crowd, struct progress *progress,
                          int64_t now)
{
    if (progress->settled < crowd->viewers)
        return progress->last_join_ns + JOIN_LIMIT;
    if (crowd->life_seconds > 0)
        return progress->oldest == crowd->viewers
                   ? now
                   : progress->last_join_ns + JOIN_LIMIT;
    if (progress->end_ns == 0) {
        progress->end_ns =
            now + (int64_t)(crowd->stay_seconds * (double)SECOND);
        puts("playing");
        fflush(stdout);
    }
    return progress->end_ns;
}

void crowd_run(struct crowd *crowd)
{
    struct epoll_event events[EVENTS];
    struct progress progress = {.begin_ns = now_ns()};

    crowd->watchers = calloc(crowd->viewers, sizeof(*crowd->watchers));
    progress.epoll = epoll_create1(0);
    if (crowd->watchers == NULL || progress.epoll < 0)
        die("epoll_create1: %s", strerror(errno));
    progress.last_join_ns = progress.begin_ns;
    for (;;) {
        int64_t now = now_ns(), wake = join_all_due(crowd, &progress, now);
        int64_t last;
        int count;

        if (crowd->life_seconds > 0) {
            if (progress.next_sweep_ns <= now)
                sweep(crowd, &progress, now);
            if (progress.next_sweep_ns < wake)
                wake = progress.next_sweep_ns;
        }
        last = end_of_all(crowd, &progress, now);
        if (last <= now)
            break;
        if (last < wake)
            wake = last;
        count = epoll_wait(
            progress.epoll, events, EVENTS,
            wake <= now ? 0 : (int)((wake - now + 999999) / 1000000));
        for (int i = 0; i < count; i++)
            serve(crowd, &progress, events[i].data.ptr);
    }
}

void crowd_free(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->viewers; i++)
        watcher_free(&crowd->watchers[i]);
    free(crowd->watchers);
    lateness_free(&crowd->scene.all);
    lateness_free(&crowd->scene.steady);
}
