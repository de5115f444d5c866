/* A movie that only the shelf refers to is idle: nobody can get at it but
 * through the shelf's lock. Nothing is opened, read or freed under the lock;
 * what the kernel has in memory of an open file may be asked for. */
#include "config.h"

#include "server/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

struct shelf_movie {
    struct shelf_movie *next;
    struct movie *movie; /* one reference */
    dev_t device;
    ino_t inode;
};

/* Lies on the stack of who opens the file. */
struct shelf_opening {
    struct shelf_opening *next;
    dev_t device;
    ino_t inode;
};

void shelf_init(struct shelf *shelf)
{
    memset(shelf, 0, sizeof(*shelf));
    line_budget_init(&shelf->fault_lines, SHELF_MAX_FAULT_LINES,
                     60 * CLOCK_NS_PER_S);
    pthread_mutex_init(&shelf->lock, NULL);
    pthread_cond_init(&shelf->opened, NULL);
}

static void free_list(struct shelf_movie *list)
{
    while (list != NULL) {
        struct shelf_movie *next = list->next;

        movie_unref(list->movie);
        free(list);
        list = next;
    }
}

void shelf_destroy(struct shelf *shelf)
{
    free_list(shelf->newest);
    free(shelf->failures);
    pthread_cond_destroy(&shelf->opened);
    pthread_mutex_destroy(&shelf->lock);
}

void shelf_forget(struct shelf *shelf)
{
    struct shelf_movie *list;

    pthread_mutex_lock(&shelf->lock);
    list = shelf->newest;
    shelf->newest = NULL;
    shelf->failure_count = 0;
    shelf->next_failure = 0;
    pthread_mutex_unlock(&shelf->lock);
    free_list(list);
}

/* Takes the idle movies out of the list whose files were deleted, since only
 * the shelf keeps their room on the disk, and those beyond the newest few. */
static struct shelf_movie *take_surplus(struct shelf *shelf)
{
    struct shelf_movie **link = &shelf->newest;
    struct shelf_movie *surplus = NULL;
    size_t idle = 0;

    while (*link != NULL) {
        struct shelf_movie *entry = *link;

        if (!movie_is_shared(entry->movie) &&
            (movie_is_deleted(entry->movie) || ++idle > SHELF_MAX_IDLE)) {
            *link = entry->next;
            entry->next = surplus;
            surplus = entry;
        } else {
            link = &entry->next;
        }
    }
    return surplus;
}

void shelf_tidy(struct shelf *shelf)
{
    struct shelf_movie *surplus;

    pthread_mutex_lock(&shelf->lock);
    surplus = take_surplus(shelf);
    pthread_mutex_unlock(&shelf->lock);
    free_list(surplus);
}

struct shelf_size shelf_measure(struct shelf *shelf)
{
    struct shelf_size size = {0, 0};

    pthread_mutex_lock(&shelf->lock);
    for (struct shelf_movie *m = shelf->newest; m != NULL; m = m->next) {
        size.movies++;
        size.index_bytes += movie_index_bytes(m->movie);
    }
    pthread_mutex_unlock(&shelf->lock);
    return size;
}

/* --- finding ------------------------------------------------------------ */

/* Takes the movie of that file out of the list. */
static struct shelf_movie *take_out(struct shelf *shelf, const struct stat *st)
{
    struct shelf_movie **link = &shelf->newest;

    for (; *link != NULL; link = &(*link)->next) {
        struct shelf_movie *entry = *link;

        if (entry->device != st->st_dev || entry->inode != st->st_ino)
            continue;
        *link = entry->next;
        return entry;
    }
    return NULL;
}

static void put_first(struct shelf *shelf, struct shelf_movie *entry)
{
    entry->next = shelf->newest;
    shelf->newest = entry;
}

/* What is on the shelf for that file, with a reference for the caller. */
static struct movie *look_up(struct shelf *shelf, const struct stat *st)
{
    struct shelf_movie *entry;
    struct movie *movie = NULL;

