/* Who only watches costs no allocation without TLS: whatever a play needs of
 * the heap, it has when it has begun. Counts what flvd's own code asks for. */
#include "peer.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_t test_thread;
static atomic_bool counting;
static atomic_uint allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

static void count_allocation(void)
{
    if (atomic_load(&counting) && !pthread_equal(pthread_self(), test_thread))
        atomic_fetch_add(&allocations, 1);
}

void *__wrap_malloc(size_t size)
{
    count_allocation();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    count_allocation();
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    count_allocation();
    return __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    count_allocation();
    return __real_reallocarray(memory, count, size);
}

static void expect_rounds(struct server *server, struct peer *peer,
                          uint32_t first, uint32_t count)
{
    for (uint32_t round = first; round < first + count; round++) {
        struct file_tags tags = {.file = &server->file};
        struct file_tag tag;

        while (next_file_tag(&tags, &tag))
            expect_tag(peer, &tag, tag.timestamp_ms + round * SMALL_FILE_MS);
    }
}

/* Each tag by itself: the first round reads the file, the second shows what it
 * is to wait for a tag, and from there on nothing is new. */
START_TEST(none_while_streaming)
{
    struct server server;

    test_thread = pthread_self();
    server_start(&server, small_file());
    server.options.loop = 0;
    server.options.lead_ms = 0;
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    do_create_stream(peer);
    atomic_store(&counting, true);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    /* Or nothing is counted. */
    ck_assert_uint_gt(atomic_load(&allocations), 0);
    expect_rounds(&server, peer, 0, 2);
    atomic_store(&allocations, 0);
    expect_rounds(&server, peer, 2, 3);
    /* Over TLS a viewer that waits has no buffer for records. */
    if (!runs_over_tls())
        ck_assert_uint_eq(atomic_load(&allocations), 0);
    atomic_store(&counting, false);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("streaming_heap",
                     (const TTest *[]){none_while_streaming, NULL});
}
