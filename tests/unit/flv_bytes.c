#include "config.h"

#include "flv_bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void flv_bytes_free(struct flv_bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof(*b));
}

size_t flv_bytes_add(struct flv_bytes *b, const void *data, size_t length)
{
    const size_t offset = b->length;

    if (length > b->capacity - b->length) {
        b->capacity = 2 * (b->length + length);
        b->data = realloc(b->data, b->capacity);
        if (b->data == NULL)
            give_up("realloc");
    }
    if (length > 0)
        memcpy(b->data + offset, data, length);
    b->length += length;
    return offset;
}

size_t flv_bytes_fill(struct flv_bytes *b, uint8_t value, size_t count)
{
    const size_t offset = b->length;

    uint8_t block[4096];

    memset(block, value, sizeof(block));
    while (count > 0) {
        const size_t part = count < sizeof(block) ? count : sizeof(block);

        flv_bytes_add(b, block, part);
        count -= part;
    }
    return offset;
}

size_t flv_bytes_hex(struct flv_bytes *b, const char *hex)
{
    const size_t offset = b->length;

    while (*hex != '\0') {
        char pair[3] = {0};

        if (*hex == ' ') {
            hex++;
            continue;
        }
        memcpy(pair, hex, 2);
        if (!isxdigit((unsigned char)pair[0]) ||
            !isxdigit((unsigned char)pair[1]))
            abort();
        flv_bytes_add(b, &(uint8_t){(uint8_t)strtoul(pair, NULL, 16)}, 1);
        hex += 2;
    }
    return offset;
}

size_t flv_bytes_u32(struct flv_bytes *b, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 8), (uint8_t)value};

    return flv_bytes_add(b, bytes, sizeof(bytes));
}

size_t flv_bytes_file_header(struct flv_bytes *b)
{
    return flv_bytes_hex(b, "46 4C 56 01 05 00 00 00 09 00 00 00 00");
}

size_t flv_bytes_tag_header(struct flv_bytes *b, uint8_t type, uint32_t size,
                            uint32_t timestamp_ms)
{
    const uint8_t bytes[11] = {type,
                               (uint8_t)(size >> 16),
                               (uint8_t)(size >> 8),
                               (uint8_t)size,
                               (uint8_t)(timestamp_ms >> 16),
                               (uint8_t)(timestamp_ms >> 8),
                               (uint8_t)timestamp_ms,
                               (uint8_t)(timestamp_ms >> 24),
                               0,
                               0,
                               0};

    return flv_bytes_add(b, bytes, sizeof(bytes));
}

size_t flv_bytes_tag(struct flv_bytes *b, uint8_t type, uint32_t timestamp_ms,
                     const void *data, size_t length)
{
    const size_t offset =
        flv_bytes_tag_header(b, type, (uint32_t)length, timestamp_ms);

    flv_bytes_add(b, data, length);
    flv_bytes_u32(b, (uint32_t)length + 11);
    return offset;
}

size_t flv_bytes_tag_hex(struct flv_bytes *b, uint8_t type,
                         uint32_t timestamp_ms, const char *hex)
{
    struct flv_bytes data = {0};
    size_t offset;

    flv_bytes_hex(&data, hex);
    offset = flv_bytes_tag(b, type, timestamp_ms, data.data, data.length);
    flv_bytes_free(&data);
    return offset;
}

static size_t add_frame(struct flv_bytes *b, uint8_t type,
                        uint32_t timestamp_ms, const char *start, size_t length)
{
    struct flv_bytes data = {0};
    size_t offset;

    flv_bytes_hex(&data, start);
    while (data.length < length)
        flv_bytes_fill(&data, (uint8_t)(0x40 + data.length % 0x3B), 1);
    offset = flv_bytes_tag(b, type, timestamp_ms, data.data, data.length);
    flv_bytes_free(&data);
    return offset;
}

size_t flv_bytes_keyframe(struct flv_bytes *b, uint32_t timestamp_ms,
                          size_t length)
{
    return add_frame(b, 9, timestamp_ms, "17 01 00 00 00", length);
}

size_t flv_bytes_inter(struct flv_bytes *b, uint32_t timestamp_ms,
                       size_t length)
{
    return add_frame(b, 9, timestamp_ms, "27 01 00 00 00", length);
}

size_t flv_bytes_audio(struct flv_bytes *b, uint32_t timestamp_ms,
                       size_t length)
{
    return add_frame(b, 8, timestamp_ms, "AF 01", length);
}

size_t flv_bytes_video_config(struct flv_bytes *b, uint32_t timestamp_ms)
{
    return flv_bytes_tag_hex(b, 9, timestamp_ms,
                             "17 00 00 00 00 01 4D 40 1E FF E1 00 01 67 01 00 "
                             "01 68");
}

size_t flv_bytes_audio_config(struct flv_bytes *b, uint32_t timestamp_ms)
{
    return flv_bytes_tag_hex(b, 8, timestamp_ms, "AF 00 11 90");
}

void flv_bytes_set_u24(struct flv_bytes *b, size_t offset, uint32_t value)
{
    b->data[offset] = (uint8_t)(value >> 16);
    b->data[offset + 1] = (uint8_t)(value >> 8);
    b->data[offset + 2] = (uint8_t)value;
}

void flv_bytes_write(const struct flv_bytes *b, int fd)
{
    size_t done = 0;

    while (done < b->length) {
        const ssize_t n =
            pwrite(fd, b->data + done, b->length - done, (off_t)done);

        if (n <= 0)
            give_up("pwrite");
        done += (size_t)n;
    }
    if (ftruncate(fd, (off_t)b->length) != 0)
        give_up("ftruncate");
}

int flv_bytes_open(const struct flv_bytes *b)
{
    const int fd = memfd_create("flv", MFD_CLOEXEC);

    if (fd < 0)
        give_up("memfd_create");
    flv_bytes_write(b, fd);
    return fd;
}
