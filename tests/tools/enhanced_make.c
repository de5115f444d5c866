/* enhanced_make: puts what an encoder made into an FLV file of Enhanced RTMP,
 * which the encoder's own muxer cannot write yet. Each FILE is Matroska with
 * one track; the first of video and the first of audio become plain packets,
 * further ones packets of one track, with the ids 1, 2, ... Pictures must
 * have no B-frames: Matroska has only one time for each.
 *
 * With -s MS it writes what is to come after a seek to that time instead: all
 * headers, then the file from the keyframe of the first track on. With -l it
 * leaves out what librtmp drops: video of 5 bytes, such as the end of a
 * sequence. */
#include "config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUDIO 8
#define VIDEO 9
#define MAX_TRACKS 8

/* Enhanced RTMP v2: packet types */
#define SEQUENCE_START 0
#define CODED_FRAMES 1
#define SEQUENCE_END 2
#define CODED_FRAMES_X 3
#define MULTICHANNEL 4
#define AUDIO_MULTITRACK 5
#define VIDEO_MULTITRACK 6

struct bytes {
    const uint8_t *data;
    size_t size;
};

struct track {
    uint8_t type;
    uint8_t id;
    const char *four_cc;
    struct bytes header; /* the decoder configuration */
    bool has_offsets;    /* CodedFrames have a composition time */
};

struct packet {
    const struct track *track;
    int64_t time_ms;
    size_t number;
    bool is_key;
    struct bytes data;
};

static struct track tracks[MAX_TRACKS];
static size_t track_count;
static const uint8_t *files[MAX_TRACKS]; /* what the tracks' bytes lie in */
static struct packet *packets;
static size_t packet_count;
static bool is_for_librtmp;

static void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
    va_list arguments;

    fputs("enhanced_make: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* --- Matroska (RFC 9559), as far as ffmpeg writes it ---------------------- */

static const struct codec {
    const char *name;
    const char *four_cc;
    bool has_offsets;
} codecs[] = {
    {"V_MPEG4/ISO/AVC", "avc1", true}, {"V_MPEGH/ISO/HEVC", "hvc1", true},
    {"V_AV1", "av01", false},          {"V_VP9", "vp09", false},
    {"A_OPUS", "Opus", false},         {"A_AAC", "mp4a", false},
};

/* VP codec configuration: profile 0, level 1, 8 bits, 4:2:0. Matroska has
 * none of its own. */
static const uint8_t vp9_header[] = {1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0};

static uint64_t number_of(struct bytes bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.size; i++)
        number = number << 8 | bytes.data[i];
    return number;
}

static struct bytes take(struct bytes *from, uint64_t size)
{
    struct bytes taken = {from->data, (size_t)size};

    if (size > from->size)
        die("the input ends too early");
    from->data += taken.size;
    from->size -= taken.size;
    return taken;
}

/* A number whose leading zeros tell its length; the marker behind them stays
 * in ids. */
static uint64_t take_vint(struct bytes *from, bool keeps_marker)
{
    unsigned length = 1;
    uint64_t number;

    if (from->size == 0 || from->data[0] == 0)
        die("the input is no Matroska");
    while ((from->data[0] << (length - 1) & 0x80) == 0)
        length++;
    number = number_of(take(from, length));
    return keeps_marker ? number : number & ((UINT64_C(1) << 7 * length) - 1);
}

static void add_packet(const struct track *track, struct bytes block,
                       int64_t cluster_ms, bool is_simple)
{
    struct packet packet = {.track = track, .number = packet_count};
    struct bytes time;

    (void)take_vint(&block, false); /* the track */
    time = take(&block, 2);
    packet.time_ms = cluster_ms + (int16_t)number_of(time);
    if (packet.time_ms < 0)
        packet.time_ms = 0;
    packet.is_key = (take(&block, 1).data[0] & 0x80) != 0 || !is_simple;
    packet.data = block;
    packets = realloc(packets, (packet_count + 1) * sizeof(*packets));
    if (packets == NULL)
        die("no memory");
    packets[packet_count++] = packet;
}

static void take_codec(struct track *track, struct bytes name)
{
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        if (strlen(codecs[i].name) != name.size ||
            memcmp(codecs[i].name, name.data, name.size) != 0)
            continue;
        track->four_cc = codecs[i].four_cc;
        track->has_offsets = codecs[i].has_offsets;
        return;
    }
    die("the codec %.*s is not known", (int)name.size, (const char *)name.data);
}

static void read_elements(struct track *track, struct bytes in,
                          int64_t cluster_ms)
{
    while (in.size > 0) {
        const uint64_t id = take_vint(&in, true);
        const struct bytes element = take(&in, take_vint(&in, false));

        switch (id) {
        case 0x18538067: /* Segment */
        case 0x1654AE6B: /* Tracks */
        case 0xAE:       /* TrackEntry */
        case 0x1F43B675: /* Cluster */
        case 0xA0:       /* BlockGroup */
            read_elements(track, element, cluster_ms);
            break;
        case 0x83: /* TrackType */
            track->type = number_of(element) == 1 ? VIDEO : AUDIO;
            break;
        case 0x86: /* CodecID */
            take_codec(track, element);
            break;
        case 0x63A2: /* CodecPrivate */
            track->header = element;
            break;
        case 0xE7: /* Timestamp of the cluster */
            cluster_ms = (int64_t)number_of(element);
            break;
        case 0xA3: /* SimpleBlock */
            add_packet(track, element, cluster_ms, true);
            break;
        case 0xA1: /* Block of a BlockGroup; */
            add_packet(track, element, cluster_ms, false);
            break;
        case 0xFB: /* ReferenceBlock: it is no keyframe */
            packets[packet_count - 1].is_key = false;
            break;
        default:
            break;
        }
    }
}

