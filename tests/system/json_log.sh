#!/bin/sh
# --log-format json: each line is one JSON object that says what the line of text
# would say, whatever peers ask for.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg python3
"$FLVD" --version | grep -q 'without jansson' && skip "flvd was built without jansson"

make_clip clip.flv 1

cat >judge.py <<'END'
import datetime, json, re, sys

def objects(path):
    for line in open(path, "rb"):
        assert line.endswith(b"\n") and line.isascii(), line
        yield json.loads(line, object_pairs_hook=no_twins)

def no_twins(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)

lines = list(objects(sys.argv[1]))
for line in lines:
    datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert line["level"] in ("error", "warning", "info", "debug"), line
    about = re.match(r"#(\d+) (\S+?): ", line["message"])
    if about:
        assert line["id"] == int(about[1]) and line["peer"] == about[2], line
ends = {line["id"]: line for line in lines if line.get("event") == "ended"}
begins = [line["id"] for line in lines if line.get("event") == "connected"]
viewers = [line for line in lines if line.get("event") == "viewer"]
totals = [line for line in lines if line.get("event") == "totals"]
assert begins == [1, 2, 3] and sorted(ends) == begins, (begins, ends)

first = ends[1]
assert (first["app"], first["name"]) == ("vod", "clip"), first
assert first["reason"] in ("peer_closed", "peer_reset") and first["skips"] == 0, first
text = r'ended: peer .*; app "vod", name "clip", (.*) s, %d bytes, %d tags$'
match = re.search(text % (first["bytes"], first["tags"]), first["message"])
assert abs(float(match[1]) - first["seconds"]) < 0.0015, first
assert first["tags"] > 50 and first["bytes"] > 1000, first

strange = ends[2]
assert strange["name"] == 'a"},{\\\ufffd\x1b[2J\u00fc?token=***', strange

idle = ends[3]
assert idle["name"] == "" and idle["bytes"] == 0, idle
assert idle["reason"] == "server_stops", idle
assert len(viewers) == 1 and len(totals) == 1, (viewers, totals)
viewer = viewers[0]
assert viewer["id"] == 3 and viewer["state"] == "idle", viewer
assert viewer["tls"] is False and viewer["peer"] == idle["peer"], viewer
assert totals[0]["sessions"] == 3 and totals[0]["connections"] == 1, totals
assert totals[0]["bytes"] == first["bytes"] + strange["bytes"], totals
END

start_flvd --verbose --once --log-format json clip.flv
"$TEST_TOOLS/rtmp_tags" -e complete -f clip.flv "$url" >/dev/null ||
    fail "clip.flv does not play"
wait_for_log '"event":"ended"'
strange=$(printf 'a"},{\\\377\033[2J\303\274?token=secret')
"$TEST_TOOLS/rtmp_tags" -e complete -f clip.flv "${url%/*}/$strange" >/dev/null ||
    fail "a strange name does not play"
wait_for_log '"id":2,.*"event":"ended"'
"$TEST_TOOLS/rtmp_tags" -i "$url" 2>/dev/null 3<&- &
wait_for_log '"message":"#3 .* connect to app'
kill -USR1 $flvd_pid
wait_for_log '"event":"totals"'
stop_flvd
python3 judge.py "$flvd_log" || fail "not such a log: $(cat "$flvd_log")"

# --- no other words, and none before it is used

! "$FLVD" --log-format xml clip.flv 2>fault || fail "xml was taken"
grep -qx "flvd: --log-format takes 'text' or 'json', not 'xml'" fault ||
    fail "not told: $(cat fault)"
