/* The first bytes of a file: is it FLV, and where do its tags begin? */
#ifndef FLVD_FLV_HEAD_H
#define FLVD_FLV_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "flv/movie.h"
#include "flv/scan.h"

/* Whether `fd` is a regular file that is not empty; `st` is filled. False and
 * `error->what` filled when it is not. */
bool flv_head_check_file(int fd, struct stat *st, struct movie_error *error);

/* Reads the file header of the `size_bytes` long file under `scan`. True and
 * where the first tag's header is expected; false and `error` filled when the
 * file is no FLV. Harmless faults go to the scan's on_fault. */
bool flv_head_read(struct flv_scan *scan, int64_t size_bytes,
                   int64_t *first_tag_bytes, struct movie_error *error);

#endif
