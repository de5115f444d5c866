#!/bin/sh
# The programs of the bench work: a few viewers, a second each. Run by make
# check, in the build directory. What they measure is not judged here.
set -eu

: "${srcdir:=.}"
work=$(mktemp -d)
pids=
# shellcheck disable=SC2086 # none, or several
trap 'kill $pids 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

fault() {
    echo "$*"
    exit 1
}

# serve NAME COMMAND...: starts what prints a URL; it is then in $work/NAME.
serve() {
    name=$1
    shift
    "$@" >"$work/$name" &
    pids="$pids $!"
    until [ -s "$work/$name" ]; do
        kill -0 $! || fault "$name did not start"
        sleep 0.05
    done
}

# viewer ARGUMENT...: leaves what it printed in $work/viewer.
viewer() {
    bench/viewer "$@" >"$work/viewer" || fault "viewer $*: $(cat "$work/viewer")"
}

serve flvd ./flvd -q -l 127.0.0.1:0 --demo
"$srcdir/script/demo-film" >"$work/film.flv"
serve floor bench/floor "$work/film.flv"
serve relay bench/relay 5 "$(cat "$work/flvd")"

for server in flvd floor; do
    viewer -n 6 -r 50 -t 1 -p 2 "$(cat "$work/$server")"
    grep -q '^viewers 6 joined 6 early 0 failed 0 dropped 0$' "$work/viewer" &&
        grep -q '^late_ms messages [1-9][0-9]* ahead ' "$work/viewer" ||
        fault "a crowd at $server: $(cat "$work/viewer")"
done

# Of 80 with dice that are always the same, each ends in its own way.
viewer -r 80 -s 1 -l 0.3 "$(cat "$work/flvd")"
grep -q '^viewers 80 joined [1-9][0-9]* early [1-9][0-9]* failed 0 dropped 0$' \
    "$work/viewer" || fault "a storm: $(cat "$work/viewer")"

# Five round trips of 10 ms each: never less.
viewer "$(cat "$work/relay")"
awk '$1 == "first_video_ms" && $3 >= 50 { well = 1 } END { exit !well }' \
    "$work/viewer" || fault "the relay: $(cat "$work/viewer")"

bench/seeker -s 1 "$(cat "$work/flvd")" >"$work/seeker"
grep -q '^landed_ms ' "$work/seeker" || fault "seeker: $(cat "$work/seeker")"

bench/figures -t 0.1 "${pids##* }" >"$work/figures"
for figure in cpu_us user_us system_us switches threads descriptors mappings \
    pss_anon_kib rss_kib kernel_stack_kib page_tables_kib slab_kib \
    socket_buffers_kib; do
    grep -q "^$figure [0-9.]*\$" "$work/figures" ||
        fault "no figure of $figure: $(cat "$work/figures")"
done
