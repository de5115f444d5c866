#!/bin/sh
# A peer that talks nonsense, stalls or vanishes ends its own session with a
# named reason; a viewer beside it loses nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg socat

session=0

# expect_reason REASON: why the next session in order has ended.
expect_reason() {
    session=$((session + 1))
    wait_for_log "#$session .* ended: $1;"
}

# peer: sends standard input and stops sending.
peer() {
    bounded 20 socat -t 20 - "TCP:127.0.0.1:$port" >/dev/null 2>&1
}

# lingering_peer: the same, but it never closes the connection.
lingering_peer() {
    bounded 20 socat -t 20 - "TCP:127.0.0.1:$port,shut-none" >/dev/null 2>&1
    [ $? -ne 124 ] || fail "flvd has not hung up"
}

# hands: C0, C1 and C2.
hands() {
    printf '\003'
    head -c 3072 /dev/zero
}

make_clip clip.flv 1
start_flvd --lead 1 --handshake-timeout 1 --idle-timeout 1 clip.flv

start_viewer clip.flv -e stop
beside=$viewer_pid
session=1

echo 'Is anybody there?' | peer
expect_reason 'bad handshake: not RTMP'
printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' | peer
expect_reason 'bad handshake: not RTMP'
peer </dev/null
expect_reason 'peer closed the connection'
hands | head -c 700 | peer
expect_reason 'peer closed the connection'

begin=$(now_ms)
lingering_peer </dev/null
expect_reason 'handshake timeout: no connect in time'
hands | head -c 700 | lingering_peer || exit
expect_reason 'handshake timeout: no connect in time'
hands | lingering_peer || exit
expect_reason 'handshake timeout: no connect in time'
took=$(($(now_ms) - begin))
[ $took -ge 3000 ] || fail "three timeouts of 1 s took $took ms"

# A chunk that continues nothing, a message that is too long, a command that is
# no AMF.
{ hands && printf '\377\377\377\377'; } | lingering_peer || exit
expect_reason 'malformed chunk'
{ hands && printf '\003\0\0\0\377\377\377\024\0\0\0\0'; } |
    lingering_peer || exit
expect_reason 'malformed chunk'
{ hands && printf '\003\0\0\0\0\0\004\024\0\0\0\0\377\377\377\377'; } |
    lingering_peer || exit
expect_reason 'malformed command'

bounded 20 "$TEST_TOOLS/rtmp_tags" -i "$url" || fail "an idle peer: $?"
expect_reason 'idle timeout'

# A publisher.
! bounded 20 ffmpeg -nostdin -v quiet -i clip.flv -c copy -f flv "$url" ||
    fail "flvd took a stream"
expect_reason 'peer .*'
wait_for_log "#$session .*publish was refused"

start_viewer clip.flv -r 1000
kill -KILL $viewer_pid
wait $viewer_pid
expect_reason 'peer [a-z ]*'

kill -0 $beside || fail "the viewer beside: $(cat viewer.1.log)"
stop_flvd
expect_viewer_end $beside
cat viewer.1.log

# One that stops reading in the middle of a large film.
{
    at=0
    while [ $at -lt 1000 ]; do
        echo "key $at 400000"
        at=$((at + 40))
    done
} | "$TEST_TOOLS/flv_make" >large.flv
start_flvd --stall-timeout 1 large.flv
start_viewer large.flv -r 1000
kill -STOP $viewer_pid
start_viewer large.flv -r 3
session=0
expect_reason 'stall timeout'
expect_viewer_end $viewer_pid
stop_flvd
