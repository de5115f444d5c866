/* The URL that plays what a listener serves. */
#ifndef FLVD_SERVER_PLAY_URL_H
#define FLVD_SERVER_PLAY_URL_H

#include <stddef.h>

#include "server/library.h"
#include "server/listener.h"

/* "rtmp://localhost:1935/vod/movie", percent-encoded, or up to the name where
 * that chooses. A listener on all addresses is reached by `any_host`, which may
 * stand in a URL as it is. Cut to `size`; how long it is. */
size_t play_url(const struct listener *listener, const struct library *library,
                const char *any_host, char *url, size_t size);

#endif
