#!/bin/sh
# The units of the package: systemd takes them, also with the drop-ins of the
# manual, calls them well locked down, and what they start does what they say.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
debian=$here/../../debian
[ -e "$debian/flvd.service" ] || skip "this is a release: no debian/"
need ffmpeg systemd-analyze

# What systemd-analyze prints for the worst that is allowed, times ten.
worst_exposure=15

# Units where systemd looks first, which start the flvd that is tested.
mkdir units
export SYSTEMD_UNIT_PATH="$work/units:"
for unit in flvd.service flvd@.service flvd.socket; do
    sed "s,/usr/bin/flvd,$FLVD," "$debian/$unit" >"units/$unit"
done

# verified UNIT...
verified() {
    bounded 60 systemd-analyze verify --man=no "$@" >out 2>&1 && [ ! -s out ] ||
        fail "systemd finds fault with $*: $(cat out)"
}

# locked_down UNIT_FILE
locked_down() {
    bounded 60 systemd-analyze security --offline=true --no-pager \
        --threshold=$worst_exposure "$1" >out 2>&1 ||
        fail "$1 is exposed: $(cat out)"
    tail -n 1 out
}

# manual_unit FIRST_LINE: the literal text of the manual with this first line, or
# second, behind a comment.
manual_unit() {
    awk -v first="$1" '
        /^\.Bd -literal/ { text = ""; lines = 0; next }
        /^\.Ed/ { if (found) { printf "%s", text; exit }; next }
        { text = text $0 "\n"; lines++ }
        lines == 3 && $0 == first { found = 1 }
        lines == 2 && $0 == first { found = 1 }' "$here/../../man/flvd.1"
}

# --- as they are

verified flvd.service flvd@one.service flvd.socket
locked_down units/flvd.service
locked_down units/flvd@.service

# --- with what the manual says

mkdir units/flvd.service.d units/flvd.socket.d
manual_unit 'ProtectHome=tmpfs' >units/flvd.service.d/home.conf
manual_unit 'LoadCredential=cert.pem:/etc/ssl/example/fullchain.pem' \
    >units/flvd.service.d/credentials.conf
manual_unit 'ListenStream=' >units/flvd.socket.d/port.conf
manual_unit 'ListenStream=443' >units/flvd-tls.socket
for text in units/flvd.service.d/*.conf units/flvd.socket.d/*.conf \
    units/flvd-tls.socket; do
    grep -q '^\[S' "$text" || fail "the manual has nothing for $text"
done
verified flvd.service flvd.socket flvd-tls.socket
locked_down units/flvd.service
# A word that systemd does not know would be told.
echo 'ProtectHme=yes' >>units/flvd.service.d/home.conf
! bounded 60 systemd-analyze verify --man=no flvd.service >out 2>&1 ||
    [ -s out ] || fail "a mistake in a drop-in is not found"
rm -r units/flvd.service.d units/flvd.socket.d

# --- what is not to be lost

for unit in flvd.service flvd@.service; do
    for line in Type=notify 'RestartPreventExitStatus=1 2' TasksMax=infinity \
        LimitNPROC=infinity LimitNOFILE=524288 DynamicUser=yes; do
        grep -qx "$line" "units/$unit" || fail "$unit has no $line"
    done
done
diff units/flvd.service units/flvd@.service >out
[ "$(grep -c '^[<>]' out)" -eq 4 ] ||
    fail "the template differs in more than its names: $(cat out)"

# --- the command line that it starts, as a user without privileges

cp "$FLVD" flvd
[ "$(sed -n 's/^ExecStart=//p' "$debian/flvd.service")" = \
    '/usr/bin/flvd $FLVD_OPTIONS' ] || fail "another ExecStart= than is tested"
[ "$(sed -n 's/^EnvironmentFile=//p' "$debian/flvd.service")" = \
    -/etc/default/flvd ] || fail "another EnvironmentFile= than is tested"

# options_of FILE: what systemd makes of FLVD_OPTIONS in it: words, parted at
# blanks, quotes respected and removed; each on a line. The shell does the same
# with what is in these files.
options_of() {
    FLVD_OPTIONS=
    # shellcheck disable=SC1090
    . "$1"
    eval "set -- $FLVD_OPTIONS"
    [ $# -eq 0 ] || printf '%s\n' "$@"
}

# serve FILE: flvd with the options in FILE.
serve() {
    options_of "$1" >words
    set --
    while IFS= read -r word; do set -- "$@" "$word"; done <words
    as_nobody timeout 60 ./flvd "$@" >out 2>err </dev/null
}

# fails_with STATUS PATTERN FILE
fails_with() {
    serve "$3"
    status=$?
    [ $status -eq "$1" ] || fail "$3: exit status $status, not $1: $(cat err)"
    [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "$2" err ||
        fail "$3: not one line with '$2': $(cat out err)"
}

fails_with 2 'name the FLV files' "$debian/flvd.default"
echo "FLVD_OPTIONS='--lop 3 /srv/films'" >bad
fails_with 2 "'--lop'" ./bad
echo "FLVD_OPTIONS='--listen 99999 /srv/films'" >bad
fails_with 2 "'99999'" ./bad
echo "FLVD_OPTIONS='/nowhere/film.flv'" >bad
fails_with 1 '/nowhere/film.flv' ./bad

mkdir 'two words'
make_clip 'two words/film.flv' 1
$is_root && unprivileged="setpriv --reuid=nobody --regid=nogroup \
    --clear-groups --no-new-privs --bounding-set=-all" || unprivileged=
for example in '--listen 127.0.0.1:0 --once "two words"' \
    '--listen 127.0.0.1:0 --once --demo'; do
    echo "FLVD_OPTIONS='$example'" >good
    options_of ./good >words
    set --
    while IFS= read -r word; do set -- "$@" "$word"; done <words
    flvd_wrapper=$unprivileged
    built=$FLVD
    FLVD=$work/flvd
    launch_flvd "$@"
    FLVD=$built
    read -r url <&3 || fail "$example: no URL: $(cat "$flvd_log")"
    case $url in */) url=${url}film ;; esac
    bounded 60 ffmpeg -nostdin -v error -y -i "$url" -c copy -f flv copy.flv &&
        [ "$(count_frames v copy.flv)" -ge 25 ] ||
        fail "$example: $url does not play"
    stop_flvd
