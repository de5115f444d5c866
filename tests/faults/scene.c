#include "config.h"

#include "scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flvd_main.h"

/* Generous: sanitizers and busy machines; nothing waits for it but what
 * hangs. */
#define DEADLINE_S 60
#define STEP_NS 300000
#define SHOWN_BYTES 4096 /* of the log, when something is wrong */

/* Of buffer that is announced: all at once, and a moment. */
#define ALL_MS 36000000
#define MOMENT_MS 1000

void scene_is_wrong(struct scene *scene, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (scene->wrong[0] == '\0')
        vsnprintf(scene->wrong, sizeof(scene->wrong), format, arguments);
    va_end(arguments);
}

/* --- the child ----------------------------------------------------------- */

/* The arguments of flvd; the last one of them is NULL. */
static int make_arguments(const struct stage *stage, char *arguments[],
                          char paths[2][128])
{
    int count = 0;

    arguments[count++] = (char *)(uintptr_t) "flvd";
    arguments[count++] = (char *)(uintptr_t) "--listen=127.0.0.1:0";
    if (stage->certificate[0] != '\0') {
        arguments[count++] = (char *)(uintptr_t) "--tls-listen=127.0.0.1:0";
        arguments[count++] = (char *)(uintptr_t) "--tls-cert";
        arguments[count++] = (char *)(uintptr_t)stage->certificate;
        arguments[count++] = (char *)(uintptr_t) "--tls-key";
        arguments[count++] = (char *)(uintptr_t)stage->certificate;
    }
    for (size_t i = 0; stage->options[i] != NULL; i++)
        arguments[count++] = (char *)(uintptr_t)stage->options[i];
    snprintf(paths[0], 128, "%s/film.flv", stage->directory);
    snprintf(paths[1], 128, "%s/films", stage->directory);
    arguments[count++] = paths[0];
    arguments[count++] = paths[1];
    arguments[count] = NULL;
    return count;
}

