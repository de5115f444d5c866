# What the scripts of the bench share: complaints, a directory for their files,
# films, the servers, the records. Sourced by them, with `here' set to this
# directory, and flvd, tools and results to their arguments.
# shellcheck shell=sh disable=SC2154,SC2034

module=${NGINX_RTMP_MODULE:-/usr/lib/nginx/modules/ngx_rtmp_module.so}
PATH=$PATH:/usr/sbin:/sbin

say() {
    echo "bench: $*" >&2
}

die() {
    say "$@"
    exit 1
}

lacking=
command -v nginx >/dev/null || lacking="$lacking nginx"
[ -e "$module" ] || lacking="$lacking libnginx-mod-rtmp"
command -v ffmpeg >/dev/null || lacking="$lacking ffmpeg"
[ -z "$lacking" ] || die "this wants what is not installed; the Debian" \
    "package is called the same:$lacking"
[ -r /proc/self/schedstat ] ||
    die "this wants /proc/PID/schedstat (Linux with CONFIG_SCHED_INFO)"
most_files=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)

mkdir -p "$results"
work=$(mktemp -d)
chmod 755 "$work" # flvd does not stay root
sample=$work/sample.flv
"$here/../script/demo-film" >"$sample"
pids= # of the server that runs
# shellcheck disable=SC2329 # called by trap
clean_up() {
    # shellcheck disable=SC2086 # none or several
    kill $pids 2>/dev/null || :
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# await COMMAND...: for at most 5 s, until it succeeds.
await() {
    tries=100
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

warn_if_busy() {
    read -r busy _ </proc/loadavg
    case $busy in
    0.[0-4]*) ;;
    *) say "this machine is busy (load $busy): trust the ratios only" ;;
    esac
}

# --- films -----------------------------------------------------------------

# make_film NAME SECONDS WIDTHxHEIGHT FRAMES VIDEO_KBIT AUDIO_KBIT: at a constant
# rate, 20 s that are repeated without encoding them anew.
make_film() {
    ffmpeg -v error -y -f lavfi -i "testsrc2=size=$3:rate=$4" -f lavfi \
        -i sine=sample_rate=44100 -t 20 -pix_fmt yuv420p -c:v libx264 \
        -preset veryfast -b:v "$5k" -minrate "$5k" -maxrate "$5k" \
        -bufsize "$5k" -x264-params nal-hrd=cbr -g $((2 * $4)) -c:a aac \
        -b:a "$6k" "$work/part.flv"
    ffmpeg -v error -y -stream_loop $(($2 / 20)) -i "$work/part.flv" -c copy \
        -t "$2" "$work/$1.flv"
}

# make_film_of KBIT NAME SECONDS: 100 or 1000 kbit/s, sound included.
make_film_of() {
    case $1 in
    100) make_film "$2" "$3" 320x180 15 60 32 ;;
    1000) make_film "$2" "$3" 640x360 25 890 96 ;;
    esac
}

# --- servers ---------------------------------------------------------------

# start_flvd ARGUMENT...: leaves pids and url. Into a process that is locked down
# only root can look.
start_flvd() {
    [ "$(id -u)" -eq 0 ] || set -- --no-sandbox "$@"
    rm -f "$work/url"
    "$flvd" -q -l 127.0.0.1:0 "$@" >"$work/url" &
    pids=$!
    await [ -s "$work/url" ] || die "flvd did not start"
    url=$(cat "$work/url")
}

start_floor() {
    rm -f "$work/url"
    "$tools/floor" "$1" >"$work/url" &
    pids=$!
    await [ -s "$work/url" ] || die "the floor did not start"
    url=$(cat "$work/url")
}

# nginx takes no port 0. One below those that the kernel gives out by itself,
# tried anew if it is in use.
try_nginx() {
    nginx_port=$(awk -v seed="$1$$" 'BEGIN { srand(seed)
        print 20000 + int(rand() * 12000) }')
    user=
    [ "$(id -u)" -ne 0 ] || user='user root;'
    sed -e "s|@MODULE@|$module|" -e "s|@PORT@|$nginx_port|" \
        -e "s|@USER@|$user|" -e "s|@FILES@|$most_files|" \
        -e "s|@TUNING@|$2|" -e "s|@DIRECTORY@|$work|" \
        "$here/nginx.conf" >"$work/nginx.conf"
    nginx -e "$work/nginx.log" -p "$work" -c nginx.conf 2>>"$work/nginx.err" &
    pids=$!
}

# Ends when nginx has served the film, or itself has ended.
await_nginx() {
    while kill -0 "$pids" 2>/dev/null; do
        "$tools/viewer" "$url" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

# start_nginx FILM TUNING
start_nginx() {
    try=0
    until [ $try -gt 0 ] && await_nginx; do
        try=$((try + 1))
        [ $try -le 5 ] || {
            cat "$work/nginx.err" >&2
            die "nginx did not start"
        }
        try_nginx $try "$2"
        url=rtmp://127.0.0.1:$nginx_port/vod/$(basename "$1" .flv)
    done
    pids="$pids $(cat "/proc/$pids/task/$pids/children")"
}

# start_server NAME FILM [FLVD_ARGUMENT]...: leaves url, and pids, the first of
# which is our child. From three quarters of --max-clients on flvd defends
# itself against those who only knock.
start_server() {
    server=$1
    film=$work/$2.flv
    shift 2
    case $server in
    flvd) start_flvd --max-clients 40000 "$@" "$film" ;;
    flvd-open) start_flvd --no-sandbox --max-clients 40000 "$@" "$film" ;;
    floor) start_floor "$film" ;;
    nginx) start_nginx "$film" 'chunk_size 60000; buflen 3s;' ;;
    nginx-default) start_nginx "$film" '' ;;
    esac
}

stop_server() {
    kill "${pids%% *}"
    wait "${pids%% *}" 2>/dev/null || :
    pids=
}

# --- records ---------------------------------------------------------------

# start_records NAME: in $results, a line for each figure of each run.
start_records() {
    records=$results/$1.csv
    echo "server,case,viewers,figure,value" >"$records"
}

# note CASE VIEWERS: records the lines `FIGURE VALUE' that it reads.
note() {
    awk -v server="$server" -v case_name="$1" -v viewers="$2" 'NF == 2 {
        print server "," case_name "," viewers "," $1 "," $2 }' >>"$records"
}

# what_viewer_told FILE: each `WORD NUMBER' as a line of its own, with the name
# of its line before it.
what_viewer_told() {
    awk '$1 ~ /^(viewers|bytes)$/ { $0 = "- " $0 }
        NF > 2 { for (i = 2; i < NF; i += 2)
            print ($1 == "-" ? "" : $1 "_") $i, $(i + 1) }' "$1"
}
