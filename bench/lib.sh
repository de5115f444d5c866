# What the scripts of the bench share: complaints, a directory for their files,
# the two servers. Sourced by them, with `here' set to this directory.
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

work=$(mktemp -d)
sample=$work/sample.flv
"$here/../script/demo-film" >"$sample"
flvd_pid=
nginx_pid=
# shellcheck disable=SC2329 # called by trap
clean_up() {
    # shellcheck disable=SC2086 # none, one or two
    kill $flvd_pid $nginx_pid 2>/dev/null || :
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

# start_flvd ARGUMENT...: leaves flvd_pid and flvd_url.
start_flvd() {
    rm -f "$work/flvd.url"
    "$flvd" -q -l 127.0.0.1:0 "$@" >"$work/flvd.url" &
    flvd_pid=$!
    await [ -s "$work/flvd.url" ] || die "flvd did not start"
    flvd_url=$(cat "$work/flvd.url")
}

stop_flvd() {
    kill "$flvd_pid"
    wait "$flvd_pid" || :
    flvd_pid=
}

# nginx takes no port 0. One below those that the kernel gives out by itself,
# tried anew if it is in use.
try_nginx() {
    nginx_port=$(awk -v seed="$1$$" 'BEGIN { srand(seed)
        print 20000 + int(rand() * 12000) }')
    sed -e "s|@MODULE@|$module|" -e "s|@PORT@|$nginx_port|" \
        -e "s|@DIRECTORY@|$work|" "$here/nginx.conf" >"$work/nginx.conf"
    nginx -e "$work/nginx.log" -p "$work" -c nginx.conf 2>>"$work/nginx.err" &
    nginx_pid=$!
}

# await_nginx CLIENT NAME: ends when nginx has served it, or itself has ended.
await_nginx() {
    while kill -0 "$nginx_pid" 2>/dev/null; do
        "$1" "rtmp://127.0.0.1:$nginx_port/vod/$2" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

# start_nginx CLIENT NAME: leaves nginx_pid and nginx_port; serves all files of
# the work directory, which CLIENT has tried with NAME.
start_nginx() {
    try=1
    try_nginx $try
    until await_nginx "$1" "$2"; do
        try=$((try + 1))
        [ $try -le 5 ] || {
            cat "$work/nginx.err" >&2
            die "nginx did not start"
        }
        try_nginx $try
    done
}

# spent PID: what its threads have used up to now: CPU time in ns, voluntary
# context switches, and the time now in s.
spent() {
    cat "/proc/$1"/task/*/schedstat "/proc/$1"/task/*/status /proc/uptime |
        awk 'NF == 3 && /^[0-9 ]+$/ { cpu_ns += $1 }
             /^voluntary_ctxt_switches/ { switches += $2 }
             /^[0-9.]+ [0-9.]+$/ { now = $1 }
             END { printf "%.0f %.0f %.2f\n", cpu_ns, switches, now }'
}

warn_if_busy() {
    read -r busy _ </proc/loadavg
    case $busy in
    0.[0-4]*) ;;
    *) say "this machine is busy (load $busy): trust the ratios only" ;;
    esac
}

# row FIGURE FLVD NGINX: one line of a summary; NGINX may be `-'.
row() {
    awk -v figure="$1" -v flvd="$2" -v nginx="$3" 'BEGIN {
        if (nginx == "-") printf "%s,%.3f,-,-\n", figure, flvd
        else if (nginx == 0) printf "%s,%.3f,%.3f,-\n", figure, flvd, nginx
        else printf "%s,%.3f,%.3f,%.4f\n", figure, flvd, nginx, flvd / nginx }'
}

# print_table FILE: a summary for people.
print_table() {
    echo
    awk -F, '{ printf "%-48s %12s %12s %12s\n", $1, $2, $3, $4 }' "$1"
}
