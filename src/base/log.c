/* The log: formatting and escaping; line_queue does the writing. */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/line_queue.h"
#include "base/log_json.h"

/* Set by log_hold before other threads exist, and by log_stop after they ended
 * or were given up. */
static _Atomic(struct line_queue *) queue;
static enum log_level wanted = LOG_LEVEL_INFO;
static bool is_json;

static _Thread_local const struct log_peer *peer_of_thread;

void log_use_json(void)
{
    log_json_prepare();
    is_json = true;
}

bool log_is_json(void)
{
    return is_json;
}

void log_set_peer(const struct log_peer *peer)
{
    peer_of_thread = peer;
}

#define TIME_BYTES 64 /* and more */

/* RFC 3339, in UTC. */
static const char *format_time(char text[static TIME_BYTES])
{
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    snprintf(text, TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
             utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
             utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
    return text;
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"info", "error", "warning", "info",
                                        "debug"};

    return names[level];
}

/* As a line of its own between those of the log. */
static size_t say_dropped(char line[static LINE_QUEUE_NOTICE_BYTES],
                          uint64_t count)
{
    char message[128], time[TIME_BYTES];
    const struct log_field field = log_number("dropped", (int64_t)count);
    const struct log_entry entry = {.time = format_time(time),
                                    .level = level_name(LOG_LEVEL_WARN),
                                    .message = message,
                                    .fields = &field,
                                    .count = 1};
    size_t length;
    char *made;

    snprintf(message, sizeof(message),
             "%" PRIu64 " lines were dropped here: they were not read in time",
             count);
    made = log_json_make(&entry, &length);
    if (made == NULL || length > LINE_QUEUE_NOTICE_BYTES)
        length = 0;
    else
        memcpy(line, made, length);
    free(made);
    return length;
}

bool log_hold(int fd, enum log_level level)
{
    struct line_queue *made = line_queue_new(fd);

    /* gmtime_r reads the file of the time zone, the first time. */
    tzset();
    wanted = level;
    if (made != NULL && is_json)
        line_queue_set_notice(made, say_dropped);
    atomic_store(&queue, made);
    return made != NULL;
}

bool log_let_out(void)
{
    return line_queue_let_out(atomic_load(&queue));
}

bool log_start(int fd, enum log_level level)
{
    if (!log_hold(fd, level))
        return false;
    if (log_let_out())
        return true;
    log_stop();
    return false;
}

bool log_flush(int64_t deadline_ns)
{
    struct line_queue *started = atomic_load(&queue);

    return started == NULL || line_queue_flush(started, deadline_ns);
}

void log_stop(void)
{
    struct line_queue *stopped = atomic_exchange(&queue, NULL);

    if (stopped != NULL)
        line_queue_stop(stopped, clock_now_ns() + CLOCK_NS_PER_S);
}

bool log_wants(enum log_level level)
{
    return level <= wanted;
}

/* An event, as it comes. */
struct event {
    enum log_level level;
    const struct log_field *fields;
    size_t count;
};

static void put_text(struct line_queue *to, enum log_level level,
                     const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void put_text(struct line_queue *to, enum log_level level,
                     const char *format, va_list arguments)
{
    const int saved_errno = errno;
    char line[LOG_LINE_BYTES], time[TIME_BYTES];
    size_t length =
        (size_t)snprintf(line, sizeof(line), "%s flvd %s: ", format_time(time),
                         level_name(level));
    int n;

    errno = saved_errno;
    n = vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    if (n > 0)
        length += (size_t)n < sizeof(line) - length - 1
                      ? (size_t)n
                      : sizeof(line) - length - 2;
    line[length++] = '\n';
    line_queue_put(to, line, length);
}

static void put_json(struct line_queue *to, const struct event *event,
                     const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void put_json(struct line_queue *to, const struct event *event,
                     const char *format, va_list arguments)
{
    char message[LOG_LINE_BYTES], time[TIME_BYTES];
    const struct log_entry entry = {.time = time,
                                    .level = level_name(event->level),
                                    .message = message,
                                    .peer = peer_of_thread,
                                    .fields = event->fields,
                                    .count = event->count};
    size_t length;
    char *line;

    vsnprintf(message, sizeof(message), format, arguments);
    format_time(time);
    line = log_json_make(&entry, &length);
    if (line != NULL)
        line_queue_put(to, line, length);
    free(line);
}

static void log_line(const struct event *event, const char *format,
                     va_list arguments) __attribute__((format(printf, 2, 0)));

static void log_line(const struct event *event, const char *format,
                     va_list arguments)
{
    const int saved_errno = errno;
    struct line_queue *to = atomic_load(&queue);

    if (!log_wants(event->level) || to == NULL)
        return;
    if (is_json)
        put_json(to, event, format, arguments);
    else
        put_text(to, event->level, format, arguments);
    errno = saved_errno;
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){LOG_LEVEL_ERROR, NULL, 0}, format, arguments);
    va_end(arguments);
}

