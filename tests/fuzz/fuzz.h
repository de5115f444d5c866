/* What all fuzz targets share. A target is one function: it takes any bytes,
 * hands them to a part of flvd, and ends the program when something that must
 * hold does not. doc/ARCHITECTURE.md says how to add one. */
#ifndef FLVD_TESTS_FUZZ_FUZZ_H
#define FLVD_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target; returns 0. Called again and again: it leaves nothing behind. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant: libFuzzer keeps the input that breaks one. */
#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,  \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
