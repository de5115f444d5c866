/* flvd in a child of its own, under a plan of faults, and what happens to it in
 * a test: one who plays all the time and is spared, and others who come, play,
 * seek, pause, talk nonsense and go. The whole program runs, its main too. */
#ifndef FLVD_TESTS_FAULTS_SCENE_H
#define FLVD_TESTS_FAULTS_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "fault.h"
#include "stage.h"
#include "viewer.h"

#define SCENE_TEXT_BYTES 512
#define SCENE_MAX_ARGUMENTS 24

struct scene {
    const struct stage *stage;
    struct fault_plan *plan;
    int log_fd;
    pid_t pid;        /* 0: it has ended, */
    int status;       /* with this, */
    int64_t ended_ns; /* at this time */
    bool was_asked;   /* to stop */
    bool has_viewer;  /* the one who is spared is there */
    struct viewer viewer;
    size_t threads; /* with that one alone */
    size_t descriptors;
    size_t kept;                  /* files that may be open beside */
    char wrong[SCENE_TEXT_BYTES]; /* "": nothing */
};

/* Starts flvd. False when it ended instead of listening, or `wrong`. */
bool scene_start(struct scene *scene, const struct stage *stage,
                 struct fault_plan *plan);

/* The one who is spared comes and begins to play, over and over. */
bool scene_begin_witness(struct scene *scene);

/* The same, if it does not stop meanwhile. */
bool scene_let_witness_begin(struct scene *scene);

/* All others, whom anything may befall; what they get must be right. */
void scene_play(struct scene *scene);

/* SIGHUP: what is known of files is forgotten. */
void scene_hang_up(struct scene *scene);

/* Those whom nothing befalls: they must get everything. */
void scene_recover(struct scene *scene);

/* Only the one who is spared is left, with the threads there were, and
 * descriptors of what may be kept. */
void scene_settle(struct scene *scene);

/* Notes the threads and descriptors that there are: who is there stays. */
void scene_count(struct scene *scene);

/* What flvd has of memory that is nobody else's. */
long scene_memory_kib(const struct scene *scene);

/* The one who is spared still gets everything, and can pause. */
void scene_check_witness(struct scene *scene);

/* SIGTERM: that one is told so, and flvd ends with exit status 0. */
void scene_stop(struct scene *scene);

/* SIGTERM alone, if it still runs. */
void scene_ask_to_stop(struct scene *scene);

/* Waits for the end of flvd, whatever the exit status; false if it hangs. */
bool scene_wait(struct scene *scene);

/* What is wrong, once it has ended and nothing else is wrong: its exit status,
 * reports of sanitizers, reasons that nobody knows. */
void scene_judge_end(struct scene *scene);

/* The same when it ended at its start: that exit status, and a line that says
 * why. */
void scene_judge_failed_start(struct scene *scene, int status);

/* Ends whatever is left, with the log on `output` if something is wrong. */
void scene_end(struct scene *scene, FILE *output);

/* Notes what is wrong, unless something is already. */
void scene_is_wrong(struct scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
