#!/bin/sh
# Past one machine: doc/scaling/haproxy.cfg, with other addresses only, in front of
# three flvds that share their films and the keys of tokens. Viewers are spread;
# one machine is killed, and the viewers of the others see every byte, while who
# was on it comes back with start= to another one; a machine that drains gets
# nobody new; TLS ends in HAProxy or in flvd.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
need ffmpeg ffprobe haproxy openssl python3
if "$FLVD" --version | grep -q 'without OpenSSL'; then
    skip 'flvd was built without OpenSSL: no tokens, no TLS'
fi
if "$FLVD" --version | grep -q 'without libmicrohttpd'; then
    skip 'flvd was built without libmicrohttpd or jansson: no --status'
fi

# --- films, keys, certificates ---------------------------------------------

# The films are read-only, as they are where machines share them.
mkdir media
make_clip media/film.flv 12
make_clip media/long.flv 60
make_clip media/short.flv 1
chmod 444 media/*
echo "k1:$(openssl rand -base64 32)" >keys
chmod 600 keys

# certificate NAME: its own CA, too. NAME.pem and NAME.key, and both as one file.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 2 \
        -addext subjectAltName=DNS:localhost 2>/dev/null ||
        fail "openssl cannot make a certificate"
    cat "$1.pem" "$1.key" >"$1.both"
}
certificate of-haproxy
certificate of-flvd

# --- three machines --------------------------------------------------------

# start_machine NAME: leaves NAME.rtmp and NAME.rtmps, its addresses, NAME.status,
# the port of its status, NAME.pid and NAME.log.
start_machine() {
    start_flvd -v --tls-listen 127.0.0.1:0 --tls-cert of-flvd.pem \
        --tls-key of-flvd.key --proxy-protocol 127.0.0.1 \
        --status 127.0.0.1:0 --lead 1 --drain 600 --token-file keys media
    echo "127.0.0.1:$port" >"$1.rtmp"
    read -r url <&3 || fail "flvd has no second address"
    echo "$url" | sed 's|rtmps://\([^/]*\)/.*|\1|' >"$1.rtmps"
    wait_for_log 'status at http://'
    sed -n 's|.*status at http://[^/]*:\([0-9]*\)/.*|\1|p' "$flvd_log" >"$1.status"
    echo "$flvd_pid" >"$1.pid"
    ln -s "$flvd_log" "$1.log"
}
for machine in a b c; do start_machine $machine; done

# --- HAProxy ---------------------------------------------------------------

# Listening sockets that HAProxy inherits: no port is ever free for somebody else.
cat >listening.py <<'END'
import os, socket, sys
for number in range(3):
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    os.dup2(listener.fileno(), 10 + number)
    print(listener.getsockname()[1], flush=True)
os.execvp(sys.argv[1], sys.argv[1:])
END

# The file itself, but for addresses, paths, and what this machine has not: so
# many descriptors, and the user where nobody else may be become.
config=$here/../../doc/scaling/haproxy.cfg
sed -e 's|^\( *bind\) :1935$|\1 fd@10|' -e 's|^\( *bind\) :443 |\1 fd@11 |' \
    -e 's|^\( *bind\) :1936$|\1 fd@12|' -e "s|/etc/haproxy/flvd.pem|$work/of-haproxy.both|" \
    -e "s|/run/haproxy/admin.sock|$work/admin.sock|" \
    -e 's|^\( *log\) /dev/log |\1 stderr format raw |' \
    -e 's|^\( *maxconn\) 100000|\1 400|' -e 's| check port 8080| check|' \
    "$config" >haproxy.cfg
for machine in a b c; do
    sed -i -e "s|^\( *server $machine\) 192.0.2.1[1-3]:1935|\1 $(cat $machine.rtmp) port $(cat $machine.status)|" \
        -e "s|^\( *server $machine\) 192.0.2.1[1-3]:1936|\1 $(cat $machine.rtmps)|" haproxy.cfg
done
$is_root || sed -i '/^ *\(user\|group\) haproxy$/d' haproxy.cfg
! grep -v '^ *#' haproxy.cfg | grep -E '192\.0\.2|:1935|:1936|/etc/|/run/|8080' ||
    fail "what is to be replaced in haproxy.cfg has changed"

mkfifo ports
python3 listening.py haproxy -db -f haproxy.cfg >ports 2>haproxy.log 3<&- &
{
    read -r rtmp && read -r rtmps && read -r through
} <ports || fail "HAProxy did not start: $(cat haproxy.log)"
rtmp=rtmp://127.0.0.1:$rtmp/vod
rtmps=rtmps://localhost:$rtmps/vod
through=rtmps://localhost:$through/vod
for machine in a b c; do
    wait_for_line 20 "Health check for server flvd/$machine succeeded" haproxy.log ||
        fail "HAProxy did not ask how $machine is: $(cat haproxy.log)"
done

# --- viewers ---------------------------------------------------------------

# query NAME: that lets it be played; signed once, for any machine.
query() {
    "$FLVD" --sign "$1" --expires +3600 --token-file keys || fail "--sign $1"
}
film="film?$(query film)"
long="long?$(query long)"
short="short?$(query short)"

# start_ffmpeg VIEWER WHAT: copies it into VIEWER.flv; it has begun to when this
# returns. Leaves its number in VIEWER.pid.
start_ffmpeg() {
    ffmpeg -nostdin -v error -stats_period 0.1 -progress "$1.progress" \
        -i "$rtmp/$2&viewer=$1" -c copy -flush_packets 1 -y "$1.flv" \
        >"$1.errors" 2>&1 3<&- &
    echo $! >"$1.pid"
    wait_for_line 20 '^out_time=00:00:0' "$1.progress" ||
        fail "ffmpeg gets nothing: $(cat "$1.errors")"
}

# start_comparing VIEWER: one that compares each byte of the film.
start_comparing() {
    url="$rtmp/$film&viewer=$1"
    start_viewer media/film.flv -b 1000
    echo "$viewer_pid" >"$1.pid"
    ln -s "$viewer_log" "$1.said"
}

# start_staying VIEWER: the same round after round, until it is ended.
start_staying() {
    url="$rtmp/$film&loop=0&viewer=$1"
    start_viewer media/film.flv -b 1000 -r 1000
    echo "$viewer_pid" >"$1.pid"
    ln -s "$viewer_log" "$1.said"
}

# served VIEWER...: waits until a log says who serves each of them.
served() {
    for viewer; do
        rm -f lines
        mkfifo lines
        tail -q -n +1 -f a.log b.log c.log >lines 2>/dev/null &
        tail=$!
        bounded 20 grep -q -m 1 "play .*viewer=${viewer}[&\"]" <lines ||
            fail "nobody serves $viewer"
        kill $tail
        wait $tail 2>/dev/null
    done
}

# machine_of VIEWER
machine_of() {
    grep -l "play .*viewer=$1[&\"]" a.log b.log c.log | sed 's/\.log//'
}

# viewers_of MACHINE
viewers_of() {
    grep -o 'play .*viewer=[a-z0-9]*' "$1.log" | sed 's/.*viewer=//' | sort
}

# Each kind comes to three machines.
start_ffmpeg copy1 "$long"
start_ffmpeg copy2 "$film"
start_ffmpeg copy3 "$film"
for viewer in bytes1 bytes2 bytes3; do start_comparing $viewer; done
for viewer in stay1 stay2 stay3; do start_staying $viewer; done
served copy1 copy2 copy3 bytes1 bytes2 bytes3 stay1 stay2 stay3
for machine in a b c; do
    [ "$(viewers_of $machine | sed 's/.$//' | tr '\n' ' ')" = 'bytes copy stay ' ] ||
        fail "on $machine are $(viewers_of $machine)"
done

# Whoever has the fewest gets the next one, not whose turn it is.
emptied=$(machine_of stay2)
kill "$(cat stay2.pid)"
wait_for_line 20 " rtmp flvd/$emptied " haproxy.log || fail "HAProxy tells no end"
start_staying stay4
served stay4
[ "$(machine_of stay4)" = "$emptied" ] || fail "stay4 is not where stay2 was"

# --- a machine dies --------------------------------------------------------

wait_for_line 20 '^out_time=00:00:0[3-9]' copy1.progress ||
    fail "ffmpeg does not go on: $(cat copy1.errors)"
victim=$(machine_of copy1)
lost=$(viewers_of "$victim")
kill -KILL "$(cat "$victim.pid")"
wait "$(cat copy1.pid)" # whatever it makes of that

# packets FILE: what pictures are in it, into FILE.packets.
packets() {
    ffprobe -v error -select_streams v -show_data_hash md5 \
        -show_entries packet=data_hash -of csv=p=0 "$1" >"$1.packets" 2>errors
    [ -s "$1.packets" ] || fail "$1: $(cat errors)"
}
# Who was on it comes back at once, whether HAProxy knows yet or not, and goes on
# where it was, at a second's keyframe.
packets copy1.flv
seen=$(wc -l <copy1.flv.packets)
start_ffmpeg again "$long&start=$((seen / 25))&duration=2"
served again
[ "$(machine_of again)" != "$victim" ] || fail "who came back got the dead machine"
wait_for_line 20 "flvd/$victim is DOWN" haproxy.log || fail "HAProxy sees no death"

# --- another one drains ----------------------------------------------------

left=$(machine_of again)
draining=$(echo abc | tr -d "$victim$left")
kill -TERM "$(cat "$draining.pid")"
wait_for_line 20 'may go on for' "$draining.log" ||
    fail "$draining does not drain"
start_comparing new1 # perhaps before HAProxy knows
wait_for_line 20 "server flvd/$draining failed.*code: 503" haproxy.log ||
    fail "HAProxy does not see why $draining takes nobody: $(cat haproxy.log)"
wait_for_line 20 "flvd/$draining is DOWN" haproxy.log ||
    fail "HAProxy sees no draining: $(cat haproxy.log)"
for viewer in new2 new3 new4; do start_comparing $viewer; done
served new1 new2 new3 new4
for viewer in new1 new2 new3 new4; do
    [ "$(machine_of $viewer)" = "$left" ] || fail "$viewer is not on $left"
done

# --- those on machines that lived saw every byte ----------------------------

# is_lost VIEWER
is_lost() {
    echo "$lost" | grep -qx "$1"
}

for viewer in bytes1 bytes2 bytes3 new1 new2 new3 new4; do
    wait "$(cat $viewer.pid)"
    ended=$?
    if is_lost $viewer; then
        [ $ended -ne 0 ] || fail "$viewer saw its machine die, and all of the film"
    else
        [ $ended -eq 0 ] || fail "$viewer: $(cat $viewer.said)"
    fi
done
for viewer in copy2 copy3; do
    wait "$(cat $viewer.pid)" && [ ! -s $viewer.errors ] ||
        fail "$viewer: $(cat $viewer.errors)"
    expect_same_frames media/film.flv $viewer.flv
done
# What copy1 had, and what came after it, are the film without a gap.
wait "$(cat again.pid)" || fail "again: $(cat again.errors)"
packets again.flv
packets media/long.flv
head -n "$seen" media/long.flv.packets | cmp - copy1.flv.packets ||
    fail "what copy1 saw is not how the film begins"
tail -n +$((seen / 25 * 25 + 1)) media/long.flv.packets |
    head -n "$(wc -l <again.flv.packets)" | cmp - again.flv.packets ||
    fail "what again saw is not how the film goes on"
[ "$(wc -l <again.flv.packets)" -ge 50 ] || fail "again saw too little"

# The one that drains ends with the last viewer, who was not disturbed until now.
for viewer in stay1 stay3 stay4; do
    is_lost $viewer && continue
    ! grep -v '^playing' $viewer.said || fail "$viewer was disturbed"
    kill "$(cat $viewer.pid)" || fail "$viewer was ended"
done
wait "$(cat "$draining.pid")" || fail "$draining ended with $?"
flvd_log=$work/$left.log

# flvd knows viewers by their own addresses, which HAProxy logs; and nobody else
# was there, for a check is no connection.
for viewer in again new1 new2 new3 new4; do
    address=$(sed -n "s/.*info: #[0-9]* \([0-9.:]*\): ended: .*viewer=${viewer}[&\"].*/\1/p" \
        "$left.log")
    wait_for_line 20 "^$address .* rtmp flvd/$left " haproxy.log ||
        fail "$viewer is $address for flvd"
