/* How long a file plays, told from its last tags. */
#ifndef FLVD_FLV_DURATION_H
#define FLVD_FLV_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "flv/scan.h"

/* What is known from the head of the file. */
struct flv_duration_start {
    int64_t first_tag_bytes; /* where the header of the first tag is */
    int64_t first_frame_ms;  /* the time that the duration counts from */
    bool has_audio;          /* frames of the type were seen */
    bool has_video;
};

/* Time from the first frame to the end of the last one in the `size_bytes`
 * long file, the last one's length being that of the one before; 0 when the
 * last tags do not tell. Right for files of less than 2^31 ms (24 days). Reads
 * a few KiB of a sound file, of another one 17 MiB at most. */
int64_t flv_duration_read(struct flv_scan *scan, int64_t size_bytes,
                          const struct flv_duration_start *start);

#endif