static struct bytes read_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 ||
        (size = ftell(stream)) <= 0)
        die("%s: cannot be read", path);
    rewind(stream);
    data = malloc((size_t)size);
    if (data == NULL || fread(data, 1, (size_t)size, stream) != (size_t)size)
        die("%s: cannot be read", path);
    fclose(stream);
    return (struct bytes){data, (size_t)size};
}

static void read_track(const char *path)
{
    struct track *track = &tracks[track_count];
    struct bytes file;

    if (track_count == MAX_TRACKS)
        die("too many tracks");
    file = read_file(path);
    files[track_count] = file.data;
    read_elements(track, file, 0);
    if (track->four_cc == NULL)
        die("%s: has no track", path);
    if (strcmp(track->four_cc, "vp09") == 0)
        track->header = (struct bytes){vp9_header, sizeof(vp9_header)};
    for (size_t i = 0; i < track_count; i++)
        if (tracks[i].type == track->type)
            track->id++;
    track_count++;
}

/* --- FLV ------------------------------------------------------------------ */

static void put(uint32_t byte)
{
    putchar((int)(byte & 0xFF));
}

static void put_be(unsigned bytes, uint32_t value)
{
    while (bytes-- > 0)
        put(value >> (8 * bytes));
}

/* The first bytes up to a packet's data; how many there are. */
static size_t packet_head(const struct track *track, uint8_t packet_type,
                          bool is_key, uint8_t *head)
{
    const bool is_video = track->type == VIDEO;
    size_t size = 0;

    head[size++] = (uint8_t)(is_video ? (is_key ? 0x90 : 0xA0) : 0x90);
    if (track->id == 0) {
        head[0] |= packet_type;
    } else {
        head[0] |= is_video ? VIDEO_MULTITRACK : AUDIO_MULTITRACK;
        head[size++] = packet_type; /* of one track */
    }
    memcpy(head + size, track->four_cc, 4);
    size += 4;
    if (track->id > 0)
        head[size++] = track->id;
    if (packet_type == CODED_FRAMES && track->has_offsets) {
        memset(head + size, 0, 3);
        size += 3;
    }
    return size;
}

static void put_tag(const struct track *track, uint8_t packet_type, bool is_key,
                    int64_t time_ms, struct bytes data)
{
    uint8_t head[16];
    const size_t head_size = packet_head(track, packet_type, is_key, head);
    const uint32_t size = (uint32_t)(head_size + data.size);

    if (is_for_librtmp && track->type == VIDEO && size <= 5)
        return;
    put(track->type);
    put_be(3, size);
    put_be(3, (uint32_t)time_ms & 0xFFFFFF);
    put_be(1, (uint32_t)(time_ms >> 24));
    put_be(3, 0);
    fwrite(head, 1, head_size, stdout);
    if (data.size > 0)
        fwrite(data.data, 1, data.size, stdout);
    put_be(4, size + 11);
}

static void put_headers(uint8_t type, int64_t time_ms)
{
    /* native order, two channels: front left and right */
    static const uint8_t stereo[] = {1, 2, 0, 0, 0, 3};

    for (size_t i = 0; i < track_count; i++) {
        if (tracks[i].type != type)
            continue;
        put_tag(&tracks[i], SEQUENCE_START, true, time_ms, tracks[i].header);
        if (type == AUDIO)
            put_tag(&tracks[i], MULTICHANNEL, true, time_ms,
                    (struct bytes){stereo, sizeof(stereo)});
    }
}

static void put_packet(const struct packet *packet)
{
    const struct track *track = packet->track;
    const bool is_bare = track->has_offsets && !packet->is_key;

    put_tag(track, is_bare ? CODED_FRAMES_X : CODED_FRAMES, packet->is_key,
            packet->time_ms, packet->data);
}

static int by_time(const void *a, const void *b)
{
    const struct packet *one = a;
    const struct packet *other = b;

    if (one->time_ms != other->time_ms)
        return one->time_ms < other->time_ms ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

/* Where a seek to that time goes. */
static size_t landing_of(int64_t seek_ms)
{
    size_t landing = 0;

    for (size_t i = 0; i < packet_count; i++)
        if (packets[i].track == &tracks[0] && packets[i].is_key &&
            packets[i].time_ms <= seek_ms)
            landing = i;
    return landing;
}

int main(int argc, char **argv)
{
    int64_t seek_ms = 0;
    size_t first;
    int option;

    while ((option = getopt(argc, argv, "s:l")) != -1) {
        if (option == 's')
            seek_ms = strtol(optarg, NULL, 10);
        else if (option == 'l')
            is_for_librtmp = true;
        else
            return 2;
    }
    for (int i = optind; i < argc; i++)
        read_track(argv[i]);
    if (packet_count == 0)
        die("there is nothing to write");
    qsort(packets, packet_count, sizeof(*packets), by_time);
    first = landing_of(seek_ms);
    fwrite("FLV\1\5\0\0\0\11\0\0\0\0", 1, 13, stdout);
    put_headers(VIDEO, packets[first].time_ms);
    put_headers(AUDIO, packets[first].time_ms);
    for (size_t i = first; i < packet_count; i++)
        put_packet(&packets[i]);
    for (size_t i = 0; i < track_count; i++)
        put_tag(&tracks[i], SEQUENCE_END, true,
                packets[packet_count - 1].time_ms, (struct bytes){NULL, 0});
    free(packets);
    for (size_t i = 0; i < track_count; i++)
        free((void *)(uintptr_t)files[i]);
    return fflush(stdout) == 0 ? 0 : 1;
}
