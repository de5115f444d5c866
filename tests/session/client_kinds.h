/* The clients that there are scripts of. Versions are those whose source the
 * scripts were made from. */
#ifndef FLVD_TESTS_SESSION_CLIENT_KINDS_H
#define FLVD_TESTS_SESSION_CLIENT_KINDS_H

#include "client.h"

/* Players on the desktop. */
extern const struct client_kind ffmpeg;
extern const struct client_kind librtmp;
extern const struct client_kind gst_rtmp2src;

/* Flash, and what programs for phones are made with. */
extern const struct client_kind flash_player;
extern const struct client_kind flex_display;
extern const struct client_kind red5_client;
extern const struct client_kind haishinkit_swift;
extern const struct client_kind haishinkit_kotlin;

/* Servers that pull, and libraries to make such with. */
extern const struct client_kind gortmplib;
extern const struct client_kind srs_edge;
extern const struct client_kind nginx_relay;
extern const struct client_kind zlmediakit;
extern const struct client_kind zlmediakit_vod;
extern const struct client_kind lal;
extern const struct client_kind xiu;
extern const struct client_kind joy4;
extern const struct client_kind livego;
extern const struct client_kind rml_rtmp;
extern const struct client_kind go_rtmp;

/* All of them, up to NULL. */
extern const struct client_kind *const all_clients[];

#endif
