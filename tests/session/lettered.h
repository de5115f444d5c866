/* Files whose tags have letters for names, so that a test can say in one line
 * what must come to a peer: "V0 A0 k0 a0 i40". */
#ifndef FLVD_TESTS_SESSION_LETTERED_H
#define FLVD_TESTS_SESSION_LETTERED_H

#include "peer.h"

#define LETTERED_MAX_TAGS 64

struct lettered {
    struct flv_bytes file;
    size_t count;
    struct {
        char letter;
        size_t offset; /* of its header in the file */
    } tags[LETTERED_MAX_TAGS];
};

/* A file header. */
void lettered_begin(struct lettered *file);

/* Appends a tag whose data is `hex` and then its letter, by which the tag is
 * known on the wire. The same letter may stand for several equal tags. */
void lettered_tag(struct lettered *file, char letter, uint8_t type,
                  uint32_t timestamp_ms, const char *hex);

/* Appends what a text says, blanks between:
 *
 *     V0 W0       configurations of AVC, at that timestamp
 *     A0 B0       of AAC
 *     k0 l0 m0    keyframes
 *     i40 j40     other pictures
 *     a40 b40     sound
 *     E80         the end of a sequence
 *     {18 0 02 00 0A}   a tag: its type, timestamp and data, of which
 *                       the last byte is its letter
 *     [00 00]     bytes
 *     #1          another stream id of the last tag
 *     !15         another back pointer of the last tag
 *     <4          takes the last bytes away again */
void lettered_write(struct lettered *file, const char *text);

/* Serves the file, with everything sent as early as can be; the bytes of the
 * file are the server's from then on. */
void lettered_serve(struct lettered *file, struct server *server);

/* A peer to which the play of the movie was announced, up to onMetaData;
 * `start_ms` 0: from the beginning. */
struct peer *lettered_watch(struct server *server, double start_ms);

/* Tells the peer's seek, and reads over media up to its answer. */
void lettered_seek(struct peer *peer, double to_ms);

/* The next messages must be these tags, each a letter and its timestamp on the
 * wire; "end" is the end of the play. */
void lettered_expect(struct peer *peer, const struct server *server,
                     const struct lettered *file, const char *expected);

#endif
