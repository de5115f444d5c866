/* The life of one connection.
 *
 * The one wait: ask the feed what is due, send it, then wait for bytes of the
 * peer until the next tag is due or a deadline of the phase has come. A worker
 * that is stuck in a write looks up every so often, so that a command is heard
 * at once. Nothing polls, nobody else touches the session but through its
 * roster entry. */
#include "config.h"

#include "server/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stack.h"
#include "net/socket.h"
#include "net/transport.h"
#include "rtmp/chunk.h"
#include "server/account.h"
#include "server/dispatch.h"
#include "server/feed_pool.h"
#include "server/handshake_wire.h"
#include "server/net_connection.h"
#include "server/session_end.h"

/* Bytes that are read at one go. Commands are a few hundred. */
#define READ_BYTES 2048

/* SO_RCVTIMEO wakes up to 7 ms late: what must be exact is slept from here. It
 * is more than lies between two tags of most films, so that a tag costs one
 * wake-up, not two; a command is heard so much later at most. */
#define EXACT_WAIT_NS (25 * CLOCK_NS_PER_MS)

/* How often a worker that is stuck in a write looks up: often enough to hear a
 * pause in time; seldom once the viewer has taken nothing for a while, as
 * players do that pause by not reading. */
#define WRITE_TICK_NS (80 * CLOCK_NS_PER_MS)
#define WRITE_TICK_STALLED_NS (1 * CLOCK_NS_PER_S)
#define STALLED_AFTER_NS (10 * CLOCK_NS_PER_S)

/* A host that leaves data unacknowledged for this long is gone; looked at in
 * this interval. */
#define HOST_GONE_MS 30000
#define HOST_CHECK_NS (10 * CLOCK_NS_PER_S)

/* What a stopping server and a refused peer have to take their last words. */
#define GOODBYE_NS (2 * CLOCK_NS_PER_S)
#define LINGER_NS (500 * CLOCK_NS_PER_MS)

struct session {
    struct session_context *context;
    struct roster_entry *entry; /* the caller's */
    int64_t started_ns;
    struct transport transport;
    struct chunk_reader *reader;
    int64_t host_checked_ns;
    bool awaits_acknowledgement; /* of what was sent, as far as we looked */
    bool is_behind_proxy;
    struct net_connection connection;
    struct feed *feed;        /* while it sends; NULL while it waits */
    struct log_peer log_peer; /* whose lines the worker writes */
    const char *label;        /* of the profile, "#12 192.0.2.1:50000" */
    int64_t batch_due_ns; /* when what is waited for is due; CLOCK_NEVER: it is
                             not waited for, or was begun to be sent */
    struct byte_reader unheard; /* of `input`: not handled yet */
    uint8_t input[READ_BYTES];
};

enum session_end session_end_of_transport(const struct session *session,
                                          enum transport_result result)
{
    if (atomic_load(&session->context->stopping))
        return SESSION_SERVER_STOPS;
    if (roster_was_drawn(session->context->roster, session->entry))
        return SESSION_CROWDED_OUT;
    switch (result) {
    case TRANSPORT_CLOSED:
        return SESSION_PEER_CLOSED;
    case TRANSPORT_RESET:
        return SESSION_PEER_RESET;
    case TRANSPORT_GONE:
        return SESSION_PEER_VANISHED;
    case TRANSPORT_PROXY_HEADER:
        return SESSION_UNEXPECTED_PROXY_HEADER;
    case TRANSPORT_NOT_TLS:
        return SESSION_NOT_TLS;
    case TRANSPORT_BAD_TLS:
        log_info("%s: TLS: %s", session->label,
                 transport_fault(&session->transport));
        return SESSION_BAD_TLS;
    default:
        log_debug("%s: %s", session->label, strerror(errno));
        return SESSION_IO_ERROR;
    }
}

/* --- the feed ------------------------------------------------------------ */

