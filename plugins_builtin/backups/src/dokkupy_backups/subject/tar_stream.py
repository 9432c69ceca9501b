"""Packs trees as tar streams without a temporary file, and unpacks untrusted archives."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator

from dokkupy_sdk.errors import HostError

END = 2 * tarfile.BLOCKSIZE
"""The number of zero bytes at an archive's end (POSIX.1, pax)."""

MEMBERS = 5_000_000
"""The largest number of members in an archive."""

Convert = Callable[[str, bytes], bytes]
"""Converts a file's content, given its path and content."""

SHARED = stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO
BLOCK = 512
CHUNK = 1024 * 1024
TABLE = 64 * CHUNK
"""The largest size of a state table."""


class Sink(io.RawIOBase):
    """A file object that passes on what is written to it."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._write(piece)
        return len(piece)


class Source(io.RawIOBase):
    """A file object that reads from pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return 0
        piece, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


def walk(root: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    """Relative paths of directories, files and links, a directory before what is in it; in name order, which for a
    git repository means HEAD and loose objects before packs, so that what is repacked meanwhile is seen once more."""

    def below(relative: str) -> Iterator[str]:
        try:
            names = sorted(os.listdir(os.path.join(root, relative)))
        except FileNotFoundError:
            return  # gone since it was listed
        for name in names:
            path = f"{relative}/{name}" if relative else name
            if not wanted(path):
                continue
            yield path
            try:
                is_directory = stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode)
            except FileNotFoundError:
                continue
            if is_directory:
                yield from below(path)

    yield from below("")


def unchanged(path: str, content: bytes) -> bytes:
    return content


def is_table(path: str) -> bool:
    """Whether the content of a file is converted, which requires that it is small."""
    return path.endswith((".toml", ".toml.previous"))


def pack(root: str, paths: Iterable[str], write: Callable[[bytes], object], convert: Convert = unchanged) -> None:
    """Write a tar stream of these paths, state tables converted. Each file is as it was at one moment; what is gone by then is left out; what
    is neither file, directory nor link (a socket) is too. Raises HostError for what cannot be read."""
    sink = io.BufferedWriter(Sink(write), CHUNK)
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar:
        for path in paths:
            try:
                add(tar, root, path, convert)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise HostError(
                    f"{os.path.join(root, path)} cannot be read: {error.strerror}",
                    hint="Check that this file can be read as root and that its disk is healthy.",
                ) from error
    sink.flush()


def add(tar: tarfile.TarFile, root: str, path: str, convert: Convert) -> None:
    full = os.path.join(root, path)
    found = os.lstat(full)
    member = tarfile.TarInfo(path)
    member.mode, member.mtime = found.st_mode & SHARED, int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
    elif stat.S_ISLNK(found.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(full)
        tar.addfile(member)
    elif stat.S_ISREG(found.st_mode):
        fd = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if is_table(path):
                content = convert(path, file.read())
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                return
            # A log may grow during the backup, so its current size is used.
            member.size = os.fstat(file.fileno()).st_size
            tar.addfile(member, Exactly(file, member.size))


class Exactly:
    """The given number of bytes of a file. If the file has been truncated by another process, NULs fill up the rest."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        piece = self._file.read(size)
        piece += b"\0" * (size - len(piece))
        self._left -= size
        return piece


# unpacking


def unpack(pieces: Iterable[bytes], root: str, convert: Convert = unchanged) -> int:
    """Unpack into an empty directory of ours, state tables converted; returns the number of members. Raises HostError for an archive that is
    damaged, or has a member that would be anywhere else, or is anything but a file, directory or inner link.

    Links are made last, so that nothing is written through one.
    """
    links: list[tuple[str, str]] = []
    seen: set[str] = set()
    raw = Source(pieces)
    source = io.BufferedReader(raw, CHUNK)
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK) as tar:
            for member in tar:
                path = safe(member.name)
                if path in seen or len(seen) >= MEMBERS:
                    raise HostError(
                        f"The archive has {path[:200]!r} twice, or too many members", code="bad_archive", hint=UNUSABLE
                    )
                seen.add(path)
                if member.issym():
                    links.append((path, inner(path, member.linkname)))
                else:
                    extract(tar, member, os.path.join(root, path), convert)
        while source.read(CHUNK):
            pass  # padding
        # tarfile accepts an archive that was cut off between two members, and up to 3.11.3 even within a header.
        if raw.taken < tar.offset + END:
            raise HostError("The archive is damaged: it was cut off", code="bad_archive", hint=UNUSABLE)
    except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
        raise HostError(f"The archive is damaged: {error}", code="bad_archive", hint=UNUSABLE) from error
    for path, to in links:
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), mode=0o700, exist_ok=True)
        os.symlink(to, full)
    return len(seen)


def extract(tar: tarfile.TarFile, member: tarfile.TarInfo, full: str, convert: Convert) -> None:
    mode = member.mode & SHARED
    if member.isdir():
        os.makedirs(full, mode=0o700, exist_ok=True)
        os.chmod(full, mode | stat.S_IRWXU)
        return
    if not member.isreg() or member.issparse():
        raise HostError(
            f"The archive has {member.name[:200]!r}, which is not a file, directory or link",
            code="bad_archive",
            hint=UNUSABLE,
        )
    os.makedirs(os.path.dirname(full), mode=0o700, exist_ok=True)
    fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        content = tar.extractfile(member)
        assert content is not None
        left = member.size
        if is_table(member.name) and left <= TABLE:
            text = content.read(left)
            if len(text) == left:  # else it ends within, which is said below
                file.write(convert(member.name, text))
                left = 0
        while left:
            piece = content.read(min(CHUNK, left))
            if not piece:
                raise HostError(
                    f"The archive ends in the middle of {member.name[:200]!r}", code="bad_archive", hint=UNUSABLE
                )
            file.write(piece)
            left -= len(piece)
        os.fchmod(file.fileno(), mode)


UNUSABLE = "Use another backup: `dokkupy backups:list` lists them."


def safe(name: str) -> str:
    """A member's path below the root. Raises HostError."""
    parts = name.split("/")
    if not name or name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise HostError(
            f"The archive has a member {name[:200]!r}, which leads out of it", code="bad_archive", hint=UNUSABLE
        )
    return name


def inner(path: str, to: str) -> str:
    """A link's target, if it stays inside. Raises HostError."""
    place = os.path.normpath(os.path.join(os.path.dirname(path), to))
    if not to or to.startswith("/") or place == ".." or place.startswith("../"):
        raise HostError(f"The archive's link {path[:200]!r} leads out of it", code="bad_archive", hint=UNUSABLE)
    return to
