/* A value that could not be made for want of memory is not set: what jansson is
 * given is NULL then, and it says so; all of it is given up. */
#include "config.h"

#include "status/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "status/escape.h"

/* Times since 1970 to the millisecond. */
#define DIGITS 13

#define MS_PER_S 1000.0

/* An object that is being made; good as long as every member was. */
struct object {
    json_t *value;
    bool good;
};

static struct object begin(void)
{
    struct object object = {json_object(), true};

    object.good = object.value != NULL;
    return object;
}

/* Takes `value` over. */
static void set(struct object *object, const char *name, json_t *value)
{
    if (json_object_set_new(object->value, name, value) != 0)
        object->good = false;
}

static void set_object(struct object *object, const char *name,
                       struct object member)
{
    object->good = object->good && member.good;
    set(object, name, member.value);
}

static void set_count(struct object *object, const char *name, uint64_t value)
{
    set(object, name, json_integer((json_int_t)value));
}

static void set_number(struct object *object, const char *name, double value)
{
    set(object, name, json_real(value));
}

static void set_flag(struct object *object, const char *name, bool value)
{
    set(object, name, json_boolean(value));
}

/* Bytes that may be anything, as a string. */
static json_t *text_value(const char *text, size_t length)
{
    char *clean = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&clean, &size);
    json_t *value = NULL;

    if (out == NULL)
        return NULL;
    escape_plain(out, text, length);
    if (fclose(out) == 0)
        value = json_stringn(clean, size);
    free(clean);
    return value;
}

static void set_seconds(struct object *object, const char *name,
                        int64_t time_ns)
{
    set_number(object, name, (double)(time_ns / CLOCK_NS_PER_MS) / MS_PER_S);
}

static void set_milliseconds(struct object *object, const char *name,
                             int64_t time_ms)
{
    set_number(object, name, (double)time_ms / MS_PER_S);
}

static void append(struct object *owner, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        owner->good = false;
}

static struct object make_server(const struct report_totals *totals)
{
    struct report_feature features[REPORT_FEATURES];
    struct object server = begin();
    struct object built_with = begin();

    report_features(features);
    for (size_t i = 0; i < REPORT_FEATURES; i++)
        set_flag(&built_with, features[i].name, features[i].is_built_in);
    set(&server, "name", json_string("flvd"));
    set(&server, "version", json_string(report_version));
    set_object(&server, "built_with", built_with);
    set(&server, "state",
        json_string(totals->is_draining ? "stopping" : "serving"));
    set_count(&server, "started", (uint64_t)totals->started_unix_s);
    set_seconds(&server, "uptime_s", totals->uptime_ns);
    return server;
}

static struct object make_ended(const struct tally_sum *sum)
{
    struct object ended = begin();

    for (size_t i = 0; i < SESSION_ENDS; i++)
        if (i != SESSION_GOES_ON)
            set_count(&ended, session_end_key((enum session_end)i),
                      sum->ended[i]);
    return ended;
}

static struct object make_refused(const struct tally_sum *sum)
{
    struct object refused = begin();

    for (size_t i = 0; i < TALLY_REFUSALS; i++)
        set_count(&refused, tally_refusal_key((enum tally_refusal)i),
                  sum->refused[i]);
    return refused;
}

static struct object make_sessions(const struct report_totals *totals)
{
    struct object sessions = begin();

    set_count(&sessions, "limit", totals->max_clients);
    for (size_t i = 0; i < TALLY_STATES; i++)
        set_count(&sessions, tally_state_key((enum tally_state)i),
                  totals->sum.states[i]);
    set_count(&sessions, "started", totals->sessions);
    set_object(&sessions, "ended", make_ended(&totals->sum));
    set_object(&sessions, "refused", make_refused(&totals->sum));
    set_count(&sessions, "accept_failures", totals->sum.accept_failures);
    return sessions;
}

