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

struct sending {
    struct peer *peer;
    bool hears;
    const char *answer;
    bool heard; /* the answer */
    bool goes_on;
    size_t messages; /* since answers were read, and their bytes */
    size_t message_bytes;
    bool in_message;
    unsigned type, chunk_stream_id, message_stream_id;
    struct words words;
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
    } else if (strcmp(word, "fin") == 0) {
        flush(s);
        peer_finish_sending(s->peer);
    } else {
        words_add(&s->words, word, &s->bytes);
    }
}

bool attack_send(struct peer *peer, const char *words, bool hears,
                 const char *answer)
{
    struct sending s = {
        .peer = peer, .hears = hears, .answer = answer, .goes_on = true};

    char word[WORD_BYTES];

    words_init(&s.words, words);
    while (s.goes_on && words_next(&s.words, word))
        take_word(&s, word);
    flush(&s);
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
        renew_deadline();
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
