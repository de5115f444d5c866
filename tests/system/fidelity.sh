#!/bin/sh
# Every audio and video tag of the file arrives byte for byte, in order, with
# its file time plus one constant per round, for three rounds of a loop and for
# a file played once, which ends with what players wait for.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

# check FILE [-A|-V]: two plays; with -A or -V flvd leaves out the same.
check() {
    file=$1
    shift
    case ${1:-} in
    -A) option=--no-audio ;;
    -V) option=--no-video ;;
    *) option= ;;
    esac
    for loop in ${loops:-1 3 0}; do
        # shellcheck disable=SC2086
        start_flvd --loop $loop $option "$file"
        rounds=$loop
        ends='-e complete'
        [ "$loop" -ne 0 ] || { rounds=3 && ends=; }
        # shellcheck disable=SC2086
        bounded 60 "$TEST_TOOLS/rtmp_tags" -f "$file" -r $rounds $ends "$@" \
            "$url" >seen || fail "$file, --loop $loop $option"
        echo "$file, --loop $loop $option: $(cat seen)"
        stop_flvd
    done
}

# largest_tag_is_over FILE BYTES, first_time_is_over FILE MS: the file is what
# it was made for.
largest_tag_is_over() {
    largest=$(ffprobe -v error -show_entries packet=size -of csv=p=0 "$1" |
        sort -n | tail -n 1)
    [ "${largest%,}" -gt "$2" ] || fail "$1: the largest tag has $largest bytes"
}

first_time_is_over() {
    first=$(ffprobe -v error -show_entries packet=dts -of csv=p=0 "$1" |
        head -n 1)
    [ "${first%,}" -gt "$2" ] || fail "$1: the first time is $first ms"
}

h264='-pix_fmt yuv420p -c:v libx264 -preset fast -g 20 -bf 2'

# shellcheck disable=SC2086
{
    make_flv sorenson-mp3.flv $video_source $audio_source -t 2 \
        -c:v flv1 -c:a libmp3lame
    make_flv h264-aac.flv $video_source $audio_source -t 2 $h264 -c:a aac
    make_flv video.flv $video_source -t 2 $h264
    make_flv aac.flv $audio_source -t 2 -c:a aac
    make_flv mp3.flv $audio_source -t 2 -c:a libmp3lame
    make_flv offset.flv $video_source $audio_source -t 2 $h264 -c:a aac \
        -output_ts_offset 40
    make_flv past-24-bits.flv $video_source $audio_source -t 2 $h264 -c:a aac \
        -output_ts_offset 16776
    make_flv over-1-MiB.flv -f lavfi -i "nullsrc=size=1280x720:rate=5,geq=\
lum='random(1)*255':cb='random(2)*255':cr='random(3)*255'" $audio_source \
        -t 0.6 -c:v libx264 -preset ultrafast -qp 0 -c:a aac
}
largest_tag_is_over over-1-MiB.flv 1048576
first_time_is_over offset.flv 39000
first_time_is_over past-24-bits.flv 16700000

# The largest tag that there can be, between others.
"$TEST_TOOLS/flv_make" >16-MiB.flv <<END
key 0 1000
audio 5 300
key 40 16777215
audio 45 300
frame 80 1000
END

# Times on the wire pass 2^24 ms, within large tags too: a jump (which is kept),
# then steps. In an endless loop no viewer would be fed so far ahead.
"$TEST_TOOLS/flv_make" >far.flv <<END
key 0 70000
audio 10 100
key 16777300 200000
audio 16777300 100
frame 16777340 140000
audio 16777350 65537
key 40000000 65536
frame 40000040 10
END

check sorenson-mp3.flv
check h264-aac.flv
check h264-aac.flv -A
check h264-aac.flv -V
check video.flv
check aac.flv
check mp3.flv
check offset.flv
check past-24-bits.flv
check over-1-MiB.flv
check 16-MiB.flv
loops='1 3' check far.flv
