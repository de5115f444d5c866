/* From a connection to its profile, the totals and the log. */
#include "config.h"

#include "server/account.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

/* The worker alone writes these: what it reads of them is its own. */
#define LOAD(field) atomic_load_explicit(&profile->field, memory_order_relaxed)
#define STORE(field, value)                                                    \
    atomic_store_explicit(&profile->field, value, memory_order_relaxed)

static const struct net_stream *
find_playing(const struct net_connection *connection)
{
    for (size_t i = 0; i < connection->stream_count; i++) {
        if (connection->streams[i].is_playing)
            return &connection->streams[i];
    }
    return NULL;
}

static void note_sent(const struct net_connection *connection,
                      struct tally *tally)
{
    struct profile *profile = connection->profile;
    const uint64_t bytes = LOAD(bytes);
    const uint64_t tags = LOAD(tags);

    if (connection->sent_tags == tags)
        return;
    tally_sent(tally, profile->id, connection->sent_bytes - bytes,
               connection->sent_tags - tags);
    STORE(bytes, connection->sent_bytes);
    STORE(tags, connection->sent_tags);
}

static enum tally_state state_of(const struct net_connection *connection,
                                 const struct net_stream *playing)
{
    if (!connection->is_connected)
        return TALLY_CONNECTING;
    if (playing == NULL)
        return TALLY_IDLE;
    return playing->playback->is_paused ? TALLY_PAUSED : TALLY_PLAYING;
}

static void note_state(struct profile *profile, struct tally *tally,
                       enum tally_state state)
{
    const enum tally_state before = (enum tally_state)LOAD(state);

    if (state == before)
        return;
    tally_change(tally, before, state);
    STORE(state, (uint8_t)state);
}

void account_begin(struct tally *tally)
{
    tally_enter(tally, TALLY_CONNECTING);
}

void account_note(const struct net_connection *connection, struct tally *tally)
{
    struct profile *profile = connection->profile;
    const struct net_stream *playing = find_playing(connection);

    note_sent(connection, tally);
    note_state(profile, tally, state_of(connection, playing));
    STORE(skips, (uint32_t)connection->skips);
    if (playing != NULL) {
        struct playback_standing standing;

        playback_stand(playing->playback, &standing);
        STORE(time_ms, standing.time_ms);
        STORE(played_at_ns, standing.played_at_ns);
        STORE(paused_ns, standing.paused_ns);
        STORE(round_length_ms, standing.round_length_ms);
        STORE(buffer_ms, playing->buffer_ms);
    }
}

void account_end(const struct net_connection *connection, struct tally *tally,
                 enum session_end end)
{
    struct profile *profile = connection->profile;

    note_sent(connection, tally);
    tally_leave(tally, (enum tally_state)LOAD(state), end);
}

void account_tell_end(const struct net_connection *connection,
                      enum session_end end, int64_t age_ns)
{
    const struct profile *profile = connection->profile;
    const struct log_field fields[] = {
        log_word("event", "ended"),
        log_word("reason", session_end_key(end)),
        log_text("app", profile->app.bytes, profile->app.length),
        log_text("name", profile->name.bytes, profile->name.length),
        log_seconds("seconds", age_ns),
        log_number("bytes", (int64_t)connection->sent_bytes),
        log_number("tags", (int64_t)connection->sent_tags),
        log_number("skips", (int64_t)connection->skips)};
    char app[LOG_ESCAPED_BYTES], name[LOG_ESCAPED_BYTES];
    char skips[48] = "";

    if (connection->skips > 0)
        snprintf(skips, sizeof(skips), ", moved on %" PRIu64 " times",
                 connection->skips);
    log_event(LOG_LEVEL_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "%s: ended: %s; app \"%s\", name \"%s\", %.3f s, %" PRIu64
              " bytes, %" PRIu64 " tags%s",
              connection->label, session_end_text(end),
              profile_text_escape(app, &profile->app),
              profile_text_escape(name, &profile->name),
              (double)age_ns / (double)CLOCK_NS_PER_S, connection->sent_bytes,
              connection->sent_tags, skips);
}
