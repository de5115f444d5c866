/* net/tls_context: what is refused and how that is said, which pair a client
 * gets, and reading all of it again. */
#include "config.h"

#include "net/tls_context.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "base/log.h"
#include "certificate.h"
#include "tls_client.h"

static char fault[TLS_FAULT_BYTES];

static const struct certificate_options localhost = {.names = "DNS:localhost"};

static void expect_fault(const struct tls_pair *pair, const char *what)
{
    memset(fault, 'X', sizeof(fault));
    ck_assert_ptr_null(tls_context_new(pair, 1, fault));
    ck_assert_msg(strstr(fault, what) != NULL, "\"%.300s\" has no \"%s\"",
                  fault, what);
    ck_assert_ptr_null(strchr(fault, '\n'));
}

/* The certificate that a client gets that asks for a name (NULL: for none). */
static X509 *ask(struct tls_context *context, const char *name)
{
    struct transport t;
    struct tls_client client;
    X509 *x509;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    transport_init(&t, ends[0], context);
    tls_client_init(&client, ends[1], TLS1_3_VERSION, name);
    tls_client_handshake(&client, &t);
    x509 = SSL_get1_peer_certificate(client.ssl);
    ck_assert_ptr_nonnull(x509);
    transport_destroy(&t);
    close(client.fd);
    tls_client_free(&client);
    return x509;
}

/* Whether that is one for `host`. */
static void expect_for(struct tls_context *context, const char *name,
                       const char *host)
{
    X509 *x509 = ask(context, name);

    ck_assert_msg(X509_check_host(x509, host, 0, 0, NULL) == 1,
                  "who asks for %s does not get %s",
                  name != NULL ? name : "nothing", host);
    X509_free(x509);
}

static struct tls_context *make(const struct tls_pair *pairs, size_t count)
{
    struct tls_context *context = tls_context_new(pairs, count, fault);

    ck_assert_msg(context != NULL, "%s", fault);
    return context;
}

START_TEST(files_that_cannot_be_used)
{
    struct certificate good, other, weak, locked;

    certificate_make(&good, &localhost);
    certificate_make(&other, &localhost);
    certificate_make(&weak, &(struct certificate_options){
                                .names = "DNS:localhost", .rsa_bits = 1024});
    certificate_make(&locked,
                     &(struct certificate_options){.names = "DNS:localhost",
                                                   .passphrase = "secret"});
    expect_fault(&(struct tls_pair){"/nowhere/c.pem", good.key_path},
                 "cannot read the certificate /nowhere/c.pem: No such file");
    expect_fault(&(struct tls_pair){good.path, "/nowhere/k.pem"},
                 "cannot read the private key /nowhere/k.pem: No such file");
    expect_fault(&(struct tls_pair){"/dev/null", good.key_path},
                 "/dev/null is no regular file");
    expect_fault(&(struct tls_pair){good.path, "/dev/null"},
                 "/dev/null is no regular file");
    expect_fault(&(struct tls_pair){good.key_path, good.path},
                 "holds no certificate in PEM form");
    expect_fault(&(struct tls_pair){good.path, other.key_path},
                 "is not that of the first certificate in");
    expect_fault(&(struct tls_pair){good.path, weak.key_path},
                 "is not that of the first certificate in");
    expect_fault(&(struct tls_pair){weak.path, weak.key_path},
                 "cannot be used: ee key too small");
    expect_fault(&(struct tls_pair){locked.path, locked.key_path},
                 "wants a passphrase");
    certificate_remove(&good);
    certificate_remove(&other);
    certificate_remove(&weak);
    certificate_remove(&locked);
}
END_TEST

START_TEST(names_choose_a_pair)
{
    static const char *const names[] = {"DNS:localhost",
                                        "DNS:a.test,DNS:*.wild.test",
                                        "DNS:b.test", "DNS:a.test,DNS:c.test"};
    struct certificate certificates[4];
    struct tls_pair pairs[4];
    struct tls_context *context;

    for (size_t i = 0; i < 4; i++) {
        certificate_make(&certificates[i],
                         &(struct certificate_options){
                             .names = names[i], .rsa_bits = i == 2 ? 2048 : 0});
        pairs[i] = certificate_pair(&certificates[i]);
    }
    context = make(pairs, 4);
    expect_for(context, NULL, "localhost");
    expect_for(context, "localhost", "localhost");
    expect_for(context, "nobody.test", "localhost");
    expect_for(context, "a.test", "x.wild.test"); /* the first that has it */
    expect_for(context, "x.wild.test", "x.wild.test");
    expect_for(context, "x.y.wild.test", "localhost");
    expect_for(context, "wild.test", "localhost");
    expect_for(context, "B.TEST", "b.test");
    expect_for(context, "c.test", "c.test");
    tls_context_free(context);
    for (size_t i = 0; i < 4; i++)
        certificate_remove(&certificates[i]);
}
END_TEST

