/* From accept to a session on a thread of its own, and what is undone when that
 * has ended. */
#include "config.h"

#include "server/admission.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/access.h"
#include "net/network.h"
#include "net/proxy_wire.h"
#include "net/socket.h"
#include "net/transport.h"
#include "server/census.h"
#include "server/roster.h"

/* One connection, as far as others know of it. */
struct guest {
    struct roster_entry entry;
    struct profile profile;
    struct census_place place;
    struct session_context *context;
    struct session *session;
    int fd;                       /* the session's */
    bool is_proxy;                /* and says first for whom it speaks */
    struct sockaddr_storage peer; /* of the socket */
};

/* --- by the address ------------------------------------------------------- */

static bool is_allowed(const struct session_context *context,
                       const struct sockaddr_storage *peer)
{
    return access_allows(&context->options->access, peer);
}

/* Whether it may come in, before anything is spent on it; it is counted then.
 * Of a proxy nothing but that there is room. */
static enum admission judge_socket(struct session_context *context,
                                   const struct sockaddr_storage *peer,
                                   bool is_proxy, struct census_place *place)
{
    *place = (struct census_place){0};
    if (!is_proxy && !is_allowed(context, peer))
        return ADMISSION_DENIED;
    if (roster_is_full(context->roster))
        return ADMISSION_FULL;
    if (!is_proxy && !census_enter(context->census, peer, place))
        return ADMISSION_FULL_OF_ADDRESS;
    return ADMISSION_GRANTED;
}

/* The same for whom a proxy speaks for, once that is known. */
static enum session_end judge_peer(struct guest *guest,
                                   const struct sockaddr_storage *peer)
{
    struct census_place place;

    if (!is_allowed(guest->context, peer))
        return SESSION_DENIED;
    if (!census_enter(guest->context->census, peer, &place))
        return SESSION_FULL_OF_ADDRESS;
    guest->place = place;
    return SESSION_GOES_ON;
}

/* --- what a proxy says ---------------------------------------------------- */

static enum session_end hear_header(struct guest *guest,
                                    struct proxy_header *header,
                                    enum proxy_header_result *result)
{
    enum transport_result read = proxy_wire_read(
        guest->fd, session_handshake_deadline_ns(guest->session), header,
        result);
    enum session_end end;

    if (read == TRANSPORT_TIMEOUT)
        return SESSION_HANDSHAKE_TIMEOUT;
    if (read != TRANSPORT_OK) {
        end = session_end_of_transport(guest->session, read);
        return header->length == 0 ? session_end_of_check(end) : end;
    }
    if (*result == PROXY_HEADER_MISSING)
        return SESSION_NO_PROXY_HEADER;
    if (*result != PROXY_HEADER_BAD)
        return SESSION_GOES_ON;
    log_debug("%s: PROXY header: %s", session_label(guest->session),
              header->fault);
    return SESSION_BAD_PROXY_HEADER;
}

