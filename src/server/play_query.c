/* Keys that nobody here knows are somebody else's and no fault. */
#include "config.h"

#include "server/play_query.h"

#include <string.h>

#include "base/bytes.h"
#include "options.h"
#include "server/name.h"

void play_query_init(struct play_query *query)
{
    *query =
        (struct play_query){.start_ms = -1, .duration_ms = -1, .rounds = -1};
}

static bool has_digit(struct byte_reader r)
{
    uint8_t c = byte_reader_left(&r) == 0 ? 0 : byte_read_u8(&r);

    return c >= '0' && c <= '9';
}

/* A whole number of `most` or less; false when there is none. */
static bool read_whole(struct byte_reader *r, uint64_t most, uint64_t *value)
{
    uint64_t result = 0;

    if (!has_digit(*r))
        return false;
    while (has_digit(*r)) {
        result = result * 10 + (uint64_t)(byte_read_u8(r) - '0');
        if (result > most)
            return false;
    }
    *value = result;
    return true;
}

/* Seconds in decimal; what is below a millisecond is not looked at. */
static bool read_seconds(struct byte_reader r, int64_t *time_ms)
{
    uint64_t seconds;
    int64_t unit_ms = 100;

    if (!read_whole(&r, PLAY_QUERY_MAX_SECONDS, &seconds))
        return false;
    int64_t result_ms = (int64_t)seconds * 1000;
    if (byte_reader_left(&r) > 0) {
        if (byte_read_u8(&r) != '.')
            return false;
        for (; has_digit(r); unit_ms /= 10)
            result_ms += unit_ms * (byte_read_u8(&r) - '0');
    }
    if (byte_reader_left(&r) > 0)
        return false;
    *time_ms = result_ms;
    return true;
}

static bool read_count(struct byte_reader r, int64_t *count)
{
    uint64_t value;

    if (!read_whole(&r, OPTIONS_MAX_LOOP, &value) || byte_reader_left(&r) > 0)
        return false;
    *count = (int64_t)value;
    return true;
}

/* One that is too long to be anything is as good as none, and takes the place
 * of one that was read before all the same. */
static bool read_text(struct byte_reader r, char *text, size_t size)
{
    const size_t length = byte_reader_left(&r);

    text[0] = '\0';
    if (length >= size)
        return false;
    if (length > 0)
        memcpy(text, byte_read_bytes(&r, length), length);
    text[length] = '\0';
    return true;
}

static bool is_key(const uint8_t *text, size_t length, const char *key)
{
    return length == strlen(key) && memcmp(text, key, length) == 0;
}

/* Consumes the bytes up to `end` or to the end, and `end` itself. */
static size_t read_word(struct byte_reader *r, char end, const uint8_t **word)
{
    struct byte_reader ahead = *r;
    size_t length = 0;

    while (byte_reader_left(&ahead) > 0 && byte_read_u8(&ahead) != end)
        length++;
    *word = byte_read_bytes(r, length);
    if (byte_reader_left(r) > 0)
        (void)byte_read_u8(r);
    return length;
}

/* One "key=value". */
static bool read_pair(struct play_query *query, const uint8_t *pair,
                      size_t length)
{
    struct byte_reader r;
    const uint8_t *key;
    size_t key_length;

    byte_reader_init(&r, pair, length);
    key_length = read_word(&r, '=', &key);
    if (is_key(key, key_length, "start"))
        return read_seconds(r, &query->start_ms);
    if (is_key(key, key_length, "duration"))
        return read_seconds(r, &query->duration_ms);
    if (is_key(key, key_length, "loop"))
        return read_count(r, &query->rounds);
    if (is_key(key, key_length, "token"))
        return read_text(r, query->claim.token, sizeof(query->claim.token));
    if (is_key(key, key_length, "expires"))
        return read_text(r, query->claim.expires, sizeof(query->claim.expires));
    return true;
}

bool play_query_read(struct play_query *query, struct amf0_string text)
{
    struct byte_reader r;
    bool good = true;

    byte_reader_init(&r, text.data, text.length);
    (void)byte_read_bytes(&r, name_without_query(text).length);
    if (byte_reader_left(&r) > 0)
        (void)byte_read_u8(&r); /* the mark */
    while (byte_reader_left(&r) > 0) {
        const uint8_t *pair;
        size_t length = read_word(&r, '&', &pair);

        if (!read_pair(query, pair, length))
            good = false;
    }
    return good;
}
