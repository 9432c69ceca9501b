"""The store: TOML files, one directory per app, one file per plugin in it.

A file is addressed by its path parts, `("apps", "blog", "nginx")` or `("global", "nginx")`, and holds a table with a
`schema` number. Who uses it reads and writes a record (`model.record`), never the table. Writing keeps the previous
generation beside it (`nginx.toml.previous`; after the first write that is an empty table). A file that does not parse, lacks its `schema`, or is gone while its previous generation is there, is a
`StateError` that names the file and what to do, never an empty table: an empty one would lose what the user had.
"""

from __future__ import annotations

import os

from dokkupy.errors import AppNotFound, HostError, StateError
from dokkupy.kernel.files import link_over, make_directory, open_own, write_atomic
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
FIRST = f"schema = {SCHEMA}\n".encode()
"""What stands for the generation before the first."""

Table = dict[str, "Any"]


class Store:
    """State under one root directory (`/var/lib/dokkupy`)."""

    def __init__(self, root: str, cipher: Callable[[], Cipher | None] = lambda: None) -> None:
        """cipher: gives the role Cipher, or None where no plugin fills it: values are not encrypted then."""
        self.root = root
        self._cipher = cipher

    def path(self, *parts: str) -> str:
        for part in parts:
            if not part or part in (".", "..") or "/" in part or "\x00" in part:
                raise ValueError(f"not a path component: {part!r}")
        return os.path.join(self.root, *parts) + ".toml"

    def directory(self, *parts: str) -> str:
        return self.path(*parts)[: -len(".toml")]

    # records

    def find(self, kind: type[R], *keys: str | None) -> R | None:
        """The record of this kind and these keys, None where there is none."""
        from dokkupy.model.record import place_of

        parts = place_of(kind, keys)
        table = self.read(*parts)
        return self._record(kind, table, parts, keys) if table else None

    def load(self, kind: type[R], *keys: str | None) -> R:
        """The record, with its defaults where there is none yet."""
        from dokkupy.model.record import place_of

        parts = place_of(kind, keys)
        return self._record(kind, self.read(*parts), parts, keys)

    def load_derived(self, kind: type[R], *keys: str | None) -> R:
        """A record that only says what was done or seen, and is made again by itself: its defaults where it is lost or
        broken, because the timer must go on. The doctor names it."""
        try:
            return self.load(kind, *keys)
        except StateError:
            return kind()

    def save(self, record: object, *keys: str | None) -> None:
        """Replace the record of these keys. See `write`."""
        from dokkupy.model.record import encode, place_of

        self.write(*place_of(type(record), keys), data=encode(record))

    def remove(self, kind: type, *keys: str | None) -> None:
        from dokkupy.model.record import place_of

        self.delete(*place_of(kind, keys))

    def has_file(self, *parts: str) -> bool:
        """Whether there is something to read, be it broken or lost. For frequent commands, which load no record for nothing."""
        path = self.path(*parts)
        return os.path.exists(path) or os.path.exists(previous_of(path))

    def _record(self, kind: type[R], table: Table, parts: tuple[str, ...], keys: tuple[str | None, ...]) -> R:
        from dokkupy.model.record import Malformed, decode

        given = dict(zip(getattr(kind, "known_by_place", ()), keys, strict=False))
        try:
            return decode(kind, table, given)
        except Malformed as error:
            path = self.path(*parts)
            raise StateError(f"{path}: {error}", hint=f"Correct it in that file. {restore_hint(path)}") from None

    # tables

    def read(self, *parts: str) -> Table:
        """The table, or an empty one when the file does not exist."""
        path = self.path(*parts)
        try:
            with open(path, "rb") as file:
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
        """The table of a file's text, whose encrypted values know how they are opened."""
        table = parse(self.path(*parts), text)
        return bound(table, "/".join(parts), self.opened) if MARK.encode() in text else table

    def encode(self, parts: tuple[str, ...], data: Table, seal: Seal | None = None) -> bytes:
        """The text of a file. seal: gives the form that a secret has in it, in place of the encrypted one."""
        import tomli_w

        return tomli_w.dumps({"schema": SCHEMA, **written(data, "/".join(parts), seal or self.sealed)}).encode()

    def in_clear(self, parts: tuple[str, ...], text: bytes) -> bytes:
        """The text of a file as a backup has it, which is encrypted as a whole and restored on hosts with other keys. A
        secret that cannot be decrypted stays as it is."""

        def clear(secret: Secret, where: str) -> str:
            try:
                return CLEAR + secret.reveal()
            except StateError:
                return str(secret.sealed)

        return self.encode(parts, self.decode(parts, text), clear) if MARK.encode() in text else text

    def encrypted(self, parts: tuple[str, ...], text: bytes) -> bytes:
        """What `in_clear` gave, with the key of this host. Raises StateError for a secret that cannot be decrypted here."""
        if MARK.encode() not in text:
            return text
        table = self.decode(parts, text)
        return self.encode(parts, table, lambda secret, where: self.sealed(Secret(secret.reveal()), where))

    def opened(self, token: Sealed) -> str:
        """What an encrypted value is. Raises StateError."""
        if token.startswith(CLEAR):
            return token.removeprefix(CLEAR)
        cipher = self._cipher()
        if cipher is None:
            raise StateError(
                f"{described(token.where)} is encrypted, and no plugin that decrypts it is loaded", hint=NO_CIPHER
            )
        return cipher.open(token, token.where)

    def sealed(self, secret: Secret, where: str) -> str:
        """The form in which a file has a secret: encrypted, or as it is where no plugin encrypts or no key is made yet."""
        kept = secret.sealed
        if kept is not None and kept.where == where and not kept.startswith(CLEAR):
            return str(kept)
        cipher, text = self._cipher(), secret.reveal()
        token = cipher.seal(text, where) if cipher else None
        return escaped(text) if token is None else token

    def previous(self, path: str) -> Table:
        """The generation before the one in force; empty where that was the first, or cannot be read either."""
        try:
            with open(previous_of(path), "rb") as file:
                return parse(previous_of(path), file.read())
        except (OSError, StateError):
            return {}

    def write(self, *parts: str, data: Table) -> None:
        """Replace the table. Raises HostError when the disk is full; the old generation then stays in place."""
        path = self.path(*parts)
        text = self.encode(parts, data)
        try:
            make_directory(os.path.dirname(path))
            is_first = not keep_previous(path)
            write_atomic(path, text)
            if is_first:
                mark_first(path)
        except OSError as error:
            raise HostError(
                f"{path} cannot be written: {error.strerror}", hint="Free some disk space and run the command again."
            ) from error

    def move_secrets(self, origin: tuple[str, ...], parts: tuple[str, ...]) -> None:
        """Encrypt the secrets of a file that was copied from `origin`: they open there alone."""
        path = self.path(*parts)
        with open(path, "rb") as file:
            text = file.read()
        if MARK.encode() in text:
            write_atomic(path, self.encode(parts, self.decode(origin, text)))

    def delete(self, *parts: str) -> None:
        forget_file(self.path(*parts))

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

    def services(self) -> list[str]:
        """`kind:name` of the services that have a record, be it broken; a directory alone is what a destroyed one left."""
        return [
            f"{kind}:{one}"
            for kind in self.names("services")
            for one in self.names("services", kind)
            if os.path.exists(self.path("services", kind, one, "service"))
        ]

    def has_app(self, app: AppName) -> bool:
        return os.path.exists(self.path("apps", app, "app"))

    def has_traces(self, app: AppName) -> bool:
        """Whether an app has state files, also where its `app.toml` is lost."""
        try:
            names = os.listdir(self.directory("apps", app))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return any(name.endswith((".toml", ".toml.previous")) for name in names)

    def require_app(self, app: AppName) -> AppName:
        """Raises AppNotFound, or StateError where the app's other files are there without its `app.toml`."""
        if not self.has_app(app):
            if self.has_traces(app):
                raise lost_record(self.path("apps", app, "app"), app)
            raise AppNotFound(app)
        return app

    def files(self, *tops: str) -> list[str]:
        """The paths of all tables below these directories, sorted; also of those that are lost."""
        found = []
        for top in tops:
            for directory, _, names in os.walk(os.path.join(self.root, top)):
                tables = {
                    name.removesuffix(".previous") for name in names if name.endswith((".toml", ".toml.previous"))
                }
                found += [os.path.join(directory, name) for name in tables]
        return sorted(found)


