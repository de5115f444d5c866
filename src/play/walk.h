/* The way through a timeline to the keyframe at which a play can go on, with
 * the headers in force there. Pure but for the movie that it reads. Needs no
 * index in the file: what was not read before is read on the way. */
#ifndef FLVD_PLAY_WALK_H
#define FLVD_PLAY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "play/header_set.h"
#include "play/timeline.h"

/* Tags that one step looks at; commands are heard between two. */
#define WALK_STEP_TAGS 256

enum walk_goal {
    WALK_TO_OR_BEFORE, /* the target; the first keyframe if none is before */
    WALK_TO_OR_BEHIND  /* the last keyframe if none is behind */
};

struct walk {
    enum walk_goal goal;
    int64_t target_ms;         /* on the timeline */
    struct timeline timeline;  /* on its way to the target */
    struct header_set headers; /* in force there, as far as they were met */
    /* The keyframe that is the best so far. */
    bool has_landing;
    int64_t landing_ms;
    struct timeline landing; /* before it */
    struct header_set landing_headers;
};

enum walk_result {
    WALK_MORE, /* take a further step */
    WALK_FOUND,
    WALK_FOUND_LAST, /* the last keyframe; the target is behind it */
    WALK_NOWHERE,    /* there is no keyframe */
    WALK_END,        /* the target is past the end */
    WALK_FAILED
};

/* Begins where `from` stands. The caller may move walk->timeline from there. */
void walk_init(struct walk *walk, const struct timeline *from,
               enum walk_goal goal, int64_t target_ms);
void walk_destroy(struct walk *walk);

/* A bounded step. May block on the disk. */
enum walk_result walk_step(struct walk *walk);

#endif
