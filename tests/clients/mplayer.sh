#!/bin/sh
# MPlayer (its RTMP is FFmpeg's), in slave mode: plays a film once and sees its
# end, pauses by not reading on, and plays on in a loop. A seek crashes it: it
# hands FFmpeg's read_seek the wrong pointer.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg mplayer
mkdir home
export HOME="$work/home"

# play FILE|URL [ARGUMENT]...: commands come from `commands`.
play() {
    bounded 40 mplayer -slave -noconfig all -quiet -nolirc -ao null \
        -input nodefault-bindings "$@" >messages 2>&1 3<&- ||
        fail "MPlayer: $? $(tail -n 20 messages)"
    grep -q 'Exiting... (End of file)' messages ||
        fail "MPlayer has seen no end: $(tail -n 20 messages)"
}

pictures_in() {
    grep -a -o FRAME "$1" | wc -l
}

make_clip clip.flv 1

# Each picture that it has decoded, as often as it was in the file.
serve --once clip.flv
decode="-nosound -benchmark -noframedrop -vo"
# shellcheck disable=SC2086
{
    play $decode yuv4mpeg:file=from-disk.y4m clip.flv </dev/null
    play $decode yuv4mpeg:file=from-flvd.y4m "$url" </dev/null
}
expect_all_sent clip.flv
cmp from-disk.y4m from-flvd.y4m || fail "other pictures than from the file"
[ "$(pictures_in from-flvd.y4m)" -eq "$(count_frames v clip.flv)" ] ||
    fail "$(pictures_in from-flvd.y4m) pictures decoded"
stop_flvd

# All of a large film would come at once, if it read on.
make_large large.flv
serve --once --lead 60 large.flv
mkfifo commands
play -vo null "$url" <commands &
player=$!
exec 8>commands
wait_for_line 20 'Starting playback' messages || fail "$(cat messages)"
echo pause >&8
echo pausing_keep_force get_property pause >&8
wait_for_line 20 'ANS_pause=yes' messages ||
    fail "it does not pause: $(cat messages)"
expect_quiet
! said 'Play.Stop' || fail "it has read all of the film while it was paused"
echo pause >&8
wait $player || exit
exec 8>&-
expect_all_sent large.flv
stop_flvd

make_clip round.flv 1
serve round.flv
# shellcheck disable=SC2086
play $decode yuv4mpeg:file=loop.y4m -endpos 4 "$url" </dev/null
[ "$(pictures_in loop.y4m)" -gt 75 ] ||
    fail "only $(pictures_in loop.y4m) pictures, not four rounds"
stop_flvd
