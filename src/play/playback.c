/* From the timeline to timed items: lead, pause, seek. */
#include "config.h"

#include "play/playback.h"

#include <string.h>

#include "base/clock.h"

/* Nobody goes further: 34 years of rounds. */
#define MAX_TARGET_MS (INT64_C(1) << 40)
/* How far ahead a long way over what is not received leads. */
#define MAX_IDLE_LEAD_NS CLOCK_NS_PER_S

void playback_init(struct playback *playback, struct movie *movie,
                   const struct timeline_options *options, int64_t lead_ms)
{
    memset(playback, 0, sizeof(*playback));
    playback_place_init(&playback->place, movie, options);
    playback_receive(playback, true, true);
    playback_set_lead(playback, lead_ms);
}

static void end_walk(struct playback *playback)
{
    if (playback->errand != PLAYBACK_STAYS)
        walk_destroy(&playback->walk);
    playback->errand = PLAYBACK_STAYS;
}

void playback_destroy(struct playback *playback)
{
    end_walk(playback);
    playback_place_destroy(&playback->place);
}

struct movie *playback_movie(const struct playback *playback)
{
    return playback->place.timeline.cursor.movie;
}

void playback_set_lead(struct playback *playback, int64_t lead_ms)
{
    playback->lead_ms = lead_ms < 0 ? 0 : lead_ms;
    playback->is_filling = true;
}

void playback_receive(struct playback *playback, bool audio, bool video)
{
    playback->receives_audio = audio;
    playback->receives_video = video;
    playback->place.receives_audio = audio;
    playback->place.receives_video = video;
}

void playback_set_skip_late(struct playback *playback, int64_t skip_late_ms)
{
    playback->skip_late_ms = skip_late_ms;
}

int64_t playback_position_ms(const struct playback *playback)
{
    return playback->place.sent_time_ms - playback->base_ms;
}

int64_t playback_viewer_ms(const struct playback *playback, int64_t now_ns)
{
    const struct playback_place *place = &playback->place;
    int64_t at_ns = playback->is_paused ? playback->paused_ns : now_ns;
    int64_t time_ms;

    if (playback->errand == PLAYBACK_SEEKS)
        return playback->walk.target_ms - playback->base_ms;
    if (!place->clock_runs)
        return 0;
    time_ms = (at_ns - place->clock.origin_ns) / CLOCK_NS_PER_MS -
              place->clock.shift_ms;
    if (time_ms > place->sent_time_ms)
        time_ms = place->sent_time_ms;
    return time_ms > playback->base_ms ? time_ms - playback->base_ms : 0;
}

void playback_stand(const struct playback *playback,
                    struct playback_standing *standing)
{
    const struct playback_place *place = &playback->place;

    standing->time_ms = place->sent_time_ms;
    standing->played_at_ns =
        place->clock_runs
            ? media_clock_at_ns(&place->clock, place->sent_pace_ms)
            : 0;
    standing->paused_ns = playback->is_paused ? playback->paused_ns : 0;
    standing->round_length_ms = place->timeline.round_length_ms;
}

/* --- pacing ------------------------------------------------------------- */

/* Whether `next` may go now; else when. The viewer is fed again when half of
 * its lead was played, and not before the next tag falls into the lead. */
static bool is_due(struct playback *playback, int64_t now_ns, int64_t *due_ns)
{
    const struct playback_place *place = &playback->place;
    int64_t lead_ns = playback->lead_ms * CLOCK_NS_PER_MS;
    int64_t next_ns, half_ns;

    if (!place->clock_runs)
        return true;
    next_ns = media_clock_at_ns(&place->clock, place->next_pace_ms) - lead_ns;
    if (playback->is_filling && next_ns <= now_ns)
        return true;
    half_ns =
        media_clock_at_ns(&place->clock, place->sent_pace_ms) - lead_ns / 2;
    *due_ns = next_ns > half_ns ? next_ns : half_ns;
    playback->is_filling = *due_ns <= now_ns;
    return playback->is_filling;
}

