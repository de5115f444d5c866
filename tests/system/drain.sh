#!/bin/sh
# --drain: at a stop those who watch may go on for a while, nobody else comes
# in, and the server ends when the last of them has gone.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip clip.flv 1

# drains SIGNAL: tells flvd to stop, and waits until it has closed its door.
drains() {
    kill "-$1" $flvd_pid
    wait_for_log ' 1 connection may go on for [0-9]* s'
    ! bounded 10 "$TEST_TOOLS/rtmp_tags" -f clip.flv "$url" 2>refused ||
        fail "somebody was let in while it drained"
    grep -q 'refused' refused || fail "not refused: $(cat refused)"
}

# ended_before SECONDS: it did not wait for the end of the time.
ended_before() {
    took=$(($(now_ms) - begin))
    [ $took -lt $(($1 * 1000)) ] || fail "it ended after $took ms"
}

# --- the viewer sees all that it wants, then it is over

for signal in TERM INT; do
    start_flvd --drain 600 --lead 1 clip.flv
    start_viewer clip.flv -r 4
    begin=$(now_ms)
    drains $signal
    expect_viewer_end $viewer_pid
    expect_flvd_end 0
    ended_before 300
    grep -q 'ended: peer closed' "$flvd_log" || fail "the viewer was ended"
done

start_flvd --stop-after 1 --drain 600 --lead 1 clip.flv
start_viewer clip.flv -r 4
begin=$(now_ms)
expect_viewer_end $viewer_pid
expect_flvd_end 0
ended_before 300

# --- one that stays is told when the time is over, and the rest is as ever

start_flvd --drain 2 clip.flv
start_viewer clip.flv -e stop
begin=$(now_ms)
drains TERM
expect_flvd_end 0
[ $(($(now_ms) - begin)) -ge 2000 ] || fail "it did not drain for 2 s"
expect_viewer_end $viewer_pid

# --- with nobody there it ends at once

start_flvd --drain 600 clip.flv
begin=$(now_ms)
kill -TERM $flvd_pid
expect_flvd_end 0
ended_before 300

# --- a second signal ends it at once

start_flvd --drain 600 clip.flv
start_viewer clip.flv -r 1000
drains TERM
begin=$(now_ms)
kill -TERM $flvd_pid
expect_flvd_end $((128 + 15))
ended_before 300
! wait $viewer_pid || fail "the viewer goes on without a server"
