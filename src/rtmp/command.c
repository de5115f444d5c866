/* Commands from AMF0 and answers to AMF0.
 *
 * What a command leads to is not decided here. Reading is lenient where real
 * clients are sloppy (arguments left out, undefined for null, numbers for
 * booleans) and strict where a value would be used: a number that is no time
 * is no argument. Only types that every client reads are written: numbers,
 * booleans, short strings, null and flat objects. RTMP 1.0, 7.2. */
#include "rtmp/command.h"

#include <string.h>

#include "base/utf8.h"
#include "rtmp/protocol.h"

/* Beyond 2^53 a double is no count of milliseconds; sums of two such values
 * fit an int64_t. */
#define MAX_EXACT_INTEGER 9007199254740992.0

#define DEFAULT_START_MS (-2000)    /* live, else recorded */
#define DEFAULT_DURATION_MS (-1000) /* all */

/* What clients take as description or details without complaint. */
#define MAX_TEXT_BYTES 512

/* --- reading ----------------------------------------------------------- */

static bool is_exact(double number)
{
    return number >= -MAX_EXACT_INTEGER && number <= MAX_EXACT_INTEGER;
}

/* What is "not given": null and undefined stand for it as well. */
static bool is_nothing(const struct amf0_value *value)
{
    return value->type == AMF0_NULL || value->type == AMF0_UNDEFINED;
}

static bool read_name(struct byte_reader *r, struct amf0_string *name)
{
    struct amf0_value value;

    if (!amf0_read(r, &value) || value.type != AMF0_STRING ||
        value.string.length > RTMP_MAX_NAME_BYTES)
        return false;
    *name = value.string;
    return true;
}

static bool read_transaction_id(struct byte_reader *r, double *id)
{
    struct amf0_value value;

    *id = 0;
    if (byte_reader_left(r) == 0)
        return true;
    if (!amf0_read(r, &value))
        return false;
    if (is_nothing(&value))
        return true;
    if (value.type != AMF0_NUMBER || !is_exact(value.number))
        return false;
    *id = value.number;
    return true;
}

/* Confines `object` to the next value, if there is one. */
static bool read_command_object(struct byte_reader *r,
                                struct byte_reader *object)
{
    struct byte_reader from_here = *r;

    if (byte_reader_left(r) > 0 && !amf0_skip(r))
        return false;
    byte_read_sub(&from_here,
                  byte_reader_left(&from_here) - byte_reader_left(r), object);
    return true;
}

bool rtmp_call_read(const struct rtmp_message *message, struct rtmp_call *call)
{
    struct byte_reader r;
    struct rtmp_call result;

    if (message->type != RTMP_COMMAND_AMF0 &&
        message->type != RTMP_COMMAND_AMF3)
        return false;
    byte_reader_init(&r, message->payload, message->length_bytes);
    /* The format byte of type 17; some peers leave it away. */
    if (message->type == RTMP_COMMAND_AMF3 && byte_peek_u8(&r) == 0)
        (void)byte_read_u8(&r);
    if (!read_name(&r, &result.name) ||
        !read_transaction_id(&r, &result.transaction_id) ||
        !read_command_object(&r, &result.command_object))
        return false;
    result.arguments = r;
    *call = result;
    return true;
}

/* Which of the members of Enhanced RTMP a member is, or 0. Lists and maps are
 * not looked into. */
static unsigned enhanced_member(struct amf0_string key,
                                const struct amf0_value *value)
{
    switch (value->type) {
    case AMF0_STRICT_ARRAY:
        return amf0_string_is(key, "fourCcList") ? RTMP_FOUR_CC_LIST : 0;
    case AMF0_OBJECT:
    case AMF0_ECMA_ARRAY:
        if (amf0_string_is(key, "videoFourCcInfoMap"))
            return RTMP_VIDEO_FOUR_CC_INFO_MAP;
        if (amf0_string_is(key, "audioFourCcInfoMap"))
            return RTMP_AUDIO_FOUR_CC_INFO_MAP;
        return 0;
    case AMF0_NUMBER:
        if (amf0_string_is(key, "capsEx"))
            return RTMP_CAPS_EX;
        if (amf0_string_is(key, "videoFunction") &&
            value->number > RTMP_VIDEO_FUNCTION_CLIENT_SEEK)
            return RTMP_VIDEO_FUNCTION;
        return 0;
    default:
        return 0;
    }
}

