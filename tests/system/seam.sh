#!/bin/sh
# The built-in sample loops without a seam: in three rounds of it, decoded, no
# step between two frames is larger than elsewhere, and the sound has no click.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe

sample=$work/sample.flv
"$here/../../script/demo-film" >"$sample" || fail "no film"
round_ms=9600
round_samples=460800

# steps v|a FILE: the shortest and the longest way between two decoded frames,
# in ms, and the number of frames.
steps() {
    ffprobe -v error -select_streams "$1:0" -of csv=p=0 \
        -show_entries frame=best_effort_timestamp "$2" 2>>errors |
        awk -F, 'NR > 1 {
                     step = $1 - last
                     if (NR == 2 || step < least) least = step
                     if (NR == 2 || step > most) most = step
                 }
                 { last = $1 }
                 END { print least, most, NR }'
}

# roughness FILE: the largest second difference of the decoded sound within 2048
# samples of a seam, and elsewhere. A click is rough, a chord is not.
roughness() {
    ffmpeg -nostdin -v error -i "$1" -f s16le -ac 1 - 2>>errors |
        od -An -v -td2 -w2 |
        awk -v round=$round_samples '
            {
                bend = $1 - 2 * before + before_that
                if (bend < 0) bend = -bend
                place = (NR + 2048) % round
                if (NR > 4096) {
                    if (place < 4096) {
                        if (bend > seam) seam = bend
                    } else if (bend > elsewhere) elsewhere = bend
                }
                before_that = before
                before = $1
            }
            END { print seam + 0, elsewhere + 0, NR }'
}

start_flvd --demo
bounded 30 "$TEST_TOOLS/rtmp_tags" -f "$sample" -r 3 -P $round_ms -w three.flv \
    "$url" || fail "three rounds did not come as they should"
stop_flvd

: >errors
video=$(steps v three.flv)
sound=$(steps a three.flv)
rough=$(roughness three.flv)
echo "video: $video; sound: $sound; roughness: $rough"
[ ! -s errors ] || fail "decoding: $(cat errors)"
[ "$video" = "40 40 720" ] || fail "steps of video: $video"
[ "$sound" = "21 22 1350" ] || fail "steps of sound: $sound"
# shellcheck disable=SC2086
set -- $rough
[ "$3" -eq $((3 * round_samples)) ] || fail "$3 samples"
[ "$2" -gt 0 ] || fail "there is no sound"
[ "$1" -le "$2" ] || fail "the sound clicks: $1 at a seam, $2 elsewhere"