done
[ "$(cat a.log b.log c.log | grep -c ': connected')" -eq 15 ] ||
    fail "others than viewers were there: $(cat a.log b.log c.log | grep ': connected')"

# --- TLS, of HAProxy and of flvd, on the machine that is left ---------------

# play_over_tls CA URL
play_over_tls() {
    bounded 20 ffmpeg -nostdin -v error -y -tls_verify 1 -ca_file "$1.pem" \
        -i "$2/$short" -c copy tls.flv 2>errors
}
play_over_tls of-haproxy "$rtmps" || fail "TLS of HAProxy: $(cat errors)"
expect_same_frames media/short.flv tls.flv
play_over_tls of-flvd "$through" || fail "TLS of flvd: $(cat errors)"
expect_same_frames media/short.flv tls.flv
! play_over_tls of-flvd "$rtmps" || fail "the certificate of flvd ended TLS in HAProxy"
! play_over_tls of-haproxy "$through" || fail "the certificate of HAProxy was passed through"
# librtmp takes a ticket of TLS 1.3 for the end of the connection. 2 is how
# rtmpdump says that the metadata has another duration.
if command -v rtmpdump >/dev/null; then
    for url in "$rtmps/$short" "$through/$short"; do
        bounded 20 rtmpdump -q -r "$url" -o dump.flv 2>errors
        status=$?
        [ $status -eq 0 ] || [ $status -eq 2 ] || fail "rtmpdump: $status $(cat errors)"
        expect_same_frames media/short.flv dump.flv
    done
fi
