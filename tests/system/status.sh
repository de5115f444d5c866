#!/bin/sh
# --status: what it answers, that Prometheus takes it, who gets no answer; that
# peers who send too much, too little or rubbish harm nobody; and that without it
# nothing polls.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need curl ffmpeg jq promtool python3 strace

make_clip clip.flv 1

if "$FLVD" --version | grep -q 'no --status'; then
    ! "$FLVD" --status 0 clip.flv 2>said || fail "it serves what it cannot"
    grep -q 'built without libmicrohttpd' said || fail "said: $(cat said)"
    exit 0
fi

# fetch PATH [CURL_ARGUMENT]...: the answer goes to the file `answer`, its header
# to `header`, its status to $code.
fetch() {
    path=$1
    shift
    code=$(curl -sS --max-time 60 -o answer -D header -w '%{http_code}' "$@" \
        "${status%/}$path") || fail "no answer to $path"
}

# expect_code CODE PATH [CURL_ARGUMENT]...
expect_code() {
    wanted=$1
    shift
    fetch "$@"
    [ "$code" = "$wanted" ] || fail "$*: $code, not $wanted: $(cat answer)"
}

# json FILTER: of status.json.
json() {
    expect_code 200 /status.json
    jq -r "$1" answer || fail "no JSON: $(cat answer)"
}

# until_json FILTER: until it is true.
until_json() {
    deadline=$(($(now_ms) + 60000))
    while [ "$(json "$1")" != true ]; do
        [ "$(now_ms)" -lt $deadline ] || fail "never $1: $(cat answer)"
    done
}

# metric NAME: its value.
metric() {
    expect_code 200 /metrics
    awk -v name="$1" '$1 == name { print $2 }' answer
}

# status_of_log: where it answers.
status_of_log() {
    wait_for_log 'status at http'
    status=$(sed -n 's/.* status at //p' "$flvd_log")
}

# --- what it answers, with a viewer that is there and one that has gone

start_flvd --status 0 --lead 1 clip.flv
status_of_log
case $status in http://127.0.0.1:*) ;; *) fail "not on loopback: $status" ;; esac
start_viewer clip.flv -r 1
expect_viewer_end $viewer_pid
until_json '.sessions.ended | add == 1'
start_viewer clip.flv -r 100000
until_json '.viewers | length == 1 and .[0].state == "playing"'

json . >/dev/null
grep -qix 'content-type: application/json.' header || fail "$(cat header)"
[ "$(json '.urls[0]')" = "$url" ] || fail "not the URL: $(cat answer)"
[ "$(json '.served[0]')" = clip ] || fail "not the file: $(cat answer)"
[ "$(json '.viewers[0] | .app + "/" + .name')" = vod/clip ] ||
    fail "not what is played: $(cat answer)"
[ "$(json '.sent.bytes > 10000 and .sent.tags > 60')" = true ] ||
    fail "nothing was sent: $(cat answer)"
until_json '.history.samples | length > 1 and .[-1].viewers == 1 and
    .[-1].bits_per_s > 0 and .[-1].lateness_p99_s != null'

started=$(metric flvd_start_time_seconds)
[ "$started" -gt "$(($(date +%s) - 600))" ] || fail "it started at $started"
[ "$(json .server.started)" = "$started" ] || fail "$(cat answer), not $started"
[ "$(metric flvd_viewers)" = 1 ] || fail "no viewer: $(cat answer)"
[ "$(metric 'flvd_sessions{state="playing"}')" = 1 ] || fail "$(cat answer)"
[ "$(metric flvd_sessions_started_total)" = 2 ] || fail "$(cat answer)"
promtool check metrics <answer >said 2>&1 || fail "promtool: $(cat said)"
[ ! -s said ] || fail "promtool: $(cat said)"
grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' header ||
    fail "$(cat header)"

expect_code 200 /
grep -q "<code>$url</code>" answer || fail "no URL on the page: $(cat answer)"
grep -q '>vod/clip</td>' answer || fail "no viewer on the page: $(cat answer)"
grep -qi "^content-security-policy: default-src 'none';" header ||
    fail "$(cat header)"
for line in 'cache-control: no-store' 'x-content-type-options: nosniff' \
    'x-frame-options: DENY' 'cross-origin-resource-policy: same-origin'; do
    grep -qi "^$line" header || fail "no $line: $(cat header)"
done
# It asks for what lies beside it and nothing else, and all of that is there.
! grep -Eo '(src|href)="[^"]*"' answer | grep -E '//|=".*:' ||
    fail "the page asks for something elsewhere"
for part in $(grep -Eo '(src|href)="[^"]*"' answer | sed 's/.*="//; s/"//'); do
    expect_code 200 "/$part"
done

expect_code 200 /healthz
grep -qx ok answer || fail "healthz: $(cat answer)"

# --- who gets no answer

expect_code 404 /nothing
expect_code 404 /../../etc/passwd --path-as-is
expect_code 404 '/status.json/x'
expect_code 200 '/healthz?x=y'
for method in POST PUT DELETE OPTIONS PATCH RUBBISH; do
    expect_code 405 / -X $method -d x
    grep -qi '^allow: GET, HEAD' header || fail "$method: $(cat header)"
