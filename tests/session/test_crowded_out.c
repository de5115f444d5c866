/* --max-clients: peers that did not get to connect go first. */
#include "peer.h"

#include <unistd.h>

START_TEST(one_that_did_not_connect_makes_room)
{
    struct server server;

    server_start(&server, small_file());
    roster_destroy(&server.roster);
    ck_assert(roster_init(&server.roster, 2, 1));
    struct peer *settled = peer_open(&server);
    do_handshake(settled);
    do_connect(settled);
    expect_silence(settled); /* it is settled by now */
    struct peer *silent = peer_open(&server);
    struct peer *newcomer = peer_open(&server);
    expect_closed(silent);
    do_handshake(newcomer);
    do_connect(newcomer);
    expect_silence(settled);
    peer_abort(silent);
    ck_assert_uint_le(roster_count(&server.roster), 2);
    server.sessions = 1; /* that one; the others end for another reason */
    server_tell_stop(&server);
    expect_closed(settled);
    expect_closed(newcomer);
    peer_abort(settled);
    peer_abort(newcomer);
    server_stop(&server, "refused: too many connections");
}
END_TEST

START_TEST(when_all_are_settled_the_newcomer_is_refused)
{
    struct server server;
    struct peer *settled[2];
    const struct sockaddr_storage nobody = {.ss_family = AF_UNIX};
    int ends[2];
    char byte;

    server_start(&server, small_file());
    roster_destroy(&server.roster);
    ck_assert(roster_init(&server.roster, 2, 1));
    for (size_t i = 0; i < 2; i++) {
        settled[i] = peer_open(&server);
        do_handshake(settled[i]);
        do_connect(settled[i]);
        expect_silence(settled[i]);
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(admission_decide(&server.context, ends[1], &nobody, NULL),
                     ADMISSION_FULL);
    ck_assert_int_eq(recv(ends[0], &byte, 1, 0), 0);
    close(ends[0]);
    for (size_t i = 0; i < 2; i++) {
        expect_silence(settled[i]);
        peer_close(settled[i]);
    }
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "crowded out",
        (const TTest *[]){one_that_did_not_connect_makes_room,
                          when_all_are_settled_the_newcomer_is_refused, NULL});
}
