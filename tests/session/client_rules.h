/* What single clients cannot bear, besides what client.c checks for all. */
#ifndef FLVD_TESTS_SESSION_CLIENT_RULES_H
#define FLVD_TESTS_SESSION_CLIENT_RULES_H

#include "client.h"

#define ANY_TYPE UINT32_MAX
/* Control, audio, video, data and commands in AMF0. */
#define PLAIN_TYPES (0x7Eu | 1u << 8 | 1u << 9 | 1u << 18 | 1u << 20)
#define ANY_EVENT UINT64_MAX
#define STREAM_DRY ((uint64_t)1 << 2)
#define BUFFER_EMPTY ((uint64_t)1 << 31)
/* StreamBegin to PingResponse, BufferEmpty, BufferReady. */
#define KNOWN_EVENTS (0xDFu | (uint64_t)3 << 31)
#define PLAIN_AMF                                                              \
    (AMF_NUMBER | AMF_BOOLEAN | AMF_STRING | AMF_OBJECT | AMF_NULL |           \
     AMF_UNDEFINED | AMF_ECMA_ARRAY | AMF_STRICT_ARRAY)
#define ANY_CHUNK 0x7FFFFFFF

/* FFmpeg, librtmp: what comes before Play.Start is lost. */
client_rule media_comes_after_start;
/* librtmp: codes and calls on which it closes. */
client_rule nothing_closes_librtmp;
/* GStreamer: the first onStatus decides. */
client_rule first_status_is_a_start;
/* gortmplib, HaishinKit: any other command on the stream fails the call that
 * waits; so does a level besides "status". */
client_rule only_status_on_the_stream;
/* gortmplib, nginx-rtmp. */
client_rule first_stream_is_1;
/* gortmplib: what it disconnects on. */
client_rule media_can_be_parsed;
/* HaishinKit (Swift): the last chunk of a message says whether its time is
 * absolute, so fmt 3 makes an absolute one be added. */
client_rule absolute_times_are_in_one_chunk;
/* HaishinKit: extended timestamps are not expected again with fmt 3. */
client_rule extended_times_are_in_one_chunk;
/* ZLMediaKit: the first two must be "status", the others no "error". */
client_rule statuses_of_zlmediakit;
/* xiu takes any result with transaction id 1 for that of connect. */
client_rule connect_is_answered_once;
/* livego takes the next command for createStream's answer. */
client_rule next_command_is_the_result;
/* rml_rtmp: a second Play.Start while it plays is an error. */
client_rule play_starts_once;
/* JW Player shows no seek bar otherwise. */
client_rule duration_is_known_at_the_first_picture;

#endif
