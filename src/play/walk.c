/* From keyframe to keyframe. */
#include "config.h"

#include "play/walk.h"

#include <string.h>

void walk_init(struct walk *walk, const struct timeline *from,
               enum walk_goal goal, int64_t target_ms)
{
    struct movie *movie = from->cursor.movie;

    memset(walk, 0, sizeof(*walk));
    walk->goal = goal;
    walk->target_ms = target_ms;
    timeline_init(&walk->timeline, movie, &from->options);
    timeline_copy(&walk->timeline, from);
    timeline_init(&walk->landing, movie, &from->options);
}

void walk_destroy(struct walk *walk)
{
    timeline_destroy(&walk->timeline);
    timeline_destroy(&walk->landing);
}

/* Whether a play may begin at a tag: keyframes of the main track, or any frame
 * where there is no video to wait for. */
static bool is_entry(const struct timeline *timeline,
                     const struct movie_tag *tag)
{
    if (movie_is_keyframe(timeline->cursor.movie, tag))
        return true;
    return tag->kind == FLV_KIND_FRAME &&
           !(timeline->options.video &&
             movie_has_keyframe(timeline->cursor.movie));
}

static void note_landing(struct walk *walk, int64_t time_ms)
{
    timeline_copy(&walk->landing, &walk->timeline);
    timeline_put_back(&walk->landing);
    walk->has_landing = true;
    walk->landing_ms = time_ms;
    walk->landing_headers = walk->headers;
}

/* Looks at one tag on the way. True when the landing is settled. */
static bool look_at(struct walk *walk, const struct timeline_item *item)
{
    bool is_behind = item->time_ms >= walk->target_ms;

    header_set_note(&walk->headers, &item->tag);
    if (!flv_tag_kind_is_frame(item->tag.kind))
        return false;
    if (walk->goal == WALK_TO_OR_BEHIND) {
        if (!is_entry(&walk->timeline, &item->tag))
            return false;
        note_landing(walk, item->time_ms);
        return is_behind;
    }
    if (is_entry(&walk->timeline, &item->tag) &&
        (item->time_ms <= walk->target_ms || !walk->has_landing))
        note_landing(walk, item->time_ms);
    return item->time_ms > walk->target_ms && walk->has_landing;
}

/* The end of the last round was met. */
static enum walk_result judge_end(const struct walk *walk)
{
    const struct timeline *end = &walk->timeline;

    if (walk->target_ms >= end->round_start_ms + end->round_length_ms)
        return WALK_END;
    return walk->has_landing ? WALK_FOUND_LAST : WALK_NOWHERE;
}

/* Once the length of a round is known, nobody walks through more of them. */
static void skip_rounds(struct walk *walk)
{
    struct timeline *timeline = &walk->timeline;

    if (timeline_round_at(timeline, walk->target_ms) > timeline->round)
        timeline_move_to(timeline, walk->target_ms);
}

enum walk_result walk_step(struct walk *walk)
{
    for (int i = 0; i < WALK_STEP_TAGS; i++) {
        struct timeline_item item;

        switch (timeline_next(&walk->timeline, &item)) {
        case MOVIE_TAG:
            break;
        case MOVIE_MORE:
            return WALK_MORE;
        case MOVIE_END:
            return judge_end(walk);
        case MOVIE_FAILED:
            return WALK_FAILED;
        }
        if (look_at(walk, &item))
            return WALK_FOUND;
        skip_rounds(walk);
    }
    return WALK_MORE;
}
