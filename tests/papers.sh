#!/bin/sh
# What flvd understands, --help, flvd(1) and the completion for zsh name the
# same options, say alike whether they take a value, and tell the same defaults.
# (The completion for bash and script/run take --help for it.) All of doc/ is
# installed and can be found from flvd(1), and the cases that it counts are
# there. Each fault names the file that lacks something. Run by make check, in
# the build directory.
set -u

: "${srcdir:=.}"
status=0
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

fault() {
    echo "$1"
    status=1
}

# --- the lists: a line "--NAME value|plain" or "-X value|plain" for each ------

# The table in src/options.c: {"name", required_argument, NULL, 'x'}.
parser_options() {
    cat "$srcdir"/src/options*.c | tr '\n' ' ' |
        grep -Eo '\{ *"[^"]+", *[a-z]+_argument,[^}]*\}' |
        sed -e "s/.*\"\\(.*\\)\".*'\\(.\\)'.*/& -\\2/" \
            -e 's/{ *"\([^"]*\)", *\([a-z]*\)_argument,[^}]*}/--\1 \2/' \
            -e 's/ required/ value/' -e 's/ no/ plain/' |
        awk '{ print $1, $2 } NF > 2 { print $3, $2 }'
}

# Lines such as "  -l, --listen [ADDRESS:]PORT  where to listen".
help_options() {
    sed -n '/^  *-/ { s/^ *//; s/  .*//; p; }' "$work/usage" |
        awk -F ', ' '{
            for (i = 1; i <= NF; i++) {
                split($i, part, " ")
                last = ($i ~ /^-[^-]/) ? $NF : $i
                print part[1], (last ~ / /) ? "value" : "plain"
            }
        }'
}

# Items such as ".It Fl l , -listen Oo Ar address : Oc Ns Ar port". A value
# behind the last flag of a Fl is for all its flags.
man_options() {
    awk '
        function flush(kind, i) {
            for (i = 0; i < count; i++)
                print "-" flag[i], kind
            count = 0
        }
        /^\.Sh / { inside = ($2 == "OPTIONS") }
        inside && /^\.It / {
            count = naming = 0
            for (word = 2; word <= NF; word++) {
                if ($word == "Fl") {
                    flush("plain")
                    naming = 1
                } else if (naming && $word == ",") {
                } else if (naming && $word ~ /^[-a-z0-9V]/) {
                    flag[count++] = $word
                } else {
                    flush("value")
                    naming = 0
                }
            }
            flush("plain")
        }' "$srcdir/man/flvd.1"
}

# Specifications such as {-l+,--listen=}'[where]...' or '--demo[what]'.
zsh_options() {
    grep -v '^ *#' "$srcdir/completion/_flvd" |
        grep -Eo "[{,'*)]--?[A-Za-z0-9][-a-z0-9]*[+=]?" |
        sed -e 's/^.//' -e 's/[+=]$/ value/' -e '/ /!s/$/ plain/'
}

# --- the defaults: a line "--NAME NUMBER" for each -----------------------------

# "(default NUMBER" in an entry of --help.
help_defaults() {
    awk '
        /^  *-/ {
            for (i = 1; i <= NF && $i !~ /^--/; i++);
            option = $i
        }
        match($0, /[(]default [0-9.]+/) {
            print option, substr($0, RSTART + 9, RLENGTH - 9)
        }' "$work/usage"
}

# "default is NUMBER" in an item of flvd(1).
man_defaults() {
    awk '
        function flush() {
            if (option != "" && match(text, /default is [0-9.]*[0-9]/))
                print option, substr(text, RSTART + 11, RLENGTH - 11)
            option = text = ""
        }
        /^\.Sh / { flush(); inside = ($2 == "OPTIONS") }
        inside && /^\.It / {
            flush()
            for (i = 2; i <= NF && $i !~ /^-/; i++);
            option = "-" $i
        }
        inside && !/^\./ { text = text " " $0 }' "$srcdir/man/flvd.1"
}

# ".NAME[_UNIT] = NUMBER [* CLOCK_...]" where options_parse begins; 0 need not be
# said there.
parser_default() {
    field=$(echo "${1#--}" | tr - _)
    case $1 in
    --listen)
        sed -n 's/^#define OPTIONS_DEFAULT_PORT "\(.*\)"/\1/p' \
            "$srcdir/src/options.h"
        ;;
    *)
        sed -En "s/^ *\\.${field}(_ns|_ms|_s)? = ([0-9]+)( \\* CLOCK_[A-Z_]*)?,.*/\\2/p" \
            "$srcdir"/src/options*.c | grep . || echo 0
        ;;
    esac
}

# --- the comparison ------------------------------------------------------------

./flvd --help >"$work/usage" || fault "flvd --help: exit status $?"
parser_options | sort >"$work/parser"
[ "$(wc -l <"$work/parser")" -gt 20 ] ||
    fault "the table of src/options.c could not be read: $(cat "$work/parser")"

# same_options NAME PLACE: the list NAME, which comes from PLACE, is the parser's.
same_options() {
    sort "$work/$1.unsorted" >"$work/$1"
    repeated=$(uniq -d "$work/$1")
    [ -z "$repeated" ] || fault "$2 names more than once:
$repeated"
    missing=$(comm -23 "$work/parser" "$work/$1")
    [ -z "$missing" ] || fault "$2 lacks, or does not say so whether it takes a value:
$missing"
    unknown=$(comm -13 "$work/parser" "$work/$1")
    [ -z "$unknown" ] || fault "$2 has, other than src/options.c:
$unknown"
}

