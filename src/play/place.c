/* From the timeline to the next tag and its pace. */
#include "config.h"

#include "play/place.h"

#include <string.h>

void playback_place_init(struct playback_place *place, struct movie *movie,
                         const struct timeline_options *options)
{
    memset(place, 0, sizeof(*place));
    timeline_init(&place->timeline, movie, options);
    place->receives_audio = true;
    place->receives_video = true;
}

void playback_place_destroy(struct playback_place *place)
{
    timeline_destroy(&place->timeline);
}

void playback_place_copy(struct playback_place *to,
                         const struct playback_place *from)
{
    struct timeline timeline = to->timeline;

    timeline_copy(&timeline, &from->timeline);
    *to = *from;
    to->timeline = timeline;
}

enum movie_result playback_place_read(struct playback_place *place,
                                      int64_t now_ns)
{
    enum movie_result result = timeline_next(&place->timeline, &place->next);

    if (result != MOVIE_TAG)
        return result;
    place->has_next = true;
    place->next_pace_ms = place->sent_pace_ms;
    if (!flv_tag_kind_is_frame(place->next.tag.kind))
        return MOVIE_TAG;
    if (!place->clock_runs)
        media_clock_start(&place->clock, place->next.time_ms, now_ns);
    place->clock_runs = true;
    place->next_pace_ms = media_clock_pace(&place->clock, place->next.time_ms);
    return MOVIE_TAG;
}

void playback_place_give_out(struct playback_place *place)
{
    if (place->next_pace_ms > place->sent_pace_ms)
        place->sent_pace_ms = place->next_pace_ms;
    if (place->next.time_ms > place->sent_time_ms)
        place->sent_time_ms = place->next.time_ms;
    place->has_next = false;
}

bool playback_place_receives(const struct playback_place *place,
                             const struct movie_tag *tag)
{
    return tag->type == FLV_TAG_AUDIO ? place->receives_audio
                                      : place->receives_video;
}
