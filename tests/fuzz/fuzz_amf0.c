/* AMF0: values as they come from peers and files. What was read is written
 * again; that must read as the same values, and skipping must come to the
 * same place as reading. */
#include "config.h"

#include <string.h>

#include "amf/amf0.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES 16384
/* A key or string takes as much when written again, a number or null less
 * than the date or XML that stood there. */
#define ROOM (4 * MAX_INPUT_BYTES)

/* Whether all bytes of a string lie within the input. */
static void must_lie_in(struct amf0_string s, const uint8_t *data, size_t size)
{
    const uint8_t *const start = (const uint8_t *)s.data;

    if (s.length > 0)
        MUST(start >= data && s.length <= size &&
             (size_t)(start - data) <= size - s.length);
}

struct input {
    const uint8_t *data;
    size_t size;
    struct byte_reader r;
};

static bool copy_value(struct input *in, struct byte_writer *w, unsigned depth);

static bool copy_members(struct input *in, struct byte_writer *w,
                         unsigned depth)
{
    struct amf0_string key;

    while (amf0_next_member(&in->r, &key)) {
        must_lie_in(key, in->data, in->size);
        amf0_write_key_n(w, key);
        if (!copy_value(in, w, depth + 1))
            return false;
    }
    amf0_write_object_end(w);
    return !in->r.failed;
}

static bool copy_elements(struct input *in, struct byte_writer *w,
                          uint32_t count, unsigned depth)
{
    MUST(count <= in->size);
    for (uint32_t i = 0; i < count; i++)
        if (!copy_value(in, w, depth + 1))
            return false;
    return true;
}

/* Strings beyond what a writer takes are cut, other values without a writer
 * become null. */
static bool copy_value(struct input *in, struct byte_writer *w, unsigned depth)
{
    struct amf0_value value;

    if (!amf0_read(&in->r, &value)) {
        MUST(in->r.failed);
        return false;
    }
    if (depth == AMF0_MAX_DEPTH &&
        (value.type == AMF0_OBJECT || value.type == AMF0_ECMA_ARRAY ||
         value.type == AMF0_STRICT_ARRAY))
        return false;
    switch (value.type) {
    case AMF0_NUMBER:
        amf0_write_number(w, value.number);
        return true;
    case AMF0_BOOLEAN:
        amf0_write_boolean(w, value.boolean);
        return true;
    case AMF0_STRING:
        must_lie_in(value.string, in->data, in->size);
        amf0_write_string_n(w, value.string);
        return true;
    case AMF0_OBJECT:
        amf0_write_object_begin(w);
        return copy_members(in, w, depth);
    case AMF0_ECMA_ARRAY:
        amf0_write_ecma_array_begin(w, 0);
        return copy_members(in, w, depth);
    case AMF0_STRICT_ARRAY:
        amf0_write_strict_array_begin(w, value.count);
        return copy_elements(in, w, value.count, depth);
    default:
        must_lie_in(value.string, in->data, in->size);
        amf0_write_null(w);
        return true;
    }
}

/* Copies all whole values; returns how many. */
static size_t copy_all(const uint8_t *data, size_t size, struct byte_writer *w)
{
    struct input in = {.data = data, .size = size};
    struct byte_reader skipper;
    size_t count = 0;

    byte_reader_init(&in.r, data, size);
    byte_reader_init(&skipper, data, size);
    while (byte_reader_left(&in.r) > 0) {
        uint8_t *const before = w->next;
        const bool copied = copy_value(&in, w, 0);

        MUST(!w->failed);
        MUST(amf0_skip(&skipper) == copied);
        if (!copied) {
            MUST(byte_reader_left(&skipper) == 0);
            w->next = before;
            break;
        }
        MUST(skipper.next == in.r.next);
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[ROOM], second[ROOM];
    struct byte_writer w;
    size_t count, length;

    if (size > MAX_INPUT_BYTES)
        return 0;
    byte_writer_init(&w, first, sizeof(first));
    count = copy_all(data, size, &w);
    length = byte_writer_length(&w);
    byte_writer_init(&w, second, sizeof(second));
    MUST(copy_all(first, length, &w) == count);
    MUST(byte_writer_length(&w) == length);
    MUST(memcmp(first, second, length) == 0);
    return 0;
}