void log_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){LOG_LEVEL_WARN, NULL, 0}, format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){LOG_LEVEL_INFO, NULL, 0}, format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){LOG_LEVEL_DEBUG, NULL, 0}, format, arguments);
    va_end(arguments);
}

void log_answer(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){LOG_LEVEL_ANSWER, NULL, 0}, format, arguments);
    va_end(arguments);
}

struct log_field log_text(const char *name, const char *text, size_t length)
{
    return (struct log_field){
        .name = name, .kind = LOG_FIELD_TEXT, .text = text, .length = length};
}

struct log_field log_word(const char *name, const char *word)
{
    return log_text(name, word, strlen(word));
}

struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){
        .name = name, .kind = LOG_FIELD_NUMBER, .number = number};
}

struct log_field log_seconds(const char *name, int64_t time_ns)
{
    return (struct log_field){
        .name = name, .kind = LOG_FIELD_SECONDS, .number = time_ns};
}

struct log_field log_truth(const char *name, bool truth)
{
    return (struct log_field){
        .name = name, .kind = LOG_FIELD_TRUTH, .number = truth};
}

void log_event(enum log_level level, const struct log_field *fields,
               size_t count, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(&(struct event){level, fields, count}, format, arguments);
    va_end(arguments);
}

/* The length of a `token=` that the text begins with; 0 when there is none. In
 * a URL that was encoded as a whole, or spelled in another case, it opens
 * nothing here, but its value still does where it is put right. */
static size_t token_key_length(const char *text, size_t length)
{
    static const char *const keys[] = {"token=", "token%3D"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const size_t n = strlen(keys[i]);

        if (length >= n && strncasecmp(text, keys[i], n) == 0)
            return n;
    }
    return 0;
}

static size_t token_value_length(const char *text, size_t length)
{
    size_t n = 0;

    while (n < length && text[n] != '&' && text[n] != '\0' && text[n] != ' ')
        n++;
    return n;
}

#define MASKED "token=***"
#define MASKED_LENGTH (sizeof(MASKED) - 1)

size_t log_mask(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    size_t i = 0;

    while (i < length && used < size) {
        const size_t key = token_key_length(text + i, length - i);
        size_t n;

        if (key == 0) {
            out[used++] = text[i++];
            continue;
        }
        n = MASKED_LENGTH < size - used ? MASKED_LENGTH : size - used;
        memcpy(out + used, MASKED, n);
        used += n;
        i += key;
        i += token_value_length(text + i, length - i);
    }
    return used;
}

const char *log_escape(char out[static LOG_ESCAPED_BYTES], const char *text,
                       size_t length)
{
    static const char hex[] = "0123456789abcdef";
    const size_t room = LOG_ESCAPED_BYTES - sizeof("...");
    size_t used = 0;
    size_t i = 0;

    while (i < length) {
        unsigned char c = (unsigned char)text[i];
        const size_t key = token_key_length(text + i, length - i);

        if (key > 0) {
            if (used + MASKED_LENGTH > room)
                break;
            memcpy(out + used, MASKED, MASKED_LENGTH);
            used += MASKED_LENGTH;
            i += key;
            i += token_value_length(text + i, length - i);
        } else if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') {
            if (used + 4 > room)
                break;
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
            i++;
        } else {
            if (used + 1 > room)
                break;
            out[used++] = (char)c;
            i++;
        }
    }
    memcpy(out + used, i < length ? "..." : "", i < length ? 4 : 1);
    return out;
}
