/* Codecs by number (Adobe E.4.2.1, E.4.3.1) and those of Enhanced RTMP v2.
 * Decoders of Opus, VP8, VP9 and AV1 find their configuration in the frames
 * too. */
#include "config.h"

#include "check/codec.h"

struct codec_entry {
    uint8_t id;
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

static const struct codec_entry ex_codecs[] = {
    {FLV_EX_CODEC_AVC, {"H.264", true}},    {FLV_EX_CODEC_HEVC, {"HEVC", true}},
    {FLV_EX_CODEC_VVC, {"VVC", true}},      {FLV_EX_CODEC_VP8, {"VP8", false}},
    {FLV_EX_CODEC_VP9, {"VP9", false}},     {FLV_EX_CODEC_AV1, {"AV1", false}},
    {FLV_EX_CODEC_OPUS, {"Opus", false}},   {FLV_EX_CODEC_AC3, {"AC-3", false}},
    {FLV_EX_CODEC_EAC3, {"E-AC-3", false}}, {FLV_EX_CODEC_MP3, {"MP3", false}},
    {FLV_EX_CODEC_FLAC, {"FLAC", true}},    {FLV_EX_CODEC_AAC, {"AAC", true}},
};

static struct codec find(const struct codec_entry *entries, size_t count,
                         uint8_t id)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].id == id)
            return entries[i].codec;
    return (struct codec){.name = "of an unknown codec"};
}

#define FIND(entries, id)                                                      \
    find(entries, sizeof(entries) / sizeof(*(entries)), id)

struct codec codec_of_tag(uint8_t type, const struct flv_tag_class *class)
{
    if ((class->codec & FLV_CODEC_FOUR_CC) != 0)
        return FIND(ex_codecs, class->codec);
    return type == FLV_TAG_AUDIO ? FIND(sound_formats, class->codec)
                                 : FIND(video_codecs, class->codec);
}
