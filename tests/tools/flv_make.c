/* flv_make: writes an FLV file that no encoder would. Each line of standard
 * input is one thing to write, behind the file header:
 *
 *     key TIME SIZE      a video keyframe of so many bytes
 *     frame TIME SIZE    another video frame
 *     audio TIME SIZE    an audio frame
 *     garbage SIZE       bytes that are no tag
 *
 * The payload is random, but the same in each run. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Garbage has a source of its own: the tags are the same without it. */
static uint32_t tag_random = 1;
static uint32_t garbage_random = 99;

static void put(uint32_t byte)
{
    putchar((int)(byte & 0xFF));
}

static void put_be(unsigned bytes, uint32_t value)
{
    while (bytes-- > 0)
        put(value >> (8 * bytes));
}

/* xorshift32 */
static void put_random(uint32_t *state, unsigned long size)
{
    while (size-- > 0) {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        put(*state >> 24);
    }
}

/* Adobe E.4.1. `first` tells the codec: Sorenson or MP3, which have no
 * decoder configuration. */
static void put_tag(uint32_t type, uint32_t first, unsigned long time_ms,
                    unsigned long size)
{
    put(type);
    put_be(3, (uint32_t)size);
    put_be(3, (uint32_t)time_ms & 0xFFFFFF);
    put((uint32_t)(time_ms >> 24));
    put_be(3, 0);
    put(first);
    put_random(&tag_random, size - 1);
    put_be(4, (uint32_t)size + 11);
}

int main(void)
{
    char kind[16];
    unsigned long time_ms, size;

    fwrite("FLV\1\5\0\0\0\11\0\0\0\0", 1, 13, stdout);
    while (scanf("%15s", kind) == 1) {
        if (strcmp(kind, "garbage") == 0) {
            if (scanf("%lu", &size) != 1)
                return 2;
            put_random(&garbage_random, size);
            continue;
        }
        if (scanf("%lu %lu", &time_ms, &size) != 2 || size < 1 ||
            size > 0xFFFFFF)
            return 2;
        if (strcmp(kind, "key") == 0)
            put_tag(9, 0x12, time_ms, size);
        else if (strcmp(kind, "frame") == 0)
            put_tag(9, 0x22, time_ms, size);
        else if (strcmp(kind, "audio") == 0)
            put_tag(8, 0x2F, time_ms, size);
        else
            return 2;
    }
    return fflush(stdout) == 0 && feof(stdin) ? 0 : 1;
}
