/* The clocks are moved while flvd runs: that of the time of day back and forth,
 * as by a hand or by NTP, and the monotonic one ahead, as for a machine that
 * stood still. Nobody is dropped, who plays gets what was due and no more, and
 * flvd is heard and stops as ever; a token expires by the time of day. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"
#ifndef WITHOUT_OPENSSL
#include "server/token.h"
#endif

#define S_NS INT64_C(1000000000)
#define DAY_NS (86400 * S_NS)

#define JUMP_S 600

/* Where a busy machine may be late. */
#define SLACK_S 60

static bool is_well(const struct scene *scene)
{
    return scene->wrong[0] == '\0';
}

/* All that a viewer may do works, for who was there and for who comes. */
static void try_all(struct scene *scene)
{
    if (is_well(scene))
        scene_check_witness(scene);
    if (is_well(scene))
        scene_play(scene);
    if (is_well(scene))
        scene_recover(scene);
    if (is_well(scene))
        scene_settle(scene);
}

/* What was due while the machine stood still comes, and not more. */
static void expect_due(struct scene *scene)
{
    const uint64_t a_second = 1000 / FILM_FRAME_MS;
    struct viewer *viewer = &scene->viewer;
    const uint64_t due = viewer->media + JUMP_S * a_second;
    /* A picture has two frames of sound, and each of the short rounds headers
     * for both. */
    const uint64_t most = viewer->media + 4 * (JUMP_S + SLACK_S) * a_second;

    if (!viewer_read_media(viewer, due) || !viewer_catch_up(viewer))
        scene_is_wrong(scene, "what was due did not come: %s", viewer->wrong);
    if (viewer->media > most)
        scene_is_wrong(scene, "%" PRIu64 " tags came of at most %" PRIu64,
                       viewer->media, most);
}

static void move_clocks(struct scene *scene, struct fault_plan *plan)
{
    scene->kept = 2; /* beside "other" what SIGHUP has "film" opened for */
    atomic_store(&plan->realtime_step_ns, -DAY_NS);
    try_all(scene);
    atomic_store(&plan->realtime_step_ns, 3650 * DAY_NS);
    try_all(scene);
    atomic_store(&plan->monotonic_step_ns, JUMP_S * S_NS);
    if (is_well(scene))
        expect_due(scene);
    try_all(scene);
}

/* --- tokens -------------------------------------------------------------- */

#ifndef WITHOUT_OPENSSL
#define KEY "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* What lets play "film" for the next hour. */
static void make_url(char *url, size_t size)
{
    char expires[24], token[TOKEN_BYTES];
    struct token_key key;

    snprintf(expires, sizeof(expires), "%" PRId64, (int64_t)time(NULL) + 3600);
    if (token_key_read(&key, KEY, strlen(KEY)) != NULL ||
        !token_make(&key, "film", expires, token))
        stage_give_up("a token");
    snprintf(url, size, "film?loop=0&expires=%s&token=%s", expires, token);
}

static void try_token(struct scene *scene, struct viewer *viewer,
                      const char *url, bool lets_play)
{
    const bool is_let_in =
        viewer_connect(viewer, scene->plan->ports[0], false) &&
        viewer_play(viewer, url, &scene->stage->film, 1000) &&
        viewer_read_media(viewer, 40);

    if (is_let_in != lets_play || viewer->is_refused == lets_play)
        scene_is_wrong(scene, "a token that %s, status \"%s\"; %s",
                       lets_play ? "is valid" : "has expired", viewer->status,
                       viewer->wrong);
}

static void expire_token(struct scene *scene, struct fault_plan *plan)
{
    struct viewer watches, late, early;
    char url[192];

    make_url(url, sizeof(url));
    try_token(scene, &watches, url, true);
    atomic_store(&plan->realtime_step_ns, DAY_NS);
    try_token(scene, &late, url, false);
    if (!viewer_read_media(&watches, watches.media + 40))
        scene_is_wrong(scene, "who watches is dropped");
    atomic_store(&plan->realtime_step_ns, -DAY_NS);
    try_token(scene, &early, url, true);
    viewer_close(&early);
    viewer_close(&late);
    viewer_close(&watches);
}

static void write_keys(const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || fputs(KEY "\n", file) < 0 || fclose(file) != 0)
        stage_give_up(path);
}

static void run_tokens(struct scene *scene, struct stage *stage,
                       struct fault_plan *plan)
{
    char path[96], option[128];

    snprintf(path, sizeof(path), "%s/keys", stage->directory);
    snprintf(option, sizeof(option), "--token-file=%s", path);
    write_keys(path);
    stage_add_option(stage, option);
    if (!scene_start(scene, stage, plan)) {
        scene_is_wrong(scene, "it does not start with tokens");
    } else {
        expire_token(scene, plan);
        scene_ask_to_stop(scene);
        (void)scene_wait(scene);
        scene_judge_end(scene);
    }
    (void)unlink(path);
}
#endif

/* --- both ---------------------------------------------------------------- */

static void run_viewers(struct scene *scene, struct stage *stage,
                        struct fault_plan *plan)
{
    if (!scene_start(scene, stage, plan)) {
        scene_is_wrong(scene, "it does not start");
    } else if (scene_begin_witness(scene)) {
        move_clocks(scene, plan);
        if (is_well(scene))
            scene_stop(scene);
        scene_judge_end(scene);
    }
}

static bool run(void (*body)(struct scene *scene, struct stage *stage,
                             struct fault_plan *plan),
                struct stage *stage, struct fault_plan *plan)
{
    struct scene scene;
    bool good;

    fault_plan_clear(plan);
    body(&scene, stage, plan);
    good = is_well(&scene);
    scene_end(&scene, stdout);
    return good;
}

int main(void)
{
    static struct stage stage;
    struct fault_plan *plan = fault_plan_new();
    bool good;

    stage_set(&stage);
    good = run(run_viewers, &stage, plan);
#ifndef WITHOUT_OPENSSL
    good = run(run_tokens, &stage, plan) && good;
#endif
    stage_clear(&stage);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