static bool take_feed(struct session *session)
{
    if (session->feed == NULL)
        session->feed = feed_pool_take(session->context->feeds);
    return session->feed != NULL;
}

static void give_feed_back(struct session *session)
{
    feed_pool_give(session->context->feeds, session->feed);
    session->feed = NULL;
}

/* --- input -------------------------------------------------------------- */

static enum session_end end_of_chunks(struct session *session,
                                      enum chunk_result result)
{
    if (result == CHUNK_NO_MEMORY)
        return SESSION_NO_MEMORY;
    log_info("%s: malformed chunk: %s", session->label,
             chunk_reader_fault(session->reader));
    return SESSION_BAD_CHUNK;
}

/* Handles what was read, as long as there is room for the answers: the rest
 * waits, and nothing more is read, until some of them were sent. A viewer who
 * drags the slider while a large frame is on its way gets every answer, one who
 * takes none has to wait with further questions. */
static enum session_end take_input(struct session *session)
{
    bool was_connected = session->connection.is_connected;
    int64_t now_ns = clock_now_ns();

    while (outbox_has_room(&session->connection.outbox)) {
        struct rtmp_message message;
        enum chunk_result result =
            chunk_reader_push(session->reader, &session->unheard, &message);
        enum session_end end;

        if (result == CHUNK_MORE)
            break;
        if (atomic_load(&session->context->stopping))
            return SESSION_SERVER_STOPS;
        if (result != CHUNK_MESSAGE)
            return end_of_chunks(session, result);
        end = dispatch_message(&session->connection, &message, now_ns);
        if (end != SESSION_GOES_ON)
            return end;
    }
    transport_acknowledge_at_once(
        &session->transport, !net_connection_is_playing(&session->connection));
    if (!was_connected && session->connection.is_connected)
        roster_settle(session->context->roster, session->entry);
    /* What ends a play may have no answer. */
    account_note(&session->connection, session->context->tally);
    return SESSION_GOES_ON;
}

/* Handles what the peer has sent; waits for it until `deadline_ns`, or not at
 * all with CLOCK_NOW. What waits for room in the outbox comes first. */
#define CLOCK_NOW 0

static enum session_end hear(struct session *session, int64_t deadline_ns)
{
    struct transport *transport = &session->transport;
    uint8_t *input = session->input;
    enum transport_result result;
    enum session_end end;
    size_t length = 0;

    if (!outbox_has_room(&session->connection.outbox))
        return SESSION_GOES_ON;
    if (byte_reader_left(&session->unheard) > 0)
        return take_input(session);
    result = deadline_ns == CLOCK_NOW
                 ? transport_read_now(transport, input, READ_BYTES, &length)
                 : transport_read(transport, input, READ_BYTES, deadline_ns,
                                  &length);
    if (result == TRANSPORT_TIMEOUT)
        return SESSION_GOES_ON;
    if (result != TRANSPORT_OK)
        return session_end_of_transport(session, result);
    byte_reader_init(&session->unheard, input, length);
    end = take_input(session);
    net_connection_count_received(&session->connection, (uint32_t)length);
    return end;
}

/* --- output ------------------------------------------------------------- */

/* When the phase that the session is in ends it, and with which reason. */
static int64_t phase_deadline_ns(const struct session *session,
                                 enum session_end *reason)
{
    const struct net_connection *connection = &session->connection;
    const struct options *options = session->context->options;
    int64_t deadline_ns = CLOCK_NEVER;

    if (!connection->is_connected) {
        *reason = SESSION_HANDSHAKE_TIMEOUT;
        return session->started_ns + options->handshake_timeout_ns;
    }
    if (!net_connection_is_playing(connection)) {
        *reason = SESSION_IDLE_TIMEOUT;
        return connection->idle_since_ns + options->idle_timeout_ns;
    }
    *reason = SESSION_BURST_TIMEOUT;
    for (size_t i = 0; i < connection->stream_count; i++) {
        const struct net_stream *stream = &connection->streams[i];

        if (net_stream_owes_burst(stream))
            deadline_ns =
                clock_earlier(deadline_ns, stream->started_ns +
                                               options->handshake_timeout_ns);
    }
    return deadline_ns;
}

