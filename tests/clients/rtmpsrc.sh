#!/bin/sh
# GStreamer's rtmpsrc (librtmp): plays a film once and sees its end, seeks (for
# which it connects anew), pauses by not reading on, and plays on in a loop.
#
# It takes an end for one only when it comes between two blocks of `blocksize'
# bytes; within a block it delivers what it has, finds itself disconnected, and
# plays the film again from the beginning. A block of 1 byte has no middle.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/clients/lib_gst.sh
. "$(dirname "$0")/lib_gst.sh"
need_element rtmpsrc

make_clip clip.flv 1
serve --once clip.flv
launch rtmpsrc blocksize=1 "location=$url" ! filesink location=copy.flv
expect_all_sent clip.flv
expect_same_media clip.flv copy.flv
watch "rtmpsrc blocksize=1"
expect_player_end
expect_rising_pictures "$(count_frames v clip.flv)"
stop_flvd

# librtmp has a start, in milliseconds, and takes its words from the location.
make_clip parts.flv 3
serve --once parts.flv
launch rtmpsrc blocksize=1 "location=$url start=1500" ! filesink location=part.flv
said ' client play .* 1500$' || fail "no start: $(grep ' client play ' "$tap_log")"
frames_of parts.flv | awk '$2 >= 1000' | cut -d ' ' -f 1,3- >expected
frames_of part.flv | cut -d ' ' -f 1,3- | diff expected - >differences ||
    fail "not the part of the film: $(head differences)"
stop_flvd

# It announces a buffer of 30 s. In a shorter film it gets the end before its
# seek is heard, and believes it.
make_clip film.flv 60
serve --once film.flv
watch rtmpsrc
expect_played '^video 1'
echo 'seek 58500' >&8
wait_for_tap '^2 client seek null 58500'
expect_played '^video 59[0-9]* '
expect_landing film.flv
[ "$landing_ms" = 58000 ] || fail "the seek led to $landing_ms"
# What the decoder needs, but nobody asked to see, is not shown.
sed '1,/seek done/d' played | grep -m 1 '^video' | grep -q '^video 58500 ' ||
    fail "the seek has shown: $(grep -A 9 'seek done' played | xargs)"
leave
stop_flvd

make_large large.flv
large_last_ms=$(frames_of large.flv video | tail -n 1 | cut -d ' ' -f 2)
serve --once --lead 60 large.flv
watch rtmpsrc true "queue max-size-buffers=2 ! avdec_flv" paused # from the start: a slow machine would be late
expect_played 'state paused'
expect_quiet
! said 'Play.Stop' || fail "it has read all of the film while it was paused"
echo play >&8
expect_played "^video $large_last_ms "
expect_all_sent large.flv
expect_rising_pictures "$(count_frames v large.flv)"
leave
stop_flvd

serve clip.flv
watch rtmpsrc
expect_played '^video 2[5-9][0-9][0-9] '
expect_rising_pictures 51
leave
stop_flvd
