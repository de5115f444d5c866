/* The tags of an open FLV file, one after the other, whatever is wrong with
 * the file.
 *
 * A tag is given out when its payload lies wholly in the file and something
 * proves its end: its back pointer, a plausible header behind it, or the end
 * of the file. Where that fails, the scan looks for the next place at which
 * tags prove each other and goes on there; what it left out is a fault, told
 * once. Blocks on the disk, for one bounded read at a time. Not thread-safe:
 * whoever shares a scan locks it. */
#ifndef FLVD_FLV_SCAN_H
#define FLVD_FLV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flv/tag.h"

/* What one read brings at most: some tens of small tags. No thread that serves
 * has the stack for it: a scan is part of something larger. */
#define FLV_SCAN_BUFFER_BYTES 16384

enum flv_fault {
    FLV_FAULT_ZERO_BACK_POINTER, /* harmless, and then in the whole file */
    FLV_FAULT_BACK_POINTER,      /* the same for other wrong values */
    FLV_FAULT_UNKNOWN_TYPE,      /* a sound tag of a type that nobody knows */
    FLV_FAULT_CUT_SHORT,         /* the file ends within a tag */
    FLV_FAULT_DAMAGE             /* anything that is left out in between */
};

/* Told of a fault and where it is; `what` is a text for people, valid for the
 * length of the call. FLV_FAULT_DAMAGE comes once for each place, the other
 * kinds may repeat. */
typedef void flv_fault_fn(void *context, enum flv_fault fault,
                          int64_t offset_bytes, const char *what);

struct flv_scan {
    int fd;                 /* stays the caller's */
    flv_fault_fn *on_fault; /* NULL: faults are not told */
    void *context;
    /* the scan's own business: the bytes that were read last */
    bool reads_nothing; /* just now */
    int64_t buffer_offset_bytes;
    size_t buffer_length_bytes;
    uint8_t buffer[FLV_SCAN_BUFFER_BYTES];
};

void flv_scan_init(struct flv_scan *scan, int fd, flv_fault_fn *on_fault,
                   void *context);

/* Where a scan stands. One scan may serve many positions; a copy made behind
 * a tag leads to the same tags again as long as the file is the same. That it
 * was changed may be noticed as late as with the next read. */
struct flv_scan_position {
    int64_t offset_bytes;     /* where the next tag's header is expected */
    int64_t search_bytes;     /* damage there: how far it was searched; or 0 */
    int64_t undecided_bytes;  /* the first likely tag in that search that runs
                                 over the end of the file; or 0 */
    bool fault_told;          /* of the damage there */
    bool back_pointers_wrong; /* as the last tag's was, though it was sound */
};

/* A position at the tag header expected at `offset_bytes`. */
void flv_scan_position_init(struct flv_scan_position *position,
                            int64_t offset_bytes);

struct flv_scan_tag {
    struct flv_tag_header header;
    struct flv_tag_class class;
    int64_t data_offset_bytes; /* the header is FLV_TAG_HEADER_BYTES before */
};

enum flv_scan_result {
    FLV_SCAN_TAG,   /* `tag` was filled, the position is behind it */
    FLV_SCAN_MORE,  /* a stretch of damage was searched: ask again */
    FLV_SCAN_END,   /* no whole tag follows now; a file that grows may have
                       one when asked again */
    FLV_SCAN_FAILED /* the disk failed, or the file was cut before the
                       position (ESTALE): errno says which */
};

/* The next tag, of whatever type and kind. Reads at most a few buffers, or
 * FLV_MAX_RESYNC_BYTES of a damaged place. */
enum flv_scan_result flv_scan_next(struct flv_scan *scan,
                                   struct flv_scan_position *position,
                                   struct flv_scan_tag *tag);

/* The same, if the bytes that were read last prove a tag: never reads. False
 * when they do not, and flv_scan_next has to tell. */
bool flv_scan_next_held(struct flv_scan *scan,
                        struct flv_scan_position *position,
                        struct flv_scan_tag *tag);

/* A reader over the bytes at `offset_bytes`: at least `want_bytes` (no more
 * than FLV_SCAN_BUFFER_BYTES) or all up to the end of the file. They are valid
 * until the scan is used again. False when the disk fails, with errno. */
bool flv_scan_read(struct flv_scan *scan, int64_t offset_bytes,
                   size_t want_bytes, struct byte_reader *r);

/* Whether a plausible tag header stands at `offset_bytes`, and which. */
bool flv_scan_header(struct flv_scan *scan, int64_t offset_bytes,
                     struct flv_tag_header *header);

#endif
