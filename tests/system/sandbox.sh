#!/bin/sh
# flvd under its sandbox: what the kernel says of it, that it serves what it
# should, also what came later, and nothing else; and, as root, whom it becomes
# and what that user may not read.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg openssl

# plays FILE [URL]: what is played is FILE, to its end.
plays() {
    bounded 30 "$TEST_TOOLS/rtmp_tags" -f "$1" "${2:-$url}" ||
        fail "${2:-$url} does not play $1"
}

# refused URL: it is not played, and the log says why with $reason.
refused() {
    ! bounded 30 "$TEST_TOOLS/rtmp_tags" -f first.flv "$1" 2>/dev/null ||
        fail "$1 plays"
    wait_for_log "cannot be played: .*$reason"
}

# has_status NAME VALUE: in the status that the kernel gives of flvd.
has_status() {
    grep -Eq "^$1:[[:blank:]]+$2" "/proc/$flvd_pid/status" ||
        fail "not $1 $2 but $(grep "^$1:" "/proc/$flvd_pid/status")"
}

make_clip first.flv 1
# shellcheck disable=SC2086
make_flv second.flv $audio_source -t 1 -c:a libmp3lame
chmod 644 first.flv second.flv
mkdir media folder far
cp first.flv media/movie.flv
cp first.flv folder/film.flv
cp first.flv far/target.flv
cp second.flv far/other.flv
ln -s far/target.flv link.flv
own_user=$(id -un)
! $is_root || own_user=nobody

# --- what is in force

flvd_wrapper=setsid # SIGHUP is to be heard, not to stop it
start_flvd --once media folder/film.flv
base=${url%/}
if is_instrumented; then
    wait_for_log "info: not locked down, as --no-sandbox says: user $own_user\$"
else
    wait_for_log "info: locked down: user $own_user, no new privileges, no cap"
    ! grep ' warning: ' "$flvd_log" || fail 'something is missing here'
    has_status NoNewPrivs 1
    has_status Seccomp 2
    # Nobody of that user can look into it.
    ! as_nobody cat "/proc/$flvd_pid/environ" >environ 2>&1 ||
        fail 'another process can look into it'
    ! as_nobody ls "/proc/$flvd_pid/fd" >fds 2>&1 ||
        fail 'another process can see what it has open'
    for task in "/proc/$flvd_pid/task"/*; do
        grep -Eq '^Seccomp:[[:blank:]]+2' "$task/status" ||
            fail "a thread goes its own ways: $(cat "$task/status")"
    done
fi
if $is_root; then
    has_status Uid '65534[[:blank:]]65534[[:blank:]]65534[[:blank:]]65534$'
    has_status Groups '65534 *$'
    has_status CapEff 0000000000000000
    has_status CapPrm 0000000000000000
fi

# --- it serves, whatever becomes of the files

plays first.flv "$base/film"
plays first.flv "$base/movie"
bounded 30 "$TEST_TOOLS/rtmp_tags" -f first.flv -k 500 "$base/movie" ||
    fail 'a seek'
cp second.flv next.flv && mv next.flv media/movie.flv
plays second.flv "$base/movie"
cp second.flv next.flv && mv next.flv folder/film.flv
plays second.flv "$base/film"
mkdir media/new && cp first.flv media/new/name.flv
plays first.flv "$base/new/name"
kill -HUP "$flvd_pid"
wait_for_log 'SIGHUP: what was known of files was dropped'
plays second.flv "$base/film"
plays first.flv "$base/new/name"
reason='there is no such'
refused "$base/link"
ln -s ../link.flv media/link.flv
reason='leads out'
refused "$base/link"
! grep 'was refused' "$flvd_log" || fail 'something that is needed was refused'
stop_flvd

# --- a link is followed to where it led at the start

start_flvd --once link.flv
plays first.flv
cp second.flv next.flv && mv next.flv far/target.flv
plays second.flv
ln -s far/other.flv next.flv && mv -T next.flv link.flv
plays second.flv
if ! is_instrumented; then
    ln -s /proc/self/environ next.flv && mv -T next.flv link.flv
    reason='Permission denied'
    refused "$url"
fi
stop_flvd

# --- --no-sandbox

start_flvd --no-sandbox --once media
wait_for_log "info: not locked down, as --no-sandbox says: user $own_user\$"
has_status Seccomp 0
has_status NoNewPrivs 0
plays second.flv "${url%/}/movie"
stop_flvd

# --- users that cannot be

# refused_start STATUS PATTERN ARGUMENT...: one line, nothing served.
refused_start() {
    want=$1
    pattern=$2
    shift 2
    "$@" >out 2>err </dev/null
    status=$?
    [ $status -eq "$want" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q "^flvd: $pattern" err || fail "$*: $status $(cat out err)"
}

refused_start 2 "--user: there is no user called 'no-such-user' here" \
    bounded 10 "$FLVD" -l 127.0.0.1:0 --user no-such-user --demo
cp "$FLVD" flvd && chmod 755 flvd # where nobody may have a look
refused_start 2 "--user: only root can become another user, such as 'root'" \
    as_nobody timeout 10 ./flvd -l 127.0.0.1:0 --user root --demo

$is_root || exit 0

# --- files that are root's alone

cp first.flv secret.flv && chmod 600 secret.flv
start_flvd --once secret.flv
wait_for_log 'secret.flv: is served as it is now, but what replaces it would not'
plays first.flv
cp second.flv next.flv && chmod 600 next.flv && mv next.flv secret.flv
plays first.flv
kill -HUP "$flvd_pid"
wait_for_log 'secret.flv: cannot be opened again, and is served as it was: Perm'
plays first.flv
chmod 644 secret.flv
plays second.flv
stop_flvd

start_flvd --user root --once secret.flv
wait_for_log 'user root'
has_status Uid '0[[:blank:]]0'
is_instrumented || has_status CapEff 0000000000000000
plays second.flv
stop_flvd

start_flvd --user 12345 --once first.flv
has_status Uid '12345[[:blank:]]12345[[:blank:]]12345'
has_status Groups ' *$'
plays first.flv
stop_flvd

mkdir private && chmod 700 private && cp first.flv private/
refused_start 1 'private: cannot be read by the user nobody (see --user): Permission denied' \
    bounded 10 "$FLVD" -l 127.0.0.1:0 private
chmod 755 private
start_flvd --once private
plays first.flv "${url%/}/first"
stop_flvd

mkdir -p hidden/films && cp first.flv hidden/films && chmod 700 hidden
start_flvd --once hidden/films
wait_for_log 'films: is served, but not what may take its place: the user nobody could .*Permission'
plays first.flv "${url%/}/first"
kill -HUP "$flvd_pid"
wait_for_log 'films: cannot be opened again, and is served as it was: Perm'
plays first.flv "${url%/}/first"
stop_flvd

# --- a key that is root's alone is read at the start only

openssl rand -base64 32 | sed 's/^/k1:/' >keys
chmod 600 keys
start_flvd --once --token-file keys first.flv
wait_for_log 'warning: keys: was read, but SIGHUP will not read it again: the user nobody .*Permission d'
query=$(bounded 10 "$FLVD" --sign first --expires +600 --token-file keys)
kill -HUP "$flvd_pid"
wait_for_log 'error: SIGHUP: the keys of tokens stay as they were: .*Permission d'
plays first.flv "$url?$query"
sed -i '/the keys of tokens stay as they were/d' "$flvd_log"
stop_flvd

chmod 644 keys
start_flvd --once --token-file keys first.flv
! grep 'will not read it again' "$flvd_log" || fail 'it can be read again'
stop_flvd
