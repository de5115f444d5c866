#!/bin/sh
# GStreamer's rtmp2src: plays a film once and sees its end, pauses by not reading
# on, and plays on in a loop. It refuses to seek.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/clients/lib_gst.sh
. "$(dirname "$0")/lib_gst.sh"
need_element rtmp2src

make_clip clip.flv 1
serve --once clip.flv
launch rtmp2src "location=$url" ! filesink location=copy.flv
expect_all_sent clip.flv
expect_same_media clip.flv copy.flv
watch rtmp2src
expect_player_end
expect_rising_pictures "$(count_frames v clip.flv)"
stop_flvd

make_large large.flv
serve --once --lead 60 large.flv
watch rtmp2src true "queue max-size-buffers=2 ! avdec_flv" paused # from the start: a slow machine would be late
expect_played 'state paused'
expect_quiet
! said 'Play.Stop' || fail "it has read all of the film while it was paused"
echo play >&8
expect_player_end
expect_all_sent large.flv
expect_rising_pictures "$(count_frames v large.flv)"
stop_flvd

serve clip.flv
watch rtmp2src
expect_played '^video 2[5-9][0-9][0-9] '
expect_rising_pictures 51
echo 'seek 500' >&8
expect_played 'seek refused'
leave
stop_flvd
