/* base/log_json: each line of the log is one JSON object, whatever is in it. */
#include "config.h"

#include "base/log_json.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/line_queue.h"

#define LITERAL(s) (s), sizeof(s) - 1

static json_t *parse(const char *line, size_t length)
{
    json_error_t error;
    json_t *object;

    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, LINE_QUEUE_MAX_LINE);
    ck_assert_ptr_eq(memchr(line, '\n', length), line + length - 1);
    for (size_t i = 0; i + 1 < length; i++)
        ck_assert_msg(line[i] >= 32, "byte %d of %.*s", line[i], (int)length,
                      line);
    object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                        &error);
    ck_assert_msg(object != NULL, "%s: %.*s", error.text, (int)length, line);
    ck_assert(json_is_object(object));
    return object;
}

static json_t *make(const struct log_entry *entry)
{
    size_t length;
    char *line = log_json_make(entry, &length);
    json_t *object;

    ck_assert_ptr_nonnull(line);
    object = parse(line, length);
    free(line);
    return object;
}

static void expect_text(const json_t *object, const char *key,
                        const char *expected, size_t length)
{
    const json_t *value = json_object_get(object, key);

    ck_assert_msg(json_is_string(value), "no text '%s'", key);
    ck_assert_uint_eq(json_string_length(value), length);
    ck_assert_mem_eq(json_string_value(value), expected, length);
}

START_TEST(each_kind_of_field)
{
    const struct log_peer peer = {7, "192.0.2.1:1"};
    const struct log_field fields[] = {
        log_word("event", "ended"),
        log_text("name", LITERAL("a\0\"\\\n\x7F\xFF/\xC3\x9C\xF0\x9F\x8E\xAC")),
        log_number("bytes", INT64_MAX),
        log_number("below", INT64_MIN),
        log_seconds("seconds", INT64_C(12345999999)),
        log_seconds("long", INT64_C(31536000) * CLOCK_NS_PER_S + 1000000),
        log_truth("yes", true),
        log_truth("no", false)};
    const struct log_entry entry = {
        "2026-01-02T03:04:05.678Z", "info", "it \"ended\"", &peer, fields, 8};
    json_t *object = make(&entry);

    expect_text(object, "time", LITERAL("2026-01-02T03:04:05.678Z"));
    expect_text(object, "level", LITERAL("info"));
    expect_text(object, "message", LITERAL("it \"ended\""));
    ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), 7);
    expect_text(object, "peer", LITERAL("192.0.2.1:1"));
    expect_text(object, "event", LITERAL("ended"));
    expect_text(object, "name",
                LITERAL("a\0\"\\\n\x7F\xEF\xBF\xBD/\xC3\x9C\xF0\x9F\x8E\xAC"));
    ck_assert_int_eq(json_integer_value(json_object_get(object, "bytes")),
                     INT64_MAX);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "below")),
                     INT64_MIN);
    ck_assert_double_eq(json_real_value(json_object_get(object, "seconds")),
                        12.346);
    ck_assert_double_eq(json_real_value(json_object_get(object, "long")),
                        31536000.001);
    ck_assert(json_is_true(json_object_get(object, "yes")));
    ck_assert(json_is_false(json_object_get(object, "no")));
    ck_assert_uint_eq(json_object_size(object), 13);
    json_decref(object);
}
END_TEST

/* Nothing that a peer says makes a line so long that it would be cut. */
START_TEST(the_longest_line)
{
    static const char bytes[] = {0x01, (char)0xFF, '"'};
    char message[LOG_LINE_BYTES], text[1000];
    const struct log_peer peer = {UINT64_MAX / 2, message};
    struct log_field fields[3];
    const struct log_entry entry = {
        "2026-01-02T03:04:05.678Z", "warning", message, &peer, fields, 3};

    for (size_t i = 0; i < sizeof(bytes); i++) {
        json_t *object;

        memset(message, bytes[i], sizeof(message) - 1);
        message[sizeof(message) - 1] = '\0';
        memset(text, bytes[i], sizeof(text));
        fields[0] = log_text("app", text, sizeof(text));
        fields[1] = log_text("name", text, sizeof(text));
        fields[2] = log_number("bytes", INT64_MIN);
        object = make(&entry);
        ck_assert_uint_ge(json_string_length(json_object_get(object, "name")),
                          LOG_FIELD_BYTES);
        ck_assert_uint_ge(
            json_string_length(json_object_get(object, "message")),
            LOG_LINE_BYTES - 1);
        json_decref(object);
    }
}
END_TEST

