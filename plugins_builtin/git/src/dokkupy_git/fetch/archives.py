"""Converts untrusted archives to a commit without unpacking them to the disk.

An archive's entries are looked at one by one and handed to `git fast-import` as blobs: there is no directory out of
which a path could lead and no link that a write could follow. The archive itself lies in a file without a name, which
the kernel removes with the process.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.values import dataclass

TYPES = ("tar", "tar.gz", "zip")
LARGEST_READ = 1 << 20
"""The largest read, because tarfile reads an extended header of any size at once."""

SMALL_PARTS = 512
LONGEST_PATH = 4096
CHUNK = 1 << 16


class BadArchive(UserError):
    """The archive is refused, and nothing was changed."""

    code = "bad_archive"


@dataclass(frozen=True, slots=True)
class Limits:
    """The host's limits: number of entries, and total bytes of all files."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or link. mode: git's (100644, 100755, 120000). path: bytes, checked. same_as: path of an earlier entry
    with this content (a hard link). link: a symbolic link's target."""

    path: bytes
    mode: bytes
    size: int = 0
    link: bytes = b""
    same_as: bytes = b""


class Guarded(io.RawIOBase):
    """A stream for tarfile, which limits each read to a megabyte, and the position to the maximum size."""

    def __init__(self, inner: IO[bytes], limit: int) -> None:
        self.inner = inner
        self.limit = limit

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_READ:
            raise BadArchive("The archive has a header of more than 1 MiB")
        data = self.inner.read(size)
        self.check()
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset > self.limit:
            raise BadArchive(f"The archive unpacks to more than {self.limit} bytes")
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    def check(self) -> None:
        if self.inner.tell() > self.limit:
            raise BadArchive(f"The archive unpacks to more than {self.limit} bytes")


def sniff(file: IO[bytes]) -> str:
    """The type of an archive by its first bytes."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return "tar.gz"
    return "zip" if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) else "tar"


def entries(file: IO[bytes], kind: str, limits: Limits) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    """The entries in order, each with its content. Raises BadArchive for the first one that is refused."""
    seen: dict[bytes, str] = {}
    total = 0
    found = read_zip(file, limits) if kind == "zip" else read_tar(file, kind, limits)
    for count, (entry, content) in enumerate(found, 1):
        if count > limits.files:
            raise BadArchive(f"The archive has more than {limits.files} entries")
        total += entry.size
        if total > limits.size:
            raise BadArchive(f"The archive unpacks to more than {limits.size} bytes")
        if entry.mode == DIRECTORY:
            claim(seen, entry.path, "directory")
            continue
        claim(seen, entry.path, "link" if entry.mode == LINK else "file")
        if entry.same_as and seen.get(entry.same_as) != "file":
            raise BadArchive(f"The archive has a hard link {shown(os.fsdecode(entry.path))} to no earlier file")
        yield entry, content


@contextmanager
def faults_named(kind: str) -> Iterator[None]:
    """Convert errors of the libraries about an archive to BadArchive."""
    import zlib

    try:
        yield
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the disk, not of the archive
        raise BadArchive(f"The archive is not a valid {kind}: {str(error)[:200]}") from error


DIRECTORY = b"040000"
LINK = b"120000"


def claim(seen: dict[bytes, str], path: bytes, kind: str) -> None:
    """Claim a path for an entry. A duplicate path, or one below something that is not a directory, is refused, because
    programs handle these differently, which attacks exploit."""
    before = seen.get(path)
    if before is not None and not (kind == before == "directory"):
        raise BadArchive(f"The archive has {shown(os.fsdecode(path))} twice")
    parent = path
    while b"/" in parent:
        parent = parent.rpartition(b"/")[0]
        known = seen.setdefault(parent, "directory")
        if known != "directory":
            raise BadArchive(
                f"The archive has {shown(os.fsdecode(path))} below {shown(os.fsdecode(parent))}, which is a {known}"
            )
    seen[path] = kind


def checked_path(raw: bytes) -> bytes:
    """An entry's normalized relative path; empty for the root itself and for what is in `.git`."""
    name = shown(os.fsdecode(raw[:200]))
    if len(raw) > LONGEST_PATH or raw.count(b"/") > SMALL_PARTS:
        raise BadArchive(f"The archive has a path that is too long: {name}")
    if b"\0" in raw:
        raise BadArchive(f"The archive has a path with a NUL: {name}")
    if raw.startswith(b"/"):
        raise BadArchive(f"The archive has an absolute path: {name}")
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise BadArchive(f"The archive has a path that leaves the archive: {name}")
    if b".git" in parts:
        return b""
    if any(part.lower().rstrip(b". ") in (b".git", b"git~1") for part in parts):
        raise BadArchive(f"The archive has a path that some systems read as .git: {name}")
    return b"/".join(parts)


def file_mode(mode: int) -> bytes:
    """git's mode for a file, which keeps only the executable bit. setuid, owners and the rest are ignored."""
    return b"100755" if mode & 0o100 else b"100644"


