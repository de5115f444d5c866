/* Threads: one for each listener, in accept; the one of http, which polls; one
 * that takes a sample every other second. */
#include "config.h"

#include "status/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/address.h"
#include "server/server.h"
#include "status/available.h"
#include "status/http.h"
#include "status/site.h"

#define STACK_BYTES ((size_t)2 * WORKER_STACK_BYTES)

struct doorman {
    struct status *status;
    struct listener *listener;
    pthread_t thread;
};

struct status {
    struct site site;
    struct http *http;
    struct listener *listeners; /* one for each of the doormen */
    struct doorman doormen[SERVER_MAX_LISTENERS];
    size_t doorman_count;
    pthread_t sampler;
    pthread_mutex_t lock;
    pthread_cond_t stops; /* `closing` was set */
    atomic_bool closing;
};

bool status_is_available(void)
{
    return true;
}

static void take(void *http, int fd, const struct sockaddr_storage *peer)
{
    http_take(http, fd, peer);
}

static void *run_doorman(void *argument)
{
    struct doorman *doorman = argument;

    listener_hand_over(doorman->listener, &doorman->status->closing, take,
                       doorman->status->http);
    return NULL;
}

static void *run_sampler(void *argument)
{
    struct status *status = argument;
    int64_t due_ns = clock_now_ns();

    pthread_mutex_lock(&status->lock);
    while (!atomic_load(&status->closing)) {
        struct timespec due;

        pthread_mutex_unlock(&status->lock);
        site_sample(&status->site);
        pthread_mutex_lock(&status->lock);
        due_ns += HISTORY_INTERVAL_S * CLOCK_NS_PER_S;
        due = clock_timespec(due_ns);
        while (!atomic_load(&status->closing) &&
               pthread_cond_timedwait(&status->stops, &status->lock, &due) !=
                   ETIMEDOUT)
            ;
    }
    pthread_mutex_unlock(&status->lock);
    return NULL;
}

static bool start_thread(pthread_t *thread, void *(*run)(void *),
                         void *argument)
{
    pthread_attr_t attributes;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    error = pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

static void init(struct status *status, const struct status_options *options)
{
    site_init(&status->site, options->context, options->playing,
              options->playing_count);
    pthread_mutex_init(&status->lock, NULL);
    clock_cond_init(&status->stops);
    atomic_init(&status->closing, false);
    status->listeners = options->listeners;
    status->doorman_count = 0;
    status->http = NULL;
}

static void destroy(struct status *status)
{
    if (status->http != NULL)
        http_stop(status->http);
    pthread_cond_destroy(&status->stops);
    pthread_mutex_destroy(&status->lock);
    site_destroy(&status->site);
    free(status);
}

static void stop_doormen(struct status *status)
{
    pthread_mutex_lock(&status->lock);
    atomic_store(&status->closing, true);
    pthread_cond_broadcast(&status->stops);
    pthread_mutex_unlock(&status->lock);
    listener_wake_all(status->listeners, status->doorman_count);
    for (size_t i = 0; i < status->doorman_count; i++)
        pthread_join(status->doormen[i].thread, NULL);
}

static bool start_doormen(struct status *status,
                          const struct status_options *options)
{
    for (size_t i = 0; i < options->listener_count; i++) {
        struct doorman *doorman = &status->doormen[i];

        doorman->status = status;
        doorman->listener = &options->listeners[i];
        if (!start_thread(&doorman->thread, run_doorman, doorman))
            return false;
        status->doorman_count++;
    }
    return true;
}

static void tell_url(const struct listener *listener)
{
    char address[ADDRESS_TEXT_BYTES];

    if (listener->is_any)
        log_info("status at http://localhost:%u/",
                 (unsigned)address_port(&listener->address));
    else
        log_info("status at http://%s/",
                 address_format(&listener->address, address));
}

struct status *status_start(const struct status_options *options)
{
    struct status *status = malloc(sizeof(*status));

    if (status == NULL)
        return NULL;
    init(status, options);
    status->http = http_start(site_respond, &status->site);
    if (status->http == NULL ||
        !start_thread(&status->sampler, run_sampler, status)) {
        destroy(status);
        return NULL;
    }
    if (!start_doormen(status, options)) {
        status_stop(status);
        return NULL;
    }
    for (size_t i = 0; i < options->listener_count; i++)
        tell_url(&options->listeners[i]);
    return status;
}

void status_stop(struct status *status)
{
    if (status == NULL)
        return;
    stop_doormen(status);
    pthread_join(status->sampler, NULL);
    destroy(status);
}
