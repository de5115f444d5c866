/* The log: formatting and escaping; line_queue does the writing. */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/line_queue.h"

/* Set by log_hold before other threads exist, and by log_stop after they ended
 * or were given up. */
static _Atomic(struct line_queue *) queue;
static enum log_level wanted = LOG_LEVEL_INFO;

bool log_hold(int fd, enum log_level level)
{
    struct line_queue *made = line_queue_new(fd);

    /* gmtime_r reads the file of the time zone, the first time. */
    tzset();
    wanted = level;
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

static size_t format_prefix(char *line, size_t size, enum log_level level)
{
    static const char *const names[] = {"info", "error", "warning", "info",
                                        "debug"};
    struct timespec now;
    struct tm utc;
    int length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    length =
        snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ flvd %s: ",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                 utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000, names[level]);
    return length < 0 || (size_t)length >= size ? 0 : (size_t)length;
}

static void log_line(enum log_level level, const char *format,
                     va_list arguments) __attribute__((format(printf, 2, 0)));

static void log_line(enum log_level level, const char *format,
                     va_list arguments)
{
    int saved_errno = errno;
    struct line_queue *to = atomic_load(&queue);
    char line[LINE_QUEUE_MAX_LINE];
    size_t length;
    int n;

    if (!log_wants(level) || to == NULL)
        return;
    length = format_prefix(line, sizeof(line), level);
    errno = saved_errno;
    n = vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    if (n > 0)
        length += (size_t)n < sizeof(line) - length - 1
                      ? (size_t)n
                      : sizeof(line) - length - 2;
    line[length++] = '\n';
    line_queue_put(to, line, length);
    errno = saved_errno;
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_LEVEL_ERROR, format, arguments);
    va_end(arguments);
}

void log_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_LEVEL_WARN, format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_LEVEL_INFO, format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_LEVEL_DEBUG, format, arguments);
    va_end(arguments);
}

void log_answer(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_LEVEL_ANSWER, format, arguments);
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
