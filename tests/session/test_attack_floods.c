/* What is cheap to send and might not be to answer, by the thousand: each is
 * answered as fast as the answers are taken, and costs no more memory the more
 * of it comes. */
#include "config.h"

#include "attack.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/net_connection.h"

#define ON(command) "m:20:3:1 s:" command " n:0 z "

static const struct attack attacks[] = {
    /* control messages */
    {"pings", CONNECTED, "3000( m:4:2:0 00 06 00 00 00 01 )", NULL, NULL},
    {"pings of a viewer", PLAYING, "2000( m:4:2:0 00 06 00 00 00 01 )", NULL,
     NULL},
    {"pongs", CONNECTED, "2000( m:4:2:0 00 07 00 00 00 01 )", NULL, NULL},
    {"Set Chunk Size, to and fro", CONNECTED,
     "2000( m:1:2:0 00 00 00 80 m:1:2:0 00 00 10 00 m:1:2:0 00 00 00 80 )",
     NULL, NULL},
    {"Abort", CONNECTED, "3000( m:2:2:0 00 00 00 05 )", NULL, NULL},
    {"Acknowledgement", PLAYING, "2000( m:3:2:0 FF FF FF FF )", NULL, NULL},
    {"windows of a byte", CONNECTED, "2000( m:5:2:0 00 00 00 01 )", NULL, NULL},
    {"SetBufferLength, short and long", PLAYING,
     "1000( m:4:2:0 00 03 00 00 00 01 00 00 00 01 "
     "m:4:2:0 00 03 00 00 00 01 FF FF FF FF )",
     NULL, NULL},
    {"SetBufferLength of stream 0", PLAYING,
     "1000( m:4:2:0 00 03 00 00 00 00 00 00 00 01 "
     "m:4:2:0 00 03 00 00 00 00 00 01 00 00 )",
     NULL, NULL},
    /* chunks */
    {"a command of 16 KB in chunks of a byte", CONNECTED,
     "m:1:2:0 00 00 00 01 raw 03 00 00 00 00 3E 80 08 00 00 00 00 00 "
     "15999( C3 00 ) 02 00 00 00 00 00 04 01 00 00 00 00 00 C2 00 C2 00 C2 80",
     NULL, NULL},
    {"messages of no bytes", CONNECTED,
     "05 00 00 00 00 00 00 08 00 00 00 00 100000( C5 )", NULL, NULL},
    {"sound of a publisher", CREATED, "500( m:8:4:1 AF*4096 )", NULL, NULL},
    /* commands */
    {"createStream", CONNECTED, "3000( m:20:3:0 s:createStream n:3 z )",
     "Too many streams", NULL},
    {"createStream and deleteStream", CONNECTED,
     "2000( m:20:3:0 s:createStream n:3 z "
     "m:20:3:0 s:deleteStream n:0 z n:1 )",
     "_result", NULL},
    {"eight streams that all play", CONNECTED,
     "8( m:20:3:0 s:createStream n:3 z ) 7( m:20:3:1 s:play n:0 z s:movie "
     "m:20:3:2 s:play n:0 z s:movie m:20:3:3 s:play n:0 z s:movie "
     "m:20:3:4 s:play n:0 z s:movie m:20:3:5 s:play n:0 z s:movie "
     "m:20:3:6 s:play n:0 z s:movie m:20:3:7 s:play n:0 z s:movie "
     "m:20:3:8 s:play n:0 z s:movie )",
     PLAY_START, NULL},
    {"connect", CONNECTED, "2000( m:20:3:0 s:connect n:1 )", NULL, NULL},
    {"unknown calls", CONNECTED, "2000( m:20:3:0 s:x n:3 )", "_result", NULL},
    {"unknown calls that want no answer", CONNECTED, "3000( m:20:3:0 s:x )",
     NULL, NULL},
    {"calls of 16 KB", CONNECTED, "200( m:20:3:0 s:x n:3 S:16000 )", "_result",
     NULL},
    {"calls that are not UTF-8", CONNECTED,
     "2000( m:20:3:0 02 00 04 0A 1B FF FE n:3 )", "_result", NULL},
    {"checkBandwidth", CONNECTED, "2000( m:20:3:0 s:checkBandwidth n:3 z )",
     "onBWDone", NULL},
    {"FCSubscribe to 16 KB", CONNECTED,
     "200( m:20:3:0 s:FCSubscribe n:3 z S:16000 )", "onFCSubscribe", NULL},
    {"getStreamLength of a loop", CONNECTED,
     "2000( m:20:3:0 s:getStreamLength n:3 z s:movie )", "_result", NULL},
    {"publish", CREATED, "2000( " ON("publish") "s:x s:live )",
     "NetStream.Publish.Denied", NULL},
    {"play", CREATED, "70( " ON("play") "s:movie )", PLAY_START, NULL},
    {"play of 15 KB", CREATED, "60( " ON("play") "S:15000 )", PLAY_START, NULL},
    {"play and closeStream", CREATED,
     "60( " ON("play") "s:movie " ON("closeStream") ")", "NetStream.Play.Stop",
     NULL},
    {"play2", PLAYING,
     "60( " ON("play2") "03 00 0A 73 74 72 65 61 6D 4E 61 6D 65 s:movie "
                        "00 00 09 )",
     "NetStream.Play.Transition", NULL},
    {"play where no stream is", CONNECTED,
     "2000( m:20:3:9 s:play n:0 z s:movie )", PLAY_FAILED, NULL},
    {"pause", PLAYING, "300( " ON("pause") "01 01 )", "NetStream.Pause.Notify",
     NULL},
    {"pause, to and fro", PLAYING,
     "300( " ON("pause") "01 01 " ON("pause") "01 00 )",
     "NetStream.Unpause.Notify", NULL},
    {"seek", PLAYING, "200( " ON("seek") "n:200 )", SEEK_NOTIFY, NULL},
    {"seek to the end of time", PLAYING, "100( " ON("seek") "n:4294967295 )",
     SEEK_NOTIFY, NULL},
    {"receiveVideo, off and on", PLAYING,
     "100( " ON("receiveVideo") "01 00 " ON("receiveVideo") "01 01 )",
     SEEK_NOTIFY, NULL},
    {"receiveAudio, off and on", PLAYING,
     "100( " ON("receiveAudio") "01 00 " ON("receiveAudio") "01 01 )",
     SEEK_NOTIFY, NULL},
    {"commands and then nonsense", PLAYING,
     "20( " ON("seek") "n:200 ) m:20:3:0 FF", NULL, BAD_COMMAND},
};

