#!/bin/sh
# ffmpeg (its RTMP client is that of ffplay, ffprobe, mpv, VLC, MPlayer and OBS
# too): plays a film once and sees its end, seeks with -ss, and plays on in a
# loop. It has no pause.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe

quietly() {
    bounded 20 ffmpeg -nostdin -v error -y "$@" 2>errors ||
        fail "ffmpeg: $? $(cat errors)"
    [ ! -s errors ] || fail "ffmpeg complains: $(cat errors)"
}

make_clip clip.flv 4

# Exit status 0 also says that there was an end: a closed connection is an
# error to it.
serve --once clip.flv
quietly -i "$url" -c copy copy.flv
expect_all_sent clip.flv
expect_same_media clip.flv copy.flv
expect_same_frames clip.flv copy.flv
stop_flvd

serve --once clip.flv
quietly -ss 2.5 -noaccurate_seek -copyts -i "$url" -an -frames:v 1 -f framecrc \
    after.txt
expect_landing clip.flv
quietly -ss 2.5 -noaccurate_seek -copyts -i clip.flv -an -frames:v 1 \
    -f framecrc same.txt
[ "$landing_ms" = 2000 ] || fail "the seek led to $landing_ms"
cmp same.txt after.txt || fail "the picture is $(tail -n 1 after.txt)"
stop_flvd

make_clip round.flv 1
serve round.flv
quietly -i "$url" -t 4 -f null -
quietly -i "$url" -t 4 -c copy loop.flv
expect_rising loop.flv 75
stop_flvd
