/* The movies that are in use, shared by all who play the same file, and the
 * newest few that were: an open descriptor to a movie. It also remembers files
 * that could not be played, so that a damaged one is not searched anew for
 * each who asks for it. Thread-safe. */
#ifndef FLVD_SERVER_SHELF_H
#define FLVD_SERVER_SHELF_H

#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/line_budget.h"
#include "flv/movie.h"

/* Movies that are kept though nobody plays them. */
#define SHELF_MAX_IDLE 8
/* Files that cannot be played and are remembered. */
#define SHELF_MAX_FAILURES 64

/* Faults of files that the log tells in a minute: who asks for many damaged
 * files in turn has each opened again and again. */
#define SHELF_MAX_FAULT_LINES 500

struct shelf_failure {
    struct stat file; /* as it was */
    struct movie_error error;
};

struct shelf {
    struct line_budget fault_lines;
    pthread_mutex_t lock;           /* guards all below */
    pthread_cond_t opened;          /* one of `openings` is over */
    struct shelf_opening *openings; /* files that somebody opens just now */
    struct shelf_movie *newest;     /* a list by the time they were asked for */
    struct shelf_failure *failures; /* a ring; NULL before the first */
    size_t failure_count;
    size_t next_failure;
};

void shelf_init(struct shelf *shelf);
void shelf_destroy(struct shelf *shelf);

/* The movie of the file at `fd`, which it takes over, with a reference for the
 * caller; NULL, and `error` filled, when it cannot be played. `label` names the
 * file in the log and is copied; the shelf outlives the movie. May block on the
 * disk, but holds no lock meanwhile; of those who want the same file at once
 * one opens it, and the others wait for what comes of it. */
struct movie *shelf_open(struct shelf *shelf, int fd, const char *label,
                         struct movie_error *error);

/* Lets go of the movies that nobody plays, but for the newest few, and of those
 * too whose files were deleted. For the end of a connection, which may have
 * played; shelf_open does it too. */
void shelf_tidy(struct shelf *shelf);

/* How many movies there are on it, and what their indexes take. */
struct shelf_size {
    size_t movies;
    uint64_t index_bytes;
};
struct shelf_size shelf_measure(struct shelf *shelf);

/* Forgets everything; who plays a movie goes on. */
void shelf_forget(struct shelf *shelf);

#endif
