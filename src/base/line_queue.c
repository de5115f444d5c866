/* A bounded queue of lines between those who log and a blocking write(2). */
#include "config.h"

#include "base/line_queue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

struct line_queue {
    int fd;
    line_queue_notice *notice;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool held; /* there is no thread yet */
    bool stopping;
    bool writing; /* the thread holds a line that it took out */
    bool ended;
    uint64_t dropped;
    uint64_t dropped_told;
    size_t first; /* place of the oldest byte in `bytes` */
    size_t used;
    /* Lines one after the other, each with its newline, in a ring. */
    char bytes[LINE_QUEUE_BYTES];
};

static size_t take_line(struct line_queue *queue,
                        char line[static LINE_QUEUE_MAX_LINE])
{
    size_t length = 0;
    bool whole = false;

    while (queue->used > 0 && !whole) {
        char c = queue->bytes[queue->first];

        queue->first = (queue->first + 1) % LINE_QUEUE_BYTES;
        queue->used--;
        line[length++] = c;
        whole = c == '\n';
    }
    return length;
}

static size_t say_dropped(char line[static LINE_QUEUE_NOTICE_BYTES],
                          uint64_t count)
{
    int length = snprintf(line, LINE_QUEUE_NOTICE_BYTES,
                          "flvd: %" PRIu64 " lines were dropped here: "
                          "they were not read in time\n",
                          count);

    return length < 0 ? 0 : (size_t)length;
}

static size_t take_drop_notice(struct line_queue *queue,
                               char line[static LINE_QUEUE_NOTICE_BYTES])
{
    uint64_t count = queue->dropped - queue->dropped_told;

    queue->dropped_told = queue->dropped;
    return queue->notice(line, count);
}

/* One write per line, unless the descriptor takes it in parts. A reader that
 * went away costs the line and nothing else. */
static void write_line(int fd, const char *line, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, line, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        length -= (size_t)n;
    }
}

static void *line_queue_run(void *argument)
{
    struct line_queue *queue = argument;
    char line[LINE_QUEUE_MAX_LINE];

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        size_t length = 0;

        if (queue->used > 0)
            length = take_line(queue, line);
        else if (queue->dropped > queue->dropped_told)
            length = take_drop_notice(queue, line);
        if (length == 0) {
            if (queue->stopping)
                break;
            pthread_cond_wait(&queue->changed, &queue->lock);
            continue;
        }
        queue->writing = true;
        pthread_mutex_unlock(&queue->lock);
        write_line(queue->fd, line, length);
        pthread_mutex_lock(&queue->lock);
        queue->writing = false;
        if (queue->used == 0)
            pthread_cond_broadcast(&queue->changed);
    }
    queue->ended = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static int start_thread(struct line_queue *queue)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* blocked, it would end the process */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&queue->thread, NULL, line_queue_run, queue);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct line_queue *line_queue_new(int fd)
{
    struct line_queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL)
        return NULL;
    queue->fd = fd;
    queue->held = true;
    queue->notice = say_dropped;
    pthread_mutex_init(&queue->lock, NULL);
    clock_cond_init(&queue->changed);
    return queue;
}

void line_queue_set_notice(struct line_queue *queue, line_queue_notice *notice)
{
    pthread_mutex_lock(&queue->lock);
    queue->notice = notice;
    pthread_mutex_unlock(&queue->lock);
}

static void free_queue(struct line_queue *queue)
{
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

bool line_queue_let_out(struct line_queue *queue)
{
    int error;

    pthread_mutex_lock(&queue->lock);
    error = start_thread(queue);
    queue->held = error != 0;
    pthread_mutex_unlock(&queue->lock);
    errno = error;
    return error == 0;
}

struct line_queue *line_queue_start(int fd)
{
    struct line_queue *queue = line_queue_new(fd);
    int error;

    if (queue == NULL || line_queue_let_out(queue))
        return queue;
    error = errno;
    free_queue(queue);
    errno = error;
    return NULL;
}

static void put_bytes(struct line_queue *queue, const char *data, size_t length)
{
    size_t place = (queue->first + queue->used) % LINE_QUEUE_BYTES;
    size_t before_wrap = LINE_QUEUE_BYTES - place;

    if (before_wrap > length)
        before_wrap = length;
    memcpy(queue->bytes + place, data, before_wrap);
    memcpy(queue->bytes, data + before_wrap, length - before_wrap);
    queue->used += length;
}

/* Whether a line may be put. Where lines were dropped their number comes first:
 * without room for both, the line is dropped as well. */
static bool make_way(struct line_queue *queue, size_t length)
{
    char notice[LINE_QUEUE_NOTICE_BYTES];
    size_t room = LINE_QUEUE_BYTES - queue->used;

    if (queue->dropped == queue->dropped_told)
        return room >= length;
    if (room < sizeof(notice) + length)
        return false;
    put_bytes(queue, notice, take_drop_notice(queue, notice));
    return true;
}

void line_queue_put(struct line_queue *queue, const char *line, size_t length)
{
    int saved_errno = errno;
    bool cut = length > LINE_QUEUE_MAX_LINE;

    if (cut)
        length = LINE_QUEUE_MAX_LINE;
    if (length == 0)
        return;
    pthread_mutex_lock(&queue->lock);
    if (!make_way(queue, length)) {
        queue->dropped++;
    } else {
        put_bytes(queue, line, length - (cut ? 1 : 0));
        if (cut)
            put_bytes(queue, "\n", 1);
    }
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    errno = saved_errno;
}

uint64_t line_queue_dropped(struct line_queue *queue)
{
    uint64_t dropped;

    pthread_mutex_lock(&queue->lock);
    dropped = queue->dropped;
    pthread_mutex_unlock(&queue->lock);
    return dropped;
}

bool line_queue_flush(struct line_queue *queue, int64_t deadline_ns)
{
    const struct timespec deadline = clock_timespec(deadline_ns);
    bool is_empty;

    pthread_mutex_lock(&queue->lock);
    while (!queue->held && (queue->used > 0 || queue->writing)) {
        if (pthread_cond_timedwait(&queue->changed, &queue->lock, &deadline) ==
            ETIMEDOUT)
            break;
    }
    is_empty = queue->used == 0 && !queue->writing;
    pthread_mutex_unlock(&queue->lock);
    return is_empty;
}

bool line_queue_stop(struct line_queue *queue, int64_t deadline_ns)
{
    const struct timespec deadline = clock_timespec(deadline_ns);
    bool ended;

    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->changed);
    while (!queue->held && !queue->ended) {
        if (pthread_cond_timedwait(&queue->changed, &queue->lock, &deadline) ==
            ETIMEDOUT)
            break;
    }
    ended = queue->held || queue->ended;
    pthread_mutex_unlock(&queue->lock);
    if (!ended) {
        pthread_detach(queue->thread);
        return false;
    }
    if (!queue->held)
        pthread_join(queue->thread, NULL);
    free_queue(queue);
    return true;
}
