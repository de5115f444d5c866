/* What hostile peers send, as data. Of each case: the offender gets its answer
 * or its end, the log its one line, and a viewer beside it loses nothing. */
#ifndef FLVD_TESTS_SESSION_ATTACK_H
#define FLVD_TESTS_SESSION_ATTACK_H

#include "peer.h"
#include "words.h"

/* How far the offender has come when it sends. */
enum attack_stage { OPENED, SHAKEN, CONNECTED, CREATED, PLAYING };

struct attack {
    const char *what;
    enum attack_stage stage;
    const char *sent;   /* words: see attack_send */
    const char *answer; /* a text that an answer must have; NULL: any */
    const char *end;    /* why the session must end; NULL: it goes on */
};

#define BAD_CHUNK "malformed chunk"
#define BAD_COMMAND "malformed command"
#define NOT_RTMP "bad handshake: not RTMP"
#define PEER_CLOSED "peer closed the connection"
#define PLAY_FAILED "NetStream.Play.Failed"
#define NOT_FOUND "NetStream.Play.StreamNotFound"
#define PLAY_START "NetStream.Play.Start"
#define SEEK_NOTIFY "NetStream.Seek.Notify"

/* Sends the bytes of words (words.h). "m:TYPE:CSID:MSID" begins a message of
 * whatever follows up to the next "m:" or "raw", and "fin" says the end of what
 * is sent. Every few messages the answers are read, up to one to a ping, where
 * `hears`; whether one of them had the text `answer`. */
bool attack_send(struct peer *peer, const char *words, bool hears,
                 const char *answer);

/* A peer that has come so far; the same of one that has just opened. */
struct peer *attack_come(struct server *server, enum attack_stage stage);
void attack_bring(struct peer *peer, enum attack_stage stage);

/* Reads up to the answer to a ping; whether the text was there before. */
bool attack_hear(struct peer *peer, const char *answer);

/* A viewer of an endless loop, who must get every byte of every tag. */
struct witness {
    struct peer *peer;
    struct file_tags tags;
};
void witness_begin(struct witness *witness, struct server *server);
/* The next so many tags must come. */
void witness_watch(struct witness *witness, size_t tags);
void witness_end(struct witness *witness);

/* Of one session the log must tell its end once, by this reason, in printable
 * characters, and no more lines than that; lines for debugging do not count. */
void check_session_log(const char *log, size_t session, const char *what,
                       const char *reason, size_t most_lines);

/* Runs them all against a server that was started, one after the other, and
 * stops it. The witness plays `movie`, a small_file(). The log may have so many
 * lines of each. */
void run_attacks(struct server *server, const struct attack *attacks,
                 size_t count, size_t most_lines);

#endif
