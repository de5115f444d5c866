#!/bin/sh
# Keeps the layers apart (doc/ARCHITECTURE.md): which folder may include which,
# that every header compiles alone, that nothing in flvd polls or cancels a
# thread, and that no test is forgotten. Run by make check, in the build
# directory.
set -u

: "${srcdir:=.}" "${CC:=cc}" "${NM:=nm}"
status=0

fault() {
    echo "$1"
    status=1
}

# may FOLDER ALLOWED...: FOLDER includes headers of flvd from ALLOWED only; a
# file of src/ itself is named without ".h".
may() {
    folder=$1
    allowed=$(echo "$*" | tr ' ' '|')
    bad=$(grep -n '^ *# *include *"' "$srcdir/src/$folder"/*.[chS] |
        grep -Ev ":[0-9]+: *# *include *\"(($allowed)(/[^/]*)?|config)\.h\"")
    [ -z "$bad" ] || fault "src/$folder may include $* only:
$bad"
}

may base
may amf base
may rtmp amf base
may flv amf base
may play flv base
may net base
may sandbox base
may check amf flv base file_fault
may server base amf rtmp flv play net options
may status base net server

for folder in "$srcdir"/src/*/; do
    case $(basename "$folder") in
    base | amf | rtmp | flv | play | net | sandbox | check | server | status | \
        demo) ;;
    *) fault "$folder is no layer that tests/layers.sh knows" ;;
    esac
done

for header in "$srcdir"/src/*.h "$srcdir"/src/*/*.h; do
    # shellcheck disable=SC2086 # CC may hold options
    printf '#include "%s"\n' "${header#"$srcdir"/src/}" |
        $CC -std=gnu11 -I"$srcdir/src" -I. -Wall -Werror -fsyntax-only -xc - ||
        fault "$header does not compile alone"
done

calls='poll|ppoll|select|pselect|epoll_[a-z0-9_]+|pthread_cancel'
undefined=$($NM -A -u libflvd.a src/main.o src/serve.o \
    src/sign.o) || fault "flvd was not built here"
bad=$(echo "$undefined" | grep -E " U (__)?($calls)(_chk)?(@.*)?\$")
[ -z "$bad" ] || fault "flvd waits in blocking calls, without any of these:
$bad"

for test in "$srcdir"/tests/unit/test_*.c "$srcdir"/tests/session/test_*.c \
    "$srcdir"/tests/faults/test_*.c "$srcdir"/tests/fuzz/fuzz_*.c; do
    [ -e "$test" ] || continue
    test=${test#"$srcdir"/}
    grep -q "${test%.c}\>" "$srcdir/Makefile.am" ||
        fault "$test is not in Makefile.am, and so never run"
done

exit $status
