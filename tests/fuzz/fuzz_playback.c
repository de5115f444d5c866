/* A play: any sequence of pauses, seeks, switches and the like, in any file.
 * The input is flags, a lead, a number of commands, the commands (a byte and
 * an argument of 2), and the file.
 *
 * Tags lie in the file, and where the file's times rise, those that are given
 * out do, too, over all seams and wraps, until something leads elsewhere; no
 * play is busy without end. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "play/playback.h"

#define MAX_INPUT_BYTES 32768
#define MAX_STEPS 4000
/* Steps in a row that give nothing and ask for another at once; each looks at
 * 64 tags or more, or at 64 KiB of the file. */
#define MAX_BUSY_STEPS 2000

#define FLAG_LOOP 1
#define FLAG_NO_AUDIO 2
#define FLAG_NO_VIDEO 4
#define FLAG_SKIP_LATE 8
#define FLAG_RANGE 16

enum order {
    ORDER_WAIT, /* until the argument has passed, in ms */
    ORDER_PAUSE,
    ORDER_RESUME,
    ORDER_SEEK,
    ORDER_LEAD,
    ORDER_RECEIVE,
    ORDER_SWITCH,
    ORDER_SAVE,
    ORDER_RESTORE,
    ORDER_LATE, /* time passes, and nobody asks */
    ORDERS
};

static size_t file_bytes;
static struct playback playback;
static int64_t now_ns;
static unsigned steps;
static bool times_rise; /* those of the file */
static bool has_last;   /* and nothing has led elsewhere since */
static int64_t last_ms;

/* What was given out since a place was saved. */
static struct playback_place place;
static bool is_saved;
static size_t given_out;

static struct movie *open_file(int fd)
{
    struct movie_error error;

    return movie_open(dup(fd), NULL, &error);
}

/* Whether the times of all frames rise, one after the other. */
static bool do_times_rise(struct movie *movie)
{
    struct movie_cursor cursor;
    struct movie_tag tag;
    enum movie_result result;
    int64_t last = INT64_MIN;
    bool rise = true;

    movie_cursor_init(&cursor, movie);
    while ((result = movie_cursor_next(&cursor, &tag)) != MOVIE_END) {
        if (result != MOVIE_TAG || !flv_tag_kind_is_frame(tag.kind))
            continue;
        rise = rise && tag.time_ms >= last;
        last = tag.time_ms;
    }
    movie_cursor_destroy(&cursor);
    return rise;
}

/* Timestamps wrap: the time of the frame that was given out last is the latest
 * with its timestamp that is not past the position. */
static int64_t unwrapped_ms(uint32_t timestamp_ms)
{
    const int64_t position_ms = playback_position_ms(&playback);

    return position_ms - (uint32_t)((uint64_t)position_ms - timestamp_ms);
}

static void take_item(const struct playback_item *item)
{
    const struct movie_tag *const tag = &item->tag;
    int64_t time_ms;

    MUST(tag->type == FLV_TAG_AUDIO || tag->type == FLV_TAG_VIDEO);
    MUST(tag->size_bytes >= 1 && tag->offset_bytes >= 0 &&
         (size_t)tag->offset_bytes <= file_bytes &&
         tag->size_bytes <= file_bytes - (size_t)tag->offset_bytes);
    if (is_saved)
        given_out++;
    if (!flv_tag_kind_is_frame(tag->kind))
        return;
    MUST(item->timestamp_ms == 0 ||
         playback_position_ms(&playback) >= (int64_t)item->timestamp_ms);
    time_ms = unwrapped_ms(item->timestamp_ms);
    if (times_rise && has_last)
        MUST(time_ms >= last_ms);
    has_last = true;
    last_ms = time_ms;
}

static void forget_place(void)
{
    if (is_saved)
        playback_place_destroy(&place);
    is_saved = false;
}

