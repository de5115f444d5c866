/* Joins and leaves by the thousand, in every state that a connection has, leave
 * nothing behind: descriptors, threads, mappings, memory. */
#include "config.h"

#include "peer.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define AT_ONCE 12
/* The first ones fill what is kept: glibc's stacks and arenas, the shelf, the
 * pool of feeds. */
#define ROUNDS_BEFORE 40
#define ROUNDS 160
/* Where memory is not measured, all is much slower. */
#define ROUNDS_SLOW 20

/* A KiB that each session leaks is 1920. On a busy machine more of them are
 * there at once than before, and arenas are filled that were not. */
#define SLACK_KIB 1024
/* Stacks are two mappings each, and arenas come and go. */
#define SLACK_MAPPINGS (2 * AT_ONCE + 40)

static bool is_measurable(void)
{
#if WORKER_STACK_BYTES > 65536 /* a sanitizer, which keeps what was freed */
    return false;
#else
    const char *preload = getenv("LD_PRELOAD"); /* valgrind's */

    return preload == NULL || *preload == '\0';
#endif
}

struct state {
    long descriptors;
    long threads;
    long mappings;
    long anonymous_kib;
};

static long count_entries(const char *path)
{
    DIR *directory = opendir(path);
    long count = 0;

    ck_assert_ptr_nonnull(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* Counts the lines of a file of /proc, or returns the number behind `key`. */
static long look(const char *path, const char *key)
{
    FILE *file = fopen(path, "re");
    char line[1024];
    long value = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (key == NULL)
            value++;
        else if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key), NULL, 10);
    }
    fclose(file);
    return value;
}

/* A worker leaves the roster as its last act: that its thread is gone a moment
 * later nobody tells. */
static struct state take_state(struct server *server, long threads)
{
    const int64_t deadline_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S;
    struct state state;

    ck_assert_uint_eq(roster_wait_empty(&server->roster, deadline_ns), 0);
    while ((state.threads = count_entries("/proc/self/task")) > threads &&
           clock_now_ns() < deadline_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    state.descriptors = count_entries("/proc/self/fd");
    state.mappings = look("/proc/self/maps", NULL);
    state.anonymous_kib = look("/proc/self/smaps_rollup", "Pss_Anon:");
    return state;
}

/* Comes as far as `kind` says. */
static struct peer *come(struct server *server, size_t kind)
{
    struct peer *peer = peer_open(server);

    switch (kind % 6) {
    case 0:
        break;
    case 1:
        send_c0c1(peer);
        break;
    case 2:
        do_handshake(peer);
        do_connect(peer);
        break;
    case 3:
        do_handshake(peer);
        send_hex(peer, "C3 FF"); /* a chunk of nothing: malformed */
        break;
    default:
        do_play(peer);
        break;
    }
    return peer;
}

static void rage(struct server *server, size_t rounds)
{
    struct peer *peers[AT_ONCE];

    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < AT_ONCE; i++)
            peers[i] = come(server, i);
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (i % 6 == 5)
                peer_close(peers[i]);
            else
                peer_abort(peers[i]);
        }
    }
}

START_TEST(a_storm_leaves_nothing_behind)
{
    struct server server;
    struct state before, after;

    server_start(&server, small_file());
    const long threads = count_entries("/proc/self/task");
    rage(&server, is_measurable() ? ROUNDS_BEFORE : 1);
    before = take_state(&server, threads);
    rage(&server, is_measurable() ? ROUNDS : ROUNDS_SLOW);
    after = take_state(&server, threads);
    printf("%ld -> %ld descriptors, %ld -> %ld threads, %ld -> %ld mappings, "
           "%ld -> %ld KiB\n",
           before.descriptors, after.descriptors, threads, after.threads,
           before.mappings, after.mappings, before.anonymous_kib,
           after.anonymous_kib);
    ck_assert_int_eq(after.descriptors, before.descriptors);
    ck_assert_int_eq(after.threads, threads);
    if (is_measurable()) {
        ck_assert_int_le(after.mappings, before.mappings + SLACK_MAPPINGS);
        ck_assert_int_le(after.anonymous_kib, before.anonymous_kib + SLACK_KIB);
    }
    server.sessions = 0; /* none ends for this reason */
    server_stop(&server, "stall timeout");
}
END_TEST

int main(void)
{
    return run_tests("storm",
                     (const TTest *[]){a_storm_leaves_nothing_behind, NULL});
}
