#!/bin/sh
# VLC, controlled over its rc interface: plays a film once and sees its end,
# pauses, and plays on in a loop. It seeks in what it has buffered only: its
# avformat demuxer has no way to hand a time to its avio access, so that flvd
# never hears of it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg vlc

# VLC refuses root, and wants a place for its settings.
mkdir -m 777 home
! $is_root || need runuser

vlc_does() {
    as_nobody env HOME="$work/home" timeout --kill-after=5 40 \
        vlc --no-dbus --play-and-exit "$@" >messages 2>&1 3<&- ||
        fail "VLC: $? $(tail -n 20 messages)"
}

play() {
    vlc_does -I dummy "$@"
}

# control: begins to play url; what is written to descriptor 8 is
# a command.
control() {
    rm -f commands
    mkfifo commands
    : >messages
    vlc_does -I oldrc --rc-fake-tty --vout=vdummy --aout=adummy "$url" \
        <commands &
    player=$!
    exec 8>commands
}

expect_answer() {
    wait_for_line 20 "$1" messages || fail "VLC has not said $1: $(cat messages)"
}

expect_player_end() {
    wait $player || exit
    exec 8>&-
}

# write FILE: where VLC itself can decide which formats suit it.
write() {
    printf '#std{access=file,mux=mp4,dst=%s}' "$work/home/$1"
}

make_clip clip.flv 1
play --sout "$(write from-disk.mp4)" "$work/clip.flv"

serve --once clip.flv
# What VLC gets, and what it makes of it: the same as of the file itself.
play --demux=dump --demuxdump-file="$work/home/dump.flv" "$url"
expect_same_media clip.flv home/dump.flv
play --sout "$(write from-flvd.mp4)" "$url"
expect_same_frames home/from-disk.mp4 home/from-flvd.mp4
stop_flvd

# Each frame has its own time, so that the rest is still to come when it is
# paused. VLC decodes, shows and ends.
make_clip short.flv 6
serve --once --lead 0 short.flv
control
wait_for_tap 'video 1000 key'
echo pause >&8
wait_for_tap 'client pause null true'
wait_for_tap 'Pause.Notify'
watch_beside
echo pause >&8
wait_for_tap 'client pause null false'
expect_player_end
expect_silent_pause
said 'Unpause.Notify' || fail "no answer to the end of the pause"
expect_all_sent short.flv
stop_flvd

# Back to the beginning, without flvd, and then on to the end.
serve --once --lead 0 short.flv
control
wait_for_tap 'video 1000 key'
echo 'seek 0' >&8
expect_answer 'seek: returned 0'
expect_player_end
! said ' client seek ' || fail "VLC has learnt to seek: see doc/CLIENTS.md"
expect_all_sent short.flv
stop_flvd

serve clip.flv
play --run-time=3 --sout "$(write loop.mp4)" "$url"
expect_rising home/loop.mp4 55
stop_flvd
