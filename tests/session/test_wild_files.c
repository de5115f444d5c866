/* What real files get wrong in their structure and their metadata, and what
 * comes to a player. test_wild_times has what they get wrong in their times.
 * doc/FLV.md tells the same in words. */
#include "lettered.h"

#include <stdlib.h>
#include <string.h>

#define NAME "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 " /* onMetaData */
#define DURATION "00 08 64 75 72 61 74 69 6F 6E "      /* duration */
#define FILESIZE "00 08 66 69 6C 65 73 69 7A 65 "      /* filesize */
#define WIDTH_320 "00 05 77 69 64 74 68 00 40 74 00 00 00 00 00 00 "
#define N_0 "00 00 00 00 00 00 00 00 00 "
#define N_99 "00 40 58 C0 00 00 00 00 00 "
#define END "00 00 09"
/* Two pictures and two frames of sound: 2 s. */
#define TWO_SECONDS "V0 A0 k0 a0 i1000 a1000"
#define TWO_SECONDS_CAME "V0 A0 k0 a0 i1000 a1000 end"

struct row {
    const char *defect;
    const char *file;     /* see lettered_write */
    const char *expected; /* see lettered_expect */
    /* What onMetaData must say, where the defect is about it. */
    double duration_s; /* 0: anything */
    bool has_width;
};