static struct object make_sent(const struct tally_sum *sum)
{
    struct object sent = begin();

    set_count(&sent, "bytes", sum->bytes);
    set_count(&sent, "tags", sum->tags);
    set_count(&sent, "batches", sum->batches_count);
    set_count(&sent, "late_batches", sum->late_batches);
    set_seconds(&sent, "lateness_s", (int64_t)sum->late_ns);
    return sent;
}

static struct object make_viewer(const struct profile_row *row)
{
    struct object viewer = begin();

    set_count(&viewer, "id", row->id);
    set(&viewer, "address", json_string(row->address));
    set_flag(&viewer, "tls", row->is_tls);
    set(&viewer, "state", json_string(tally_state_key(row->state)));
    set(&viewer, "app", text_value(row->app.bytes, row->app.length));
    set(&viewer, "name", text_value(row->name.bytes, row->name.length));
    set_seconds(&viewer, "connected_s", row->age_ns);
    set_count(&viewer, "sent_bytes", row->bytes);
    set_count(&viewer, "sent_tags", row->tags);
    set_count(&viewer, "skips", row->skips);
    set_milliseconds(&viewer, "position_s", row->position_ms);
    set_count(&viewer, "round", (uint64_t)row->round);
    set_milliseconds(&viewer, "ahead_s", row->ahead_ms);
    if (row->buffer_ms >= 0)
        set_milliseconds(&viewer, "buffer_s", row->buffer_ms);
    else
        set(&viewer, "buffer_s", json_null());
    return viewer;
}

static void set_viewers(struct object *root, const struct view *view)
{
    json_t *array = json_array();

    for (size_t i = 0; i < view->row_count; i++) {
        struct object viewer = make_viewer(&view->rows[i]);

        root->good = root->good && viewer.good;
        append(root, array, viewer.value);
    }
    set_count(root, "connections", view->connection_count);
    set(root, "viewers", array);
}

static struct object make_sample(const struct history_sample *sample)
{
    struct object object = begin();

    set_milliseconds(&object, "time", sample->unix_ms);
    set_count(&object, "viewers", sample->viewers);
    set_number(&object, "bits_per_s", sample->bits_per_s);
    set(&object, "lateness_p99_s",
        sample->has_lateness ? json_real(sample->lateness_p99_s) : json_null());
    return object;
}

static struct object make_history(const struct view *view)
{
    struct object history = begin();
    json_t *array = json_array();

    for (size_t i = 0; i < view->sample_count; i++) {
        struct object sample = make_sample(&view->samples[i]);

        history.good = history.good && sample.good;
        append(&history, array, sample.value);
    }
    set_count(&history, "interval_s", HISTORY_INTERVAL_S);
    set(&history, "samples", array);
    return history;
}

static void set_texts(struct object *root, const char *name,
                      const char *const *texts, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        append(root, array, text_value(texts[i], strlen(texts[i])));
    set(root, name, array);
}

char *json_make(const struct view *view)
{
    struct object root;
    char *text = NULL;

    /* Against keys that peers choose, of which there are none: else it would
     * read /dev/urandom, which the sandbox hides. */
    json_object_seed(1);
    root = begin();

    set_count(&root, "format", JSON_FORMAT);
    set_milliseconds(&root, "time", view->unix_ms);
    set_object(&root, "server", make_server(&view->totals));
    set_texts(&root, "urls", view->urls, view->url_count);
    set_texts(&root, "served", view->operands, view->operand_count);
    set_object(&root, "sessions", make_sessions(&view->totals));
    set_object(&root, "sent", make_sent(&view->totals.sum));
    set_count(&root, "movies", view->totals.movies);
    set_count(&root, "index_bytes", view->totals.index_bytes);
    set_viewers(&root, view);
    set_object(&root, "history", make_history(view));
    if (root.good)
        text =
            json_dumps(root.value, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    json_decref(root.value);
    return text;
}