    pthread_mutex_lock(&shelf->lock);
    entry = take_out(shelf, st);
    if (entry != NULL) {
        put_first(shelf, entry);
        movie = movie_ref(entry->movie);
    }
    pthread_mutex_unlock(&shelf->lock);
    return movie;
}

/* The file was changed: takes its movie off the shelf, if it still is there. */
static void discard(struct shelf *shelf, const struct stat *st,
                    struct movie *movie)
{
    struct shelf_movie *entry;

    pthread_mutex_lock(&shelf->lock);
    entry = take_out(shelf, st);
    if (entry != NULL && entry->movie != movie) {
        put_first(shelf, entry);
        entry = NULL;
    }
    pthread_mutex_unlock(&shelf->lock);
    if (entry != NULL) {
        entry->next = NULL;
        free_list(entry);
    }
    movie_unref(movie);
}

static struct movie *find_shared(struct shelf *shelf, int fd,
                                 const struct stat *st)
{
    struct movie *movie = look_up(shelf, st);

    if (movie == NULL || movie_is_same_file(movie, fd))
        return movie;
    discard(shelf, st, movie);
    return NULL;
}

/* --- adding ------------------------------------------------------------- */

/* Puts a movie that was just opened on the shelf. The one that all are to play:
 * somebody may have opened the same file meanwhile. */
static struct movie *share(struct shelf *shelf, const struct stat *st,
                           struct movie *movie)
{
    struct shelf_movie *added = malloc(sizeof(*added));
    struct shelf_movie *entry, *surplus;
    struct movie *shared;

    if (added == NULL)
        return movie; /* it is played all the same */
    *added = (struct shelf_movie){
        .movie = movie, .device = st->st_dev, .inode = st->st_ino};
    pthread_mutex_lock(&shelf->lock);
    entry = take_out(shelf, st);
    if (entry == NULL) {
        entry = added;
        added = NULL;
    }
    put_first(shelf, entry);
    shared = movie_ref(entry->movie);
    surplus = take_surplus(shelf);
    pthread_mutex_unlock(&shelf->lock);
    free_list(surplus);
    free_list(added);
    return shared;
}

/* --- failures ----------------------------------------------------------- */

static bool is_known_failure(struct shelf *shelf, const struct stat *st,
                             struct movie_error *error)
{
    bool found = false;

    pthread_mutex_lock(&shelf->lock);
    for (size_t i = 0; i < shelf->failure_count && !found; i++) {
        found = file_is_same_state(&shelf->failures[i].file, st);
        if (found)
            *error = shelf->failures[i].error;
    }
    pthread_mutex_unlock(&shelf->lock);
    return found;
}

static void remember_failure(struct shelf *shelf, const struct stat *st,
                             const struct movie_error *error)
{
    pthread_mutex_lock(&shelf->lock);
    if (shelf->failures == NULL)
        shelf->failures = calloc(SHELF_MAX_FAILURES, sizeof(*shelf->failures));
    if (shelf->failures != NULL) {
        shelf->failures[shelf->next_failure] =
            (struct shelf_failure){.file = *st, .error = *error};
        shelf->next_failure = (shelf->next_failure + 1) % SHELF_MAX_FAILURES;
        if (shelf->failure_count < SHELF_MAX_FAILURES)
            shelf->failure_count++;
    }
    pthread_mutex_unlock(&shelf->lock);
}

/* --- opening ------------------------------------------------------------ */

/* What a movie's faults are told with. */
struct fault_teller {
    struct shelf *shelf;
    char label[];
};

static void log_fault(void *context, int64_t offset_bytes, const char *what)
{
    struct fault_teller *teller = context;
    const char *label = teller->label;
    char escaped[LOG_ESCAPED_BYTES];
    const char *more = "";

    switch (line_budget_take(&teller->shelf->fault_lines, clock_now_ns())) {
    case LINE_BUDGET_TELL:
        break;
    case LINE_BUDGET_LAST:
        more = "; further faults of files are not told for a minute: flvd "
               "--check tells them all";
        break;
    case LINE_BUDGET_DROP:
        return;
    }
    log_warn("%s: offset %lld: %s%s", log_escape(escaped, label, strlen(label)),
             (long long)offset_bytes, what, more);
}

