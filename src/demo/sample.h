/* The film of --demo: an FLV file that is part of the program, H.264 and AAC,
 * made by script/make-demo.
 *
 * It loops without a seam: 240 frames of 40 ms and 450 frames of 1024 samples
 * at 48 kHz take the same 9.6 s, both begin at time 0, and the last frame of
 * each leads on to its first. */
#ifndef FLVD_DEMO_SAMPLE_H
#define FLVD_DEMO_SAMPLE_H

#include <stdint.h>

/* The bytes of the file are those from flvd_demo_sample up to, and without,
 * flvd_demo_sample_end: read-only, there for as long as the program runs. */
extern const uint8_t flvd_demo_sample[];
extern const uint8_t flvd_demo_sample_end[];

#endif
