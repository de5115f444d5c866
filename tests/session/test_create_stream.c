/* createStream: the first id is 1, and there are few of them. */
#include "peer.h"

static void expect_result(struct peer *peer, uint8_t txn_high, uint8_t txn_low,
                          const char *number)
{
    const struct message *m = expect_message(peer, 20, 0, 0);

    ck_assert_uint_eq(m->chunk_stream_id, 3);
    ck_assert_uint_eq(m->length, 29);
    ck_assert_mem_eq(m->payload, "\2\0\7_result\0", 11);
    ck_assert_uint_eq(m->payload[11], txn_high);
    ck_assert_uint_eq(m->payload[12], txn_low);
    ck_assert_mem_eq(m->payload + 13, "\0\0\0\0\0\0\5\0", 8);
    ck_assert_mem_eq(m->payload + 21, number, 2);
    ck_assert_mem_eq(m->payload + 23, "\0\0\0\0\0\0", 6);
}

START_TEST(ids_count_up_to_8_and_are_given_again)
{
    static const char *const numbers[] = {"\x3F\xF0", "\x40\x00", "\x40\x08",
                                          "\x40\x10", "\x40\x14", "\x40\x18",
                                          "\x40\x1C", "\x40\x20"};
    struct server server;

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (size_t i = 0; i < 8; i++) {
        send_command(peer, 0, "createStream", 5, "n");
        expect_result(peer, 0x40, 0x14, numbers[i]);
    }
    send_command(peer, 0, "createStream", 6, "n");
    const struct message *m = expect_message(peer, 20, 0, 0);
    ck_assert(message_is_called(m, "_error"));
    ck_assert(message_has_string(m, "code", "NetConnection.Call.Failed"));
    send_command(peer, 0, "deleteStream", 0, "nd", 3.0);
    send_command(peer, 0, "createStream", 4, "n");
    expect_result(peer, 0x40, 0x10, numbers[2]);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(several_streams_play_side_by_side)
{
    struct server server;
    struct file_tags tags[3] = {{0}};

    server_start(&server, small_file());
    struct peer *peer = peer_open(&server);
    do_handshake(peer);
    do_connect(peer);
    for (int i = 0; i < 3; i++)
        send_command(peer, 0, "createStream", 2, "n");
    for (int i = 0; i < 3; i++)
        (void)expect_message(peer, 20, 0, 0);
    for (uint32_t id = 1; id <= 3; id++) {
        tags[id - 1].file = &server.file;
        send_command(peer, id, "play", 0, "ns", "movie");
    }
    for (int ended = 0; ended < 3;) {
        const struct message *m = read_message(peer);
        const uint32_t id = m->message_stream_id;
        struct file_tag tag;

        if (message_has_string(m, "code", "NetStream.Play.Stop"))
            ended++;
        if (m->type != 8 && m->type != 9)
            continue;
        ck_assert_uint_ge(id, 1);
        ck_assert_uint_le(id, 3);
        ck_assert(next_file_tag(&tags[id - 1], &tag));
        ck_assert_uint_eq(m->type, tag.type);
        ck_assert_uint_eq(m->timestamp_ms, tag.timestamp_ms);
        ck_assert_uint_eq(m->length, tag.length);
        ck_assert_mem_eq(m->payload, tag.data, tag.length);
        /* 4 of each stream, from 4 on: audio, data, video, commands */
        ck_assert_uint_eq(m->chunk_stream_id,
                          (m->type == 8 ? 4 : 6) + 4 * (id - 1));
    }
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(tags[i].next, server.file.length);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests("create stream",
                     (const TTest *[]){ids_count_up_to_8_and_are_given_again,
                                       several_streams_play_side_by_side,
                                       NULL});
}
