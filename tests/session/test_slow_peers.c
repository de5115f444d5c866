/* Peers that send a byte at a time in every phase, or nothing, and peers that
 * never read: all at once, beside a witness who gets every byte. Each ends by
 * the timeout of its phase; one that plays goes on playing. */
#include "config.h"

#include "attack.h"

#include <sys/socket.h>

#include "base/clock.h"

#define HANDS "03 00*3072 "
#define CONNECT "m:20:3:0 s:connect n:1 03 00 03 61 70 70 s:vod 00 00 09 "
#define CREATE "m:20:3:0 s:createStream n:2 z "
#define PLAY "m:4:2:0 00 03 00 00 00 01 00 00 EA 60 m:20:3:1 s:play n:0 z s:a "
/* The beginning of a message of 16384 bytes in one chunk. */
#define LONG_COMMAND                                                           \
    "m:1:2:0 00 00 40 00 raw 03 00 00 00 00 40 00 14 00 00 00 00 "
/* Messages without their being whole in one piece. */
#define A_PING "02 00 00 00 00 00 06 04 00 00 00 00 00 06 00 00 00 01 "
#define A_CALL                                                                 \
    "03 00 00 00 00 00 0E 14 00 00 00 00 02 00 01 78 00 40 08 00 00 00 00 00 " \
    "00 05 "
#define A_LENGTH                                                               \
    "03 00 00 00 00 00 1E 14 00 00 00 00 02 00 0F 67 65 74 53 74 72 65 61 6D " \
    "4C 65 6E 67 74 68 00 40 08 00 00 00 00 00 00 05 02 00 00 "
#define A_PLAY_NOWHERE                                                         \
    "03 00 00 00 00 00 14 14 09 00 00 00 02 00 04 70 6C 61 79 00 00 00 00 00 " \
    "00 00 00 00 05 02 00 00 "

#define NO_CONNECT "handshake timeout: no connect in time"
#define NO_BURST "handshake timeout: first burst not taken in time"
#define IDLE "idle timeout"
#define STALL "stall timeout"

/* Who gets which timeout. All others are far away. */
enum hurry { CONNECT_SOON, PLAY_SOON, TAKE_SOON, TAKE_ON, HURRIES };
static const struct {
    int64_t handshake_ms, idle_ms, stall_ms;
} timeouts[HURRIES] = {
    [CONNECT_SOON] = {400, 60000, 60000},
    [PLAY_SOON] = {60000, 400, 60000},
    /* On a busy machine the way to play takes its time. */
    [TAKE_SOON] = {2000, 60000, 60000},
    [TAKE_ON] = {60000, 60000, 400},
};

enum manner { READS, READS_NOTHING };

static const struct slow {
    const char *what;
    enum hurry hurry;
    const char *at_once; /* words: see attack_send */
    const char *dripped; /* bytes in hexadecimal, one at a time, for ever */
    enum manner manner;
    const char *end;
} slow_peers[] = {
    {"nothing", CONNECT_SOON, "", "", READS, NO_CONNECT},
    {"C1, drop by drop", CONNECT_SOON, "03", "00 ", READS, NO_CONNECT},
    {"C1 and no C2", CONNECT_SOON, "03 00*1536", "", READS, NO_CONNECT},
    {"C2, drop by drop", CONNECT_SOON, "03 00*1536", "00 ", READS, NO_CONNECT},
    {"no connect", CONNECT_SOON, HANDS, "", READS, NO_CONNECT},
    {"connect, drop by drop", CONNECT_SOON, HANDS LONG_COMMAND, "02 ", READS,
     NO_CONNECT},
    {"pings before connect", CONNECT_SOON, HANDS, A_PING, READS, NO_CONNECT},
    {"calls before connect", CONNECT_SOON, HANDS, A_CALL, READS, NO_CONNECT},
    {"no createStream", PLAY_SOON, HANDS CONNECT, "", READS, IDLE},
    {"createStream, drop by drop", PLAY_SOON, HANDS CONNECT LONG_COMMAND, "02 ",
     READS, IDLE},
    {"play, drop by drop", PLAY_SOON, HANDS CONNECT CREATE LONG_COMMAND, "02 ",
     READS, IDLE},
    {"pings for ever", PLAY_SOON, HANDS CONNECT, A_PING, READS, IDLE},
    {"calls for ever", PLAY_SOON, HANDS CONNECT, A_CALL, READS, IDLE},
    {"lengths for ever", PLAY_SOON, HANDS CONNECT, A_LENGTH, READS, IDLE},
    {"plays that are refused for ever", PLAY_SOON, HANDS CONNECT,
     A_PLAY_NOWHERE, READS, IDLE},
    {"calls, and no answer is taken", PLAY_SOON,
     HANDS CONNECT "150( m:20:3:0 s:x n:3 )", "", READS_NOTHING, IDLE},
    {"play, and nothing is taken", TAKE_SOON, HANDS CONNECT CREATE PLAY, "",
     READS_NOTHING, NO_BURST},
    {"play, and the rest is not taken", TAKE_ON, HANDS CONNECT CREATE PLAY, "",
     READS_NOTHING, STALL},
    {"seeks, and nothing is taken", TAKE_ON,
     HANDS CONNECT CREATE PLAY "20( m:20:3:1 s:seek n:0 z n:200 )", "",
     READS_NOTHING, STALL},
};
#define COUNT (sizeof(slow_peers) / sizeof(slow_peers[0]))

