/* Every call of flvd's to the C library and the system fails, one after the
 * other: the scene is played without a fault, which counts the calls of each
 * kind, and then once for each of them and for each way in which it can fail.
 * flvd must neither crash nor hang nor leak, whoever does not depend on the
 * call must lose nothing, and whoever comes afterwards must get everything; a
 * call of the start without which flvd cannot do is exit status 1 and a line.
 *
 * FAULTS_POINTS says how many calls of a kind fail in a way; without it only
 * some do, evenly. "all" is all of them. FAULTS_ONLY names one kind. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"

#define JOBS 2
#define MAX_ERRORS 8
/* Sanitizers make a run ten times as long. */
#define DEFAULT_POINTS (WORKER_STACK_BYTES > 65536 ? 2 : 8)

/* How a call can fail. Those of a shortage are also tried from one call on to
 * the last: memory that is used up. */
static const struct kind {
    enum fault_call call;
    bool is_shortage;
    int errors[MAX_ERRORS]; /* up to a 0 */
} kinds[] = {
    {FAULT_ACCEPT4,
     false,
     {EMFILE, ENFILE, ENOMEM, ECONNABORTED, EINTR, EPERM}},
    {FAULT_BIND, false, {EADDRINUSE, EACCES}},
    {FAULT_CALLOC, true, {ENOMEM}},
    {FAULT_CLOCK_NANOSLEEP, false, {EINTR}},
    {FAULT_FCNTL, false, {EBADF}},
    {FAULT_FDOPEN, false, {ENOMEM}},
    {FAULT_FSTAT, false, {EIO, EOVERFLOW}},
    {FAULT_GETADDRINFO, false, {ENOMEM}},
    {FAULT_GETRANDOM, false, {ENOSYS, EINTR, FAULT_SHORT}},
    {FAULT_GETRLIMIT, false, {EPERM}},
    {FAULT_GETSOCKNAME, false, {ENOBUFS}},
    {FAULT_GETSOCKOPT, true, {ENOBUFS}},
    {FAULT_IOCTL, true, {ENOTTY}},
    {FAULT_LISTEN, false, {EADDRINUSE}},
    {FAULT_MADVISE, true, {EINVAL}},
    {FAULT_MALLOC, true, {ENOMEM}},
    {FAULT_MMAP, true, {ENOMEM, EAGAIN}},
    {FAULT_OPEN, true, {EMFILE, EIO, ENFILE, EINTR}},
    {FAULT_OPENAT, true, {EMFILE, EIO, EINTR}},
    {FAULT_OPENSSL_MALLOC, true, {ENOMEM}},
    {FAULT_PREAD, true, {EIO, EINTR, FAULT_SHORT, FAULT_END}},
    {FAULT_PTHREAD_CREATE, true, {EAGAIN}},
    {FAULT_READ, true, {EIO, EINTR, FAULT_SHORT, FAULT_END}},
    {FAULT_REALLOC, true, {ENOMEM}},
    {FAULT_REALLOCARRAY, true, {ENOMEM}},
    {FAULT_RECV,
     false,
     {ECONNRESET, ETIMEDOUT, ENOMEM, EINTR, EAGAIN, FAULT_SHORT, FAULT_END}},
    {FAULT_SENDMSG,
     true,
     {EPIPE, ECONNRESET, ENOBUFS, EINTR, EAGAIN, EFAULT, FAULT_SHORT}},
    {FAULT_SETRLIMIT, false, {EPERM}},
    {FAULT_SETSOCKOPT, true, {ENOBUFS}},
    {FAULT_SHUTDOWN, true, {ENOTCONN}},
    {FAULT_SIGTIMEDWAIT, false, {EINTR, EAGAIN}},
    {FAULT_SIGWAITINFO, false, {EINTR}},
    {FAULT_SOCKET, false, {EMFILE, ENOBUFS, EAFNOSUPPORT}},
    {FAULT_STAT, false, {EIO, EACCES}},
    {FAULT_STATX, true, {ENOSYS, EIO}},
    {FAULT_SYSCALL, true, {ENOSYS, EMFILE, EAGAIN, EIO, EINTR}},
    {FAULT_WRITE, true, {ENOSPC, EPIPE, EAGAIN, EINTR, FAULT_SHORT}},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What the jobs share. */
struct result {
    _Atomic uint64_t runs;
    _Atomic uint64_t fired;  /* in so many of them the call came */
    _Atomic uint64_t points; /* so many calls were chosen */
    _Atomic uint64_t starts; /* so many ended as they started */
    _Atomic uint64_t wrong;
};

struct work {
    struct stage stage;
    struct fault_plan *plan;
    uint64_t counts[FAULT_CALLS];
    struct result *result;
    uint64_t turn; /* counts the runs */
    uint64_t job;
};

/* One run. The fault may come at any place of it. */
static void play(struct scene *scene, const struct stage *stage,
                 struct fault_plan *plan)
{
    const bool is_armed = atomic_load(&plan->is_armed);

    if (!scene_start(scene, stage, plan)) {
        /* An address that cannot be resolved is a mistake in the options. */
        scene_judge_failed_start(scene,
                                 plan->call == FAULT_GETADDRINFO ? 2 : 1);
        return;
    }
    if (scene_begin_witness(scene)) {
        scene_play(scene);
        atomic_store(&plan->is_armed, false);
        scene_settle(scene);
        /* A file that ends where its size says that it does not is changing,
         * or so it seems: what was found is remembered for that size. */
        if (plan->error == FAULT_END)
            scene_hang_up(scene);
        if (is_armed)
            scene_recover(scene);
        atomic_store(&plan->is_armed, is_armed);
        scene_check_witness(scene);
        scene_stop(scene);
    }
    scene_judge_end(scene);
}

static void describe(const struct fault_plan *plan, uint64_t of,
                     char text[static 128])
{
    snprintf(text, 128, "%s %llu of %llu%s: %s", fault_call_name(plan->call),
             (unsigned long long)plan->at, (unsigned long long)of,
             plan->persists ? " and all that follow" : "",
             fault_error_name(plan->error));
}

static void run_one(struct work *work, const struct kind *kind, int error,
                    uint64_t at, bool persists)
{
    struct fault_plan *plan = work->plan;
    struct result *result = work->result;
    struct scene scene;
    char text[128];

    if (work->turn++ % JOBS != work->job)
        return;
    fault_plan_clear(plan);
    plan->call = kind->call;
    plan->at = at;
    plan->error = error;
    plan->persists = persists;
    atomic_store(&plan->is_armed, true);
    describe(plan, work->counts[kind->call], text);
    play(&scene, &work->stage, plan);
    atomic_fetch_add(&result->runs, 1);
    atomic_fetch_add(&result->fired, atomic_load(&plan->fired) > 0);
    atomic_fetch_add(&result->starts, !scene.has_viewer);
    if (scene.wrong[0] != '\0') {
        atomic_fetch_add(&result->wrong, 1);
        printf("FAIL %s: ", text);
    }
    scene_end(&scene, stdout);
    fflush(stdout);
}

/* How many calls are chosen of so many. */
static uint64_t points_of(uint64_t count)
{
    const char *wanted = getenv("FAULTS_POINTS");
    uint64_t points = DEFAULT_POINTS;

    if (wanted != NULL && strcmp(wanted, "all") == 0)
        return count;
    if (wanted != NULL)
        points = strtoull(wanted, NULL, 10);
    return points < count ? points : count;
}

static void run_kind(struct work *work, const struct kind *kind)
{
    const uint64_t count = work->counts[kind->call];
    const uint64_t points = points_of(count);

    for (size_t i = 0; i < MAX_ERRORS && kind->errors[i] != 0; i++) {
        for (uint64_t k = 0; k < points; k++) {
            /* Evenly, and not the same ones for each error. */
            const uint64_t at =
                points == count
                    ? k + 1
                    : (k * count + (2 * i + 1) * count / (2 * MAX_ERRORS)) /
                              points +
                          1;

            run_one(work, kind, kind->errors[i], at, false);
            if (kind->is_shortage && i == 0)
                run_one(work, kind, kind->errors[i], at, true);
            atomic_fetch_add(&work->result->points, work->job == 0);
        }
    }
}

static void run_job(struct work *work)
{
    const char *only = getenv("FAULTS_ONLY");

    for (size_t i = 0; i < KINDS; i++) {
        if (only == NULL || strcmp(only, fault_call_name(kinds[i].call)) == 0)
            run_kind(work, &kinds[i]);
    }
}

/* Without a fault: counts the calls, and everybody must get everything. */
static bool count_calls(struct work *work)
{
    struct scene scene;
    bool is_good;

    fault_plan_clear(work->plan);
    play(&scene, &work->stage, work->plan);
    for (size_t i = 0; i < FAULT_CALLS; i++)
        work->counts[i] = atomic_load(&work->plan->counts[i]);
    is_good = scene.wrong[0] == '\0' && scene.has_viewer;
    scene_end(&scene, stdout);
    for (size_t i = 0; i < KINDS; i++)
        printf("%s%s %llu", i == 0 ? "" : ", ", fault_call_name(kinds[i].call),
               (unsigned long long)work->counts[kinds[i].call]);
    printf("\n");
    /* These are under no other name anywhere. */
    return is_good && work->counts[FAULT_MALLOC] > 20 &&
           work->counts[FAULT_PTHREAD_CREATE] > 5 &&
           work->counts[FAULT_SENDMSG] > 10 && work->counts[FAULT_ACCEPT4] > 5;
}

static void run_jobs(struct work works[static JOBS])
{
    pid_t jobs[JOBS];
    int status;

    fflush(NULL);
    for (uint64_t i = 0; i < JOBS; i++) {
        jobs[i] = fork();
        if (jobs[i] == 0) {
            run_job(&works[i]);
            fflush(NULL);
            _exit(EXIT_SUCCESS);
        }
    }
    for (uint64_t i = 0; i < JOBS; i++) {
        if (jobs[i] < 0 || waitpid(jobs[i], &status, 0) < 0 || status != 0)
            atomic_fetch_add(&works[0].result->wrong, 1);
    }
}

int main(void)
{
    static struct work works[JOBS];
    struct result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool is_good;

    for (uint64_t i = 0; i < JOBS; i++) {
        works[i].plan = fault_plan_new();
        works[i].result = result;
        works[i].job = i;
    }
    stage_set(&works[0].stage);
    is_good = count_calls(&works[0]);
    if (is_good) {
        works[1].stage = works[0].stage;
        memcpy(works[1].counts, works[0].counts, sizeof(works[0].counts));
        run_jobs(works);
        printf("%llu calls failed, %llu of them came, in %llu runs, %llu of "
               "which ended as they started; %llu wrong\n",
               (unsigned long long)result->points,
               (unsigned long long)result->fired,
               (unsigned long long)result->runs,
               (unsigned long long)result->starts,
               (unsigned long long)result->wrong);
    }
    stage_clear(&works[0].stage);
    return is_good && result->fired > 0 && result->wrong == 0 ? EXIT_SUCCESS
                                                              : EXIT_FAILURE;
}
