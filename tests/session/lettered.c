/* Files of lettered tags, and what of them comes to a peer. */
#include "lettered.h"

#include <stdlib.h>
#include <string.h>

void lettered_begin(struct lettered *file)
{
    memset(file, 0, sizeof(*file));
    flv_bytes_file_header(&file->file);
}

static void add(struct lettered *file, uint8_t type, uint32_t timestamp_ms,
                const struct flv_bytes *data)
{
    ck_assert_uint_lt(file->count, LETTERED_MAX_TAGS);
    file->tags[file->count].letter =
        data->length == 0 ? ' ' : (char)data->data[data->length - 1];
    file->tags[file->count].offset = flv_bytes_tag(
        &file->file, type, timestamp_ms, data->data, data->length);
    file->count++;
}

void lettered_tag(struct lettered *file, char letter, uint8_t type,
                  uint32_t timestamp_ms, const char *hex)
{
    struct flv_bytes data = {0};

    flv_bytes_hex(&data, hex);
    flv_bytes_fill(&data, (uint8_t)letter, 1);
    add(file, type, timestamp_ms, &data);
    flv_bytes_free(&data);
}

/* What a letter stands for in a text. */
static const struct {
    const char *letters;
    uint8_t type;
    const char *hex;
} kinds[] = {
    {"VW", 9, "17 00 00 00 00"},  {"AB", 8, "AF 00"},
    {"klm", 9, "17 01 00 00 00"}, {"ij", 9, "27 01 00 00 00"},
    {"ab", 8, "AF 01"},           {"E", 9, "17 02 00 00 00"},
};

static void add_letter(struct lettered *file, char letter, uint32_t ms)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strchr(kinds[i].letters, letter) != NULL) {
            lettered_tag(file, letter, kinds[i].type, ms, kinds[i].hex);
            return;
        }
    ck_abort_msg("no kind of tag is %c", letter);
}

/* The hexadecimal digits up to `end`, which is stepped over. */
static const char *take_hex(const char *text, char end, char *hex, size_t size)
{
    const char *stop = strchr(text, end);

    ck_assert_ptr_nonnull(stop);
    ck_assert_uint_lt((size_t)(stop - text), size);
    memcpy(hex, text, (size_t)(stop - text));
    hex[stop - text] = '\0';
    return stop + 1;
}

static const char *add_any_tag(struct lettered *file, const char *text)
{
    struct flv_bytes data = {0};
    char hex[512];
    char *next;
    const uint8_t type = (uint8_t)strtoul(text, &next, 10);
    const uint32_t ms = (uint32_t)strtoul(next, &next, 10);

    text = take_hex(next, '}', hex, sizeof(hex));
    flv_bytes_hex(&data, hex);
    add(file, type, ms, &data);
    flv_bytes_free(&data);
    return text;
}

void lettered_write(struct lettered *file, const char *text)
{
    while (*text != '\0') {
        const char first = *text++;
        char hex[512];
        char *next;

        if (first == ' ')
            continue;
        if (first == '[') {
            text = take_hex(text, ']', hex, sizeof(hex));
            flv_bytes_hex(&file->file, hex);
            continue;
        }
        if (first == '{') {
            text = add_any_tag(file, text);
            continue;
        }
        const unsigned long number = strtoul(text, &next, 10);
        text = next;
        if (first == '<') {
            file->file.length -= number;
        } else if (first == '!') {
            file->file.length -= 4;
            flv_bytes_u32(&file->file, (uint32_t)number);
        } else if (first == '#') {
            ck_assert_uint_gt(file->count, 0);
            file->file.data[file->tags[file->count - 1].offset + 10] =
                (uint8_t)number;
        } else {
            add_letter(file, first, (uint32_t)number);
        }
    }
}

void lettered_serve(struct lettered *file, struct server *server)
{
    server_start(server, file->file);
    server->options.lead_ms = INT32_MAX;
}

struct peer *lettered_watch(struct server *server, double start_ms)
{
    struct peer *peer = peer_open(server);

    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    send_command(peer, 1, "play", 0, "nsd", "movie", start_ms);
    expect_play_started(peer);
    return peer;
}

void lettered_seek(struct peer *peer, double to_ms)
{
    const struct message *m;

    send_command(peer, 1, "seek", 0, "nd", to_ms);
    do
        m = read_message(peer);
    while (!message_has_string(m, "code", "NetStream.Seek.Notify"));
    expect_status(peer, 1, "status", "NetStream.Play.Start");
}

static struct file_tag find(const struct server *server,
                            const struct lettered *file, char letter)
{
    for (size_t i = 0; i < file->count; i++) {
        const uint8_t *header = server->file.data + file->tags[i].offset;

        if (file->tags[i].letter == letter)
            return (struct file_tag){
                .type = header[0],
                .data = header + 11,
                .length = (size_t)header[1] << 16 | (size_t)header[2] << 8 |
                          header[3],
            };
    }
    ck_abort_msg("no tag is called %c", letter);
}

/* A text that tells what came, as far as it is a tag of the file. */
static char letter_of(const struct message *m)
{
    if ((m->type != 8 && m->type != 9) || m->length == 0)
        return '?';
    return (char)m->payload[m->length - 1];
}

void lettered_expect(struct peer *peer, const struct server *server,
                     const struct lettered *file, const char *expected)
{
    while (*expected != '\0') {
        const char *here = expected;
        const struct message *m;
        struct file_tag tag;
        uint32_t timestamp_ms;
        char *end;

        if (strcmp(expected, "end") == 0) {
            expect_play_complete(peer);
            return;
        }
        tag = find(server, file, *expected);
        timestamp_ms = (uint32_t)strtoul(expected + 1, &end, 10);
        m = read_message(peer);
        ck_assert_msg(m->type == tag.type && m->length == tag.length &&
                          memcmp(m->payload, tag.data, tag.length) == 0,
                      "type %u, %c%u came instead of %s", m->type, letter_of(m),
                      m->timestamp_ms, here);
        ck_assert_msg(m->timestamp_ms == timestamp_ms,
                      "%c%u came instead of %s", letter_of(m), m->timestamp_ms,
                      here);
        expected = *end == ' ' ? end + 1 : end;
    }
}