static void run_flvd(const struct scene *scene)
{
    char *arguments[SCENE_MAX_ARGUMENTS];
    char paths[2][128];
    const int count = make_arguments(scene->stage, arguments, paths);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setsid(); /* no terminal: SIGHUP is to read files again */
    signal(SIGPIPE, SIG_DFL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(scene->log_fd, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    fault_begin(scene->plan);
    status = flvd_main(count, arguments);
    /* OpenSSL cannot even tidy up without memory. */
    atomic_store(&scene->plan->is_armed, false);
    exit(status);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t deadline_ns(void)
{
    return now_ns() + DEADLINE_S * INT64_C(1000000000);
}

/* A while in which something may happen, if there is time left. */
static bool may_wait(int64_t until_ns)
{
    const struct timespec step = {.tv_nsec = STEP_NS};

    if (now_ns() > until_ns)
        return false;
    nanosleep(&step, NULL);
    return true;
}

/* Whether it has ended, which is noted. */
static bool has_ended(struct scene *scene)
{
    if (scene->pid != 0 &&
        waitpid(scene->pid, &scene->status, WNOHANG) == scene->pid) {
        scene->pid = 0;
        scene->ended_ns = now_ns();
    }
    return scene->pid == 0;
}

static bool is_listening(const struct scene *scene)
{
    const uint32_t listeners = scene->stage->certificate[0] != '\0' ? 2 : 1;

    return atomic_load(&scene->plan->accepting) == listeners &&
           atomic_load(&scene->plan->waits) > 0;
}

bool scene_start(struct scene *scene, const struct stage *stage,
                 struct fault_plan *plan)
{
    const int64_t until_ns = deadline_ns();

    memset(scene, 0, sizeof(*scene));
    scene->stage = stage;
    scene->plan = plan;
    scene->kept = 1; /* "other" */
    scene->log_fd = memfd_create("log", MFD_CLOEXEC);
    if (scene->log_fd < 0 || fcntl(scene->log_fd, F_SETFL, O_APPEND) != 0)
        stage_give_up("memfd_create");
    fflush(NULL);
    scene->pid = fork();
    if (scene->pid < 0)
        stage_give_up("fork");
    if (scene->pid == 0)
        run_flvd(scene);
    while (!is_listening(scene)) {
        if (has_ended(scene))
            return false;
        if (!may_wait(until_ns)) {
            scene_is_wrong(scene, "it hangs as it starts");
            return false;
        }
    }
    return true;
}

/* --- what it holds ------------------------------------------------------- */

static size_t count_entries(const struct scene *scene, const char *what)
{
    char path[64];
    size_t count = 0;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)scene->pid, what);
    directory = opendir(path);
    if (directory == NULL)
        return 0;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 2;
}

void scene_count(struct scene *scene)
{
    scene->threads = count_entries(scene, "task");
    scene->descriptors = count_entries(scene, "fd");
}

long scene_memory_kib(const struct scene *scene)
{
    static const char key[] = "Pss_Anon:";
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)scene->pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, sizeof(key) - 1) == 0)
            kib = strtol(line + sizeof(key) - 1, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

static bool is_settled(const struct scene *scene)
{
    return count_entries(scene, "task") <= scene->threads &&
           count_entries(scene, "fd") <= scene->descriptors + scene->kept;
}

void scene_settle(struct scene *scene)
{
    const int64_t until_ns = deadline_ns();

    while (!is_settled(scene) && !has_ended(scene)) {
        if (!may_wait(until_ns)) {
            scene_is_wrong(scene,
                           "%zu threads and %zu descriptors are left, not "
                           "%zu and %zu",
                           count_entries(scene, "task"),
                           count_entries(scene, "fd"), scene->threads,
                           scene->descriptors + scene->kept);
            return;
        }
    }
}

/* --- the witness --------------------------------------------------------- */

/* What was wrong with a viewer is wrong with the scene. */
static void take_wrong(struct scene *scene, const struct viewer *viewer,
                       const char *who)
{
    if (viewer->wrong[0] != '\0')
        scene_is_wrong(scene, "%s: %s", who, viewer->wrong);
}

static bool witness_failed(struct scene *scene, const char *when)
{
    take_wrong(scene, &scene->viewer, "the viewer beside");
    scene_is_wrong(scene, "the viewer beside was lost %s, status \"%s\"", when,
                   scene->viewer.status);
    return false;
}

bool scene_let_witness_begin(struct scene *scene)
{
    struct viewer *viewer = &scene->viewer;

    atomic_store(&scene->plan->spares_next, true);
    scene->has_viewer = true;
    if (!viewer_connect(viewer, scene->plan->ports[0], false) ||
        !viewer_play(viewer, "film?loop=0", &scene->stage->film, MOMENT_MS) ||
        !viewer_read_media(viewer, 40))
        return false;
    scene_count(scene);
    return true;
}

bool scene_begin_witness(struct scene *scene)
{
    return scene_let_witness_begin(scene) ||
           witness_failed(scene, "at the beginning");
}

void scene_check_witness(struct scene *scene)
{
    struct viewer *viewer = &scene->viewer;

    if (!viewer_catch_up(viewer) || !viewer_pause(viewer, true) ||
        !viewer_pause(viewer, false) ||
        !viewer_read_media(viewer, viewer->media + 1) || viewer->is_blank)
        (void)witness_failed(scene, "in the end");
}

/* --- the others ---------------------------------------------------------- */

/* Plays on to the end, with a pause, and once more from a keyframe on. */
static bool watch_other(struct scene *scene, struct viewer *viewer,
                        bool over_tls)
{
    const struct film *film = &scene->stage->other;

    return viewer_connect(viewer, scene->plan->ports[over_tls ? 1 : 0],
                          over_tls) &&
           viewer_play(viewer, "other", film, ALL_MS) &&
           viewer_read_media(viewer, 100) && viewer_pause(viewer, true) &&
           viewer_pause(viewer, false) && viewer_read_over(viewer) &&
           viewer->is_complete && viewer->rounds == 1 &&
           viewer_seek(viewer, 8000) && viewer_read_over(viewer) &&
           viewer->is_complete && viewer->rounds == 2;
}

/* Plays twice what the one beside plays. */
static bool watch_film(struct scene *scene, struct viewer *viewer)
{
    return viewer_connect(viewer, scene->plan->ports[0], false) &&
           viewer_play(viewer, "film?loop=2", &scene->stage->film, ALL_MS) &&
           viewer_read_over(viewer) && viewer->is_complete &&
           viewer->rounds == 2;
}

static void speak_http(struct scene *scene, uint16_t port)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    struct viewer viewer;

    if (viewer_connect_bare(&viewer, port) &&
        viewer_send(&viewer, request, sizeof(request) - 1)) {
        uint8_t answer;

        if (recv(viewer.fd, &answer, 1, 0) < 0 && errno == EAGAIN)
            scene_is_wrong(scene, "HTTP is not refused");
    }
    viewer_close(&viewer);
}

