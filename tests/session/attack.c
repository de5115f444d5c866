#include "config.h"

#include "attack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So much of what the offender sends between two looks at the answers: it fits
 * the socket's buffer while nobody reads, and so do its answers. */
#define MESSAGES_AT_ONCE 32
#define BYTES_AT_ONCE 32768
/* Tags that the witness must get beside each of them. */
#define TAGS_BESIDE 20

/* --- sending ------------------------------------------------------------ */

static void add_string_head(struct flv_bytes *bytes, size_t length)
{
    if (length > 0xFFFF) {
        flv_bytes_fill(bytes, 0x0C, 1);
        flv_bytes_u32(bytes, (uint32_t)length);
        return;
    }
    flv_bytes_fill(bytes, 2, 1);
    flv_bytes_fill(bytes, (uint8_t)(length >> 8), 1);
    flv_bytes_fill(bytes, (uint8_t)length, 1);
}

static void add_number(struct flv_bytes *bytes, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    flv_bytes_fill(bytes, 0, 1);
    flv_bytes_u32(bytes, (uint32_t)(bits >> 32));
    flv_bytes_u32(bytes, (uint32_t)bits);
}

static void add_word(struct flv_bytes *bytes, const char *word)
{
    if (strncmp(word, "s:", 2) == 0) {
        add_string_head(bytes, strlen(word + 2));
        flv_bytes_add(bytes, word + 2, strlen(word + 2));
    } else if (strncmp(word, "S:", 2) == 0) {
        const size_t length = strtoul(word + 2, NULL, 10);

        add_string_head(bytes, length);
        flv_bytes_fill(bytes, 'a', length);
    } else if (strncmp(word, "n:", 2) == 0) {
        add_number(bytes, strtod(word + 2, NULL));
    } else if (strcmp(word, "z") == 0) {
        flv_bytes_fill(bytes, 5, 1);
    } else {
        char *times;
        const uint8_t value = (uint8_t)strtoul(word, &times, 16);

        flv_bytes_fill(bytes, value,
                       *times == '*' ? strtoul(times + 1, NULL, 10) : 1);
    }
}

struct sending {
    struct peer *peer;
    bool hears;
    const char *answer;
    bool heard; /* the answer */
    bool goes_on;
    size_t messages; /* since answers were read, and their bytes */
    size_t message_bytes;
    unsigned long round; /* of what is repeated */
    bool in_message;
    unsigned type, chunk_stream_id, message_stream_id;
    struct flv_bytes bytes;
};

static void look_at_answers(struct sending *s)
{
    if (s->hears)
        s->heard = attack_hear(s->peer, s->answer) || s->heard;
    s->messages = 0;
    s->message_bytes = 0;
}

/* Sends what was collected, as a message if one was begun. */
static void flush(struct sending *s)
{
    if (s->in_message && s->goes_on)
        s->goes_on = try_to_send_message(
            s->peer, (uint8_t)s->type, s->chunk_stream_id, s->message_stream_id,
            s->bytes.data, s->bytes.length);
    else if (s->bytes.length > 0 && s->goes_on)
        s->goes_on = try_to_send(s->peer, s->bytes.data, s->bytes.length);
    s->message_bytes += s->bytes.length;
    if (s->in_message && (++s->messages == MESSAGES_AT_ONCE ||
                          s->message_bytes >= BYTES_AT_ONCE))
        look_at_answers(s);
    s->in_message = false;
    s->bytes.length = 0;
}

static void take_word(struct sending *s, const char *word)
{
    if (strncmp(word, "m:", 2) == 0) {
        flush(s);
        ck_assert_int_eq(sscanf(word, "m:%u:%u:%u", &s->type,
                                &s->chunk_stream_id, &s->message_stream_id),
                         3);
        s->in_message = true;
    } else if (strcmp(word, "raw") == 0) {
        flush(s);
    } else if (word[0] == '@') {
        flv_bytes_fill(&s->bytes, (uint8_t)s->round, 1);
        if (word[1] == '@')
            flv_bytes_fill(&s->bytes, (uint8_t)(s->round >> 8), 1);
    } else if (strcmp(word, "fin") == 0) {
        flush(s);
        peer_finish_sending(s->peer);
    } else {
        add_word(&s->bytes, word);
    }
}

/* The next word of a text; false at its end. */
static bool next_word(const char **text, char *word, size_t size)
{
    const size_t length = strcspn(*text += strspn(*text, " "), " ");

    ck_assert_uint_lt(length, size);
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += length;
    return length > 0;
}

static void take_words(struct sending *s, const char *words)
{
    const char *again = NULL;
    unsigned long times = 0;
    char word[512];

    while (s->goes_on && next_word(&words, word, sizeof(word))) {
        if (word[strlen(word) - 1] == '(') {
            times = strtoul(word, NULL, 10);
            again = words;
            s->round = 0;
        } else if (strcmp(word, ")") == 0) {
            ck_assert_ptr_nonnull(again);
            if (++s->round < times)
                words = again;
        } else {
            take_word(s, word);
        }
    }
    flush(s);
}

