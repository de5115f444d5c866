#include "config.h"

#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef WITHOUT_OPENSSL
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#endif

void stage_give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void make_path(const struct stage *stage, const char *name,
                      char path[static 96])
{
    snprintf(path, 96, "%s/%s", stage->directory, name);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL)
        stage_give_up(path);
    return file;
}

static void write_film(const struct stage *stage, const char *name,
                       const struct film *film)
{
    char path[96];
    FILE *file;

    make_path(stage, name, path);
    file = create(path);
    if (fwrite(film->data, 1, film->length, file) != film->length ||
        fclose(file) != 0)
        stage_give_up(path);
}

void stage_replace(const struct stage *stage, const char *name,
                   const struct film *film)
{
    char from[96], to[96];

    write_film(stage, "new", film);
    make_path(stage, "new", from);
    make_path(stage, name, to);
    if (rename(from, to) != 0)
        stage_give_up(to);
}

#ifndef WITHOUT_OPENSSL
/* One that vouches for itself, for a day, and its key, in one file. */
static void make_certificate(struct stage *stage)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    FILE *file;

    make_path(stage, "cert.pem", stage->certificate);
    file = create(stage->certificate);
    if (key == NULL || x509 == NULL || !X509_set_version(x509, 2) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) ||
        X509_gmtime_adj(X509_getm_notBefore(x509), 0) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x509), 86400) == NULL ||
        !X509_NAME_add_entry_by_txt(
            X509_get_subject_name(x509), "CN", MBSTRING_ASC,
            (const unsigned char *)"localhost", -1, -1, 0) ||
        !X509_set_issuer_name(x509, X509_get_subject_name(x509)) ||
        !X509_set_pubkey(x509, key) ||
        X509_sign(x509, key, EVP_sha256()) == 0 ||
        !PEM_write_X509(file, x509) ||
        !PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) ||
        fclose(file) != 0)
        stage_give_up(stage->certificate);
    X509_free(x509);
    EVP_PKEY_free(key);
}
#else
static void make_certificate(struct stage *stage)
{
    stage->certificate[0] = '\0';
}
#endif

void stage_add_option(struct stage *stage, const char *option)
{
    const size_t most = sizeof(stage->options) / sizeof(stage->options[0]) - 1;

    for (size_t i = 0; i < most; i++) {
        if (stage->options[i] == NULL) {
            stage->options[i] = option;
            return;
        }
    }
    abort();
}

void stage_set(struct stage *stage)
{
    const char *where = getenv("TMPDIR");
    char path[96];

    memset(stage, 0, sizeof(*stage));
    signal(SIGPIPE, SIG_IGN);
    snprintf(stage->directory, sizeof(stage->directory), "%.40s/faults.XXXXXX",
             where != NULL ? where : "/tmp");
    if (mkdtemp(stage->directory) == NULL)
        stage_give_up(stage->directory);
    make_path(stage, "films", path);
    /* The user that flvd becomes must reach the files. */
    if (chmod(stage->directory, 0755) != 0 || mkdir(path, 0755) != 0)
        stage_give_up(path);
    film_make(&stage->film, 10, 600);
    film_make(&stage->other, 250, 1500);
    write_film(stage, "film.flv", &stage->film);
    write_film(stage, "films/other.flv", &stage->other);
    make_certificate(stage);
#if WORKER_STACK_BYTES > 65536 /* a sanitizer, which makes calls of its own */
    stage_add_option(stage, "--no-sandbox");
#endif
}

void stage_clear(struct stage *stage)
{
    static const char *const names[] = {"film.flv", "films/other.flv", "films",
                                        "cert.pem"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[96];

        make_path(stage, names[i], path);
        (void)remove(path);
    }
    (void)rmdir(stage->directory);
    film_free(&stage->film);
    film_free(&stage->other);
}
