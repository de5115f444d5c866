/* The load generator of the bench: many RTMP viewers in one process. Each does
 * what a player does up to its first frame, all replies parsed; from there on
 * some parse on and look at the clock, the others only take the stream. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crowd.h"

#define MAX_VIEWERS 1e6

static const char usage[] =
    "Usage: viewer [-n VIEWERS] [-r RATE] [-t SECONDS] [-b MS] [-p VIEWERS]\n"
    "              [-s SECONDS] [-l SECONDS] [-S SEED] [-o CSV] URL\n"
    "  -n VIEWERS  how many (default 1)\n"
    "  -r RATE     so many join a second (default: each when the one before\n"
    "              has seen its first frame)\n"
    "  -t SECONDS  stay so long after the last has joined, having said\n"
    "              `playing' (default: each leaves at its first frame)\n"
    "  -b MS       the buffer that each announces (default 3000)\n"
    "  -p VIEWERS  so many of them parse every message and record how late it\n"
    "              came (default 0)\n"
    "  -s SECONDS  a storm: for so long RATE viewers a second join, and leave\n"
    "              after a while in one of many ways\n"
    "  -l SECONDS  how long each stays at most in a storm (default 2)\n"
    "  -S SEED     another storm (default 1)\n"
    "  -o CSV      write a line for each viewer to this file\n";

struct options {
    double storm_seconds;
    const char *csv_path;
};

/* --- reports -------------------------------------------------------------- */

static void report_times(const char *name, double *times_ms, size_t count)
{
    if (count == 0)
        return;
    qsort(times_ms, count, sizeof(*times_ms), compare_doubles);
    printf("%s min %.3f median %.3f p99 %.3f max %.3f\n", name, times_ms[0],
           quantile(times_ms, count, 0.5), quantile(times_ms, count, 0.99),
           times_ms[count - 1]);
}

static void report_joins(const struct crowd *crowd)
{
    double *video_ms = calloc(crowd->viewers, sizeof(double));
    double *frame_ms = calloc(crowd->viewers, sizeof(double));
    size_t joined = 0;

    if (video_ms == NULL || frame_ms == NULL)
        die("out of memory");
    for (size_t i = 0; i < crowd->viewers; i++) {
        const struct watcher *watcher = &crowd->watchers[i];

        if (watcher->first_frame_ns == 0)
            continue;
        video_ms[joined] =
            milliseconds(watcher->connect_ns, watcher->first_video_ns);
        frame_ms[joined++] =
            milliseconds(watcher->connect_ns, watcher->first_frame_ns);
    }
    report_times("first_video_ms", video_ms, joined);
    report_times("first_frame_ms", frame_ms, joined);
    free(video_ms);
    free(frame_ms);
}

/* From the first frame of all to the last byte of all. */
static void report_bytes(const struct crowd *crowd)
{
    int64_t first_ns = INT64_MAX, last_ns = 0;
    uint64_t bytes = 0;

    for (size_t i = 0; i < crowd->viewers; i++) {
        const struct watcher *watcher = &crowd->watchers[i];

        bytes += watcher->received;
        if (watcher->first_frame_ns != 0 && watcher->first_frame_ns < first_ns)
            first_ns = watcher->first_frame_ns;
        if (watcher->last_ns > last_ns)
            last_ns = watcher->last_ns;
    }
    printf("bytes %ju seconds %.6f\n", (uintmax_t)bytes,
           last_ns > first_ns ? milliseconds(first_ns, last_ns) / 1000 : 0);
}

/* True if every viewer saw a frame, unless it was to leave before, and nobody
 * was dropped. */
static bool report(struct crowd *crowd)
{
    size_t joined = 0, early = 0, dropped = 0;

    for (size_t i = 0; i < crowd->viewers; i++) {
        const struct watcher *watcher = &crowd->watchers[i];

        joined += watcher->first_frame_ns != 0;
        early += watcher->first_frame_ns == 0 && !watcher->failed &&
                 watcher->stage == WATCHER_GONE;
        dropped += watcher->dropped;
    }
    printf("viewers %zu joined %zu early %zu failed %zu dropped %zu\n",
           crowd->viewers, joined, early, crowd->viewers - joined - early,
           dropped);
    report_bytes(crowd);
    report_joins(crowd);
    lateness_report(&crowd->scene.all, "late_ms");
    lateness_report(&crowd->scene.steady, "steady_ms");
    lateness_start_at_earliest(&crowd->scene.all);
    lateness_report(&crowd->scene.all, "off_ms");
    return joined + early == crowd->viewers && dropped == 0;
}

