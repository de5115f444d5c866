# shellcheck shell=sh disable=SC2015,SC2034 # fail does not return
# What the tests of clients share, on top of tests/system/lib.sh. One script is
# one client, and looks at it from both ends: what it made of the stream (files,
# pictures, positions), and what it said and was sent, which a tap between it
# and flvd tells (tests/tools/rtmp_tap.c).
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"

tap_log=        # what passes between flvd and its clients
direct_url=     # past the tap

# serve [ARGUMENT]...: flvd with a tap before it; url leads through the tap.
serve() {
    start_flvd -v "$@"
    tap_log=$work/tap.$flvd_count.log
    "$TEST_TOOLS/rtmp_tap" "$port" >"$tap_log" 3<&- &
    wait_for_line 10 '^[0-9]*$' "$tap_log" || fail "the tap does not begin"
    direct_url=$url
    url=rtmp://127.0.0.1:$(head -n 1 "$tap_log")/${url#rtmp://*/}
}

# wait_for_tap PATTERN: until a message that passed matches.
wait_for_tap() {
    wait_for_line 20 "$1" "$tap_log" ||
        fail "no message like '$1': $(grep -v ' frame ' "$tap_log")"
}

# said PATTERN: whether a message that passed matches.
said() {
    grep -q -e "$1" "$tap_log"
}

# frames_of FILE [KIND]: its audio and video frames, a line each: type, time,
# key or frame, size, hash.
frames_of() {
    "$TEST_TOOLS/rtmp_tap" "$1" | grep -E "server ${2:-[a-z]+} [0-9]+ (key|frame) " |
        cut -d ' ' -f 3-
}

# sent_frames [CONNECTION]: the same of what flvd sent.
sent_frames() {
    grep -E "^${1:-1} server [a-z]+ [0-9]+ (key|frame) " "$tap_log" | cut -d ' ' -f 3-
}

# expect_all_sent FILE [CONNECTION]: each frame of it was sent once, in order,
# with its time. A play that was paused must not look different.
expect_all_sent() {
    frames_of "$1" >expected
    sent_frames "${2:-1}" >sent
    [ -s expected ] && diff expected sent >differences ||
        fail "what was sent is not $1: $(head -n 10 differences)"
}

# expect_same_media FILE COPY: the client wrote the frames as they are in FILE.
# Times are its own affair.
expect_same_media() {
    for kind in audio video; do
        frames_of "$1" $kind | cut -d ' ' -f 3- >expected
        frames_of "$2" $kind | cut -d ' ' -f 3- >copied
        [ -s expected ] && diff expected copied >differences ||
            fail "the $kind of $2 is not that of $1:" \
                "$(head -n 10 differences)"
    done
}

# expect_landing FILE [NUMBER]: the client's seek of that number (1) went to the
# keyframe at or before its target: nothing lies between flvd's answer and that
# keyframe but sequence headers, and it has its time. Sets landing_ms.
expect_landing() {
    frames_of "$1" video >film
    landing_ms=$(awk -v number="${2:-1}" '
        FILENAME == "film" { if ($3 == "key") key[$2] = $5; next }
        $2 == "client" && $3 == "seek" { target = $5 }
        / server onStatus null NetStream.Seek.Notify/ { seen++ }
        seen == number && $2 == "server" && $5 ~ /^(key|frame)$/ {
            best = -1
            for (time in key)
                if (time + 0 <= target && time + 0 > best) best = time + 0
            if (best >= 0 && $3 " " $4 " " $5 == "video " best " key" &&
                $7 == key[best])
                print best
            exit
        }' film "$tap_log")
    [ -n "$landing_ms" ] ||
        fail "a seek did not lead to its keyframe:" \
            "$(grep -A 12 ' client seek ' "$tap_log")"
}

# expect_silent_pause: while it was paused nothing was sent, though there was
# more to send.
expect_silent_pause() {
    result=$(awk '
        / server onStatus null NetStream.Pause.Notify/ { pauses++; paused = 1 }
        / client pause null false/ { paused = 0 }
        / server (audio|video) / { if (paused) in_it++; else after = pauses }
        END { print pauses + 0, in_it + 0, after + 0 }' "$tap_log")
    [ "$result" = "1 0 1" ] ||
        fail "pauses, frames sent in them, whether some came after: $result"
}

# watch_beside: somebody else watches half a second of it in real time.
watch_beside() {
    bounded 20 ffmpeg -nostdin -v error -re -i "$direct_url" -t 0.5 -f null - ||
        fail "the viewer beside: $?"
}

# expect_quiet: a client that pauses by not reading makes flvd stop sending, as
# soon as all buffers on the way are full.
expect_quiet() {
    before=-1
    quiet=0 # for so many viewers beside
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        now=$(wc -l <"$tap_log")
        if [ "$now" -eq "$before" ]; then quiet=$((quiet + 1)); else quiet=0; fi
        [ $quiet -lt 2 ] || return 0
        before=$now
        watch_beside
    done
    fail "it reads on while it is paused"
}

# start_display: where clients that have windows can show them.
start_display() {
    mkfifo display
    Xvfb -displayfd 7 -screen 0 1280x800x24 -nolisten tcp 7>display \
        2>xvfb.log 3<&- &
    read -r number <display || fail "Xvfb: $(cat xvfb.log)"
    export DISPLAY=":$number"
}

# make_large FILE: what fills all buffers on the way: 56 MB in two
# seconds. (A receive buffer alone may grow to 32 MB.)
make_large() {
    make_flv "$1" -f lavfi -i testsrc=size=800x600:rate=25 -t 2 \
        -vf noise=alls=100:allf=t -c:v flv -q:v 1 -g 25
}

# expect_rising FILE MINIMUM: the times of its video frames, in display order,
# only rise, and there are more than MINIMUM of them.
expect_rising() {
    result=$(ffprobe -v error -select_streams v:0 -of csv=p=0 \
        -show_entries frame=best_effort_timestamp "$1" |
        awk -F , '
            !/^[0-9]/ { next }
            frames++ > 0 && $1 + 0 <= last { back++ }
            { last = $1 + 0 }
            END { print frames + 0, back + 0 }')
    [ "${result% *}" -gt "$2" ] && [ "${result#* }" -eq 0 ] ||
        fail "frames, and steps back in them: $result"
}
