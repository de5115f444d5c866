#!/bin/sh
# --proxy-protocol with a real HAProxy, as it comes with send-proxy,
# send-proxy-v2 and all that it can put into the latter, before RTMP and before
# TLS: the log shows the players' own addresses, rules go by these, its health
# checks leave no trace, and whoever is not named cannot make himself a proxy.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
need curl ffmpeg ffprobe haproxy python3
has_tls=true
! "$FLVD" --version | grep -q 'without OpenSSL' || has_tls=false
! $has_tls || need openssl

make_clip clip.flv 1
if $has_tls; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null ||
        fail "openssl cannot make a certificate"
    cat cert.pem key.pem >both.pem
fi

# start_behind NETWORK: a flvd whose proxies are there. Sets port and tls_port.
start_behind() {
    set -- --once --proxy-protocol "$1" --deny 127.0.0.66
    ! $has_tls || set -- "$@" --tls-listen 127.0.0.1:0 --tls-cert cert.pem \
        --tls-key key.pem
    start_flvd "$@" clip.flv
    ! $has_tls || {
        read -r tls_url <&3 || fail "no second URL"
        tls_port=${tls_url#rtmps://127.0.0.1:}
        tls_port=${tls_port%%/*}
    }
}

# --- HAProxy ---------------------------------------------------------------

# It inherits its listening sockets, so that their ports are nobody else's.
cat >listening.py <<'END'
import os, socket, sys
for number in range(int(sys.argv[1])):
    listener = socket.create_server(("127.0.0.1", 0))
    os.dup2(listener.fileno(), 10 + number)
    print(listener.getsockname()[1], flush=True)
os.execvp("haproxy", ["haproxy", "-db", "-f", "haproxy.cfg"])
END

# way NAME PORT BIND_OPTIONS SERVER_OPTIONS: one more way through HAProxy.
ways=0
way() {
    cat >>haproxy.cfg <<END
listen $1
    bind fd@$((10 + ways)) $3
    server flvd 127.0.0.1:$2 $4
END
    ways=$((ways + 1))
    echo "$1" >>names
}

begin_haproxy() {
    ways=0
    rm -f names ports
    cat >haproxy.cfg <<'END'
global
    log stderr format raw daemon
defaults
    mode tcp
    log global
    option log-health-checks
    unique-id-format %{+X}o\ %ci_%cp
    retries 0
    timeout connect 20s
    timeout client 60s
    timeout server 60s
END
}

# start_haproxy: leaves the port of each way in the file of its name.
start_haproxy() {
    mkfifo ports
    python3 listening.py $ways >ports 2>haproxy.log 3<&- &
    haproxy_pid=$!
    while read -r name; do
        read -r way_port <&4 || fail "HAProxy did not start: $(cat haproxy.log)"
        echo "$way_port" >"way.$name"
    done 4<ports <names
}

# stop_haproxy: at once, and with it all connections.
stop_haproxy() {
    kill -KILL "$haproxy_pid"
    wait "$haproxy_pid" 2>/dev/null
}

# through WAY SCHEME: the URL to play.
through() {
    echo "$2://127.0.0.1:$(cat "way.$1")/vod/clip"
}

# --- who is named ----------------------------------------------------------

checked='check inter 100ms fall 9999 rise 1'
start_behind 127.0.0.1
begin_haproxy
way v1 "$port" '' "send-proxy $checked"
way v2 "$port" '' "send-proxy-v2 $checked"
way bare-checks "$port" '' "send-proxy $checked port $port"
way forgotten "$port" '' ''
if $has_tls; then
    # TLS ends in HAProxy, which tells all about it; and in flvd
    way ended "$port" "ssl crt both.pem" "send-proxy-v2-ssl-cn $checked \
proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,authority,crc32c,unique-id"
    way passed "$tls_port" '' "send-proxy-v2 $checked"
    way passed-v1 "$tls_port" '' "send-proxy $checked check-ssl verify none"
fi
start_haproxy

# expect_play WAY SCHEME: all of it, as ffmpeg sees it.
expect_play() {
    bounded 60 ffmpeg -nostdin -v error -y -i "$(through "$1" "$2")" -c copy \
        copy.flv 2>errors || fail "through $1: $(cat errors)"
    expect_same_frames clip.flv copy.flv
}

# fetch WAY ADDRESS: what a player sees that comes from there.
fetch() {
    rm -f copy.flv
    bounded 60 curl -s --interface "$2" -o copy.flv "$(through "$1" rtmp)"
}

for name in v1 v2 bare-checks; do
    expect_play $name rtmp
done
if $has_tls; then
    expect_play ended rtmps
    expect_play passed rtmps
    expect_play passed-v1 rtmps
fi

# 127.0.0.2 is as much of this host as 127.0.0.1, but another address.
fetch v1 127.0.0.2 || fail "curl through v1"
expect_same_frames clip.flv copy.flv
wait_for_log '#[0-9]* 127\.0\.0\.2:[0-9]*: ended: peer [a-z]* the connection; '
fetch v2 127.0.0.3 || fail "curl through v2"
expect_same_frames clip.flv copy.flv
wait_for_log '#[0-9]* 127\.0\.0\.3:[0-9]*: ended: peer [a-z]* the connection; '

for name in v1 v2; do
    ! fetch $name 127.0.0.66 2>errors || fail "--deny lets 127.0.0.66 in"
    wait_for_log '127\.0\.0\.66:[0-9]*: ended: refused: --allow and --deny'
done

! fetch forgotten 127.0.0.2 2>errors || fail "no header is needed"
wait_for_log '127\.0\.0\.1:[0-9]*: ended: no PROXY header, '

# Each way was checked; of that the log says nothing.
while read -r name; do
    case $name in
    forgotten) ;;
    *) wait_for_line 20 "Health check for server $name/flvd succeeded" \
        haproxy.log || fail "no check of $name: $(cat haproxy.log)" ;;
    esac
done <names
stop_haproxy
stop_flvd
! grep -E 'health check|malformed|warning: #' "$flvd_log" ||
    fail "HAProxy's checks are in the log"
ended=$(grep -c ' ended: ' "$flvd_log")
want=8
! $has_tls || want=11
[ "$ended" -eq $want ] || fail "$ended connections are in the log, not $want"

# --- who is not ------------------------------------------------------------

start_behind 127.0.0.9
begin_haproxy
way v1 "$port" '' send-proxy
way v2 "$port" '' send-proxy-v2
! $has_tls || way passed "$tls_port" '' send-proxy
start_haproxy
for name in v1 v2; do
    ! fetch $name 127.0.0.2 2>errors || fail "anybody may be a proxy"
done
! $has_tls || ! bounded 60 ffprobe -v error "$(through passed rtmps)" 2>errors ||
    fail "anybody may be a proxy for TLS"
want=2
! $has_tls || want=3
stop_haproxy
stop_flvd
got=$(grep -c '127\.0\.0\.1:[0-9]*: ended: bad handshake: PROXY header, ' "$flvd_log")
[ "$got" -ge $want ] || fail "$got connections were told of their header"
! grep -F ' 127.0.0.2:' "$flvd_log" || fail "a header was believed"
