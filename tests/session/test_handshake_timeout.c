/* --handshake-timeout: from connecting to connect, however slowly bytes come.
 */
#include "peer.h"

#include "base/clock.h"

/* On a busy machine the handshake itself takes its time. */
static const int64_t timeout_ns = 1000 * CLOCK_NS_PER_MS;

static void expect_timeout_behind(const void *bytes, size_t length,
                                  size_t reply_length)
{
    struct server server;
    uint8_t reply[3073];

    server_start(&server, small_file());
    server.options.handshake_timeout_ns = timeout_ns;
    const int64_t started_ns = clock_now_ns();
    struct peer *peer = peer_open(&server);
    send_bytes(peer, bytes, length);
    read_bytes(peer, reply, reply_length);
    expect_closed(peer);
    ck_assert_int_ge(clock_now_ns() - started_ns, timeout_ns);
    peer_abort(peer);
    server_stop(&server, "handshake timeout: no connect in time");
}

static const uint8_t c0c1c2[3073] = {3};

START_TEST(a_peer_that_says_nothing)
{
    expect_timeout_behind(NULL, 0, 0);
}
END_TEST

START_TEST(a_peer_that_stops_in_c1)
{
    expect_timeout_behind(c0c1c2, 1000, 0);
}
END_TEST

START_TEST(a_peer_that_stops_in_c2)
{
    expect_timeout_behind(c0c1c2, 3072, 3073);
}
END_TEST

START_TEST(a_peer_that_never_connects)
{
    expect_timeout_behind(c0c1c2, 3073, 3073);
}
END_TEST

/* The deadline is one for all, not one for each byte. */
START_TEST(a_peer_that_drips)
{
    struct server server;

    server_start(&server, small_file());
    server.options.handshake_timeout_ns = 50 * CLOCK_NS_PER_MS;
    struct peer *peer = peer_open(&server);
    size_t sent = 0;
    while (sent < 1536 && try_to_send(peer, &c0c1c2[sent], 1)) {
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        sent++;
    }
    ck_assert_uint_lt(sent, 1536); /* a second and a half */
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "handshake timeout: no connect in time");
}
END_TEST

/* Once connected, the idle timeout is what counts. */
START_TEST(a_peer_that_connected_may_take_its_time)
{
    struct server server;

    server_start(&server, small_file());
    server.options.handshake_timeout_ns = 2000 * CLOCK_NS_PER_MS;
    struct peer *peer = peer_open(&server);
    const int64_t started_ns = clock_now_ns();
    do_handshake(peer);
    do_connect(peer);
    clock_sleep_until(started_ns + 2000 * CLOCK_NS_PER_MS);
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "handshake timeout",
        (const TTest *[]){a_peer_that_says_nothing, a_peer_that_stops_in_c1,
                          a_peer_that_stops_in_c2, a_peer_that_never_connects,
                          a_peer_that_drips,
                          a_peer_that_connected_may_take_its_time, NULL});
}
