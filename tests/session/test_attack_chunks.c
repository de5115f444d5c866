/* Hostile handshakes, chunks and control messages. */
#include "attack.h"

static const struct attack attacks[] = {
    /* handshake */
    {"RTMPE", OPENED, "06", NULL, NOT_RTMP},
    {"version 128", OPENED, "80", NULL, NOT_RTMP},
    {"version 255", OPENED, "FF", NULL, NOT_RTMP},
    {"HTTP", OPENED, "47 45 54 20 2F 0D 0A", NULL, NOT_RTMP},
    {"SSH", OPENED, "53 53 48 2D 32 2E 30 0D 0A", NULL, NOT_RTMP},
    {"a peer that leaves at once", OPENED, "fin", NULL, PEER_CLOSED},
    {"C0 and no more", OPENED, "03 fin", NULL, PEER_CLOSED},
    {"half of C1", OPENED, "03 00*700 fin", NULL, PEER_CLOSED},
    {"no C2", OPENED, "03 00*1536 fin", NULL, PEER_CLOSED},
    {"half of C2", OPENED, "03 00*2236 fin", NULL, PEER_CLOSED},
    {"a digest at offsets beyond C1", OPENED,
     "03 00*4 80 00 07 02 FF*1528 00*1536 fin", NULL, PEER_CLOSED},
    {"a C2 that echoes nothing", OPENED, "03 00*1536 FF*1536 FF", NULL,
     BAD_CHUNK},
    /* chunks: basic headers */
    {"fmt 2 on a fresh chunk stream", CONNECTED, "8A 00 00 00", NULL,
     BAD_CHUNK},
    {"fmt 3 on a fresh chunk stream", CONNECTED, "CB", NULL, BAD_CHUNK},
    {"fmt 3 on a fresh one of 2 bytes", CONNECTED, "C0 00", NULL, BAD_CHUNK},
    {"fmt 2 on a fresh one of 3 bytes", CONNECTED, "81 FF FF 00 00 00", NULL,
     BAD_CHUNK},
    {"fmt 1 on a fresh chunk stream", CONNECTED,
     "47 00 00 00 00 00 04 03 00 00 00 01", NULL, NULL},
    {"the highest chunk stream", CONNECTED,
     "01 FF FF 00 00 00 00 00 01 08 01 00 00 00 AF", NULL, NULL},
    {"one chunk stream in three forms", CONNECTED,
     "00 00 00 00 00 00 00 01 08 01 00 00 00 AF "
     "01 00 00 00 00 00 00 00 01 08 01 00 00 00 AF "
     "C0 00 AF",
     NULL, NULL},
    {"62 more chunk streams, which makes 64", CONNECTED,
     "62( 00 @ 00 00 00 00 00 00 12 00 00 00 00 )", NULL, NULL},
    {"65 of them", CONNECTED, "65( 00 @ 00 00 00 00 00 00 12 00 00 00 00 )",
     NULL, BAD_CHUNK},
    {"65000 of them", CONNECTED,
     "65000( 01 @@ 00 00 00 00 00 00 12 00 00 00 00 )", NULL, BAD_CHUNK},
    {"a basic header cut short", CONNECTED, "01 00 fin", NULL, PEER_CLOSED},
    {"a message header cut short", CONNECTED, "05 00 00 00 00 fin", NULL,
     PEER_CLOSED},
    /* chunks: sizes */
    {"Set Chunk Size 0", CONNECTED, "m:1:2:0 00 00 00 00", NULL, BAD_CHUNK},
    {"Set Chunk Size 0x80000000", CONNECTED, "m:1:2:0 80 00 00 00", NULL,
     BAD_CHUNK},
    {"Set Chunk Size 0xFFFFFFFF", CONNECTED, "m:1:2:0 FF FF FF FF", NULL,
     BAD_CHUNK},
    {"Set Chunk Size 0x7FFFFFFF", CONNECTED,
     "m:1:2:0 7F FF FF FF raw 02 00 00 00 00 00 04 03 00 00 00 00 00 00 00 09",
     NULL, NULL},
    {"Set Chunk Size 1, and back", CONNECTED,
     "m:1:2:0 00 00 00 01 raw 02 00 00 00 00 00 04 01 00 00 00 00 00 C2 00 C2 "
     "00 C2 80",
     NULL, NULL},
    {"Set Chunk Size of 0 bytes", CONNECTED, "m:1:2:0", NULL, BAD_CHUNK},
    {"Set Chunk Size of 3 bytes", CONNECTED, "m:1:2:0 00 10 00", NULL,
     BAD_CHUNK},
    {"a chunk size that grows in mid-message", CONNECTED,
     "03 00 00 00 00 00 82 08 00 00 00 00 AF*128 "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 90 C3 AF AF "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 80",
     NULL, NULL},
    {"a chunk size that shrinks in mid-message", CONNECTED,
     "05 00 00 00 00 00 84 08 00 00 00 00 AF*128 "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 02 C5 AF AF C5 AF AF "
     "02 00 00 00 00 00 04 01 00 00 00 00 00 00 C2 00 80",
     NULL, NULL},
    {"another length in mid-message", CONNECTED,
     "05 00 00 00 00 01 00 14 00 00 00 00 02*128 "
     "45 00 00 00 00 00 01 08 AF",
     NULL, NULL},
    {"a longer length in mid-message", CONNECTED,
     "05 00 00 00 00 00 90 14 00 00 00 00 02*128 "
     "45 00 00 00 00 FF FF 08 AF*128",
     NULL, NULL},
    {"a command of 16 MiB", CONNECTED, "03 00 00 00 FF FF FF 14 00 00 00 00",
     NULL, BAD_CHUNK},
    {"a command of 16385 bytes", CONNECTED,
     "03 00 00 00 00 40 01 14 00 00 00 00", NULL, BAD_CHUNK},
    {"a user control event of 16 MiB", PLAYING,
     "02 00 00 00 FF FF FF 04 00 00 00 00", NULL, BAD_CHUNK},
    {"a user control event of 16385 bytes", CONNECTED,
     "02 00 00 00 00 40 01 04 00 00 00 00", NULL, BAD_CHUNK},
    {"one of 16384", CONNECTED, "m:4:2:0 00 03 00*16382", NULL, NULL},
    {"a command of AMF3 of 16385 bytes", CONNECTED,
     "03 00 00 00 00 40 01 11 00 00 00 00", NULL, BAD_CHUNK},
    {"a Set Chunk Size of 16 MiB", CONNECTED,
     "02 00 00 00 FF FF FF 01 00 00 00 00", NULL, BAD_CHUNK},
    {"a command of 16384 bytes", CONNECTED,
     "m:1:2:0 00 00 40 00 raw 03 00 00 00 00 40 00 14 00 00 00 00 "
     "s:x n:3 S:16368",
     "_result", NULL},
    {"a command whose chunks never come", CONNECTED,
     "03 00 00 00 00 40 00 14 00 00 00 00 02*128 fin", NULL, PEER_CLOSED},
    {"48 KiB in three incomplete commands", CONNECTED,
     "m:1:2:0 00 00 3F FF raw "
     "3( 00 @ 00 00 00 00 40 00 14 00 00 00 00 02*16383 ) "
     "m:1:2:0 00 00 00 80",
     NULL, NULL},
    {"80 KiB in five", CONNECTED,
     "m:1:2:0 00 00 3F FF raw "
     "5( 00 @ 00 00 00 00 40 00 14 00 00 00 00 02*16383 )",
     NULL, BAD_CHUNK},
    {"a thousand that are given up", CONNECTED,
     "1000( 05 00 00 00 00 40 00 14 00 00 00 00 02*128 )", NULL, NULL},
    {"a thousand that are aborted", CONNECTED,
     "1000( 05 00 00 00 00 40 00 14 00 00 00 00 02*128 m:2:2:0 00 00 00 05 "
     "raw )",
     NULL, NULL},
    {"audio of 16 MiB", CONNECTED,
     "m:1:2:0 00 FF FF FF raw 06 00 00 00 FF FF FF 08 01 00 00 00 "
     "AF*16777215",
     NULL, NULL},
    {"audio of 16 MiB that never comes", CONNECTED,
     "06 00 00 00 FF FF FF 08 01 00 00 00 AF*128", NULL, NULL},
    {"messages of no bytes", CONNECTED,
     "m:8:4:1 m:9:4:1 m:18:4:1 m:22:4:1 m:0:4:1 m:255:4:1", NULL, NULL},
    {"interleaved messages", CONNECTED,
     "05 00 00 00 00 00 82 08 00 00 00 00 AF*128 "
     "06 00 00 00 00 00 82 09 00 00 00 00 17*128 C5 AF AF C6 17 17",
     NULL, NULL},
    /* extended timestamps */
    {"an extended timestamp of 0", CONNECTED,
     "05 FF FF FF 00 00 01 08 01 00 00 00 00 00 00 00 AF", NULL, NULL},
    {"the highest timestamp", CONNECTED,
     "05 FF FF FF 00 00 01 08 01 00 00 00 FF FF FF FF AF "
     "85 FF FF FF FF FF FF FF AF",
     NULL, NULL},
    {"one that is repeated", CONNECTED,
     "05 FF FF FF 00 00 82 08 01 00 00 00 01 00 00 00 AF*128 "
     "C5 01 00 00 00 AF AF",
     NULL, NULL},
    {"one that is not repeated", CONNECTED,
     "05 FF FF FF 00 00 82 08 01 00 00 00 01 00 00 00 AF*128 C5 AF AF", NULL,
     NULL},
    {"one that is cut short", CONNECTED,
     "05 FF FF FF 00 00 01 08 01 00 00 00 00 00 fin", NULL, PEER_CLOSED},
    /* Abort */
    {"Abort of a message", CONNECTED,
     "05 00 00 00 00 01 00 14 00 00 00 00 02*128 m:2:2:0 00 00 00 05 raw "
     "45 00 00 00 00 00 01 08 AF",
     NULL, NULL},
    {"Abort of an unknown chunk stream", CONNECTED, "m:2:2:0 00 00 FF FF", NULL,
     NULL},
    {"Abort of its own", CONNECTED, "m:2:2:0 00 00 00 02", NULL, NULL},
    {"Abort of the highest", CONNECTED, "m:2:2:0 FF FF FF FF", NULL, NULL},
    {"Abort of 0 bytes", CONNECTED, "m:2:2:0", NULL, BAD_CHUNK},
    {"Abort of 3 bytes", CONNECTED, "m:2:2:0 00 00 00", NULL, BAD_CHUNK},
    /* control messages */
    {"Acknowledgement of what was never sent", PLAYING, "m:3:2:0 FF FF FF FF",
     NULL, NULL},
    {"Acknowledgement of 2 bytes", CONNECTED, "m:3:2:0 00 00", NULL, NULL},
    {"Window 0", PLAYING, "m:5:2:0 00 00 00 00", NULL, NULL},
    {"Window 0xFFFFFFFF", PLAYING, "m:5:2:0 FF FF FF FF", NULL, NULL},
    {"Window of 0 bytes", CONNECTED, "m:5:2:0", NULL, NULL},
    {"Window of 3 bytes", CONNECTED, "m:5:2:0 00 00 01", NULL, NULL},
    {"Bandwidth 0, limit 255", PLAYING, "m:6:2:0 00 00 00 00 FF", NULL, NULL},
    {"Bandwidth of 4 bytes", CONNECTED, "m:6:2:0 00 00 00 00", NULL, NULL},
    {"Bandwidth of 0 bytes", CONNECTED, "m:6:2:0", NULL, NULL},
    {"User control of 0 bytes", CONNECTED, "m:4:2:0", NULL, NULL},
    {"User control of 1 byte", CONNECTED, "m:4:2:0 00", NULL, NULL},
    {"User control of type 65535", CONNECTED, "m:4:2:0 FF FF 00 00 00 01", NULL,
     NULL},
    {"a ping without its time", CONNECTED, "m:4:2:0 00 06", NULL, NULL},
    {"SetBufferLength without its length", CONNECTED, "m:4:2:0 00 03 00 00",
     NULL, NULL},
    {"SetBufferLength 0", PLAYING, "m:4:2:0 00 03 00 00 00 01 00 00 00 00",
     NULL, NULL},
    {"SetBufferLength 0xFFFFFFFF", PLAYING,
     "m:4:2:0 00 03 00 00 00 01 FF FF FF FF", NULL, NULL},
    {"SetBufferLength of no stream", CONNECTED,
     "m:4:2:0 00 03 FF FF FF FF 00 00 00 01", NULL, NULL},
    {"control messages on other streams", CONNECTED,
     "m:1:7:5 00 00 00 80 m:4:9:77 00 06 00 00 00 01 m:5:8:1 00 00 10 00", NULL,
     NULL},
    {"control messages before connect", SHAKEN,
     "m:1:2:0 00 00 10 00 m:5:2:0 00 00 00 01 m:4:2:0 00 06 00 00 00 01 "
     "m:3:2:0 00 00 00 01 m:2:2:0 00 00 00 03 fin",
     NULL, PEER_CLOSED},
    {"the server's own events", CONNECTED,
     "m:4:2:0 00 00 00 00 00 01 m:4:2:0 00 01 00 00 00 01 "
     "m:4:2:0 00 1F 00 00 00 01 m:4:2:0 00 07 00 00 00 01",
     NULL, NULL},
};

START_TEST(each_of_them)
{
    struct server server;

    server_start(&server, small_file());
    run_attacks(&server, attacks, sizeof(attacks) / sizeof(attacks[0]), 2);
}
END_TEST

int main(void)
{
    return run_tests("attacks by chunks",
                     (const TTest *[]){each_of_them, NULL});
}
