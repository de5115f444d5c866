#!/bin/sh
# GStreamer's rtmp2src: it plays a file once and sees its end, and plays on in a
# loop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg gst-launch-1.0 gst-inspect-1.0
gst-inspect-1.0 rtmp2src >/dev/null || skip "GStreamer has no rtmp2src"

# Plugins are looked up in a place of its own.
export GST_REGISTRY="$work/registry"

# launch PIPELINE: ends with the end of the stream in all sinks.
launch() {
    # shellcheck disable=SC2086
    bounded 15 gst-launch-1.0 -q rtmp2src "location=$url" $1 \
        >messages 2>&1 || fail "GStreamer: $? $(tail -n 20 messages)"
}

# watch FRAMES AUDIO_FRAMES: demultiplexed, in real time; -1 for all.
watch() {
    printf '! flvdemux name=d '
    printf 'd.%s ! queue ! %s ! fakesink sync=true num-buffers=%d ' \
        video h264parse "$1" audio aacparse "$2"
}

make_clip clip.flv 1

start_flvd --once clip.flv
launch '! filesink location=copy.flv'
expect_same_frames clip.flv copy.flv
launch "$(watch -1 -1)"
stop_flvd

# 100 frames are four rounds. An end would look the same, but for the time.
start_flvd clip.flv
begin=$(now_ms)
launch "$(watch 100 172)"
took=$(($(now_ms) - begin))
[ $took -ge 3300 ] || fail "no more than $took ms of an endless loop"
stop_flvd
