#!/bin/sh
# flvd --check: what it says of each file, its exit status, its progress bar.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg mkfifo script stty

# check STATUS ARGUMENT...: the report is in `report`; nothing else is written.
check() {
    want_status=$1
    shift
    bounded 30 "$FLVD" --check "$@" >report 2>err </dev/null
    status=$?
    cat report
    [ $status -eq "$want_status" ] ||
        fail "--check $*: exit status $status: $(cat err)"
    [ ! -s err ] || fail "--check $*: on standard error: $(cat err)"
}

# said LINE...: these are all lines of the report.
said() {
    printf '%s\n' "$@" >want
    cmp -s want report || fail "not '$(cat want)'"
}

# --- sound files

make_clip good.flv 1
# What lies between two pipes cannot be patched at the end.
make_flv - -i good.flv -c copy | cat >piped.flv
tags=$(($(ffprobe -v error -show_entries packet=size -of csv=p=0 good.flv |
    wc -l) + 4)) # the metadata, two configurations, an end of sequence
check 0 good.flv
grep -Eqx "good\.flv: sound; $tags tags, 0:00:01\.[0-9]{3}, \
video H\.264, audio AAC" report || fail "a sound file, $tags tags"
check 0 piped.flv
grep -q '^piped\.flv: sound; ' report || fail "a piped file"
check 0 --quiet good.flv
[ ! -s report ] || fail "--quiet tells of a sound file"

# --- damaged ones

"$TEST_TOOLS/flv_make" >damaged.flv <<END
key 0 100
frame 40 100
garbage 50
key 80 100
frame 20080 100
END
head -c 500 damaged.flv >cut.flv
check 1 damaged.flv
said 'damaged.flv: offset 243: no tag here: 50 bytes are skipped' \
    'damaged.flv: offset 408: time jumps from 80 ms to 20080 ms' \
    'damaged.flv: offset 13: warning: there is no metadata (onMetaData)' \
    'damaged.flv: damaged, 2 faults, 1 warning; 4 tags, 0:00:20.120, video Sorenson H.263'
check 1 -q cut.flv
said 'cut.flv: offset 243: no tag here: 50 bytes are skipped' \
    'cut.flv: offset 408: tag of 100 bytes is cut short by the end of the file' \
    'cut.flv: offset 13: warning: there is no metadata (onMetaData)'

# A PreviousTagSize of 0, as many writers have it, harms nobody.
{
    printf 'FLV\1\1\0\0\0\11\0\0\0\0'
    printf '\11\0\0\2\0\0\0\0\0\0\0\22x\0\0\0\0'
    printf '\11\0\0\2\0\0\50\0\0\0\0\42x\0\0\0\0'
} >zero.flv
check 0 zero.flv
said 'zero.flv: offset 13: warning: there is no metadata (onMetaData)' \
    'zero.flv: offset 26: warning: PreviousTagSize is 0 instead of 13; 1 more like this' \
    'zero.flv: sound, 3 warnings; 2 tags, 0:00:00.080, video Sorenson H.263'

i=0
while [ $i -lt 10000 ]; do
    printf 'garbage 20\nkey %u 30\nkey %u 30\n' $i $i
    i=$((i + 1))
done | "$TEST_TOOLS/flv_make" >many.flv
check 1 many.flv
[ "$(wc -l <report)" -eq 103 ] || fail "10000 faults are $(wc -l <report) lines"
grep -q '^many\.flv: damaged, 10000 faults, ' report || fail "10000 faults"

# --- what is no FLV file

mkdir directory.flv
mkfifo fifo.flv
: >empty.flv
echo 'This is a text, not a film.' >text.flv
ffmpeg -nostdin -v error -y -i good.flv -c copy "it's a film.mp4"
name=$(printf 'a\nb\033[1m')
check 1 missing.flv directory.flv fifo.flv empty.flv text.flv \
    "it's a film.mp4" "$name" good.flv
tail -n 1 report | grep -q '^good.flv: sound; ' || fail "the last of many files"
sed -i '$d' report
said 'missing.flv: cannot be opened: No such file or directory' \
    'directory.flv: is a directory' \
    'fifo.flv: is a FIFO' \
    'empty.flv: is empty' \
    'text.flv: offset 0: is not FLV: it begins with the bytes 546869 (hexadecimal)' \
    "it's a film.mp4: offset 0: is an MP4 file, not FLV; this makes it playable: \
ffmpeg -i 'it'\\''s a film.mp4' -c copy 'it'\\''s a film.mp4.flv'" \
    'a\x0ab\x1b[1m: cannot be opened: No such file or directory'

if ! $is_root; then
    cp good.flv secret.flv && chmod 0 secret.flv
    check 1 secret.flv
    said 'secret.flv: cannot be opened: Permission denied'
fi
name=$(printf '%0300d' 0)
check 1 "$name"
said "$name: cannot be opened: File name too long"

# --- a report that cannot be written

"$FLVD" --check good.flv >/dev/full 2>err
status=$?
[ $status -eq 1 ] && [ "$(cat err)" = \
    'flvd: the report cannot be written: No space left on device' ] ||
    fail "a full disk: $status: $(cat err)"
mkfifo report.fifo
: <report.fifo &
exec 6>report.fifo
wait $!
"$FLVD" --check good.flv good.flv >&6 2>err
status=$?
exec 6>&-
[ $status -eq 1 ] && [ "$(cat err)" = \
    'flvd: the report cannot be written: Broken pipe' ] ||
    fail "a reader that has gone: $status: $(cat err)"

# --- the progress bar

# on_terminal COMMAND: what a terminal is sent, with each drawing on a line of
# its own; "^" stands for the escape character.
on_terminal() {
    # shellcheck disable=SC2016 # expanded by the shell in the terminal
    FLVD=$FLVD bounded 30 script -qec "stty cols 60; $1" /dev/null \
        </dev/null >typescript 2>&1
    status=$?
    tr '\r\033' '\n^' <typescript | tee screen
}

export TERM=xterm
on_terminal '"$FLVD" --check cut.flv good.flv'
[ $status -eq 1 ] || fail "on a terminal: exit status $status"
grep -q '\[1/2\] cut.flv .* 0%' screen || fail "no bar at the beginning"
grep -q '\[2/2\] good.flv .*\[=*\] 100%' screen || fail "no bar of 100 %"
grep -E '^\[[12]/2\]' screen | sed 's/\^\[K$//' >bars
! grep -Eq '^.{60}' bars || fail "a bar is as wide as the terminal"
# The report's lines stand alone: the bar was cleared before each.
grep -E '^(\^\[K)?(good|cut)\.flv: ' screen | sed 's/^^\[K//' >lines.seen
"$FLVD" --check cut.flv good.flv >lines.wanted
cmp lines.wanted lines.seen || fail "the report on a terminal"
tail -n 2 typescript | tr -d '\r\n' | grep -q 'audio AAC$' ||
    fail "something is left behind the report"

# The report elsewhere, the bar cleared.
on_terminal '"$FLVD" --check cut.flv good.flv >elsewhere'
cmp lines.wanted elsewhere || fail "the report beside a terminal"
[ "$(tail -n 1 screen)" = '^[K' ] || fail "the bar is left on the terminal"
grep -q ' 100%' screen || fail "no bar beside a report in a file"

for command in '"$FLVD" --check -q good.flv' \
    'TERM=dumb "$FLVD" --check good.flv' \
    '"$FLVD" --check good.flv 2>/dev/null'; do
    on_terminal "$command"
    [ $status -eq 0 ] || fail "$command: exit status $status"
    ! grep -q '[%^]' screen || fail "$command: a bar is drawn"
done
