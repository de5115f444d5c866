/* A request that comes by the loopback interface must say that it is meant for
 * this machine (host.h): else the page of a stranger could read all this,
 * under a name of theirs that they let resolve to 127.0.0.1. */
#include "config.h"

#include "status/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/play_url.h"
#include "server/server.h"
#include "status/assets.h"
#include "status/host.h"
#include "status/json.h"
#include "status/metrics.h"
#include "status/page.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define OK 200u
#define NOT_FOUND 404u
#define MISDIRECTED 421u
#define UNAVAILABLE 503u

/* A name that is percent-encoded throughout, and what stands before it. */
#define URL_BYTES (3 * NAME_BYTES + HOST_BYTES)

void site_init(struct site *site, const struct session_context *context,
               const struct listener *listeners, size_t listener_count)
{
    site->context = context;
    site->listeners = listeners;
    site->listener_count = listener_count;
    pthread_mutex_init(&site->lock, NULL);
    history_init(&site->history);
}

void site_destroy(struct site *site)
{
    pthread_mutex_destroy(&site->lock);
}

void site_sample(struct site *site)
{
    struct report_totals totals;

    report_totals(site->context, &totals);
    pthread_mutex_lock(&site->lock);
    history_add(&site->history, &totals.sum, clock_now_ns(), clock_unix_ms());
    pthread_mutex_unlock(&site->lock);
}

/* --- the view --------------------------------------------------------------
 */

/* A view, and what it points to. */
struct scene {
    struct view view;
    struct profile_row *rows;
    struct history_sample samples[HISTORY_SAMPLES];
    char *texts; /* one behind the other */
    const char *urls[SERVER_MAX_LISTENERS];
    const char **operands;
};

static void free_scene(struct scene *scene)
{
    if (scene == NULL)
        return;
    free(scene->rows);
    free(scene->texts);
    free(scene->operands);
    free(scene);
}

static void add_rows(struct scene *scene, const struct site *site, size_t most)
{
    struct view *view = &scene->view;

    view->connection_count = report_rows(site->context, scene->rows, most);
    view->row_count =
        view->connection_count < most ? view->connection_count : most;
    view->rows = scene->rows;
}

static void add_samples(struct scene *scene, struct site *site)
{
    pthread_mutex_lock(&site->lock);
    scene->view.sample_count = history_copy(&site->history, scene->samples);
    pthread_mutex_unlock(&site->lock);
    scene->view.samples = scene->samples;
}

/* The host of the page is the one that reaches this machine, for whoever reads
 * the page. */
static size_t add_urls(struct scene *scene, const struct site *site,
                       const struct http_request *request)
{
    const struct library *library = site->context->library;
    char host[HOST_BYTES];
    char *next = scene->texts;

    if (request->host == NULL || !host_of_header(request->host, host))
        strcpy(host, "localhost");
    for (size_t i = 0; i < site->listener_count; i++) {
        scene->urls[i] = next;
        next += play_url(&site->listeners[i], library, host, next, URL_BYTES);
        *next++ = '\0';
    }
    scene->view.urls = scene->urls;
    scene->view.url_count = site->listener_count;
    scene->view.takes_name = library_name(library).length == 0;
    scene->view.takes_token = library_demands_tokens(library);
    return (size_t)(next - scene->texts);
}

static void add_operands(struct scene *scene, const struct library *library,
                         size_t used)
{
    const size_t count = library_holdings(library);
    char *next = scene->texts + used;

    for (size_t i = 0; i < count; i++) {
        const struct library_holding holding = library_holding(library, i);

        memcpy(next, holding.text.data, holding.text.length);
        next[holding.text.length] = '\0';
        scene->operands[i] = next;
        next += holding.text.length + 1;
    }
    scene->view.operands = scene->operands;
    scene->view.operand_count = count;
}

static size_t text_bytes(const struct site *site)
{
    const struct library *library = site->context->library;
    size_t bytes = site->listener_count * URL_BYTES;

    for (size_t i = 0; i < library_holdings(library); i++)
        bytes += library_holding(library, i).text.length + 1;
    return bytes;
}