static void speak_nonsense(struct scene *scene)
{
    struct viewer viewer;

    if (viewer_connect(&viewer, scene->plan->ports[0], false) &&
        viewer_send(&viewer, "\xC9\xFF\xFF\xFF", 4))
        viewer_read_end(&viewer);
    take_wrong(scene, &viewer, "the peer that talks nonsense");
    viewer_close(&viewer);
}

/* --- all of it ----------------------------------------------------------- */

void scene_hang_up(struct scene *scene)
{
    const uint32_t before = atomic_load(&scene->plan->waits);
    const int64_t until_ns = deadline_ns();

    if (has_ended(scene))
        return;
    kill(scene->pid, SIGHUP);
    while (atomic_load(&scene->plan->waits) == before && !has_ended(scene)) {
        if (!may_wait(until_ns)) {
            scene_is_wrong(scene, "SIGHUP hangs");
            return;
        }
    }
}

static void let_watch_other(struct scene *scene, bool over_tls, bool must,
                            const char *who)
{
    struct viewer viewer;
    bool has_all;

    if (over_tls && scene->stage->certificate[0] == '\0')
        return;
    has_all = watch_other(scene, &viewer, over_tls);
    take_wrong(scene, &viewer, who);
    if (must && !has_all)
        scene_is_wrong(scene, "%s did not get everything, status \"%s\"", who,
                       viewer.status);
    viewer_close(&viewer);
}

static void let_watch_film(struct scene *scene, bool must, const char *who)
{
    struct viewer viewer;
    const bool has_all = watch_film(scene, &viewer);

    take_wrong(scene, &viewer, who);
    if (must && !has_all)
        scene_is_wrong(scene, "%s did not get everything, status \"%s\"", who,
                       viewer.status);
    viewer_reset(&viewer);
}

void scene_play(struct scene *scene)
{
    const uint16_t last = scene->plan->ports[scene->plan->port_count - 1];

    let_watch_other(scene, false, false, "a viewer");
    let_watch_film(scene, false, "a viewer of the same film");
    scene_hang_up(scene);
    let_watch_other(scene, true, false, "a viewer over TLS");
    speak_http(scene, scene->plan->ports[0]);
    speak_http(scene, last);
    speak_nonsense(scene);
}

void scene_recover(struct scene *scene)
{
    let_watch_other(scene, false, true, "who came afterwards");
    let_watch_film(scene, true, "who came to the film afterwards");
    let_watch_other(scene, true, true, "who came over TLS afterwards");
}

/* --- the end ------------------------------------------------------------- */

bool scene_wait(struct scene *scene)
{
    const int64_t until_ns = deadline_ns();

    while (!has_ended(scene)) {
        if (!may_wait(until_ns)) {
            scene_is_wrong(scene, "it does not end");
            return false;
        }
    }
    return true;
}

void scene_ask_to_stop(struct scene *scene)
{
    if (has_ended(scene))
        return;
    scene->was_asked = true;
    kill(scene->pid, SIGTERM);
}

