/* Limits, from getrlimit(2), /proc and the cgroups. */
#include "config.h"

#include "server/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

/* What each client takes, and the words for it. */
static const struct {
    uint32_t a_client;
    const char *what;
    const char *how;
} kinds[LIMIT_KINDS] = {
    [LIMIT_DESCRIPTORS] = {1, "open files of a process, RLIMIT_NOFILE,",
                           "ulimit -n, or LimitNOFILE= of the systemd unit"},
    [LIMIT_FILES] = {1, "open files of the system, fs.file-max,",
                     "sysctl fs.file-max"},
    [LIMIT_USER_THREADS] = {1, "threads of a user, RLIMIT_NPROC,",
                            "ulimit -u, or LimitNPROC= of the systemd unit"},
    [LIMIT_THREADS] = {1, "threads of the system, kernel.threads-max,",
                       "sysctl kernel.threads-max"},
    [LIMIT_PROCESS_IDS] = {1, "process ids of the system, kernel.pid_max,",
                           "sysctl kernel.pid_max"},
    [LIMIT_TASKS] = {1, "threads of a cgroup, pids.max,",
                     "TasksMax= of the systemd unit, or by what has made the "
                     "container"},
    /* The stack, and the page below it that nobody may touch. */
    [LIMIT_MAPPINGS] = {2, "mappings of a process, vm.max_map_count,",
                        "sysctl vm.max_map_count"},
    [LIMIT_ADDRESSES] = {128 * 1024, "bytes of a process, RLIMIT_AS,",
                         "ulimit -v, or LimitAS= of the systemd unit"},
};

/* Descriptors for the files that play, and mappings for their windows. */
#define DESCRIPTORS_KEPT 32
#define MAPPINGS_KEPT 256
/* The kernel gives no new process an id below this, once it has begun anew. */
#define RESERVED_PROCESS_IDS 300

/* Of clients that may have gone again since the call failed. */
#define NEAR 64

/* --- pure --------------------------------------------------------------- */

static int64_t left(const struct limits *limits, enum limit_kind kind)
{
    const int64_t most = limits->of[kind].most;
    const int64_t used = limits->of[kind].used;

    if (most == LIMIT_NONE)
        return LIMIT_NONE;
    return most > used ? most - used : 0;
}

int64_t limits_allow(const struct limits *limits, enum limit_kind *tightest)
{
    int64_t least = LIMIT_NONE;

    *tightest = LIMIT_DESCRIPTORS;
    for (int i = 0; i < LIMIT_KINDS; i++) {
        const enum limit_kind kind = (enum limit_kind)i;
        const int64_t clients = left(limits, kind) / kinds[kind].a_client;

        if (limits->of[kind].most != LIMIT_NONE && clients < least) {
            least = clients;
            *tightest = kind;
        }
    }
    return least;
}

bool limits_culprit(const struct limits *limits, int error,
                    enum limit_kind *culprit)
{
    static const enum limit_kind counted[] = {LIMIT_TASKS, LIMIT_THREADS,
                                              LIMIT_PROCESS_IDS, LIMIT_MAPPINGS,
                                              LIMIT_ADDRESSES};

    *culprit = error == EMFILE ? LIMIT_DESCRIPTORS : LIMIT_FILES;
    if (error == EMFILE || error == ENFILE)
        return true;
    /* A thread for whose stack there is no room is EAGAIN as well. */
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        *culprit = counted[i];
        if (error == ENOMEM && *culprit != LIMIT_MAPPINGS &&
            *culprit != LIMIT_ADDRESSES)
            continue;
        if (left(limits, *culprit) < NEAR * (int64_t)kinds[*culprit].a_client)
            return true;
    }
    *culprit = LIMIT_USER_THREADS;
    return error == EAGAIN && limits->of[LIMIT_USER_THREADS].most != LIMIT_NONE;
}

