# bash completion for flvd(1). It needs no list of its own: the options, and
# what stands for their values, are those of flvd --help.
# shellcheck shell=bash disable=SC2207 # no completion here holds a blank

# _flvd_options COMMAND: a line "OPTION" or "OPTION VALUE" for each.
_flvd_options() {
    "$1" --help 2>/dev/null | sed -n '/^  *-/ {
        s/^ *//
        s/  .*//
        s/^\(-[^-]\), \(--[^ ,]*\)\( .*\)$/\1\3, \2\3/
        s/, /\n/g
        p
    }'
}

_flvd() {
    # shellcheck disable=SC2034 # _init_completion sets them all
    local cur prev words cword split options option value kind=
    _init_completion -s || return

    options=$(_flvd_options "$1")
    while read -r option value; do
        [[ $option != "$prev" ]] || kind=$value
    done <<<"$options"
    case $prev:$kind in
    --tls-cert:* | --tls-key:*) _filedir '@(pem|crt|cer|key)' ;;
    --user:*) COMPREPLY=($(compgen -u -- "$cur")) ;;
    *:FILE) _filedir ;;
    *:*'|'*) COMPREPLY=($(compgen -W "${kind//|/ }" -- "$cur")) ;;
    *:?*) ;; # a number, an address
    *)
        if $split; then
            return
        elif [[ $cur == -* ]]; then
            options=$(sed 's/ .*//' <<<"$options")
            COMPREPLY=($(compgen -W "$options" -- "$cur"))
        else
            _filedir flv
        fi
        ;;
    esac
} &&
    complete -F _flvd flvd
