/* soak [SECONDS [SEED]]: viewers who join, seek, pause, stall, die, reset and
 * talk nonsense at random, beside two witnesses who play all the time and check
 * every byte; files are replaced and read again meanwhile. In the end threads,
 * descriptors and memory must be what they were, and every session must have
 * ended for a reason that it had. The seed is told: it makes the same choices,
 * though not at the same times.
 *
 * script/soak runs it for long; make check runs it for a few seconds. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "scene.h"

#define DEFAULT_SECONDS 15
#define SLOTS 24
#define STEP_MS 2
/* Everybody goes, and what is held is looked at. */
#define STEPS_PER_ROUND 2000
#define ROUNDS_BEFORE 2
#define MAX_STALL_STEPS 1000
#define WITNESS_EVERY 16

#define ALL_MS 36000000
/* What allocators keep from the most that was there at a time. */
#define SLACK_KIB 2048

static uint64_t random_state;

/* xorshift64* */
static uint64_t draw(uint64_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545F4914F6CDD1Du >> 33) % below;
}

enum state { ABSENT, BARE, CONNECTED, PLAYING };

struct slot {
    enum state state;
    bool is_paused;
    uint64_t stalls_until; /* step */
    struct viewer viewer;
};

struct soak {
    struct stage stage;
    struct scene scene;
    struct viewer witness; /* the second one, over TLS where that is there */
    struct slot slots[SLOTS];
    uint64_t step;
    uint64_t joins, seeks, pauses, stalls, deaths, nonsense, replaced, hups;
    size_t rounds;
    long first_kib, last_kib;
};

/* --- what one does ------------------------------------------------------- */

static bool has_tls(const struct soak *soak)
{
    return soak->stage.certificate[0] != '\0';
}

static uint16_t port_of(const struct soak *soak, bool over_tls)
{
    return soak->scene.plan->ports[over_tls ? 1 : 0];
}

static void leave(struct slot *slot, bool resets)
{
    if (resets)
        viewer_reset(&slot->viewer);
    else
        viewer_close(&slot->viewer);
    slot->state = ABSENT;
}

/* Nobody here may be broken off but those that are no viewers. */
static void expect(struct soak *soak, struct slot *slot, bool done,
                   const char *what)
{
    if (done)
        return;
    scene_is_wrong(&soak->scene, "step %" PRIu64 ": a viewer who %s: %s%s",
                   soak->step, what,
                   slot->viewer.wrong[0] != '\0' ? slot->viewer.wrong
                                                 : "lost, status ",
                   slot->viewer.wrong[0] != '\0' ? "" : slot->viewer.status);
    leave(slot, true);
}

static void join(struct soak *soak, struct slot *slot)
{
    const bool over_tls = has_tls(soak) && draw(4) == 0;
    static const uint8_t c0c1[700] = {3};

    soak->joins++;
    slot->is_paused = false;
    slot->stalls_until = 0;
    if (draw(6) == 0) {
        slot->state = BARE;
        if (viewer_connect_bare(&slot->viewer, port_of(soak, over_tls)))
            (void)viewer_send(&slot->viewer, c0c1, draw(sizeof(c0c1)));
        return;
    }
    slot->state = CONNECTED;
    expect(soak, slot,
           viewer_connect(&slot->viewer, port_of(soak, over_tls), over_tls),
           "joins");
}

static void begin(struct soak *soak, struct slot *slot)
{
    static const uint32_t buffers_ms[] = {100, 1000, 5000, ALL_MS};
    const uint32_t buffer_ms = buffers_ms[draw(4)];
    bool done;

    slot->state = PLAYING;
    switch (draw(3)) {
    case 0:
        done = viewer_play(&slot->viewer, "film?loop=0", &soak->stage.film,
                           buffer_ms);
        break;
    case 1:
        done = viewer_play(&slot->viewer, "film?loop=3", &soak->stage.film,
                           buffer_ms);
        break;
    default:
        done =
            viewer_play(&slot->viewer, "other", &soak->stage.other, buffer_ms);
        break;
    }
    expect(soak, slot, done && viewer_read_media(&slot->viewer, 1), "begins");
}

