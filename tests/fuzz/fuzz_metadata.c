/* onMetaData, rebuilt from the data of a script tag: what is written is AMF0
 * with an exact count, of safe members alone, and comes out the same when it
 * is rebuilt once more. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "amf/amf0.h"
#include "base/utf8.h"
#include "flv/metadata.h"
#include "fuzz.h"

static void must_be_text(struct amf0_string text)
{
    struct byte_reader r;

    MUST(text.length <= 255);
    byte_reader_init(&r, text.data, text.length);
    while (byte_reader_left(&r) > 0) {
        const size_t length = utf8_length(r);

        MUST(length > 0);
        (void)byte_read_bytes(&r, length);
    }
}

static void must_be_key(struct amf0_string key)
{
    MUST(key.length >= 1 && key.length <= 63);
    for (size_t i = 0; i < key.length; i++)
        MUST(key.data[i] >= 0x20 && key.data[i] <= 0x7E);
    MUST(!amf0_string_is(key, "keyframes") && !amf0_string_is(key, "filesize"));
}

static bool is_same(struct amf0_string a, struct amf0_string b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* No member that follows may have the key. */
static void must_be_only(struct amf0_string key, struct byte_reader r)
{
    struct amf0_string other;

    MUST(amf0_skip(&r));
    while (amf0_next_member(&r, &other)) {
        MUST(!is_same(key, other));
        MUST(amf0_skip(&r));
    }
}

/* Reads what was written; returns the number of members. */
static uint32_t read_members(struct byte_reader *r, double duration_s)
{
    struct amf0_string key;
    struct amf0_value value;
    uint32_t count = 0;

    while (amf0_next_member(r, &key)) {
        must_be_key(key);
        must_be_only(key, *r);
        MUST(amf0_read(r, &value));
        if (value.type == AMF0_NUMBER)
            MUST(isfinite(value.number));
        else if (value.type == AMF0_STRING)
            must_be_text(value.string);
        else
            MUST(value.type == AMF0_BOOLEAN);
        MUST(!amf0_string_is(key, "duration") ||
             (count == 0 && value.number == duration_s && duration_s > 0));
        count++;
    }
    MUST(!r->failed && byte_reader_left(r) == 0);
    return count;
}

static void must_be_good(const uint8_t *body, size_t length, double duration_s)
{
    struct byte_reader r;
    struct amf0_value value;
    uint32_t count;

    byte_reader_init(&r, body, length);
    MUST(amf0_read(&r, &value) && value.type == AMF0_STRING);
    MUST(amf0_string_is(value.string, "onMetaData"));
    MUST(byte_read_u8(&r) == AMF0_ECMA_ARRAY);
    count = byte_read_u32(&r);
    MUST(read_members(&r, duration_s) == count);
}

/* Neither may a member be lost nor may one come. */
static void must_be_same(const uint8_t *body, size_t length,
                         const struct flv_metadata *metadata)
{
    struct flv_metadata again;
    struct byte_reader r;

    byte_reader_init(&r, body, length);
    MUST(flv_metadata_read(r, &again));
    MUST(again.count == metadata->count);
    MUST(again.length_bytes == metadata->length_bytes);
    MUST(memcmp(again.members, metadata->members, again.length_bytes) == 0);
    MUST(again.duration_s == metadata->duration_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flv_metadata metadata;
    uint8_t body[FLV_METADATA_BYTES];
    struct byte_reader r;
    struct byte_writer w;
    bool found;

    byte_reader_init(&r, data, size);
    found = flv_metadata_read(r, &metadata);
    MUST(metadata.length_bytes <= sizeof(metadata.members));
    MUST(found || (metadata.count == 0 && metadata.duration_s == 0));
    MUST(metadata.duration_s >= 0 && isfinite(metadata.duration_s));

    byte_writer_init(&w, body, sizeof(body));
    flv_metadata_write(&metadata, metadata.duration_s, &w);
    MUST(!w.failed);
    must_be_good(body, byte_writer_length(&w), metadata.duration_s);
    must_be_same(body, byte_writer_length(&w), &metadata);
    return 0;
}
