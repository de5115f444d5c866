/* What the processes of a server have cost, from /proc: CPU and switches over
 * a time, and memory, threads, mappings and descriptors at the end of it. A
 * line for each figure. Of kernel memory there are only figures of the whole
 * machine: who wants a server's takes the difference between two. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

static const char usage[] =
    "Usage: figures [-t SECONDS] PID...\n"
    "  Prints what these processes have, taken together\n"
    "  -t SECONDS  first waits for so long: CPU time and voluntary context\n"
    "              switches of that time, for a second\n";

/* Of all processes together. */
struct spent {
    double seconds;                  /* when it was taken */
    double cpu_us;                   /* of ended threads, too */
    double user_ticks, system_ticks; /* coarser */
    double switches;                 /* voluntary, of living threads */
};

static FILE *open_file(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static FILE *open_file(const char *format, ...)
{
    char path[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    return fopen(path, "re");
}

/* The sum of the numbers behind `key` in the lines of a file that begin with
 * it; closes the file. */
static double sum_lines(FILE *file, const char *key)
{
    char line[512];
    double sum = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            sum += strtod(line + strlen(key), NULL);
    if (file != NULL)
        fclose(file);
    return sum;
}

static double count_lines(FILE *file)
{
    double lines = 0;
    int byte;

    while (file != NULL && (byte = getc(file)) != EOF)
        lines += byte == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}

/* Entries of /proc/PID/NAME, a directory. */
static double count_entries(pid_t pid, const char *name)
{
    char path[128];
    const struct dirent *entry;
    double entries = 0;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    directory = opendir(path);
    if (directory == NULL)
        die("%s: %s", path, strerror(errno));
    while ((entry = readdir(directory)) != NULL)
        entries += entry->d_name[0] != '.';
    closedir(directory);
    return entries;
}

/* --- CPU and switches ----------------------------------------------------- */

static double cpu_us(pid_t pid)
{
    struct timespec time;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &time) < 0)
        die("there is no process %d", (int)pid);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void add_ticks(struct spent *spent, pid_t pid)
{
    char line[1024];
    FILE *file = open_file("/proc/%d/stat", (int)pid);
    unsigned long user = 0, system = 0;
    const char *name_end;

    if (file == NULL || fgets(line, sizeof(line), file) == NULL ||
        (name_end = strrchr(line, ')')) == NULL ||
        sscanf(name_end + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        die("/proc/%d/stat: not as expected", (int)pid);
    fclose(file);
    spent->user_ticks += (double)user;
    spent->system_ticks += (double)system;
}

static double voluntary_switches(pid_t pid)
{
    char path[128];
    const struct dirent *entry;
    double switches = 0;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (directory == NULL)
        die("%s: %s", path, strerror(errno));
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            switches += sum_lines(open_file("/proc/%d/task/%.20s/status",
                                            (int)pid, entry->d_name),
                                  "voluntary_ctxt_switches:");
    closedir(directory);
    return switches;
}

static void take_time(struct spent *spent, const pid_t *pids, int count)
{
    spent->seconds = milliseconds(0, now_ns()) / 1000;
    for (int i = 0; i < count; i++) {
        spent->cpu_us += cpu_us(pids[i]);
        add_ticks(spent, pids[i]);
    }
}

/* To read the switches of thousands of threads takes a while: outside of the
 * time that is measured. */
static void measure(double seconds, const pid_t *pids, int count)
{
    struct spent before = {.cpu_us = 0}, after = {.cpu_us = 0};
    double tick_us = 1e6 / (double)sysconf(_SC_CLK_TCK);
    struct timespec pause = {.tv_sec = (time_t)seconds};

    pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
    for (int i = 0; i < count; i++)
        before.switches += voluntary_switches(pids[i]);
    take_time(&before, pids, count);
    nanosleep(&pause, NULL);
    take_time(&after, pids, count);
    for (int i = 0; i < count; i++)
        after.switches += voluntary_switches(pids[i]);
    seconds = after.seconds - before.seconds;
    printf("cpu_us %.3f\n", (after.cpu_us - before.cpu_us) / seconds);
    printf("user_us %.0f\n",
           (after.user_ticks - before.user_ticks) * tick_us / seconds);
    printf("system_us %.0f\n",
           (after.system_ticks - before.system_ticks) * tick_us / seconds);
    printf("switches %.3f\n", (after.switches - before.switches) / seconds);
}

/* --- what there is -------------------------------------------------------- */

static void report_rollup(const char *name, const char *key, const pid_t *pids,
                          int count)
{
    double kib = 0;

    for (int i = 0; i < count; i++)
        kib += sum_lines(open_file("/proc/%d/smaps_rollup", (int)pids[i]), key);
    printf("%s %.0f\n", name, kib);
}

static void report_processes(const pid_t *pids, int count)
{
    double threads = 0, descriptors = 0, mappings = 0;

    for (int i = 0; i < count; i++) {
        threads += count_entries(pids[i], "task");
        descriptors += count_entries(pids[i], "fd");
        mappings += count_lines(open_file("/proc/%d/maps", (int)pids[i]));
    }
    printf("threads %.0f\ndescriptors %.0f\nmappings %.0f\n", threads,
           descriptors, mappings);
    report_rollup("pss_anon_kib", "Pss_Anon:", pids, count);
    report_rollup("rss_kib", "Rss:", pids, count);
}

static void report_machine(void)
{
    static const char *const figures[][2] = {
        {"kernel_stack_kib", "KernelStack:"},
        {"page_tables_kib", "PageTables:"},
        {"slab_kib", "Slab:"},
    };
    double page_kib = (double)sysconf(_SC_PAGESIZE) / 1024;
    char line[256];
    const char *mem;
    FILE *file = open_file("/proc/net/sockstat");

    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
        printf("%s %.0f\n", figures[i][0],
               sum_lines(open_file("/proc/meminfo"), figures[i][1]));
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "TCP:", 4) == 0 &&
            (mem = strstr(line, " mem ")) != NULL)
            printf("socket_buffers_kib %.0f\n",
                   strtod(mem + strlen(" mem "), NULL) * page_kib);
    if (file != NULL)
        fclose(file);
}

int main(int argc, char *argv[])
{
    double seconds = 0;
    bool well = true;
    int option, count;
    pid_t *pids;

    while (well && (option = getopt(argc, argv, "t:")) != -1) {
        well = option == 't';
        if (well)
            seconds = read_number(optarg, 1e6);
    }
    count = argc - optind;
    if (!well || count < 1) {
        fputs(usage, stderr);
        return 2;
    }
    pids = calloc((size_t)count, sizeof(*pids));
    if (pids == NULL)
        die("out of memory");
    for (int i = 0; i < count; i++)
        pids[i] = (pid_t)read_number(argv[optind + i], 1e9);
    if (seconds > 0)
        measure(seconds, pids, count);
    report_processes(pids, count);
    report_machine();
    free(pids);
    return 0;
}
