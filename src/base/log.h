/* The log on standard error: one line an event, one write a line. Whoever
 * logs never waits for the reader (line_queue.h). */
#ifndef FLVD_BASE_LOG_H
#define FLVD_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ANSWER, /* what somebody asked for: never left out */
    LOG_LEVEL_ERROR,  /* flvd could not do something that it should */
    LOG_LEVEL_WARN,   /* somebody else's fault that an owner wants to know */
    LOG_LEVEL_INFO,   /* sessions, start, stop */
    LOG_LEVEL_DEBUG   /* commands and decisions */
};

/* Text of a peer or a file, made safe for a log line, and at most this. */
#define LOG_ESCAPED_BYTES 200

/* Makes the log on `fd`, which stays the caller's; lines above `level` are left
 * out, and so are all lines before this and after log_stop. They are held until
 * log_let_out, or until log_stop throws them away: a start that fails shall say
 * one line, its own. No thread is made as yet. False when memory is short. Call
 * once, before other threads exist. */
bool log_hold(int fd, enum log_level level);

/* Lets the lines out, by a thread; false, with errno, when none could be made.
 */
bool log_let_out(void);

/* Both at once. */
bool log_start(int fd, enum log_level level);

/* Writes what is queued, waiting until `deadline_ns` for a reader that has
 * stalled. Others may still log meanwhile. False when it was not all
 * written. */
bool log_flush(int64_t deadline_ns);

/* The same, waiting a second at the most, and ends the log: nobody may log any
 * more. */
void log_stop(void);

/* Whether lines of this level are wanted, for those that are dear to make. */
bool log_wants(enum log_level level);

/* Adds one line: time, level and the text, which is cut if need be. Text that
 * comes from a peer or a file must have gone through log_escape. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies `length` bytes of `text`, at most `size`, but for the value of every
 * `token=`, in whatever case and also as `token%3D`, which becomes `***`. How
 * long that is; there is no NUL at the end. log_escape makes the same of it as
 * of the text, given room for all that it could show: LOG_MASKED_BYTES. */
#define LOG_MASKED_BYTES (LOG_ESCAPED_BYTES + 16)
size_t log_mask(char *out, size_t size, const char *text, size_t length);

/* A line that was asked for, shown as one of level info. */
void log_answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes `length` bytes of `text` printable: control characters, quotes,
 * backslashes and bytes beyond ASCII become \xNN, the value of every `token=`,
 * in whatever case and also as `token%3D`, becomes `***`, and what exceeds
 * `out` is cut and ends in "...". Always NUL-terminated; returns `out`. */
const char *log_escape(char out[static LOG_ESCAPED_BYTES], const char *text,
                       size_t length);

#endif
