#!/bin/sh
# SIGUSR1: the table of viewers goes to the log, whatever flvd is doing, and
# never ends it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip clip.flv 1

totals='flvd info: [0-9]* of 10000 connections: '

# --- one that plays, one that only connected, in connecting order

start_flvd --lead 1 --verbose clip.flv
start_viewer clip.flv -r 1000
playing=$viewer_pid
"$TEST_TOOLS/rtmp_tags" -i "$url" 2>/dev/null 3<&- &
wait_for_log '#2 .* connect to app'
kill -USR1 $flvd_pid
wait_for_log "${totals}1 playing, 0 paused, 1 idle, 0 connecting; up 0:00:"
grep -A 2 'flvd info: #  *address  *over  state .* app, name$' "$flvd_log" >table ||
    fail "no head of a table"
sed -n 2p table | grep -Eq \
    'flvd info: #1 127\.0\.0\.1:[0-9]+ +rtmp +playing +0:00:[0-9]+ +[0-9.]+ [kMG]?B +0:00:00 +[0-9]+ +[-+][0-9.]+ s  "vod", "clip"$' ||
    fail "not the one that plays: $(cat table)"
sed -n 3p table | grep -Eq \
    'flvd info: #2 127\.0\.0\.1:[0-9]+ +rtmp +idle +0:00:[0-9]+ +0 B +- +- +-  "vod", ""$' ||
    fail "not the one that is idle: $(cat table)"

# --- asked again and again it still stops when it is told to

for _ in 1 2 3 4 5 6 7 8 9 10; do kill -USR1 $flvd_pid; done
stop_flvd
! wait $playing || fail "the viewer goes on without a server"

# --- also where only errors are wanted, and while the last ones go on

start_flvd --quiet --drain 600 --lead 1 clip.flv
start_viewer clip.flv -r 1000
kill -USR1 $flvd_pid
wait_for_log "${totals}1 playing, "
kill -TERM $flvd_pid
while bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv "$url" >refused 2>&1; do
    : # until its door is closed
done
kill -USR1 $flvd_pid
wait_for_log "${totals}1 playing, .*; nobody is let in any more\$"
kill -TERM $viewer_pid
expect_flvd_end 0

# --- with nobody there; and a signal that comes while it ends does not count

start_flvd clip.flv
kill -USR1 $flvd_pid
wait_for_log "${totals}0 playing, 0 paused, 0 idle, 0 connecting; "
! grep -q 'address  *over' "$flvd_log" || fail "a table of nobody"
kill -TERM $flvd_pid
for _ in $(seq 200); do kill -USR1 $flvd_pid 2>/dev/null; done
expect_flvd_end 0
