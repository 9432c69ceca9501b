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

    from dokkupy_client.arguments import Typed

BASH = r"""# bash completion of dokkupy-client: eval "$(dokku completion bash)" in ~/.bashrc
_dokku_client() {
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
OWN = (
    *("completion", "init", "open", "tunnel"),
    *("remote", "remote:add", "remote:list", "remote:remove", "remote:set", "remote:show", "remote:unset"),
)
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
    flag = rest.pop() if rest and rest[-1] in arguments.WITH_VALUE else ""
    typed = None
    try:
        typed = arguments.split(rest)
        if flag and not typed.words:
            found = values_of(flag, typed)
        else:
            typed = arguments.split([*rest, flag] if flag else rest)
            own = of_the_client(typed, last)
            found = of_the_host(typed, last) if own is None else own
    except Fault:
        found = []
    if not flag and (typed is None or not typed.words):
        found = [*found, *OWN, *(arguments.WITH_VALUE if last.startswith("-") else ())]
    if found := sorted({word for word in found if word.startswith(last)}):
        print("\n".join(found))
    return 0


def of_the_host(typed: Typed, last: str) -> list[str]:
    return asked(remotes.find(app=typed.app, remote=typed.remote, folder=typed.folder), typed.words, last)


def values_of(flag: str, typed: Typed) -> list[str]:
    """The values of a flag of the client: apps that the key may see, git remotes. A shell completes folders itself."""
    if arguments.WITH_VALUE[flag] == "remote":
        return [name for name, url in remotes.configured(typed.folder)[0].items() if remotes.parse_url(url)]
    return apps(typed) if arguments.WITH_VALUE[flag] == "app" else []


def apps(typed: Typed) -> list[str]:
    return asked(remotes.find(remote=typed.remote, folder=typed.folder), ["--app"], "", without_app=True)


def of_the_client(typed: Typed, last: str) -> list[str] | None:
    """What follows one of the client's own commands; None for a command of the host."""
    name, *before = typed.words or [""]
    if name == "completion":
        return [] if before else list(SCRIPTS)
    if name == "open":
        return [] if before else apps(typed)
    if name in ("remote:set", "remote:remove"):
        return [] if before else values_of("--remote", typed)
    if name == "tunnel":
        return ["--listen", "--port"] if last.startswith("-") else [] if before else services(typed)
    return [] if name == "init" or name.partition(":")[0] == "remote" else None


def services(typed: Typed) -> list[str]:
    """`postgres:db` of every service that the key may see."""
    import json

    target = remotes.find(remote=typed.remote, folder=typed.folder)
    status, out, _ = captured(ssh.command(target, ["services:list", "--format", "json"], batch=True))
    try:
        return [str(row["service"]) for row in json.loads(out)] if status == 0 else []
    except (ValueError, KeyError, TypeError):
        return []


def asked(target: remotes.Target, before: Sequence[str], last: str, *, without_app: bool = False) -> list[str]:
    """The host's answer to the words before, filtered by the last: one question for each argument, not for each key."""
    import json
    import time

    stem = last[: last.rfind(":") + 1] if not before else ""
    if before and last.startswith("-"):
        stem = last[: last.find("=") + 1] or "-"
    words = [
        "completion:words",
        "--",
        *(["--app", target.app] if target.app and not without_app else []),
        *before,
        stem,
    ]
    path = os.path.join(folder(), "completion.json")
    key = ssh.line([target.login, target.port, *words])
    kept: dict[str, tuple[float, list[str]]] = {}
    try:
        with open(path, encoding="utf-8") as file:
            kept = {one: row for one, row in json.load(file).items() if time.time() - row[0] < MINUTE}
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    if key not in kept:
        status, out, _ = captured(ssh.command(target, words, batch=True))
        if status != 0:
            return []
        kept[key] = (time.time(), out.decode("utf-8", "replace").split("\n"))
        write(path, json.dumps(kept))
    return matching([word for word in kept[key][1] if word], last)


def matching(found: Sequence[str], last: str) -> list[str]:
    """Those that begin with what was typed. After a comma, one more value follows: `build,deploy`, `--apps=blog,shop`."""
    if begun := [word for word in found if word.startswith(last)]:
        return begun
    flag = last[: last.find("=") + 1] if last.startswith("-") else ""
    head, comma, end = last.removeprefix(flag).rpartition(",")
    values = [word.removeprefix(flag) for word in found] if comma else []
    return [f"{flag}{head},{word}" for word in values if word.startswith(end) and word not in head.split(",")]
