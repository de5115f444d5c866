/* Commands that cannot be read: the session ends with that reason, and a
 * viewer is told first. */
#include "peer.h"

static const char *const bad_bodies[] = {
    "",                                       /* nothing */
    "05",                                     /* null instead of a name */
    "00 3F F0 00 00 00 00 00 00",             /* a number */
    "02 00 05 70 6C",                         /* a name that is cut */
    "FF",                                     /* no AMF0 */
    "02 00 01 61 02 00 01 31",                /* a string as transaction id */
    "02 00 01 61 00 7F F0 00 00 00 00 00 00", /* infinity */
    "02 00 01 61 00 7F F8 00 00 00 00 00 00", /* NaN */
    "02 00 01 61 00 3F F0 00 00",             /* a number that is cut */
    "02 00 01 61 00 3F F0 00 00 00 00 00 00 03 00 03 61", /* a cut object */
    "02 00 01 61 00 3F F0 00 00 00 00 00 00 11 01",       /* AMF3 */
    /* play with a number, an object, a cut string for a name */
    "02 00 04 70 6C 61 79 00 00 00 00 00 00 00 00 00 05 "
    "00 00 00 00 00 00 00 00 00",
    "02 00 04 70 6C 61 79 00 00 00 00 00 00 00 00 00 05 03 00 00 09",
    "02 00 04 70 6C 61 79 00 00 00 00 00 00 00 00 00 05 02 00 05 6D",
    /* play with a NaN for a start */
    "02 00 04 70 6C 61 79 00 00 00 00 00 00 00 00 00 05 02 00 01 6D "
    "00 7F F8 00 00 00 00 00 00",
};

START_TEST(the_session_ends)
{
    struct server server;

    server_start(&server, small_file());
    for (size_t i = 0; i < sizeof(bad_bodies) / sizeof(bad_bodies[0]); i++) {
        struct peer *peer = peer_open(&server);
        struct flv_bytes body = {0};

        flv_bytes_hex(&body, bad_bodies[i]);
        do_handshake(peer);
        do_connect(peer);
        do_create_stream(peer);
        send_message(peer, 20, 3, 1, body.data, body.length);
        expect_closed(peer);
        flv_bytes_free(&body);
        peer_abort(peer);
    }
    server_stop(&server, "malformed command");
}
END_TEST

START_TEST(a_viewer_is_told)
{
    struct server server;

    server_start(&server, small_file());
    server.options.loop = 0;
    struct peer *peer = peer_open(&server);
    do_play(peer);
    (void)expect_message(peer, 9, 1, 0);
    send_message(peer, 20, 3, 1, "", 0);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    expect_closed(peer);
    peer_abort(peer);
    server_stop(&server, "malformed command");
}
END_TEST

int main(void)
{
    return run_tests("bad command", (const TTest *[]){the_session_ends,
                                                      a_viewer_is_told, NULL});
}
