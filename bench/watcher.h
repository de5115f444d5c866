/* One viewer of a crowd, on a socket that does not block: what it says and
 * hears from its connection to its end. */
#ifndef FLVD_BENCH_WATCHER_H
#define FLVD_BENCH_WATCHER_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "lateness.h"
#include "wire.h"

enum watcher_stage {
    WATCHER_CONNECTING, /* until the socket can be written to */
    WATCHER_HANDSHAKE,
    WATCHER_COMMANDS, /* up to the first frame */
    WATCHER_WATCHING,
    WATCHER_LEAVING, /* has said so, and waits for the server's end */
    WATCHER_GONE
};

/* How a viewer that does not stay ends. */
enum watcher_exit {
    WATCHER_STAYS,
    WATCHER_CLOSES,      /* its socket, in silence */
    WATCHER_ABORTS,      /* resets the connection */
    WATCHER_SAYS_GOODBYE /* deleteStream, and reads on to the server's end */
};

struct watcher {
    int fd;
    enum watcher_stage stage;
    uint32_t number;
    bool parses;  /* every message, and not only up to the first frame */
    bool failed;  /* ended before its first frame, but not by its own will */
    bool dropped; /* by the server, while watching */
    /* In this stage it says only half of its words, or watches on, and ends
     * when this time has come. */
    enum watcher_exit exit;
    enum watcher_stage exit_stage;
    int64_t exit_delay_ns, exit_ns;
    int64_t connect_ns, first_video_ns, first_frame_ns;
    int64_t last_ns; /* when film came last */
    uint64_t received, acknowledged;
    uint32_t window_bytes, first_frame_ms;
    struct wire_reader *reader; /* while it parses */
};

/* What all viewers of a crowd have in common. */
struct watcher_scene {
    const struct addrinfo *server;
    struct wire_target target;
    /* Of those that parse: all messages, and those whose time comes after the
     * announced buffer. What comes first cannot be far ahead. */
    struct lateness all, steady;
};

/* Makes the socket; a viewer whose connection fails at once is gone. */
void watcher_join(struct watcher *watcher, const struct watcher_scene *scene);
/* Its socket is ready. */
void watcher_serve(struct watcher *watcher, struct watcher_scene *scene);
/* Its time has come: after this call it is leaving or gone. */
void watcher_exit(struct watcher *watcher);
/* Ends it without a word, if it has not ended. */
void watcher_free(struct watcher *watcher);

#endif
