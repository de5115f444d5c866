/* Which codec a tag is of: for people, and to know whether its decoder needs
 * a configuration. Pure. */
#ifndef FLVD_CHECK_CODEC_H
#define FLVD_CHECK_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "flv/tag.h"

struct codec {
    const char *name;           /* static */
    bool needs_sequence_header; /* before its first frame */
};

/* The codec of an audio or video tag that a player can use. One that nobody
 * knows, or that lies behind too much, has the name "of an unknown codec". */
struct codec codec_of_tag(uint8_t type, const struct flv_tag_class *class);

#endif
