"""The store: TOML files, one directory per app, one file per plugin in it.

A file is addressed by its path parts, `("apps", "blog", "nginx")` or `("global", "nginx")`, and holds a table with a
`schema` number. Writing keeps the previous generation beside it (`nginx.toml.previous`). A file that does not parse
is a `StateFault` that names file and line, never an empty table: an empty one would lose what the user had.
"""

from __future__ import annotations

import os

from dokkupy.errors import AppNotFound, HostFault, StateFault
from dokkupy.kernel.files import link_over, make_directory, write_atomic
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1

Table = dict[str, "Any"]


class Store:
    """State under one root directory (`/var/lib/dokkupy`)."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, *parts: str) -> str:
        for part in parts:
            if not part or part in (".", "..") or "/" in part or "\x00" in part:
                raise ValueError(f"not a path component: {part!r}")
        return os.path.join(self.root, *parts) + ".toml"

    def directory(self, *parts: str) -> str:
        return self.path(*parts)[: -len(".toml")]

    def read(self, *parts: str) -> Table:
        """The table, or an empty one when the file does not exist."""
        path = self.path(*parts)
        try:
            with open(path, "rb") as file:
                text = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except PermissionError as error:
            raise HostFault(
                f"{path} cannot be read by this user", hint="Run the command as root or as the user dokkupy."
            ) from error
        return parse(path, text)

    def write(self, *parts: str, data: Table) -> None:
        """Replace the table. Raises HostFault when the disk is full; the old generation then stays in place."""
        import tomli_w

        path = self.path(*parts)
        text = tomli_w.dumps({"schema": SCHEMA, **data}).encode()
        try:
            make_directory(os.path.dirname(path))
            keep_previous(path)
            write_atomic(path, text)
        except OSError as error:
            raise HostFault(
                f"{path} cannot be written: {error.strerror}", hint="Free some disk space and run the command again."
            ) from error

    def delete(self, *parts: str) -> None:
        for path in (self.path(*parts), self.path(*parts) + ".previous"):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    def names(self, *parts: str) -> list[str]:
        """Names of the tables and directories in a directory, sorted."""
        try:
            entries = os.listdir(os.path.join(self.root, *parts))
        except FileNotFoundError:
            return []
        return sorted({name.removesuffix(".toml") for name in entries if not name.endswith((".previous", ".tmp"))})

    # apps

    def apps(self) -> list[AppName]:
        root = os.path.join(self.root, "apps")
        return [AppName(name) for name in self.names("apps") if os.path.exists(os.path.join(root, name, "app.toml"))]

    def has_app(self, app: AppName) -> bool:
        return os.path.exists(self.path("apps", app, "app"))

    def need_app(self, app: AppName) -> AppName:
        if not self.has_app(app):
            raise AppNotFound(app)
        return app


def parse(path: str, text: bytes) -> Table:
    import tomllib

    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StateFault(
            f"{path} does not parse: {error}",
            hint=f"Mend that line, or bring the generation before it back: cp {path}.previous {path}",
        ) from error
    schema = table.pop("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StateFault(
            f"{path} has schema {schema}; this version of dokkupy knows up to {SCHEMA}",
            hint="It was written by a newer dokkupy: install that version again.",
        )
    return table


def keep_previous(path: str) -> None:
    """Keep the generation that is about to be replaced, by a hard link: no copy, no moment without either."""
    previous = path + ".previous"
    try:
        link_over(path, previous, previous + ".tmp")
    except FileNotFoundError:
        return