/* Steps until nothing is due before `until_ns`, or the play has ended. */
static void run(int64_t until_ns)
{
    unsigned busy = 0;

    while (steps++ < MAX_STEPS) {
        struct playback_item item;
        int64_t due_ns = 0;
        const enum playback_step step =
            playback_next(&playback, now_ns, &item, &due_ns);

        MUST(playback_viewer_ms(&playback, now_ns) >= 0);
        if (step == PLAYBACK_SEND) {
            take_item(&item);
            busy = 0;
            continue;
        }
        if (step == PLAYBACK_SKIPPED || step == PLAYBACK_SWITCH)
            forget_place();
        if (step == PLAYBACK_SWITCH) {
            playback_switch_over(&playback);
            has_last = false; /* it may be to the last keyframe */
        } else if (step == PLAYBACK_WAIT && due_ns > now_ns) {
            if (due_ns >= until_ns)
                break;
            now_ns = due_ns;
        } else if (step == PLAYBACK_ENDED || step == PLAYBACK_FAILED) {
            break;
        }
        MUST(++busy < MAX_BUSY_STEPS);
        now_ns += 1000; /* it took a while */
    }
    if (until_ns > now_ns)
        now_ns = until_ns;
}

static void save(void)
{
    const struct timeline_options options = {.rounds = 1};

    forget_place();
    if (playback_is_landing(&playback))
        return;
    playback_place_init(&place, playback_movie(&playback), &options);
    playback_save(&playback, &place);
    is_saved = true;
    given_out = 0;
}

/* Back to the place, or to behind the first tag that was given out since. */
static void restore(bool behind_first)
{
    if (!is_saved || playback_is_landing(&playback))
        return;
    playback_restore(&playback, &place, behind_first && given_out > 0);
    forget_place();
    has_last = false;
}

static void obey(enum order order, uint16_t argument, int fd)
{
    const int64_t argument_ns = argument * CLOCK_NS_PER_MS;
    struct movie *movie;

    switch (order) {
    case ORDER_WAIT:
        run(now_ns + argument_ns);
        break;
    case ORDER_LATE:
        now_ns += argument_ns;
        break;
    case ORDER_PAUSE:
        playback_pause(&playback, now_ns);
        break;
    case ORDER_RESUME:
        playback_resume(&playback, now_ns);
        break;
    case ORDER_SEEK:
        forget_place();
        playback_seek(&playback, (int64_t)argument * argument);
        has_last = false;
        break;
    case ORDER_LEAD:
        playback_set_lead(&playback, (int64_t)argument * argument);
        break;
    case ORDER_RECEIVE:
        playback_receive(&playback, argument & 1, argument & 2);
        break;
    case ORDER_SWITCH:
        movie = open_file(fd);
        if (movie != NULL)
            playback_switch(&playback, movie);
        movie_unref(movie);
        break;
    case ORDER_SAVE:
        save();
        break;
    case ORDER_RESTORE:
    default:
        restore(argument & 1);
        break;
    }
}

static void play(struct movie *movie, uint8_t flags, uint16_t lead,
                 struct byte_reader *orders, int fd)
{
    const struct timeline_options options = {
        .audio = (flags & FLAG_NO_AUDIO) == 0,
        .video = (flags & FLAG_NO_VIDEO) == 0,
        .rounds = (flags & FLAG_LOOP) != 0 ? 0 : 1 + (flags >> 6)};

    now_ns = CLOCK_NS_PER_S;
    steps = 0;
    has_last = false;
    is_saved = false;
    times_rise = do_times_rise(movie);
    playback_init(&playback, movie, &options, lead);
    if ((flags & FLAG_SKIP_LATE) != 0)
        playback_set_skip_late(&playback, 1000);
    if ((flags & FLAG_RANGE) != 0)
        playback_set_range(&playback, lead, (int64_t)lead * 2);
    while (byte_reader_left(orders) > 0) {
        const uint8_t order = byte_read_u8(orders) % ORDERS;

        obey((enum order)order, byte_read_u16(orders), fd);
    }
    run(now_ns + 10 * CLOCK_NS_PER_S);
    forget_place();
    playback_destroy(&playback);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct byte_reader in, orders;
    struct movie *movie;
    uint8_t flags;
    uint16_t lead;
    int fd;

    if (size > MAX_INPUT_BYTES)
        return 0;
    byte_reader_init(&in, data, size);
    flags = byte_read_u8(&in);
    lead = byte_read_u16(&in);
    byte_read_sub(&in, 3 * (size_t)(byte_read_u8(&in) % 32), &orders);
    if (in.failed)
        return 0;
    fd = memfd_create("fuzz_playback", MFD_CLOEXEC);
    file_bytes = byte_reader_left(&in);
    MUST(fd >= 0);
    MUST(write(fd, in.next, file_bytes) == (ssize_t)file_bytes);
    movie = open_file(fd);
    if (movie != NULL)
        play(movie, flags, lead, &orders, fd);
    movie_unref(movie);
    close(fd);
    return 0;
}
