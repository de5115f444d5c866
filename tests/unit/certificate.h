/* Certificates and keys for tests, made on the spot, as files in memory. */
#ifndef FLVD_TESTS_UNIT_CERTIFICATE_H
#define FLVD_TESTS_UNIT_CERTIFICATE_H

#include "net/tls_context.h"

struct certificate_options {
    const char *names;      /* as in "DNS:localhost,DNS:*.example.org" */
    unsigned rsa_bits;      /* 0: ECDSA on P-256 */
    long begins_s;          /* seconds from now on: before it is valid, */
    long ends_s;            /* after it is; 0: in a day */
    const char *passphrase; /* of the private key; NULL: none */
};

struct certificate {
    int fd;
    int key_fd;
    char path[32];
    char key_path[32];
};

/* A self-signed one. Ends the test when it cannot be made. */
void certificate_make(struct certificate *certificate,
                      const struct certificate_options *options);

/* Puts another one into the same files. */
void certificate_renew(struct certificate *certificate,
                       const struct certificate_options *options);

void certificate_remove(struct certificate *certificate);

struct tls_pair certificate_pair(const struct certificate *certificate);

/* What a server for `localhost' needs, with a certificate made for it. Ends the
 * test when it cannot be made; the caller's to free with tls_context_free. */
struct tls_context *certificate_serve(void);

#endif
