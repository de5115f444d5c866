#!/bin/sh
# Under a service manager, which this test plays: sockets are taken, and stay its
# own; it is told what flvd does; a restart refuses nobody.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need curl ffmpeg python3

make_clip clip.flv 1
managers=0

# manage [ARGUMENT]... -- [FLVD_ARGUMENT]...: a service manager, which has not
# started flvd yet. Sets events; file descriptor 4 takes its commands.
manage() {
    managers=$((managers + 1))
    flvd_log=$work/managed.$managers.log
    events=$work/events.$managers
    mkfifo "commands.$managers"
    before=
    while [ "$1" != -- ]; do
        before="$before $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    "$here/service_manager" $before -- "$FLVD" "$@" <"commands.$managers" \
        >"$events" 2>"$flvd_log" 3<&- &
    manager_pid=$!
    exec 4>"commands.$managers"
}

# expect_event PATTERN [COUNT]
expect_event() {
    wait_for_line 60 "$1" "$events" "${2:-1}" ||
        fail "no event like '$1': $(cat "$events" "$flvd_log")"
}

# held_port: of the only TCP socket that the manager holds.
held_port() {
    expect_event '^port'
    sed -n 's/^port //p' "$events"
}

# refused PATTERN STATUS: what was passed is refused, in one line.
refused() {
    echo start >&4
    expect_event '^ended 1'
    grep -qx "ended 1 $2" "$events" || fail "$(cat "$events"), not $2"
    [ "$(wc -l <"$flvd_log")" -eq 1 ] && grep -q "^flvd: .*$1" "$flvd_log" ||
        fail "not refused with '$1': $(cat "$flvd_log")"
    dismissed
}

# dismissed: the end of the manager.
dismissed() {
    exec 4>&-
    wait $manager_pid
    ! grep -E 'Sanitizer|runtime error:' "$flvd_log" >&2 ||
        fail "flvd reported an error"
}

plays() {
    bounded 60 "$TEST_TOOLS/rtmp_tags" -f clip.flv -e complete "$1"
}

# --- a flvd that cannot take sockets says so

if "$FLVD" --version | grep -q 'without libsystemd'; then
    manage -s rtmp -- clip.flv
    refused 'built without libsystemd' 1
    manage -- --listen 127.0.0.1:0 clip.flv
    echo start >&4
    wait_for_log 'cannot tell the service manager'
    dismissed
    exit 0
fi

# --- sockets are listeners, instead of the default one; it is told of all

manage -s rtmp -w 1 -- --once --listen 127.0.0.1:0 clip.flv
port=$(held_port)
echo start >&4
expect_event '^ready 1$'
held_url=rtmp://127.0.0.1:$port/vod/clip
expect_event '^rtmp' 2
grep '^rtmp' "$events" >urls
[ "$(wc -l <urls)" -eq 2 ] && [ "$(head -n 1 urls)" = "$held_url" ] ||
    fail "the URLs are $(cat urls)"
while read -r url; do
    plays "$url" || fail "$url does not play"
done <urls
expect_event '^notify WATCHDOG=1'
echo hup >&4
expect_event '^notify RELOADING=1 MONOTONIC_USEC=[0-9]'
expect_event '^ready 2$'
echo term >&4
expect_event '^notify STOPPING=1 EXTEND_TIMEOUT_USEC=10000000'
expect_event '^ended 1 0'

# The socket is still what it was: who comes now waits, and is served later.
plays "$held_url" >waited 2>&1 &
waiting=$!
echo start >&4
expect_event '^started 2'
wait $waiting || fail "who came while nothing ran: $(cat waited)"
# The same after a crash.
echo kill >&4
expect_event '^ended 2 -9'
plays "$held_url" >waited 2>&1 &
waiting=$!
echo start >&4
wait $waiting || fail "who came after the crash: $(cat waited)"
echo term >&4
expect_event '^ended 3 0'
dismissed

# --- without names, and in IPv6