static bool host_is_gone(struct session *session, int64_t now_ns)
{
    if (now_ns - session->host_checked_ns < HOST_CHECK_NS)
        return false;
    session->host_checked_ns = now_ns;
    return transport_host_is_gone(&session->transport, HOST_GONE_MS);
}

/* What to do about a write that could not go on until now. */
static enum session_end judge_stall(struct session *session,
                                    int64_t stalled_since_ns, int64_t now_ns)
{
    enum session_end reason;

    if (host_is_gone(session, now_ns))
        return SESSION_PEER_VANISHED;
    if (phase_deadline_ns(session, &reason) <= now_ns)
        return reason;
    if (now_ns - stalled_since_ns >=
        session->context->options->stall_timeout_ns)
        return SESSION_STALL_TIMEOUT;
    return SESSION_GOES_ON;
}

static int64_t write_tick_ns(const struct session *session,
                             int64_t stalled_since_ns, int64_t now_ns)
{
    enum session_end reason;
    bool is_stalled = now_ns - stalled_since_ns > STALLED_AFTER_NS;
    int64_t tick_ns =
        now_ns + (is_stalled ? WRITE_TICK_STALLED_NS : WRITE_TICK_NS);

    tick_ns =
        clock_earlier(tick_ns, stalled_since_ns +
                                   session->context->options->stall_timeout_ns);
    return clock_earlier(tick_ns, phase_deadline_ns(session, &reason));
}

/* Counts the batch that the gather is the first of, if it was waited for. Where
 * its first write found no room for all of it the viewer is to blame for the
 * time that it took. */
static void count_batch(struct session *session, int64_t begun_ns,
                        int64_t now_ns)
{
    const struct feed *feed = session->feed;
    const int64_t taken_ns = feed->gather.bytes > 0 ? begun_ns : now_ns;

    if (feed->begun_count == 0)
        return;
    if (session->batch_due_ns <= begun_ns)
        tally_batch(session->context->tally, session->connection.profile->id,
                    taken_ns - session->batch_due_ns);
    session->batch_due_ns = CLOCK_NEVER;
}

/* Sends the gather, listening between two writes. */
static enum session_end send_gather(struct session *session)
{
    struct feed *feed = session->feed;
    int64_t now_ns = clock_now_ns();
    int64_t moved_ns = now_ns;

    if (host_is_gone(session, now_ns))
        return SESSION_PEER_VANISHED;
    while (feed->gather.bytes > 0) {
        enum transport_result result =
            transport_write(&session->transport, &feed->gather,
                            write_tick_ns(session, moved_ns, now_ns));
        enum session_end end = SESSION_GOES_ON;
        const int64_t begun_ns = now_ns;

        now_ns = clock_now_ns();
        if (session->batch_due_ns != CLOCK_NEVER)
            count_batch(session, begun_ns, now_ns);
        if (result == TRANSPORT_OK)
            moved_ns = now_ns;
        else if (result == TRANSPORT_TIMEOUT)
            end = judge_stall(session, moved_ns, now_ns);
        else if (result == TRANSPORT_FILE_FAULT)
            feed_file_failed(feed, &session->connection, now_ns);
        else
            end = session_end_of_transport(session, result);
        if (end == SESSION_GOES_ON && feed->gather.bytes > 0)
            end = hear(session, CLOCK_NOW);
        if (end != SESSION_GOES_ON)
            return end;
        if (session->connection.media_changed)
            feed_drop_unsent(feed, &session->connection);
        session->connection.media_changed = false;
    }
    feed_sent(feed, &session->connection);
    account_note(&session->connection, session->context->tally);
    session->awaits_acknowledgement = true;
    return SESSION_GOES_ON;
}

