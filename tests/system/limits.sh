#!/bin/sh
# Limits of the system that are reached: descriptors, threads, memory. Who
# watches loses nothing, the log says what is short, and when others have gone
# there is room again.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg prlimit setpriv

make_clip clip.flv 1
chmod 644 clip.flv

# crowd COUNT: so many connections, which do not fit.
crowd() {
    crowd_pids=
    begun=0
    while [ $begun -lt "$1" ]; do
        "$TEST_TOOLS/rtmp_tags" -i "$url" >/dev/null 2>&1 3<&- &
        crowd_pids="$crowd_pids $!"
        begun=$((begun + 1))
    done
}
end_crowd() {
    for pid in $crowd_pids; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}

# lets_in: whoever comes, once those who went are noticed to be gone.
lets_in() {
    tries=0
    until bounded 30 "$TEST_TOOLS/rtmp_tags" -f clip.flv "$url" 2>refused; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || return 1
    done
}

# crowded COUNT PATTERN COMMAND...: flvd under the limits that COMMAND sets, to
# which so many come; what the log then says.
crowded() {
    count=$1
    pattern=$2
    shift 2
    flvd_wrapper=$*
    start_flvd --lead 0.5 clip.flv
    start_viewer clip.flv -b 500 -r 5
    watches=$viewer_pid
    crowd "$count"
    wait_for_log "$pattern"
    end_crowd
    lets_in || fail "$*: nobody is let in any more: $(cat refused)"
    expect_viewer_end $watches
    stop_flvd
    grep -m 1 "$pattern" "$flvd_log"
}

crowded 40 'cannot accept a connection: Too many open files; .*RLIMIT_NOFILE' \
    prlimit --nofile=40:40

# The threads of a user: one whom nothing else runs as.
if $is_root; then
    crowded 40 'cannot start a session: .*temporarily unavail.*RLIMIT_NPROC' \
        setpriv --reuid $((20000 + $$ % 40000)) --clear-groups prlimit --nproc=12:12
fi

# Memory: a good deal more than one who watches needs, where nothing else, as a
# sanitizer, takes address space as it likes.
if ! is_instrumented; then
    flvd_wrapper="prlimit --as=200000000"
    start_flvd --lead 0.5 clip.flv
    start_viewer clip.flv -b 500 -r 5
    mkfifo hold
    "$TEST_TOOLS/storm" -h -n 600 127.0.0.1 "$port" <hold >/dev/null 2>&1 3<&- &
    crowd_pids=$!
    exec 4>hold
    wait_for_log 'cannot start a session: .*RLIMIT_AS'
    end_crowd
    exec 4>&-
    lets_in || fail "nobody is let in any more: $(cat refused)"
    expect_viewer_end $viewer_pid
    stop_flvd
    grep -m 1 'cannot start a session: .*RLIMIT_AS' "$flvd_log"
fi
