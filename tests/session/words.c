#include "config.h"

#include "words.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void words_init(struct words *words, const char *text)
{
    *words = (struct words){.next = text};
}

static bool take_word(struct words *words, char word[static WORD_BYTES])
{
    size_t length;

    words->next += strspn(words->next, " ");
    length = strcspn(words->next, " ");
    ck_assert_uint_lt(length, WORD_BYTES);
    memcpy(word, words->next, length);
    word[length] = '\0';
    words->next += length;
    return length > 0;
}

bool words_next(struct words *words, char word[static WORD_BYTES])
{
    while (take_word(words, word)) {
        if (strcmp(word, ")") == 0) {
            ck_assert_ptr_nonnull(words->again);
            if (++words->round < words->times)
                words->next = words->again;
        } else if (word[strlen(word) - 1] == '(') {
            words->times = strtoul(word, NULL, 10);
            words->round = 0;
            words->again = words->next;
        } else {
            return true;
        }
    }
    return false;
}

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

static void add_byte(struct flv_bytes *bytes, const char *word)
{
    char *times;
    const uint8_t value = (uint8_t)strtoul(word, &times, 16);

    ck_assert_msg(times == word + 2 && (*times == '\0' || *times == '*'),
                  "no such word: %s", word);
    flv_bytes_fill(bytes, value,
                   *times == '*' ? strtoul(times + 1, NULL, 10) : 1);
}

void words_add(const struct words *words, const char *word,
               struct flv_bytes *bytes)
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
    } else if (word[0] == '@') {
        flv_bytes_fill(bytes, (uint8_t)words->round, 1);
        if (word[1] == '@')
            flv_bytes_fill(bytes, (uint8_t)(words->round >> 8), 1);
    } else {
        add_byte(bytes, word);
    }
}
