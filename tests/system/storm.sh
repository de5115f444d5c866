#!/bin/sh
# Who may connect, and how many, while thousands try to.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip clip.flv 1

# storm ARGUMENT...: the last line of its output is in $got.
storm() {
    got=$(bounded 60 "$TEST_TOOLS/storm" "$@" 2>&1) || fail "storm $*: $got"
}

# expect_few_lines PATTERN: of what happened thousands of times the log tells
# little.
expect_few_lines() {
    lines=$(grep -c "$1" "$flvd_log")
    [ "$lines" -ge 1 ] && [ "$lines" -le 60 ] ||
        fail "$lines lines of '$1' in the log"
}

# expect_threads MOST
expect_threads() {
    threads=$(find "/proc/$flvd_pid/task" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$threads" -le "$1" ] || fail "flvd has $threads threads, not $1 at most"
}

# --- nobody but who may: refused before there is a session

start_flvd --allow 127.0.0.1 --deny 127.0.0.0/29 --allow 127.0.0.9/32 clip.flv
start_viewer clip.flv -e stop
storm -n 3000 -s 127.0.0.2 -s 127.0.0.7 127.0.0.1 "$port"
[ "$got" = '0 in, 3000 out' ] || fail "--deny: $got"
storm -n 4 -s 127.0.0.9 127.0.0.1 "$port"
[ "$got" = '4 in, 0 out' ] || fail "--allow: $got"
storm -n 100 -s 127.0.0.8 -s 127.0.0.10 127.0.0.1 "$port"
[ "$got" = '0 in, 100 out' ] || fail "what no rule matches: $got"
wait_for_log 'refused: --allow and --deny keep its address out'
expect_few_lines 'was refused'
! grep '#6 ' "$flvd_log" || fail "a peer that was refused had a session"
stop_flvd
expect_viewer_end "$viewer_pid"

# --- so many of one address

start_flvd --max-clients-per-address 5 clip.flv
start_viewer clip.flv -e stop
beside=$viewer_pid
for source in 127.0.0.2 127.1.2.3; do
    storm -n 2000 -s $source 127.0.0.1 "$port"
    [ "$got" = '5 in, 1995 out' ] || fail "from $source: $got"
done
for session in 2 3 4 5 6 7 8 9 10 11; do
    wait_for_log "#$session .* ended:"
done
# Those have gone, and others may come.
storm -n 20 -s 127.0.0.2 127.0.0.1 "$port"
[ "$got" = '5 in, 15 out' ] || fail "again: $got"
storm -n 10 127.0.0.1 "$port"
[ "$got" = '4 in, 6 out' ] || fail "beside the viewer: $got"
wait_for_log 'refused: its address has as many connections'
expect_few_lines 'was refused'
stop_flvd
expect_viewer_end $beside

# The same of IPv6, where ::1 is one /64, and 127.0.0.1 comes as a mapped
# address.
if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null
then
    launch_flvd --listen 0 --max-clients-per-address 3 --deny 127.0.0.4/30 \
        --allow 127.0.0.0/8 --allow ::1 clip.flv
    read -r url <&3 || fail "no URL: $(cat "$flvd_log")"
    port=${url#rtmp://localhost:}
    port=${port%%/*}
    storm -n 4 -s 127.0.0.4 -s 127.0.0.7 127.0.0.1 "$port"
    [ "$got" = '0 in, 4 out' ] || fail "from those that are denied: $got"
    wait_for_log ' 127\.0\.0\.7:[0-9]* was refused'
    storm -n 1000 ::1 "$port"
    [ "$got" = '3 in, 997 out' ] || fail "from ::1: $got"
    storm -n 1000 -s 127.0.0.2 127.0.0.1 "$port"
    [ "$got" = '3 in, 997 out' ] || fail "from 127.0.0.2: $got"
    stop_flvd
fi

# --- thousands that never get to connect: never more than the limit, and
# viewers come in

start_flvd --max-clients 100 --handshake-timeout 60 clip.flv
start_viewer clip.flv -e stop
beside=$viewer_pid
mkfifo hold held
"$TEST_TOOLS/storm" -h -n 3000 -s 127.0.0.2 -s 127.0.0.3 -s 127.0.0.4 \
    127.0.0.1 "$port" <hold >held 2>&1 &
storm_pid=$!
exec 4>hold
bounded 60 head -n 1 <held >counts || fail "the storm has not ended"
expect_threads 110
i=0
while [ $i -lt 20 ]; do
    bounded 30 "$TEST_TOOLS/rtmp_tags" -f clip.flv "$url" ||
        fail "viewer $i does not get in beside $(cat counts)"
    i=$((i + 1))
done
expect_threads 110
grep -q 'ended: refused: too many connections' "$flvd_log" ||
    fail "nobody was crowded out: $(cat counts)"
exec 4>&-
wait $storm_pid || fail "storm: $?"
kill -0 $beside || fail "the viewer beside: $(cat "$work"/viewer.*.log)"
stop_flvd
expect_viewer_end $beside
