/* Each client that there is a script of (client_kinds_*.c) plays, and sees the
 * end; pauses, seeks and goes on, if it can. Every message that comes to it is
 * held against what flvd promises to all, and what that client can bear. */
#include "client_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"

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

/* A film of five hours, most of which is a gap: its end is told with extended
 * timestamps, which HaishinKit and others take in one chunk only. */
START_TEST(seeks_beyond_24_bits)
{
    const struct client_kind *kind = all_clients[_i];
    const uint32_t late_ms = 5 * 3600 * 1000;
    struct flv_bytes file = {0};
    struct server server;

    if (!can_be_had(kind) || kind->seeks == NULL)
        return;
    flv_bytes_file_header(&file);
    flv_bytes_video_config(&file, 0);
    flv_bytes_audio_config(&file, 0);
    for (uint32_t ms = 0; ms < 1000; ms += 40)
        flv_bytes_keyframe(&file, ms, 70000);
    for (uint32_t ms = late_ms; ms < late_ms + 1000; ms += 40) {
        flv_bytes_keyframe(&file, ms, 70000);
        flv_bytes_audio(&file, ms, 100);
    }
    server_start(&server, file);
    struct client *client = begin(&server, kind);
    await_media(client, 7);
    client_seeks(client, late_ms + 100);
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* As Flash does at a click on another item. */
START_TEST(plays_anew_while_it_plays)
{
    static const struct client_kind *const kinds[] = {
        &flash_player, &flex_display, &red5_client};
    const struct client_kind *kind = kinds[_i];
    struct server server;

    if (!can_be_had(kind))
        return;
    server_start(&server, film(3));
    struct client *client = begin(&server, kind);
    await_media(client, 10);
    say(client, (struct client_way){8, 0, client->stream_id}, "play", 0, "ns",
        "movie");
    await_status(client, "NetStream.Play.Start");
    await_media(client, 10);
    client_seeks(client, 2500);
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* After 30 s without anything: it toggles the pause, then takes a new stream
 * on the same connection. */
START_TEST(librtmp_takes_a_new_stream)
{
    struct server server;

    server_start(&server, film(1));
    struct client *client = begin(&server, &librtmp);
    await_end(client);
    client_pauses(client, true);
    await_status(client, "NetStream.Pause.Notify");
    client_pauses(client, false);
    await_status(client, "NetStream.Unpause.Notify");
    for (int i = 0; i < 2; i++) {
        if (i == 0) /* and without, which makes it stream 2 */
            say(client, (struct client_way){3, AS_LIBRTMP, 0}, "deleteStream",
                4, "nd", (double)client->stream_id);
        hear_out(client);
        say(client, (struct client_way){3, AS_LIBRTMP, 0}, "createStream", 5,
            "n");
        await_result(client, 5);
        ck_assert_int_eq((int)client->stream_id, i + 1);
        say(client, (struct client_way){8, 0, client->stream_id}, "play", 6,
            "nsd", "movie", 0.0);
        await_status(client, "NetStream.Play.Start");
        await_end(client);
    }
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Flex opens several connections and keeps the first that answers. */
START_TEST(flex_closes_what_it_does_not_need)
{
    struct server server;

    if (!hmac_is_available())
        return;
    server_start(&server, film(1));
    struct client *client = client_open(&server, &flex_display);
    struct client *loser = client_open(&server, &flex_display);
    client_leaves(loser);
    flex_display.begins(client);
    await_end(client);
    client_leaves(client);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Flash and HaishinKit play again what has ended, on the same stream. */
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

/* A test case of its own: CK_RUN_CASE chooses. */
static void add(Suite *suite, const TTest *test, size_t count)
{
    TCase *cases = tcase_create(test->name);

    tcase_add_loop_test(cases, test, 0, (int)count);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
}

int main(void)
{
    Suite *suite = suite_create("scripted clients");
    SRunner *runner = srunner_create(suite);
    size_t count = 0;
    int failed;

    while (all_clients[count] != NULL)
        count++;
    add(suite, plays_to_the_end, count);
    add(suite, plays_over_the_seam_of_a_loop, count);
    add(suite, leaves_while_it_plays, count);
    add(suite, pauses_and_goes_on, count);
    add(suite, pauses_before_a_big_picture, count);
    add(suite, seeks_and_goes_on, count);
    add(suite, seeks_in_a_burst, count);
    add(suite, seeks_beyond_24_bits, count);
    add(suite, plays_anew_while_it_plays, 3);
    add(suite, plays_again_on_its_stream, 4);
    add(suite, librtmp_takes_a_new_stream, 1);
    add(suite, flex_closes_what_it_does_not_need, 1);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