help_options >"$work/help.unsorted"
same_options help "src/options.c: options_help"
man_options >"$work/man.unsorted"
same_options man "man/flvd.1: OPTIONS"
zsh_options >"$work/zsh.unsorted"
same_options zsh "completion/_flvd"

help_defaults | sort >"$work/help-defaults"
man_defaults | sort >"$work/man-defaults"
[ "$(wc -l <"$work/help-defaults")" -gt 4 ] ||
    fault "the defaults of --help could not be read"
differ=$(diff "$work/help-defaults" "$work/man-defaults") ||
    fault "defaults differ between --help (<) and man/flvd.1 (>):
$differ"
while read -r option number; do
    [ "$(parser_default "$option")" = "$number" ] ||
        fault "the default of $option is $number in --help and
$(parser_default "$option") in src/options.c"
done <"$work/help-defaults"

# The other way round too: flvd(1) speaks of no option that is not there.
known=$(sed -n 's/^--\([^ ]*\) .*/\1/p' "$work/parser")
for mentioned in $(grep -o 'Fl -[a-z][-a-z0-9]*' "$srcdir/man/flvd.1" |
    sed 's/Fl -//' | sort -u); do
    echo "$known" | grep -qx "$mentioned" ||
        fault "man/flvd.1 mentions --$mentioned, which does not exist"
done

# --- the program itself --------------------------------------------------------

# told TEXT ARGUMENT...: flvd refuses the arguments and says TEXT.
told() {
    text=$1
    shift
    said=$(./flvd "$@" 2>&1 >/dev/null </dev/null)
    [ $? -eq 2 ] && case $said in *"$text"*) true ;; *) false ;; esac ||
        fault "flvd $*: not told '$text', but '$said'"
}

while read -r option kind; do
    case $option:$kind in
    *:value) told 'needs a value' "$option" ;;
    --*:plain) told 'takes no value' "$option=x" ;;
    -h:plain | -V:plain) ./flvd "$option" >"$work/said" || fault "flvd $option" ;;
    -*:plain) told no-such-option "$option" --no-such-option ;;
    *) fault "what is $option $kind?" ;;
    esac
done <"$work/parser"

# --- what else there is to read ------------------------------------------------

for paper in "$srcdir"/doc/*.md; do
    paper=${paper##*/}
    grep -q "doc/$paper" "$srcdir/Makefile.am" ||
        fault "Makefile.am installs no doc/$paper (dist_doc_DATA)"
    grep -q "^\.It Pa $paper" "$srcdir/man/flvd.1" ||
        fault "man/flvd.1 does not lead to doc/$paper (SEE ALSO)"
done

# The cases that SECURITY.md counts are those of the tests' tables, a line each.
sed -n '/^## Attacks/,/^## Fuzzing/p' "$srcdir/doc/SECURITY.md" |
    awk -F '[ `|]*[|][ `|]*' '$5 ~ /^test_/ { cases[$5] += $4 }
        END { for (test in cases) print test, cases[test] }' >"$work/attacks"
all=0
while read -r test cases; do
    real=$(grep -c '^    {"' "$srcdir/tests/session/$test.c")
    [ "$cases" = "$real" ] ||
        fault "doc/SECURITY.md: $cases cases in $test, which has $real"
    all=$((all + real))
done <"$work/attacks"
grep -q "as data: $all cases" "$srcdir/doc/SECURITY.md" ||
    fault "doc/SECURITY.md: not $all cases in all (Attacks)"

# What SCALING.md shows is what there is: the tables, computed from the figures of
# PERFORMANCE.md, and HAProxy's file.
sh "$srcdir/script/sizing" >"$work/tables" || fault "script/sizing: $(cat "$work/tables")"
[ "$(wc -l <"$work/tables")" -gt 10 ] || fault "script/sizing prints no tables"
sed -n '/^<!-- the tables/,/^<!-- end of the tables/p' "$srcdir/doc/SCALING.md" |
    sed '1,2d' | sed '$d' | sed '$d' >"$work/shown"
differ=$(diff "$work/tables" "$work/shown") ||
    fault "doc/SCALING.md: its tables are old (>): script/sizing --write
$differ"
sed -n '/^    # HAProxy (2.6/,/^[^ ]/p' "$srcdir/doc/SCALING.md" | sed '$d' |
    sed -e 's/^    //' -e '$d' >"$work/shown"
differ=$(diff "$srcdir/doc/scaling/haproxy.cfg" "$work/shown") ||
    fault "doc/SCALING.md shows (>) another file than doc/scaling/haproxy.cfg (<):
$differ"
for file in "$srcdir"/doc/scaling/*; do
    file=${file##*/}
    grep -q "doc/scaling/$file" "$srcdir/Makefile.am" ||
        fault "Makefile.am installs no doc/scaling/$file (dist_scaling_DATA)"
    grep -q "(scaling/$file)" "$srcdir/doc/SCALING.md" ||
        fault "doc/SCALING.md does not lead to doc/scaling/$file"
done

exit $status