/* Timestamps are 32 bits and wrap (RTMP 1.0, 3). */
static uint32_t wire_timestamp(const struct playback *playback, int64_t time_ms)
{
    int64_t ms = time_ms - playback->base_ms;

    return ms < 0 ? 0 : (uint32_t)((uint64_t)ms & UINT32_MAX);
}

static bool is_past_duration(const struct playback *playback, int64_t time_ms)
{
    return playback->duration_ms > 0 &&
           time_ms - playback->base_ms >= playback->duration_ms;
}

static bool is_over(const struct playback *playback)
{
    return playback->place.clock_runs &&
           is_past_duration(playback, playback->place.next.time_ms);
}

/* A settled switch is due before the first frame that does not come before its
 * landing. When the landing was sent over since, the walk goes on. */
static bool switches_here(struct playback *playback)
{
    const struct playback_place *place = &playback->place;
    struct walk *walk = &playback->walk;

    if (playback->errand != PLAYBACK_SWITCHES || !playback->is_settled ||
        !flv_tag_kind_is_frame(place->next.tag.kind))
        return false;
    if (playback->is_last_landing)
        return true;
    if (walk->landing_ms < place->sent_time_ms) {
        walk->target_ms = place->sent_time_ms;
        playback->is_settled = false;
        return false;
    }
    return place->next.time_ms >= walk->landing_ms;
}

/* How long ago the next tag should have been played. */
static int64_t late_ms(const struct playback_place *place, int64_t now_ns)
{
    return (now_ns - place->clock.origin_ns) / CLOCK_NS_PER_MS -
           place->next_pace_ms;
}

/* A track that lies behind the other in the file says nothing: it may be late
 * wherever the play goes on. */
static bool is_late(const struct playback *playback, int64_t now_ns)
{
    const struct playback_place *place = &playback->place;

    return playback->skip_late_ms > 0 && !playback->has_no_keyframe &&
           !playback->is_paused && playback->errand == PLAYBACK_STAYS &&
           flv_tag_kind_is_frame(place->next.tag.kind) &&
           place->next_pace_ms == place->clock.furthest_ms &&
           late_ms(place, now_ns) > playback->skip_late_ms;
}

/* From the tag that is next, so that only headers that change on the way are
 * given out again. */
static void start_skip(struct playback *playback, int64_t now_ns)
{
    const struct playback_place *place = &playback->place;

    walk_init(&playback->walk, &place->timeline, WALK_TO_OR_BEHIND,
              place->next.time_ms + late_ms(place, now_ns));
    timeline_put_back(&playback->walk.timeline);
    playback->errand = PLAYBACK_SKIPS;
}

static struct movie_tag next_header(struct playback *playback)
{
    const struct header_set *headers = &playback->headers;

    return headers->tags[headers->count - playback->place.headers_left--];
}

static enum playback_step give_next(struct playback *playback, int64_t now_ns,
                                    struct playback_item *item, int64_t *due_ns)
{
    struct playback_place *place = &playback->place;

    if (place->headers_left > 0) {
        /* After a seek: they have the time of the keyframe. */
        item->tag = next_header(playback);
        item->timestamp_ms = wire_timestamp(playback, place->sent_time_ms);
        return PLAYBACK_SEND;
    }
    if (!place->has_next) {
        enum movie_result result = playback_place_read(place, now_ns);

        *due_ns = now_ns;
        if (result == MOVIE_MORE)
            return PLAYBACK_WAIT;
        if (result == MOVIE_END && playback->errand == PLAYBACK_SWITCHES)
            return playback->is_settled ? PLAYBACK_SWITCH : PLAYBACK_WAIT;
        if (result == MOVIE_END)
            return PLAYBACK_ENDED;
        if (result == MOVIE_FAILED)
            return PLAYBACK_FAILED;
    }
    if (is_over(playback))
        return PLAYBACK_ENDED;
    if (switches_here(playback))
        return PLAYBACK_SWITCH;
    if (is_late(playback, now_ns)) {
        start_skip(playback, now_ns);
        return PLAYBACK_WAIT;
    }
    if (!is_due(playback, now_ns, due_ns))
        return PLAYBACK_WAIT;
    item->tag = place->next.tag;
    item->timestamp_ms = wire_timestamp(playback, place->next.time_ms);
    if (flv_tag_kind_is_frame(place->next.tag.kind)) {
        playback->place.shows_one = false;
        playback->is_based = true;
    }
    playback_place_give_out(place);
    return PLAYBACK_SEND;
}

