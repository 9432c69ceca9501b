"""Completion on this machine: the host answers, and what it said is kept for a minute."""

from __future__ import annotations

import os

from dokkupy_client import arguments, remotes, ssh
from dokkupy_client.faults import Fault
from dokkupy_client.listing import folder, write
from dokkupy_client.programs import captured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BASH = r"""# bash completion of dokkupy-client: eval "$(dokku completion bash)" in ~/.bashrc
_dokku_client() {
  local line=${COMP_LINE:0:COMP_POINT} word words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=${words[-1]}
  mapfile -t COMPREPLY < <("$1" completion:words -- "${words[@]:1}" 2>/dev/null)
  # A colon ends a word for bash, so that what is before it is not to be typed again.
  if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=${word%"${word##*:}"}
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
  fi
  # After `web=` a number follows, without a space.
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _dokku_client dokku
"""
ZSH = r"""#compdef dokku
# zsh completion of dokkupy-client: dokku completion zsh > "${fpath[1]}/_dokku"
_dokku_client() {
  local -a found
  found=("${(@f)$(${words[1]} completion:words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -Q -- $found
}
compdef _dokku_client dokku
"""
FISH = r"""# fish completion of dokkupy-client: dokku completion fish > ~/.config/fish/completions/dokku.fish
function __dokku_client
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion:words -- $words[2..-1] 2>/dev/null
end
complete -c dokku -f -a '(__dokku_client)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
OWN = ("completion", "init", "open", "remote", "tunnel")
MINUTE = 60


def script(words: Sequence[str]) -> int:
    shell = words[0] if words else "bash"
    if shell not in SCRIPTS:
        raise Fault(f"There is no completion for {shell[:40]!r}", f"Use {', '.join(SCRIPTS)}.")
    print(SCRIPTS[shell], end="")
    return 0


def complete(words: Sequence[str]) -> int:
    """Print what could stand for the last of the words. It is silent where anything is wrong: a person is typing."""
    rest = list(words[1:] if words[:1] == ["--"] else words)
    last = rest.pop() if rest else ""
    try:
        typed = arguments.split(rest)
        target = remotes.find(app=typed.app, remote=typed.remote, folder=typed.folder)
        found = asked(target, typed.words, last)
    except Fault:
        typed, found = None, []
    if typed is None or not typed.words:
        found = [*found, *(name for name in OWN if name.startswith(last))]
    if found:
        print("\n".join(sorted(set(found))))
    return 0


def asked(target: remotes.Target, before: Sequence[str], last: str) -> list[str]:
    """The host's answer to the words before, filtered by the last: one question for each argument, not for each key."""
    import json
    import time

    stem = last[: last.rfind(":") + 1] if not before else "-" if last.startswith("-") else ""
    words = ["completion:words", "--", *(["--app", target.app] if target.app else []), *before, stem]
    path = os.path.join(folder(), "completion.json")
    key = ssh.line([target.login, target.port, *words])
    kept: dict[str, tuple[float, list[str]]] = {}
    try:
        with open(path, encoding="utf-8") as file:
            kept = {one: row for one, row in json.load(file).items() if time.time() - row[0] < MINUTE}
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    if key not in kept:
        status, out, _ = captured(ssh.command(target, words, batch=True), stdin=b"")
        if status != 0:
            return []
        kept[key] = (time.time(), out.decode("utf-8", "replace").split("\n"))
        write(path, json.dumps(kept))
    return [word for word in kept[key][1] if word and word.startswith(last)]
