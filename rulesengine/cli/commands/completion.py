"""`pybuild completion bash|zsh|fish`: prints a script for the shell, which asks `pybuild __complete`."""

from __future__ import annotations

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError, did_you_mean

_BASH = r"""# bash completion for pybuild: source <(pybuild completion bash)
_pybuild() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null))
    if [ "${COMPREPLY[0]-}" = :files ]; then
        compopt +o nospace -o filenames 2>/dev/null
        local current="${COMP_WORDS[COMP_CWORD]}"
        [ "$current" = = ] && current=
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o nospace -F _pybuild pybuild
"""
_ZSH = r"""#compdef pybuild
# zsh completion for pybuild: source <(pybuild completion zsh), after compinit
_pybuild() {
    local line value
    local -a whole open told_whole told_open
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compset -P '*='
            _files
            return
        fi
        value=${line%%$'\t'*}
        if [[ $value == *' ' ]]; then
            whole+=("${value% }")
            told_whole+=("${value% }  ${line#*$'\t'}")
        else
            open+=("$value")
            told_open+=("$value  ${line#*$'\t'}")
        fi
    done < <(${words[1]} __complete zsh -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)
    (( ${#whole} )) && compadd -Q -d told_whole -- "${whole[@]}"
    (( ${#open} )) && compadd -Q -S '' -d told_open -- "${open[@]}"
}
compdef _pybuild pybuild
"""
_FISH = r"""# fish completion for pybuild: pybuild completion fish | source
function __pybuild_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $words[1] __complete fish -- $words "$current" 2>/dev/null)
        if test "$line" = :files
            set -l head (string match -r '^--[^=]*=' -- "$current")
            for path in (complete -C "'' "(string replace -- "$head" "" "$current"))
                echo "$head$path"
            end
        else
            string replace -r ' \t' \t -- $line
        end
    end
end
complete -c pybuild -e
complete -c pybuild -f -a '(__pybuild_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(context: Context) -> int:
    """Print the script."""
    if len(context.arguments) != 1:
        raise UsageError("one shell is named", hint="pybuild completion bash, zsh or fish")
    shell = context.arguments[0]
    if shell not in SCRIPTS:
        raise UsageError(f"no completion for {shell!r}", hint=did_you_mean(shell, SCRIPTS) or "bash, zsh or fish")
    context.console.stdout.write(SCRIPTS[shell])
    return 0
