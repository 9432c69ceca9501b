"""Loads plugins as a host would, in a separate process: `python -m dokkupy_plugins.load DIRECTORY NAME...`.

Prints `loaded` as its last line, or `fault: ` and the reason. DIRECTORY precedes all other installed packages on
the path; empty for none.
"""

from __future__ import annotations

import sys

ROLES = ("engine", "scheduler", "proxy", "challenge_server", "tls_probe", "builder", "source", "one_offs")


def main(directory: str, names: list[str]) -> None:
    if directory:
        sys.path.insert(0, directory)
    from dokkupy_sdk.errors import DokkupyError
    from dokkupy_sdk.registry import Hooks, Registry, conflicts

    registry = Registry()
    try:
        for first, second in conflicts(registry):
            for mine, other in ((first, second), (second, first)):
                if mine.distribution in names:
                    what = mine.group.removeprefix("dokkupy.").removesuffix("s")
                    raise DokkupyError(f"the {what} {mine.name} is taken by {other.distribution} {other.version}")
        mine_all = [entry for entry in registry.entries if entry.distribution in names]
        if not any(entry.distribution == names[0] for entry in mine_all):
            raise DokkupyError(f"{names[0]} has no entry point of dokkupy: it is not a plugin")
        for entry in mine_all:
            check(entry.group, registry.load(entry))
        hooks = Hooks(registry)
        for entry in mine_all:
            if entry.plugin in hooks.quarantined:
                raise hooks.quarantined[entry.plugin]
    except DokkupyError as error:
        print("fault: " + " ".join(f"{error.message} {error.hint}".split()))
        return
    print("loaded")


def check(group: str, target: object) -> None:
    """Check that the entry point has the type that its group requires."""
    from dokkupy_sdk.cli import Group, parameters
    from dokkupy_sdk.errors import DokkupyError
    from dokkupy_sdk.settings import Settings

    if group == "dokkupy.commands":
        if not isinstance(target, Group):
            raise DokkupyError(f"its command is not a Group but {type(target).__name__}")
        for command in target.commands.values():
            parameters(command.function)
    if group == "dokkupy.settings" and not isinstance(target, Settings):
        raise DokkupyError(f"its settings are not Settings but {type(target).__name__}")
    if group.removeprefix("dokkupy.") in ROLES:
        from inspect import isabstract

        if not isinstance(target, type):
            raise DokkupyError(f"its {group.removeprefix('dokkupy.')} is not a class")
        if isabstract(target):
            missing = ", ".join(sorted(target.__abstractmethods__))  # type: ignore[attr-defined]
            raise DokkupyError(f"its {group.removeprefix('dokkupy.')} {target.__name__} lacks {missing}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