static void take_member(struct rtmp_connect *connect, struct amf0_string key,
                        const struct amf0_value *value)
{
    connect->enhanced |= enhanced_member(key, value);
    if (value->type != AMF0_STRING)
        return;
    if (amf0_string_is(key, "app"))
        connect->app = value->string;
    else if (amf0_string_is(key, "tcUrl"))
        connect->tc_url = value->string;
}

bool rtmp_connect_read(const struct rtmp_call *call,
                       struct rtmp_connect *connect)
{
    static const struct amf0_string none = {"", 0};
    struct rtmp_connect result = {.app = none, .tc_url = none};
    struct byte_reader r = call->command_object;
    struct amf0_value value;
    struct amf0_string key;

    if (byte_reader_left(&r) > 0) {
        if (!amf0_read(&r, &value))
            return false;
        if (value.type == AMF0_OBJECT || value.type == AMF0_ECMA_ARRAY) {
            while (amf0_next_member(&r, &key)) {
                if (!amf0_read(&r, &value))
                    return false;
                take_member(&result, key, &value);
                if (!amf0_skip_rest(&r, &value))
                    return false;
            }
        }
    }
    if (r.failed)
        return false;
    *connect = result;
    return true;
}

/* The next argument, whole. A missing one is undefined. */
static bool read_argument(struct byte_reader *r, struct amf0_value *value)
{
    *value = (struct amf0_value){.type = AMF0_UNDEFINED};
    if (r->failed)
        return false;
    return byte_reader_left(r) == 0 ||
           (amf0_read(r, value) && amf0_skip_rest(r, value));
}

static bool read_play_name(struct byte_reader *r, struct rtmp_play *play)
{
    struct amf0_value value;

    if (!read_argument(r, &value))
        return false;
    play->has_name = true;
    play->name = (struct amf0_string){"", 0};
    if (is_nothing(&value))
        return true;
    if (value.type == AMF0_BOOLEAN && !value.boolean) {
        play->has_name = false;
        return true;
    }
    if (value.type != AMF0_STRING)
        return false;
    play->name = value.string;
    return true;
}

static bool read_play_time(struct byte_reader *r, int64_t default_ms,
                           int64_t *time_ms)
{
    struct amf0_value value;

    if (!read_argument(r, &value))
        return false;
    if (is_nothing(&value)) {
        *time_ms = default_ms;
        return true;
    }
    if (value.type != AMF0_NUMBER || !is_exact(value.number))
        return false;
    *time_ms = (int64_t)value.number;
    return true;
}

static bool read_play_reset(struct byte_reader *r, bool *reset)
{
    struct amf0_value value;

    if (!read_argument(r, &value))
        return false;
    if (is_nothing(&value))
        *reset = true;
    else if (value.type == AMF0_BOOLEAN)
        *reset = value.boolean;
    else if (value.type == AMF0_NUMBER)
        *reset = value.number != 0;
    else
        return false;
    return true;
}

bool rtmp_play_read(const struct rtmp_call *call, struct rtmp_play *play)
{
    struct byte_reader r = call->arguments;
    struct rtmp_play result;

    if (!read_play_name(&r, &result) ||
        !read_play_time(&r, DEFAULT_START_MS, &result.start_ms) ||
        !read_play_time(&r, DEFAULT_DURATION_MS, &result.duration_ms) ||
        !read_play_reset(&r, &result.reset))
        return false;
    *play = result;
    return true;
}

static enum rtmp_transition transition_of(struct amf0_string name)
{
    static const struct {
        const char *name;
        enum rtmp_transition transition;
    } names[] = {{"reset", RTMP_TRANSITION_RESET},
                 {"append", RTMP_TRANSITION_APPEND},
                 {"appendAndWait", RTMP_TRANSITION_APPEND},
                 {"stop", RTMP_TRANSITION_STOP}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (amf0_string_is(name, names[i].name))
            return names[i].transition;
    }
    return RTMP_TRANSITION_SWITCH;
}

/* Seconds to milliseconds; what is no time stays as it is. */
static void take_seconds(double seconds, int64_t *time_ms)
{
    if (is_exact(seconds * 1000))
        *time_ms = (int64_t)(seconds * 1000);
}

static void take_play_option(struct rtmp_play2 *play2, struct amf0_string key,
                             const struct amf0_value *value)
{
    if (value->type == AMF0_STRING) {
        if (amf0_string_is(key, "streamName"))
            play2->play.name = value->string;
        else if (amf0_string_is(key, "transition"))
            play2->transition = transition_of(value->string);
    } else if (value->type == AMF0_NUMBER) {
        if (amf0_string_is(key, "start"))
            take_seconds(value->number, &play2->play.start_ms);
        else if (amf0_string_is(key, "len"))
            take_seconds(value->number, &play2->play.duration_ms);
    }
}

