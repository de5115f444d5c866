/* Names and queries: an application, a NUL, and a stream name, as a client
 * sends them. No name that they stand for leads anywhere but down, and what
 * is served by itself under a name can be asked for. */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "options.h"
#include "server/name.h"
#include "server/play_query.h"

#define MAX_INPUT_BYTES 4096

static void must_be_segment(const char *segment, size_t length)
{
    MUST(length > 0);
    MUST(!(length == 1 && segment[0] == '.'));
    MUST(!(length == 2 && segment[0] == '.' && segment[1] == '.'));
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)segment[i];

        MUST(c >= 0x20 && c != 0x7F && c != '\\');
    }
}

/* Returns whether it is of one segment. */
static bool must_be_name(const char name[static NAME_BYTES])
{
    const char *const end = memchr(name, '\0', NAME_BYTES);
    const char *start = name;

    MUST(end != NULL);
    for (;;) {
        const char *const slash = strchr(start, '/');

        if (slash == NULL)
            break;
        must_be_segment(start, (size_t)(slash - start));
        start = slash + 1;
    }
    must_be_segment(start, (size_t)(end - start));
    return start == name;
}

static void walk_through(struct amf0_string app, struct amf0_string name)
{
    struct name_walk walk;
    char given[NAME_BYTES];
    unsigned count = 0;

    name_walk_init(&walk, app, name);
    while (name_walk_next(&walk, given)) {
        if (must_be_name(given))
            MUST(name_can_be_asked_for(
                (struct amf0_string){given, strlen(given)}));
        count++;
    }
    MUST(count <= NAME_MAX_FORMS);
    MUST(!name_walk_next(&walk, given));
}

/* A client that encodes each byte, and adds the extension, must get it. */
static void must_be_reachable(struct amf0_string name)
{
    static const char digits[] = "0123456789abcdef";
    char encoded[3 * NAME_BYTES + 4], given[NAME_BYTES];
    struct amf0_string asked = {encoded, 0};
    struct name_walk walk;
    bool found = false;

    MUST(name.length < NAME_BYTES);
    for (size_t i = 0; i < name.length; i++) {
        encoded[asked.length++] = '%';
        encoded[asked.length++] = digits[(unsigned char)name.data[i] >> 4];
        encoded[asked.length++] = digits[(unsigned char)name.data[i] & 15];
    }
    memcpy(encoded + asked.length, ".flv", 4);
    asked.length += 4;
    name_walk_init(&walk, (struct amf0_string){"vod", 3}, asked);
    while (!found && name_walk_next(&walk, given))
        found = strlen(given) == name.length &&
                memcmp(given, name.data, name.length) == 0;
    MUST(found);
}

static void ask_for_file(const uint8_t *data, size_t size)
{
    char path[MAX_INPUT_BYTES + 1];
    struct amf0_string name;

    memcpy(path, data, size);
    path[size] = '\0';
    name = name_of_file(path);
    MUST(memchr(name.data, '/', name.length) == NULL);
    /* With application and extension it is not to be too long. */
    if (name.length + sizeof("vod/.flv") <= NAME_BYTES &&
        name_can_be_asked_for(name))
        must_be_reachable(name);
}

static void read_query(struct amf0_string text)
{
    const int64_t most_ms = INT64_C(1000) * PLAY_QUERY_MAX_SECONDS + 999;
    struct play_query query;

    play_query_init(&query);
    (void)play_query_read(&query, text);
    MUST(query.start_ms >= -1 && query.start_ms <= most_ms);
    MUST(query.duration_ms >= -1 && query.duration_ms <= most_ms);
    MUST(query.rounds >= -1 && query.rounds <= OPTIONS_MAX_LOOP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct amf0_string app = {(const char *)data, size};
    struct amf0_string name = {"", 0};
    const uint8_t *separator;

    if (size == 0 || size > MAX_INPUT_BYTES)
        return 0;
    separator = memchr(data, '\0', size);
    if (separator != NULL) {
        app.length = (size_t)(separator - data);
        name = (struct amf0_string){(const char *)separator + 1,
                                    size - app.length - 1};
    }
    walk_through(app, name);
    read_query(app);
    read_query(name);
    ask_for_file(data, size);
    return 0;
}
