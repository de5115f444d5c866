/* Bytes in words between blanks, for tables of tests: "XX" a byte in
 * hexadecimal, "XX*N" the same N times, "s:TEXT" an AMF0 string, "S:N" one of N
 * bytes, "n:NUMBER" an AMF0 number, "z" null. "N(" and ")" repeat what is
 * between them, and there "@" is the number of the repetition as a byte, "@@"
 * as two, low first. */
#ifndef FLVD_TESTS_SESSION_WORDS_H
#define FLVD_TESTS_SESSION_WORDS_H

#include <stdbool.h>

#include "../unit/flv_bytes.h"

#define WORD_BYTES 512

struct words {
    const char *next;
    const char *again; /* what is repeated */
    unsigned long times;
    unsigned long round;
};

void words_init(struct words *words, const char *text);
/* The next one, over repetitions; false at the end. */
bool words_next(struct words *words, char word[static WORD_BYTES]);
/* Adds the bytes that a word stands for. */
void words_add(const struct words *words, const char *word,
               struct flv_bytes *bytes);

#endif
