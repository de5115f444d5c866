#!/bin/sh
# rtmpdump (librtmp, as in curl and many others): it plays a file once and sees
# its end, and plays on in a loop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg rtmpdump curl

make_clip clip.flv 1

# It waits 30 s where it misses the end, and then tries again. It takes what
# came for complete when the last tag stands at 99.9 % of the duration, so the
# film must not be short.
make_clip film.flv 60
start_flvd --once film.flv
bounded 11 rtmpdump -r "$url" -o copy.flv 2>messages ||
    fail "rtmpdump did not come to the end: $? $(cat messages)"
grep -q 'Download complete' messages || fail "no end: $(cat messages)"
expect_same_frames film.flv copy.flv
stop_flvd

start_flvd --once clip.flv
bounded 11 rtmpdump -R -r "$url" -o paced.flv 2>messages
status=$?
[ $status -eq 2 ] || fail "rtmpdump -R: $status $(cat messages)"
expect_same_frames clip.flv paced.flv
stop_flvd

# curl waits for the socket while librtmp has the end in its own buffer, until
# the ping that follows it: nobody else ends it here.
if curl --version | grep -qw rtmp; then
    start_flvd --once --idle-timeout 600 film.flv
    bounded 11 curl -sS -o curled.flv "$url" || fail "curl: $?"
    expect_same_frames film.flv curled.flv
    stop_flvd
fi

# It takes as much as it can get; whoever reads it leaves behind 4 s.
start_flvd clip.flv
mkfifo pipe
bounded 15 rtmpdump -q -r "$url" -o - >pipe 2>messages &
bounded 15 ffmpeg -nostdin -v error -i pipe -t 4 -c copy loop.flv ||
    fail "rtmpdump did not play on: $(cat messages)"
frames=$(count_frames v loop.flv)
[ "$frames" -gt 75 ] || fail "only $frames frames, not four rounds"
stop_flvd
