#!/bin/sh
# Wireshark's dissector of RTMP finds nothing malformed in recorded sessions and
# in them every message that should be there.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg socat tshark text2pcap

# record CAPTURE COMMAND...: runs the command with the URL of a relay as its
# last argument, and writes what went over it as packets. Needs no privileges.
record() {
    capture=$1
    relay_log=$capture.log
    shift
    socat -d -d -x TCP-LISTEN:0,bind=127.0.0.1 "TCP:127.0.0.1:$port" \
        2>"$relay_log" &
    relay=$!
    wait_for_line 10 'listening on' "$relay_log" ||
        fail "socat: $(cat "$relay_log")"
    relay_port=$(sed -n 's/.* listening on .*://p' "$relay_log")
    "$@" "rtmp://127.0.0.1:$relay_port/vod/movie" ||
        fail "$1 over the relay: $?"
    wait $relay
    # "<" are flvd's bytes, "I" makes them come from the first port.
    awk '/^[<>] / {
            printf "%s\n0000", $1 == "<" ? "I" : "O"
            getline
            print $0 "\n"
        }' "$relay_log" >relay.hex
    text2pcap -q -D -T 1935,50000 relay.hex "$capture" >relay.out 2>&1 ||
        fail "text2pcap: $(cat relay.out)"
}

# dissect CAPTURE ARGUMENT...: with messages as large as RTMP allows.
dissect() {
    read_capture=$1
    shift
    tshark -r "$read_capture" -d tcp.port==1935,rtmpt \
        -o rtmpt.max_packet_size:16777215 "$@" 2>tshark.log ||
        fail "tshark: $(cat tshark.log)"
}

# types CAPTURE: message types as they came from flvd.
types() {
    dissect "$1" -Y tcp.srcport==1935 -T fields -e rtmpt.header.typeid |
        tr ',' '\n' | grep .
}

# expect_sound CAPTURE TAGS: nothing is wrong, and so many tags are there.
expect_sound() {
    wrong=$(dissect "$1" -Y '_ws.malformed || _ws.short ||
        (rtmpt && _ws.expert.severity >= "Warning")') || exit
    [ -z "$wrong" ] || fail "$1: $wrong"
    types "$1" >found.types
    ! grep -vx -e 0x01 -e 0x04 -e 0x05 -e 0x06 -e 0x08 -e 0x09 -e 0x12 -e 0x14 \
        found.types || fail "$1: message types that flvd should not send"
    tags=$(grep -cx -e 0x08 -e 0x09 found.types)
    [ "$tags" -eq "$2" ] || fail "$1: $tags tags were seen, not $2"
    dissect "$1" -T fields -e amf.string >found.text
    for text in connect NetConnection.Connect.Success createStream play \
        NetStream.Play.Reset NetStream.Play.Start onMetaData \
        NetStream.Play.Complete NetStream.Play.Stop; do
        grep -qw "$text" found.text || fail "$1: no $text"
    done
    echo "$1: $tags tags, nothing malformed"
}

play_with_ffmpeg() {
    bounded 20 ffmpeg -nostdin -v error -i "$1" -f null -
}

make_clip clip.flv 1
start_flvd --once clip.flv
record ffmpeg.pcapng play_with_ffmpeg
# Two decoder configurations and the end of the video are no packets to ffprobe.
packets=$(ffprobe -v error -show_entries packet=size -of csv=p=0 clip.flv |
    wc -l)
expect_sound ffmpeg.pcapng $((packets + 3))
stop_flvd

# Messages of several chunks, extended timestamps.
"$TEST_TOOLS/flv_make" >large.flv <<END
key 0 70000
audio 10 100
key 16777300 200000
audio 16777300 100
frame 16777340 140000
END
start_flvd --once large.flv
record large.pcapng bounded 20 "$TEST_TOOLS/rtmp_tags" -f large.flv -e complete
expect_sound large.pcapng 5
stop_flvd
