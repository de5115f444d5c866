#!/bin/sh
# The page of --status in a browser: charts are drawn and go on, who comes is
# shown, what peers say is text and nothing else, nothing is asked for elsewhere,
# and nothing but the charts takes scripts.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need chromium curl ffmpeg python3

! "$FLVD" --version | grep -q 'no --status' || exit 0

make_clip clip.flv 1
start_flvd --status 0 --lead 1 clip.flv
wait_for_log 'status at http'
status=$(sed -n 's/.* status at //p' "$flvd_log")

mkfifo commands answers
"$here/browser" requests console <commands >answers 2>browser.log 3<&- &
browser_pid=$!
exec 4>commands 5<answers

# browse COMMAND [ARGUMENT]...: what the browser says to it, in $said.
browse() {
    echo "$*" >&4
    read -r said <&5 || fail "the browser ended at '$*': $(cat browser.log)"
}

# expect_true WHAT EXPRESSION: sooner or later.
expect_true() {
    what=$1
    shift
    browse "until $*"
    [ "$said" = ok ] || {
        browse 'print document.body.innerText'
        fail "$what: $said"
    }
}

# --- with one viewer, and then another one, without loading it again

start_viewer clip.flv -r 100000
browse "open $status"
for chart in throughput viewers lateness; do
    expect_true "no chart of $chart" "(() => { const svg = document.getElementById('chart-$chart');" \
        "const curve = svg.querySelector('.curve');" \
        "return curve !== null && curve.getTotalLength() > 2 &&" \
        "/now [0-9]/.test(svg.getAttribute('aria-label')); })()"
done
browse "print document.querySelector('#chart-throughput .curve').getAttribute('d')"
before=$said
expect_true 'the chart does not go on' \
    "document.querySelector('#chart-throughput .curve').getAttribute('d') !== $before"
expect_true 'the viewer is not shown' \
    "document.querySelectorAll('#viewers tbody tr').length === 1 &&" \
    "document.title === 'flvd: 1 viewer'"
browse "print window.stays = 1"
start_viewer clip.flv -r 100000
expect_true 'the second viewer is not shown' \
    "document.querySelectorAll('#viewers tbody tr').length === 2 &&" \
    "document.title === 'flvd: 2 viewers' && window.stays === 1"
expect_true 'the URL is not there to be copied' \
    "document.querySelector('#urls code').textContent === '$url' &&" \
    "document.querySelector('#urls button').textContent === 'Copy'"

# --- what peers say

# says APPLICATION NAME: a peer that asks for this, and stays.
says() {
    "$TEST_TOOLS/rtmp_tags" -f clip.flv -r 100000 \
        "rtmp://127.0.0.1:$port/$1/$2" >/dev/null 2>&1 3<&- &
}
says '<img src=x onerror="window.hacked=1">' "'\"><script>window.hacked=1<%2Fscript>"
says "$(printf 'a\377\033[31m')" '</td></table><svg onload=window.hacked=1>'
expect_true 'the peers are not shown' \
    "document.querySelectorAll('#viewers tbody tr').length === 4"
expect_true 'what a peer says is not shown as it is' \
    "[...document.querySelectorAll('#viewers td.name')].some((cell) =>" \
    "cell.textContent.startsWith('<img src=x onerror=\"window.hacked=1\">/'))"
expect_true 'what is no text is not marked' \
    "[...document.querySelectorAll('#viewers td.name')].some((cell) =>" \
    "cell.textContent.startsWith('a\\uFFFD\\uFFFD[31m/'))"
expect_true 'something that a peer said is more than text' \
    "document.querySelectorAll('#viewers img, #viewers script, #viewers svg').length === 0 &&" \
    "window.hacked === undefined"

# --- it fits where there is little room, light or dark

for size in '360 640' '1280 800'; do
    for color in light dark; do
        browse "size $size"
        browse "color $color"
        expect_true "it does not fit into $size" \
            'document.documentElement.scrollWidth <= window.innerWidth'
    done
done

# --- nothing was asked for elsewhere, and no script complained

[ -s requests ] || fail "the browser asked for nothing"
! grep -v "^$status" requests || fail "something was asked for elsewhere"
[ ! -s console ] || fail "scripts complain: $(cat console)"

# --- without scripts

browse 'scripts off'
browse "open $status"
[ "$said" = ok ] || fail "it does not load without scripts"
browse 'scripts on' # to look at it; those of the page do not run any more
expect_true 'something is missing without scripts' \
    "document.querySelectorAll('#viewers tbody tr').length === 4 &&" \
    "document.querySelector('#urls code').textContent === '$url' &&" \
    "document.querySelector('.chart .curve') === null"

# --- flvd is gone: the page says so

browse "open $status"
expect_true 'the charts are not there again' \
    "document.querySelector('#chart-throughput .curve') !== null"
kill -TERM $flvd_pid
expect_flvd_end 0
expect_true 'the page does not say that flvd is gone' \
    "document.getElementById('lost').hidden === false"

exec 4>&-
wait $browser_pid || fail "the browser: $(cat browser.log)"
