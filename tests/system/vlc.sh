#!/bin/sh
# VLC: it plays a file once and sees its end, and plays on in a loop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg cvlc

# VLC refuses root, and wants a place for its settings.
mkdir -m 777 home
! $is_root || need runuser
vlc() {
    seconds=$1
    shift
    as_nobody env HOME="$work/home" \
        timeout --kill-after=5 "$seconds" cvlc -I dummy --no-dbus \
        --play-and-exit "$@" >messages 2>&1 ||
        fail "VLC: $? $(tail -n 20 messages)"
}

# write FILE: where VLC itself can decide which formats suit it.
write() {
    printf '#std{access=file,mux=mp4,dst=%s}' "$work/home/$1"
}

make_clip clip.flv 1
vlc 10 --sout "$(write from-disk.mp4)" "$work/clip.flv"

start_flvd --once clip.flv
# What VLC gets, and what it makes of it: the same as of the file itself.
vlc 11 --demux=dump --demuxdump-file="$work/home/dump.flv" "$url"
expect_same_frames clip.flv home/dump.flv
vlc 11 --sout "$(write from-flvd.mp4)" "$url"
expect_same_frames home/from-disk.mp4 home/from-flvd.mp4
# It decodes, shows and ends.
vlc 11 --vout=vdummy --aout=adummy "$url"
stop_flvd

start_flvd clip.flv
vlc 20 --run-time=4 --sout "$(write loop.mp4)" "$url"
frames=$(count_frames v home/loop.mp4)
[ "$frames" -gt 75 ] || fail "only $frames frames, not four rounds"
stop_flvd
