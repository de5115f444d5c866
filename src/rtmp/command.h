/* Commands (RTMP 1.0, 7.2): what a client calls, and the replies and status
 * messages that it gets. Pure: bytes in, bytes out. */
#ifndef FLVD_RTMP_COMMAND_H
#define FLVD_RTMP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "amf/amf0.h"
#include "base/bytes.h"
#include "rtmp/chunk.h"

/* Names of commands that are longer are malformed: no client comes near it. */
#define RTMP_MAX_NAME_BYTES 1024

/* A call as it came. `arguments` stands behind the command object, which was
 * kept apart since connect's says all. */
struct rtmp_call {
    struct amf0_string name;
    double transaction_id;             /* 0 when no answer is wanted */
    struct byte_reader command_object; /* the value after the transaction id,
                                          empty when there is none */
    struct byte_reader arguments;
};

/* Reads a message of type 20, or 17 (with or without its format byte).
 * Everything after the name may be missing; null and undefined stand for a
 * missing transaction id too. False when the name or what is there is
 * malformed, or the transaction id is beyond 2^53, infinite or NaN. The call
 * points into the message's payload. */
bool rtmp_call_read(const struct rtmp_message *message, struct rtmp_call *call);

/* The members of connect by which a client of Enhanced RTMP says what it can
 * take. Only that they were sent counts: flvd sends what is in the file. */
enum rtmp_enhanced_member {
    RTMP_FOUR_CC_LIST = 1 << 0,
    RTMP_VIDEO_FOUR_CC_INFO_MAP = 1 << 1,
    RTMP_AUDIO_FOUR_CC_INFO_MAP = 1 << 2,
    RTMP_CAPS_EX = 1 << 3,
    RTMP_VIDEO_FUNCTION = 1 << 4 /* with more than Flash's client seek */
};

/* What connect's command object says; strings that were not sent, or are of
 * another type, are empty. */
struct rtmp_connect {
    struct amf0_string app;
    struct amf0_string tc_url;
    unsigned enhanced; /* enum rtmp_enhanced_member, those that were sent */
};

bool rtmp_connect_read(const struct rtmp_call *call,
                       struct rtmp_connect *connect);

/* The arguments of play (7.2.2.1). On the wire the times are milliseconds,
 * whatever the specification says. */
struct rtmp_play {
    bool has_name;           /* false: play(false), which stops */
    struct amf0_string name; /* may be empty: some clients put all in `app`;
                                missing and null are empty too */
    int64_t start_ms;        /* -2000 when missing; negative: from the start */
    int64_t duration_ms;     /* -1000 when missing; negative: all */
    bool reset;              /* true when missing */
};

/* False when an argument is malformed or of another type, or its number no
 * sane time: beyond 2^53, infinite or NaN. `call` is not consumed. */
bool rtmp_play_read(const struct rtmp_call *call, struct rtmp_play *play);

/* What play2 (7.2.2.2) does with what is played: the `transition` of its
 * NetStreamPlayOptions. */
enum rtmp_transition {
    RTMP_TRANSITION_SWITCH, /* and "swap", a missing and an unknown one */
    RTMP_TRANSITION_RESET,
    RTMP_TRANSITION_APPEND, /* and "appendAndWait" */
    RTMP_TRANSITION_STOP
};

/* The argument of play2. Its times are seconds; `play` has them as
 * rtmp_play_read does, with reset. */
struct rtmp_play2 {
    struct rtmp_play play;
    enum rtmp_transition transition;
};

/* False when there is no object, or it is malformed. Members that are missing
 * or of another type have their defaults. */
bool rtmp_play2_read(const struct rtmp_call *call, struct rtmp_play2 *play2);

/* The next argument of a call, for commands that take just a name, a number
 * or a boolean. False, and nothing set, when it is missing or another type
 * (a number is taken for a boolean). Numbers come as they are, NaN included.
 * Each consumes one argument. */
bool rtmp_argument_string(struct rtmp_call *call, struct amf0_string *value);
bool rtmp_argument_number(struct rtmp_call *call, double *value);
bool rtmp_argument_boolean(struct rtmp_call *call, bool *value);

/* The members of a status or information object; NULL ones are left out.
 * `description` and `details` may hold anything: "?" is written for each byte
 * that is not valid UTF-8, and they are cut at 512 bytes. */
struct rtmp_status {
    const char *level; /* "status", "warning" or "error" */
    const char *code;  /* "NetStream.Play.Start", ... */
    const char *description;
    struct amf0_string details; /* data NULL: none */
};

/* Bodies of command messages (type 20). */
/* `enhanced`: the members that were sent are answered, each with what flvd
 * can do, which is to pass on whatever is in the file; without any, the
 * result has the form that old clients know. */
void rtmp_write_connect_result(struct byte_writer *w, double transaction_id,
                               unsigned enhanced);
void rtmp_write_error(struct byte_writer *w, double transaction_id,
                      const struct rtmp_status *status);
void rtmp_write_result_number(struct byte_writer *w, double transaction_id,
                              double value); /* createStream, ... */
void rtmp_write_result_null(struct byte_writer *w, double transaction_id);
void rtmp_write_on_status(struct byte_writer *w,
                          const struct rtmp_status *status);
void rtmp_write_on_fc_subscribe(struct byte_writer *w,
                                struct amf0_string name); /* as `details` */
void rtmp_write_on_bw_done(struct byte_writer *w);

/* Bodies of data messages (type 18). */
void rtmp_write_sample_access(struct byte_writer *w); /* 7.2.1 of FMS docs */
void rtmp_write_play_complete(struct byte_writer *w, double duration_s,
                              double bytes); /* onPlayStatus */
void rtmp_write_transition_complete(struct byte_writer *w);

#endif
