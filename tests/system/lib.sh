# shellcheck shell=sh disable=SC2015,SC2034 # fail does not return
# What the system tests share. A test is a script that sources this file: it
# passes with exit status 0 and is skipped with 77. The environment gives FLVD,
# the program; TEST_TOOLS, the directory of rtmp_tags and flv_make; and
# TMPDIR, where files may be put, if not under /tmp. By hand:
#
#     FLVD=build/flvd TEST_TOOLS=build/tests/tools sh tests/system/NAME.sh
#
# Nothing here sleeps: whatever must be waited for is an end of file, a line in
# a pipe or the end of a process.
set -u
export LC_ALL=C.UTF-8

FLVD=${FLVD:?names the flvd to test}
TEST_TOOLS=${TEST_TOOLS:?names the directory of rtmp_tags and flv_make}

here=$(cd "$(dirname "$0")" && pwd)
FLVD=$(cd "$(dirname "$FLVD")" && pwd)/$(basename "$FLVD")
TEST_TOOLS=$(cd "$TEST_TOOLS" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/flvd-system.XXXXXX")
# Other users must reach what is in it.
chmod 755 "$work"
cd "$work" || exit

flvd_pid=       # of the flvd that runs
flvd_log=       # its standard error
flvd_count=0
flvd_wrapper=   # a command that is to run it
url=            # where it plays
viewer_count=0
is_root=false
[ "$(id -u)" != 0 ] || is_root=true

cleanup() {
    status=$?
    trap '' INT TERM
    if [ $status -ne 0 ] && [ $status -ne 77 ] && [ -n "$flvd_log" ]; then
        echo "--- the log of flvd:"
        tail -n 50 "$flvd_log"
    fi >&2
    jobs -p >running # in a pipe it would list none
    while read -r pid; do kill -KILL "$pid" 2>/dev/null; done <running
    wait 2>/dev/null
    cd / && rm -rf "$work"
    exit $status
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

skip() {
    echo "SKIP: $*" >&2
    exit 77
}

# need COMMAND...: skips the test where one of them is not installed.
need() {
    for command; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}

# bounded SECONDS COMMAND...: exit status 124 when it takes longer.
bounded() {
    timeout --kill-after=5 "$@"
}

now_ms() {
    date +%s%3N
}

# as_nobody COMMAND...: where the test is root and what it tests depends on it.
as_nobody() {
    if $is_root; then
        runuser -u nobody -- "$@"
    else
        "$@"
    fi
}

# give_to_flvd FILE...: so that it may read them when it has given root up.
give_to_flvd() {
    ! $is_root || chown nobody "$@"
}

# is_instrumented: sanitizers do more than a sandbox lets them, so that flvd does
# not lock itself down.
is_instrumented() {
    grep -aq -e __asan_init -e __tsan_init "$FLVD"
}

# --- flvd ------------------------------------------------------------------

# start_flvd [ARGUMENT]...: on a port of the kernel's choice. Sets url, port,
# flvd_pid and flvd_log; file descriptor 3 is its standard output from the
# second line on.
start_flvd() {
    launch_flvd --listen 127.0.0.1:0 "$@"
    read -r url <&3 || fail "flvd $* gave no URL: $(cat "$flvd_log")"
    port=${url#rtmp://127.0.0.1:}
    port=${port%%/*}
}

# launch_flvd [ARGUMENT]...: the same, without --listen and without reading.
launch_flvd() {
    flvd_count=$((flvd_count + 1))
    flvd_log=$work/flvd.$flvd_count.log
    flvd_out=$work/flvd.$flvd_count.out
    mkfifo "$flvd_out"
    # shellcheck disable=SC2086
    $flvd_wrapper "$FLVD" "$@" >"$flvd_out" 2>"$flvd_log" 3<&- &
    flvd_pid=$!
    exec 3<"$flvd_out"
}

# expect_flvd_end STATUS: waits for its end, and looks at what it left.
expect_flvd_end() {
    wait "$flvd_pid"
    ended=$?
    [ $ended -eq "$1" ] || fail "flvd ended with exit status $ended, not $1"
    more=$(cat <&3)
    [ -z "$more" ] || fail "more on standard output than URLs: $more"
    ! grep -E ' flvd error: |Sanitizer|runtime error:' "$flvd_log" >&2 ||
        fail "flvd reported an error"
    ! grep ' flvd warning: sandbox: ' "$flvd_log" >&2 ||
        fail "the sandbox refused what flvd needs"
    flvd_pid=
}

# start_viewer FILE [RTMP_TAGS_ARGUMENT]...: one that compares with FILE what it
# gets from url; sets viewer_pid. It has begun to play when this returns.
start_viewer() {
    viewer_count=$((viewer_count + 1))
    viewer_log=$work/viewer.$viewer_count.log
    "$TEST_TOOLS/rtmp_tags" -p -f "$@" "$url" >"$viewer_log" 2>&1 3<&- &
    viewer_pid=$!
    wait_for_line 20 '^playing' "$viewer_log" ||
        fail "the viewer gets nothing: $(cat "$viewer_log")"
}

# expect_viewer_end PID: it has seen what it wanted to see.
expect_viewer_end() {
    wait "$1" || fail "a viewer: $(cat "$work"/viewer.*.log)"
}

# stop_flvd: as a service manager does. flvd(1) says 5 seconds; what is beyond is
# for a busy machine and sanitizers: this finds what hangs, not what is slow.
stop_flvd() {
    begin=$(now_ms)
    kill -TERM "$flvd_pid" || fail "flvd was gone before it was stopped"
    expect_flvd_end 0
    took=$(($(now_ms) - begin))
    [ $took -lt 30000 ] || fail "it took $took ms to stop flvd"
}

# wait_for_log PATTERN: until a line of the log matches.
wait_for_log() {
    wait_for_line 20 "$1" "$flvd_log" ||
        fail "no line in the log like '$1'"
}

# wait_for_line SECONDS PATTERN FILE [COUNT]: until a line of it matches, or so many.
wait_for_line() {
    : >>"$3" # who is to write it may not have begun
    rm -f lines
    mkfifo lines
    tail -n +1 -f "$3" >lines 2>/dev/null &
    tail=$!
    # Not into /dev/null, where grep has ideas of its own about the end.
    bounded "$1" grep -m "${4:-1}" -e "$2" <lines >found.lines
    found=$?
    kill "$tail" 2>/dev/null
    wait "$tail" 2>/dev/null
    return $found
}

# --- media -----------------------------------------------------------------

# make_flv FILE [FFMPEG_ARGUMENT]...: with ffmpeg, whose arguments say how.
make_flv() {
    made=$1
    shift
    ffmpeg -nostdin -v error -y "$@" -f flv "$made" </dev/null ||
        fail "ffmpeg cannot make $made"
}

# Sources for make_flv.
video_source="-f lavfi -i testsrc=size=160x120:rate=25"
audio_source="-f lavfi -i sine=frequency=440:sample_rate=44100"

# make_clip FILE SECONDS: H.264 with B-frames and AAC, what most files are.
make_clip() {
    # shellcheck disable=SC2086
    make_flv "$1" $video_source $audio_source -t "$2" -pix_fmt yuv420p \
        -c:v libx264 -preset fast -g 25 -bf 2 -c:a aac
}

# count_frames v|a INPUT: how many frames can be decoded.
count_frames() {
    ffprobe -v fatal -count_frames -select_streams "$1:0" \
        -show_entries stream=nb_read_frames -of csv=p=0 "$2" | head -n 1
}

# expect_same_frames FILE COPY: all audio and video of FILE is in COPY.
expect_same_frames() {
    for kind in v a; do
        want=$(count_frames $kind "$1")
        got=$(count_frames $kind "$2")
        [ -n "$want" ] && [ "$got" = "$want" ] ||
            fail "$2 has ${got:-no} frames of kind $kind, not $want"
    done
}
