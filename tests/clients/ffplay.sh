#!/bin/sh
# ffplay, in a window, with the keys that its user presses: plays a film once
# and leaves at its end, seeks, pauses, and plays on in a loop.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffplay Xvfb xdotool

start_display
export SDL_AUDIODRIVER=dummy

# play: begins to; showinfo tells of each picture that it shows.
play() {
    : >messages
    timeout --kill-after=5 40 ffplay -hide_banner -nostats -autoexit -noframedrop \
        -window_title flvd -seek_interval 2 -vf showinfo "$url" \
        >>messages 2>&1 3<&- &
    player=$!
}

# press KEY: in its window, once that shows something.
press() {
    wait_for_line 20 ' n: *[0-9]* pts:' messages || fail "$(cat messages)"
    window=$(bounded 20 xdotool search --sync --onlyvisible --name '^flvd$' |
        head -n 1)
    xdotool key --window "$window" "$1" || fail "no key can be pressed"
}

expect_player_end() {
    wait $player || fail "ffplay: $? $(tail -n 20 messages)"
}

# shown: the times of the pictures that were shown, in seconds.
shown() {
    sed -n 's/.* n: *[0-9]* pts:.* pts_time:\([0-9.]*\) .*/\1/p' messages
}

make_clip clip.flv 9
make_clip short.flv 6
pictures=$(count_frames v short.flv)

# Plays to the end, paused on the way. Each frame has its own time, so that the
# rest is still to come when it is paused.
serve --once --lead 0 short.flv
play
press p
wait_for_tap 'client pause null true'
wait_for_tap 'Pause.Notify'
watch_beside
press p
wait_for_tap 'client pause null false'
expect_player_end
expect_silent_pause
said 'Unpause.Notify' || fail "no answer to the second p"
expect_all_sent short.flv
[ "$(shown | wc -l)" = "$pictures" ] ||
    fail "$(shown | wc -l) of $pictures pictures shown"
stop_flvd

# Two seconds on, and later back: ffplay goes to the keyframe.
serve --once clip.flv
play
press Right
wait_for_tap 'Seek.Notify'
wait_for_tap 'video [2-8]000 config'
expect_landing clip.flv
forward_ms=$landing_ms
[ "$forward_ms" -ge 2000 ] || fail "Right led to $forward_ms"
wait_for_line 20 "pts_time:$((forward_ms / 1000))\.[0-9]* " messages ||
    fail "the keyframe at $forward_ms is not shown: $(shown)"
: >messages
press Down # by a minute, so to the beginning
wait_for_tap 'client seek null [01]\?[0-9]\?[0-9]\?[0-9]$'
wait_for_line 20 'pts_time:0\.[3-9]' messages || fail "not shown: $(shown)"
press q
expect_player_end
expect_landing clip.flv 2
[ "$landing_ms" -lt "$forward_ms" ] || fail "Down led to $landing_ms"
stop_flvd

make_clip round.flv 1
serve round.flv
play
wait_for_line 20 'pts_time:2\.[5-9]' messages ||
    fail "it has not played on: $(shown | xargs)"
press q
expect_player_end
shown | awk 'NR > 1 && $1 <= last { exit 1 } { last = $1 }
    END { if (NR < 51 || last < 2.5) exit 1 }' || fail "shown: $(shown | xargs)"
stop_flvd
