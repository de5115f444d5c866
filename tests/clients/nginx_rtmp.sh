#!/bin/sh
# nginx-rtmp as a relay: pulls a film and gives it to a viewer of its own, passes
# on the end, and plays on in a loop. It has no seek and no pause, since what it
# relays is live to it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
need ffmpeg ffprobe nginx socat
module=/usr/lib/nginx/modules/ngx_rtmp_module.so
[ -e "$module" ] || skip "nginx has no RTMP module"

# start_nginx: pulls url when somebody plays relay_url. It has no way to tell a
# port of the kernel's choice, so that socat has the port.
start_nginx() {
    rm -f nginx.sock
    cat >nginx.conf <<END
load_module $module;
daemon off;
master_process off;
pid nginx.pid;
events {
    worker_connections 100;
}
rtmp {
    server {
        listen unix:$work/nginx.sock;
        application live {
            live on;
            publish_notify on;
            pull $url name=film;
        }
    }
}
END
    nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.log" \
        2>nginx.err 3<&- &
    nginx=$!
    socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork \
        UNIX-CONNECT:nginx.sock,retry=100,interval=0.1 2>relay.log 3<&- &
    socat=$!
    wait_for_line 20 'listening on' relay.log || fail "socat: $(cat relay.log)"
    relay_port=$(sed -n 's/.* listening on .*://p' relay.log)
    relay_url=rtmp://127.0.0.1:$relay_port/live/film
}

stop_nginx() {
    kill $socat $nginx
    wait $nginx || fail "nginx: $? $(cat nginx.err nginx.log)"
    wait $socat
}

watch() {
    bounded 20 ffmpeg -nostdin -v error -y -i "$relay_url" "$@" 2>errors ||
        fail "ffmpeg: $? $(cat errors nginx.err nginx.log)"
    [ ! -s errors ] || fail "ffmpeg complains: $(cat errors)"
}

# flvd's StreamEOF is the end of the live stream, of which viewers hear with
# publish_notify.
make_clip film.flv 4
serve --once film.flv
start_nginx
watch -c copy copy.flv
expect_all_sent film.flv
expect_same_media film.flv copy.flv
expect_same_frames film.flv copy.flv
stop_nginx
stop_flvd

make_clip round.flv 1
serve round.flv
start_nginx
watch -t 4 -c copy loop.flv
expect_rising loop.flv 75
stop_nginx
stop_flvd