void scene_stop(struct scene *scene)
{
    struct viewer *viewer = &scene->viewer;

    if (has_ended(scene))
        return;
    scene_ask_to_stop(scene);
    viewer_read_end(viewer);
    if (!viewer->is_stopped || !viewer->is_over)
        (void)witness_failed(scene, "at the stop");
    take_wrong(scene, viewer, "the viewer beside, at the stop");
    (void)scene_wait(scene);
}

/* All of the log; the caller's to free. */
static char *read_log(const struct scene *scene)
{
    const off_t length = lseek(scene->log_fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);

    if (text == NULL || pread(scene->log_fd, text, (size_t)length, 0) != length)
        stage_give_up("the log");
    return text;
}

/* The reasons of flvd(1) that there can be here. */
static bool is_known_reason(const char *text)
{
    static const char *const reasons[] = {"peer closed the connection;",
                                          "peer reset the connection;",
                                          "peer vanished;",
                                          "bad handshake",
                                          "TLS failed;",
                                          "handshake timeout",
                                          "malformed chunk;",
                                          "malformed command;",
                                          "server stops;",
                                          "out of memory;",
                                          "input/output error;"};

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strncmp(text, reasons[i], strlen(reasons[i])) == 0)
            return true;
    }
    return false;
}

static void judge_log(struct scene *scene)
{
    static const char *const reports[] = {"Sanitizer",
                                          "runtime error:", "Assertion",
                                          "terminate called", "corruption"};
    static const char end[] = ": ended: ";
    char *text = read_log(scene);

    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        if (strstr(text, reports[i]) != NULL)
            scene_is_wrong(scene, "the log tells of %s", reports[i]);
    }
    for (const char *at = text; (at = strstr(at, end)) != NULL;) {
        at += sizeof(end) - 1;
        if (!is_known_reason(at))
            scene_is_wrong(scene, "a session ended for \"%.40s\"", at);
    }
    free(text);
}

static void judge_status(struct scene *scene, int status)
{
    if (WIFSIGNALED(scene->status))
        scene_is_wrong(scene, "SIG%s ended it",
                       sigabbrev_np(WTERMSIG(scene->status)));
    else if (WEXITSTATUS(scene->status) != status)
        scene_is_wrong(scene, "its exit status is %d, not %d",
                       WEXITSTATUS(scene->status), status);
}

void scene_judge_end(struct scene *scene)
{
    if (scene->pid == 0)
        judge_status(scene, 0);
    judge_log(scene);
}

/* Lines that say why it does not start, of which there is one. */
static size_t count_errors(const char *text)
{
    size_t count = 0;

    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *end = strchr(at, '\n');

        if (strncmp(at, "flvd: ", 6) == 0 ||
            memmem(at, end == NULL ? strlen(at) : (size_t)(end - at),
                   " flvd error: ", 13) != NULL)
            count++;
        at = end == NULL ? NULL : end + 1;
    }
    return count;
}

void scene_judge_failed_start(struct scene *scene, int status)
{
    char *text = read_log(scene);
    const size_t errors = count_errors(text);

    free(text);
    if (scene->pid != 0)
        return;
    judge_status(scene, status);
    judge_log(scene);
    if (errors != 1)
        scene_is_wrong(scene, "%zu lines say why it does not start", errors);
}

void scene_end(struct scene *scene, FILE *output)
{
    if (scene->pid != 0) {
        kill(scene->pid, SIGKILL);
        (void)waitpid(scene->pid, &scene->status, 0);
        scene->pid = 0;
    }
    if (scene->has_viewer)
        viewer_close(&scene->viewer);
    if (scene->wrong[0] != '\0') {
        char *text = read_log(scene);
        const size_t length = strlen(text);

        fprintf(output, "%s\n--- the log of flvd:\n%s---\n", scene->wrong,
                length > SHOWN_BYTES ? text + length - SHOWN_BYTES : text);
        free(text);
    }
    close(scene->log_fd);
}
