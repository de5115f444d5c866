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

/* A line of text, its newline included, is cut to this, and so is the message
 * of one of JSON. */
#define LOG_LINE_BYTES 1024

/* From log_hold on, which comes after it, a line is a JSON object (log_json.h)
 * rather than text. */
void log_use_json(void);
bool log_is_json(void);

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

/* A figure or a text of an event. */
struct log_field {
    const char *name;
    enum log_field_kind {
        LOG_FIELD_TEXT,    /* `length` bytes, whatever they are, cut to
                              LOG_FIELD_BYTES */
        LOG_FIELD_NUMBER,  /* whole */
        LOG_FIELD_SECONDS, /* nanoseconds, to be told as seconds */
        LOG_FIELD_TRUTH
    } kind;
    const char *text;
    size_t length;
    int64_t number;
};
#define LOG_FIELD_BYTES 256 /* three may be so long, others are words */

/* Adds one line, with members of their own for the fields where it is JSON; as
 * text it is the same without. */
void log_event(enum log_level level, const struct log_field *fields,
               size_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What the calling thread logs is of this peer from now on, which JSON tells in
 * members of their own; NULL: of none. `peer` stays the caller's. */
struct log_peer {
    uint64_t id;
    const char *address;
};
void log_set_peer(const struct log_peer *peer);

/* Fields: a word of flvd's own, other text, a number, a length of time. */
struct log_field log_word(const char *name, const char *word);
struct log_field log_text(const char *name, const char *text, size_t length);
struct log_field log_number(const char *name, int64_t number);
struct log_field log_seconds(const char *name, int64_t time_ns);
struct log_field log_truth(const char *name, bool truth);

/* A line that was asked for, shown as one of level info. */
void log_answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes `length` bytes of `text` printable: control characters, quotes,
 * backslashes and bytes beyond ASCII become \xNN, the value of every `token=`,
 * in whatever case and also as `token%3D`, becomes `***`, and what exceeds
 * `out` is cut and ends in "...". Always NUL-terminated; returns `out`. */
const char *log_escape(char out[static LOG_ESCAPED_BYTES], const char *text,
                       size_t length);

#endif
