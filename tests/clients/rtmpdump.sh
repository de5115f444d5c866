#!/bin/sh
# rtmpdump (librtmp, as in curl and many others): downloads a film and sees its
# end, begins and ends where it is told, resumes, goes at real time, and goes on
# in a loop. It has no pause.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg rtmpdump

# download STATUS [ARGUMENT]...: it waits 30 s where it misses the end, and then
# tries again; it takes what came for complete, and ends with 0 and not 2, when
# the last tag stands at 99.9 % of the duration (rtmpdump.c, Download): never in
# a film below some 30 s, and never in a part of one.
download() {
    want=$1
    shift
    bounded 25 rtmpdump -r "$url" "$@" 2>messages
    status=$?
    [ $status -eq "$want" ] ||
        fail "rtmpdump $*: $status $(tail -n 20 messages)"
}

make_clip film.flv 60
serve --once film.flv
download 0 -o whole.flv
grep -q 'Download complete' messages || fail "no end: $(cat messages)"
expect_all_sent film.flv
expect_same_media film.flv whole.flv
expect_same_frames film.flv whole.flv

# From the keyframe at or before the start, whose time it then takes for the
# start itself, and for so long as there is between start and stop.
download 2 --start 20.5 --stop 30.5 -o part.flv
said ' client play .* 20500 10000' ||
    fail "it asked for: $(grep ' client play ' "$tap_log")"
frames_of film.flv | awk '$2 >= 20000 && $2 < 30000' | cut -d ' ' -f 1,3- \
    >expected
frames_of part.flv | cut -d ' ' -f 1,3- >part
diff expected part >differences ||
    fail "not the part of the film: $(head differences)"

# What was cut off is fetched from the last keyframe on, and becomes the same,
# byte for byte.
download 2 --stop 30.7 -o resumed.flv
size=$(wc -c <resumed.flv)
[ "$size" -lt "$(wc -c <whole.flv)" ] || fail "--stop 30.7 gave $size bytes"
download 0 --resume -o resumed.flv
said ' client play .* 30000$' ||
    fail "it asked for: $(grep ' client play ' "$tap_log")"
cmp whole.flv resumed.flv || fail "the resumed download differs"
stop_flvd

# With a buffer of its own choice, at the pace of flvd.
make_clip clip.flv 3
serve --once clip.flv
begin=$(now_ms)
download 2 --realtime --buffer 1000 -o paced.flv
took=$(($(now_ms) - begin))
[ $took -ge 1500 ] || fail "3 s of film in $took ms are not real time"
expect_same_media clip.flv paced.flv
stop_flvd

# It takes as much as it can get; whoever reads it leaves behind 4 s.
make_clip round.flv 1
serve round.flv
mkfifo pipe
bounded 20 rtmpdump -q -r "$url" -o - >pipe 2>messages &
bounded 20 ffmpeg -nostdin -v error -i pipe -t 4 -c copy loop.flv ||
    fail "rtmpdump did not play on: $(cat messages)"
expect_rising loop.flv 75
stop_flvd
