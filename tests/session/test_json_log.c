/* The log as JSON: what peers say cannot break it, nor a worker's stack. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static char text[1 << 20];

static void set_name(struct flv_bytes *body, const char *name, size_t length)
{
    /* "play", transaction 0, null, the name */
    const unsigned char head[] = {2,
                                  0,
                                  4,
                                  'p',
                                  'l',
                                  'a',
                                  'y',
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  5,
                                  2,
                                  (unsigned char)(length >> 8),
                                  (unsigned char)length};

    flv_bytes_add(body, head, sizeof(head));
    flv_bytes_add(body, name, length);
}

static void ask_for(struct peer *peer, const char *name, size_t length)
{
    struct flv_bytes body = {0};

    set_name(&body, name, length);
    send_message(peer, 20, 3, 1, body.data, body.length);
    flv_bytes_free(&body);
}

/* The last line that has the member "event". */
static json_t *find_end(void)
{
    json_t *found = NULL;
    size_t lines = 0;

    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL;
         at = end + 1) {
        json_error_t error;
        json_t *object =
            json_loadb(at, (size_t)(end - at),
                       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        const char *event;

        ck_assert_msg(object != NULL, "%s: %.*s", error.text, (int)(end - at),
                      at);
        event = json_string_value(json_object_get(object, "event"));
        lines++;
        if (event != NULL && strcmp(event, "ended") == 0) {
            ck_assert_ptr_null(found);
            found = object;
        } else {
            json_decref(object);
        }
    }
    ck_assert_uint_gt(lines, 5);
    ck_assert_ptr_nonnull(found);
    return found;
}

static const struct {
    const char *name;
    size_t length;
    const char *shown; /* in JSON */
    size_t shown_length;
} names[] = {
    {LITERAL("movie"), LITERAL("movie")},
    {LITERAL("\"},{\"level\":\"error\"\n{}"),
     LITERAL("\"},{\"level\":\"error\"\n{}")},
    {LITERAL("a\0b\x1b[2J\xFF?token=secret&x=\\"),
     LITERAL("a\0b\x1b[2J\xEF\xBF\xBD?token=***&x=\\")},
    {LITERAL("\xF0\x9F\x8E\xAC \xC3\x9C"),
     LITERAL("\xF0\x9F\x8E\xAC \xC3\x9C")},
};

START_TEST(names_of_all_sorts)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct server server;
        int log_fd;
        json_t *end;
        ssize_t length;

        log_use_json();
        server_start(&server, small_file());
        log_fd = dup(server.log_fd);
        struct peer *peer = peer_open(&server);
        do_handshake(peer);
        do_connect(peer);
        do_create_stream(peer);
        ask_for(peer, names[i].name, names[i].length);
        expect_play_started(peer);
        peer_close(peer);
        server_stop(&server, "peer closed the connection");
        length = pread(log_fd, text, sizeof(text) - 1, 0);
        ck_assert_int_gt(length, 0);
        text[length] = '\0';
        close(log_fd);
        end = find_end();
        const json_t *name = json_object_get(end, "name");
        ck_assert_uint_eq(json_string_length(name), names[i].shown_length);
        ck_assert_mem_eq(json_string_value(name), names[i].shown,
                         names[i].shown_length);
        ck_assert_str_eq(json_string_value(json_object_get(end, "reason")),
                         "peer_closed");
        ck_assert_int_eq(json_integer_value(json_object_get(end, "id")), 1);
        ck_assert_int_gt(json_integer_value(json_object_get(end, "tags")), 0);
        json_decref(end);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names_of_all_sorts, NULL};

    return run_tests("json log", tests);
}
