#!/bin/sh
# What cannot be served is refused in one line that names it, before anything
# is bound.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg mkfifo

# refused STATUS PATTERN ARGUMENT...: the one line that comes must match.
refused() {
    want_status=$1
    pattern=$2
    shift 2
    bounded 10 "$FLVD" "$@" >out 2>err </dev/null
    status=$?
    echo "$status: $(cat err)"
    [ $status -eq "$want_status" ] || fail "flvd $*: exit status $status"
    [ ! -s out ] || fail "flvd $*: on standard output: $(cat out)"
    [ "$(wc -l <err)" -eq 1 ] || fail "flvd $*: not one line: $(cat err)"
    grep -Eq "^flvd: $pattern" err || fail "flvd $*: not like '$pattern'"
}

make_clip good.flv 1
start_flvd good.flv

# The port is in use: flvd would say so if it came to that before it had looked
# at the file.
file() {
    refused 1 "$1: $2" --listen "127.0.0.1:$port" "$1"
}

file missing.flv 'cannot be opened: No such file'
: >empty.flv
file empty.flv 'is empty'
mkfifo fifo.flv
file fifo.flv 'is a FIFO'
echo 'This is a text, not a film.' >text.flv
file text.flv 'offset 0: is not FLV'
printf 'FL' >short.flv
file short.flv 'offset 0: is not FLV'
head -c 7 good.flv >cut.flv
file cut.flv 'offset 7: ends within its header'
head -c 13 good.flv >header.flv
file header.flv 'offset 13: has no playable tag'
"$TEST_TOOLS/flv_make" >garbage.flv <<END
garbage 5000
END
file garbage.flv 'offset [0-9]+: has no playable tag'
if $is_root; then
    # FLVD may lie where nobody cannot go.
    cp "$FLVD" flvd && cp good.flv secret.flv && chmod 600 secret.flv
    FLVD=$work/flvd
    as_nobody "$FLVD" --listen "127.0.0.1:$port" secret.flv >out 2>err
    [ $? -eq 1 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q '^flvd: secret.flv: cannot be opened: Permission denied' err ||
        fail "an unreadable file: $(cat out err)"
else
    cp good.flv secret.flv && chmod 0 secret.flv
    file secret.flv 'cannot be opened: Permission denied'
fi

# remuxable FORMAT SUFFIX: the line tells the command that helps, and it does.
remuxable() {
    film="-it's my film.$2"
    ffmpeg -nostdin -v error -y -i good.flv -c copy -f "$1" "./$film" ||
        fail "ffmpeg cannot make $film"
    file "./$film" "offset 0: is .* file, not FLV; .*: ffmpeg -i .* -c copy "
    sed 's/.*playable: //' err >remux
    sh -e remux </dev/null >remux.log 2>&1 || fail "$(cat remux remux.log)"
    kept=$port
    start_flvd --once "./$film.flv"
    bounded 10 "$TEST_TOOLS/rtmp_tags" -f "./$film.flv" -e complete "$url" ||
        fail "$film.flv does not play"
    kill -TERM $flvd_pid && expect_flvd_end 0
    port=$kept
}

holder_pid=$flvd_pid
exec 4<&3
remuxable mp4 mp4
remuxable matroska mkv
remuxable mpegts ts

refused 1 ".*127\.0\.0\.1:$port: Address already in use" \
    --listen "127.0.0.1:$port" good.flv
# The first listener must not be left open either.
refused 1 ".*127\.0\.0\.1:$port: Address already in use" \
    --listen 127.0.0.1:0 --listen "127.0.0.1:$port" good.flv
flvd_pid=$holder_pid
flvd_log=$work/flvd.1.log
exec 3<&4 4<&-
stop_flvd

refused 2 "name the FLV file" --listen 127.0.0.1:0
refused 2 ".*'--nonsense'" --nonsense good.flv
refused 2 ".*'-x'" -x good.flv
refused 2 ".*'--loop'" good.flv --loop
refused 2 "--loop .*'many'" --loop many good.flv
refused 2 "--loop .*'-1'" --loop -1 good.flv
refused 2 "--lead .*'1e9'" --lead 1e9 good.flv
refused 2 "--listen .*'localhost:65536'" --listen localhost:65536 good.flv
refused 2 "--listen .*'::1:0'" --listen ::1:0 good.flv
refused 2 "--max-clients .*'0'" --max-clients 0 good.flv
refused 2 "--stop-after .*'0'" --stop-after 0 good.flv
refused 2 "--idle-timeout .*''" --idle-timeout '' good.flv
refused 2 ".*'--once=2'" --once=2 good.flv
refused 2 ".*--no-audio.*--no-video" --no-audio --no-video good.flv
refused 2 ".*--quiet.*--verbose" -q -v good.flv
refused 2 "--demo .*'good.flv'" --demo good.flv
refused 2 "--check: name the files" --check
refused 2 "--check .*--listen" --check --listen 127.0.0.1:0 good.flv
refused 2 "--check .*--demo" --check --demo