def read_tar(file: IO[bytes], kind: str, limits: Limits) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    file.seek(0)
    inner: IO[bytes] = file
    if kind == "tar.gz":
        import gzip

        inner = gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[assignment]
    # Headers and padding of many small files are larger than the files.
    guarded = Guarded(inner, limits.size + limits.files * 4096 + (1 << 20))
    with tarfile.open(fileobj=guarded, mode="r:", errors="surrogateescape") as archive:
        for number, member in enumerate(archive, 1):
            if number > limits.files:
                raise BadArchive(f"The archive has more than {limits.files} entries")
            path = checked_path(os.fsencode(member.name))
            if not path:
                continue
            if member.isdir():
                yield Entry(path, DIRECTORY), None
            elif member.issparse():
                raise BadArchive(f"The archive has a sparse file: {shown(member.name)}")
            elif member.isreg():
                yield Entry(path, file_mode(member.mode), member.size), archive.extractfile(member)
            elif member.issym():
                yield Entry(path, LINK, len(member.linkname), link=link_target(os.fsencode(member.linkname))), None
            elif member.islnk():
                yield Entry(path, file_mode(member.mode), same_as=checked_path(os.fsencode(member.linkname))), None
            else:
                raise BadArchive(f"The archive has a device, pipe or other special file: {shown(member.name)}")


def link_target(raw: bytes) -> bytes:
    if not raw or b"\0" in raw or len(raw) > LONGEST_PATH:
        raise BadArchive("The archive has a symbolic link with an invalid target")
    return raw


def read_zip(file: IO[bytes], limits: Limits) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    check_zip_directory(file, limits)
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            path = checked_path(os.fsencode(member.filename))
            if not path:
                continue
            if member.flag_bits & 0x1:
                raise BadArchive(f"The archive is encrypted: {shown(member.filename)}")
            mode = member.external_attr >> 16
            kind = stat.S_IFMT(mode)
            if member.is_dir():
                yield Entry(path, DIRECTORY), None
            elif kind == stat.S_IFLNK:
                with archive.open(member) as content:
                    target = content.read(LONGEST_PATH + 1)
                yield Entry(path, LINK, len(target), link=link_target(target)), None
            elif kind in (0, stat.S_IFREG):
                with archive.open(member) as content:
                    yield Entry(path, file_mode(mode), member.file_size), content
            else:
                raise BadArchive(f"The archive has a special file: {shown(member.filename)}")


def check_zip_directory(file: IO[bytes], limits: Limits) -> None:
    """Check the size of a zip's directory, because zipfile reads all of it into memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise BadArchive("The archive is not a valid zip: its directory is missing")
    count, length = struct.unpack("<HL", tail[at + 10 : at + 16])
    if count > limits.files or length > limits.files * 1024 + (1 << 20) or count == 0xFFFF or length == 0xFFFFFFFF:
        raise BadArchive(f"The archive has more than {min(limits.files, 0xFFFE)} entries")


# into git


def prefix_of(paths: list[bytes]) -> bytes:
    """The single top-level directory (`app-1.0/`), which is stripped; empty if there is none."""
    if not paths:
        return b""
    first = paths[0].partition(b"/")[0] + b"/"
    return first if all(path.startswith(first) for path in paths) else b""


def survey(file: IO[bytes], kind: str, limits: Limits) -> bytes:
    """Read the whole archive once, so that a bad one is refused before git gets any of it. Returns its prefix."""
    paths = []
    total = 0
    with faults_named(kind):
        for entry, content in entries(file, kind, limits):
            paths.append(entry.path)
            while content is not None and (chunk := content.read(CHUNK)):
                total += len(chunk)
                if total > limits.size:
                    raise BadArchive(f"The archive unpacks to more than {limits.size} bytes")
    if not paths:
        raise BadArchive("The archive has no files")
    return prefix_of(paths)


def quoted(path: bytes) -> bytes:
    """A path in the notation of fast-import."""
    out = bytearray(b'"')
    for byte in path:
        if byte in b'"\\':
            out += b"\\" + bytes([byte])
        elif byte < 32 or byte == 127:
            out += b"\\%03o" % byte
        else:
            out.append(byte)
    return bytes(out + b'"')


def write_commands(out: IO[bytes], file: IO[bytes], kind: str, limits: Limits, prefix: bytes, header: bytes) -> None:
    """Write the archive as fast-import commands: the blobs, and then one commit that refers to them."""
    marks: dict[bytes, int] = {}
    names: list[tuple[bytes, int, bytes]] = []
    with faults_named(kind):
        for number, (entry, content) in enumerate(entries(file, kind, limits), 2):
            if entry.same_as:
                marks[entry.path] = marks[entry.same_as]
            else:
                marks[entry.path] = number
                size = len(entry.link) if entry.mode == LINK else entry.size
                out.write(b"blob\nmark :%d\ndata %d\n" % (number, size))
                copy(io.BytesIO(entry.link) if entry.mode == LINK else content, out, size)
                out.write(b"\n")
            names.append((entry.mode, marks[entry.path], entry.path.removeprefix(prefix)))
    out.write(header)
    out.write(b"deleteall\n")
    for mode, mark, path in names:
        out.write(b"M %s :%d %s\n" % (mode, mark, quoted(path)))
    out.write(b"\nget-mark :1\ndone\n")


def copy(content: IO[bytes] | None, out: IO[bytes], size: int) -> None:
    assert content is not None
    left = size
    while left:
        chunk = content.read(min(CHUNK, left))
        if not chunk:
            raise BadArchive("The archive is cut off")
        out.write(chunk)
        left -= len(chunk)
    if content.read(1):
        raise BadArchive("The archive has a file that is longer than its header says")