/* Beneath TLS. */
static const struct slow slow_in_tls[] = {
    {"no ClientHello", CONNECT_SOON, "", "", READS, NO_CONNECT},
    {"ClientHello, drop by drop", CONNECT_SOON, "16 03 01 02 00 01 00 01 FC",
     "03 ", READS, NO_CONNECT},
    {"a record's header, drop by drop", CONNECT_SOON, "16 03", "", READS,
     NO_CONNECT},
};
#define COUNT_IN_TLS (sizeof(slow_in_tls) / sizeof(slow_in_tls[0]))

struct dripping {
    const struct slow *slow;
    struct peer *peer;
    struct flv_bytes drops;
    size_t next;
    bool is_gone;
};

static void drip(struct dripping *d)
{
    uint8_t waste[65536];

    if (d->drops.length > 0 && !d->is_gone) {
        d->is_gone = !try_to_send(d->peer, &d->drops.data[d->next], 1);
        d->next = (d->next + 1) % d->drops.length;
    }
    /* What it was is of no matter here, and under TLS not readable. */
    if (d->slow->manner == READS)
        (void)recv(d->peer->fd, waste, sizeof(waste), MSG_DONTWAIT);
}

static void come(struct dripping *d, const struct slow *slow,
                 struct server *server, bool beneath_tls)
{
    *d = (struct dripping){.slow = slow};
    d->peer =
        beneath_tls ? peer_open_bare(server) : peer_open_narrow(server, 4096);
    flv_bytes_hex(&d->drops, slow->dripped);
    (void)attack_send(d->peer, slow->at_once, false, NULL);
}

/* All drip until none of them is left: a byte each in a millisecond at most,
 * which is far from enough. */
static void drip_on(struct dripping *all, size_t count, struct server *server,
                    struct witness *beside)
{
    const int64_t deadline_ns = clock_now_ns() + 50 * CLOCK_NS_PER_S;
    size_t drops = 0;

    while (roster_count(&server->roster) > 1) {
        ck_assert_msg(clock_now_ns() < deadline_ns, "%u have not ended",
                      roster_count(&server->roster) - 1);
        for (size_t i = 0; i < count; i++)
            drip(&all[i]);
        if (++drops % 20 == 0)
            witness_watch(beside, 1);
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

static void make_options(struct options *options, const struct server *server,
                         enum hurry hurry)
{
    *options = server->options;
    options->handshake_timeout_ns =
        timeouts[hurry].handshake_ms * CLOCK_NS_PER_MS;
    options->idle_timeout_ns = timeouts[hurry].idle_ms * CLOCK_NS_PER_MS;
    options->stall_timeout_ns = timeouts[hurry].stall_ms * CLOCK_NS_PER_MS;
}

/* One row each, by a door of its own, so that its number in the log is known.
 */
static void face(const struct slow *rows, size_t count, bool beneath_tls)
{
    static struct session_context doors[COUNT];
    struct options options[HURRIES];
    struct dripping all[COUNT];
    struct witness beside;
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    witness_begin(&beside, &server);
    for (int i = 0; i < HURRIES; i++)
        make_options(&options[i], &server, (enum hurry)i);
    for (size_t i = 0; i < count; i++) {
        server_open_door(&server, &doors[i], &options[rows[i].hurry], 1000 + i);
        come(&all[i], &rows[i], &server, beneath_tls);
    }
    drip_on(all, count, &server, &beside);
    for (size_t i = 0; i < count; i++) {
        peer_abort(all[i].peer);
        flv_bytes_free(&all[i].drops);
    }
    witness_end(&beside);
    server.sessions = 1;
    const char *log = server_stop_for_log(&server, PEER_CLOSED);
    for (size_t i = 0; i < count; i++)
        check_session_log(log, 1001 + i, rows[i].what, rows[i].end, 1);
}

START_TEST(each_of_them)
{
    face(slow_peers, COUNT, false);
}
END_TEST

START_TEST(beneath_tls)
{
    if (runs_over_tls())
        face(slow_in_tls, COUNT_IN_TLS, true);
}
END_TEST

/* It never comes to the end of its command, and gets every byte. */
START_TEST(a_viewer_that_drips_a_command)
{
    struct witness dripping, beside;
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    witness_begin(&beside, &server);
    witness_begin(&dripping, &server);
    (void)attack_send(dripping.peer, LONG_COMMAND, false, NULL);
    for (int i = 0; i < 500; i++) {
        send_hex(dripping.peer, "02");
        witness_watch(&dripping, 4);
        witness_watch(&beside, 4);
    }
    witness_end(&dripping);
    witness_end(&beside);
    server_stop(&server, PEER_CLOSED);
}
END_TEST

/* Whose host says that it is gone, in every phase. */
START_TEST(peers_that_reset_the_connection)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct witness beside;
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    witness_begin(&beside, &server);
    for (int stage = OPENED; stage <= PLAYING; stage++) {
        struct peer *peer = peer_open_tcp(&server, 65536);

        attack_bring(peer, (enum attack_stage)stage);
        wait_until_heard(peer);
        ck_assert_int_eq(setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once,
                                    sizeof(at_once)),
                         0);
        peer_abort(peer);
        witness_watch(&beside, 20);
    }
    witness_end(&beside);
    server.sessions = 1;
    const char *log = server_stop_for_log(&server, PEER_CLOSED);
    for (size_t i = 0; i <= PLAYING; i++)
        check_session_log(log, 2 + i, "a peer that resets the connection",
                          "peer reset the connection", 1);
}
END_TEST

int main(void)
{
    return run_tests("slow peers",
                     (const TTest *[]){each_of_them, beneath_tls,
                                       a_viewer_that_drips_a_command,
                                       peers_that_reset_the_connection, NULL});
}
