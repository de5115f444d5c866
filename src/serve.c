/* Options, the log, the files, the listeners, the sandbox, in this order; then
 * it serves. What keeps it from starting is one line on standard error, written
 * here. */
#include "config.h"

#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hmac.h"
#include "base/line_queue.h"
#include "base/log.h"
#include "demo/sample.h"
#include "file_fault.h"
#include "net/tls_context.h"
#include "sandbox/sandbox.h"
#include "server/keyring.h"
#include "server/library.h"
#include "server/limits.h"
#include "server/listener.h"
#include "server/play_url.h"
#include "server/server.h"
#include "status/status.h"

/* What a reader of standard output that stalled has for the last lines. */
#define OUTPUT_STOP_NS (200 * CLOCK_NS_PER_MS)

static enum exit_status tell_library_error(const struct library_error *error)
{
    fputs("flvd: ", stderr);
    if (error->is_bad_name) {
        file_fault_print_name(stderr, error->path);
        fputs(": no player could ask for this name: rename the file\n", stderr);
        return EXIT_USAGE;
    }
    if (error->same_name == NULL) {
        file_fault_print(stderr, error->path, &error->reason);
        return EXIT_CANNOT_WORK;
    }
    file_fault_print_name(stderr, error->same_name);
    fputs(" and ", stderr);
    file_fault_print_name(stderr, error->path);
    fputs(" would have the same name: leave one out, or rename it\n", stderr);
    return EXIT_USAGE;
}

static struct library *open_library(const struct options *options,
                                    enum exit_status *status)
{
    struct library_error error;
    struct library *library;

    if (options->demo)
        library = library_open_memory(
            flvd_demo_sample, (size_t)(flvd_demo_sample_end - flvd_demo_sample),
            &error);
    else
        library =
            library_open(options->operands, options->operand_count, &error);
    if (library == NULL)
        *status = tell_library_error(&error);
    return library;
}

static void close_listeners(struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++)
        listener_close(&listeners[i]);
}

/* Those that were passed, plain ones, then those for RTMPS; or those of
 * --status. */
struct listeners {
    struct listener all[SERVER_MAX_LISTENERS];
    size_t count;
};

static bool open_some(const struct address *addresses, size_t count,
                      struct tls_context *tls, struct listeners *listeners)
{
    char fault[LISTENER_FAULT_BYTES];

    for (size_t i = 0; i < count; i++) {
        struct listener *listener = &listeners->all[listeners->count];

        if (!listener_open(listener, &addresses[i], tls, fault)) {
            fprintf(stderr, "flvd: %s\n", fault);
            return false;
        }
        listeners->count++;
    }
    return true;
}

static bool adopt_passed(const struct passed_sockets *passed,
                         struct tls_context *tls, bool are_status,
                         struct listeners *listeners)
{
    char fault[LISTENER_FAULT_BYTES];

    for (size_t i = 0; i < passed->count; i++) {
        const struct passed_socket *socket = &passed->all[i];

        if (socket->is_status != are_status)
            continue;
        if (!listener_adopt(&listeners->all[listeners->count], socket->fd,
                            socket->is_tls ? tls : NULL, fault)) {
            fprintf(stderr, "flvd: %s\n", fault);
            return false;
        }
        listeners->count++;
    }
    return true;
}

static bool open_listeners(const struct options *options,
                           const struct passed_sockets *passed,
                           struct tls_context *tls, struct listeners *listeners)
{
    if (adopt_passed(passed, tls, false, listeners) &&
        open_some(options->listen, options->listen_count, NULL, listeners) &&
        open_some(options->tls_listen, options->tls_listen_count, tls,
                  listeners))
        return true;
    close_listeners(listeners->all, listeners->count);
    return false;
}

static bool open_status_listeners(const struct options *options,
                                  const struct passed_sockets *passed,
                                  struct listeners *listeners)
{
    return adopt_passed(passed, NULL, true, listeners) &&
           open_some(options->status, options->status_count, NULL, listeners);
}

