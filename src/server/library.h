/* Which movie a name stands for: the files and directories that are served.
 * Names are looked up at each play, so that a file that was added or replaced
 * is what new viewers get. Thread-safe. */
#ifndef FLVD_SERVER_LIBRARY_H
#define FLVD_SERVER_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "amf/amf0.h"
#include "flv/movie.h"
#include "server/keyring.h"
#include "server/name.h"
#include "server/shelf.h"

struct library; /* opaque */

/* Why a library could not be opened. */
struct library_error {
    const char *path;          /* of the operand at fault */
    const char *same_name;     /* another one of the same name, which is the
                                  user's mistake; NULL: not this */
    bool is_bad_name;          /* nobody could ask for it: their mistake too */
    struct movie_error reason; /* unless one of these */
};

/* A library of `count` FILEs and DIRECTORYs. Opens each to see that it can be
 * played, or read: NULL and `error` filled when one cannot. The paths must
 * outlive the library. */
struct library *library_open(char *const paths[], size_t count,
                             struct library_error *error);

/* To be called when the process has become `user` and may open less than
 * before: a FILE that it could not open itself is served on as it was opened,
 * which a line of the log says. False, and `error` filled, when it cannot read
 * a DIRECTORY. */
bool library_settle(struct library *library, const char *user,
                    struct library_error *error);

/* A library of one movie in memory, `length` bytes at `data`, which are
 * copied. NULL and `error` filled when that fails. */
struct library *library_open_memory(const void *data, size_t length,
                                    struct library_error *error);

void library_close(struct library *library);

/* From now on nothing is found without a token for its name that was made with
 * a key of the ring, which outlives the library. */
void library_demand_tokens(struct library *library, struct keyring *keyring);
bool library_demands_tokens(const struct library *library);

/* What a viewer asks for, as received. */
struct library_request {
    struct amf0_string app; /* data NULL: longer than anybody's */
    struct amf0_string name;
    const struct token_claim *claim; /* needed where tokens are */
    int64_t now_unix_s;              /* the same */
};

enum library_result {
    LIBRARY_FOUND,
    LIBRARY_NOT_FOUND, /* no such name, or one that is refused */
    LIBRARY_FAILED,    /* it is there, but may not be read or played */
    LIBRARY_FORBIDDEN  /* it takes a token, and nothing was looked up */
};

struct library_answer {
    struct movie *movie;       /* when found; a reference for the caller */
    char name[NAME_BYTES];     /* when found: what the name was resolved to,
                                  such as `sub/movie` */
    struct movie_error reason; /* when not found or failed */
};

/* Looks up the movie to play. May block on the disk. Where tokens are demanded
 * only those of its names are looked up that the token is for: so nobody learns
 * of others whether they are there, and none of them is ever opened. */
enum library_result library_find(struct library *library,
                                 const struct library_request *request,
                                 struct library_answer *answer);

/* Whether it holds one FILE, which every name plays. */
bool library_is_one_file(const struct library *library);

/* The name that the URL shows; empty unless the library is one file. */
struct amf0_string library_name(const struct library *library);

/* The operands: for a FILE the name that it is asked for by, for a DIRECTORY
 * its path, as given. */
struct library_holding {
    struct amf0_string text;
    bool is_directory;
};
size_t library_holdings(const struct library *library);
struct library_holding library_holding(const struct library *library,
                                       size_t number);

/* The movies that are open, but for those that were replaced and still play. */
struct shelf_size library_measure(struct library *library);

/* To be called when a connection has ended, which may have played: lets go of
 * movies that nobody plays. */
void library_tidy(struct library *library);

/* Forgets what is kept between plays, and opens the directories anew; who plays
 * a movie goes on. */
void library_forget(struct library *library);

#endif
