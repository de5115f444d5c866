#!/bin/sh
# The completions of bash and zsh, in these shells: all options, and what each
# takes for its value.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need bash zsh
library=/usr/share/bash-completion/bash_completion
[ -e $library ] || skip "bash-completion is not installed"
completion=$(cd "$here/../../completion" && pwd)

# The command that is completed is this flvd, by its ordinary name.
mkdir bin files
ln -s "$FLVD" bin/flvd
PATH=$work/bin:$PATH
cd files || exit
mkdir films
touch movie.flv LOUD.FLV notes.txt chain.pem site.key site.crt
flvd --help |
    sed -n '/^  *-/ { s/^ *//; s/  .*//; s/, /\n/g; p; }' |
    sed 's/ .*//' | sort >../options
[ "$(wc -l <../options)" -gt 20 ] || fail "--help names no options"

# --- bash

# bash_completes WORD...: what the last word may become, sorted, in one line.
bash_completes() {
    bash --norc --noprofile -c '
        . "$1"
        . "$2"
        shift 2
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        # readline takes "=" for a word of its own
        COMP_LINE="$*" COMP_LINE=${COMP_LINE// =/=} COMP_LINE=${COMP_LINE//= /=}
        COMP_POINT=${#COMP_LINE}
        _flvd "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
        ' bash $library "$completion/flvd.bash" "$@" 2>../bash.err |
        LC_ALL=C sort | xargs
    [ ! -s ../bash.err ] || fail "bash: $* says $(cat ../bash.err)"
}

# in_bash WANT WORD...
in_bash() {
    want=$1
    shift
    got=$(bash_completes "$@") || exit
    [ "$got" = "$want" ] || fail "bash: $* gives '$got', not '$want'"
}

in_bash "$(grep -e '^--' ../options | LC_ALL=C sort | xargs)" flvd --
in_bash "$(LC_ALL=C sort ../options | xargs)" flvd -
in_bash --loop flvd --loo
in_bash 'LOUD.FLV films movie.flv' flvd ''
in_bash 'LOUD.FLV films movie.flv' flvd --once ''
in_bash 'LOUD.FLV films movie.flv' flvd --loop 2 ''
in_bash '' flvd --loop ''
in_bash '' flvd --loop =
in_bash '' flvd -l ''
in_bash '' flvd --listen ''
in_bash 'chain.pem films site.crt site.key' flvd --tls-key ''
in_bash 'chain.pem films site.crt site.key' flvd --tls-cert =
in_bash chain.pem flvd --tls-cert = ch
in_bash 'movie.flv' flvd --check mo

# --- zsh: a shell at a terminal of its own, where ^T completes

cat >../inner.zsh <<'EOT'
PS1=
autoload -Uz compinit
compinit -u -D
# What would be offered is printed instead.
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a offered
    builtin compadd -O offered "$@"
    (( $#offered )) && print -rl -- "offered: "$^offered
    builtin compadd "$@"
}
tell() {
    print
    _main_complete
    compstate[insert]= compstate[list]=
    print "offered all"
}
zle -C tell complete-word tell
bindkey '^T' tell
print "inner is ""ready"
EOT
cat >../outer.zsh <<'EOT'
# zsh -f outer.zsh DIRECTORY LINE: what is offered for LINE, a line each.
zmodload zsh/zpty
zpty inner "TERM=dumb zsh -f -i"
until_line() {
    local text
    zpty -r -m inner text "*$1*" || exit 1
    print -r -- "$text"
}
zpty -w inner "stty -echo; fpath=(${(q)1} \$fpath); . ../inner.zsh"
until_line "inner is ready" >/dev/null
zpty -w -n inner "$2"$'\C-T'
until_line "offered all"
zpty -d inner
EOT

# zsh_completes LINE: what its last word may become, sorted, in one line.
zsh_completes() {
    bounded 60 zsh -f ../outer.zsh "$completion" "$1" >../zsh.out ||
        fail "zsh: $1 gives $(cat ../zsh.out)"
    tr -d '\r' <../zsh.out | sed -n 's/^offered: //p' | LC_ALL=C sort -u | xargs
}

# in_zsh WANT LINE
in_zsh() {
    got=$(zsh_completes "$2") || exit
    [ "$got" = "$1" ] || fail "zsh: $2 gives '$got', not '$1'"
}

in_zsh "$(LC_ALL=C sort ../options | xargs)" 'flvd -'
in_zsh 'LOUD.FLV films movie.flv' 'flvd '
in_zsh 'LOUD.FLV films movie.flv' 'flvd --once '
in_zsh 'LOUD.FLV films movie.flv' 'flvd --loop 2 '
in_zsh '' 'flvd --loop '
in_zsh 'chain.pem films site.key' 'flvd --tls-key '
in_zsh 'chain.pem films site.crt' 'flvd --tls-cert='
in_zsh '' 'flvd --help '
