"""The store: TOML files, one directory per app, one file per plugin in it.

A file is addressed by its path parts, `("apps", "blog", "nginx")` or `("global", "nginx")`, and holds a table with a
`schema` number. Callers read and write records (`model.record`), not tables. A write keeps the previous generation
beside the file (`nginx.toml.previous`), which is an empty table after the first write.

A file that does not parse, lacks its `schema`, or is missing although its previous generation exists, is a `StateError`
with the file and what to do. It is never read as an empty table, because that would lose the user's settings.
"""

from __future__ import annotations

import os

from dokkupy.errors import AppNotFound, HostError, StateError
from dokkupy.kernel.files import link_over, make_directory, open_own, unwritable, write_atomic
from dokkupy.kernel.toml import loads
from dokkupy.model.names import AppName
from dokkupy.model.secret import CLEAR, MARK, Sealed, Secret, bound, described, escaped, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from dokkupy.kernel.cipher import Cipher
    from dokkupy.model.secret import Seal

    R = TypeVar("R")

SCHEMA = 1
KEPT = 2_000
"""How many parsed files are kept in memory: a restart reads its release nine times."""

FIRST = f"schema = {SCHEMA}\n".encode()
"""The content of the generation before the first."""

Table = dict[str, "Any"]


class Store:
    """State under one root directory (`/var/lib/dokkupy`)."""

    def __init__(self, root: str, cipher: Callable[[], Cipher | None] = lambda: None) -> None:
        """cipher: returns the adapter of the role Cipher, or None if no plugin fills it. Secrets are then not encrypted."""
        self.root = root
        self._cipher = cipher
        self._parsed: dict[tuple[tuple[str, ...], bytes], Table] = {}

    def path(self, *parts: str) -> str:
        for part in parts:
            if not part or part in (".", "..") or "/" in part or "\x00" in part:
                raise ValueError(f"not a path component: {part!r}")
        return os.path.join(self.root, *parts) + ".toml"

    def directory(self, *parts: str) -> str:
        return self.path(*parts)[: -len(".toml")]

    # records

    def find(self, kind: type[R], *keys: str | None) -> R | None:
        """The record of this kind and these keys; None if there is none."""
        from dokkupy.model.record import path_of

        parts = path_of(kind, keys)
        table = self.read(*parts)
        return self._record(kind, table, parts, keys) if table else None

    def load(self, kind: type[R], *keys: str | None) -> R:
        """The record of this kind and these keys; one with all defaults if there is none yet."""
        from dokkupy.model.record import path_of

        parts = path_of(kind, keys)
        return self._record(kind, self.read(*parts), parts, keys)

    def load_derived(self, kind: type[R], *keys: str | None) -> R:
        """A record that only notes what was done or seen, and that dokkupy writes again by itself. A lost or broken one
        gives the defaults, because the timer must go on; `doctor` names it."""
        try:
            return self.load(kind, *keys)
        except StateError:
            return kind()

    def save(self, record: object, *keys: str | None) -> None:
        """Replace the record of these keys. See `write`."""
        from dokkupy.model.record import encode, path_of

        self.write(*path_of(type(record), keys), data=encode(record))

    def remove(self, kind: type, *keys: str | None) -> None:
        from dokkupy.model.record import path_of

        self.delete(*path_of(kind, keys))

    def has_file(self, *parts: str) -> bool:
        """Whether there is a file, even a broken or lost one. Frequent commands ask this first, because loading a record
        takes time."""
        path = self.path(*parts)
        return os.path.exists(path) or os.path.exists(previous_of(path))

    def _record(self, kind: type[R], table: Table, parts: tuple[str, ...], keys: tuple[str | None, ...]) -> R:
        from dokkupy.model.record import Malformed, decode

        given = dict(zip(getattr(kind, "known_by_path", ()), keys, strict=False))
        try:
            return decode(kind, table, given)
        except Malformed as error:
            path = self.path(*parts)
            raise StateError(f"{path}: {error}", hint=f"Correct it in that file. {restore_hint(path)}") from None

    # tables

    def read(self, *parts: str) -> Table:
        """The table; an empty one if the file does not exist."""
        path = self.path(*parts)
        try:
            with open(path, "rb", buffering=0) as file:  # a buffer takes as long as the read
                text = file.read()
        except (FileNotFoundError, NotADirectoryError):
            if os.path.exists(previous_of(path)):
                raise gone(path) from None
            return {}
        except PermissionError as error:
            raise HostError(
                f"{path} cannot be read by this user", hint="Run the command as root or as the user dokkupy."
            ) from error
        except OSError as error:
            raise StateError(f"{path} cannot be read: {error.strerror}", hint=restore_hint(path)) from error
        return self.decode(parts, text)

    def decode(self, parts: tuple[str, ...], text: bytes) -> Table:
        """Parse a file's text, once for each text, so nobody may change the table. Its encrypted values can decrypt themselves."""
        table = self._parsed.get((parts, text))
        if table is None:
            table = parse(self.path(*parts), text)
            table = bound(table, "/".join(parts), self.opened) if MARK.encode() in text else table
            if len(self._parsed) < KEPT:
                self._parsed[parts, text] = table
        return table

    def encode(self, parts: tuple[str, ...], data: Table, seal: Seal | None = None) -> bytes:
        """The text of a file. seal: returns the form of a secret in it, by default the encrypted one."""
        import tomli_w

        return tomli_w.dumps({"schema": SCHEMA, **written(data, "/".join(parts), seal or self.sealed)}).encode()

    def opened(self, token: Sealed) -> str:
        """Decrypt a value. Raises StateError."""
        if token.startswith(CLEAR):
            return token.removeprefix(CLEAR)
        cipher = self._cipher()
        if cipher is None:
            raise StateError(
                f"{described(token.where)} is encrypted, but no plugin that can decrypt it is loaded", hint=NO_CIPHER
            )
        return cipher.open(token, token.where)

    def sealed(self, secret: Secret, where: str) -> str:
        """The form of a secret in a file: encrypted, or plain if no plugin encrypts or no key exists yet."""
        kept = secret.sealed
        if kept is not None and kept.where == where and not kept.startswith(CLEAR):
            return str(kept)
        cipher, text = self._cipher(), secret.reveal()
        token = cipher.seal(text, where) if cipher else None
        return escaped(text) if token is None else token

    def write(self, *parts: str, data: Table) -> None:
        """Replace the table. Raises HostError when the disk is full, and leaves the old table."""
        path = self.path(*parts)
        text = self.encode(parts, data)
        try:
            make_directory(os.path.dirname(path))
            is_first = not keep_previous(path)
            write_atomic(path, text)
            if is_first:
                mark_first(path)
        except OSError as error:
            raise unwritable(error, path) from error

    def delete(self, *parts: str) -> None:
        forget_file(self.path(*parts))

    def change(self, parts: tuple[str, ...], data: Table | None) -> None:
        """Write the table, or delete the file if there is none."""
        if data is None:
            self.delete(*parts)
        else:
            self.write(*parts, data=data)

    def names(self, *parts: str) -> list[str]:
        """Names of the tables and directories in a directory, sorted."""
        try:
            entries = os.listdir(os.path.join(self.root, *parts))
        except FileNotFoundError:
            return []
        return sorted(
            {name.removesuffix(".toml") for name in entries if not name.endswith((".previous", ".tmp", ".broken"))}
        )

    # apps

    def apps(self) -> list[AppName]:
        return [app for app in map(AppName, filter(AppName.fits, self.names("apps"))) if self.has_app(app)]

    def has_app(self, app: AppName) -> bool:
        return os.path.exists(self.path("apps", app, "app"))

    def has_traces(self, app: AppName) -> bool:
        """Whether an app has state files, even without its `app.toml`."""
        try:
            names = os.listdir(self.directory("apps", app))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return any(name.endswith((".toml", ".toml.previous")) for name in names)

    def require_app(self, app: AppName) -> AppName:
        """Raises AppNotFound, or StateError when only the app's `app.toml` is missing."""
        if not self.has_app(app):
            if self.has_traces(app):
                raise lost_record(self.path("apps", app, "app"), app)
            raise AppNotFound(app)
        return app