/* A reader of standard output that stalls must not stop the server either. */
static struct line_queue *tell_urls(const struct listeners *listeners,
                                    const struct library *library)
{
    struct line_queue *output = line_queue_start(STDOUT_FILENO);
    char url[LINE_QUEUE_MAX_LINE];

    if (output == NULL)
        return NULL;
    for (size_t i = 0; i < listeners->count; i++) {
        size_t length = play_url(&listeners->all[i], library, "localhost", url,
                                 sizeof(url) - 1);

        url[length++] = '\n';
        line_queue_put(output, url, length);
    }
    return output;
}

/* What the files beside those that are served hold. */
struct secrets {
    struct tls_context *tls; /* NULL: no RTMPS */
    struct keyring *keyring; /* NULL: no tokens */
};

/* What may be read for as long as flvd runs: all that the options name. False
 * when memory is short. */
static bool list_paths(const struct options *options, const char ***paths,
                       size_t *count)
{
    const char **list =
        calloc(options->operand_count + 2 * options->tls_pair_count + 1,
               sizeof(*list));

    if (list == NULL)
        return false;
    *paths = list;
    for (size_t i = 0; i < options->operand_count; i++)
        *list++ = options->operands[i];
    for (size_t i = 0; i < options->tls_pair_count; i++) {
        *list++ = options->tls_pairs[i].certificate_path;
        *list++ = options->tls_pairs[i].key_path;
    }
    if (options->token_path != NULL)
        *list++ = options->token_path;
    *count = (size_t)(list - *paths);
    return true;
}

/* Whether SIGHUP could read a file again that was read with root's rights: who
 * renews a certificate is to know that before it expires. */
static void settle_secret(const char *path, const struct user *user)
{
    char escaped[LOG_ESCAPED_BYTES], reason[96];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0)
        close(fd);
    else
        log_warn("%s: was read, but SIGHUP will not read it again: the user %s "
                 "cannot open it: %s",
                 log_escape(escaped, path, strlen(path)), user->name,
                 strerror_r(errno, reason, sizeof(reason)));
}

static void settle_secrets(const struct options *options,
                           const struct user *user)
{
    for (size_t i = 0; i < options->tls_pair_count; i++) {
        settle_secret(options->tls_pairs[i].certificate_path, user);
        settle_secret(options->tls_pairs[i].key_path, user);
    }
    if (options->token_path != NULL)
        settle_secret(options->token_path, user);
}

/* From here on there are but the rights that serving takes. Whatever is read by
 * its path only once is read before. */
static bool lock_down(const struct options *options, const struct user *user,
                      struct library *library, bool may_poll)
{
    char fault[USER_FAULT_BYTES] = "out of memory";
    struct sandbox_plan plan = {.user = user,
                                .is_locked = options->sandbox,
                                .notify_socket = getenv("NOTIFY_SOCKET"),
                                .may_poll = may_poll};
    struct library_error error;
    const char **paths = NULL;
    bool good = list_paths(options, &paths, &plan.path_count);

    plan.paths = paths;
    limits_keep_files();
    hmac_prepare();
    good = good && sandbox_enter(&plan, fault);
    free(paths);
    if (!good) {
        fprintf(stderr, "flvd: %s\n", fault);
        return false;
    }
    if (user->changes)
        settle_secrets(options, user);
    if (library_settle(library, user->name, &error))
        return true;
    (void)tell_library_error(&error);
    return false;
}

/* NULL, with errno, when a thread could not be made. */
static struct line_queue *start_output(const struct listeners *listeners,
                                       const struct library *library)
{
    if (!log_let_out() || !sandbox_start_telling())
        return NULL;
    return tell_urls(listeners, library);
}

/* Until a signal; tells of it over HTTP meanwhile, if that is wanted. */
static enum server_end run_server(const struct session_context *context,
                                  struct listeners *playing,
                                  struct listeners *answering)
{
    const struct status_options wanted = {
        .context = context,
        .playing = playing->all,
        .playing_count = playing->count,
        .listeners = answering->all,
        .listener_count = answering->count,
    };
    struct status *status = NULL;
    enum server_end end;

    if (answering->count > 0) {
        status = status_start(&wanted);
        if (status == NULL) {
            log_error("cannot start a thread for --status");
            return SERVER_FAILED;
        }
    }
    end = server_run(playing->all, playing->count);
    if (end != SERVER_STUCK)
        status_stop(status);
    return end;
}