/* --- the one wait ------------------------------------------------------- */

/* Keepalive does not run while data are unacknowledged: until they are not, a
 * long wait ends from time to time to look whether the host is still there. */
static int64_t look_again_ns(struct session *session)
{
    if (session->awaits_acknowledgement)
        session->awaits_acknowledgement =
            transport_has_unsent(&session->transport);
    return session->awaits_acknowledgement
               ? session->host_checked_ns + HOST_CHECK_NS
               : CLOCK_NEVER;
}

static enum session_end wait_for_peer(struct session *session, int64_t due_ns,
                                      int64_t now_ns)
{
    enum session_end reason;
    int64_t phase_ns = phase_deadline_ns(session, &reason);

    if (phase_ns <= now_ns)
        return reason;
    if (due_ns <= now_ns) /* a seek is under way */
        return SESSION_GOES_ON;
    if (host_is_gone(session, now_ns))
        return SESSION_PEER_VANISHED;
    if (due_ns - now_ns > HOST_CHECK_NS)
        due_ns = clock_earlier(due_ns, look_again_ns(session));
    if (phase_ns < due_ns)
        return hear(session, phase_ns);
    /* Exact timing was asked for: the last few milliseconds are slept. */
    if (session->context->options->lead_ms == 0 && due_ns != CLOCK_NEVER) {
        if (due_ns - now_ns > EXACT_WAIT_NS)
            return hear(session, due_ns - EXACT_WAIT_NS);
        clock_sleep_until(due_ns);
        return hear(session, CLOCK_NOW);
    }
    return hear(session, due_ns);
}

static enum session_end converse(struct session *session)
{
    while (take_feed(session)) {
        int64_t now_ns = clock_now_ns();
        int64_t nudge_ns = net_connection_nudge(&session->connection, now_ns);
        int64_t fed_ns = feed_fill(session->feed, &session->connection, now_ns);
        int64_t due_ns = clock_earlier(nudge_ns, fed_ns);
        enum session_end end;

        if (atomic_load(&session->context->stopping))
            return SESSION_SERVER_STOPS;
        /* What tells of an end was lost: it would be waited for in vain. */
        if (session->connection.outbox.overflowed)
            return SESSION_NO_MEMORY;
        if (session->feed->gather.bytes > 0) {
            end = send_gather(session);
        } else {
            /* Nothing is in it; but a message whose file failed may be, with
             * zeros to be sent at once. */
            if (due_ns > now_ns)
                give_feed_back(session);
            if (fed_ns > now_ns)
                session->batch_due_ns = fed_ns;
            end = wait_for_peer(session, due_ns, now_ns);
        }
        /* More is due at once: what the peer says is not waited for, but
         * heard. */
        if (end == SESSION_GOES_ON && due_ns <= now_ns)
            end = hear(session, CLOCK_NOW);
        if (end != SESSION_GOES_ON)
            return end;
    }
    return SESSION_NO_MEMORY;
}

/* The last words: finishes the message that was begun, says that all plays have
 * ended, and whatever replies were still to be sent. */
static void say_goodbye(struct session *session)
{
    int64_t deadline_ns = clock_now_ns() + GOODBYE_NS;
    struct feed *feed;

    if (!take_feed(session))
        return;
    feed = session->feed;
    feed_drop_unsent(feed, &session->connection);
    net_connection_say_goodbye(&session->connection, clock_now_ns());
    while (clock_now_ns() < deadline_ns) {
        enum transport_result result;

        if (feed->gather.bytes == 0) {
            feed_sent(feed, &session->connection);
            (void)feed_fill(feed, &session->connection, clock_now_ns());
            if (feed->gather.bytes == 0)
                break;
        }
        result =
            transport_write(&session->transport, &feed->gather, deadline_ns);
        if (result == TRANSPORT_FILE_FAULT)
            feed_file_failed(feed, &session->connection, clock_now_ns());
        else if (result != TRANSPORT_OK)
            return;
    }
    transport_close_gently(&session->transport, clock_now_ns() + LINGER_NS);
}