/* The log as it is by default: with --verbose it has a line of each command,
 * and drops lines when there are more than can be written. */
static void start(struct server *server)
{
    server_start(server, small_file());
    server->options.loop = 0;
    log_stop();
    ck_assert(log_start(server->log_fd, LOG_LEVEL_INFO));
}

START_TEST(each_of_them)
{
    struct server server;

    start(&server);
    run_attacks(&server, attacks, sizeof(attacks) / sizeof(attacks[0]), 2);
}
END_TEST

/* Each is a look-up of a file. What a slow machine adds does no harm. */
START_TEST(look_ups_take_their_time)
{
    struct witness beside;
    struct server server;

    start(&server);
    witness_begin(&beside, &server);
    struct peer *peer = attack_come(&server, CONNECTED);
    const int64_t began_ns = clock_now_ns();
    (void)attack_send(peer, "84( m:20:3:0 s:getStreamLength n:3 z s:m?loop=1 )",
                      true, NULL);
    (void)attack_hear(peer, NULL);
    ck_assert_int_ge(clock_now_ns() - began_ns, (84 - NET_CONNECTION_LOOK_UPS) *
                                                    NET_CONNECTION_LOOK_UP_NS);
    witness_watch(&beside, 100);
    peer_close(peer);
    witness_end(&beside);
    server_stop(&server, PEER_CLOSED);
}
END_TEST

/* A feed, 8 streams that play, 64 KiB of incomplete messages in memory that at
 * most doubles, replies that nobody takes; and glibc's own. */
#define MOST_BYTES_OF_A_PEER (300u << 10)

/* Takes all that a peer can get. */
static const char *const hungry =
    "m:5:2:0 00 00 00 01 "
    "8( m:20:3:0 s:createStream n:3 z ) "
    "m:20:3:1 s:play n:0 z s:movie m:20:3:2 s:play n:0 z s:movie "
    "m:20:3:3 s:play n:0 z s:movie m:20:3:4 s:play n:0 z s:movie "
    "m:20:3:5 s:play n:0 z s:movie m:20:3:6 s:play n:0 z s:movie "
    "m:20:3:7 s:play n:0 z s:movie m:20:3:8 s:play n:0 z s:movie "
    "m:1:2:0 00 00 20 01 raw "
    "7( 00 @ 00 00 00 00 40 00 14 00 00 00 00 02*8193 ) "
    "m:1:2:0 00 00 00 80 ";

START_TEST(a_peer_costs_so_much_at_most)
{
    struct server server;

    start(&server);
    /* The first one fills what is kept for those who come after it. */
    for (int i = 0; i < 2; i++) {
        struct peer *peer = attack_come(&server, CONNECTED);
        const size_t before = mallinfo2().uordblks;

        (void)attack_send(peer, hungry, true, NULL);
        (void)attack_hear(peer, NULL);
        for (int j = 0; j < 4; j++)
            (void)attack_send(peer, "32( m:20:3:0 s:x n:3 )", false, NULL);
        wait_until_heard(peer);
        ck_assert_uint_lt(mallinfo2().uordblks, before + MOST_BYTES_OF_A_PEER);
        peer_close(peer);
    }
    server_stop(&server, PEER_CLOSED);
}
END_TEST

int main(void)
{
    return run_tests("attacks by floods",
                     (const TTest *[]){each_of_them, look_ups_take_their_time,
                                       a_peer_costs_so_much_at_most, NULL});
}
