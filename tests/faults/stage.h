/* Files that flvd serves in a test of faults: two films, a certificate. */
#ifndef FLVD_TESTS_FAULTS_STAGE_H
#define FLVD_TESTS_FAULTS_STAGE_H

#include "viewer.h"

/* What all scenes of a program are played with. */
struct stage {
    char directory[64];     /* of the files that are served */
    struct film film;       /* "film": short, a FILE */
    struct film other;      /* "other": longer, in a DIRECTORY */
    char certificate[96];   /* with its key; "": without TLS */
    const char *options[8]; /* more of flvd's, up to a NULL */
};

/* Ends the program when it cannot be set. */
void stage_set(struct stage *stage);
void stage_clear(struct stage *stage);

/* One more option for flvd. */
void stage_add_option(struct stage *stage, const char *option);

/* Puts a new file with this film in the place of the old one. */
void stage_replace(const struct stage *stage, const char *name,
                   const struct film *film);

/* Ends the program, with `what` and errno. */
void stage_give_up(const char *what) __attribute__((noreturn));

#endif