bool rtmp_play2_read(const struct rtmp_call *call, struct rtmp_play2 *play2)
{
    struct rtmp_play2 result = {.play = {.has_name = true,
                                         .name = {"", 0},
                                         .start_ms = DEFAULT_START_MS,
                                         .duration_ms = DEFAULT_DURATION_MS,
                                         .reset = true}};
    struct byte_reader r = call->arguments;
    struct amf0_value value;
    struct amf0_string key;

    if (!amf0_read(&r, &value) ||
        (value.type != AMF0_OBJECT && value.type != AMF0_ECMA_ARRAY))
        return false;
    while (amf0_next_member(&r, &key)) {
        if (!amf0_read(&r, &value))
            return false;
        take_play_option(&result, key, &value);
        if (!amf0_skip_rest(&r, &value))
            return false;
    }
    if (r.failed)
        return false;
    *play2 = result;
    return true;
}

bool rtmp_argument_string(struct rtmp_call *call, struct amf0_string *value)
{
    struct amf0_value argument;

    if (!read_argument(&call->arguments, &argument) ||
        argument.type != AMF0_STRING)
        return false;
    *value = argument.string;
    return true;
}

bool rtmp_argument_number(struct rtmp_call *call, double *value)
{
    struct amf0_value argument;

    if (!read_argument(&call->arguments, &argument) ||
        argument.type != AMF0_NUMBER)
        return false;
    *value = argument.number;
    return true;
}

bool rtmp_argument_boolean(struct rtmp_call *call, bool *value)
{
    struct amf0_value argument;

    if (!read_argument(&call->arguments, &argument))
        return false;
    if (argument.type == AMF0_BOOLEAN)
        *value = argument.boolean;
    else if (argument.type == AMF0_NUMBER)
        *value = argument.number != 0;
    else
        return false;
    return true;
}

/* --- writing ----------------------------------------------------------- */

/* A string that may come from a peer, made such that clients that check UTF-8
 * or lengths take it. */
static void write_text(struct byte_writer *w, struct amf0_string text)
{
    char clean[MAX_TEXT_BYTES];
    struct byte_writer to;
    struct byte_reader from;

    byte_writer_init(&to, clean, sizeof(clean));
    byte_reader_init(&from, text.data, text.length);
    while (byte_reader_left(&from) > 0) {
        const size_t length = utf8_length(from);

        if (length > byte_writer_room(&to) || byte_writer_room(&to) == 0)
            break;
        if (length > 0) {
            byte_write_bytes(&to, byte_read_bytes(&from, length), length);
        } else {
            (void)byte_read_u8(&from);
            byte_write_u8(&to, '?');
        }
    }
    amf0_write_string_n(w,
                        (struct amf0_string){clean, byte_writer_length(&to)});
}

static void write_string_member(struct byte_writer *w, const char *key,
                                const char *text)
{
    if (text == NULL)
        return;
    amf0_write_key(w, key);
    amf0_write_string(w, text);
}

static void write_text_member(struct byte_writer *w, const char *key,
                              struct amf0_string text)
{
    if (text.data == NULL)
        return;
    amf0_write_key(w, key);
    write_text(w, text);
}

static void write_number_member(struct byte_writer *w, const char *key,
                                double value)
{
    amf0_write_key(w, key);
    amf0_write_number(w, value);
}

/* Everything before a reply's own values. */
static void begin_command(struct byte_writer *w, const char *name,
                          double transaction_id)
{
    amf0_write_string(w, name);
    amf0_write_number(w, transaction_id);
}

static void begin_status(struct byte_writer *w,
                         const struct rtmp_status *status)
{
    const char *const text = status->description;
    const struct amf0_string description = {text,
                                            text != NULL ? strlen(text) : 0};

    amf0_write_object_begin(w);
    write_string_member(w, "level", status->level);
    write_string_member(w, "code", status->code);
    write_text_member(w, "description", description);
    write_text_member(w, "details", status->details);
}

/* Any codec is forwarded: "*" stands for all. */
static void write_info_map_member(struct byte_writer *w, const char *key)
{
    amf0_write_key(w, key);
    amf0_write_object_begin(w);
    write_number_member(w, "*", RTMP_FOUR_CC_CAN_FORWARD);
    amf0_write_object_end(w);
}