void limits_describe(const struct limits *limits, enum limit_kind kind,
                     char text[static LIMITS_TEXT_BYTES])
{
    char value[32] = "reached";

    /* Without a descriptor left it may not be read. */
    if (limits->of[kind].most != LIMIT_NONE)
        snprintf(value, sizeof(value), "%" PRId64, limits->of[kind].most);
    snprintf(text, LIMITS_TEXT_BYTES, "the limit of %s is %s: raise it with %s",
             kinds[kind].what, value, kinds[kind].how);
}

bool limits_cgroup_path(const char *cgroups, char *path, size_t size)
{
    const char *line = cgroups;
    bool found = false;

    /* "8:pids:/a/b", where version 1 has the controller; "0::/a/b" is
     * version 2. */
    while (line != NULL && *line != '\0') {
        const char *names = strchr(line, ':');
        const char *at = names == NULL ? NULL : strchr(names + 1, ':');
        const int length = at == NULL ? 0 : (int)strcspn(at + 1, "\n");
        const bool is_first = at != NULL && strncmp(names, ":pids:", 6) == 0;

        if (is_first || (at == names + 1 && !found)) {
            found =
                snprintf(path, size, "/sys/fs/cgroup%s%.*s",
                         is_first ? "/pids" : "", length, at + 1) < (int)size;
            if (is_first)
                return found;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return found;
}

/* --- the system --------------------------------------------------------- */

static void raise_one(int resource)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

void limits_raise(void)
{
    raise_one(RLIMIT_NOFILE);
    raise_one(RLIMIT_NPROC);
}

/* Files that stay open; the cgroups are the only ones whose number varies. */
#define MAX_KEPT 32
static struct {
    char *path;
    int fd;
} kept[MAX_KEPT];
static size_t kept_count;
static bool is_keeping;

static int find_kept(const char *path)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (strcmp(kept[i].path, path) == 0)
            return kept[i].fd;
    }
    return -1;
}

static void keep(const char *path, int fd)
{
    char *copy = kept_count < MAX_KEPT ? strdup(path) : NULL;

    if (copy == NULL) {
        close(fd);
        return;
    }
    kept[kept_count].path = copy;
    kept[kept_count++].fd = fd;
}

/* -1: it cannot be read. */
static int open_text(const char *path)
{
    const int fd = find_kept(path);

    return fd >= 0 ? fd : open(path, O_RDONLY | O_CLOEXEC);
}

static void close_text(const char *path, int fd)
{
    if (fd < 0 || find_kept(path) >= 0)
        return;
    if (is_keeping)
        keep(path, fd);
    else
        close(fd);
}

/* The beginning of a file as text; "" when it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
    const int fd = open_text(path);
    const ssize_t n = fd < 0 ? 0 : pread(fd, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    close_text(path, fd);
}

/* The number that a file begins with; "max" or none: LIMIT_NONE. */
static int64_t read_number(const char *path)
{
    char text[64], *end;
    int64_t number;

    read_text(path, text, sizeof(text));
    errno = 0;
    number = strtoll(text, &end, 10);
    return end == text || errno != 0 || number < 0 ? LIMIT_NONE : number;
}

static int64_t read_rlimit(int resource)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > INT64_MAX)
        return LIMIT_NONE;
    return (int64_t)limit.rlim_cur;
}

static int64_t count_descriptors(void)
{
    /* What it was while it could be counted. */
    static _Atomic int64_t last;
    DIR *directory = opendir("/proc/self/fd");
    int64_t count = 0;

    if (directory == NULL)
        return last;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    last = count - 3; /* ".", "..", and the one that reads them */
    return last;
}

static int64_t count_mappings(void)
{
    static const char path[] = "/proc/self/maps";
    const int fd = open_text(path);
    char lines[4096];
    int64_t count = 0;
    off_t offset = 0;
    ssize_t n;

    while (fd >= 0 && (n = pread(fd, lines, sizeof(lines), offset)) > 0) {
        offset += n;
        for (ssize_t i = 0; i < n; i++)
            count += lines[i] == '\n';
    }
    close_text(path, fd);
    return count;
}

static int64_t count_bytes(void)
{
    const int64_t pages = read_number("/proc/self/statm");

    return pages == LIMIT_NONE ? 0 : pages * sysconf(_SC_PAGESIZE);
}

