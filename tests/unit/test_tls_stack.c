/* How much stack TLS takes: handshakes of several kinds, reading, writing and
 * the end on a painted stack. A worker has four times as much. */
#include "config.h"

#include "net/transport.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "certificate.h"
#include "net/tls_context.h"
#include "tls_client.h"

#define STACK_BYTES (1u << 20)
#define PAINT 0xA5

static int64_t soon(void)
{
    return clock_now_ns() + 60 * CLOCK_NS_PER_S;
}

struct server {
    int fd;
    struct tls_context *context;
    int file_fd;
};

/* All that a session does with its transport. */
static void *serve(void *argument)
{
    static struct gather gather;
    const struct server *server = argument;
    struct transport t;
    size_t length;
    char byte;

    if (server->context == NULL)
        return NULL;
    transport_init(&t, server->fd, server->context);
    ck_assert_int_eq(transport_read(&t, &byte, 1, soon(), &length),
                     TRANSPORT_OK);
    gather_reset(&gather);
    gather.file_fd = server->file_fd;
    gather_add_header(&gather, "header", 6);
    gather_add_file(&gather, NULL, 100000, 0);
    while (gather.bytes > 0)
        ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    transport_close_gently(&t, soon());
    transport_destroy(&t);
    return NULL;
}

static void *watch(void *argument)
{
    struct tls_client *client = argument;
    char bytes[4096];

    ck_assert_int_eq(SSL_set_fd(client->ssl, client->fd), 1);
    ck_assert_int_eq(SSL_write(client->ssl, "x", 1), 1);
    while (SSL_read(client->ssl, bytes, sizeof(bytes)) > 0)
        ;
    SSL_shutdown(client->ssl);
    shutdown(client->fd, SHUT_WR);
    return NULL;
}

/* How much of its stack a thread that serves has touched. */
static size_t measure(struct server *server)
{
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t untouched = 0;
    pthread_attr_t attributes;
    pthread_t thread;

    ck_assert(stack != MAP_FAILED);
    memset(stack, PAINT, STACK_BYTES);
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, serve, server), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    while (untouched < STACK_BYTES && stack[untouched] == PAINT)
        untouched++;
    munmap(stack, STACK_BYTES);
    return STACK_BYTES - untouched;
}

/* flvd asks no client for a certificate. Should it ever, then there is one more
 * to verify: the client shows the server's own, which is trusted. */
static void ask_clients_for(struct tls_context *context)
{
    struct tls_keys *keys = tls_context_keys(context);
    SSL *ssl = tls_keys_new_connection(keys);
    SSL_CTX *ssl_context;
    X509_STORE *store;

    ck_assert_ptr_nonnull(ssl);
    ssl_context = SSL_get_SSL_CTX(ssl);
    store = SSL_CTX_get_cert_store(ssl_context);
    SSL_CTX_set_verify(ssl_context,
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    ck_assert(
        X509_STORE_add_cert(store, SSL_CTX_get0_certificate(ssl_context)));
    ck_assert(X509_STORE_set_flags(store, X509_V_FLAG_CHECK_SS_SIGNATURE));
    SSL_free(ssl);
    tls_keys_unref(keys);
}

static void show_certificate(SSL *ssl, const struct certificate *certificate)
{
    ck_assert(
        SSL_use_certificate_file(ssl, certificate->path, SSL_FILETYPE_PEM));
    ck_assert(
        SSL_use_PrivateKey_file(ssl, certificate->key_path, SSL_FILETYPE_PEM));
}

/* `shown`: what the client shows of itself, NULL: nothing. */
static size_t measure_handshake(struct tls_context *context, int version,
                                const char *group, int file_fd,
                                const struct certificate *shown)
{
    struct tls_client client;
    struct server server = {.context = context, .file_fd = file_fd};
    pthread_t thread;
    size_t bytes;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    tls_client_init(&client, ends[1], version, "localhost");
    ck_assert(SSL_set1_groups_list(client.ssl, group));
    if (shown != NULL)
        show_certificate(client.ssl, shown);
    server.fd = ends[0];
    ck_assert_int_eq(pthread_create(&thread, NULL, watch, &client), 0);
    bytes = measure(&server);
    pthread_join(thread, NULL);
    close(client.fd);
    tls_client_free(&client);
    return bytes;
}

static size_t most_bytes;

/* Ways to agree on a key; TLS 1.2 knows only curves. */
static const struct {
    int version;
    const char *group;
} kinds[] = {{TLS1_2_VERSION, "X25519:P-256"}, {TLS1_2_VERSION, "P-521:P-256"},
             {TLS1_3_VERSION, "X25519"},       {TLS1_3_VERSION, "P-256"},
             {TLS1_3_VERSION, "X448"},         {TLS1_3_VERSION, "P-521"},
             {TLS1_3_VERSION, "ffdhe8192"}};

static void measure_kinds(struct tls_context *context, unsigned rsa_bits,
                          int file_fd, const struct certificate *shown)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const size_t bytes = measure_handshake(context, kinds[i].version,
                                               kinds[i].group, file_fd, shown);

        printf("TLS 1.%d, %s, %s %u%s: %zu bytes of stack\n",
               kinds[i].version == TLS1_2_VERSION ? 2 : 3, kinds[i].group,
               rsa_bits != 0 ? "RSA" : "ECDSA", rsa_bits != 0 ? rsa_bits : 256,
               shown != NULL ? ", a client certificate" : "", bytes);
        if (bytes > most_bytes)
            most_bytes = bytes;
    }
}

static void measure_certificate(unsigned rsa_bits, int file_fd)
{
    struct certificate certificate;
    struct tls_context *context;
    struct tls_pair pair;
    char fault[TLS_FAULT_BYTES];

    certificate_make(&certificate,
                     &(struct certificate_options){.names = "DNS:localhost",
                                                   .rsa_bits = rsa_bits});
    pair = certificate_pair(&certificate);
    context = tls_context_new(&pair, 1, fault);
    ck_assert_msg(context != NULL, "%s", fault);
    measure_kinds(context, rsa_bits, file_fd, NULL);
    ask_clients_for(context);
    measure_kinds(context, rsa_bits, file_fd, &certificate);
    tls_context_free(context);
    certificate_remove(&certificate);
}

START_TEST(a_worker_has_enough)
{
    struct server idle = {.context = NULL};
    const int file_fd = memfd_create("file", MFD_CLOEXEC);

    ck_assert_int_eq(ftruncate(file_fd, 100000), 0);
    /* A thread has something on its stack before it does anything. */
    printf("a thread that does nothing: %zu bytes of stack\n", measure(&idle));
    measure_certificate(0, file_fd);
    measure_certificate(2048, file_fd);
    measure_certificate(4096, file_fd);
    ck_assert_uint_gt(most_bytes, 4096); /* it was measured */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ck_assert_uint_le(4 * most_bytes,
                      WORKER_STACK_BYTES + TRANSPORT_TLS_STACK_BYTES);
#endif
    close(file_fd);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("TLS stack");
    TCase *const tests = tcase_create("TLS stack");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, a_worker_has_enough);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
