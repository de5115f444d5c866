/* onMetaData, rebuilt (reference: E.5): clients abort playback on metadata
 * with members that they do not know, so flvd writes its own, from the
 * members of the file's that are safe. Pure. */
#ifndef FLVD_FLV_METADATA_H
#define FLVD_FLV_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* What the rebuilt message needs at most, duration included. */
#define FLV_METADATA_BYTES 4096
/* How many members of a file's metadata are looked at: each is compared with
 * all that are kept, and a script tag has room for a million. Real files have
 * a hundred. */
#define FLV_METADATA_MAX_MEMBERS 4096

/* What is kept of a file's metadata: encoded members, without duration. */
struct flv_metadata {
    uint32_t count;      /* members in `members` */
    size_t length_bytes; /* used of `members` */
    double duration_s;   /* what the file claims; 0 when it says nothing sane */
    uint8_t members[FLV_METADATA_BYTES - 128];
};

/* Reads a script tag's data. True when it is onMetaData (also behind
 * @setDataFrame) and `metadata` was filled: numbers that are finite, booleans
 * and strings of valid UTF-8 below 256 bytes, with keys of 1 to 63 bytes of
 * printable ASCII; no duration, file positions, sizes, indexes or time stamps
 * of the file, no member named twice, no more than fit, and none behind the
 * first FLV_METADATA_MAX_MEMBERS. Malformed data keeps what came before the
 * damage. `metadata` is all zero otherwise. */
bool flv_metadata_read(struct byte_reader data, struct flv_metadata *metadata);

/* Writes the body of the data message: "onMetaData" and an ECMA array with an
 * exact count. The duration is left out when `duration_s` is 0. */
void flv_metadata_write(const struct flv_metadata *metadata, double duration_s,
                        struct byte_writer *w);

#endif