/* NULL when memory is short. */
static struct scene *make_scene(struct site *site,
                                const struct http_request *request,
                                size_t most_rows)
{
    const struct library *library = site->context->library;
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return NULL;
    scene->rows = calloc(most_rows, sizeof(scene->rows[0]));
    scene->texts = malloc(text_bytes(site) + 1);
    scene->operands =
        calloc(library_holdings(library) + 1, sizeof(scene->operands[0]));
    if (scene->rows == NULL || scene->texts == NULL ||
        scene->operands == NULL) {
        free_scene(scene);
        return NULL;
    }
    report_totals(site->context, &scene->view.totals);
    scene->view.unix_ms = clock_unix_ms();
    add_rows(scene, site, most_rows);
    add_samples(scene, site);
    add_operands(scene, library, add_urls(scene, site, request));
    return scene;
}

/* --- answers ---------------------------------------------------------------
 */

static void say(struct http_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->type = TEXT_TYPE;
    answer->body = text;
    answer->length = strlen(text);
}

static void give_asset(struct http_answer *answer, const char *type,
                       const char *asset)
{
    say(answer, OK, asset);
    answer->type = type;
}

/* Takes `body` over; NULL says that memory was short. */
static void give(struct http_answer *answer, const char *type, char *body)
{
    if (body == NULL)
        return;
    say(answer, OK, body);
    answer->type = type;
    answer->is_allocated = true;
}

/* What was written, if all of it was; NULL when memory was short. */
static char *finish(FILE *out, char **text)
{
    const bool failed = ferror(out) != 0;

    if (fclose(out) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

static void answer_metrics(struct site *site,
                           const struct http_request *request,
                           struct http_answer *answer)
{
    struct report_totals totals;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)request;
    if (out == NULL)
        return;
    report_totals(site->context, &totals);
    metrics_write(out, &totals);
    give(answer, METRICS_TYPE, finish(out, &text));
}

static void answer_json(struct site *site, const struct http_request *request,
                        struct http_answer *answer)
{
    struct scene *scene = make_scene(site, request, SITE_MAX_ROWS);

    if (scene != NULL)
        give(answer, JSON_TYPE, json_make(&scene->view));
    free_scene(scene);
}

static void answer_page(struct site *site, const struct http_request *request,
                        struct http_answer *answer)
{
    struct scene *scene = make_scene(site, request, PAGE_MAX_ROWS);
    char *text = NULL;
    size_t size;
    FILE *out = scene != NULL ? open_memstream(&text, &size) : NULL;

    if (out != NULL) {
        page_write(out, &scene->view);
        give(answer, PAGE_TYPE, finish(out, &text));
    }
    free_scene(scene);
}

static void answer_health(struct site *site, const struct http_request *request,
                          struct http_answer *answer)
{
    (void)request;
    if (atomic_load(&site->context->closing))
        say(answer, UNAVAILABLE, "stopping\n");
    else
        say(answer, OK, "ok\n");
}

static void answer_style(struct site *site, const struct http_request *request,
                         struct http_answer *answer)
{
    (void)site;
    (void)request;
    give_asset(answer, "text/css; charset=utf-8", asset_style);
}

static void answer_script(struct site *site, const struct http_request *request,
                          struct http_answer *answer)
{
    (void)site;
    (void)request;
    give_asset(answer, "text/javascript; charset=utf-8", asset_script);
}

static void answer_icon(struct site *site, const struct http_request *request,
                        struct http_answer *answer)
{
    (void)site;
    (void)request;
    give_asset(answer, "image/svg+xml", asset_icon);
}

static const struct {
    const char *path;
    void (*answer)(struct site *site, const struct http_request *request,
                   struct http_answer *answer);
} paths[] = {
    {"/", answer_page},
    {"/healthz", answer_health},
    {"/icon.svg", answer_icon},
    {"/metrics", answer_metrics},
    {"/page.css", answer_style},
    {"/page.js", answer_script},
    {"/status.json", answer_json},
};

static bool is_meant_for_us(const struct http_request *request)
{
    char host[HOST_BYTES];

    /* Every browser sends the header. */
    return !request->is_loopback || request->host == NULL ||
           (host_of_header(request->host, host) && host_is_loopback(host));
}

void site_respond(void *context, const struct http_request *request,
                  struct http_answer *answer)
{
    if (!is_meant_for_us(request)) {
        say(answer, MISDIRECTED,
            "from this machine itself, only http://localhost and "
            "http://127.0.0.1 are answered\n");
        return;
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(request->path, paths[i].path) == 0) {
            paths[i].answer(context, request, answer);
            return;
        }
    }
    say(answer, NOT_FOUND,
        "there are /, /status.json, /metrics and /healthz\n");
}
