"""New plugins: templates whose text and paths may contain `$name` (`my-tool`), `$package` (`my_tool`), `$title` (`My tool`),
`$class_name` (`MyTool`) and `$constant` (`MY_TOOL`).

Each kind of plugin (`plugin:new --kind language`) is a function `(name, directory) -> files` in the entry point group
`dokkupy.scaffold`. It calls `write_tree`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from dokkupy_sdk.errors import Conflict
from dokkupy_sdk.names import PluginName


def write_plugin(name: str, directory: str) -> list[str]:
    """Write a plugin with a hook, a command, a setting and their tests. Returns the files, relative to the directory.

    Raises Conflict when the directory exists and is not empty.
    """
    return write_tree(Path(__file__).parent / "plugin", PluginName(name), Path(directory))


def write_language(name: str, directory: str) -> list[str]:
    """Write a plugin with a language for the buildpacks; see `write_plugin`."""
    return write_tree(Path(__file__).parent / "language", PluginName(name), Path(directory))


def write_notifier(name: str, directory: str) -> list[str]:
    """Write a plugin that sends notices about deploys and crashes; see `write_plugin`."""
    return write_tree(Path(__file__).parent / "notifier", PluginName(name), Path(directory))


def write_tree(source: Path, name: PluginName, target: Path, values: Mapping[str, str] | None = None) -> list[str]:
    """Write every `*.txt` below source, without this suffix and with its values filled in. values: additional ones."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"{target} exists and is not empty", hint="Choose another: --directory DIR")
    package = name.replace("-", "_")
    values = {
        **(values or {}),
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
