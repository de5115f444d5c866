#!/bin/sh
# curl (librtmp): downloads a film and sees its end, and goes on in a loop. It
# has no seek and no pause.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg curl
curl --version | grep -qw rtmp || skip "this curl has no RTMP"

make_clip film.flv 4

# curl waits for the socket while librtmp has the end in its own buffer: then it
# sees the end with the next bytes on the connection, a ping a second later.
serve --once film.flv
begin=$(now_ms)
bounded 20 curl -sS -o copy.flv "$url" 2>messages ||
    fail "curl: $? $(cat messages)"
# After so long without a byte it would take that for the end.
took=$(($(now_ms) - begin))
[ $took -lt 10000 ] || fail "curl has not seen the end, but waited $took ms"
expect_all_sent film.flv
expect_same_media film.flv copy.flv
expect_same_frames film.flv copy.flv
stop_flvd

# A URL may say where to begin: with the keyframe at or before that.
serve --once film.flv
bounded 20 curl -sS -o rest.flv "$url?start=2.5" 2>messages ||
    fail "curl with ?start=: $? $(cat messages)"
frames_of film.flv | awk '$2 >= 2000' | cut -d ' ' -f 1,3- >expected
frames_of rest.flv | cut -d ' ' -f 1,3- >rest
[ -s expected ] && diff expected rest >differences ||
    fail "not the film from 2 s on: $(head differences)"
stop_flvd

# Whoever reads it leaves behind 4 s.
make_clip round.flv 1
serve round.flv
mkfifo pipe
bounded 20 curl -sS "$url" >pipe 2>messages &
bounded 20 ffmpeg -nostdin -v error -i pipe -t 4 -c copy loop.flv ||
    fail "curl did not go on: $(cat messages)"
expect_rising loop.flv 75
stop_flvd