static void write_enhanced_members(struct byte_writer *w, unsigned enhanced)
{
    if ((enhanced & RTMP_FOUR_CC_LIST) != 0) {
        amf0_write_key(w, "fourCcList");
        amf0_write_strict_array_begin(w, 1);
        amf0_write_string(w, "*");
    }
    if ((enhanced & RTMP_VIDEO_FOUR_CC_INFO_MAP) != 0)
        write_info_map_member(w, "videoFourCcInfoMap");
    if ((enhanced & RTMP_AUDIO_FOUR_CC_INFO_MAP) != 0)
        write_info_map_member(w, "audioFourCcInfoMap");
    if ((enhanced & RTMP_CAPS_EX) != 0)
        write_number_member(w, "capsEx",
                            RTMP_CAPS_EX_MULTITRACK | RTMP_CAPS_EX_MOD_EX |
                                RTMP_CAPS_EX_NANOSECONDS);
    if ((enhanced & RTMP_VIDEO_FUNCTION) != 0)
        write_number_member(w, "videoFunction",
                            RTMP_VIDEO_FUNCTION_HDR |
                                RTMP_VIDEO_FUNCTION_METADATA |
                                RTMP_VIDEO_FUNCTION_LARGE_SCALE_TILE);
}

void rtmp_write_connect_result(struct byte_writer *w, double transaction_id,
                               unsigned enhanced)
{
    const struct rtmp_status success = {
        .level = "status",
        .code = "NetConnection.Connect.Success",
        .description = "Connection succeeded.",
    };

    begin_command(w, "_result", transaction_id);
    amf0_write_object_begin(w);
    write_string_member(w, "fmsVer", "FMS/3,5,3,824");
    write_number_member(w, "capabilities", 31);
    write_number_member(w, "mode", 1);
    write_enhanced_members(w, enhanced);
    amf0_write_object_end(w);
    begin_status(w, &success);
    /* 0 makes Flash Player, which prefers AMF3, speak AMF0. */
    write_number_member(w, "objectEncoding", 0);
    amf0_write_object_end(w);
}

void rtmp_write_error(struct byte_writer *w, double transaction_id,
                      const struct rtmp_status *status)
{
    begin_command(w, "_error", transaction_id);
    amf0_write_null(w);
    begin_status(w, status);
    amf0_write_object_end(w);
}

void rtmp_write_result_number(struct byte_writer *w, double transaction_id,
                              double value)
{
    begin_command(w, "_result", transaction_id);
    amf0_write_null(w);
    amf0_write_number(w, value);
}

void rtmp_write_result_null(struct byte_writer *w, double transaction_id)
{
    begin_command(w, "_result", transaction_id);
    amf0_write_null(w);
    amf0_write_null(w);
}

void rtmp_write_on_status(struct byte_writer *w,
                          const struct rtmp_status *status)
{
    begin_command(w, "onStatus", 0);
    amf0_write_null(w);
    begin_status(w, status);
    amf0_write_object_end(w);
}

void rtmp_write_on_fc_subscribe(struct byte_writer *w, struct amf0_string name)
{
    begin_command(w, "onFCSubscribe", 0);
    amf0_write_null(w);
    amf0_write_object_begin(w);
    write_string_member(w, "level", "status");
    write_string_member(w, "code", "NetStream.Play.Start");
    write_text_member(w, "description", name);
    amf0_write_object_end(w);
}

void rtmp_write_on_bw_done(struct byte_writer *w)
{
    begin_command(w, "onBWDone", 0);
    amf0_write_null(w);
    amf0_write_number(w, 8192);
}

void rtmp_write_sample_access(struct byte_writer *w)
{
    amf0_write_string(w, "|RtmpSampleAccess");
    amf0_write_boolean(w, true);
    amf0_write_boolean(w, true);
}

static void begin_play_status(struct byte_writer *w, const char *code)
{
    amf0_write_string(w, "onPlayStatus");
    amf0_write_object_begin(w);
    write_string_member(w, "level", "status");
    write_string_member(w, "code", code);
}

void rtmp_write_play_complete(struct byte_writer *w, double duration_s,
                              double bytes)
{
    begin_play_status(w, "NetStream.Play.Complete");
    write_number_member(w, "duration", duration_s);
    write_number_member(w, "bytes", bytes);
    amf0_write_object_end(w);
}

void rtmp_write_transition_complete(struct byte_writer *w)
{
    begin_play_status(w, "NetStream.Play.TransitionComplete");
    amf0_write_object_end(w);
}