/* --- the log ------------------------------------------------------------ */

static char text[1 << 20];

/* The next line of what the log wrote. */
static json_t *next_line(char **at)
{
    char *end = strchr(*at, '\n');
    json_t *object;

    ck_assert_ptr_nonnull(end);
    object = parse(*at, (size_t)(end - *at) + 1);
    *at = end + 1;
    return object;
}

static void read_all(int fd)
{
    const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    close(fd);
}

static void *log_of_nobody(void *argument)
{
    log_info("of nobody");
    return argument;
}

START_TEST(lines_of_the_log)
{
    static const struct {
        const char *level;
        const char *message;
        bool has_peer;
    } lines[] = {{"error", "e 1", false},      {"warning", "\"w\"", true},
                 {"info", "of nobody", false}, {"info", "ended", true},
                 {"info", "asked", false},     {"debug", "d", false}};
    const struct log_field field = log_word("event", "ended");
    const struct log_peer peer = {3, "192.0.2.1:1"};
    const int fd = memfd_create("log", 0);
    char *at = text;
    pthread_t thread;

    log_use_json();
    ck_assert(log_start(fd, LOG_LEVEL_DEBUG));
    log_error("e %d", 1);
    log_set_peer(&peer);
    log_warn("\"w\"");
    ck_assert_int_eq(pthread_create(&thread, NULL, log_of_nobody, NULL), 0);
    pthread_join(thread, NULL);
    log_event(LOG_LEVEL_INFO, &field, 1, "%s", "ended");
    log_set_peer(NULL);
    log_answer("asked");
    log_debug("d");
    log_stop();
    read_all(fd);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_t *object = next_line(&at);

        expect_text(object, "level", lines[i].level, strlen(lines[i].level));
        expect_text(object, "message", lines[i].message,
                    strlen(lines[i].message));
        ck_assert_uint_eq(json_string_length(json_object_get(object, "time")),
                          strlen("2026-01-02T03:04:05.678Z"));
        ck_assert((json_object_get(object, "id") != NULL) == lines[i].has_peer);
        ck_assert((json_object_get(object, "peer") != NULL) ==
                  lines[i].has_peer);
        ck_assert((json_object_get(object, "event") != NULL) ==
                  (strcmp(lines[i].message, "ended") == 0));
        json_decref(object);
    }
    ck_assert_str_eq(at, "");
}
END_TEST

/* How many lines were dropped is told by an object as well. */
START_TEST(a_stalled_reader)
{
    unsigned next = 0, notices = 0;
    int ends[2];
    FILE *from;

    ck_assert_int_eq(pipe(ends), 0);
    log_use_json();
    ck_assert(log_start(ends[1], LOG_LEVEL_INFO));
    for (int i = 0; i < 5000; i++)
        log_info("line %d", i);
    from = fdopen(ends[0], "r");
    while (next < 5000) {
        json_t *object;
        const json_t *dropped;

        ck_assert_ptr_nonnull(fgets(text, sizeof(text), from));
        object = parse(text, strlen(text));
        dropped = json_object_get(object, "dropped");
        if (dropped != NULL) {
            expect_text(object, "level", LITERAL("warning"));
            next += (unsigned)json_integer_value(dropped);
            notices++;
        } else {
            char expected[32];

            snprintf(expected, sizeof(expected), "line %u", next++);
            expect_text(object, "message", expected, strlen(expected));
        }
        json_decref(object);
    }
    ck_assert_uint_eq(next, 5000);
    ck_assert_uint_gt(notices, 0);
    log_stop();
    fclose(from);
    close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("log_json");
    TCase *const tests = tcase_create("log_json");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, each_kind_of_field);
    tcase_add_test(tests, the_longest_line);
    tcase_add_test(tests, lines_of_the_log);
    tcase_add_test(tests, a_stalled_reader);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
