#!/bin/sh
# doc/scaling/kubernetes.yaml fits Kubernetes' own schema (manifest.py says what is
# looked at), and its container's command does what the manifest counts on, as a
# user without privileges in a file system that is read-only: it plays, is ready,
# and while it drains is not ready but alive.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need curl ffmpeg ffprobe setpriv
manifest=$here/../../doc/scaling/kubernetes.yaml
python=
for candidate in python3 /usr/bin/python3; do
    [ -n "$python" ] || ! $candidate -c 'import kubernetes, yaml' 2>/dev/null ||
        python=$candidate
done
[ -n "$python" ] || skip 'python3-kubernetes is not installed'

# --- the schema ------------------------------------------------------------

$python "$here/manifest.py" "$manifest" >arguments 2>faults ||
    fail "kubernetes.yaml: $(cat faults)"

# refused SED_SCRIPT PATTERN: with such a mistake in it it is not as it should be.
refused() {
    sed -e "$1" "$manifest" >mistaken.yaml
    ! cmp -s mistaken.yaml "$manifest" || fail "'$1' changes nothing"
    ! $python "$here/manifest.py" mistaken.yaml >out 2>faults ||
        fail "'$1' is taken"
    grep -q -e "$2" faults || fail "'$1': $(cat faults)"
}
refused 's/readinessProbe/readynessProbe/' "V1Container has no 'readynessProbe'"
refused 's/periodSeconds: 2/periodSeconds: two/' "'two' is no int"
refused 's/maxUnavailable: 1/maxUnavailable: {}/' 'is no object'
refused '/topologyKey/d' '`topology_key`, must not be `None`'
refused 's/type: LoadBalancer/type: Loadbalancer/' "'Loadbalancer' is none of"
refused 's/apps.v1$/apps\/v1beta1/' 'is not known here'
refused 's/memory: 4Gi/memory: 4Gb/' 'is no quantity'
refused 's/drop: .ALL./drop: ALL/' 'is no list'
refused 's/targetPort: rtmp/targetPort: rtmps/' 'are used, and there are'
refused 's/Seconds: 3630/Seconds: 3600/' 'would be killed while it drains'
refused 's|path: /metrics|path: /healthz|' 'would kill it'
refused 's|films.flvd$|films|; s|=/etc/flvd/keys|=/etc/keys|' '/etc/keys is in none'

# --- the command -----------------------------------------------------------

if "$FLVD" --version | grep -q 'without OpenSSL'; then exit 0; fi # no tokens
if "$FLVD" --version | grep -q 'without.*libmicrohttpd'; then exit 0; fi # no --status
mkdir films keys
make_clip films/film.flv 1
echo "k1:$(head -c 32 /dev/urandom | base64 -w 0)" >keys/keys
chmod 600 keys/keys
# The paths of the container are directories here, its ports free ones.
sed -e 's|=1935$|=127.0.0.1:0|' -e 's|=0.0.0.0:8080$|=127.0.0.1:0|' \
    -e "s|=/etc/flvd/|=$work/keys/|" -e "s|^/srv/films$|$work/films|" \
    arguments >here.arguments
if grep -E '=/etc|^/srv|1935|8080' here.arguments; then
    fail 'what is to be replaced in the command has changed'
fi
if $is_root; then
    chgrp 64222 keys/keys
    chmod 440 keys/keys
    cat >confined <<'END'
#!/bin/sh
# What securityContext asks for. The test's own paths are on the same file system.
mount --make-rprivate / && mount -o bind,remount,ro / 2>/dev/null ||
    mount -o remount,bind,ro /
exec setpriv --reuid 64222 --regid 64222 --clear-groups --no-new-privs \
    --bounding-set -all --inh-caps -all "$@"
END
    chmod 755 confined
    ! unshare -m true 2>/dev/null || flvd_wrapper="unshare -m ./confined"
fi
# shellcheck disable=SC2046 # a word a line
launch_flvd $(cat here.arguments)
read -r url <&3 || fail "flvd did not start: $(cat "$flvd_log")"
wait_for_log 'status at http://'
status=http://127.0.0.1:$(sed -n 's|.*status at http://[^/]*:\([0-9]*\)/.*|\1|p' "$flvd_log")
! grep -q 'keys can be read' "$flvd_log" || fail "the keys: $(cat "$flvd_log")"
query=$("$FLVD" --sign film --expires +600 --token-file keys/keys)
bounded 20 "$TEST_TOOLS/rtmp_tags" -f films/film.flv -e complete "${url}film?$query" ||
    fail "nothing plays"

if [ -n "$flvd_wrapper" ]; then
    grep -q '^Uid:.64222.64222' "/proc/$flvd_pid/status" &&
        grep -q '^CapEff:.0000000000000000' "/proc/$flvd_pid/status" &&
        grep -q ' / ro,' "/proc/$flvd_pid/mountinfo" || fail 'flvd is not confined'
fi

# answers CODE PATH: what a probe sees.
answers() {
    code=$(curl -s -m 20 -o answer -w '%{http_code}' "$status$2")
    [ "$code" = "$1" ] || fail "$2 answers $code, not $1: $(cat answer)"
}
ready=$(sed -n '/readinessProbe/,/path:/s/.*path: //p' "$manifest")
alive=$(sed -n '/livenessProbe/,/path:/s/.*path: //p' "$manifest")
answers 200 "$ready"
answers 200 "$alive"
url="${url}film?$query&loop=0"
start_viewer films/film.flv -r 1000 # somebody to wait for
kill -TERM "$flvd_pid"
wait_for_log 'may go on for'
answers 503 "$ready"
answers 200 "$alive"
kill "$viewer_pid"
expect_flvd_end 0
