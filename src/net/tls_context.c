/* Certificates and keys by OpenSSL.
 *
 * What was read at one time never changes and is counted: whoever holds a
 * reference goes on with it when the files are read again. Each pair has an
 * SSL_CTX of its own; they differ in nothing but the pair. */
#include "config.h"

#include "net/tls_context.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/log.h"
#include "net/tls_kernel.h"
#include "net/transport_tls.h"

#define LEAST_SECURITY_LEVEL 2

struct tls_keys {
    atomic_uint references;
    size_t count; /* of those that were read */
    SSL_CTX *contexts[TLS_MAX_PAIRS];
};

struct tls_context {
    pthread_mutex_t lock; /* guards `keys`, the pointer */
    struct tls_keys *keys;
    size_t count;
    struct tls_pair pairs[];
};

bool tls_is_available(void)
{
    return true;
}

/* --- faults --------------------------------------------------------------- */

static bool fail(char *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false, so that it can be returned. Forgets OpenSSL's own reasons. */
static bool fail(char *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault, TLS_FAULT_BYTES, format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return false;
}

static const char *last_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason != NULL ? reason : "OpenSSL does not say why";
}

/* A path as a text for people. */
struct shown {
    char text[LOG_ESCAPED_BYTES];
};

static const char *show(struct shown *shown, const char *path)
{
    return log_escape(shown->text, path, strlen(path));
}

/* --- one pair ------------------------------------------------------------- */

/* Regular files only: SIGHUP is heeded by the thread that also hears SIGTERM,
 * and must not wait for what somebody may write into a FIFO. */
static bool open_file(const char *path, const char *what, FILE **file,
                      char *fault)
{
    struct shown shown;
    char reason[96];
    struct stat st;
    int fd = open(path, FILE_OPEN_FLAGS);

    *file = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        close(fd);
        return fail(fault, "the %s %s is no regular file", what,
                    show(&shown, path));
    }
    if (fd >= 0)
        *file = fdopen(fd, "r");
    if (*file != NULL)
        return true;
    (void)fail(fault, "cannot read the %s %s: %s", what, show(&shown, path),
               strerror_r(errno, reason, sizeof(reason)));
    if (fd >= 0)
        close(fd);
    return false;
}

/* Nobody sits at a server to type a passphrase. */
static int no_passphrase(char *buffer, int size, int is_writing,
                         void *was_asked)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    *(bool *)was_asked = true;
    return -1;
}

static EVP_PKEY *read_key(const char *path, char *fault)
{
    struct shown shown;
    bool was_asked = false;
    EVP_PKEY *key;
    FILE *file;

    if (!open_file(path, "private key", &file, fault))
        return NULL;
    key = PEM_read_PrivateKey(file, NULL, no_passphrase, &was_asked);
    fclose(file);
    if (key == NULL && was_asked)
        (void)fail(fault,
                   "the private key %s wants a passphrase; this writes one "
                   "that does not: openssl pkey -in KEY -out NEWKEY",
                   show(&shown, path));
    else if (key == NULL)
        (void)fail(fault, "%s holds no private key in PEM form",
                   show(&shown, path));
    return key;
}

static bool use_certificates(SSL_CTX *context, const char *path, char *fault)
{
    struct shown shown;
    FILE *file;

    if (!open_file(path, "certificate", &file, fault))
        return false;
    fclose(file); /* only for a better reason than OpenSSL has */
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, path) == 1)
        return true;
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ||
        ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE)
        return fail(fault, "%s holds no certificate in PEM form",
                    show(&shown, path));
    return fail(fault, "the certificate %s cannot be used: %s",
                show(&shown, path), last_reason());
}

static bool use_key(SSL_CTX *context, const struct tls_pair *pair, char *fault)
{
    struct shown certificate;
    struct shown key_path;
    EVP_PKEY *key = read_key(pair->key_path, fault);
    bool done = false;

    if (key == NULL)
        return false;
    if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1)
        (void)fail(fault,
                   "the private key %s is not that of the first certificate in "
                   "%s",
                   show(&key_path, pair->key_path),
                   show(&certificate, pair->certificate_path));
    else if (SSL_CTX_use_PrivateKey(context, key) != 1)
        (void)fail(fault, "the private key %s cannot be used: %s",
                   show(&key_path, pair->key_path), last_reason());
    else
        done = true;
    EVP_PKEY_free(key);
    return done;
}

static void tell_validity(SSL_CTX *context, const char *path)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    const ASN1_TIME *begin = X509_get0_notBefore(certificate);
    const ASN1_TIME *end = X509_get0_notAfter(certificate);
    struct shown shown;
    struct tm tm = {0};
    char date[32];

    (void)ASN1_TIME_to_tm(end, &tm);
    strftime(date, sizeof(date), "%Y-%m-%d", &tm);
    if (X509_cmp_current_time(end) < 0)
        log_warn("the certificate %s is valid no more, since %s: clients will "
                 "refuse it; renew it and send SIGHUP",
                 show(&shown, path), date);
    else if (X509_cmp_current_time(begin) > 0)
        log_warn("the certificate %s is not valid yet: clients will refuse it",
                 show(&shown, path));
    else
        log_info("the certificate %s is valid until %s", show(&shown, path),
                 date);
}

/* --- what is in force ----------------------------------------------------- */

