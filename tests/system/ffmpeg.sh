#!/bin/sh
# ffprobe and ffmpeg (the RTMP client of ffplay, mpv, VLC and OBS): they play a
# file once and see its end, and play on in a loop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe

make_clip clip.flv 1

start_flvd --once clip.flv
codecs=$(bounded 10 ffprobe -v error -show_entries stream=codec_name \
    -of csv=p=0 "$url" | sort | xargs)
# The third is |RtmpSampleAccess, which it takes for data that may follow.
[ "$codecs" = "aac h264 unknown" ] || fail "ffprobe saw: $codecs"
duration=$(bounded 10 ffprobe -v error -show_entries format=duration \
    -of csv=p=0 "$url")
case $duration in
1.*) ;;
*) fail "the duration is $duration" ;;
esac
# Exit status 0 also says that there was an end: a closed connection is an
# error to it.
bounded 11 ffmpeg -nostdin -v error -y -i "$url" -c copy copy.flv 2>errors ||
    fail "ffmpeg did not come to the end: $? $(cat errors)"
[ ! -s errors ] || fail "ffmpeg complains: $(cat errors)"
expect_same_frames clip.flv copy.flv
stop_flvd

start_flvd clip.flv
bounded 15 ffmpeg -nostdin -v error -i "$url" -t 4 -f null - 2>errors ||
    fail "ffmpeg did not play on: $? $(cat errors)"
[ ! -s errors ] || fail "ffmpeg complains: $(cat errors)"
bounded 15 ffmpeg -nostdin -v error -y -i "$url" -t 4 -c copy loop.flv ||
    fail "ffmpeg did not copy on"
frames=$(count_frames v loop.flv)
[ "$frames" -gt 75 ] || fail "only $frames frames, not four rounds"
stop_flvd
