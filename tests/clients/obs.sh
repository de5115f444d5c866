#!/bin/sh
# OBS Studio's media source, recorded by OBS in a display that nobody sees: plays
# a film, over the seams of its rounds, and sees its end. With input from the
# network it offers neither seek nor pause.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
need ffmpeg ffprobe obs Xvfb xdotool

# 100 pictures in four rounds, no two of them alike.
# shellcheck disable=SC2086
make_flv round.flv $video_source $audio_source -t 1 -vf noise=alls=100:allf=t \
    -pix_fmt yuv420p -c:v libx264 -preset fast -g 25 -c:a aac
serve --loop 4 round.flv

start_display
export HOME="$work/home" XDG_RUNTIME_DIR="$work/run"
settings=$HOME/.config/obs-studio
mkdir -p "$settings/basic/profiles/test" "$settings/basic/scenes"
mkdir -m 700 "$XDG_RUNTIME_DIR"

# Without these it asks whoever runs it for the first time.
cat >"$settings/global.ini" <<END
[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false
[Basic]
Profile=test
ProfileDir=test
SceneCollection=test
SceneCollectionFile=test
END
cat >"$settings/basic/profiles/test/basic.ini" <<END
[General]
Name=test
[Output]
Mode=Simple
[SimpleOutput]
FilePath=$work/home
RecFormat=mkv
RecQuality=Small
RecEncoder=x264
[Video]
BaseCX=160
BaseCY=120
OutputCX=160
OutputCY=120
END
cat >"$settings/basic/scenes/test.json" <<END
{
    "name": "test",
    "current_scene": "scene",
    "current_program_scene": "scene",
    "scene_order": [{"name": "scene"}],
    "sources": [
        {
            "id": "ffmpeg_source",
            "name": "film",
            "settings": {
                "is_local_file": false,
                "input": "$url",
                "reconnect_delay_sec": 3
            }
        },
        {
            "id": "scene",
            "name": "scene",
            "settings": {"items": [{"name": "film", "id": 1, "visible": true}]}
        }
    ]
}
END

obs --collection test --profile test --multi --startrecording \
    >messages 2>&1 3<&- &
obs=$!
# It would try again, 3 s later.
wait_for_line 60 "Media Source 'film'.: Disconnected" messages ||
    fail "OBS has seen no end: $(tail -n 50 messages)"
frames_of round.flv >expected
[ "$(sent_frames | wc -l)" -eq $((4 * $(wc -l <expected))) ] ||
    fail "$(sent_frames | wc -l) frames were sent"

# It asks whether it should stop to record.
kill -INT $obs
window=$(bounded 20 xdotool search --sync --onlyvisible --name '^Exit OBS') ||
    fail "OBS does not ask: $(tail -n 20 messages)"
# The window may be gone before the key is released.
xdotool key --window "$window" Return 2>/dev/null || :
# OBS may crash when all is done and it frees what it has.
wait $obs || grep -q 'Shutting down' messages ||
    fail "OBS: $? $(tail -n 20 messages)"
pictures=$(ffprobe -v error -f lavfi -count_frames -of csv=p=0 \
    -show_entries stream=nb_read_frames \
    "movie=$(echo home/*.mkv | sed 's/[ :]/\\\\&/g'),mpdecimate")
echo "$pictures different pictures were recorded"
[ "$pictures" -gt 50 ] || fail "OBS recorded $pictures pictures, not 100"
stop_flvd