NO_CIPHER = (
    "`dokkupy plugin:list` shows why. The plugin dokkupy-secrets decrypts values: dokkupy "
    "plugin:install dokkupy-secrets"
)


def parse(path: str, text: bytes) -> Table:
    try:
        table = loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise StateError(f"{path} does not parse: {error}", hint=f"Fix that line. {restore_hint(path)}") from error
    schema = table.pop("schema", None)
    if schema is None:
        raise StateError(f"{path} is {'incomplete: it has no schema' if table else 'empty'}", hint=restore_hint(path))
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StateError(
            f"{path} has schema {schema}; this version of dokkupy knows up to {SCHEMA}",
            hint="A newer version of dokkupy wrote this file: install that version again.",
        )
    return table


def previous_of(path: str) -> str:
    return path + ".previous"


def keep_previous(path: str) -> bool:
    """Keep the generation that is about to be replaced. A hard link copies nothing and leaves no moment without a file.
    Returns whether there was one."""
    previous = previous_of(path)
    try:
        link_over(path, previous, previous + ".tmp")
    except FileNotFoundError:
        return False
    return True


def mark_first(path: str) -> None:
    """Write an empty previous generation beside a new file, so that its loss can be detected."""
    try:
        fd = open_own(previous_of(path), os.O_WRONLY | os.O_EXCL, 0o600)
    except OSError:
        return  # not an error, because the file itself is written
    try:
        os.write(fd, FIRST)
    finally:
        os.close(fd)


def forget_file(path: str) -> None:
    """Remove a file and its previous generation. The latter goes first, because alone it would mean that the file is
    lost."""
    for one in (previous_of(path), path):
        try:
            os.unlink(one)
        except FileNotFoundError:
            pass


def gone(path: str) -> StateError:
    return StateError(f"{path} is missing, but its previous generation exists", hint=restore_hint(path))


def has_generation(path: str) -> bool:
    """Whether the previous generation holds something. That of a first generation does not."""
    try:
        return os.path.getsize(previous_of(path)) > len(FIRST)
    except OSError:
        return False


def restore_hint(path: str) -> str:
    if has_generation(path):
        return f"Restore its previous generation: cp -p {previous_of(path)} {path}"
    return "There is no previous generation: restore the file from a backup of the host, or write it again"


def lost_record(path: str, app: str) -> StateError:
    if os.path.exists(previous_of(path)):
        return gone(path)
    return StateError(
        f"{path} is missing, although other files of the app {app} exist",
        hint=f"Create it again: echo schema = {SCHEMA} > {path}. Or remove the rest of the app: apps:destroy --force "
        f"{app}",
    )
