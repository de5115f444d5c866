#!/bin/sh
# Standard output, log, exit status, signals and limits are as promised.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip clip.flv 1

# --- help and version

bounded 10 "$FLVD" --help >out 2>err || fail "--help: $?"
[ ! -s err ] && grep -q '^Usage: flvd' out && grep -q -e --listen out ||
    fail "--help: $(cat out err)"
bounded 10 "$FLVD" --version >out 2>err || fail "--version: $?"
[ ! -s err ] && [ "$(wc -l <out)" -eq 1 ] &&
    grep -Eq '^flvd [0-9]+\.[0-9]+' out || fail "--version: $(cat out err)"

# --- standard output: one line a listener, which can be played

cp clip.flv 'Grüße & 100%.flv'
set -- --listen 127.0.0.1:0 --listen 127.0.0.1:0 --listen 0 --listen 0.0.0.0:0
hosts='127\.0\.0\.1 127\.0\.0\.1 localhost localhost'
if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null
then
    set -- "$@" --listen '[::1]:0'
    hosts="$hosts \\[::1\\]"
fi
launch_flvd "$@" --once 'Grüße & 100%.flv'
for host in $hosts; do
    read -r url <&3 || fail "no URL: $(cat "$flvd_log")"
    echo "$url" |
        grep -qx "rtmp://$host:[0-9]*/vod/Gr%C3%BC%C3%9Fe%20%26%20100%25" ||
        fail "the URL of the listener on $host is $url"
    bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -e complete "$url" ||
        fail "$url does not play"
done
stop_flvd

start_flvd --demo
[ "$url" = "rtmp://127.0.0.1:$port/vod/demo" ] || fail "--demo: $url"
stop_flvd

# --- an end while somebody watches

for signal in INT TERM; do
    start_flvd clip.flv
    start_viewer clip.flv -e stop
    begin=$(now_ms)
    kill -$signal $flvd_pid
    expect_flvd_end 0
    took=$(($(now_ms) - begin))
    [ $took -lt 5000 ] || fail "SIG$signal: it took $took ms"
    expect_viewer_end $viewer_pid
done

begin=$(now_ms)
start_flvd --stop-after 2 clip.flv
start_viewer clip.flv -e stop
expect_flvd_end 0
took=$(($(now_ms) - begin))
[ $took -ge 2000 ] && [ $took -lt 6000 ] || fail "--stop-after 2: $took ms"
expect_viewer_end $viewer_pid

# --- SIGHUP without a terminal

flvd_wrapper=setsid
start_flvd clip.flv
flvd_wrapper=
start_viewer clip.flv -e stop
kill -HUP $flvd_pid
wait_for_log SIGHUP
bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -r 3 "$url" ||
    fail "nothing plays after SIGHUP"
stop_flvd
expect_viewer_end $viewer_pid

# --- limits and pace

start_flvd --max-clients 1 clip.flv
start_viewer clip.flv -e stop
! bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv "$url" 2>refused ||
    fail "--max-clients 1 lets two in"
wait_for_log 'too many connections'
stop_flvd
expect_viewer_end $viewer_pid

# A limit of the system in which --max-clients does not fit is named.
flvd_wrapper="prlimit --nofile=50:100"
start_flvd clip.flv
wait_for_log 'no more than [0-9]* of the 10000 .* RLIMIT_NOFILE, is 100: raise'
stop_flvd
flvd_wrapper=
start_flvd --max-clients 1 clip.flv
stop_flvd
! grep 'no more than' "$flvd_log" || fail "a limit is named that is far away"

start_flvd --once --lead 0 clip.flv
begin=$(now_ms)
bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -e complete "$url" ||
    fail "--lead 0 does not play"
took=$(($(now_ms) - begin))
[ $took -ge 950 ] && [ $took -lt 5000 ] || fail "--lead 0: 1 s took $took ms"
stop_flvd

# --- the log

start_flvd -q --once clip.flv
bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -e complete "$url" ||
    fail "-q does not play"
stop_flvd
[ ! -s "$flvd_log" ] || fail "-q is not quiet: $(cat "$flvd_log")"

start_flvd --once clip.flv
bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -e complete "$url" ||
    fail "does not play"
stop_flvd
tags=$(ffprobe -v error -show_entries packet=size -of csv=p=0 clip.flv | wc -l)
grep -Eq "#1 127\.0\.0\.1:[0-9]+: ended: peer closed the connection; \
app \"vod\", name \"clip\", 0\.[0-9]{3} s, [0-9]+ bytes, $((tags + 3)) tags" \
    "$flvd_log" || fail "no such line in the log"

# --- readers of log and standard output that stall

# full_pipe PATH: makes a pipe with somebody at its other end, and no room.
full_pipe() {
    mkfifo "$1"
    exec 4<>"$1"
    dd if=/dev/zero of="$1" oflag=nonblock bs=4096 count=1000 2>/dev/null
}

full_pipe stalled.log
mkfifo stalled.out
"$FLVD" -v --listen 127.0.0.1:0 clip.flv >stalled.out 2>stalled.log 3<&- 4<&- &
flvd_pid=$!
exec 3<stalled.out
read -r url <&3 || fail "no URL beside a stalled log"
start_viewer clip.flv -e stop
round=0
while [ $round -lt 100 ]; do
    bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv -r 3 "$url" >/dev/null ||
        fail "a stalled log stops the stream"
    round=$((round + 1))
done
stop_flvd
expect_viewer_end $viewer_pid

# Its port is one that was free a moment ago, since it cannot tell which it is.
start_flvd clip.flv
stop_flvd
full_pipe stalled-too.out
"$FLVD" --listen "127.0.0.1:$port" clip.flv >stalled-too.out 2>"$flvd_log" \
    3<&- 4<&- &
flvd_pid=$!
until "$TEST_TOOLS/rtmp_tags" -f clip.flv -r 3 "$url" 2>err; do
    grep -q 'cannot connect' err && kill -0 $flvd_pid ||
        fail "a stalled reader of standard output stops the stream: $(cat err)"
done
start_viewer clip.flv -e stop
exec 3</dev/null
stop_flvd
expect_viewer_end $viewer_pid
