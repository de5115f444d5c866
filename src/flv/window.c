/* The shared mappings of a file that payload is sent from.
 *
 * Windows lie at multiples of MOVIE_WINDOW_BYTES and end there or where the
 * file ended when they were mapped. When the file has grown since, the last
 * window is mapped anew, longer; the old one goes when its holders do. Does
 * not read what it maps, and does not care whether the file still reaches so
 * far: writev tells. */
#include "config.h"

#include "flv/window.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

void window_set_init(struct window_set *set, int fd)
{
    *set = (struct window_set){.fd = fd};
    pthread_mutex_init(&set->lock, NULL);
}

/* The windows are mapped read-only, and yet munmap takes them as its own. */
static void unmap(struct movie_window *window)
{
    munmap((void *)(uintptr_t)window->data, window->length_bytes);
    free(window);
}

void window_set_destroy(struct window_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        unmap(set->windows[i]);
    free(set->windows);
    pthread_mutex_destroy(&set->lock);
}

static struct movie_window *find(const struct window_set *set,
                                 int64_t offset_bytes)
{
    for (size_t i = 0; i < set->count; i++) {
        struct movie_window *window = set->windows[i];

        if (offset_bytes >= window->offset_bytes &&
            offset_bytes - window->offset_bytes < (int64_t)window->length_bytes)
            return window;
    }
    return NULL;
}

static struct movie_window *map(int fd, int64_t offset_bytes)
{
    struct movie_window *window;
    struct stat st;
    int64_t left_bytes;
    void *data;

    if (fstat(fd, &st) != 0)
        return NULL;
    if (offset_bytes < 0 || offset_bytes >= st.st_size) {
        errno = ENXIO;
        return NULL;
    }
    window = calloc(1, sizeof(*window));
    if (window == NULL)
        return NULL;
    window->offset_bytes = offset_bytes - offset_bytes % MOVIE_WINDOW_BYTES;
    left_bytes = st.st_size - window->offset_bytes;
    window->length_bytes = left_bytes < MOVIE_WINDOW_BYTES ? (size_t)left_bytes
                                                           : MOVIE_WINDOW_BYTES;
    data = mmap(NULL, window->length_bytes, PROT_READ, MAP_SHARED, fd,
                window->offset_bytes);
    if (data == MAP_FAILED) {
        free(window);
        return NULL;
    }
    window->data = data;
    return window;
}

static bool add(struct window_set *set, struct movie_window *window)
{
    if (set->count == set->capacity) {
        const size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
        struct movie_window **windows =
            reallocarray(set->windows, capacity, sizeof(struct movie_window *));

        if (windows == NULL)
            return false;
        set->windows = windows;
        set->capacity = capacity;
    }
    set->windows[set->count++] = window;
    return true;
}

static struct movie_window *map_and_add(struct window_set *set,
                                        int64_t offset_bytes)
{
    struct movie_window *window = map(set->fd, offset_bytes);

    if (window == NULL)
        return NULL;
    if (!add(set, window)) {
        unmap(window);
        errno = ENOMEM;
        return NULL;
    }
    set->idle++;
    return window;
}

struct movie_window *window_set_acquire(struct window_set *set,
                                        int64_t offset_bytes)
{
    struct movie_window *window;

    pthread_mutex_lock(&set->lock);
    window = find(set, offset_bytes);
    if (window == NULL)
        window = map_and_add(set, offset_bytes);
    if (window != NULL && window->references++ == 0)
        set->idle--;
    pthread_mutex_unlock(&set->lock);
    return window;
}

/* Takes the idle window that was used longest ago out of the set. */
static struct movie_window *take_oldest_idle(struct window_set *set)
{
    struct movie_window *oldest;
    size_t found = set->count;

    for (size_t i = 0; i < set->count; i++)
        if (set->windows[i]->references == 0 &&
            (found == set->count ||
             set->windows[i]->last_use < set->windows[found]->last_use))
            found = i;
    oldest = set->windows[found];
    set->windows[found] = set->windows[--set->count];
    set->idle--;
    return oldest;
}

void window_set_release(struct window_set *set, struct movie_window *window)
{
    struct movie_window *surplus = NULL;

    pthread_mutex_lock(&set->lock);
    window->last_use = ++set->uses;
    if (--window->references == 0 && ++set->idle > WINDOW_SET_MAX_IDLE)
        surplus = take_oldest_idle(set);
    pthread_mutex_unlock(&set->lock);
    if (surplus != NULL)
        unmap(surplus);
}
