/* With jansson, which escapes whatever needs it and writes the rest. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/line_queue.h"
#include "base/log_json.h"
#include "base/utf8.h"

/* Of a double: enough for nanoseconds of a month, and no digits of its error.
 */
#define DIGITS 15

#define FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DIGITS))

/* An escaped byte is "\u001f" at most. What is longer than these is cut by
 * whoever logs, so that an object always fits. */
#define MOST_TEXT_BYTES LOG_FIELD_BYTES
#define MOST_ESCAPED 6
_Static_assert(MOST_ESCAPED *(LOG_LINE_BYTES + 3 * MOST_TEXT_BYTES) + 1024 <
                   LINE_QUEUE_MAX_LINE,
               "a message, three long texts and the rest");

/* jansson takes no invalid UTF-8. */
static json_t *make_text(const char *text, size_t length)
{
    char repaired[MOST_TEXT_BYTES * UTF8_MAX_REPAIR];

    if (length > MOST_TEXT_BYTES)
        length = MOST_TEXT_BYTES;
    return json_stringn_nocheck(repaired, utf8_repair(repaired, text, length));
}

static json_t *make_message(const char *message)
{
    const size_t length = strlen(message);
    char *repaired = malloc(length * UTF8_MAX_REPAIR + 1);
    json_t *made;

    if (repaired == NULL)
        return NULL;
    made =
        json_stringn_nocheck(repaired, utf8_repair(repaired, message, length));
    free(repaired);
    return made;
}

/* As "%.3f" does, but for what lies just between two. */
static int64_t round_to_ms(int64_t time_ns)
{
    const int64_t half_ns = CLOCK_NS_PER_MS / 2;

    return (time_ns + (time_ns < 0 ? -half_ns : half_ns)) / CLOCK_NS_PER_MS;
}

static json_t *make_value(const struct log_field *field)
{
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        return make_text(field->text, field->length);
    case LOG_FIELD_NUMBER:
        return json_integer(field->number);
    case LOG_FIELD_SECONDS:
        return json_real((double)round_to_ms(field->number) / 1000.0);
    case LOG_FIELD_TRUTH:
        return json_boolean(field->number != 0);
    }
    return NULL;
}

/* Whether all are in it; those that are not are missing for want of memory. */
static bool fill(json_t *object, const struct log_entry *entry)
{
    bool good =
        json_object_set_new(object, "time", json_string(entry->time)) == 0 &&
        json_object_set_new(object, "level", json_string(entry->level)) == 0 &&
        json_object_set_new(object, "message", make_message(entry->message)) ==
            0;

    if (entry->peer != NULL)
        good =
            json_object_set_new(
                object, "id", json_integer((json_int_t)entry->peer->id)) == 0 &&
            json_object_set_new(object, "peer",
                                make_text(entry->peer->address,
                                          strlen(entry->peer->address))) == 0 &&
            good;
    for (size_t i = 0; i < entry->count; i++)
        good = json_object_set_new(object, entry->fields[i].name,
                                   make_value(&entry->fields[i])) == 0 &&
               good;
    return good;
}

char *log_json_make(const struct log_entry *entry, size_t *length)
{
    json_t *object = json_object();
    char *line = NULL;

    if (object != NULL && fill(object, entry))
        line = json_dumps(object, FLAGS);
    json_decref(object);
    if (line == NULL)
        return NULL;
    *length = strlen(line);
    line[(*length)++] = '\n'; /* instead of the NUL */
    return line;
}

void log_json_prepare(void)
{
    json_object_seed(0);
}

bool log_json_is_available(void)
{
    return true;
}
