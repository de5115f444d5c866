#!/bin/sh
# Installs, upgrades, removes and purges the packages of flvd in old/ and new/
# beside this script, and looks at what is left. As root, in a Debian that may be
# thrown away and has all that flvd depends on; never anywhere else.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
old=$(dpkg-deb -f "$here"/old/flvd_*.deb Version)
new=$(dpkg-deb -f "$here"/new/flvd_*.deb Version)

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

[ ! -e /usr/bin/flvd ] || fail "there is a flvd here"
dpkg --compare-versions "$old" lt "$new" || fail "$new is not newer than $old"

# snapshot FILE: all files but those where dpkg and apt keep their own, with
# kind, mode, owner and contents of what is in /etc; and all packages.
snapshot() {
    {
        find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run \
            -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt \
            -o -path /var/cache -o -path /var/log \) -prune -o \
            -printf '%p %y %m %u:%g %l\n'
        find /etc -type f -exec sha256sum {} +
        find /var/lib/dpkg/info /var/cache /var/log -name '*flvd*'
        dpkg-query -W
        getent passwd
        getent group
    } | grep -v ' /etc/ld\.so\.cache$' | sort >"$1"
}

apt() {
    apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" ||
        fail "apt-get $*"
}

# expect_version VERSION: it is installed, and works; nothing runs, and nothing
# is going to when the machine starts.
expect_version() {
    # shellcheck disable=SC2016
    [ "$(dpkg-query -W -f '${Status} ${Version}' flvd)" = \
        "install ok installed $1" ] || fail "$1 is not installed"
    [ "$(flvd --version)" = "flvd ${1%%-*}" ] || fail "$(flvd --version)"
    dpkg -V flvd >changed || :
    ! grep -v ' c ' changed || fail "dpkg finds changed files"
    ! cat /proc/[0-9]*/comm | grep -x flvd || fail "flvd runs"
    enabled=$(find /etc/systemd /etc/rc?.d -name '*flvd*' 2>/dev/null) || :
    [ -z "$enabled" ] || fail "flvd is enabled: $enabled"
    for file in bash-completion/completions/flvd zsh/vendor-completions/_flvd \
        man/man1/flvd.1.gz doc/flvd/copyright doc/flvd/PROTOCOL.md.gz; do
        [ -s "/usr/share/$file" ] || fail "no /usr/share/$file"
    done
}

# Sets conffiles: a path on each line.
find_conffiles() {
    # shellcheck disable=SC2016
    conffiles=$(dpkg-query -W -f '${Conffiles}\n' flvd | awk 'NF { print $1 }')
}

expect_gone() {
    snapshot after
    differ=$(diff before after) || fail "left behind (>) or lost (<) $1:
$differ"
}

cd "$here"
snapshot before

# --- as it comes: upgraded, removed, purged

apt install "$here"/old/flvd_*.deb "$here"/old/flvd-dbgsym_*.deb
expect_version "$old"
find_conffiles
apt install "$here"/new/flvd_*.deb "$here"/new/flvd-dbgsym_*.deb
expect_version "$new"
for conffile in $conffiles; do
    tail -n 1 "$conffile" | grep -qx '# of the next version' ||
        fail "$conffile is the old one"
done
apt remove flvd
[ ! -e /usr/bin/flvd ] || fail "removed, but there"
for conffile in $conffiles; do
    [ -e "$conffile" ] || fail "$conffile is gone before it was purged"
done
dpkg --purge flvd flvd-dbgsym # apt would not know them without conffiles
expect_gone "by a package that was upgraded, removed and purged"

# --- with conffiles that somebody has edited

apt install "$here"/old/flvd_*.deb
for conffile in $conffiles; do
    echo '# of this machine' >>"$conffile"
done
apt -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install "$here"/new/flvd_*.deb
expect_version "$new"
for conffile in $conffiles; do
    tail -n 1 "$conffile" | grep -qx '# of this machine' ||
        fail "$conffile does not say any more what somebody put there"
done
apt remove flvd
apt install "$here"/new/flvd_*.deb
expect_version "$new"
for conffile in $conffiles; do
    tail -n 1 "$conffile" | grep -qx '# of this machine' ||
        fail "$conffile has not outlived that flvd was removed"
done
apt purge flvd
rm -f /etc/default/flvd.dpkg-dist # what dpkg puts beside an edited file is kept
expect_gone "by a package that was edited and purged"

echo "installed, upgraded, removed and purged; conffiles: ${conffiles:-none}"
