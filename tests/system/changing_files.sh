#!/bin/sh
# Files that are replaced, cut short or damaged: what is sound is played, and
# the server goes on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

# recovers: the file that was cut is replaced, and a new viewer gets the new one.
recovers() {
    wait_for_log 'the play ends'
    cp first.flv new.flv && mv new.flv movie.flv
    start_viewer first.flv -r 1
    expect_viewer_end $viewer_pid
    stop_flvd
}

# --- replaced by rename: who watches goes on, who comes gets the new file

make_clip first.flv 1
# shellcheck disable=SC2086
make_flv second.flv $audio_source -t 1 -c:a libmp3lame
cp first.flv movie.flv
cp second.flv new.flv
start_flvd --lead 1 movie.flv
start_viewer first.flv -r 4
old_viewer=$viewer_pid
mv new.flv movie.flv
start_viewer second.flv -r 2
expect_viewer_end $viewer_pid
rm movie.flv
expect_viewer_end $old_viewer
cp first.flv new.flv && mv new.flv movie.flv
start_viewer first.flv -r 2
expect_viewer_end $viewer_pid
stop_flvd

# --- cut short in place: that stream ends, the server does not

make_clip long.flv 4
cp long.flv movie.flv
start_flvd --once --lead 2 movie.flv
start_viewer long.flv -e stop -z
truncate -s 5000 movie.flv
expect_viewer_end $viewer_pid
cat "$viewer_log"
recovers

# The same while a large tag is on its way to a viewer that has stopped reading.
at=0
while [ $at -lt 2000 ]; do
    echo "key $at 1000000"
    at=$((at + 40))
done | "$TEST_TOOLS/flv_make" >large.flv
cp large.flv movie.flv
start_flvd movie.flv
start_viewer large.flv -e stop -z
kill -STOP $viewer_pid
truncate -s 5000 movie.flv
kill -CONT $viewer_pid
expect_viewer_end $viewer_pid
cat "$viewer_log"
recovers

# --- damaged: garbage between tags, garbage behind them, a tail that is cut

# What is sound is played, and the log tells the offset.
begin='key 0 2000
audio 3 300
frame 40 900
audio 30 300'
rest='frame 80 800
audio 56 300
key 120 2500
audio 82 300'
make_tags() {
    printf '%s\n' "$@" | "$TEST_TOOLS/flv_make"
}
make_tags "$begin" "$rest" >sound.flv
make_tags "$begin" >begin.flv
make_tags "$begin" 'garbage 3000' "$rest" >garbage.flv
make_tags "$begin" "$rest" 'frame 160 700' | head -c -200 >cut.flv
make_tags "$begin" "$rest" 'garbage 3000' >behind.flv

# damaged FILE OFFSET
damaged() {
    start_flvd "$1"
    bounded 10 "$TEST_TOOLS/rtmp_tags" -f sound.flv -r 3 "$url" ||
        fail "$1: what is sound does not play"
    stop_flvd
    [ "$(grep -c "warning: $1: offset $2: " "$flvd_log")" -eq 1 ] ||
        fail "$1: not told once that something is wrong at $2"
    grep "warning: $1: offset" "$flvd_log"
}

sound_bytes=$(wc -c <sound.flv)
damaged garbage.flv "$(wc -c <begin.flv)"
damaged cut.flv "$sound_bytes"
damaged behind.flv "$sound_bytes"
