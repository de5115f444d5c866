/* The names that an application and a stream name may stand for. Clients split
 * a URL between the two in half a dozen ways, put prefixes before and
 * extensions behind the name, and encode it or not; so what they send stands
 * for several names, which are tried in turn. Pure.
 *
 * A name is relative, of segments between single slashes and without ".flv":
 * `sub/movie`. None holds `.` or `..`, a NUL, another control character or a
 * backslash. */
#ifndef FLVD_SERVER_NAME_H
#define FLVD_SERVER_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "amf/amf0.h"

/* A name and its NUL; what is longer is refused. */
#define NAME_BYTES 1024
/* The names that one walk gives, at most. */
#define NAME_MAX_FORMS 16

/* A walk through the names, the likeliest first. */
struct name_walk {
    struct amf0_string app; /* up to the query, as the name */
    struct amf0_string name;
    bool app_has_query;
    unsigned next_form;
    const char *fault; /* why the last name that was refused was; NULL: none */
};

/* Before the first name. `app` and `name` may hold any bytes, with or without
 * a `?query`, and must outlive the walk. */
void name_walk_init(struct name_walk *walk, struct amf0_string app,
                    struct amf0_string name);

/* The next name, NUL-terminated. False when there is none left: then
 * walk->fault says why some or all were refused, if they were. */
bool name_walk_next(struct name_walk *walk, char name[static NAME_BYTES]);

/* The one name that a text is meant for, where there is nothing to look up: for
 * it is decoded, and has no prefix and no extension. It is one of the names of
 * a walk with this text behind an application. False, with `fault`, when it
 * stands for none. */
bool name_canonical(struct amf0_string text, char name[static NAME_BYTES],
                    const char **fault);

/* The part of a text before its first "?". */
struct amf0_string name_without_query(struct amf0_string text);

/* Whether a walk may give the name, which is of one segment: whether there is
 * anything that a client could ask for to get it. */
bool name_can_be_asked_for(struct amf0_string name);

/* The part of a path behind its last slash, without ".flv": what a file that
 * is served by itself is called. */
struct amf0_string name_of_file(const char *path);

#endif