static const struct row rows[] = {
    /* --- metadata */
    {"duration 0",
     "{18 0 " NAME "08 00 00 00 01 " DURATION N_0 END "} " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, false},
    {"wrong duration and file size",
     "{18 0 " NAME "08 00 00 00 02 " DURATION N_99 FILESIZE N_99 WIDTH_320 END
     "} " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, true},
    {"no onMetaData", TWO_SECONDS, TWO_SECONDS_CAME, 2, false},
    {"onMetaData not first, at a time, and twice",
     "V0 A0 k0 a0 {18 500 " NAME "08 00 00 00 01 " WIDTH_320 END
     "} i1000 {18 1000 " NAME "08 00 00 00 01 " WIDTH_320 END "} a1000",
     TWO_SECONDS_CAME, 2, true},
    {"a recording of @setDataFrame",
     "{18 0 02 00 0D 40 73 65 74 44 61 74 61 46 72 61 6D 65 " NAME
     "08 00 00 00 01 " WIDTH_320 END "} " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, true},
    {"metadata with a wrong count, no end, and bytes behind it",
     "{18 0 " NAME "08 00 00 00 63 " WIDTH_320 "} {18 0 " NAME
     "03 " WIDTH_320 END "DE AD BE EF} " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, true},
    {"a name that is no string, a string longer than the tag",
     "{18 0 " N_99 "} {18 0 02 FF FF 6F} {18 0 " NAME
     "08 00 00 00 01 " WIDTH_320 END "} " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, true},
    {"script tags of other names and types",
     "{18 0 02 00 0A 6F 6E 43 75 65 50 6F 69 6E 74 05} V0 {15 0 00 02 00 01 "
     "78} "
     "A0 k0 a0 {18 0 DE AD BE EF} i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    /* --- the header */
    {"flags that contradict the content",
     "<13 [46 4C 56 01 00 00 00 00 09 "
     "00 00 00 00] " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, false},
    {"a data offset that is none",
     "<13 [46 4C 56 01 05 FF FF FF FF 00 00 00 00] " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, false},
    {"a longer header",
     "<13 [46 4C 56 01 05 00 00 00 0C 01 02 03 00 00 00 00] " TWO_SECONDS,
     TWO_SECONDS_CAME, 2, false},
    /* --- structure */
    {"PreviousTagSize 0", "V0 !0 A0 !0 k0 !0 a0 !0 i1000 !0 a1000 !0",
     TWO_SECONDS_CAME, 2, false},
    {"PreviousTagSize wrong, the first one too",
     "<4 [00 00 00 09] V0 !6 A0 !3 k0 !6 a0 !3 i1000 !6 a1000 !3",
     TWO_SECONDS_CAME, 2, false},
    {"a running sum for PreviousTagSize",
     "V0 !17 A0 !35 k0 !56 a0 !74 i1000 !95 a1000 !113", TWO_SECONDS_CAME, 2,
     false},
    {"the last tag is cut short", TWO_SECONDS " k1040 <5", TWO_SECONDS_CAME, 2,
     false},
    {"the last tag's header is cut short", TWO_SECONDS " k1040 <13",
     TWO_SECONDS_CAME, 2, false},
    {"the last tag has no back pointer", TWO_SECONDS " <4", TWO_SECONDS_CAME, 2,
     false},
    {"a region of zeros",
     "V0 A0 k0 a0 [00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00] i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    {"garbage between tags",
     "V0 A0 k0 a0 [09 DE AD BE EF 08 00 01 02 12 55 AA 17 01] i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    {"a second FLV header, the times go on",
     "V0 A0 k0 [46 4C 56 01 05 00 00 00 09 00 00 00 00] V40 A40 l40 i80",
     "V0 A0 k0 V40 A40 l40 i80 end", 0, false},
    {"a tag that runs over the end of the file, in the middle",
     "V0 A0 k0 a0 [09 FF FF FF 00 00 10 00 00 00 00 27 01 00] i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    {"stream ids", "V0 #1 A0 k0 #1 a0 #7 i1000 #1 a1000 #255", TWO_SECONDS_CAME,
     2, false},
    {"a stream id and a wrong PreviousTagSize",
     "V0 A0 k0 a0 i40 #1 !3 a40 i1000 a1000", "V0 A0 k0 a0 a40 i1000 a1000 end",
     2, false},
    {"text behind the last tag",
     TWO_SECONDS " [3C 2F 68 74 6D 6C 3E 0A 3C 2F 68 74 6D 6C 3E 0A]",
     TWO_SECONDS_CAME, 2, false},
    {"tags of unknown types",
     "V0 A0 k0 {10 0 00 01 02} a0 {31 40 17} i1000 a1000", TWO_SECONDS_CAME, 2,
     false},
    /* --- tags that no player can use */
    {"tags without data", "V0 {8 0 } A0 {9 0 } k0 a0 i1000 {8 1000 } a1000",
     TWO_SECONDS_CAME, 2, false},
    {"tags too short for their header",
     "V0 {9 0 17 01 00 00} A0 {9 0 17 00 00 00 00} k0 {8 0 AF 01} {8 0 AF} a0 "
     "{9 0 91 68 76 63 31} {8 0 91 4F 70 75} i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    {"info frames",
     "V0 A0 {9 0 57 00} {9 0 D1 01} k0 a0 i1000 {9 1000 57 01} a1000",
     TWO_SECONDS_CAME, 2, false},
    {"encrypted tags",
     "V0 A0 k0 {41 0 27 01 00 00 00 77} a0 {40 0 AF 01 77} i1000 a1000",
     TWO_SECONDS_CAME, 2, false},
    /* --- sequence headers, keyframes */
    {"the same sequence headers again and again",
     "V0 A0 k0 a0 V1000 A1000 i1000 a1000",
     "V0 A0 k0 a0 V1000 A1000 i1000 a1000 end", 0, false},
    {"other sequence headers in the middle",
     "V0 A0 k0 a0 W1000 B1000 l1000 b1000",
     "V0 A0 k0 a0 W1000 B1000 l1000 b1000 end", 0, false},
    {"no sequence headers", "k0 a0 i1000 a1000", "k0 a0 i1000 a1000 end", 2,
     false},
    {"the end of a sequence in the middle, none at the end",
     "V0 k0 i40 E40 V80 l80 j120", "V0 k0 i40 E40 V80 l80 j120 end", 0, false},
    {"AAC flagged mono and 5.5 kHz", "{8 0 A0 00 41} {8 0 A0 01 61}",
     "A0 a0 end", 0, false},
    {"the first picture is no keyframe", "V0 A0 i0 a0 i40 k1000 a1000 j1040",
     "V0 A0 a0 k1000 a1000 j1040 end", 0, false},
    {"no keyframe", "V0 A0 i0 a0 j1000 a1000", "V0 A0 i0 a0 j1000 a1000 end", 2,
     false},
};

static void expect_metadata(const struct peer *peer, const struct row *row)
{
    static const uint8_t two_seconds[] = {0,   8,   'd', 'u', 'r',  'a', 't',
                                          'i', 'o', 'n', 0,   0x40, 0,   0,
                                          0,   0,   0,   0,   0};
    const struct message *m = &peer->message;

    ck_assert(row->duration_s == 0 || row->duration_s == 2);
    if (row->duration_s == 2)
        ck_assert(message_has_bytes(m, two_seconds, sizeof(two_seconds)));
    ck_assert(message_has_bytes(m, "\0\5width", 7) == row->has_width);
    ck_assert(!message_has_bytes(m, "filesize", 8));
    /* FFmpeg wants an end, and nothing behind it. */
    ck_assert_mem_eq(m->payload + m->length - 3, "\0\0\x09", 3);
}

START_TEST(what_comes_of_a_file)
{
    const struct row *row = &rows[_i];
    struct lettered file;
    struct server server;
    struct peer *peer;

    lettered_begin(&file);
    lettered_write(&file, row->file);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    expect_metadata(peer, row);
    lettered_expect(peer, &server, &file, row->expected);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* What is no FLV is not found, and the connection goes on. (At the start flvd
 * refuses it: tests/system/cli.sh.) */
START_TEST(what_is_no_flv)
{
    static const char *const files[] = {
        "<13 [3C 68 74 6D 6C 3E 0A 3C 68 74 6D 6C 3E]", /* HTML */
        "<13 [3C 68 74 6D 6C 3E 46 4C 56 01 05 00 00 00 09 00 00 00 00] V0 k0",
        "<13 [00 00 00 18 66 74 79 70 69 73 6F 6D 00 00 02 00]", /* MP4 */
        "V0 #1 !0 A0 #1 !0 k0 #1 !0 a0 #1 !0", /* nothing proves a tag */
        "",                                    /* without a tag */
        "V0 A0 {9 0 57 00}",                   /* without a frame */
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct lettered file, other;
        struct server server;
        struct peer *peer;

        lettered_begin(&file);
        lettered_write(&file, TWO_SECONDS);
        lettered_serve(&file, &server);
        lettered_begin(&other);
        lettered_write(&other, files[i]);
        flv_bytes_write(&other.file, server.file_fd);
        flv_bytes_free(&other.file);
        peer = peer_open(&server);
        do_handshake(peer);
        do_connect(peer);
        do_create_stream(peer);
        send_command(peer, 1, "play", 0, "ns", "movie");
        expect_status(peer, 1, "error", "NetStream.Play.Failed");
        expect_silence(peer);
        peer_close(peer);
        server_stop(&server, "peer closed the connection");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wild files");
    SRunner *runner = srunner_create(suite);
    TCase *tcase = tcase_create("wild files");
    int failed;

    tcase_add_loop_test(tcase, what_comes_of_a_file, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, what_is_no_flv);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
