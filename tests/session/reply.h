/* What a command or data message of flvd's says, read by an AMF0 reader of the
 * tests' own: a strict one, as the strictest clients have it. */
#ifndef FLVD_TESTS_SESSION_REPLY_H
#define FLVD_TESTS_SESSION_REPLY_H

#include "peer.h"

/* AMF0 markers, as bits of reply.markers. */
enum {
    AMF_NUMBER = 1 << 0,
    AMF_BOOLEAN = 1 << 1,
    AMF_STRING = 1 << 2,
    AMF_OBJECT = 1 << 3,
    AMF_NULL = 1 << 5,
    AMF_UNDEFINED = 1 << 6,
    AMF_ECMA_ARRAY = 1 << 8,
    AMF_STRICT_ARRAY = 1 << 10,
    AMF_LONG_STRING = 1 << 12
};

struct reply {
    char name[128];
    char shape[16];    /* the values behind the name, letters as send_command
                          has them, [ for an ECMA array, a for a strict one: "dn{"
                        */
    uint32_t markers;  /* all AMF0 types in it */
    size_t key_length; /* of the longest key */
    size_t name_length;
    double transaction_id; /* the first number behind the name */
    double number;         /* the last one that is no member */
    /* Members of its objects; "" and 0 when there are none. */
    char level[16];
    char code[64];
    double duration_s;
    double object_encoding;
};

/* Reads a message of type 18 or 20. NULL, or what is wrong with it. */
const char *reply_read(const struct message *message, struct reply *reply);

#endif
