"""New plugins: files with `$name` (`my-tool`), `$package` (`my_tool`), `$title` (`My tool`), `$class_name` (`MyTool`) and
`$constant` (`MY_TOOL`) in them and their paths.

Each kind (`plugin:new --kind datastore`) is a function `(name, directory) -> files` in the entry point group
`dokkupy.scaffold`; `write_tree` does its work.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from dokkupy_sdk.errors import Conflict
from dokkupy_sdk.names import PluginName


def write_plugin(name: str, directory: str) -> list[str]:
    """Write a plugin with a hook, a command, a setting and their tests; returns the files, relative to directory.

    Raises Conflict when the directory is there and not empty.
    """
    return write_tree(Path(__file__).parent / "plugin", PluginName(name), Path(directory))


def write_tree(source: Path, name: PluginName, target: Path) -> list[str]:
    """Write every `*.txt` below source with its values filled in and the ending left off."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"{target} exists and is not empty", hint="Choose another: --directory DIR")
    package = name.replace("-", "_")
    values = {
        "name": str(name),
        "package": package,
        "title": name.replace("-", " ").capitalize(),
        "class_name": name.replace("-", " ").title().replace(" ", ""),
        "constant": package.upper(),
    }
    written = []
    for template in sorted(source.rglob("*.txt")):
        relative = Template(str(template.relative_to(source)).removesuffix(".txt")).substitute(values)
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(template.read_text()).substitute(values))
        written.append(relative)
    return written
