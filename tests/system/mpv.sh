#!/bin/sh
# mpv: it plays a file once and sees its end, and plays on in a loop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg mpv

play() {
    seconds=$1
    shift
    bounded "$seconds" mpv --no-config --really-quiet --msg-level=all=warn \
        "$@" >messages 2>&1 || fail "mpv: $? $(tail -n 20 messages)"
}

# What mpv has decoded, undisguised.
decode="--ovc=rawvideo --oac=pcm_s16le --of=nut"

make_clip clip.flv 1

start_flvd --once clip.flv
# shellcheck disable=SC2086
{
    play 11 $decode --o=from-disk.nut clip.flv
    play 11 $decode --o=from-flvd.nut "$url"
}
expect_same_frames from-disk.nut from-flvd.nut
[ "$(count_frames v from-flvd.nut)" = "$(count_frames v clip.flv)" ] ||
    fail "mpv has not decoded all frames"
# At its own pace.
play 11 --vo=null --ao=null "$url"
stop_flvd

start_flvd clip.flv
# shellcheck disable=SC2086
play 15 $decode --o=loop.nut --length=4 "$url"
frames=$(count_frames v loop.nut)
[ "$frames" -gt 75 ] || fail "only $frames frames, not four rounds"
play 15 --vo=null --ao=null --length=4 "$url"
stop_flvd
