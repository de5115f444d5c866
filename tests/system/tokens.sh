#!/bin/sh
# --token-file and --sign: openssl(1) makes the same tokens, real clients play
# with them in their URLs, and nobody plays or learns anything without.
# shellcheck disable=SC2015 # fail does not return
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe openssl

if "$FLVD" --version | grep -q 'without OpenSSL'; then
    for options in '--token-file keys movie.flv' \
        '--sign movie --expires 5 --token-file keys'; do
        # shellcheck disable=SC2086
        bounded 10 "$FLVD" $options >out 2>err
        [ $? -eq 2 ] && [ ! -s out ] && grep -q 'without OpenSSL' err ||
            fail "$options: $(cat out err)"
    done
    skip 'flvd was built without OpenSSL'
fi

mkdir media media/sub
make_clip media/movie.flv 1
cp media/movie.flv "media/sub/my film 100%.flv"
openssl rand -out key 32
hex=$(od -An -v -tx1 key | tr -d ' \n')
{
    echo "# made for a test"
    echo "k1:$(openssl base64 -A -in key)"
    echo "k2:$(openssl rand -base64 24)"
} >keys
chmod 600 keys
give_to_flvd keys

# sign NAME EXPIRES
sign() {
    bounded 10 "$FLVD" --sign "$1" --expires "$2" --token-file keys
}

# --- openssl makes the same

# by_openssl NAME EXPIRES
by_openssl() {
    mac=$(printf '%s\n%s' "$1" "$2" |
        openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary |
        openssl base64 -A | tr '+/' '-_' | tr -d '=')
    echo "expires=$2&token=k1.$mac"
}

for name in movie movie.flv mp4:movie.mp4 /movie movie.FLV; do
    [ "$(sign $name 4000000000)" = "$(by_openssl movie 4000000000)" ] ||
        fail "$name: $(sign $name 4000000000)"
done
[ "$(sign sub/my%20film%20100%25 4000000000)" = \
    "$(by_openssl 'sub/my film 100%' 4000000000)" ] || fail "sub/my film"
