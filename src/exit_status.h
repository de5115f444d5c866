/* What flvd tells whoever started it. */
#ifndef FLVD_EXIT_STATUS_H
#define FLVD_EXIT_STATUS_H

enum exit_status {
    EXIT_STOPPED = 0,     /* did what it was asked to */
    EXIT_CANNOT_WORK = 1, /* could not do its work */
    EXIT_USAGE = 2        /* was asked for what makes no sense */
};

#endif
