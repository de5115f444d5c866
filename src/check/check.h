/* flvd --check: reads whole files and reports what is wrong with them. */
#ifndef FLVD_CHECK_CHECK_H
#define FLVD_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum check_result {
    CHECK_SOUND,
    CHECK_DAMAGED, /* one file at least is, or cannot be read */
    CHECK_FAILED   /* the report could not be written: errno says why */
};

/* Checks `count` files one after the other; blocks on the disk. The report is
 * on standard output, a progress bar on standard error if that is a terminal.
 * With `quiet` there is no bar, and nothing is said of what is sound. */
enum check_result check_files(char *const *files, size_t count, bool quiet);

#endif
