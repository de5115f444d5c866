/* status/json: what doc/STATUS.md promises, read back with jansson. */
#include "status/json.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample_view.h"

static json_t *make(const struct view *view)
{
    char *text = json_make(view);
    json_error_t error;
    json_t *root;

    ck_assert_ptr_nonnull(text);
    root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%s: %s", error.text, text);
    free(text);
    return root;
}

/* The member at a path such as "sessions.ended.peer_closed". */
static json_t *at(json_t *value, const char *path)
{
    while (*path != '\0') {
        char name[64];
        size_t length = strcspn(path, ".");

        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(name))
                                     : json_object_get(value, name);
        ck_assert_msg(value != NULL, "no member %s", path);
        path += length + (path[length] == '.');
    }
    return value;
}

static void expect_integer(json_t *root, const char *path, json_int_t wanted)
{
    json_t *value = at(root, path);

    ck_assert_msg(json_is_integer(value), "%s", path);
    ck_assert_int_eq(json_integer_value(value), wanted);
}

static void expect_number(json_t *root, const char *path, double wanted)
{
    double value = json_number_value(at(root, path));

    ck_assert_msg(fabs(value - wanted) < 1e-6, "%s: %f", path, value);
}

static void expect_text(json_t *root, const char *path, const char *wanted)
{
    json_t *value = at(root, path);

    ck_assert_msg(json_is_string(value), "%s", path);
    ck_assert_str_eq(json_string_value(value), wanted);
}

START_TEST(totals)
{
    struct view *view = sample_view(0, 0);
    json_t *root = make(view);

    expect_integer(root, "format", 1);
    expect_number(root, "time", 1795390003.25);
    expect_text(root, "server.name", "flvd");
    expect_text(root, "server.version", report_version);
    expect_text(root, "server.state", "serving");
    expect_integer(root, "server.started", 1795382618);
    expect_number(root, "server.uptime_s", 7384.5);
    ck_assert(json_is_boolean(at(root, "server.built_with.openssl")));
    ck_assert(json_is_boolean(at(root, "server.built_with.seccomp")));
    expect_text(root, "urls.1", "rtmps://192.0.2.1:1936/vod/");
    expect_text(root, "served.1", "<b>&\"movie");
    expect_integer(root, "sessions.limit", 10000);
    expect_integer(root, "sessions.connecting", 21);
    expect_integer(root, "sessions.idle", 22);
    expect_integer(root, "sessions.playing", 23);
    expect_integer(root, "sessions.paused", 24);
    expect_integer(root, "sessions.started", 57);
    expect_integer(root, "sessions.ended.peer_closed", 201);
    expect_integer(root, "sessions.ended.io_error", 217);
    ck_assert_ptr_null(json_object_get(at(root, "sessions.ended"), "goes_on"));
    expect_integer(root, "sessions.refused.full", 300);
    expect_integer(root, "sessions.accept_failures", 8);
    expect_integer(root, "sent.bytes", 987654321);
    expect_integer(root, "sent.tags", 55555);
    expect_integer(root, "sent.batches", 105);
    expect_integer(root, "sent.late_batches", 77);
    expect_number(root, "sent.lateness_s", 1.5);
    expect_integer(root, "movies", 6);
    expect_integer(root, "index_bytes", 8192);
    expect_integer(root, "connections", 0);
    ck_assert_uint_eq(json_array_size(at(root, "viewers")), 0);
    json_decref(root);
    view->totals.is_draining = true;
    root = make(view);
    expect_text(root, "server.state", "stopping");
    json_decref(root);
}
END_TEST

START_TEST(viewers)
{
    struct view *view = sample_view(2, 5);
    json_t *root;

    sample_view_rows()[1].buffer_ms = -1;
    sample_view_rows()[1].ahead_ms = -1250;
    sample_view_rows()[1].skips = 2;
    root = make(view);
    expect_integer(root, "connections", 5);
    ck_assert_uint_eq(json_array_size(at(root, "viewers")), 2);
    expect_integer(root, "viewers.0.id", 1);
    expect_text(root, "viewers.0.address", "192.0.2.7:50001");
    ck_assert(json_is_false(at(root, "viewers.0.tls")));
    ck_assert(json_is_true(at(root, "viewers.1.tls")));
    expect_text(root, "viewers.0.state", "playing");
    expect_text(root, "viewers.0.app", "vod");
    expect_text(root, "viewers.0.name", "movie");
    expect_number(root, "viewers.0.connected_s", 125);
    expect_integer(root, "viewers.0.sent_bytes", 12345678);
    expect_integer(root, "viewers.0.sent_tags", 4321);
    expect_integer(root, "viewers.1.skips", 2);
    expect_number(root, "viewers.0.position_s", 3725.5);
    expect_integer(root, "viewers.0.round", 3);
    expect_number(root, "viewers.0.ahead_s", 2.5);
    expect_number(root, "viewers.1.ahead_s", -1.25);
    expect_number(root, "viewers.0.buffer_s", 3);
    ck_assert(json_is_null(at(root, "viewers.1.buffer_s")));
    json_decref(root);
}
END_TEST

START_TEST(history)
{
    json_t *root = make(sample_view(0, 0));

    expect_integer(root, "history.interval_s", 2);
    ck_assert_uint_eq(json_array_size(at(root, "history.samples")), 2);
    expect_number(root, "history.samples.0.time", 1795390000.5);
    expect_integer(root, "history.samples.1.viewers", 2);
    expect_number(root, "history.samples.1.bits_per_s", 48200000);
    expect_number(root, "history.samples.1.lateness_p99_s", 0.0042);
    ck_assert(json_is_null(at(root, "history.samples.0.lateness_p99_s")));
    json_decref(root);
}
END_TEST

/* Whatever bytes a peer sends, it is JSON, and says what they are. */
START_TEST(any_bytes)
{
    struct view *view = sample_view(1, 1);
    json_t *root;
    char bytes[256];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    sample_view_set_text(&sample_view_rows()[0].app, bytes, sizeof(bytes));
    sample_view_set_text(&sample_view_rows()[0].name, "a\"\\\0</script>\xFF",
                         14);
    root = make(view);
    expect_text(root, "viewers.0.name",
                "a\"\\\xEF\xBF\xBD</script>\xEF\xBF\xBD");
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status_json");
    TCase *tests = tcase_create("status_json");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, totals);
    tcase_add_test(tests, viewers);
    tcase_add_test(tests, history);
    tcase_add_test(tests, any_bytes);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
