/* A tag of 3 MiB: cut into chunks, never interleaved, replies behind it. */
#include "peer.h"

#define BIG (3u << 20)

static struct flv_bytes big_file(void)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_audio(&b, 0, 100);
    flv_bytes_keyframe(&b, 0, BIG);
    flv_bytes_audio(&b, 20, 100);
    flv_bytes_keyframe(&b, 40, BIG + 1);
    flv_bytes_audio(&b, 60, 100);
    return b;
}

START_TEST(every_byte_in_chunks_of_64_kib)
{
    struct server server;
    struct file_tag tag;

    server_start(&server, big_file());
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open(&server);
    do_play(peer);
    while (next_file_tag(&tags, &tag)) {
        expect_tag(peer, &tag, tag.timestamp_ms);
        ck_assert_uint_eq(peer->message.chunks, (tag.length + 65535) / 65536);
    }
    expect_play_complete(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* Pings are sent while the tag is on its way; expect_tag checks that the tag
 * comes in one piece. */
START_TEST(replies_wait_for_its_end)
{
    struct server server;
    struct file_tag tag;
    unsigned pongs = 0;

    server_start(&server, big_file());
    struct file_tags tags = {.file = &server.file};
    struct peer *peer = peer_open_narrow(&server, 8192);
    do_play(peer);
    for (int i = 0; i < 10; i++)
        send_ping(peer, 1);
    for (size_t seen = 0; seen < 5;) {
        const struct message *m = read_message(peer);

        if (m->type == 4) {
            pongs++;
            continue;
        }
        ck_assert(next_file_tag(&tags, &tag));
        ck_assert_uint_eq(m->length, tag.length);
        ck_assert_mem_eq(m->payload, tag.data, tag.length);
        seen++;
        send_ping(peer, 1);
    }
    while (pongs < 15) {
        const struct message *m = read_message(peer);

        pongs += m->type == 4 && m->payload[1] == 7;
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("big tag",
                     (const TTest *[]){every_byte_in_chunks_of_64_kib,
                                       replies_wait_for_its_end, NULL});
}