/* --- pause -------------------------------------------------------------- */

void playback_pause(struct playback *playback, int64_t now_ns)
{
    if (playback->is_paused)
        return;
    playback->is_paused = true;
    playback->place.shows_one = false;
    playback->paused_ns = now_ns;
}

void playback_resume(struct playback *playback, int64_t now_ns)
{
    if (!playback->is_paused)
        return;
    playback->is_paused = false;
    playback->place.shows_one = false;
    playback->place.clock.origin_ns += now_ns - playback->paused_ns;
    playback->is_filling = true;
}

/* --- seek --------------------------------------------------------------- */

static void start_seek(struct playback *playback, int64_t target_ms)
{
    struct walk *walk = &playback->walk;

    end_walk(playback);
    if (target_ms < 0)
        target_ms = 0;
    if (target_ms > MAX_TARGET_MS)
        target_ms = MAX_TARGET_MS;
    walk_init(walk, &playback->place.timeline, WALK_TO_OR_BEFORE, target_ms);
    timeline_move_to(&walk->timeline, target_ms);
    playback->errand = PLAYBACK_SEEKS;
    playback->has_no_keyframe = false;
}

void playback_set_range(struct playback *playback, int64_t start_ms,
                        int64_t duration_ms)
{
    playback->duration_ms = duration_ms;
    /* Only a start that is still to be found chooses the base. */
    playback->is_based = start_ms <= 0;
    if (start_ms > UINT32_MAX)
        start_ms = UINT32_MAX;
    if (start_ms > 0)
        start_seek(playback, start_ms);
}

/* Leaves the movie that was played for another one, before its first tag. */
static void change_movie(struct playback *playback, struct movie *movie)
{
    struct playback_place *place = &playback->place;
    struct timeline timeline;

    timeline_init(&timeline, movie, &place->timeline.options);
    end_walk(playback);
    timeline_destroy(&place->timeline);
    place->timeline = timeline;
    place->has_next = false;
    place->headers_left = 0;
}

void playback_seek(struct playback *playback, int64_t time_ms)
{
    if (playback->errand == PLAYBACK_SWITCHES)
        change_movie(playback, playback->walk.timeline.cursor.movie);
    playback->place.shows_one = playback->is_paused;
    start_seek(playback, time_ms + playback->base_ms);
}

/* The play goes on from the walk's landing, whose headers come first. */
static void go_to_landing(struct playback *playback)
{
    struct playback_place *place = &playback->place;
    const struct walk *walk = &playback->walk;

    timeline_copy(&place->timeline, &walk->landing);
    place->has_next = false;
    place->sent_time_ms = walk->landing_ms;
    playback->headers = walk->landing_headers;
    place->headers_left = playback->headers.count;
    playback->is_filling = true;
}

static void go_to_end(struct playback *playback)
{
    timeline_copy(&playback->place.timeline, &playback->walk.timeline);
    playback->place.has_next = false;
    playback->place.headers_left = 0;
    end_walk(playback);
}

/* The landing's keyframe is due at once. */
static void land(struct playback *playback, int64_t now_ns)
{
    struct playback_place *place = &playback->place;
    int64_t landing_ms = playback->walk.landing_ms;

    go_to_landing(playback);
    place->clock_runs = true;
    media_clock_start(&place->clock, landing_ms, now_ns);
    place->sent_pace_ms = 0;
    playback->paused_ns = now_ns;
    if (!playback->is_based)
        playback->base_ms = landing_ms;
    playback->is_based = true;
    end_walk(playback);
}

