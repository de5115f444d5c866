#include "config.h"

#include "certificate.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define DAY_S 86400

static void add_names(X509 *x509, const char *names)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    ck_assert_ptr_nonnull(extension);
    ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_x509(EVP_PKEY *key, const struct certificate_options *options)
{
    static long serial;
    X509 *x509 = X509_new();
    X509_NAME *name;

    ck_assert_ptr_nonnull(x509);
    name = X509_get_subject_name(x509);
    ck_assert(X509_set_version(x509, X509_VERSION_3));
    ck_assert(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial));
    ck_assert_ptr_nonnull(
        X509_gmtime_adj(X509_getm_notBefore(x509), options->begins_s));
    ck_assert_ptr_nonnull(
        X509_gmtime_adj(X509_getm_notAfter(x509),
                        options->ends_s != 0 ? options->ends_s : DAY_S));
    ck_assert(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                         (const unsigned char *)"flvd tests",
                                         -1, -1, 0));
    ck_assert(X509_set_issuer_name(x509, name));
    ck_assert(X509_set_pubkey(x509, key));
    add_names(x509, options->names);
    ck_assert_int_gt(X509_sign(x509, key, EVP_sha256()), 0);
    return x509;
}

/* A stream on the beginning of the file; the descriptor stays. */
static FILE *rewrite(const char *path)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    return file;
}

void certificate_renew(struct certificate *certificate,
                       const struct certificate_options *options)
{
    EVP_PKEY *key = options->rsa_bits != 0 ? EVP_RSA_gen(options->rsa_bits)
                                           : EVP_EC_gen("P-256");
    X509 *x509;
    FILE *file;

    ck_assert_ptr_nonnull(key);
    x509 = make_x509(key, options);
    file = rewrite(certificate->path);
    ck_assert(PEM_write_X509(file, x509));
    ck_assert_int_eq(fclose(file), 0);
    file = rewrite(certificate->key_path);
    ck_assert(PEM_write_PKCS8PrivateKey(
        file, key, options->passphrase != NULL ? EVP_aes_128_cbc() : NULL,
        options->passphrase,
        options->passphrase != NULL ? (int)strlen(options->passphrase) : 0,
        NULL, NULL));
    ck_assert_int_eq(fclose(file), 0);
    X509_free(x509);
    EVP_PKEY_free(key);
}

void certificate_make(struct certificate *certificate,
                      const struct certificate_options *options)
{
    certificate->fd = memfd_create("certificate", MFD_CLOEXEC);
    certificate->key_fd = memfd_create("key", MFD_CLOEXEC);
    ck_assert_int_ge(certificate->fd, 0);
    ck_assert_int_ge(certificate->key_fd, 0);
    snprintf(certificate->path, sizeof(certificate->path), "/proc/self/fd/%d",
             certificate->fd);
    snprintf(certificate->key_path, sizeof(certificate->key_path),
             "/proc/self/fd/%d", certificate->key_fd);
    certificate_renew(certificate, options);
}

void certificate_remove(struct certificate *certificate)
{
    close(certificate->fd);
    close(certificate->key_fd);
}

struct tls_pair certificate_pair(const struct certificate *certificate)
{
    return (struct tls_pair){.certificate_path = certificate->path,
                             .key_path = certificate->key_path};
}

struct tls_context *certificate_serve(void)
{
    struct certificate certificate;
    struct tls_context *context;
    struct tls_pair pair;
    char fault[TLS_FAULT_BYTES];

    certificate_make(&certificate,
                     &(struct certificate_options){.names = "DNS:localhost"});
    pair = certificate_pair(&certificate);
    context = tls_context_new(&pair, 1, fault);
    ck_assert_msg(context != NULL, "%s", fault);
    certificate_remove(&certificate);
    return context;
}
