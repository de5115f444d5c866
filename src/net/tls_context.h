/* The certificates and keys of flvd's RTMPS listeners. Thread-safe: they can be
 * read again at any time, and connections keep those that they began with.
 * tls_none.c stands in when flvd is built without OpenSSL. */
#ifndef FLVD_NET_TLS_CONTEXT_H
#define FLVD_NET_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TLS_MAX_PAIRS 64
#define TLS_FAULT_BYTES 640

/* Two files in PEM form: a certificate with those that lead from it to one
 * that clients know, and its private key. */
struct tls_pair {
    const char *certificate_path;
    const char *key_path;
};

struct tls_context;

/* Whether flvd was built with it. */
bool tls_is_available(void);

/* Reads `count` pairs (at least one, at most TLS_MAX_PAIRS), whose paths must
 * live as long as the context. A client gets the first pair whose certificate
 * is for the name that it asks for (SNI), and the first of all when none is.
 * NULL, and one line in `fault`, when a file cannot be read, is not what it
 * should be, or does not fit its partner. One that is valid no more or not yet
 * is used all the same, with a warning in the log. */
struct tls_context *tls_context_new(const struct tls_pair *pairs, size_t count,
                                    char fault[static TLS_FAULT_BYTES]);

/* Connections must have ended. NULL is a context as well. */
void tls_context_free(struct tls_context *context);

/* Reads all files again, for those who connect from now on. False, and one line
 * in `fault`, when that fails: then everything stays as it was. */
bool tls_context_reload(struct tls_context *context,
                        char fault[static TLS_FAULT_BYTES]);

/* --- for the transport alone -------------------------------------------- */

struct ssl_st;
struct transport_ops;

/* The pairs as they were read at one time. */
struct tls_keys;

const struct transport_ops *
tls_context_transport_ops(const struct tls_context *context);

/* A reference to what is in force now. */
struct tls_keys *tls_context_keys(struct tls_context *context);
void tls_keys_unref(struct tls_keys *keys);

/* The server's side of a new connection; NULL when memory is short. The keys
 * must outlive it. */
struct ssl_st *tls_keys_new_connection(struct tls_keys *keys);

#endif