static enum server_end prepare_and_run(const struct options *options,
                                       struct library *library,
                                       struct keyring *keyring,
                                       struct listeners *playing,
                                       struct listeners *answering)
{
    const struct session_context *context =
        server_prepare(options, library, keyring);
    enum server_end end;

    if (context == NULL)
        return SERVER_FAILED;
    end = run_server(context, playing, answering);
    if (end != SERVER_STUCK)
        server_clear();
    return end;
}

static enum exit_status serve_here(const struct options *options,
                                   const struct passed_sockets *passed,
                                   const struct user *user,
                                   struct library *library,
                                   const struct secrets *secrets)
{
    struct listeners listeners = {.count = 0}, answering = {.count = 0};
    struct line_queue *output;
    enum exit_status status = EXIT_CANNOT_WORK;

    if (!open_listeners(options, passed, secrets->tls, &listeners))
        return EXIT_CANNOT_WORK;
    if (!open_status_listeners(options, passed, &answering) ||
        !lock_down(options, user, library, answering.count > 0)) {
        close_listeners(listeners.all, listeners.count);
        close_listeners(answering.all, answering.count);
        return EXIT_CANNOT_WORK;
    }
    output = start_output(&listeners, library);
    if (output == NULL) {
        fprintf(stderr, "flvd: cannot start a thread: %s\n", strerror(errno));
    } else {
        enum server_end end = prepare_and_run(
            options, library, secrets->keyring, &listeners, &answering);

        line_queue_stop(output, clock_now_ns() + OUTPUT_STOP_NS);
        if (end == SERVER_STUCK) {
            log_flush(clock_now_ns() + CLOCK_NS_PER_S);
            _exit(EXIT_STOPPED);
        }
        if (end == SERVER_STOPPED)
            status = EXIT_STOPPED;
    }
    close_listeners(listeners.all, listeners.count);
    close_listeners(answering.all, answering.count);
    return status;
}

/* Reads the certificates and the keys of tokens, if there are any. */
static bool open_secrets(const struct options *options, struct secrets *secrets)
{
    char tls_fault[TLS_FAULT_BYTES], keyring_fault[KEYRING_FAULT_BYTES];

    if (options->tls_pair_count > 0) {
        secrets->tls = tls_context_new(options->tls_pairs,
                                       options->tls_pair_count, tls_fault);
        if (secrets->tls == NULL) {
            fprintf(stderr, "flvd: %s\n", tls_fault);
            return false;
        }
    }
    if (options->token_path != NULL) {
        secrets->keyring = keyring_open(options->token_path, keyring_fault);
        if (secrets->keyring == NULL) {
            fprintf(stderr, "flvd: %s\n", keyring_fault);
            return false;
        }
    }
    return true;
}

static enum exit_status serve_securely(const struct options *options,
                                       const struct passed_sockets *passed,
                                       const struct user *user,
                                       struct library *library)
{
    struct secrets secrets = {NULL, NULL};
    enum exit_status status = EXIT_CANNOT_WORK;

    if (open_secrets(options, &secrets)) {
        if (secrets.keyring != NULL)
            library_demand_tokens(library, secrets.keyring);
        status = serve_here(options, passed, user, library, &secrets);
    }
    tls_context_free(secrets.tls);
    keyring_close(secrets.keyring);
    return status;
}

static enum log_level wanted_level(const struct options *options)
{
    if (options->quiet)
        return LOG_LEVEL_ERROR;
    return options->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

enum exit_status serve(struct options *options,
                       const struct passed_sockets *passed)
{
    enum exit_status status = EXIT_CANNOT_WORK;
    char fault[USER_FAULT_BYTES];
    struct library *library;
    struct user user;

    if (!user_find(options->user, &user, fault)) {
        fprintf(stderr, "flvd: %s\n", fault);
        return EXIT_USAGE;
    }
    server_block_signals();
    limits_raise();
    if (options->log_json)
        log_use_json();
    if (!log_hold(STDERR_FILENO, wanted_level(options))) {
        fprintf(stderr, "flvd: out of memory\n");
        return EXIT_CANNOT_WORK;
    }
    library = open_library(options, &status);
    if (library != NULL) {
        if (!options->has_loop)
            options->loop = library_is_one_file(library) ? 0 : 1;
        status = serve_securely(options, passed, &user, library);
    }
    sandbox_stop_telling();
    log_stop();
    library_close(library);
    return status;
}
