/* The chunk reader: the same messages and the same end, however the bytes
 * arrive: at once, one by one, and in pieces that the input itself says. The
 * first byte of the input is the size of these pieces. */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "rtmp/chunk.h"

#define MAX_INPUT_BYTES 65536

/* What came of an input: a hash of all messages, and the end. */
struct outcome {
    uint64_t hash;
    size_t bytes; /* pushed */
    size_t messages;
    enum chunk_result result;
    const char *fault;
};

static void note(struct outcome *outcome, const void *data, size_t length)
{
    const uint8_t *const bytes = data;

    for (size_t i = 0; i < length; i++)
        outcome->hash = (outcome->hash ^ bytes[i]) * UINT64_C(0x100000001B3);
}

static bool is_kept(uint8_t type)
{
    return (type >= 1 && type <= 6) || type == RTMP_COMMAND_AMF3 ||
           type == RTMP_COMMAND_AMF0;
}

static void note_message(struct outcome *outcome,
                         const struct rtmp_message *message)
{
    MUST(message->length_bytes <= RTMP_MAX_MESSAGE_BYTES);
    MUST(message->chunk_stream_id >= 2 && message->chunk_stream_id <= 65599);
    note(outcome, &message->type, 1);
    note(outcome, &message->chunk_stream_id, 4);
    note(outcome, &message->message_stream_id, 4);
    note(outcome, &message->timestamp_ms, 4);
    note(outcome, &message->length_bytes, sizeof(message->length_bytes));
    if (is_kept(message->type)) {
        MUST(message->length_bytes <= RTMP_MAX_INPUT_BYTES);
        MUST(message->payload != NULL || message->length_bytes == 0);
        note(outcome, message->payload, message->length_bytes);
    } else {
        MUST(message->payload == NULL);
    }
    outcome->messages++;
    /* Each has a header of its own. */
    MUST(outcome->messages <= outcome->bytes);
}

/* Pushes a piece, in a block of just its size. */
static void push(struct chunk_reader *reader, const uint8_t *data, size_t size,
                 struct outcome *outcome)
{
    uint8_t *const piece = malloc(size);
    struct byte_reader in;
    struct rtmp_message message;

    MUST(piece != NULL);
    memcpy(piece, data, size);
    byte_reader_init(&in, piece, size);
    outcome->bytes += size;
    do {
        outcome->result = chunk_reader_push(reader, &in, &message);
        if (outcome->result == CHUNK_MESSAGE)
            note_message(outcome, &message);
    } while (outcome->result == CHUNK_MESSAGE);
    MUST(outcome->result != CHUNK_MORE || byte_reader_left(&in) == 0);
    free(piece);
}

static struct outcome read_in_pieces(const uint8_t *data, size_t size,
                                     size_t piece_bytes)
{
    struct outcome outcome = {.hash = UINT64_C(0xCBF29CE484222325)};
    struct chunk_reader *const reader = chunk_reader_new();

    MUST(reader != NULL);
    for (size_t at = 0; at < size && outcome.result == CHUNK_MORE;) {
        const size_t left = size - at;
        const size_t n = left < piece_bytes ? left : piece_bytes;

        push(reader, data + at, n, &outcome);
        at += n;
    }
    outcome.fault = chunk_reader_fault(reader);
    MUST((outcome.result == CHUNK_BAD) == (outcome.fault[0] != '\0'));
    if (outcome.result == CHUNK_BAD) {
        struct outcome again = outcome;

        push(reader, (const uint8_t *)"\2", 1, &again);
        MUST(again.result == CHUNK_BAD && again.messages == outcome.messages);
    }
    chunk_reader_free(reader);
    return outcome;
}

static void must_be_same(const struct outcome *a, const struct outcome *b)
{
    MUST(a->result == b->result);
    MUST(a->messages == b->messages);
    MUST(a->hash == b->hash);
    MUST(strcmp(a->fault, b->fault) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome at_once, in_pieces, one_by_one;

    if (size < 2 || size > MAX_INPUT_BYTES)
        return 0;
    at_once = read_in_pieces(data + 1, size - 1, size);
    in_pieces = read_in_pieces(data + 1, size - 1, 2 + (size_t)data[0]);
    one_by_one = read_in_pieces(data + 1, size - 1, 1);
    MUST(at_once.result != CHUNK_NO_MEMORY);
    must_be_same(&at_once, &in_pieces);
    must_be_same(&at_once, &one_by_one);
    return 0;
}