static void speak_nonsense(struct soak *soak, struct slot *slot)
{
    static const char *const nonsense[] = {"\xC9\xFF\xFF\xFF", "\x06\x02\x01",
                                           "\xFF\xFE\xFD\xFC"};

    soak->nonsense++;
    (void)viewer_send(&slot->viewer, nonsense[draw(3)], draw(3) + 1);
    leave(slot, draw(2) == 0);
}

static void seek(struct soak *soak, struct slot *slot)
{
    soak->seeks++;
    expect(soak, slot, viewer_seek(&slot->viewer, (double)draw(11000)),
           "seeks");
}

static void turn_pause(struct soak *soak, struct slot *slot)
{
    soak->pauses++;
    slot->is_paused = !slot->is_paused;
    expect(soak, slot, viewer_pause(&slot->viewer, slot->is_paused), "pauses");
}

static void act_playing(struct soak *soak, struct slot *slot)
{
    switch (draw(16)) {
    case 0:
    case 1:
        seek(soak, slot);
        return;
    case 2:
    case 3:
        turn_pause(soak, slot);
        return;
    case 4:
        soak->stalls++;
        slot->stalls_until = soak->step + draw(MAX_STALL_STEPS);
        return;
    case 5:
        soak->deaths++;
        leave(slot, draw(2) == 0);
        return;
    case 6:
        if (draw(4) == 0)
            speak_nonsense(soak, slot);
        return;
    default:
        expect(soak, slot, viewer_catch_up(&slot->viewer), "reads");
    }
}

static void act(struct soak *soak, struct slot *slot)
{
    if (slot->stalls_until > soak->step)
        return;
    switch (slot->state) {
    case ABSENT:
        join(soak, slot);
        return;
    case BARE:
        leave(slot, draw(2) == 0);
        return;
    case CONNECTED:
        begin(soak, slot);
        return;
    case PLAYING:
        act_playing(soak, slot);
        return;
    }
}

/* --- what happens to files ----------------------------------------------- */

/* By another that is the same: who plays goes on with the old one. */
static void replace(struct soak *soak, const char *name,
                    const struct film *film)
{
    soak->replaced++;
    stage_replace(&soak->stage, name, film);
}

static void disturb(struct soak *soak)
{
    switch (draw(64)) {
    case 0:
        replace(soak, "film.flv", &soak->stage.film);
        return;
    case 1:
        replace(soak, "films/other.flv", &soak->stage.other);
        return;
    case 2:
        soak->hups++;
        kill(soak->scene.pid, SIGHUP);
        return;
    }
}

/* --- the witnesses ------------------------------------------------------- */

static bool is_well(struct soak *soak, struct viewer *viewer, const char *who)
{
    if (viewer_catch_up(viewer) && !viewer->is_blank && !viewer->is_over)
        return true;
    scene_is_wrong(&soak->scene, "step %" PRIu64 ": the witness %s: %s",
                   soak->step, who, viewer->wrong);
    return false;
}

static bool begin_witnesses(struct soak *soak)
{
    if (!scene_begin_witness(&soak->scene))
        return false;
    if (!viewer_connect(&soak->witness, port_of(soak, has_tls(soak)),
                        has_tls(soak)) ||
        !viewer_play(&soak->witness, "other?loop=0", &soak->stage.other,
                     1000) ||
        !viewer_read_media(&soak->witness, 1))
        return is_well(soak, &soak->witness, "who begins");
    scene_count(&soak->scene);
    return true;
}

/* --- all of it ----------------------------------------------------------- */

static void pass_time(void)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};

    nanosleep(&step, NULL);
}

static bool is_good(const struct soak *soak)
{
    return soak->scene.wrong[0] == '\0';
}

