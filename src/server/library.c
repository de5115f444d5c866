/* One FILE, looked up at each play; the movie of the last play is kept and
 * shared as long as it is the same file. */
#include "config.h"

#include "server/library.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

struct library {
    const char *path; /* NULL: a movie in memory, which is never looked up */
    pthread_mutex_t lock;
    struct movie *movie; /* guarded by `lock`; NULL after library_forget */
};

static void log_fault(void *context, int64_t offset_bytes, const char *what)
{
    const char *path = context;
    char escaped[LOG_ESCAPED_BYTES];

    log_warn("%s: offset %lld: %s", log_escape(escaped, path, strlen(path)),
             (long long)offset_bytes, what);
}

static void fail(struct movie_error *error, const char *what, int cause)
{
    char text[128];

    error->offset_bytes = -1;
    error->can_remux = false;
    snprintf(error->what, sizeof(error->what), "%s: %s", what,
             strerror_r(cause, text, sizeof(text)));
}

static struct movie *open_movie(const char *path, int fd,
                                struct movie_error *error)
{
    const struct movie_options options = {.on_fault = log_fault,
                                          .context = (void *)(uintptr_t)path};

    return movie_open(fd, &options, error);
}

static int open_path(const char *path, struct movie_error *error)
{
    /* O_NONBLOCK: opening a FIFO must not wait for somebody to write. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        fail(error, "cannot be opened", errno);
    return fd;
}

static struct library *library_new(const char *path, struct movie *movie)
{
    struct library *library = calloc(1, sizeof(*library));

    if (library == NULL) {
        movie_unref(movie);
        return NULL;
    }
    library->path = path;
    library->movie = movie;
    pthread_mutex_init(&library->lock, NULL);
    return library;
}

struct library *library_open_file(const char *path, struct movie_error *error)
{
    struct library *library;
    struct movie *movie;
    int fd = open_path(path, error);

    if (fd < 0)
        return NULL;
    movie = open_movie(path, fd, error);
    if (movie == NULL)
        return NULL;
    library = library_new(path, movie);
    if (library == NULL)
        fail(error, "cannot be served", ENOMEM);
    return library;
}

static int open_memory(const uint8_t *data, size_t length)
{
    int fd = memfd_create("flvd-demo", MFD_CLOEXEC);
    size_t written = 0;

    if (fd < 0)
        return -1;
    while (written < length) {
        ssize_t n = write(fd, data + written, length - written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        written += (size_t)n;
    }
    return fd;
}

struct library *library_open_memory(const void *data, size_t length,
                                    struct movie_error *error)
{
    struct library *library;
    struct movie *movie;
    int fd = open_memory(data, length);

    if (fd < 0) {
        fail(error, "cannot be put into memory", errno);
        return NULL;
    }
    movie = open_movie("demo", fd, error);
    if (movie == NULL)
        return NULL;
    library = library_new(NULL, movie);
    if (library == NULL)
        fail(error, "cannot be served", ENOMEM);
    return library;
}

void library_close(struct library *library)
{
    if (library == NULL)
        return;
    movie_unref(library->movie);
    pthread_mutex_destroy(&library->lock);
    free(library);
}

/* The kept movie if `fd` is its file; else NULL. */
static struct movie *kept_movie(struct library *library, int fd)
{
    struct movie *movie = NULL;

    pthread_mutex_lock(&library->lock);
    if (library->movie != NULL && movie_is_same_file(library->movie, fd))
        movie = movie_ref(library->movie);
    pthread_mutex_unlock(&library->lock);
    return movie;
}

static void keep_movie(struct library *library, struct movie *movie)
{
    struct movie *before;

    pthread_mutex_lock(&library->lock);
    before = library->movie;
    library->movie = movie_ref(movie);
    pthread_mutex_unlock(&library->lock);
    movie_unref(before);
}

struct movie *library_find(struct library *library, struct movie_error *error)
{
    struct movie *movie;
    int fd;

    if (library->path == NULL)
        return movie_ref(library->movie);
    fd = open_path(library->path, error);
    if (fd < 0)
        return NULL;
    movie = kept_movie(library, fd);
    if (movie != NULL) {
        close(fd);
        return movie;
    }
    movie = open_movie(library->path, fd, error);
    if (movie != NULL)
        keep_movie(library, movie);
    return movie;
}

const char *library_name(const struct library *library, size_t *length)
{
    const char *name = library->path == NULL ? "demo" : library->path;
    const char *slash = strrchr(name, '/');

    if (slash != NULL)
        name = slash + 1;
    *length = strlen(name);
    if (*length > 4 && strcasecmp(name + *length - 4, ".flv") == 0)
        *length -= 4;
    return name;
}

void library_forget(struct library *library)
{
    struct movie *movie;

    if (library->path == NULL)
        return;
    pthread_mutex_lock(&library->lock);
    movie = library->movie;
    library->movie = NULL;
    pthread_mutex_unlock(&library->lock);
    movie_unref(movie);
}
