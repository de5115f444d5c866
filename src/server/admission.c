/* From accept to a session on a thread of its own, and what is undone when that
 * has ended. */
#include "config.h"

#include "server/admission.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/access.h"
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
};

static void *run_guest(void *argument)
{
    struct guest *guest = argument;
    struct session_context *context = guest->context;

    session_run(guest->session);
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

/* Whether the peer may come in, as far as its address tells; it is counted
 * then. */
static enum admission judge_peer(struct session_context *context,
                                 const struct sockaddr_storage *peer,
                                 struct census_place *place)
{
    if (!access_allows(&context->options->access, peer))
        return ADMISSION_DENIED;
    if (roster_is_full(context->roster))
        return ADMISSION_FULL;
    if (!census_enter(context->census, peer, place))
        return ADMISSION_FULL_OF_ADDRESS;
    return ADMISSION_GRANTED;
}

static struct guest *guest_new(struct session_context *context, int fd,
                               const struct sockaddr_storage *peer,
                               struct tls_context *tls)
{
    struct guest *guest = malloc(sizeof(*guest));

    if (guest == NULL)
        return NULL;
    guest->context = context;
    guest->entry.profile = &guest->profile;
    guest->session = session_new(context, &guest->entry, fd, peer, tls);
    if (guest->session == NULL) {
        free(guest);
        return NULL;
    }
    return guest;
}

/* Enters the guest into the roster and starts its thread. When that fails the
 * guest is as it was, and errno tells why it was not let in. */
static enum admission let_in(struct guest *guest, int fd,
                             const struct tls_context *tls)
{
    struct roster *roster = guest->context->roster;
    int error;

    if (!roster_enter(roster, &guest->entry, fd))
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
    struct census_place place;
    enum admission result = judge_peer(context, peer, &place);
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
    result = let_in(guest, fd, tls);
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
