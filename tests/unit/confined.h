/* Tries at what a sandbox forbids: each in a process of its own, since nothing
 * of it can be taken back, with a tree of files to try it at. */
#ifndef FLVD_TESTS_UNIT_CONFINED_H
#define FLVD_TESTS_UNIT_CONFINED_H

#include <stdbool.h>

#define NOBODY 65534

/* What a try found: one of these, or else errno, which is below them. */
#define WENT_WELL 200
#define NOT_SANDBOXED 201
#define ENDED_BY_SIGSYS 202

/* WENT_WELL, or errno. */
int outcome(bool went_well);

/* What `attempt` returns, in a child; waits for it. */
int in_child(int (*attempt)(const void *), const void *argument);

/* The same of a child that was made elsewhere. */
int outcome_of(int child);

bool is_root(void);

/* A tree of files: media is a DIRECTORY, folder/file a FILE; links/link leads
 * to far/target; outside and beside are what nobody has named, media/sub/out
 * leads there; secret is for its owner only. */
void tree_make(void);
void tree_remove(void);

/* The path of something in it; the next three calls leave it alone. */
const char *path_of(const char *name);

/* A try: opens what has this name in the tree. */
int open_to_read(const void *name);

#endif