done
flvd_wrapper=

# --- it does nothing that the unit forbids

! grep -aq -e __asan_init -e __tsan_init "$FLVD" || exit 0 # these do more
strace -o /dev/null true 2>/dev/null || {
    echo 'strace cannot be used: not looked at what is called'
    exit 0
}

# filtered NAME...: the system calls in a SystemCallFilter=.
systemd-analyze syscall-filter >filters
filtered() {
    for name; do
        case $name in
        @*)
            # shellcheck disable=SC2046 # names
            filtered $(awk -v set="$name" '
                /^@/ { inside = $1 == set; next }
                inside && $1 !~ /^#/ { print $1 }' filters)
            ;;
        *) echo "$name" ;;
        esac
    done
}

allow=$(sed -n 's/^SystemCallFilter=\([^~]\)/\1/p' "$debian/flvd.service")
deny=$(sed -n 's/^SystemCallFilter=~//p' "$debian/flvd.service")
# shellcheck disable=SC2086 # names
filtered $allow | sort -u >allowed
# shellcheck disable=SC2086
filtered $deny | sort -u | comm -23 allowed - >permitted
grep -qx sendmsg permitted && ! grep -qx mount permitted ||
    fail "cannot tell what is permitted"

cp 'two words/film.flv' film.flv
# The unit's user has nothing to give up.
if $is_root; then
    flvd_wrapper="setsid strace -u nobody -D -f -o $work/trace"
else
    flvd_wrapper="setsid strace -D -f -o $work/trace"
fi
FLVD=$work/flvd
start_flvd --drain 10 --once film.flv
FLVD=$built
flvd_wrapper=
start_viewer film.flv -e complete
expect_viewer_end $viewer_pid
kill -HUP $flvd_pid
wait_for_log SIGHUP
start_viewer film.flv -e complete
kill -TERM $flvd_pid
wait $flvd_pid
expect_viewer_end $viewer_pid
wait_for_line 20 '+++ exited with' trace || fail 'strace does not end'
grep -Eo '^[0-9]+ +[a-z_0-9]+\(' trace | sed 's/^[0-9]* *//; s/($//' |
    sort -u >called
[ "$(wc -l <called)" -gt 20 ] && grep -qx accept4 called ||
    fail "strace saw nothing: $(cat called)"
forbidden=$(comm -23 called permitted)
[ -z "$forbidden" ] || fail "flvd calls what the unit forbids: $forbidden"
! grep -E 'mprotect\(.*PROT_EXEC|PROT_WRITE\|PROT_EXEC' trace ||
    fail 'MemoryDenyWriteExecute= would hurt'
! grep -E ' socket\(' trace | grep -vE 'AF_(INET6?|UNIX)' ||
    fail 'RestrictAddressFamilies= would hurt'
