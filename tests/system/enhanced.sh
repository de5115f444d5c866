#!/bin/sh
# Enhanced RTMP: HEVC, AV1, VP9 and Opus, made by real encoders, alone and as
# several tracks of one file, arrive byte for byte: from the beginning, over the
# seam of a loop, from an offset and after a seek, which brings the headers of
# all tracks; and through librtmp. An ffmpeg that can read such a file finds the
# same codecs over RTMP; that of Debian 12 (5.1) cannot, and no other player
# there: it takes the packet type for a codec.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe rtmpdump

# encode FILE SOURCE [FFMPEG_ARGUMENT]...: 2 s, a keyframe each second.
encode() {
    encoded=$1
    source=$2
    shift 2
    # shellcheck disable=SC2086
    ffmpeg -nostdin -v error -y $source -t 2 "$@" -f matroska "$encoded" \
        </dev/null || fail "ffmpeg cannot make $encoded"
}

enhanced() {
    "$TEST_TOOLS/enhanced_make" "$@" || fail "enhanced_make $*"
}

# compare FILE [RTMP_TAGS_ARGUMENT]...
compare() {
    bounded 60 "$TEST_TOOLS/rtmp_tags" -f "$@" "$url" >seen ||
        fail "$tracks: rtmp_tags -f $*"
    echo "$tracks: $(cat seen)"
}

# codecs_in INPUT...: what ffprobe finds.
codecs_in() {
    for input; do
        ffprobe -v fatal -show_entries stream=codec_name -of csv=p=0 "$input"
    done | sort
}

# expect_same_codecs TRACK...: by an ffprobe that reads them from whole.flv.
expect_same_codecs() {
    codecs_in "$@" >want
    codecs_in whole.flv | cmp -s - want || return 0
    codecs_in "$url" >got
    cmp -s want got ||
        fail "$tracks: ffprobe finds over RTMP: $(cat got)"
    echo "$tracks: ffprobe finds them all"
}

# check TRACK...: a file of these tracks.
check() {
    tracks=$*
    enhanced "$@" >whole.flv
    enhanced -s 1500 "$@" >from-1000.flv
    enhanced -l "$@" >librtmp.flv
    start_flvd --once whole.flv
    compare whole.flv -e complete
    compare from-1000.flv -e complete -t 1500
    compare from-1000.flv -e complete -k 1500
    # So short a file is not complete to it: see rtmpdump.sh.
    bounded 11 rtmpdump --quiet --rtmp "$url" --flv dump.flv
    status=$?
    [ $status -eq 0 ] || [ $status -eq 2 ] ||
        fail "$tracks: rtmpdump ended with $status"
    expect_same_codecs "$@"
    stop_flvd
    # What librtmp wrote is the file once more.
    start_flvd --once dump.flv
    compare librtmp.flv -e complete
    stop_flvd
    start_flvd --loop 3 whole.flv
    compare whole.flv -e complete -r 3
    stop_flvd
}

sound_source="-f lavfi -i sine=frequency=440:sample_rate=48000"
encode hevc.mkv "$video_source" -pix_fmt yuv420p -c:v libx265 \
    -preset ultrafast -x265-params log-level=none:bframes=0:keyint=25
encode av1.mkv "$video_source" -pix_fmt yuv420p -g 25 -c:v libaom-av1 \
    -usage realtime -cpu-used 8
encode vp9.mkv "$video_source" -pix_fmt yuv420p -g 25 -c:v libvpx-vp9 \
    -deadline realtime -cpu-used 8
encode opus.mkv "$sound_source" -ac 2 -c:a libopus
encode aac.mkv "$sound_source" -ac 2 -c:a aac

check hevc.mkv opus.mkv
check av1.mkv opus.mkv
check vp9.mkv aac.mkv
check av1.mkv
check hevc.mkv opus.mkv av1.mkv aac.mkv vp9.mkv opus.mkv