bool attack_send(struct peer *peer, const char *words, bool hears,
                 const char *answer)
{
    struct sending s = {
        .peer = peer, .hears = hears, .answer = answer, .goes_on = true};

    take_words(&s, words);
    flv_bytes_free(&s.bytes);
    return s.heard;
}

/* --- what comes of it --------------------------------------------------- */

void attack_bring(struct peer *peer, enum attack_stage stage)
{
    if (stage >= SHAKEN)
        do_handshake(peer);
    if (stage >= CONNECTED)
        do_connect(peer);
    if (stage >= CREATED)
        do_create_stream(peer);
    if (stage == PLAYING) {
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_play_started(peer);
    }
}

struct peer *attack_come(struct server *server, enum attack_stage stage)
{
    struct peer *peer = peer_open(server);

    attack_bring(peer, stage);
    return peer;
}

bool attack_hear(struct peer *peer, const char *answer)
{
    bool heard = answer == NULL;

    send_ping(peer, 4711);
    do {
        (void)read_message(peer);
        if (!heard)
            heard = message_has_bytes(&peer->message, answer, strlen(answer));
    } while (peer->message.type != 4 || peer->message.payload[1] != 7 ||
             memcmp(&peer->message.payload[2], "\0\0\x12\x67", 4) != 0);
    return heard;
}

void witness_begin(struct witness *witness, struct server *server)
{
    witness->peer = attack_come(server, CREATED);
    send_set_buffer_length(witness->peer, 1, 60000);
    send_command(witness->peer, 1, "play", 0, "ns", "movie?loop=0");
    expect_play_started(witness->peer);
    witness->tags = (struct file_tags){.file = &server->file};
}

void witness_watch(struct witness *witness, size_t tags)
{
    while (tags-- > 0) {
        struct file_tag tag;

        if (!next_file_tag(&witness->tags, &tag)) {
            witness->tags.next = 0;
            ck_assert(next_file_tag(&witness->tags, &tag));
        }
        expect_tag(witness->peer, &tag, UINT32_MAX);
    }
}

void witness_end(struct witness *witness)
{
    peer_close(witness->peer);
}

static void attack(struct server *server, const struct attack *attack)
{
    struct peer *peer = attack_come(server, attack->stage);
    const bool heard =
        attack_send(peer, attack->sent, attack->end == NULL, attack->answer);

    if (attack->end == NULL) {
        ck_assert_msg(attack_hear(peer, attack->answer) || heard, "%s",
                      attack->what);
        peer_close(peer);
        return;
    }
    read_to_end(peer);
    peer_abort(peer);
}

/* --- the log ------------------------------------------------------------ */

/* The line, without its end, if it is of that session. */
static bool take_line(const char *at, size_t session, char line[static 2048])
{
    const char *end = strchr(at, '\n');
    char label[32];

    snprintf(line, 2048, "%.*s", (int)(end - at), at);
    snprintf(label, sizeof(label), ": #%zu ", session);
    return strstr(line, label) != NULL && strstr(line, " debug: ") == NULL;
}

void check_session_log(const char *log, size_t session, const char *what,
                       const char *reason, size_t most_lines)
{
    size_t lines = 0, ends = 0;
    char line[2048], ended[160];

    snprintf(ended, sizeof(ended), " ended: %s;", reason);
    for (const char *at = log; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (!take_line(at, session, line))
            continue;
        lines++;
        if (strstr(line, " ended: ") != NULL) {
            ck_assert_msg(strstr(line, ended) != NULL, "%s: not%s %s", what,
                          ended, line);
            ends++;
        }
        for (const char *c = line; *c != '\0'; c++)
            ck_assert_msg(*c >= 0x20 && *c < 0x7F, "%s: %s", what, line);
        ck_assert_msg(lines <= most_lines, "#%zu, %s: one more line: %s",
                      session, what, line);
    }
    ck_assert_msg(ends == 1, "#%zu, %s: has not ended", session, what);
}

void run_attacks(struct server *server, const struct attack *attacks,
                 size_t count, size_t most_lines)
{
    struct witness beside;
    size_t sessions = 1;

    witness_begin(&beside, server);
    for (size_t i = 0; i < count; i++) {
        const char *end = attacks[i].end;

        /* The last of them is the one that failed. */
        fprintf(stderr, "%zu: %s\n", i + 2, attacks[i].what);
        attack(server, &attacks[i]);
        witness_watch(&beside, TAGS_BESIDE);
        sessions += end == NULL || strcmp(end, PEER_CLOSED) == 0;
    }
    witness_end(&beside);
    server->sessions = sessions;
    const char *log = server_stop_for_log(server, PEER_CLOSED);
    for (size_t i = 0; i < count; i++)
        check_session_log(log, i + 2, attacks[i].what,
                          attacks[i].end == NULL ? PEER_CLOSED : attacks[i].end,
                          most_lines);
}