/* One bounded step; whatever it leads to is the next step's. */
static enum playback_step seek_step(struct playback *playback, int64_t now_ns)
{
    if (playback->is_based &&
        is_past_duration(playback, playback->walk.target_ms)) {
        end_walk(playback);
        return PLAYBACK_ENDED;
    }
    switch (walk_step(&playback->walk)) {
    case WALK_MORE:
        break;
    case WALK_FOUND:
    case WALK_FOUND_LAST:
        land(playback, now_ns);
        break;
    case WALK_NOWHERE:
    case WALK_END:
        go_to_end(playback);
        return PLAYBACK_ENDED;
    case WALK_FAILED:
        end_walk(playback);
        return PLAYBACK_FAILED;
    }
    return PLAYBACK_WAIT;
}

/* --- who is late -------------------------------------------------------- */

/* The clock runs on. The landing has the pace that it would have had if all up
 * to it had been given out, but nobody waits longer for it than over a jump. */
static void skip_to_landing(struct playback *playback, int64_t now_ns)
{
    struct playback_place *place = &playback->place;

    go_to_landing(playback);
    place->sent_pace_ms = (now_ns - place->clock.origin_ns) / CLOCK_NS_PER_MS;
    place->clock.furthest_ms = place->sent_pace_ms;
    end_walk(playback);
}

static enum playback_step skip_step(struct playback *playback, int64_t now_ns)
{
    switch (walk_step(&playback->walk)) {
    case WALK_MORE:
        break;
    case WALK_FOUND_LAST:
        playback->has_no_keyframe = true;
        if (playback->walk.landing_ms <= playback->place.next.time_ms) {
            end_walk(playback);
            break;
        }
        skip_to_landing(playback, now_ns);
        return PLAYBACK_SKIPPED;
    case WALK_FOUND:
        skip_to_landing(playback, now_ns);
        return PLAYBACK_SKIPPED;
    case WALK_NOWHERE:
        playback->has_no_keyframe = true;
        end_walk(playback);
        break;
    case WALK_END:
        go_to_end(playback);
        return PLAYBACK_ENDED;
    case WALK_FAILED:
        end_walk(playback);
        return PLAYBACK_FAILED;
    }
    return PLAYBACK_WAIT;
}

bool playback_is_landing(const struct playback *playback)
{
    return playback->errand == PLAYBACK_SEEKS ||
           playback->errand == PLAYBACK_SKIPS;
}

/* --- switch ------------------------------------------------------------- */

void playback_switch(struct playback *playback, struct movie *movie)
{
    struct timeline timeline;
    int64_t target_ms = playback->walk.target_ms;

    if (playback->errand == PLAYBACK_SEEKS) {
        change_movie(playback, movie);
        start_seek(playback, target_ms);
        return;
    }
    end_walk(playback);
    timeline_init(&timeline, movie, &playback->place.timeline.options);
    walk_init(&playback->walk, &timeline, WALK_TO_OR_BEHIND,
              playback->place.sent_time_ms);
    timeline_destroy(&timeline);
    playback->errand = PLAYBACK_SWITCHES;
    playback->has_no_keyframe = false;
    playback->is_settled = false;
    playback->is_last_landing = false;
    playback->walked_ns = -1;
}

void playback_switch_over(struct playback *playback)
{
    struct playback_place *place = &playback->place;
    struct walk walk = playback->walk;
    bool is_end = !walk.has_landing;

    /* The walk's timelines become the play's; what is left of it goes. */
    playback->errand = PLAYBACK_STAYS;
    timeline_destroy(&place->timeline);
    place->timeline = is_end ? walk.timeline : walk.landing;
    timeline_destroy(is_end ? &walk.landing : &walk.timeline);
    place->has_next = false;
    playback->headers = walk.landing_headers;
    place->headers_left = is_end ? 0 : playback->headers.count;
    if (!is_end)
        place->sent_time_ms = walk.landing_ms;
}

/* One step of the walk for all that is given out at one time, so that the old
 * movie, which goes on, is not late for it. */
static bool approach_switch(struct playback *playback, int64_t now_ns)
{
    struct walk *walk = &playback->walk;
    enum walk_result result;

    if (playback->is_settled || playback->walked_ns == now_ns)
        return true;
    playback->walked_ns = now_ns;
    result = walk_step(walk);
    playback->is_settled = result != WALK_MORE && result != WALK_FAILED;
    playback->is_last_landing = result == WALK_FOUND_LAST ||
                                result == WALK_END || result == WALK_NOWHERE;
    /* The new movie is shorter: to its end. */
    if (result == WALK_END)
        walk->has_landing = false;
    return result != WALK_FAILED;
}

