/* FLV files for tests: bytes put together by hand, then written to a file in
 * memory. Ends the test program when memory runs out. */
#ifndef FLVD_TESTS_UNIT_FLV_BYTES_H
#define FLVD_TESTS_UNIT_FLV_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A growing buffer; begin with {0}. */
struct flv_bytes {
    uint8_t *data;
    size_t length;
    size_t capacity;
};

void flv_bytes_free(struct flv_bytes *b);

/* Each appends and gives the offset of what it appended. */
size_t flv_bytes_add(struct flv_bytes *b, const void *data, size_t length);
size_t flv_bytes_fill(struct flv_bytes *b, uint8_t value, size_t count);
/* Pairs of hexadecimal digits; spaces between them are skipped. */
size_t flv_bytes_hex(struct flv_bytes *b, const char *hex);
size_t flv_bytes_u32(struct flv_bytes *b, uint32_t value);

/* "FLV", version 1, audio and video, offset 9, PreviousTagSize0. */
size_t flv_bytes_file_header(struct flv_bytes *b);

/* The 11 bytes of a tag header with stream id 0. */
size_t flv_bytes_tag_header(struct flv_bytes *b, uint8_t type, uint32_t size,
                            uint32_t timestamp_ms);

/* A whole tag with its back pointer: the offset of its header. */
size_t flv_bytes_tag(struct flv_bytes *b, uint8_t type, uint32_t timestamp_ms,
                     const void *data, size_t length);
size_t flv_bytes_tag_hex(struct flv_bytes *b, uint8_t type,
                         uint32_t timestamp_ms, const char *hex);

/* Whole tags of `length` data bytes, at least 6: what decides their kind and
 * then bytes that look like no tag header. */
size_t flv_bytes_keyframe(struct flv_bytes *b, uint32_t timestamp_ms,
                          size_t length);
size_t flv_bytes_inter(struct flv_bytes *b, uint32_t timestamp_ms,
                       size_t length);
size_t flv_bytes_audio(struct flv_bytes *b, uint32_t timestamp_ms,
                       size_t length);
/* Configurations of AVC and AAC. */
size_t flv_bytes_video_config(struct flv_bytes *b, uint32_t timestamp_ms);
size_t flv_bytes_audio_config(struct flv_bytes *b, uint32_t timestamp_ms);

/* Writes over what is there; 3 bytes big endian. */
void flv_bytes_set_u24(struct flv_bytes *b, size_t offset, uint32_t value);

/* A new file in memory that holds the bytes; the caller closes it. */
int flv_bytes_open(const struct flv_bytes *b);
/* Makes a file hold just the bytes, in place. */
void flv_bytes_write(const struct flv_bytes *b, int fd);

#endif
