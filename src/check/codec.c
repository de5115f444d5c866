/* Codecs by number (Adobe E.4.2.1, E.4.3.1) and by FourCC (Enhanced RTMP v2).
 * Decoders of Opus, VP8, VP9 and AV1 find their configuration in the frames
 * too. */
#include "config.h"

#include "check/codec.h"

struct codec_entry {
    uint32_t id;
    struct codec codec;
};

static const struct codec_entry sound_formats[] = {
    {0, {"PCM", false}},          {1, {"ADPCM", false}},
    {2, {"MP3", false}},          {3, {"PCM", false}},
    {4, {"Nellymoser", false}},   {5, {"Nellymoser", false}},
    {6, {"Nellymoser", false}},   {7, {"G.711 A-law", false}},
    {8, {"G.711 mu-law", false}}, {10, {"AAC", true}},
    {11, {"Speex", false}},       {13, {"Opus", false}},
    {14, {"MP3", false}},
};

static const struct codec_entry video_codecs[] = {
    {2, {"Sorenson H.263", false}},
    {3, {"Screen Video", false}},
    {4, {"VP6", false}},
    {5, {"VP6 with alpha", false}},
    {6, {"Screen Video 2", false}},
    {7, {"H.264", true}},
    {8, {"H.263", false}},
    {9, {"MPEG-4 Part 2", false}},
    {12, {"HEVC", true}},
    {13, {"AV1", false}},
    {14, {"VP8", false}},
    {15, {"VP9", false}},
};

#define FOUR_CC(a, b, c, d)                                                    \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |          \
     (uint32_t)(d))

static const struct codec_entry four_ccs[] = {
    {FOUR_CC('.', 'm', 'p', '3'), {"MP3", false}},
    {FOUR_CC('O', 'p', 'u', 's'), {"Opus", false}},
    {FOUR_CC('a', 'c', '-', '3'), {"AC-3", false}},
    {FOUR_CC('a', 'v', '0', '1'), {"AV1", false}},
    {FOUR_CC('a', 'v', 'c', '1'), {"H.264", true}},
    {FOUR_CC('e', 'c', '-', '3'), {"E-AC-3", false}},
    {FOUR_CC('f', 'L', 'a', 'C'), {"FLAC", true}},
    {FOUR_CC('h', 'v', 'c', '1'), {"HEVC", true}},
    {FOUR_CC('m', 'p', '4', 'a'), {"AAC", true}},
    {FOUR_CC('v', 'p', '0', '8'), {"VP8", false}},
    {FOUR_CC('v', 'p', '0', '9'), {"VP9", false}},
    {FOUR_CC('v', 'v', 'c', '1'), {"VVC", true}},
};

static struct codec find(const struct codec_entry *entries, size_t count,
                         uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].id == id)
            return entries[i].codec;
    return (struct codec){.name = "of an unknown codec"};
}

#define FIND(entries, id)                                                      \
    find(entries, sizeof(entries) / sizeof(*(entries)), id)

/* Behind the first byte of an Enhanced RTMP packet; a multitrack packet has a
 * byte more before the FourCC. Other prefixes are not looked behind. */
static struct codec find_four_cc(struct byte_reader *r, bool is_multitrack)
{
    if (is_multitrack)
        (void)byte_read_u8(r);
    return FIND(four_ccs, byte_read_u32(r));
}

struct codec codec_of_tag(const struct flv_tag_header *header,
                          struct byte_reader data)
{
    const uint8_t first = byte_read_u8(&data);

    if (header->type == FLV_TAG_AUDIO) {
        if (first >> 4 == FLV_SOUND_EX_HEADER)
            return find_four_cc(&data,
                                (first & 0x0F) == FLV_EX_AUDIO_MULTITRACK);
        return FIND(sound_formats, first >> 4);
    }
    if ((first & FLV_EX_VIDEO_HEADER) != 0)
        return find_four_cc(&data, (first & 0x0F) == FLV_EX_MULTITRACK);
    return FIND(video_codecs, first & 0x0F);
}
