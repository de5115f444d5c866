/* Each client that there is a script of (client_kinds_*.c) plays, and sees the
 * end; pauses, seeks and goes on, if it can. Every message that comes to it is
 * held against what flvd promises to all, and what that client can bear. */
#include "client_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"

#define MAX_CLIENTS 32

static struct client *begin(struct server *server,
                            const struct client_kind *kind)
{
    struct client *client = client_open(server, kind);

    kind->begins(client);
    return client;
}

/* Whether it can be tried: Flash Player plays nothing without the digest. */
static bool can_be_had(const struct client_kind *kind)
{
    return !kind->needs_digest || hmac_is_available();
}

START_TEST(plays_to_the_end)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind))
        return;
    server_start(&server, film(1));
    struct client *client = begin(&server, kind);
    await_end(client);
    hear_out(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(plays_over_the_seam_of_a_loop)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind))
        return;
    server_start(&server, film(1));
    server.options.loop = 3;
    server.options.lead_ms = 60000;
    struct client *client = begin(&server, kind);
    await_end(client);
    hear_out(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(leaves_while_it_plays)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind))
        return;
    server_start(&server, film(3));
    struct client *client = begin(&server, kind);
    await_media(client, 10);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* In the middle of what is on its way, so that some of that is dropped. */
START_TEST(pauses_and_goes_on)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind) || kind->pauses == NULL)
        return;
    server_start(&server, film(6));
    server.options.lead_ms = 60000;
    struct client *client = begin(&server, kind);
    for (int i = 0; i < 5; i++) {
        await_media(client, 40);
        client_pauses(client, true);
        await_heard(client);
        await_status(client, "NetStream.Pause.Notify");
        hear_out(client);
        client_pauses(client, false);
        await_status(client, "NetStream.Unpause.Notify");
    }
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Each picture takes two chunks, and the first one after the pause has a time:
 * HaishinKit adds an absolute one to what it had. */
START_TEST(pauses_before_a_big_picture)
{
    const struct client_kind *kind = all_clients[_i];
    struct flv_bytes big = {0};
    struct server server;

    if (!can_be_had(kind) || kind->pauses == NULL)
        return;
    flv_bytes_file_header(&big);
    flv_bytes_video_config(&big, 0);
    flv_bytes_audio_config(&big, 0);
    for (uint32_t ms = 0; ms < 2000; ms += 40)
        flv_bytes_keyframe(&big, ms, 70000);
    server_start(&server, big);
    server.options.lead_ms = 60000;
    struct client *client = begin(&server, kind);
    await_media(client, 3);
    client_pauses(client, true);
    await_heard(client);
    await_status(client, "NetStream.Pause.Notify");
    client_pauses(client, false);
    await_status(client, "NetStream.Unpause.Notify");
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Forward, back, while paused, and from the end. */
START_TEST(seeks_and_goes_on)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind) || kind->seeks == NULL)
        return;
    server_start(&server, film(6));
    struct client *client = begin(&server, kind);
    await_media(client, 7);
    client_seeks(client, 4444);
    await_status(client, "NetStream.Seek.Notify");
    await_media(client, 20);
    client_seeks(client, 1000);
    await_status(client, "NetStream.Seek.Notify");
    await_media(client, 20);
    client_pauses(client, true);
    await_status(client, "NetStream.Pause.Notify");
    client_seeks(client, 3999);
    await_status(client, "NetStream.Seek.Notify");
    await_media(client, 3); /* the picture, and what its decoder needs */
    hear_out(client);
    client_pauses(client, false);
    await_status(client, "NetStream.Unpause.Notify");
    await_media(client, 10);
    client_seeks(client, 5800);
    await_end(client);
    client_seeks(client, 5300);
    await_status(client, "NetStream.Seek.Notify");
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A slider that is dragged (ijkplayer, an FFmpeg): an answer to each. */
START_TEST(seeks_in_a_burst)
{
    const struct client_kind *kind = all_clients[_i];
    struct server server;

    if (!can_be_had(kind) || kind->seeks == NULL)
        return;
    server_start(&server, film(6));
    struct client *client = begin(&server, kind);
    await_media(client, 7);
    for (int i = 0; i < 10; i++)
        client_seeks(client, 5000);
    for (int i = 0; i < 10; i++)
        await_status(client, "NetStream.Seek.Notify");
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Replays: librtmp after a timeout, with a new stream; Flash and HaishinKit on
 * the same one. */
START_TEST(plays_again_on_its_stream)
{
    static const struct client_kind *const kinds[] = {
        &ffmpeg, &flash_player, &red5_client, &haishinkit_swift};
    const struct client_kind *kind = kinds[_i];
    struct server server;

    if (!can_be_had(kind))
        return;
    server_start(&server, film(1));
    struct client *client = begin(&server, kind);
    for (int i = 0; i < 2; i++) {
        await_end(client);
        hear_out(client);
        say(client, (struct client_way){8, 0, client->stream_id}, "closeStream",
            0, "n");
        say(client, (struct client_way){8, 0, client->stream_id}, "play", 0,
            "ns", "movie");
    }
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

static void add(TCase *cases, const TTest *test, size_t count)
{
    tcase_add_loop_test(cases, test, 0, (int)count);
}

int main(void)
{
    Suite *suite = suite_create("scripted clients");
    SRunner *runner = srunner_create(suite);
    TCase *cases = tcase_create("scripted clients");
    size_t count = 0;
    int failed;

    while (all_clients[count] != NULL)
        count++;
    add(cases, plays_to_the_end, count);
    add(cases, plays_over_the_seam_of_a_loop, count);
    add(cases, leaves_while_it_plays, count);
    add(cases, pauses_and_goes_on, count);
    add(cases, pauses_before_a_big_picture, count);
    add(cases, seeks_and_goes_on, count);
    add(cases, seeks_in_a_burst, count);
    add(cases, plays_again_on_its_stream, 4);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