static bool is_same_host(const struct sockaddr_storage *one,
                         const struct sockaddr_storage *other)
{
    const struct network_host a = network_host(one);
    const struct network_host b = network_host(other);

    return a.family == b.family &&
           memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/* The proxy itself may not come in; but if it only wants to see whether
 * somebody is here, it goes before it says anything, and that is nothing to
 * tell. */
static enum session_end wait_for_more(struct guest *guest,
                                      enum session_end refusal)
{
    uint8_t byte;
    size_t length;
    enum transport_result read =
        socket_read(guest->fd, &byte, 1, MSG_PEEK,
                    session_handshake_deadline_ns(guest->session), &length);

    return read == TRANSPORT_OK || read == TRANSPORT_TIMEOUT
               ? refusal
               : session_end_of_check(
                     session_end_of_transport(guest->session, read));
}

/* Whether the session may begin, after what the proxy says. Health checks have
 * no header, or one that tells no peer, or one that names the proxy. */
static enum session_end introduce(struct guest *guest)
{
    struct proxy_header header;
    enum proxy_header_result result;
    enum session_end end = hear_header(guest, &header, &result);
    const struct sockaddr_storage *peer = &header.source;

    if (end != SESSION_GOES_ON)
        return end;
    if (result == PROXY_HEADER_NO_PEER)
        peer = &guest->peer;
    session_set_peer(guest->session, peer);
    end = judge_peer(guest, peer);
    if (end != SESSION_GOES_ON && is_same_host(peer, &guest->peer))
        end = wait_for_more(guest, end);
    /* As in the accept loop: nothing stays behind in the kernel. */
    if (end != SESSION_GOES_ON)
        socket_reset_at_close(guest->fd);
    return end;
}

/* --- its thread ----------------------------------------------------------- */

static void *run_guest(void *argument)
{
    struct guest *guest = argument;
    struct session_context *context = guest->context;

    session_begin(guest->session);
    session_run(guest->session,
                guest->is_proxy ? introduce(guest) : SESSION_GOES_ON);
    session_free(guest->session);
    census_leave(context->census, &guest->place);
    roster_leave(context->roster, &guest->entry);
    profile_destroy(&guest->profile);
    free(guest);
    return NULL;
}

/* Some machines want more than a worker needs. */
static size_t stack_bytes(const struct tls_context *tls)
{
    size_t bytes =
        WORKER_STACK_BYTES + (tls != NULL ? TRANSPORT_TLS_STACK_BYTES : 0);
    long least = sysconf(_SC_THREAD_STACK_MIN);

    return least > (long)bytes ? (size_t)least : bytes;
}

static int start_thread(struct guest *guest, const struct tls_context *tls)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes(tls));
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, run_guest, guest);
    pthread_attr_destroy(&attributes);
    return error;
}

/* --- in ------------------------------------------------------------------- */

static struct guest *guest_new(struct session_context *context, int fd,
                               const struct sockaddr_storage *peer,
                               struct tls_context *tls)
{
    struct guest *guest = malloc(sizeof(*guest));

    if (guest == NULL)
        return NULL;
    guest->context = context;
    guest->entry.profile = &guest->profile;
    guest->fd = fd;
    guest->peer = *peer;
    guest->session = session_new(context, &guest->entry, fd, peer, tls);
    if (guest->session == NULL) {
        free(guest);
        return NULL;
    }
    return guest;
}

/* Enters the guest into the roster and starts its thread. When that fails the
 * guest is as it was, and errno tells why it was not let in. */
static enum admission let_in(struct guest *guest, const struct tls_context *tls)
{
    struct roster *roster = guest->context->roster;
    int error;

    if (!roster_enter(roster, &guest->entry, guest->fd))
        return ADMISSION_FULL;
    error = start_thread(guest, tls);
    if (error == 0)
        return ADMISSION_GRANTED;
    roster_leave(roster, &guest->entry);
    errno = error;
    return ADMISSION_FAILED;
}

enum admission admission_decide(struct session_context *context, int fd,
                                const struct sockaddr_storage *peer,
                                struct tls_context *tls)
{
    const struct options *options = context->options;
    const bool is_proxy =
        network_any_contains(options->proxies, options->proxy_count, peer);
    struct census_place place;
    enum admission result = judge_socket(context, peer, is_proxy, &place);
    struct guest *guest;
    int error;

    if (result != ADMISSION_GRANTED) {
        socket_reset_at_close(fd);
        close(fd);
        return result;
    }
    guest = guest_new(context, fd, peer, tls);
    if (guest == NULL) {
        census_leave(context->census, &place);
        close(fd);
        errno = ENOMEM;
        return ADMISSION_FAILED;
    }
    guest->place = place;
    guest->is_proxy = is_proxy;
    result = let_in(guest, tls);
    if (result == ADMISSION_GRANTED)
        return result; /* the guest is its own from here */
    error = errno;
    socket_reset_at_close(fd);
    session_free(guest->session);
    census_leave(context->census, &place);
    profile_destroy(&guest->profile);
    free(guest);
    errno = error;
    return result;
}
