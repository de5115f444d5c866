/* The files, one by one: opened, surveyed, reported. */
#include "config.h"

#include "check/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "check/progress.h"
#include "check/survey.h"
#include "file_fault.h"

/* What is at work for one file. */
struct check {
    const char *file;
    struct progress progress;
    int write_error; /* of the report: errno, or 0 */
};

/* Each line is written at once, for whoever reads along. */
static void end_line(struct check *check)
{
    if (fflush(stdout) != 0 && check->write_error == 0)
        check->write_error = errno;
}

static void on_remark(void *context, enum survey_weight weight,
                      int64_t offset_bytes, const char *what)
{
    struct check *check = context;

    progress_clear(&check->progress);
    file_fault_print_name(stdout, check->file);
    printf(": offset %" PRId64 ": %s%s\n", offset_bytes,
           weight == SURVEY_WARNING ? "warning: " : "", what);
    end_line(check);
}

static bool on_progress(void *context, int64_t done_bytes, int64_t size_bytes)
{
    struct check *check = context;

    progress_update(&check->progress, done_bytes, size_bytes);
    return check->write_error == 0;
}

static void print_count(uint64_t count, const char *what)
{
    if (count > 0)
        printf(", %" PRIu64 " %s%s", count, what, count == 1 ? "" : "s");
}

static void print_track(const char *type, const struct survey_track *track)
{
    if (track->times.frames > 0)
        printf(", %s %s", type, track->codec.name);
}

/* "movie.flv: sound, 1 warning; 12345 tags, 1:02:03.456, video H.264" */
static void conclude(struct check *check, const struct survey *survey)
{
    const int64_t s = survey->duration_ms / 1000;

    progress_clear(&check->progress);
    file_fault_print_name(stdout, check->file);
    fputs(survey->faults > 0 ? ": damaged" : ": sound", stdout);
    print_count(survey->faults, "fault");
    print_count(survey->warnings, "warning");
    printf("; %" PRIu64 " tag%s", survey->tags, survey->tags == 1 ? "" : "s");
    if (survey->duration_ms > 0)
        printf(", %" PRId64 ":%02d:%02d.%03d", s / 3600, (int)(s / 60 % 60),
               (int)(s % 60), (int)(survey->duration_ms % 1000));
    print_track("video", &survey->video);
    print_track("audio", &survey->audio);
    putchar('\n');
    end_line(check);
}

static bool survey_path(struct check *check, struct survey *survey,
                        struct movie_error *error)
{
    const struct survey_watcher watcher = {
        .on_remark = on_remark, .on_progress = on_progress, .context = check};
    const int fd = open(check->file, FILE_OPEN_FLAGS);
    bool is_surveyed;

    if (fd < 0) {
        error->offset_bytes = -1;
        error->can_remux = false;
        snprintf(error->what, sizeof(error->what), "cannot be opened: %s",
                 strerror(errno));
        return false;
    }
    is_surveyed = survey_file(fd, &watcher, survey, error);
    close(fd);
    return is_surveyed;
}

/* Whether the file is sound. */
static bool check_file(struct check *check, bool quiet)
{
    char printable[LOG_ESCAPED_BYTES];
    struct movie_error error;
    struct survey survey;
    bool is_surveyed;

    progress_begin(&check->progress,
                   log_escape(printable, check->file, strlen(check->file)));
    is_surveyed = survey_path(check, &survey, &error);
    progress_end(&check->progress);
    if (is_surveyed) {
        if (!quiet && check->write_error == 0)
            conclude(check, &survey);
        return survey.faults == 0;
    }
    progress_clear(&check->progress);
    file_fault_print(stdout, check->file, &error);
    end_line(check);
    return false;
}

enum check_result check_files(char *const *files, size_t count, bool quiet)
{
    struct check check = {0};
    enum check_result result = CHECK_SOUND;

    progress_init(&check.progress, quiet ? -1 : STDERR_FILENO, count);
    for (size_t i = 0; i < count && check.write_error == 0; i++) {
        check.file = files[i];
        if (!check_file(&check, quiet))
            result = CHECK_DAMAGED;
    }
    progress_clear(&check.progress);
    if (check.write_error == 0)
        return result;
    errno = check.write_error;
    return CHECK_FAILED;
}