/* All threads there are: "0.00 0.01 0.05 1/123 4567". */
static int64_t count_threads(void)
{
    char text[128];
    const char *slash;

    read_text("/proc/loadavg", text, sizeof(text));
    slash = strchr(text, '/');
    return slash == NULL ? 0 : strtoll(slash + 1, NULL, 10);
}

/* Each cgroup above may have a limit of its own. */
static void read_tasks(struct limits *limits)
{
    char cgroups[4096], path[1024], file[1088];

    read_text("/proc/self/cgroup", cgroups, sizeof(cgroups));
    if (!limits_cgroup_path(cgroups, path, sizeof(path)))
        return;
    while (strcmp(path, "/sys/fs/cgroup") != 0 && strlen(path) > 1) {
        int64_t most, used;

        snprintf(file, sizeof(file), "%s/pids.max", path);
        most = read_number(file);
        snprintf(file, sizeof(file), "%s/pids.current", path);
        used = most == LIMIT_NONE ? 0 : read_number(file);
        if (most != LIMIT_NONE && most - used < left(limits, LIMIT_TASKS)) {
            limits->of[LIMIT_TASKS].most = most;
            limits->of[LIMIT_TASKS].used = used;
        }
        *strrchr(path, '/') = '\0';
    }
}

void limits_read(struct limits *limits)
{
    const int64_t threads = count_threads();

    for (int i = 0; i < LIMIT_KINDS; i++) {
        limits->of[i].most = LIMIT_NONE;
        limits->of[i].used = 0;
    }
    limits->of[LIMIT_DESCRIPTORS].most = read_rlimit(RLIMIT_NOFILE);
    limits->of[LIMIT_DESCRIPTORS].used = count_descriptors() + DESCRIPTORS_KEPT;
    limits->of[LIMIT_FILES].most = read_number("/proc/sys/fs/file-max");
    limits->of[LIMIT_FILES].used = read_number("/proc/sys/fs/file-nr");
    /* Root has none: setrlimit(2). */
    if (geteuid() != 0)
        limits->of[LIMIT_USER_THREADS].most = read_rlimit(RLIMIT_NPROC);
    limits->of[LIMIT_THREADS].most =
        read_number("/proc/sys/kernel/threads-max");
    limits->of[LIMIT_THREADS].used = threads;
    limits->of[LIMIT_PROCESS_IDS].most =
        read_number("/proc/sys/kernel/pid_max");
    limits->of[LIMIT_PROCESS_IDS].used = threads + RESERVED_PROCESS_IDS;
    read_tasks(limits);
    limits->of[LIMIT_MAPPINGS].most = read_number("/proc/sys/vm/max_map_count");
    limits->of[LIMIT_MAPPINGS].used = count_mappings() + MAPPINGS_KEPT;
    limits->of[LIMIT_ADDRESSES].most = read_rlimit(RLIMIT_AS);
    if (limits->of[LIMIT_ADDRESSES].most != LIMIT_NONE)
        limits->of[LIMIT_ADDRESSES].used = count_bytes();
}

void limits_keep_files(void)
{
    struct limits limits;

    is_keeping = true;
    limits_read(&limits);
    is_keeping = false;
}

void limits_warn(uint32_t clients)
{
    char text[LIMITS_TEXT_BYTES];
    struct limits limits;
    enum limit_kind kind;
    int64_t allowed;

    limits_read(&limits);
    allowed = limits_allow(&limits, &kind);
    if (allowed >= clients)
        return;
    limits_describe(&limits, kind, text);
    log_warn("no more than %" PRId64 " of the %" PRIu32
             " clients of --max-clients can be served: %s",
             allowed, clients, text);
}

bool limits_explain(int error, char text[static LIMITS_TEXT_BYTES])
{
    struct limits limits;
    enum limit_kind kind;

    limits_read(&limits);
    if (!limits_culprit(&limits, error, &kind))
        return false;
    limits_describe(&limits, kind, text);
    return true;
}