done
expect_code 200 / --head
[ ! -s answer ] || grep -q '^HTTP' answer || fail "HEAD has a body"
host_port=${status#http://}
host_port=${host_port%/}
for host in evil.example "evil.example:${host_port#*:}" 192.0.2.1 \
    localhost.evil.example 127.0.0.1.evil.example 'a b' ''; do
    fetch / -H "Host: $host"
    case $code in 421 | 400) ;; *) fail "Host: $host got $code" ;; esac
done
for host in localhost LOCALHOST:1 127.0.0.1 '[::1]:8080' flvd.localhost; do
    expect_code 200 / -H "Host: $host"
done
expect_code 200 /healthz --http1.0 -H 'Host:'

# --- peers that do harm, while somebody watches who is to lose nothing: it
# compares all that it gets, and leaves by itself

start_viewer clip.flv -r 6
watcher=$viewer_pid
bounded 150 "$here/http_attacks" "$host_port" >attacks 2>&1 ||
    fail "attacks: $(cat attacks)"
expect_viewer_end $watcher
expect_code 200 /healthz
[ "$(json '.sessions.playing')" = 1 ] || fail "a viewer got lost"

# --- while it drains it goes on to answer, and says so

kill -TERM $flvd_pid
wait_for_log 'stopping: SIGTERM'
expect_flvd_end 0
wait $viewer_pid
! grep ' sandbox: ' "$flvd_log" || fail "a system call was refused"

start_flvd --status 127.0.0.1:0 --drain 600 --lead 1 clip.flv
status_of_log
start_viewer clip.flv -r 8
expect_code 200 /healthz
kill -TERM $flvd_pid
wait_for_log 'may go on for'
expect_code 503 /healthz
grep -qx stopping answer || fail "healthz: $(cat answer)"
[ "$(json .server.state)" = stopping ] || fail "$(cat answer)"
[ "$(metric flvd_draining)" = 1 ] || fail "$(cat answer)"
expect_viewer_end $viewer_pid
expect_flvd_end 0

# --- another address, a directory, tokens; hosts are not minded beyond loopback

start_flvd --status 0.0.0.0:0 --listen 0.0.0.0:0 .
status_of_log
status=http://127.0.0.1:${status##*:}
read -r wide_url <&3
wide_port=${wide_url#rtmp://localhost:}
expect_code 200 / -H 'Host: 127.1.2.3:99'
grep -q "<code>rtmp://127.1.2.3:$wide_port</code>" answer ||
    fail "not the host of the request: $(cat answer)"
grep -q 'A name goes behind it' answer || fail "no word of names"
own=$(ip -4 -o addr show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
if [ -n "$own" ]; then
    status=http://$own:${status##*:}
    expect_code 200 / -H 'Host: films.example'
    grep -q "<code>rtmp://films.example:$wide_port</code>" answer ||
        fail "not the host of the request: $(cat answer)"
    expect_code 200 / -H 'Host: "><script>'
    ! grep -q '"><script>' answer || fail "a host got onto the page"
fi
stop_flvd

# --- an address that is taken is told as any other

start_flvd --status 0 clip.flv
status_of_log
taken=${status##*:}
taken=${taken%/}
! "$FLVD" --listen 0 --status "$taken" clip.flv >said 2>&1 || fail "bound twice"
grep -q "^flvd: cannot bind 127.0.0.1:$taken: Address already in use" said ||
    fail "said: $(cat said)"
[ "$(wc -l <said)" = 1 ] || fail "said: $(cat said)"
stop_flvd

# --- nothing polls without it, and with it one thread

polls='poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_create,epoll_create1,epoll_ctl'

# traced [ARGUMENT]...: plays and stops under strace; the calls go to `trace`.
traced() {
    # LeakSanitizer does not work for who is traced.
    flvd_wrapper="env ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
        strace -f -qq -o trace -e trace=$polls,exit_group"
    start_flvd "$@" --lead 1 clip.flv
    flvd_wrapper=
}

# strace says in "trace" who polled; flvd itself is its child.
stop_traced() {
    kill -TERM "$(sed -n 's/^flvd //p' pids)"
    expect_flvd_end 0
}

trace_children() {
    pgrep -P "$flvd_pid" | sed 's/^/flvd /' >pids
    [ -s pids ] || fail "strace has no child"
}

if strace -qq -o /dev/null true 2>/dev/null; then
    traced
    trace_children
    start_viewer clip.flv -r 2
    expect_viewer_end $viewer_pid
    stop_traced
    grep -q exit_group trace || fail "strace saw nothing"
    ! grep -E 'poll|select' trace || fail "somebody polls"

    traced --status 0
    trace_children
    status_of_log
    start_viewer clip.flv -r 2
    expect_code 200 /status.json
    expect_viewer_end $viewer_pid
    stop_traced
    who=$(grep -E 'poll|select' trace | awk '{ print $1 }' | sort -u | wc -l)
    [ "$who" = 1 ] || fail "$who threads poll, not one: $(cat trace)"
fi