/* Used all the same, with a warning. */
START_TEST(a_time_that_is_over_or_has_not_come)
{
    static const struct {
        struct certificate_options options;
        const char *line;
    } cases[] = {
        {{.names = "DNS:localhost", .begins_s = -7200, .ends_s = -3600},
         "is valid no more, since "},
        {{.names = "DNS:localhost", .begins_s = 3600}, "is not valid yet"},
        {{.names = "DNS:localhost"}, "is valid until "}};
    char text[4096];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int log = memfd_create("log", MFD_CLOEXEC);
        struct certificate certificate;
        struct tls_context *context;
        struct tls_pair pair;
        ssize_t length;

        ck_assert(log_start(log, LOG_LEVEL_INFO));
        certificate_make(&certificate, &cases[i].options);
        pair = certificate_pair(&certificate);
        context = make(&pair, 1);
        expect_for(context, NULL, "localhost");
        tls_context_free(context);
        certificate_remove(&certificate);
        log_stop();
        length = pread(log, text, sizeof(text) - 1, 0);
        ck_assert_int_gt(length, 0);
        text[length] = '\0';
        ck_assert_msg(strstr(text, cases[i].line) != NULL, "%s", text);
        close(log);
    }
}
END_TEST

START_TEST(reading_again)
{
    struct certificate certificate;
    struct tls_context *context;
    struct tls_pair pair;

    certificate_make(&certificate, &localhost);
    pair = certificate_pair(&certificate);
    context = make(&pair, 1);
    expect_for(context, NULL, "localhost");
    certificate_renew(&certificate,
                      &(struct certificate_options){.names = "DNS:new.test"});
    expect_for(context, NULL, "localhost"); /* not yet */
    ck_assert(tls_context_reload(context, fault));
    expect_for(context, NULL, "new.test");
    /* What cannot be read leaves all as it was. */
    ck_assert_int_eq(ftruncate(certificate.key_fd, 0), 0);
    ck_assert(!tls_context_reload(context, fault));
    ck_assert_msg(strstr(fault, "holds no private key") != NULL, "%s", fault);
    expect_for(context, NULL, "new.test");
    certificate_renew(&certificate, &localhost);
    ck_assert(tls_context_reload(context, fault));
    expect_for(context, NULL, "localhost");
    tls_context_free(context);
    certificate_remove(&certificate);
}
END_TEST

/* Whoever has begun goes on with what there was then: also in the middle of a
 * handshake. */
START_TEST(reading_again_under_a_connection)
{
    struct certificate certificate;
    struct tls_context *context;
    struct tls_pair pair;
    struct transport t;
    struct tls_client client;
    char text[8];
    size_t length;
    int ends[2];

    certificate_make(&certificate, &localhost);
    pair = certificate_pair(&certificate);
    context = make(&pair, 1);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    transport_init(&t, ends[0], context);
    tls_client_init(&client, ends[1], TLS1_3_VERSION, "localhost");
    tls_client_step(&client);
    (void)tls_client_push(&client, 100);
    ck_assert_int_eq(transport_read_now(&t, text, 1, &length),
                     TRANSPORT_TIMEOUT);
    certificate_renew(&certificate,
                      &(struct certificate_options){.names = "DNS:new.test"});
    ck_assert(tls_context_reload(context, fault));
    tls_client_handshake(&client, &t);
    X509 *x509 = SSL_get1_peer_certificate(client.ssl);
    ck_assert_int_eq(X509_check_host(x509, "localhost", 0, 0, NULL), 1);
    X509_free(x509);
    tls_client_send(&client, "on", 2);
    ck_assert_int_eq(transport_read_now(&t, text, sizeof(text), &length),
                     TRANSPORT_OK);
    transport_destroy(&t);
    close(client.fd);
    tls_client_free(&client);
    tls_context_free(context);
    tls_context_free(NULL);
    certificate_remove(&certificate);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("TLS context");
    TCase *const tests = tcase_create("TLS context");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, files_that_cannot_be_used);
    tcase_add_test(tests, names_choose_a_pair);
    tcase_add_test(tests, a_time_that_is_over_or_has_not_come);
    tcase_add_test(tests, reading_again);
    tcase_add_test(tests, reading_again_under_a_connection);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