static struct movie *open_new(struct shelf *shelf, int fd, const char *label,
                              struct movie_error *error)
{
    /* The movie frees it. Without memory faults are not told. */
    const size_t label_bytes = strlen(label) + 1;
    struct fault_teller *teller = malloc(sizeof(*teller) + label_bytes);
    const struct movie_options options = {.on_fault =
                                              teller == NULL ? NULL : log_fault,
                                          .context = teller,
                                          .free_context = free};

    if (teller != NULL) {
        teller->shelf = shelf;
        memcpy(teller->label, label, label_bytes);
    }
    return movie_open(fd, &options, error);
}

/* What is known of the file: true with its movie, or with why it cannot be
 * played. */
static bool is_known(struct shelf *shelf, int fd, const struct stat *st,
                     struct movie **movie, struct movie_error *error)
{
    *movie = find_shared(shelf, fd, st);
    return *movie != NULL || is_known_failure(shelf, st, error);
}

static bool is_being_opened(const struct shelf *shelf, const struct stat *st)
{
    const struct shelf_opening *opening = shelf->openings;

    while (opening != NULL &&
           (opening->device != st->st_dev || opening->inode != st->st_ino))
        opening = opening->next;
    return opening != NULL;
}

/* The head of a damaged file may take seconds to search, and a disk may take
 * its time: that is spent once, however many ask. False when somebody else has
 * opened the file meanwhile. Who has waited does not wait again: what may pass
 * is not remembered, and each shall try it for himself. */
static bool begin_opening(struct shelf *shelf, const struct stat *st,
                          bool may_wait, struct shelf_opening *opening)
{
    bool waits;

    *opening =
        (struct shelf_opening){.device = st->st_dev, .inode = st->st_ino};
    pthread_mutex_lock(&shelf->lock);
    waits = may_wait && is_being_opened(shelf, st);
    if (waits) {
        while (is_being_opened(shelf, st))
            pthread_cond_wait(&shelf->opened, &shelf->lock);
    } else {
        opening->next = shelf->openings;
        shelf->openings = opening;
    }
    pthread_mutex_unlock(&shelf->lock);
    return !waits;
}

static void end_opening(struct shelf *shelf, struct shelf_opening *opening)
{
    struct shelf_opening **link = &shelf->openings;

    pthread_mutex_lock(&shelf->lock);
    while (*link != opening)
        link = &(*link)->next;
    *link = opening->next;
    pthread_cond_broadcast(&shelf->opened);
    pthread_mutex_unlock(&shelf->lock);
}

/* Opens the file at `fd` and keeps what comes of it, unless somebody else came
 * to an end with it since it was asked for. */
static struct movie *open_unless_known(struct shelf *shelf, int fd,
                                       const struct stat *st, const char *label,
                                       struct movie_error *error)
{
    struct movie *movie;

    if (is_known(shelf, fd, st, &movie, error)) {
        close(fd);
        return movie;
    }
    movie = open_new(shelf, fd, label, error);
    if (movie != NULL)
        return share(shelf, st, movie);
    if (!error->may_pass)
        remember_failure(shelf, st, error);
    return NULL;
}

struct movie *shelf_open(struct shelf *shelf, int fd, const char *label,
                         struct movie_error *error)
{
    struct shelf_opening opening;
    struct movie *movie;
    struct stat st;
    bool has_waited = false;

    if (fstat(fd, &st) != 0) {
        *error = (struct movie_error){.offset_bytes = -1};
        snprintf(error->what, sizeof(error->what), "cannot be read: %m");
        close(fd);
        return NULL;
    }
    while (!is_known(shelf, fd, &st, &movie, error)) {
        if (begin_opening(shelf, &st, !has_waited, &opening)) {
            movie = open_unless_known(shelf, fd, &st, label, error);
            end_opening(shelf, &opening);
            return movie;
        }
        has_waited = true;
    }
    close(fd);
    return movie;
}
