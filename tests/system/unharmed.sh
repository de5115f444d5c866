#!/bin/sh
# What an operator does while people watch. ffmpeg and rtmpdump get every frame
# of the film that they began, through SIGHUP, a file that is replaced or removed,
# and a stop with --drain, also under a service manager that starts flvd anew; a
# file that is overwritten in place ends their play cleanly at the worst.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg rtmpdump

make_clip film.flv 4
make_clip other.flv 1
count=0

# watch: ffmpeg and rtmpdump have begun to play when this returns.
watch() {
    count=$((count + 1))
    bounded 100 ffmpeg -nostdin -v error -y \
        -i "rtmp://127.0.0.1:$port/vod/ffmpeg$count" -c copy \
        -f flv "ffmpeg$count.flv" 2>"ffmpeg$count.log" &
    ffmpeg_pid=$!
    bounded 100 rtmpdump -q -r "rtmp://127.0.0.1:$port/vod/rtmpdump$count" \
        -o "rtmpdump$count.flv" 2>"rtmpdump$count.log" &
    rtmpdump_pid=$!
    wait_for_log "play \"ffmpeg$count\""
    wait_for_log "play \"rtmpdump$count\""
}

# ended_well: both have come to an end that they were told of. rtmpdump ends a
# short film with 2 (tests/clients/rtmpdump.sh).
ended_well() {
    wait $ffmpeg_pid || fail "ffmpeg: $(cat "ffmpeg$count.log")"
    wait $rtmpdump_pid
    [ $? -eq 2 ] || fail "rtmpdump: $(cat "rtmpdump$count.log")"
}

# saw_all: and have all frames of the film.
saw_all() {
    ended_well
    expect_same_frames film.flv "ffmpeg$count.flv"
    expect_same_frames film.flv "rtmpdump$count.flv"
}

# new_film FILE: under the name that is served, by rename.
new_film() {
    cp "$1" new.flv && mv new.flv movie.flv
}

# --lead 1: the film takes its time, and has a middle.
new_film film.flv
flvd_wrapper=setsid # SIGHUP is to be heard, not to stop it
start_flvd --verbose --once --lead 1 --drain 600 movie.flv

# --- SIGHUP

watch
kill -HUP $flvd_pid
wait_for_log 'SIGHUP'
saw_all

# --- a film that is replaced, and removed

watch
new_film other.flv
start_viewer other.flv -e complete # who comes now gets the new one
expect_viewer_end $viewer_pid
rm movie.flv
saw_all
new_film film.flv

# --- one that is overwritten in place: an end, but no harm

watch
cat other.flv >movie.flv
ended_well
new_film film.flv

# --- a stop with --drain

watch
kill -TERM $flvd_pid
wait_for_log 'may go on for'
saw_all
expect_flvd_end 0
[ "$(grep -c 'ended: ' "$flvd_log")" -eq 9 ] ||
    fail "not 9 sessions: $(grep 'ended: ' "$flvd_log")"
! grep 'ended: server stops' "$flvd_log" || fail "somebody was broken off"

# --- a restart under a service manager, which holds the socket

! "$FLVD" --version | grep -q 'without libsystemd' || exit 0
need python3
mkfifo commands
"$here/service_manager" -s rtmp -- "$FLVD" --verbose --once --lead 1 \
    --drain 600 film.flv <commands >events 2>managed.log 3<&- &
manager_pid=$!
exec 4>commands
flvd_log=$work/managed.log
echo start >&4
wait_for_line 60 '^ready 1$' events || fail "not ready: $(cat events)"
port=$(sed -n 's/^port //p' events)
watch
echo term >&4
wait_for_log 'may go on for'
first_ffmpeg=$ffmpeg_pid first_rtmpdump=$rtmpdump_pid first=$count
# These come while the old one drains, and are served by the new one.
count=$((count + 1))
bounded 100 ffmpeg -nostdin -v error -y \
    -i "rtmp://127.0.0.1:$port/vod/ffmpeg$count" -c copy \
    -f flv "ffmpeg$count.flv" 2>"ffmpeg$count.log" &
late_ffmpeg=$!
wait_for_line 60 '^ended 1 0$' events || fail "not drained: $(cat events)"
echo start >&4
ffmpeg_pid=$first_ffmpeg rtmpdump_pid=$first_rtmpdump late=$count count=$first
saw_all
wait $late_ffmpeg || fail "who came late: $(cat "ffmpeg$late.log")"
expect_same_frames film.flv "ffmpeg$late.flv"
exec 4>&-
wait $manager_pid
