# What script/test --all does with the Debian package: read by it with `.`, in
# bash, for export_tree, leaves_no_trace, out and root.
# shellcheck shell=bash disable=SC2154

package=$out/package
throwaway=$package/root # a Debian of its own, where the package is installed

# upstream_version DIRECTORY
upstream_version() {
    (cd "$1" && dpkg-parsechangelog -S Version | sed 's/-[^-]*$//')
}

# As README.md says. A full build: source, flvd and its debugging symbols, with
# make check.
package_build() (
    export_tree "$package/first/flvd" && autoreconf -i && ./configure -q &&
        make dist &&
        mv flvd-*.tar.xz "../flvd_$(upstream_version .).orig.tar.xz" &&
        dpkg-buildpackage -us -uc && leaves_no_trace
)

# No tag of any kind but those that are overridden, and of those only such as
# nobody can cure without a public home, the number of an ITP or a script for
# sysvinit.
package_lintian() {
    local said excused='initial-upload-closes-no-bugs|no-homepage-field'
    excused+='|upstream-metadata-missing-(bug-tracking|repository)'
    excused+='|package-supports-alternative-init-but-no-init.d-script'
    said=$(lintian -i -I --pedantic --show-overrides --allow-root \
        "$package"/first/flvd_*.changes) || :
    echo "$said"
    [[ $said = *O:* ]] &&
        ! grep -E '^[A-MO-Z]: ' <<<"$said" | grep -Ev "^O: [^:]*: ($excused)( |\$)"
}

package_hardening() {
    blhc --all --debian "$out/log/package/build"
}

# again NAME DPKG_BUILDPACKAGE_ARGUMENT...: builds the source package that was
# made first once more, in a directory of that name, without its tests.
again() (
    cd "$package" && rm -rf "$1" && mkdir -p "$1" && cp first/*.orig.tar.xz "$1" &&
        dpkg-source -x first/flvd_*.dsc "$1/flvd-sources" && cd "$1/flvd-sources" &&
        shift && DEB_BUILD_OPTIONS="nocheck parallel=1" "$@"
)

# To the same bytes, elsewhere, for somebody else, in another year.
package_same_bytes() {
    local file status=0
    TZ=Pacific/Kiritimati LC_ALL=C HOME=/nonexistent USER=nobody LOGNAME=nobody \
        again second/a-longer-path faketime '+400 days 7 hours' \
        sh -c 'umask 0027 && dpkg-buildpackage -us -uc' || return
    for file in "$package"/first/*.{deb,dsc,tar.xz}; do
        cmp "$file" "$package/second/a-longer-path/${file##*/}" || status=1
    done
    return $status
}

# The release itself, made in another place, time and umask.
package_same_release() (
    umask 0027
    export_tree "$package/third/another name/flvd" &&
        TZ=Pacific/Kiritimati LC_ALL=C faketime '+400 days 7 hours' \
            sh -c 'autoreconf -i && ./configure -q && make dist' &&
        cmp flvd-*.tar.xz "$package"/first/*.orig.tar.xz
)

# The next version of the package, with other contents in each conffile.
package_next() (
    again next true && cd "$package/next/flvd-sources" &&
        sed -i '1s/)/+next)/' debian/changelog &&
        { [ ! -e debian/flvd.default ] ||
            echo '# of the next version' >>debian/flvd.default; } &&
        DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -us -uc -b
)

# The distribution that this machine has, from where this machine has it, with
# what flvd depends on and what its tests use.
package_root() {
    local list name
    list=$(dpkg-deb -f "$package"/first/flvd_*_*.deb Depends)
    for name in $(package_test_names); do
        list+=", $(package_test_field "$name" Depends)"
    done
    list=$(tr ',' '\n' <<<"$list" | sed 's/(.*//; s/[ @]//g' | grep . | sort -u)
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u >"$package/sources.list" &&
        apt-config dump | { grep -i '^Acquire::[a-z]*::Proxy' || :; } \
            >"$package/apt.conf" &&
        rm -rf "$throwaway" &&
        mmdebstrap --variant=apt --skip=cleanup/apt/lists \
            --aptopt="$package/apt.conf" --include="$(xargs <<<"$list" | tr ' ' ,)" \
            "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$throwaway" \
            "$package/sources.list" && ls "$throwaway"
}

# The autopkgtests of the installed package. Not suite: this script is it.
package_test_names() {
    sed -n 's/^Tests: //p' "$root/debian/tests/control" | grep -vx suite
}

# package_test_field TEST FIELD
package_test_field() {
    awk -v RS= -v test="$1" '$0 ~ "(^|\n)Tests: " test "\n"' \
        "$root/debian/tests/control" | { control_field "$2" /dev/stdin; }
}

# in_throwaway COMMAND...: in the root, where it is process 1; what it mounts and
# starts ends with it.
in_throwaway() {
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$1/proc" && cd "$1" && shift &&
            exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
        ' sh "$throwaway" "$@"
}

# Installing, upgrading, removing, purging.
package_lifecycle() {
    rm -rf "$throwaway/tmp/packages" && mkdir -p "$throwaway"/tmp/packages/{old,new} &&
        cp "$package"/first/*.deb "$throwaway/tmp/packages/old" &&
        cp "$package"/next/*.deb "$throwaway/tmp/packages/new" &&
        cp "$root/tests/package/lifecycle.sh" "$throwaway/tmp/packages" &&
        in_throwaway sh /tmp/packages/lifecycle.sh && rm -rf "$throwaway/tmp/packages"
}

# package_autopkgtest NAME
package_autopkgtest() {
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$1/proc" && shift && exec "$@"' sh "$throwaway" \
        autopkgtest --test-name="$1" --no-built-binaries \
        "$package"/first/flvd_*.deb "$package/first/flvd/" -- chroot "$throwaway"
}

package_tests() {
    local name
    rm -rf "$package"
    mkdir -p "$package"
    run package/build package_build || return
    run package/lintian package_lintian
    run package/hardening package_hardening
    run package/same-bytes package_same_bytes
    run package/same-release package_same_release
    if [ "$(id -u)" -ne 0 ]; then # nor could it be made by anybody else
        run package/lifecycle sh -c 'echo "only root can do that"; exit 77'
        return
    fi
    run package/next package_next && run package/root package_root || return
    run package/lifecycle package_lifecycle
    for name in $(package_test_names); do
        run "package/autopkgtest-$name" package_autopkgtest "$name"
    done
    rm -rf "$throwaway"
}
