/* A connection, as others see it. */
#include "config.h"

#include "server/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_label(struct profile *profile,
                      const struct sockaddr_storage *peer)
{
    char address[ADDRESS_TEXT_BYTES];
    int length = snprintf(profile->label, sizeof(profile->label),
                          "#%" PRIu64 " ", profile->id);

    profile->address_at = (size_t)length;
    snprintf(profile->label + length, sizeof(profile->label) - (size_t)length,
             "%s", address_format(peer, address));
}

void profile_init(struct profile *profile, uint64_t id,
                  const struct sockaddr_storage *peer, bool is_tls,
                  int64_t now_ns)
{
    memset(profile, 0, sizeof(*profile));
    profile->id = id;
    profile->is_tls = is_tls;
    profile->since_ns = now_ns;
    atomic_init(&profile->buffer_ms, -1);
    pthread_mutex_init(&profile->lock, NULL);
    set_label(profile, peer);
}

void profile_destroy(struct profile *profile)
{
    pthread_mutex_destroy(&profile->lock);
}

void profile_set_peer(struct profile *profile,
                      const struct sockaddr_storage *peer)
{
    pthread_mutex_lock(&profile->lock);
    set_label(profile, peer);
    pthread_mutex_unlock(&profile->lock);
}

static void set_text(struct profile *profile, struct profile_text *text,
                     const char *bytes, size_t length)
{
    pthread_mutex_lock(&profile->lock);
    text->length =
        (uint16_t)log_mask(text->bytes, sizeof(text->bytes), bytes, length);
    pthread_mutex_unlock(&profile->lock);
}

void profile_set_app(struct profile *profile, const char *app, size_t length)
{
    set_text(profile, &profile->app, app, length);
}

void profile_set_name(struct profile *profile, const char *name, size_t length)
{
    set_text(profile, &profile->name, name, length);
}

const char *profile_text_escape(char out[static LOG_ESCAPED_BYTES],
                                const struct profile_text *text)
{
    return log_escape(out, text->bytes, text->length);
}

/* --- reading ------------------------------------------------------------ */

#define LOAD(field) atomic_load_explicit(&profile->field, memory_order_relaxed)

static void copy_text(struct profile_text *to, const struct profile_text *from)
{
    to->length = from->length;
    memcpy(to->bytes, from->bytes, from->length);
}

/* The viewer sees what was sent last at `played_at_ns`, and what came before at
 * the same pace before that. */
static void read_position(const struct profile *profile, int64_t now_ns,
                          struct profile_row *row)
{
    const int64_t paused_ns = LOAD(paused_ns);
    const int64_t at_ns = paused_ns != 0 ? paused_ns : now_ns;
    const int64_t length_ms = LOAD(round_length_ms);
    int64_t time_ms = LOAD(time_ms);

    row->ahead_ms = (LOAD(played_at_ns) - at_ns) / CLOCK_NS_PER_MS;
    if (row->ahead_ms > 0)
        time_ms -= row->ahead_ms;
    if (time_ms < 0)
        time_ms = 0;
    row->round = length_ms > 0 ? time_ms / length_ms : 0;
    row->position_ms = time_ms - row->round * length_ms;
}

void profile_read(struct profile *profile, int64_t now_ns,
                  struct profile_row *row)
{
    row->id = profile->id;
    row->is_tls = profile->is_tls;
    row->age_ns = now_ns - profile->since_ns;
    row->state = (enum tally_state)LOAD(state);
    row->bytes = LOAD(bytes);
    row->tags = LOAD(tags);
    row->skips = LOAD(skips);
    row->buffer_ms = LOAD(buffer_ms);
    row->position_ms = row->round = row->ahead_ms = 0;
    if (row->state == TALLY_PLAYING || row->state == TALLY_PAUSED)
        read_position(profile, now_ns, row);
    pthread_mutex_lock(&profile->lock);
    strcpy(row->address, profile->label + profile->address_at);
    copy_text(&row->app, &profile->app);
    copy_text(&row->name, &profile->name);
    pthread_mutex_unlock(&profile->lock);
}