before=$(date +%s)
query=$(sign movie +100)
after=$(date +%s)
expires=${query#expires=}
expires=${expires%%&*}
[ "$expires" -ge $((before + 100)) ] && [ "$expires" -le $((after + 100)) ] ||
    fail "+100 at $before gives $query"
[ "$query" = "$(by_openssl movie "$expires")" ] || fail "+100: $query"

# --- what is wrong is said, and nothing is printed

# wrong STATUS PATTERN ARGUMENT...
wrong() {
    want=$1 pattern=$2
    shift 2
    bounded 10 "$FLVD" "$@" >out 2>err
    got=$?
    [ $got -eq "$want" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q -e "$pattern" err || fail "$*: $got, $(cat out err)"
}
wrong 2 '--expires' --sign movie --token-file keys
wrong 2 '--token-file' --sign movie --expires +5
wrong 2 "'soon'" --sign movie --expires soon --token-file keys
wrong 2 'media' --sign movie --expires +5 --token-file keys media
wrong 2 '--lead' --sign movie --expires +5 --token-file keys --lead 1
wrong 2 '"\.\." is in the name' --sign ../movie --expires +5 --token-file keys
wrong 2 '--sign' --expires +5 --token-file keys media
wrong 1 'none cannot be read: No such' --sign a --expires +5 --token-file none
wrong 1 'none cannot be read: No such' -l 127.0.0.1:0 --token-file none media
echo 'k1;AAAA' >bad
wrong 1 'bad, line 1' -l 127.0.0.1:0 --token-file bad media

# --- players

start_flvd -v --token-file keys media
base=rtmp://127.0.0.1:$port/vod
good=$(sign movie +600)
film=$(sign 'sub/my film 100%' +600)
old=$(sign movie 1000000000 2>/dev/null)

# plays COMMAND...: it gets all of the movie.
plays() {
    rm -f got.flv
    bounded 60 "$@" >client.log 2>&1 </dev/null
    status=$?
    # 2 is how rtmpdump says that the metadata has another duration.
    [ $status -eq 0 ] || [ "$1:$status" = rtmpdump:2 ] ||
        fail "$*: $status $(tail -n 5 client.log)"
    expect_same_frames media/movie.flv got.flv
}
plays ffmpeg -nostdin -v error -i "$base/movie?$good" -c copy -y got.flv
plays ffmpeg -nostdin -v error -i "$base/sub/my%20film%20100%25?$film" \
    -c copy -y got.flv
plays ffmpeg -nostdin -v error -i "$base/mp4:movie.mp4?$good&start=0" \
    -c copy -y got.flv
plays ffmpeg -nostdin -v error -rtmp_app vod -rtmp_playpath "movie?$good" \
    -i "rtmp://127.0.0.1:$port/" -c copy -y got.flv
if command -v rtmpdump >/dev/null; then
    plays rtmpdump -q -r "$base/movie?$good" -o got.flv
    plays rtmpdump -q -r "rtmp://127.0.0.1:$port" -a vod -y "movie?$good" \
        -o got.flv
fi
if command -v curl >/dev/null && curl --version | grep -q rtmp; then
    plays curl -sS -o got.flv "$base/movie?$good"
fi
if gst-inspect-1.0 rtmp2src >/dev/null 2>&1; then
    plays gst-launch-1.0 -q rtmp2src "location=$base/movie?$good" ! \
        filesink location=got.flv
fi
# refused URL: by ffprobe and rtmp_tags, and told in the log.
refused() {
    ! bounded 20 ffprobe -v error "$1" >out 2>&1 || fail "$1 plays"
    grep -q 'Cannot be played' out || fail "$1: $(cat out)"
}
lines=$(wc -l <"$flvd_log")
refused "$base/movie"
refused "$base/nothing"
refused "$base/movie?$old"
refused "$base/movie?$film"
refused "$base/movie?${good%?}"
refused "$base/sub/../movie?$film"
for why in 'a token is missing' 'has expired' 'not for this name and time' \
    'malformed'; do
    tail -n "+$lines" "$flvd_log" | grep -q "cannot be played: .*$why" ||
        fail "the log does not say: $why"
done

# --- SIGHUP

kill -HUP "$flvd_pid"
wait_for_log 'SIGHUP: the token file was read again'
plays ffmpeg -nostdin -v error -i "$base/movie?$good" -c copy -y got.flv
cp keys keys.kept
echo 'k1:nonsense?' >keys
kill -HUP "$flvd_pid"
wait_for_log 'flvd error: SIGHUP: the keys of tokens stay as they were: .*line 1'
plays ffmpeg -nostdin -v error -i "$base/movie?$good" -c copy -y got.flv
sed 1,2d keys.kept >keys # without k1
kill -HUP "$flvd_pid"
until [ "$(grep -c 'was read again' "$flvd_log")" -eq 2 ]; do
    wait_for_log 'was read again'
done
refused "$base/movie?$good"
wait_for_log 'key is not in the token file'
plays ffmpeg -nostdin -v error -i "$base/movie?$(sign movie +600)" -c copy \
    -y got.flv

# No token stands in the log, whatever was played and refused.
mac=${good#*token=k1.}
! grep -F "$mac" "$flvd_log" || fail "a token stands in the log"
! grep -E 'token(=|%3[Dd])[^*]' "$flvd_log" || fail "a token stands in the log"
grep -v 'flvd error: SIGHUP: the keys' "$flvd_log" >rest
mv rest "$flvd_log"
stop_flvd

# --- one FILE, and the sample, by their names; a file that others can read

chmod 644 keys
start_flvd --token-file keys --once media/movie.flv
bounded 20 "$TEST_TOOLS/rtmp_tags" -f media/movie.flv -e complete \
    "rtmp://127.0.0.1:$port/x/anything?$(sign movie +600)" ||
    fail "one FILE does not play"
refused "rtmp://127.0.0.1:$port/vod/other?$(sign other +600)"
wait_for_log 'keys can be read by everybody'
stop_flvd
start_flvd --token-file keys --demo
bounded 20 ffprobe -v error "$url?$(sign demo +600)" || fail "--demo"
refused "$url"
stop_flvd