manage -s - -- --once clip.flv
port=$(held_port)
echo start >&4
plays "rtmp://127.0.0.1:$port/vod/clip" || fail "without a name: no play"
expect_event '^rtmp'
[ "$(grep -c '^rtmp' "$events")" -eq 1 ] || fail "$(cat "$events")"
dismissed

if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null
then
    manage -s flvd.socket:tcp6 -- --once clip.flv
    port=$(held_port)
    echo start >&4
    expect_event "^rtmp://\\[::1\\]:$port/vod/clip"
    dismissed
fi

# --- a watchdog that never leaves it alone does not keep it from stopping

export WATCHDOG_USEC=1 NOTIFY_SOCKET=@flvd-test-nobody
start_flvd --once clip.flv
unset WATCHDOG_USEC NOTIFY_SOCKET
stop_flvd

# --- restarts, while players come and go: nobody is refused or broken off

# player NUMBER: plays again and again, until there is a file `enough'.
player() {
    played=0
    while [ ! -e enough ]; do
        plays "$held_url" >"player.$1.log" 2>&1 ||
            { cat "player.$1.log" >>broken; echo "broken" >>"player.$1"; }
        played=$((played + 1))
        echo "played $played" >>"player.$1"
    done
}

manage -s rtmp -- --once --drain 600 clip.flv
held_url=rtmp://127.0.0.1:$(held_port)/vod/clip
echo start >&4
player 1 &
player_1=$!
player 2 &
player_2=$!
for restart in 1 2 3 4 5; do
    wait_for_line 60 "^played $((restart * 4))\$" player.1 ||
        fail "the player does not go on: $(cat broken player.1.log)"
    expect_event "^ready $restart\$" # until then a signal ends it as it does any
    echo term >&4
    expect_event "^ended $restart 0"
    echo start >&4
done
wait_for_line 60 '^played 24$' player.1 || fail "the player does not go on"
touch enough
wait $player_1 $player_2
[ ! -e broken ] || fail "broken off or refused: $(cat broken)"
echo "played $(tail -n 1 player.1) and $(tail -n 1 player.2)"
expect_event '^ready 6$'
echo term >&4
expect_event '^ended 6 0'
dismissed

# --- one for --status, without the option

if ! "$FLVD" --version | grep -q 'no --status'; then
    manage -s rtmp -s status -- clip.flv
    echo start >&4
    expect_event READY=1
    wait_for_log 'status at http'
    status=$(sed -n 's/.* status at //p' "$flvd_log")
    [ "$(curl -sS "${status}healthz")" = ok ] || fail "$status does not answer"
    dismissed
fi

# --- what cannot be used is refused in one line

manage -s http -- clip.flv
refused "'http'" 1
manage -s rtmp:udp -- clip.flv
refused 'descriptor 3 is not of TCP' 1
manage -s rtmp:unix -- clip.flv
refused 'descriptor 3 is neither of IPv4' 1
manage -s rtmp -s rtmp:connected -- clip.flv
refused 'descriptor 4 does not listen' 1
manage -s rtmp:silent -- clip.flv
refused 'descriptor 3 does not listen' 1
manage -s rtmp:file -- clip.flv
refused 'descriptor 3 is no socket' 1
manage -s rtmps -- clip.flv
if "$FLVD" --version | grep -q 'without OpenSSL'; then
    refused 'built without OpenSSL' 2
    exit 0
fi
refused "'rtmps'.*--tls-cert" 2

# --- RTMPS by a socket

need openssl
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
    -days 2 -subj /CN=localhost 2>openssl.log || fail "$(cat openssl.log)"
manage -s rtmps -- --once --tls-cert cert.pem --tls-key key.pem clip.flv
port=$(held_port)
echo start >&4
expect_event "^rtmps://127.0.0.1:$port/vod/clip"
bounded 60 ffmpeg -nostdin -v error -y -i "rtmps://127.0.0.1:$port/vod/clip" \
    -c copy -f flv copy.flv || fail "RTMPS over a passed socket does not play"
expect_same_frames clip.flv copy.flv
dismissed
