# shellcheck shell=sh disable=SC2154 # work, here and url are of lib.sh
# What the tests of GStreamer's two RTMP sources share; read after lib.sh.

need ffmpeg gst-inspect-1.0 gst-launch-1.0
/usr/bin/python3 -c 'import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst' 2>/dev/null ||
    skip "Python has no bindings of GStreamer"

# Plugins are looked up in a place of its own.
export GST_REGISTRY="$work/registry"

need_element() {
    gst-inspect-1.0 "$1" >/dev/null || skip "GStreamer has no $1"
}

# launch PIPELINE...: ends with the end of the stream in all sinks.
launch() {
    bounded 40 gst-launch-1.0 -q "$@" >messages 2>&1 3<&- ||
        fail "GStreamer: $? $(tail -n 20 messages)"
    [ ! -s messages ] || fail "GStreamer complains: $(cat messages)"
}

# watch SOURCE [SYNC]: plays it under control, decoded, and in real time if SYNC
# is not false. What is written to descriptor 8 is a command.
watch() {
    rm -f commands
    mkfifo commands
    : >played
    # shellcheck disable=SC2086
    timeout --kill-after=5 40 /usr/bin/python3 "$here/gst_player" "$1 location=$url
        ! flvdemux name=d d.video ! ${3:-h264parse ! avdec_h264}
        ! fakesink name=video sync=${2:-true}" ${4:-} \
        <commands >played 2>messages 3<&- &
    player=$!
    exec 8>commands
}

expect_played() {
    wait_for_line 20 "$1" played ||
        fail "GStreamer has not come to $1: $(tail -n 20 played messages)"
}

expect_player_end() {
    wait $player || fail "GStreamer: $? $(tail -n 20 played messages)"
    exec 8>&-
    tail -n 1 played | grep -qx end || fail "no end: $(tail -n 20 played)"
}

# leave: the player has done what it should.
leave() {
    kill $player
    wait $player 2>/dev/null
    exec 8>&-
}

# expect_rising_pictures MINIMUM: the pictures came in order, each once.
expect_rising_pictures() {
    awk -v least="$1" '
        /^video / { if (n++ && $2 <= last) back++; last = $2 }
        END { if (n < least || back) { print n, back; exit 1 } }' played ||
        fail "pictures: $(grep ^video played | xargs)"
}
