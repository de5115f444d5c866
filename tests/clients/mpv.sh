#!/bin/sh
# mpv, controlled over its JSON IPC: plays a film once and sees its end, seeks,
# pauses, and plays on in a loop. It pauses by not reading on.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg mpv socat

play() {
    bounded 40 mpv --no-config --really-quiet --msg-level=all=warn \
        "$@" >messages 2>&1 3<&- || fail "mpv: $? $(tail -n 20 messages)"
}

# What mpv has decoded, undisguised.
decode="--ovc=rawvideo --oac=pcm_s16le --of=nut"

# control [ARGUMENT]...: begins to play url, and opens the way to control it:
# what is written to descriptor 8 is a request, the replies are in `replies`.
control() {
    rm -f ipc requests
    mkfifo requests
    : >replies
    play --vo=null --ao=null --input-ipc-server="$work/ipc" "$@" "$url" &
    player=$!
    socat - UNIX-CONNECT:ipc,retry=200,interval=0.1 <requests >replies &
    exec 8>requests
}

request() {
    echo "{\"command\":[$1]}" >&8
}

expect_reply() {
    wait_for_line 20 "$1" replies || fail "mpv has not said $1: $(cat replies)"
}

expect_player_end() {
    wait $player || exit
    exec 8>&-
}

make_clip clip.flv 1

serve --once clip.flv
# shellcheck disable=SC2086
{
    play $decode --o=from-disk.nut clip.flv
    play $decode --o=from-flvd.nut "$url"
}
expect_all_sent clip.flv
expect_same_frames from-disk.nut from-flvd.nut
[ "$(count_frames v from-flvd.nut)" = "$(count_frames v clip.flv)" ] ||
    fail "mpv has not decoded all frames"
# At its own pace.
play --vo=null --ao=null "$url"
stop_flvd

make_clip film.flv 5
serve --once film.flv
control
# Before it shows the film it takes no seek.
request '"observe_property",1,"time-pos"'
expect_reply '"name":"time-pos","data":0\.[0-9]*[1-9]'
request '"seek",4.5,"absolute+keyframes"'
expect_reply '"event":"seek"'
wait_for_tap 'Seek.Notify'
wait_for_tap 'video 4000 key'
expect_landing film.flv
[ "$landing_ms" = 4000 ] || fail "the seek led to $landing_ms"
expect_reply '"name":"time-pos","data":4\.'
expect_player_end
stop_flvd

# All of a large film would come at once, if mpv read it.
make_large large.flv
serve --once --lead 60 large.flv
control --pause --demuxer-max-bytes=1MiB --demuxer-max-back-bytes=0
wait_for_tap 'video 0 key'
expect_quiet
! said 'Play.Stop' || fail "it has read all of the film while it was paused"
request '"set_property","pause",false'
expect_player_end
expect_all_sent large.flv
stop_flvd

serve clip.flv
# shellcheck disable=SC2086
play $decode --o=loop.nut --length=4 "$url"
expect_rising loop.nut 75
stop_flvd
