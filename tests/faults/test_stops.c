/* SIGTERM at any moment: before the n-th call of flvd's to the C library or the
 * system, whichever thread makes it, from the first one of its start on. Before
 * it heeds signals it may just end; from then on it ends with exit status 0,
 * whoever plays is told, and nothing hangs. The same with a second SIGTERM some
 * calls later, which may end it at once.
 *
 * FAULTS_POINTS says how many calls are tried, evenly; "all" is all. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"

/* Sanitizers make a run ten times as long. */
#define DEFAULT_POINTS (WORKER_STACK_BYTES > 65536 ? 16 : 80)

struct tally {
    unsigned runs, at_start, at_once, wrong;
    int64_t longest_ns;
};

static bool died_of_it(const struct scene *scene)
{
    return WIFSIGNALED(scene->status) && WTERMSIG(scene->status) == SIGTERM;
}

/* What is wrong with the end, if it did not just die where that may be. */
static void judge(struct scene *scene, struct tally *tally)
{
    const struct fault_plan *plan = scene->plan;
    /* A second one, also where the first came of the test. */
    const bool may_die = plan->stop_at[1] != FAULT_NEVER || scene->was_asked ||
                         !atomic_load(&plan->heeds_signals);

    if (scene->pid != 0)
        return;
    if (may_die && died_of_it(scene))
        tally->at_once++;
    else
        scene_judge_end(scene);
}

/* Who was playing when it stopped was told. */
static void judge_witness(struct scene *scene)
{
    struct viewer *viewer = &scene->viewer;

    if (died_of_it(scene))
        return;
    if (viewer->wrong[0] != '\0')
        scene_is_wrong(scene, "the viewer beside: %s", viewer->wrong);
    if (viewer->media > 0 && (!viewer->is_stopped || !viewer->is_over))
        scene_is_wrong(scene, "the viewer beside was not told the end");
}

static void play(struct scene *scene, const struct stage *stage,
                 struct fault_plan *plan, struct tally *tally)
{
    if (!scene_start(scene, stage, plan)) {
        tally->at_start++;
    } else {
        if (scene_let_witness_begin(scene))
            scene_play(scene);
        if (atomic_load(&plan->stopped_ns) == 0)
            scene_ask_to_stop(scene);
        viewer_read_end(&scene->viewer);
        (void)scene_wait(scene);
        judge_witness(scene);
    }
    judge(scene, tally);
}

static void run_one(const struct stage *stage, struct fault_plan *plan,
                    uint64_t first, uint64_t second, struct tally *tally)
{
    struct scene scene;
    int64_t took_ns;

    fault_plan_clear(plan);
    plan->stop_at[0] = first;
    plan->stop_at[1] = second;
    play(&scene, stage, plan, tally);
    tally->runs++;
    took_ns = scene.ended_ns - atomic_load(&plan->stopped_ns);
    if (atomic_load(&plan->stopped_ns) != 0 && took_ns > tally->longest_ns)
        tally->longest_ns = took_ns;
    if (scene.wrong[0] != '\0') {
        tally->wrong++;
        printf("FAIL SIGTERM at call %llu, and at %llu: ",
               (unsigned long long)first, (unsigned long long)second);
    }
    scene_end(&scene, stdout);
    fflush(stdout);
}

/* How many calls there are from start to stop. */
static uint64_t count_calls(const struct stage *stage, struct fault_plan *plan,
                            struct tally *tally)
{
    run_one(stage, plan, FAULT_NEVER, FAULT_NEVER, tally);
    return atomic_load(&plan->total);
}

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

int main(void)
{
    static const uint64_t later[] = {1, 10, 100, 1000};
    static struct stage stage;
    struct fault_plan *plan = fault_plan_new();
    struct tally tally = {0};
    uint64_t count, points;

    stage_set(&stage);
    count = count_calls(&stage, plan, &tally);
    points = points_of(count);
    for (uint64_t i = 0; i < points; i++) {
        const uint64_t at = i * count / points + 1;

        run_one(&stage, plan, at, FAULT_NEVER, &tally);
        run_one(&stage, plan, at, at + later[i % 4], &tally);
    }
    stage_clear(&stage);
    printf("SIGTERM at %llu of %llu calls in %u runs: %u of them ended as they "
           "started, %u at once, all within %.1f s; %u wrong\n",
           (unsigned long long)points, (unsigned long long)count, tally.runs,
           tally.at_start, tally.at_once, (double)tally.longest_ns / 1e9,
           tally.wrong);
    return tally.wrong == 0 && points > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
