#!/bin/sh
# ffprobe: reads a film once and sees its end, seeks, and reads on in a loop.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe

make_clip clip.flv 4

serve --once clip.flv
streams=$(bounded 20 ffprobe -v error -show_entries \
    stream=codec_name:format=duration -of csv=p=0 "$url" | sort | xargs)
case $streams in
# A third is data: |RtmpSampleAccess, or what may follow at the end.
"4."*" aac h264" | "4."*" aac h264 unknown") ;;
*) fail "ffprobe saw: $streams" ;;
esac
# All packets come, and the end is no error. (With -count_frames the ffprobe of
# FFmpeg 5.1 crashes, at the end of any input that got another stream while it
# was read.)
packets() {
    ffprobe -v error -count_packets -show_entries \
        stream=codec_name,nb_read_packets -of csv=p=0 "$1" | grep -v unknown
}
packets clip.flv >expected
bounded 20 ffprobe -v error -count_packets -show_entries \
    stream=codec_name,nb_read_packets -of csv=p=0 "$url" >counts 2>errors ||
    fail "ffprobe did not come to the end: $? $(cat errors)"
[ ! -s errors ] || fail "ffprobe complains: $(cat errors)"
grep -v unknown counts | diff expected - || fail "ffprobe counted other packets"

# It decodes the same pictures.
pictures() {
    bounded 20 ffprobe -v error -read_intervals %+3 -select_streams v \
        -show_entries frame=pict_type,key_frame -of csv=p=0 "$1" ||
        fail "ffprobe: $?"
}
pictures clip.flv >expected
pictures "$url" >decoded
[ -s expected ] && diff expected decoded || fail "other pictures"

first=$(bounded 20 ffprobe -v error -select_streams v -read_intervals 2.5%+1 \
    -show_entries packet=dts,flags -of csv=p=0 "$url" | head -n 1)
expect_landing clip.flv
[ "${first%,}" = "$landing_ms,K_" ] ||
    fail "the first packet after the seek is $first, not $landing_ms"
[ "$landing_ms" = 2000 ] || fail "the seek led to $landing_ms"
stop_flvd

make_clip round.flv 1
serve round.flv
bounded 20 ffprobe -v error -select_streams v -read_intervals %+4 \
    -show_entries packet=dts -of csv=p=0 "$url" >dts.txt ||
    fail "ffprobe did not read on: $?"
awk -F , '/^[0-9]/ { if (NR > 1 && $1 <= last) back++; last = $1 }
     END { if (back > 0 || last < 3000) exit 1 }' dts.txt ||
    fail "times: $(xargs <dts.txt)"
stop_flvd