static bool is_for(const SSL_CTX *context, const char *name)
{
    return X509_check_host(SSL_CTX_get0_certificate(context), name,
                           strlen(name), 0, NULL) == 1;
}

/* SNI: puts the pair in place that is for the name, if one is. */
static int choose_pair(SSL *ssl, int *alert, void *argument)
{
    const struct tls_keys *keys = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    for (size_t i = 0; i < keys->count; i++) {
        if (!is_for(keys->contexts[i], name))
            continue;
        return SSL_set_SSL_CTX(ssl, keys->contexts[i]) != NULL
                   ? SSL_TLSEXT_ERR_OK
                   : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

/* Asked once: a sandbox has no new sockets to ask with. */
static bool is_kernel_to_encrypt(void)
{
    static atomic_int answer; /* 0: not asked */

    if (atomic_load(&answer) == 0)
        atomic_store(&answer, tls_kernel_is_offered() ? 1 : -1);
    return atomic_load(&answer) == 1;
}

/* OpenSSL's defaults, which openssl.cnf may have made stricter, but nothing
 * older than TLS 1.2 and no weaker than 112 bits. */
static void set_up(SSL_CTX *context, struct tls_keys *keys)
{
    if (SSL_CTX_get_security_level(context) < LEAST_SECURITY_LEVEL)
        SSL_CTX_set_security_level(context, LEAST_SECURITY_LEVEL);
    if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION)
        (void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* Tickets keep what is needed at the client's side. Those of TLS 1.3 come
     * after the handshake, where librtmp with GnuTLS takes them for an error of
     * the connection; a player has no use for them anyway. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (is_kernel_to_encrypt())
        SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
    /* Several small records, or header and body, in one recv. */
    SSL_CTX_set_read_ahead(context, 1);
    (void)SSL_CTX_set_tlsext_servername_callback(context, choose_pair);
    (void)SSL_CTX_set_tlsext_servername_arg(context, keys);
}

static void tell_who_encrypts(void)
{
    log_info(
        is_kernel_to_encrypt()
            ? "kernel TLS: the kernel encrypts what is sent over TLS"
            : "no kernel TLS here: OpenSSL encrypts what is sent over TLS");
}

static SSL_CTX *read_pair(struct tls_keys *keys, const struct tls_pair *pair,
                          char *fault)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL) {
        (void)fail(fault, "TLS cannot be set up: %s", last_reason());
        return NULL;
    }
    set_up(context, keys);
    if (use_certificates(context, pair->certificate_path, fault) &&
        use_key(context, pair, fault))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static struct tls_keys *read_keys(const struct tls_pair *pairs, size_t count,
                                  char *fault)
{
    struct tls_keys *keys = calloc(1, sizeof(*keys));

    if (keys == NULL) {
        (void)fail(fault, "out of memory");
        return NULL;
    }
    atomic_init(&keys->references, 1);
    for (; keys->count < count; keys->count++) {
        SSL_CTX *context = read_pair(keys, &pairs[keys->count], fault);

        if (context == NULL) {
            tls_keys_unref(keys);
            return NULL;
        }
        keys->contexts[keys->count] = context;
    }
    for (size_t i = 0; i < count; i++)
        tell_validity(keys->contexts[i], pairs[i].certificate_path);
    tell_who_encrypts();
    return keys;
}

void tls_keys_unref(struct tls_keys *keys)
{
    if (keys == NULL || atomic_fetch_sub(&keys->references, 1) != 1)
        return;
    for (size_t i = 0; i < keys->count; i++)
        SSL_CTX_free(keys->contexts[i]);
    free(keys);
}

struct ssl_st *tls_keys_new_connection(struct tls_keys *keys)
{
    return SSL_new(keys->contexts[0]);
}

/* --- the context ---------------------------------------------------------- */

struct tls_context *tls_context_new(const struct tls_pair *pairs, size_t count,
                                    char fault[static TLS_FAULT_BYTES])
{
    struct tls_context *context =
        malloc(sizeof(*context) + count * sizeof(context->pairs[0]));

    if (context == NULL) {
        (void)fail(fault, "out of memory");
        return NULL;
    }
    memcpy(context->pairs, pairs, count * sizeof(context->pairs[0]));
    context->count = count;
    context->keys = read_keys(pairs, count, fault);
    if (context->keys == NULL) {
        free(context);
        return NULL;
    }
    pthread_mutex_init(&context->lock, NULL);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    tls_keys_unref(context->keys);
    pthread_mutex_destroy(&context->lock);
    free(context);
}

bool tls_context_reload(struct tls_context *context,
                        char fault[static TLS_FAULT_BYTES])
{
    struct tls_keys *keys = read_keys(context->pairs, context->count, fault);
    struct tls_keys *old;

    if (keys == NULL)
        return false;
    pthread_mutex_lock(&context->lock);
    old = context->keys;
    context->keys = keys;
    pthread_mutex_unlock(&context->lock);
    tls_keys_unref(old);
    return true;
}

struct tls_keys *tls_context_keys(struct tls_context *context)
{
    struct tls_keys *keys;

    pthread_mutex_lock(&context->lock);
    keys = context->keys;
    atomic_fetch_add(&keys->references, 1);
    pthread_mutex_unlock(&context->lock);
    return keys;
}

const struct transport_ops *
tls_context_transport_ops(const struct tls_context *context)
{
    (void)context;
    return &transport_tls_ops;
}
