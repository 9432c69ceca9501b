"""`completion`: what a shell asks when Tab is pressed."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, parameters
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName

group = Group("completion", "Print shell completion scripts", bare="")

SCRIPT = r"""# bash completion of dokkupy: source <(dokkupy completion)
_dokkupy() {
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


@group.command("", permission="open")
def completion(host: Host, shell: Annotated[str, Arg("shell")] = "bash") -> CommandResult:
    """Print the completion script of a shell: bash, zsh or fish. `setup` installs bash's."""
    from dokkupy_sdk.errors import UserError

    if shell not in SCRIPTS:
        raise UserError(f"There is no completion for {shell[:40]!r}: use {', '.join(SCRIPTS)}")
    return CommandResult({"shell": shell, "script": SCRIPTS[shell]}, [SCRIPTS[shell].rstrip("\n")])


@group.command("words", permission="open", hidden=True, formats=False)
def words(host: Host, typed: Annotated[list[str], Arg("words")]) -> CommandResult:
    """Print what could stand for the last of these words."""
    last = typed[-1] if typed else ""
    found = [word for word in candidates(host, typed[:-1], last) if word.startswith(last)]
    return CommandResult(found, found)


def candidates(host: Host, before: list[str], last: str) -> list[str]:
    """The commands, then a command's flags and the apps that the caller may see."""
    from dokkupy_sdk.entry import find_namespace, resolve, usable, usable_groups

    if not before:
        namespace, colon, _ = last.partition(":")
        if not colon:
            return sorted(usable_groups(host))
        entry = find_namespace(host.registry, namespace)
        if entry is None:
            return []
        group = host.registry.load(entry)
        return [f"{namespace}:{one.name}" for one in usable(host, group) if one.name]
    try:
        command, _ = resolve(host, before[0], before[1:])
    except DokkupyError:
        return []
    declared = parameters(command.function)
    if last.startswith("-"):
        return sorted(flag for item in declared if item.kind == "option" for flag in item.flags)
    if any(item.kind == "scope" or item.convert is AppName for item in declared):
        from dokkupy_sdk.access import visible_apps

        return [str(app) for app in visible_apps(host)]
    return []
