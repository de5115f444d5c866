#!/bin/sh
# RTMPS: players see a film over TLS, with the certificate verified against a CA
# that they are told to trust; they refuse a wrong name and one that is over; who
# comes to the wrong port is told in the log; SIGHUP brings a new certificate.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg openssl
if "$FLVD" --version | grep -q 'without OpenSSL'; then
    "$FLVD" --demo --tls-listen 127.0.0.1:0 2>errors
    [ $? -eq 2 ] && grep -q 'built without OpenSSL' errors ||
        fail "without OpenSSL: $(cat errors)"
    exit 0
fi

# --- certificates ----------------------------------------------------------

# ca NAME: a CA, whose certificate is NAME.pem.
ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 2 2>/dev/null ||
        fail "openssl cannot make a CA"
}

# certificate FILE NAMES DAYS [REQ_ARGUMENT]...: FILE.pem, with its CA's
# certificate behind it, and FILE.key.
certificate() {
    made=$1 names=$2 days=$3
    shift 3
    [ $# -gt 0 ] || set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256
    {
        openssl req "$@" -nodes -keyout "$made.key" -out "$made.csr" \
            -subj "/O=$made" &&
            echo "subjectAltName=$names" >extensions &&
            openssl x509 -req -in "$made.csr" -CA ca.pem -CAkey ca.key \
                -CAcreateserial -days "$days" -extfile extensions \
                -out "$made.pem" && cat ca.pem >>"$made.pem"
    } 2>errors || fail "openssl cannot make a certificate: $(cat errors)"
}

ca ca
ca stranger
certificate good DNS:localhost,IP:127.0.0.1 1
certificate rsa DNS:rsa.test 1 -newkey rsa:2048
certificate old DNS:localhost,IP:127.0.0.1 -1
certificate other DNS:other.test 1
certificate short DNS:localhost 1 -newkey rsa:1024
make_clip clip.flv 1
chmod 644 ca.pem stranger.pem

# start_tls [ARGUMENT]...: flvd with a plain listener too. Sets tls_url and
# tls_port.
start_tls() {
    start_flvd --tls-listen 127.0.0.1:0 "$@" clip.flv
    read -r tls_url <&3 || fail "no second URL"
    case $tls_url in
    rtmps://127.0.0.1:*/vod/clip) ;;
    *) fail "the second URL is $tls_url" ;;
    esac
    tls_port=${tls_url#rtmps://127.0.0.1:}
    tls_port=${tls_port%%/*}
    tls_url=rtmps://localhost:$tls_port/vod/clip
}

# --- players ---------------------------------------------------------------

# An openssl.cnf that asks for less than security level 2 changes nothing.
cat >weak.cnf <<'END'
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = weak
[weak]
CipherString = ALL:@SECLEVEL=0
MinProtocol = TLSv1
END
OPENSSL_CONF=$work/weak.cnf
export OPENSSL_CONF
start_tls --once --tls-cert good.pem --tls-key good.key \
    --tls-cert rsa.pem --tls-key rsa.key
unset OPENSSL_CONF

wait_for_log 'kernel TLS' # or that there is none

# play_with_ffmpeg CA URL FILE
play_with_ffmpeg() {
    bounded 11 ffmpeg -nostdin -v error -y -tls_verify 1 -ca_file "$1" \
        -i "$2" -c copy "$3" 2>errors
}

play_with_ffmpeg ca.pem "$tls_url" copy.flv || fail "ffmpeg: $(cat errors)"
[ ! -s errors ] || fail "ffmpeg complains: $(cat errors)"
expect_same_frames clip.flv copy.flv
# The plain listener is still there.
bounded 11 ffmpeg -nostdin -v error -y -i "$url" -c copy plain.flv 2>errors ||
    fail "ffmpeg without TLS: $(cat errors)"
expect_same_frames clip.flv plain.flv
! play_with_ffmpeg stranger.pem "$tls_url" none.flv ||
    fail "ffmpeg takes a certificate of a CA that it does not know"

if command -v mpv >/dev/null; then
    bounded 11 mpv --no-config --really-quiet --tls-verify=yes \
        --tls-ca-file=ca.pem --ovc=rawvideo --oac=pcm_s16le --of=nut \
        --o=mpv.nut "$tls_url" >messages 2>&1 || fail "mpv: $(cat messages)"
    [ "$(count_frames v mpv.nut)" = "$(count_frames v clip.flv)" ] ||
        fail "mpv has not seen all frames"
fi

# play_with_vlc CA: VLC refuses root, and wants a place for its settings.
play_with_vlc() {
    as_nobody env HOME="$work/home" timeout --kill-after=5 15 cvlc -I dummy \
        --no-dbus --play-and-exit \
        --avio-options="{tls_verify=1,ca_file=$1}" --demux=dump \
        --demuxdump-file="$work/home/dump.flv" "$tls_url" >messages 2>&1
}

# expect_vlc_refuses CA TEXT: its exit status says nothing.
expect_vlc_refuses() {
    command -v cvlc >/dev/null || return 0
    rm -f home/dump.flv
    play_with_vlc "$work/$1"
    grep -q "$2" messages || fail "VLC says: $(cat messages)"
    [ ! -s home/dump.flv ] || fail "VLC takes what it should not: $2"
}

if command -v cvlc >/dev/null; then
    mkdir -m 777 home
    play_with_vlc "$work/ca.pem" || fail "VLC: $(cat messages)"
    expect_same_frames clip.flv home/dump.flv
    expect_vlc_refuses stranger.pem 'certificate'
fi

# librtmp with GnuTLS: any ticket of TLS 1.3 would end it. It does not verify,
# and takes a short film for incomplete (2).
if command -v rtmpdump >/dev/null; then
    bounded 11 rtmpdump -q -r "$tls_url" -o dump.flv 2>messages
    status=$?
    [ $status -eq 0 ] || [ $status -eq 2 ] ||
        fail "rtmpdump: $status $(cat messages)"
    expect_same_frames clip.flv dump.flv
fi

# GStreamer trusts what the system trusts: a file of its own over that.
if command -v gst-launch-1.0 >/dev/null && gst-inspect-1.0 rtmp2src >/dev/null
then
    export GST_REGISTRY="$work/registry"
    # shellcheck disable=SC2016
    if $is_root && unshare -m true 2>/dev/null &&
        [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        bounded 15 unshare -m sh -c '
            mount --bind ca.pem /etc/ssl/certs/ca-certificates.crt &&
            exec gst-launch-1.0 -q rtmp2src location="$0" \
                ! filesink location=gstreamer.flv' "$tls_url" \
            >messages 2>&1 || fail "GStreamer: $(cat messages)"
        expect_same_frames clip.flv gstreamer.flv
    fi
    ! bounded 15 gst-launch-1.0 -q rtmp2src location="$tls_url" ! fakesink \
        >messages 2>&1 || fail "GStreamer trusts a CA that it does not know"
    grep -q 'Unacceptable TLS certificate' messages ||
        fail "GStreamer says: $(cat messages)"
fi

# --- openssl s_client: versions, names -------------------------------------

# connect ARGUMENT...: a handshake that must succeed; messages has what it was.
connect() {
    bounded 10 openssl s_client -connect "127.0.0.1:$tls_port" -CAfile ca.pem \
        -verify_return_error "$@" </dev/null >messages 2>&1 ||
        fail "openssl s_client $*: $(cat messages)"
}

connect -tls1_3 -verify_hostname localhost
connect -tls1_2 -verify_hostname localhost -sess_out session
connect -tls1_2 -sess_in session
grep -q '^Reused, TLSv1.2' messages || fail "the ticket is not taken"
connect -servername rsa.test -verify_hostname rsa.test
connect -servername unknown.test -verify_hostname localhost
! bounded 10 openssl s_client -connect "127.0.0.1:$tls_port" -tls1_1 \
    -cipher DEFAULT@SECLEVEL=0 </dev/null >messages 2>&1 ||
    fail "TLS 1.1 is spoken"
wait_for_log 'TLS: unsupported protocol'
! bounded 10 openssl s_client -connect "127.0.0.1:$tls_port" -tls1_2 \
    -cipher DEFAULT@SECLEVEL=0 -sigalgs ECDSA+SHA1 </dev/null >messages 2>&1 ||
    fail "SHA-1 is good enough"
wait_for_log 'TLS: no shared signature algorithms'

# --- the wrong port --------------------------------------------------------

! bounded 10 ffprobe -v error "rtmp://127.0.0.1:$tls_port/vod/clip" \
    2>errors || fail "RTMP on the port of RTMPS"
wait_for_log 'ended: bad handshake: not TLS (rtmps://) on a port that wants it'
! bounded 10 ffprobe -v error "rtmps://127.0.0.1:$port/vod/clip" 2>errors ||
    fail "RTMPS on the port of RTMP"
wait_for_log 'ended: bad handshake: looks like TLS (rtmps://) on a port without'

# --- a new certificate -----------------------------------------------------

certificate good DNS:localhost,DNS:new.test 1
give_to_flvd good.key rsa.key
kill -HUP "$flvd_pid"
wait_for_log 'SIGHUP: the certificates were read again'
connect -servername new.test -verify_hostname new.test
cp good.key kept.key
echo nonsense >good.key
kill -HUP "$flvd_pid"
# That is an error of flvd's, which expect_flvd_end would take amiss.
wait_for_log 'SIGHUP: the certificates stay as they were: good.key holds no'
connect -servername new.test -verify_hostname new.test
cp kept.key good.key
sed -i '/the certificates stay as they were/d' "$flvd_log"
stop_flvd

# --- certificates that players must refuse ---------------------------------

start_tls --once --tls-cert old.pem --tls-key old.key
wait_for_log 'warning: the certificate old.pem is valid no more, since'
! play_with_ffmpeg ca.pem "$tls_url" none.flv ||
    fail "ffmpeg takes a certificate that is over"
grep -q 'certificate' errors || fail "ffmpeg says: $(cat errors)"
expect_vlc_refuses ca.pem 'certificate failed verification'
stop_flvd

start_tls --once --tls-cert other.pem --tls-key other.key
! play_with_ffmpeg ca.pem "$tls_url" none.flv ||
    fail "ffmpeg takes a certificate for another name"
grep -q 'does not match hostname' errors || fail "ffmpeg says: $(cat errors)"
expect_vlc_refuses ca.pem 'does not match hostname'
stop_flvd

# --- a file that is cut short under a viewer -------------------------------

make_clip film.flv 30
start_flvd --tls-listen 127.0.0.1:0 --tls-cert good.pem --tls-key good.key \
    --lead 1 film.flv
read -r tls_url <&3 || fail "no second URL"
bounded 20 ffmpeg -nostdin -v error -y -i "$tls_url" -c copy cut.flv \
    2>errors 3<&- &
viewer=$!
wait_for_line 20 . cut.flv || fail "the viewer gets nothing: $(cat errors)"
truncate -s 20000 film.flv
wait $viewer || fail "the viewer does not see the end: $(cat errors)"
stop_flvd

# --- what does not start ---------------------------------------------------

# expect_refusal TEXT ARGUMENT...
expect_refusal() {
    text=$1
    shift
    bounded 10 "$FLVD" --tls-listen 127.0.0.1:0 "$@" clip.flv >out 2>errors
    status=$?
    [ $status -eq 1 ] || fail "flvd $*: exit status $status"
    [ ! -s out ] && [ "$(wc -l <errors)" -eq 1 ] && grep -q "$text" errors ||
        fail "flvd $*: $(cat out errors)"
}

expect_refusal 'other.key is not that of the first certificate in good.pem' \
    --tls-cert good.pem --tls-key other.key
export OPENSSL_CONF="$work/weak.cnf"
expect_refusal 'the certificate short.pem cannot be used: ee key too small' \
    --tls-cert short.pem --tls-key short.key
unset OPENSSL_CONF
expect_refusal 'cannot read the private key none.key: No such file' \
    --tls-cert good.pem --tls-key none.key
exit 0
