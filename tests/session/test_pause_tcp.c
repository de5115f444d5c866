/* pause over TCP, by a viewer that had stopped reading: what lies in the
 * server's kernel cannot be taken back, so there must not be much of it. */
#include "peer.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"

#define PICTURE_BYTES 20000
#define MAX_UNSENT_BYTES (256u << 10)
/* The message that was begun, replies, headers and pings. */
#define SLACK_BYTES (PICTURE_BYTES + 4096)

/* 2 s, to be played again and again. */
static struct flv_bytes round_file(void)
{
    struct flv_bytes file = {0};

    flv_bytes_file_header(&file);
    for (uint32_t i = 0; i < 50; i++)
        flv_bytes_keyframe(&file, i * 40, PICTURE_BYTES);
    return file;
}

static size_t unread_bytes(int fd)
{
    int bytes = 0;

    ck_assert_int_eq(ioctl(fd, SIOCINQ, &bytes), 0);
    return (size_t)bytes;
}

/* The kernel takes no more from the server. No event tells when a socket has
 * become full, so it is asked. */
static void wait_until_full(const struct peer *peer)
{
    struct pollfd end = {.fd = peer->server_fd, .events = POLLOUT};

    while (poll(&end, 1, 0) > 0)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
}

/* The server has read all that it was sent. Over TCP that is more than that it
 * was delivered. */
static void wait_until_read(struct peer *peer)
{
    wait_until_heard(peer);
    while (unread_bytes(peer->server_fd) > 0)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
}

START_TEST(little_comes_before_the_answer)
{
    struct server server;
    uint64_t already_here_bytes, from_server_bytes;

    server_start(&server, round_file());
    server.options.loop = 0;
    server.options.lead_ms = INT32_MAX;
    struct peer *peer = peer_open_tcp(&server, 65536);
    do_play(peer);
    wait_until_full(peer);
    send_command(peer, 1, "pause", 0, "nbd", true, 0.0);
    wait_until_read(peer);
    already_here_bytes = peer->received_bytes + unread_bytes(peer->fd);
    skip_to_status(peer, "NetStream.Pause.Notify");
    ck_assert_uint_gt(peer->received_bytes, already_here_bytes);
    from_server_bytes = peer->received_bytes - already_here_bytes;
    ck_assert_uint_le(from_server_bytes, MAX_UNSENT_BYTES + SLACK_BYTES);
    expect_silence(peer);

    send_command(peer, 1, "pause", 0, "nbd", false, 0.0);
    expect_status(peer, 1, "status", "NetStream.Unpause.Notify");
    (void)expect_message(peer, 9, 1, UINT32_MAX);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("pause over TCP",
                     (const TTest *[]){little_comes_before_the_answer, NULL});
}