static enum playback_step switch_step(struct playback *playback, int64_t now_ns,
                                      struct playback_item *item,
                                      int64_t *due_ns)
{
    enum playback_step step;

    if (!approach_switch(playback, now_ns))
        return PLAYBACK_FAILED;
    step = give_next(playback, now_ns, item, due_ns);
    if (step == PLAYBACK_WAIT && !playback->is_settled)
        *due_ns = now_ns;
    return step;
}

static enum playback_step next_step(struct playback *playback, int64_t now_ns,
                                    struct playback_item *item, int64_t *due_ns)
{
    *due_ns = now_ns;
    if (playback->errand == PLAYBACK_SEEKS)
        return seek_step(playback, now_ns);
    if (playback->is_paused && !playback->place.shows_one) {
        *due_ns = CLOCK_NEVER;
        return PLAYBACK_WAIT;
    }
    if (playback->errand == PLAYBACK_SKIPS)
        return skip_step(playback, now_ns);
    if (playback->errand == PLAYBACK_SWITCHES)
        return switch_step(playback, now_ns, item, due_ns);
    return give_next(playback, now_ns, item, due_ns);
}

/* What is not received fills nobody's buffer: who asked for hours of it would
 * have a whole file read for nothing, and a loop without end. */
static int64_t idle_until_ns(const struct playback *playback, int64_t now_ns)
{
    const struct playback_place *place = &playback->place;
    int64_t until_ns = media_clock_at_ns(&place->clock, place->sent_pace_ms) -
                       MAX_IDLE_LEAD_NS;

    return until_ns > now_ns ? until_ns : now_ns;
}

/* What is not received is given out to nobody. */
enum playback_step playback_next(struct playback *playback, int64_t now_ns,
                                 struct playback_item *item, int64_t *due_ns)
{
    for (int i = 0; i < PLAYBACK_STEP_TAGS; i++) {
        enum playback_step step = next_step(playback, now_ns, item, due_ns);

        if (step != PLAYBACK_SEND ||
            playback_place_receives(&playback->place, &item->tag))
            return step;
    }
    *due_ns = idle_until_ns(playback, now_ns);
    return PLAYBACK_WAIT;
}

/* --- going back --------------------------------------------------------- */

void playback_save(const struct playback *playback,
                   struct playback_place *place)
{
    const struct timeline *timeline = &playback->place.timeline;

    if (place->timeline.cursor.movie != timeline->cursor.movie) {
        playback_place_destroy(place);
        playback_place_init(place, timeline->cursor.movie, &timeline->options);
    }
    playback_place_copy(place, &playback->place);
}

/* Over one tag that was given out before, so that it is there; false when there
 * is none. */
static bool pass_one(struct playback *playback, struct movie_tag *tag)
{
    struct playback_place *place = &playback->place;
    enum movie_result result = MOVIE_MORE;

    if (place->headers_left > 0) {
        *tag = next_header(playback);
        return true;
    }
    while (!place->has_next && result == MOVIE_MORE)
        result = playback_place_read(place, place->clock.origin_ns);
    if (!place->has_next)
        return false;
    *tag = place->next.tag;
    playback_place_give_out(place);
    return true;
}

void playback_restore(struct playback *playback,
                      const struct playback_place *place, size_t given_out)
{
    /* A pause may have moved it since. */
    int64_t origin_ns = playback->place.clock.origin_ns;

    /* Who is late still will be found to be so, from that place. */
    if (playback->errand == PLAYBACK_SKIPS)
        end_walk(playback);
    playback_place_copy(&playback->place, place);
    playback->place.clock.origin_ns = origin_ns;
    playback->is_filling = true;
    while (given_out > 0) {
        struct movie_tag tag;

        if (!pass_one(playback, &tag))
            break;
        if (playback_place_receives(&playback->place, &tag))
            given_out--;
    }
    playback->place.receives_audio = playback->receives_audio;
    playback->place.receives_video = playback->receives_video;
}