int64_t session_handshake_deadline_ns(const struct session *session)
{
    return session->started_ns +
           session->context->options->handshake_timeout_ns;
}

static enum session_end live(struct session *session)
{
    const int64_t uptime_ns =
        session->started_ns - session->context->started_ns;
    const struct handshake_wire wire = {
        .session = session,
        .transport = &session->transport,
        .feeds = session->context->feeds,
        .uptime_ms = (uint32_t)(uptime_ns / CLOCK_NS_PER_MS),
        .is_behind_proxy = session->is_behind_proxy,
    };
    enum session_end end = handshake_wire_run(&wire);

    /* Nothing that follows goes as deep as a handshake of TLS. */
    if (session->transport.tls != NULL)
        stack_give_back();
    if (end == SESSION_GOES_ON)
        end = converse(session);
    if (end == SESSION_SERVER_STOPS || end == SESSION_BAD_COMMAND ||
        end == SESSION_IDLE_TIMEOUT)
        say_goodbye(session);
    return end;
}

/* --- from beginning to end ---------------------------------------------- */

struct session *session_new(struct session_context *context,
                            struct roster_entry *entry, int fd,
                            const struct sockaddr_storage *peer,
                            struct tls_context *tls)
{
    struct session *session = malloc(sizeof(*session));
    const uint64_t id = atomic_fetch_add(&context->sessions, 1) + 1;

    if (session == NULL)
        return NULL;
    session->reader = chunk_reader_new();
    if (session->reader == NULL) {
        free(session);
        return NULL;
    }
    session->context = context;
    session->entry = entry;
    session->started_ns = clock_now_ns();
    session->host_checked_ns = session->started_ns;
    session->awaits_acknowledgement = false;
    session->is_behind_proxy = false;
    session->batch_due_ns = CLOCK_NEVER;
    profile_init(entry->profile, id, peer, tls != NULL, session->started_ns);
    session->label = entry->profile->label;
    session->log_peer = (struct log_peer){id, entry->profile->label +
                                                  entry->profile->address_at};
    byte_reader_init(&session->unheard, session->input, 0);
    transport_init(&session->transport, fd, tls);
    session->feed = NULL;
    net_connection_init(&session->connection, context->options,
                        context->library, entry->profile, session->started_ns);
    return session;
}

void session_begin(struct session *session)
{
    const struct log_field event = log_word("event", "connected");

    log_set_peer(&session->log_peer);
    log_event(LOG_LEVEL_DEBUG, &event, 1, "%s: connected", session->label);
    account_begin(session->context->tally);
}

void session_set_peer(struct session *session,
                      const struct sockaddr_storage *peer)
{
    char address[ADDRESS_TEXT_BYTES];

    log_debug("%s: a proxy, for %s", session->label,
              address_format(peer, address));
    profile_set_peer(session->entry->profile, peer);
    session->is_behind_proxy = true;
}

const char *session_label(const struct session *session)
{
    return session->label;
}

void session_run(struct session *session, enum session_end end)
{
    if (end == SESSION_GOES_ON)
        end = live(session);
    account_end(&session->connection, session->context->tally, end);
    /* Of those there is one every few seconds, day and night. */
    if (end == SESSION_PROXY_CHECK)
        log_debug("%s: ended: %s; nothing to tell", session->label,
                  session_end_text(end));
    else
        account_tell_end(&session->connection, end,
                         clock_now_ns() - session->started_ns);
}

void session_free(struct session *session)
{
    log_set_peer(NULL);
    roster_detach(session->context->roster, session->entry);
    transport_destroy(&session->transport);
    give_feed_back(session);
    net_connection_destroy(&session->connection);
    chunk_reader_free(session->reader);
    free(session);
}
