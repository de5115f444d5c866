#!/bin/sh
# A file system that is taken away, as a disk or a share may be, while a film on
# it plays: who watches loses nothing, who comes is told so, and when it is back
# all is as before.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg nsenter unshare
$is_root || skip 'only root mounts'
unshare -m true 2>unshare.log || skip "no mounts here: $(cat unshare.log)"

# take_away, give_back: the file system, where flvd sees it.
take_away() {
    nsenter -t "$flvd_pid" -m umount -l "$work/media/disk" ||
        fail 'it is not taken away'
}
give_back() {
    nsenter -t "$flvd_pid" -m sh "$work/fill" || fail 'it is not given back'
}

# plays: what comes now is the whole film.
plays() {
    bounded 30 "$TEST_TOOLS/rtmp_tags" -f first.flv "$url" ||
        fail 'the film does not play'
}

make_clip first.flv 1
chmod 644 first.flv
mkdir -p media/disk
# The namespace is flvd's alone, and goes with it.
cat >fill <<EOF
mount -t tmpfs -o mode=755 none "$work/media/disk" &&
    cp "$work/first.flv" "$work/media/disk/movie.flv"
EOF
cat >wrapper <<'EOF'
. ./fill && exec "$@"
EOF
flvd_wrapper='unshare -m sh wrapper'

start_flvd --lead 0.5 media
url="${url%/}/disk/movie?loop=0"
start_viewer first.flv -b 500 -r 4
take_away
! bounded 30 "$TEST_TOOLS/rtmp_tags" -f first.flv "$url" 2>/dev/null ||
    fail 'a film that is not there plays'
wait_for_log 'cannot be played: there is no such'
give_back
plays
expect_viewer_end $viewer_pid
stop_flvd
