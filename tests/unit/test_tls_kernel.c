/* net/transport over TLS on a TCP connection, where the kernel may encrypt: the
 * bytes are the same whether it does or not. On a kernel without TLS this is
 * the way back to OpenSSL. Index 0 of a test is TLS 1.2, 1 is TLS 1.3. */
#include "config.h"

#include "net/tls_kernel.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "certificate.h"
#include "net/tls_context.h"
#include "net/transport.h"
#include "tls_client.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static struct tls_context *context;
static struct gather gather;

static void set_up(void)
{
    context = certificate_serve();
}

static void tear_down(void)
{
    tls_context_free(context);
}

static int64_t soon(void)
{
    return clock_now_ns() + 60 * CLOCK_NS_PER_S;
}

#define FILM_BYTES (1u << 20)

struct viewer {
    struct tls_client client;
    uint8_t *got;
    size_t got_bytes;
    bool renews_keys;
    bool has_seen_end;
};

/* Says "go", and then listens to the end. */
static void *view(void *argument)
{
    struct viewer *viewer = argument;
    SSL *ssl = viewer->client.ssl;
    char more;
    int n;

    ck_assert_int_eq(SSL_set_fd(ssl, viewer->client.fd), 1);
    ck_assert_int_eq(SSL_write(ssl, "go", 2), 2);
    if (viewer->renews_keys) {
        ck_assert_int_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_write(ssl, "on", 2), 2);
    }
    while (viewer->got_bytes < FILM_BYTES + 8 &&
           (n = SSL_read(ssl, viewer->got + viewer->got_bytes,
                         (int)(FILM_BYTES + 8 - viewer->got_bytes))) > 0)
        viewer->got_bytes += (size_t)n;
    viewer->has_seen_end =
        SSL_get_error(ssl, SSL_read(ssl, &more, 1)) == SSL_ERROR_ZERO_RETURN;
    shutdown(viewer->client.fd, SHUT_WR);
    return NULL;
}

static void open_tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(
        getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&address, length), 0);
    ends[0] = accept(listener, NULL, NULL);
    ck_assert_int_ge(ends[0], 0);
    close(listener);
}

/* A viewer over TCP, who has said "go" by then. */
static void meet(struct transport *t, struct viewer *viewer, pthread_t *thread,
                 int version)
{
    char text[16];
    size_t length;
    int ends[2];

    open_tcp_pair(ends);
    transport_init(t, ends[0], context);
    tls_client_init(&viewer->client, ends[1], version, NULL);
    viewer->got = malloc(FILM_BYTES + 8);
    ck_assert_ptr_nonnull(viewer->got);
    ck_assert_int_eq(pthread_create(thread, NULL, view, viewer), 0);
    ck_assert_int_eq(transport_read(t, text, 2, soon(), &length), TRANSPORT_OK);
    ck_assert_mem_eq(text, "go", length);
    ck_assert_int_eq(strstr(transport_describe(t), "encrypted by the kernel") !=
                         NULL,
                     tls_kernel_is_offered());
}

static void part(struct transport *t, struct viewer *viewer)
{
    transport_destroy(t);
    close(viewer->client.fd);
    tls_client_free(&viewer->client);
    free(viewer->got);
}

/* A mapped file, whoever encrypts it; and the end. */
START_TEST(a_film_over_tcp)
{
    struct viewer viewer = {.got = NULL};
    struct transport t;
    pthread_t thread;
    uint8_t *film;
    const int fd = memfd_create("file", MFD_CLOEXEC);

    ck_assert_int_eq(ftruncate(fd, FILM_BYTES), 0);
    film = mmap(NULL, FILM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(film != MAP_FAILED);
    for (size_t i = 0; i < FILM_BYTES; i++)
        film[i] = (uint8_t)(i * 31 + i / 4096);
    meet(&t, &viewer, &thread, versions[_i]);
    gather_reset(&gather);
    gather.file_fd = fd;
    gather_add_memory(&gather, "head", 4);
    gather_add_file(&gather, film, FILM_BYTES, 0);
    gather_add_header(&gather, "tail", 4);
    while (gather.bytes > 0)
        ck_assert_int_eq(transport_write(&t, &gather, soon()), TRANSPORT_OK);
    transport_close_gently(&t, soon());
    pthread_join(thread, NULL);
    ck_assert_uint_eq(viewer.got_bytes, FILM_BYTES + 8);
    ck_assert_mem_eq(viewer.got, "head", 4);
    ck_assert_mem_eq(viewer.got + 4, film, FILM_BYTES);
    ck_assert_mem_eq(viewer.got + 4 + FILM_BYTES, "tail", 4);
    ck_assert(viewer.has_seen_end);
    part(&t, &viewer);
    munmap(film, FILM_BYTES);
    close(fd);
}
END_TEST

/* The kernel has no other keys: who asks for them is heard all the same, or
 * meets the end. */
START_TEST(new_keys_over_tcp)
{
    struct viewer viewer = {.renews_keys = true};
    struct transport t;
    pthread_t thread;
    char text[16];
    size_t length;
    enum transport_result result;

    meet(&t, &viewer, &thread, TLS1_3_VERSION);
    result = transport_read(&t, text, sizeof(text), soon(), &length);
    if (result == TRANSPORT_OK) {
        ck_assert_mem_eq(text, "on", length);
    } else {
        ck_assert(tls_kernel_is_offered());
        ck_assert_int_eq(result, TRANSPORT_ERROR);
        ck_assert_int_eq(errno, EPROTO);
    }
    transport_interrupt(t.fd, true);
    pthread_join(thread, NULL);
    part(&t, &viewer);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("kernel TLS");
    TCase *const tests = tcase_create("kernel TLS");
    SRunner *const runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_film_over_tcp, 0, 2);
    tcase_add_test(tests, new_keys_over_tcp);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
