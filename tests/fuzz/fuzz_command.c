/* Messages and commands of a peer: a byte for the type of the message, then
 * its payload. What is read is within bounds and within the payload; what flvd
 * answers with it, whatever it holds, reads again as AMF0. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "rtmp/command.h"
#include "rtmp/message.h"

#define MAX_TIME_MS (INT64_C(1) << 53)
#define BODY_BYTES 1024 /* what a connection has for a reply */

static const uint8_t *payload;
static size_t payload_bytes;

static void must_lie_in(struct amf0_string s)
{
    const uint8_t *const start = (const uint8_t *)s.data;

    if (s.length > 0)
        MUST(start >= payload && s.length <= payload_bytes &&
             (size_t)(start - payload) <= payload_bytes - s.length);
}

static void must_be_time(int64_t time_ms)
{
    MUST(time_ms >= -MAX_TIME_MS && time_ms <= MAX_TIME_MS);
}

/* Whether a body is whole values, as clients read it. */
static void must_read(const struct byte_writer *w)
{
    struct byte_reader r;

    MUST(!w->failed);
    byte_reader_init(&r, w->start, byte_writer_length(w));
    while (byte_reader_left(&r) > 0)
        MUST(amf0_skip(&r));
}

static void answer(const struct rtmp_call *call, struct amf0_string text)
{
    uint8_t body[BODY_BYTES];
    struct byte_writer w;
    const struct rtmp_status status = {"error", "NetStream.Play.StreamNotFound",
                                       "not found", text};

    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_error(&w, call->transaction_id, &status);
    must_read(&w);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_status(&w, &status);
    must_read(&w);
    for (const uint8_t *p = body; p < w.next; p++)
        MUST(*p < 0x80 || text.length > 0);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_on_fc_subscribe(&w, text);
    must_read(&w);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_result_number(&w, call->transaction_id, 1);
    rtmp_write_result_null(&w, call->transaction_id);
    rtmp_write_on_bw_done(&w);
    must_read(&w);
}

static void try_connect(const struct rtmp_call *call)
{
    struct rtmp_connect connect;
    uint8_t body[BODY_BYTES];
    struct byte_writer w;

    if (!rtmp_connect_read(call, &connect))
        return;
    must_lie_in(connect.app);
    must_lie_in(connect.tc_url);
    MUST(connect.enhanced < 32);
    answer(call, connect.tc_url);
    byte_writer_init(&w, body, sizeof(body));
    rtmp_write_connect_result(&w, call->transaction_id, connect.enhanced);
    must_read(&w);
}

static void try_play(const struct rtmp_call *call)
{
    struct rtmp_play play;
    struct rtmp_play2 play2;

    if (rtmp_play_read(call, &play)) {
        must_be_time(play.start_ms);
        must_be_time(play.duration_ms);
        if (play.has_name) {
            must_lie_in(play.name);
            answer(call, play.name);
        }
    }
    if (rtmp_play2_read(call, &play2)) {
        must_be_time(play2.play.start_ms);
        must_be_time(play2.play.duration_ms);
        must_lie_in(play2.play.name);
        MUST(play2.transition <= RTMP_TRANSITION_STOP);
    }
}

/* Each reads one argument more, as pause and seek do. */
static void try_arguments(struct rtmp_call call)
{
    for (size_t i = 0; i < payload_bytes; i++) {
        struct rtmp_call attempt = call;
        struct amf0_string text;
        double number;
        bool yes;

        if (rtmp_argument_string(&attempt, &text))
            must_lie_in(text);
        attempt = call;
        (void)rtmp_argument_number(&attempt, &number);
        attempt = call;
        (void)rtmp_argument_boolean(&attempt, &yes);
        MUST(attempt.arguments.next >= call.arguments.next);
        if (attempt.arguments.failed ||
            attempt.arguments.next == call.arguments.next)
            return;
        call = attempt;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_message message = {0};
    struct rtmp_control control;
    struct rtmp_call call;

    if (size < 1 || size > 1 + RTMP_MAX_INPUT_BYTES)
        return 0;
    payload = data + 1;
    payload_bytes = size - 1;
    message.type = data[0];
    message.payload = payload;
    message.length_bytes = payload_bytes;

    if (rtmp_control_read(&message, &control))
        MUST(message.type >= 1 && message.type <= 6 &&
             control.type == (enum rtmp_message_type)message.type);
    if (!rtmp_call_read(&message, &call))
        return 0;
    MUST(message.type == RTMP_COMMAND_AMF0 ||
         message.type == RTMP_COMMAND_AMF3);
    MUST(call.name.length <= RTMP_MAX_NAME_BYTES);
    must_lie_in(call.name);
    MUST(fabs(call.transaction_id) <= (double)MAX_TIME_MS);
    answer(&call, call.name);
    try_connect(&call);
    try_play(&call);
    try_arguments(call);
    return 0;
}