static void let_everybody_go(struct soak *soak)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (soak->slots[i].state != ABSENT)
            leave(&soak->slots[i], draw(2) == 0);
    }
    scene_settle(&soak->scene);
}

static void look_at_memory(struct soak *soak)
{
    soak->last_kib = scene_memory_kib(&soak->scene);
    if (++soak->rounds == ROUNDS_BEFORE)
        soak->first_kib = soak->last_kib;
}

static void play_round(struct soak *soak)
{
    for (size_t i = 0; i < STEPS_PER_ROUND && is_good(soak); i++) {
        soak->step++;
        act(soak, &soak->slots[draw(SLOTS)]);
        if (soak->step % WITNESS_EVERY == 0) {
            disturb(soak);
            (void)is_well(soak, &soak->scene.viewer, "without TLS");
            (void)is_well(soak, &soak->witness, "with TLS");
        }
        pass_time();
    }
    let_everybody_go(soak);
    look_at_memory(soak);
}

static void judge_memory(struct soak *soak)
{
#if WORKER_STACK_BYTES <= 65536 /* no sanitizer, which keeps what was freed */
    if (soak->rounds > ROUNDS_BEFORE &&
        soak->last_kib > soak->first_kib + SLACK_KIB)
        scene_is_wrong(&soak->scene, "%ld KiB were used, and %ld in the end",
                       soak->first_kib, soak->last_kib);
#else
    (void)soak;
#endif
}

static void stop(struct soak *soak)
{
    (void)is_well(soak, &soak->scene.viewer, "in the end");
    (void)is_well(soak, &soak->witness, "with TLS in the end");
    scene_stop(&soak->scene);
    viewer_read_end(&soak->witness);
    if (!soak->witness.is_over)
        scene_is_wrong(&soak->scene, "the second witness was not told the end");
    scene_judge_end(&soak->scene);
}

static void run(struct soak *soak, struct fault_plan *plan, time_t seconds)
{
    const time_t end = time(NULL) + seconds;

    if (!scene_start(&soak->scene, &soak->stage, plan)) {
        scene_is_wrong(&soak->scene, "it does not start");
        return;
    }
    soak->scene.kept = 2; /* both films, when they were replaced */
    if (begin_witnesses(soak)) {
        do
            play_round(soak);
        while (is_good(soak) && time(NULL) < end);
        judge_memory(soak);
        stop(soak);
    }
    viewer_close(&soak->witness);
}

static void tell(const struct soak *soak)
{
    printf("%" PRIu64 " steps in %zu rounds: %" PRIu64 " joined, %" PRIu64
           " seeks, %" PRIu64 " pauses, %" PRIu64 " stalls, %" PRIu64
           " died, %" PRIu64 " talked nonsense; %" PRIu64
           " files replaced, %" PRIu64 " SIGHUP\n"
           "the witnesses saw %" PRIu64 " and %" PRIu64
           " tags; %ld KiB after round %d, %ld in the end\n",
           soak->step, soak->rounds, soak->joins, soak->seeks, soak->pauses,
           soak->stalls, soak->deaths, soak->nonsense, soak->replaced,
           soak->hups, soak->scene.viewer.media, soak->witness.media,
           soak->first_kib, ROUNDS_BEFORE, soak->last_kib);
}

int main(int argc, char **argv)
{
    static struct soak soak;
    const long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : DEFAULT_SECONDS;
    const uint64_t seed =
        argc > 2 ? strtoull(argv[2], NULL, 10)
                 : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
    struct fault_plan *plan = fault_plan_new();
    bool good;

    random_state = seed | 1;
    printf("%ld seconds, seed %" PRIu64 "\n", seconds, seed);
    fflush(stdout);
    stage_set(&soak.stage);
    stage_add_option(&soak.stage, "--handshake-timeout=120");
    run(&soak, plan, seconds);
    good = is_good(&soak);
    tell(&soak);
    scene_end(&soak.scene, stdout);
    stage_clear(&soak.stage);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
