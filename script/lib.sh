# What script/run and script/test share: read by them with `.`, in bash.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=script/$(basename "$0")

say() {
    echo "$me: $*" >&2
}

die() {
    say "$@"
    exit 1
}

# control_field FIELD FILE: all the values of a package list in a file of
# debian/ as one list, without the "@" that stands for flvd itself; nothing if
# there is no such file, as in a release.
control_field() {
    [ -e "$2" ] || return 0
    awk -v field="$1:" '
        /^#/ { next }
        /^[^ \t]/ { inside = 0 }
        $1 == field { inside = 1; $1 = "," }
        inside { text = text " " $0 }
        END {
            gsub(/[ \t]+/, " ", text)
            gsub(/@[a-z]*@?/, "", text)
            gsub(/,( *,)+/, ",", text)
            gsub(/^ *,? *|[ ,]*$/, "", text)
            print text
        }' "$2"
}

# need LIST [PROFILE]: installs what is missing of a list of packages, written
# as in debian/control, for a build with that profile. Calls neither apt nor
# sudo when nothing is missing.
need() {
    local list=$1 profile=${2:-} missing sudo=()
    [[ $list = *[a-z]* ]] || return 0
    if command -v dpkg-checkbuilddeps >/dev/null; then
        missing=$(dpkg-checkbuilddeps -P "$profile" -d "$list" /dev/null 2>&1) &&
            return
        say "${missing#*: error: }"
    fi
    { [ -e /etc/debian_version ] && command -v apt-get; } >/dev/null ||
        die "this is no Debian; install by hand: build-essential, $list"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "root (or sudo) is needed to install packages"
        sudo=(sudo)
    fi
    say "installing what is missing ..."
    "${sudo[@]}" bash "$root/script/install-packages" \
        -P "$profile" satisfy "build-essential, $list" >&2 ||
        die "the packages could not be installed"
}

# configured BUILD_DIRECTORY [CONFIGURE_ARGUMENT]...: makes the directory ready
# for make, outside the sources; does nothing that was done before.
configured() {
    local build=$1
    shift
    if ! [ "$root/configure" -nt "$root/configure.ac" ] ||
        ! [ "$root/Makefile.in" -nt "$root/Makefile.am" ]; then
        (cd "$root" && autoreconf -fi) || return
    fi
    mkdir -p "$build" || return
    [ -e "$build/Makefile" ] || (cd "$build" && "$root/configure" -q "$@")
}

# fuzz_targets: the names of all, one a line.
fuzz_targets() {
    local file
    for file in "$root"/tests/fuzz/fuzz_*.c; do
        basename "$file" .c | sed s/^fuzz_//
    done
}

# fuzz_options TARGET: what libFuzzer is told for each run of it, one a line.
fuzz_options() {
    printf '%s\n' -timeout=30 -rss_limit_mb=2048
    [ ! -e "$root/tests/fuzz/$1.dict" ] ||
        printf '%s\n' "-dict=$root/tests/fuzz/$1.dict"
}

# build_fuzz BUILD_DIRECTORY [CONFIGURE_ARGUMENT]...: all targets, with ASan and
# UBSan.
build_fuzz() {
    configured "$1" CC=clang CFLAGS="-g -O1" --enable-fuzzing "${@:2}" &&
        make -s -C "$1" -j"$(nproc)"
}
