/* Enhanced RTMP: files of several tracks and codecs. Every tag goes through as
 * it is, and wherever a play begins it has the headers of all tracks. */
#include "lettered.h"

#include <stdlib.h>

/* Packets of Enhanced RTMP v2, up to their data. */
#define HEVC_START "90 68 76 63 31"
#define HEVC_KEY "91 68 76 63 31 00 00 00"
#define HEVC_INTER "A1 68 76 63 31 00 00 00"
#define HEVC_END "92 68 76 63 31"
#define AV1_START "90 61 76 30 31"
#define AV1_KEY "91 61 76 30 31"
#define COLOURS "94 68 76 63 31 02 00 09"
#define OPUS_START "90 4F 70 75 73"
#define OPUS_FRAME "91 4F 70 75 73"
#define CHANNELS "94 4F 70 75 73 01 02 00 00 00 03"
/* one track: its number stands before the data */
#define TRACK_1_START "96 00 61 76 30 31 01"
#define TRACK_1_KEY "96 01 61 76 30 31 01"
#define TRACK_1_INTER "A6 01 61 76 30 31 01"
#define SOUND_1_START "95 00 6D 70 34 61 01"
#define SOUND_1_FRAME "95 01 6D 70 34 61 01"
#define SOUND_1_END "95 02 6D 70 34 61 01"
/* many tracks of a codec each in one packet: AV1 is 5, VP9 is 6 */
#define MANY_START "96 20 61 76 30 31 05 00 00 01 77 76 70 30 39 06 00 00 02 77"
#define MANY_KEY "96 21 61 76 30 31 05 00 00 01 77 76 70 30 39 06 00 00 02 77"

/* Two tracks of video, two of sound, and what goes beside: V W X, A B C. The
 * second picture's track has its keyframes 40 ms after those of the first. */
static void add_headers(struct lettered *file)
{
    lettered_tag(file, 'V', 9, 0, HEVC_START);
    lettered_tag(file, 'A', 8, 0, OPUS_START);
    lettered_tag(file, 'W', 9, 0, COLOURS);
    lettered_tag(file, 'X', 9, 0, TRACK_1_START);
    lettered_tag(file, 'B', 8, 0, CHANNELS);
    lettered_tag(file, 'C', 8, 0, SOUND_1_START);
}

static void add_frames(struct lettered *file, const char *letters, uint32_t ms)
{
    lettered_tag(file, letters[0], 9, ms, HEVC_KEY);
    lettered_tag(file, letters[1], 8, ms, OPUS_FRAME);
    lettered_tag(file, letters[2], 9, ms, TRACK_1_INTER);
    lettered_tag(file, letters[3], 9, ms + 40, HEVC_INTER);
    lettered_tag(file, letters[4], 9, ms + 40, TRACK_1_KEY);
    lettered_tag(file, letters[5], 8, ms + 40, SOUND_1_FRAME);
}

static void begin_tracks(struct lettered *file)
{
    lettered_begin(file);
    add_headers(file);
    add_frames(file, "abcdef", 0);
    add_frames(file, "ghijkl", 1000);
}

START_TEST(all_tracks_are_played)
{
    struct lettered file;
    struct server server;
    struct peer *peer;

    begin_tracks(&file);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    lettered_expect(peer, &server, &file,
                    "V0 A0 W0 X0 B0 C0 a0 b0 c0 d40 e40 f40 "
                    "g1000 h1000 i1000 j1040 k1040 l1040 end");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* At the keyframe of the main track; the other's, 40 ms behind, is none. */
START_TEST(a_seek_brings_the_headers_of_all_tracks)
{
    struct lettered file;
    struct server server;
    struct peer *peer;

    begin_tracks(&file);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    lettered_seek(peer, 1060);
    lettered_expect(peer, &server, &file,
                    "V1000 W1000 X1000 A1000 B1000 C1000 "
                    "g1000 h1000 i1000 j1040 k1040 l1040 end");
    lettered_seek(peer, 999);
    lettered_expect(peer, &server, &file, "V0 W0 X0 A0 B0 C0 a0 b0 c0 d40");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(so_does_a_start)
{
    struct lettered file;
    struct server server;
    struct peer *peer;

    begin_tracks(&file);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 1039);
    lettered_expect(peer, &server, &file,
                    "V0 W0 X0 A0 B0 C0 g0 h0 i0 j40 k40 l40 end");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* The headers that change in mid-file, and those that end. */
START_TEST(headers_are_those_in_force_at_the_target)
{
    struct lettered file;
    struct server server;
    struct peer *peer;

    begin_tracks(&file);
    lettered_tag(&file, 'D', 8, 1500, SOUND_1_END);
    lettered_tag(&file, 'Y', 9, 2000, AV1_START); /* instead of HEVC */
    lettered_tag(&file, 'E', 8, 2000, CHANNELS);  /* others */
    lettered_tag(&file, 'm', 9, 2000, AV1_KEY);
    lettered_tag(&file, 'n', 8, 2000, OPUS_FRAME);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    lettered_seek(peer, 2000);
    lettered_expect(peer, &server, &file,
                    "Y2000 X2000 A2000 E2000 m2000 n2000 end");
    lettered_seek(peer, 1999); /* before the change */
    lettered_expect(peer, &server, &file,
                    "V1000 W1000 X1000 A1000 B1000 C1000 g1000 h1000 i1000 "
                    "j1040 k1040 l1040 D1500 Y2000 E2000 m2000 n2000 end");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* A packet of many tracks stays whole. */
START_TEST(many_tracks_in_one_packet)
{
    struct lettered file;
    struct server server;
    struct peer *peer;

    lettered_begin(&file);
    lettered_tag(&file, 'V', 9, 0, MANY_START);
    lettered_tag(&file, 'a', 9, 0, MANY_KEY);
    lettered_tag(&file, 'b', 9, 500, MANY_KEY);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    lettered_expect(peer, &server, &file, "V0 a0 b500 end");
    lettered_seek(peer, 600);
    lettered_expect(peer, &server, &file, "V500 b500 end");
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

/* All that its one keyframe needs. */
START_TEST(a_seek_while_paused)
{
    struct lettered file;
    struct server server;
    const struct message *message;
    struct peer *peer;

    begin_tracks(&file);
    lettered_serve(&file, &server);
    peer = lettered_watch(&server, 0);
    send_command(peer, 1, "pause", 0, "nbd", true, 0.0);
    do
        message = read_message(peer); /* media, maybe up to the end */
    while (!message_has_string(message, "code", "NetStream.Pause.Notify"));
    lettered_seek(peer, 1000);
    lettered_expect(peer, &server, &file,
                    "V1000 W1000 X1000 A1000 B1000 C1000 g1000");
    expect_silence(peer);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    return run_tests(
        "multitrack",
        (const TTest *[]){
            all_tracks_are_played, a_seek_brings_the_headers_of_all_tracks,
            so_does_a_start, headers_are_those_in_force_at_the_target,
            many_tracks_in_one_packet, a_seek_while_paused, NULL});
}