class Read(dict[str, "Any"]):
    """A table as it was read. A key whose default is a table or a list has to hold one, and one without a default has
    to be there."""

    def __init__(self, path: str, table: Table) -> None:
        super().__init__(table)
        self.path = path

    def __missing__(self, key: str) -> Any:
        raise StateError(f"{self.path} has no {key}", hint=restore_hint(self.path))

    def get(self, key: str, default: Any = None) -> Any:
        value = super().get(key, default)
        for kind, name in ((dict, "table"), ((list, tuple), "list")):
            if isinstance(default, kind) and not isinstance(value, kind):
                raise StateError(f"{self.path}: {key} is not a {name}", hint=restore_hint(self.path))
        return value


NO_CIPHER = (
    "dokkupy plugin:list says why; `dokkupy plugin:install dokkupy-secrets` installs the one that comes with dokkupy."
)


def parse(path: str, text: bytes) -> Table:
    try:
        table = loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise StateError(
            f"{path} does not parse: {error}",
            hint=f"Fix that line. {restore_hint(path)}",
        ) from error
    schema = table.pop("schema", None)
    if schema is None:
        raise StateError(f"{path} is {'cut off: it has no schema' if table else 'empty'}", hint=restore_hint(path))
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StateError(
            f"{path} has schema {schema}; this version of dokkupy knows up to {SCHEMA}",
            hint="A newer version of dokkupy wrote it: install that version again.",
        )
    return Read(path, table)


