/* onMetaData (Adobe E.5; AMF0 3.1): reads the file's, keeps the members that
 * every client bears, writes them anew.
 *
 * Members are kept encoded, so that writing is copying. Objects, arrays and
 * dates are never kept, nor is what stops being true when the file is served
 * instead of read: sizes, positions, indexes and time stamps. */
#include "flv/metadata.h"

#include <math.h>
#include <string.h>

#include "amf/amf0.h"
#include "base/utf8.h"

/* A longer duration than this, some thirty years, is not believed. */
#define MAX_DURATION_S 1e9
#define MAX_KEY_BYTES 63
#define MAX_STRING_BYTES 255

static const char *const left_out[] = {
    "audiosize",
    "bytelength",
    "cuePoints",
    "datasize",
    "duration",
    "endtime",
    "filesize",
    "hasCuePoints",
    "hasKeyframes",
    "keyframes",
    "lastkeyframelocation",
    "lastkeyframetimestamp",
    "lasttimestamp",
    "starttime",
    "totalduration",
    "videosize",
};

static bool key_is_safe(struct amf0_string key)
{
    struct byte_reader r;

    if (key.length < 1 || key.length > MAX_KEY_BYTES)
        return false;
    byte_reader_init(&r, key.data, key.length);
    while (byte_reader_left(&r) > 0) {
        const uint8_t c = byte_read_u8(&r);

        if (c < 0x20 || c > 0x7E)
            return false;
    }
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (amf0_string_is(key, left_out[i]))
            return false;
    return true;
}

static bool string_is_safe(struct amf0_string s)
{
    struct byte_reader r;

    if (s.length > MAX_STRING_BYTES)
        return false;
    byte_reader_init(&r, s.data, s.length);
    while (byte_reader_left(&r) > 0) {
        const size_t length = utf8_length(r);

        if (length == 0)
            return false;
        (void)byte_read_bytes(&r, length);
    }
    return true;
}

static bool value_is_safe(const struct amf0_value *value)
{
    switch (value->type) {
    case AMF0_NUMBER:
        return isfinite(value->number);
    case AMF0_BOOLEAN:
        return true;
    case AMF0_STRING:
        return string_is_safe(value->string);
    default:
        return false;
    }
}

static bool has_member(const struct flv_metadata *metadata,
                       struct amf0_string key)
{
    struct byte_reader r;
    struct amf0_string kept;

    byte_reader_init(&r, metadata->members, metadata->length_bytes);
    while (amf0_next_member(&r, &kept)) {
        if (kept.length == key.length &&
            memcmp(kept.data, key.data, key.length) == 0)
            return true;
        (void)amf0_skip(&r);
    }
    return false;
}

static void add_member(struct flv_metadata *metadata, struct amf0_string key,
                       const struct amf0_value *value)
{
    struct byte_writer w;

    if (!key_is_safe(key) || !value_is_safe(value) || has_member(metadata, key))
        return;
    byte_writer_init(&w, &metadata->members[metadata->length_bytes],
                     sizeof(metadata->members) - metadata->length_bytes);
    amf0_write_key_n(&w, key);
    if (value->type == AMF0_NUMBER)
        amf0_write_number(&w, value->number);
    else if (value->type == AMF0_BOOLEAN)
        amf0_write_boolean(&w, value->boolean);
    else
        amf0_write_string_n(&w, value->string);
    if (w.failed)
        return;
    metadata->length_bytes += byte_writer_length(&w);
    metadata->count++;
}

static void read_members(struct byte_reader *r, struct flv_metadata *metadata)
{
    struct amf0_string key;
    struct amf0_value value;
    unsigned looked_at = 0;

    while (looked_at++ < FLV_METADATA_MAX_MEMBERS &&
           amf0_next_member(r, &key)) {
        if (!amf0_read(r, &value))
            return;
        if (amf0_string_is(key, "duration") && value.type == AMF0_NUMBER &&
            value.number > 0 && value.number <= MAX_DURATION_S)
            metadata->duration_s = value.number;
        add_member(metadata, key, &value);
        if (!amf0_skip_rest(r, &value))
            return;
    }
}

static bool read_name(struct byte_reader *r, const char *name)
{
    struct byte_reader attempt = *r;
    struct amf0_value value;

    if (!amf0_read(&attempt, &value) || value.type != AMF0_STRING ||
        !amf0_string_is(value.string, name))
        return false;
    *r = attempt;
    return true;
}

bool flv_metadata_read(struct byte_reader data, struct flv_metadata *metadata)
{
    struct amf0_value value;

    memset(metadata, 0, sizeof(*metadata));
    /* A recording of what a publisher sent has the command's name first. */
    (void)read_name(&data, "@setDataFrame");
    if (!read_name(&data, "onMetaData") || !amf0_read(&data, &value) ||
        (value.type != AMF0_OBJECT && value.type != AMF0_ECMA_ARRAY))
        return false;
    read_members(&data, metadata);
    return true;
}

void flv_metadata_write(const struct flv_metadata *metadata, double duration_s,
                        struct byte_writer *w)
{
    const bool has_duration = duration_s > 0;

    amf0_write_string(w, "onMetaData");
    amf0_write_ecma_array_begin(w, metadata->count + has_duration);
    if (has_duration) {
        amf0_write_key(w, "duration");
        amf0_write_number(w, duration_s);
    }
    byte_write_bytes(w, metadata->members, metadata->length_bytes);
    amf0_write_object_end(w);
}
