"""The completion scripts of shells. Each asks `completion:words`."""

from __future__ import annotations

SCRIPT = r"""# bash completion of dokkupy: source <(dokkupy completion)
_dokkupy() {
  local line=${COMP_LINE:0:COMP_POINT} word words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=${words[-1]}
  mapfile -t COMPREPLY < <("$1" completion:words -- "${words[@]:1}" 2>/dev/null)
  # A colon and an equals sign end a word for bash, so that what is before them is not to be typed again.
  local breaks=""
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+="="
  if [[ $breaks && $word == *[$breaks]* ]]; then
    local before=${word%"${word##*[$breaks]}"}
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
  fi
  # After `web=` a number follows, without a space.
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _dokkupy dokkupy dokku
"""

ZSH = r"""#compdef dokkupy dokku
# zsh completion of dokkupy: dokkupy completion zsh > "${fpath[1]}/_dokkupy"
_dokkupy() {
  local -a found
  found=("${(@f)$(${words[1]} completion:words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -Q -- $found
}
compdef _dokkupy dokkupy dokku
"""

FISH = r"""# fish completion of dokkupy: dokkupy completion fish > ~/.config/fish/completions/dokkupy.fish
function __dokkupy
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion:words -- $words[2..-1] 2>/dev/null
end
complete -c dokkupy -f -a '(__dokkupy)'
complete -c dokku -f -a '(__dokkupy)'
"""

SCRIPTS = {"bash": SCRIPT, "zsh": ZSH, "fish": FISH}
