/* Which headers are in force, one tag of the file after the other. */
#include "config.h"

#include "play/header_set.h"

#include <stdbool.h>
#include <string.h>

static bool is_same_track(const struct movie_tag *a, const struct movie_tag *b)
{
    return a->type == b->type && a->track_id == b->track_id;
}

static void remove_at(struct header_set *set, size_t index)
{
    set->count--;
    memmove(&set->tags[index], &set->tags[index + 1],
            (set->count - index) * sizeof(set->tags[0]));
}

static void insert(struct header_set *set, const struct movie_tag *tag)
{
    size_t index = set->count;

    if (set->count == HEADER_SET_MAX_TAGS)
        return;
    while (tag->type == FLV_TAG_VIDEO && index > 0 &&
           set->tags[index - 1].type == FLV_TAG_AUDIO)
        index--;
    memmove(&set->tags[index + 1], &set->tags[index],
            (set->count - index) * sizeof(set->tags[0]));
    set->tags[index] = *tag;
    set->count++;
}

static void put(struct header_set *set, const struct movie_tag *tag)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_same_track(&set->tags[i], tag) &&
            set->tags[i].kind == tag->kind) {
            set->tags[i] = *tag;
            return;
        }
    }
    insert(set, tag);
}

/* Whether a tag that is no header ends a header of its track. */
static bool ends(const struct movie_tag *tag, const struct movie_tag *header)
{
    if (tag->kind == FLV_KIND_SEQUENCE_END)
        return tag->codec == header->codec &&
               (tag->codec & FLV_CODEC_FOUR_CC) != 0;
    return tag->codec != header->codec && tag->codec != FLV_CODEC_UNKNOWN &&
           header->codec != FLV_CODEC_UNKNOWN;
}

void header_set_note(struct header_set *set, const struct movie_tag *tag)
{
    if (flv_tag_kind_is_header(tag->kind)) {
        put(set, tag);
        return;
    }
    for (size_t i = set->count; i > 0; i--) {
        const struct movie_tag *header = &set->tags[i - 1];

        if (is_same_track(header, tag) && ends(tag, header))
            remove_at(set, i - 1);
    }
}