def previous_of(path: str) -> str:
    return path + ".previous"


def keep_previous(path: str) -> bool:
    """Keep the generation that is about to be replaced, by a hard link: no copy, no moment without either. Returns
    whether there was one."""
    previous = previous_of(path)
    try:
        link_over(path, previous, previous + ".tmp")
    except FileNotFoundError:
        return False
    return True


def mark_first(path: str) -> None:
    """Leave an empty previous generation beside a file that is new, so that its loss shows from now on."""
    try:
        fd = open_own(previous_of(path), os.O_WRONLY | os.O_EXCL, 0o600)
    except OSError:
        return  # only a safeguard: the file itself is written
    try:
        os.write(fd, FIRST)
    finally:
        os.close(fd)


def forget_file(path: str) -> None:
    """Remove a file and its previous generation; the latter first, as alone it would mean that the file was lost."""
    for one in (previous_of(path), path):
        try:
            os.unlink(one)
        except FileNotFoundError:
            pass


def gone(path: str) -> StateError:
    return StateError(f"{path} is missing, but its previous generation exists", hint=restore_hint(path))


def has_generation(path: str) -> bool:
    """Whether a generation is kept that holds something; beside the first there is only a mark."""
    try:
        return os.path.getsize(previous_of(path)) > len(FIRST)
    except OSError:
        return False


def restore_hint(path: str) -> str:
    if has_generation(path):
        return f"Bring the generation before it back: cp -p {previous_of(path)} {path}"
    return "No generation before it is kept: restore it from a backup of the host, or write it again"


def lost_record(path: str, app: str) -> StateError:
    if os.path.exists(previous_of(path)):
        return gone(path)
    return StateError(
        f"{path} is missing, although other files of the app {app} exist",
        hint=f"Create it again: echo schema = {SCHEMA} > {path}. Or remove what is left: apps:destroy --force {app}",
    )