static void write_csv(const struct crowd *crowd, const char *path)
{
    FILE *csv = fopen(path, "w");

    if (csv == NULL)
        die("%s: %s", path, strerror(errno));
    fputs("viewer,first_video_ms,first_frame_ms,bytes,dropped\n", csv);
    for (size_t i = 0; i < crowd->viewers; i++) {
        const struct watcher *watcher = &crowd->watchers[i];

        if (watcher->first_frame_ns == 0)
            fprintf(csv, "%zu,,,%ju,0\n", i, (uintmax_t)watcher->received);
        else
            fprintf(csv, "%zu,%.3f,%.3f,%ju,%d\n", i,
                    milliseconds(watcher->connect_ns, watcher->first_video_ns),
                    milliseconds(watcher->connect_ns, watcher->first_frame_ns),
                    (uintmax_t)watcher->received, watcher->dropped);
    }
    if (fclose(csv) != 0)
        die("%s: %s", path, strerror(errno));
}

/* --- start ---------------------------------------------------------------- */

/* How many are there at a time. */
static size_t viewers_at_once(const struct crowd *crowd)
{
    double storm = crowd->rate * (crowd->life_seconds + 1);

    if (crowd->life_seconds > 0 && storm < (double)crowd->viewers)
        return (size_t)storm;
    return crowd->viewers;
}

static void raise_descriptor_limit(size_t viewers)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < viewers + 16)
        die("%zu viewers need more than %ju descriptors (ulimit -Hn)", viewers,
            (uintmax_t)limit.rlim_cur);
}

/* False if there is no such option. */
static bool read_option(struct crowd *crowd, struct options *options,
                        int option)
{
    switch (option) {
    case 'n':
        crowd->viewers = (size_t)read_number(optarg, MAX_VIEWERS);
        return true;
    case 'r':
        crowd->rate = read_number(optarg, 1e6);
        return true;
    case 't':
        crowd->stay_seconds = read_number(optarg, 1e6);
        return true;
    case 'b':
        crowd->scene.target.buffer_ms = (uint32_t)read_number(optarg, 4e9);
        return true;
    case 'p':
        crowd->parsing = (size_t)read_number(optarg, MAX_VIEWERS);
        return true;
    case 's':
        options->storm_seconds = read_number(optarg, 1e6);
        return true;
    case 'l':
        crowd->life_seconds = read_number(optarg, 1e6);
        return true;
    case 'S':
        crowd->seed = (uint64_t)read_number(optarg, 4e9);
        return true;
    case 'o':
        options->csv_path = optarg;
        return true;
    default:
        return false;
    }
}

/* False if they make no sense together. */
static bool settle_options(struct crowd *crowd, const struct options *options)
{
    if (options->storm_seconds > 0)
        crowd->viewers = (size_t)(crowd->rate * options->storm_seconds);
    else
        crowd->life_seconds = 0;
    if (crowd->parsing > crowd->viewers)
        crowd->parsing = crowd->viewers;
    return crowd->viewers > 0 && (double)crowd->viewers <= MAX_VIEWERS &&
           crowd->seed > 0;
}

int main(int argc, char *argv[])
{
    static struct crowd crowd = {.viewers = 1,
                                 .life_seconds = 2,
                                 .seed = 1,
                                 .scene.target.buffer_ms = 3000};
    struct options options = {.csv_path = NULL};
    struct addrinfo *server;
    bool well = true;
    int option;

    while (well && (option = getopt(argc, argv, "n:r:t:b:p:s:l:S:o:")) != -1)
        well = read_option(&crowd, &options, option);
    if (!well || argc - optind != 1 || !settle_options(&crowd, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    server = wire_target_read(&crowd.scene.target, argv[optind]);
    crowd.scene.server = server;
    raise_descriptor_limit(viewers_at_once(&crowd));
    crowd_run(&crowd);
    well = report(&crowd);
    if (options.csv_path != NULL)
        write_csv(&crowd, options.csv_path);
    crowd_free(&crowd);
    freeaddrinfo(server);
    return well ? 0 : 1;
}
