/* A directory of films that a test serves. */
#ifndef FLVD_TESTS_SESSION_MEDIA_H
#define FLVD_TESTS_SESSION_MEDIA_H

#include "peer.h"

struct media {
    char base[32]; /* a new directory, with nothing but `path` in it */
    char path[64]; /* base/media, which is served */
};

/* A server of it, with movie.flv in it, a small_file(). */
void media_start(struct media *media, struct server *server);

/* BASE/media/NAME: until the next call. */
const char *media_name(const struct media *media, const char *name);
void media_write(const struct media *media, const char *name,
                 const struct flv_bytes *file);

/* As server_stop_for_log; takes the directory away. */
const char *media_stop(struct media *media, struct server *server,
                       const char *reason);
void media_remove(struct media *media);

#endif
