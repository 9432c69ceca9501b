"""Reads a pushed tree, which is untrusted: no link is followed, no device is opened, and sizes are limited."""

from __future__ import annotations

import errno
import os
import stat

from dokkupy.errors import AppError

from dokkupy_sdk.names import RelativePath
from dokkupy_sdk.text import decode_text

LIMIT = 256 * 1024


def almost(root: str | os.PathLike[str], path: str) -> str:
    """The path of a file that may be a misnamed `path`, which does not exist: `procfile`, `Procfile.txt`."""
    folder, _, name = str(RelativePath(path)).rpartition("/")
    meant = {name.lower(), f"{name.lower()}.txt", f"{name.lower()}c"}
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            found = [one.name for one in entries if one.name.lower() in meant and one.is_file(follow_symlinks=False)]
    except OSError:
        return ""
    return "" if name in found or not found else os.path.join(folder, min(found))


def read_text(root: str | os.PathLike[str], path: str, *, limit: int = LIMIT) -> str | None:
    """The text of a file below `root`; None if it does not exist.

    Each component is opened separately without following links, so a link that is swapped in during the read is refused
    too. Raises AppError for a link, a device, a file of more than `limit` bytes, and one that is not text
    (`decode_text`).
    """
    parts = RelativePath(path).split("/")
    descriptors = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for part in parts[:-1]:
            if part in ("", "."):
                continue
            descriptors.append(open_beneath(descriptors[-1], part, path, os.O_DIRECTORY))
        fd = open_beneath(descriptors[-1], parts[-1], path, os.O_NONBLOCK)
        descriptors.append(fd)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise AppError(
                f"{path} in the source is not a regular file", code="bad_source", hint="Replace it with a file."
            )
        if found.st_size > limit:
            raise AppError(
                f"{path} in the source is larger than {limit // 1024} KiB",
                code="bad_source",
                hint="Make the file smaller.",
            )
        with os.fdopen(os.dup(fd), "rb") as file:
            return decode_text(file.read(limit + 1))
    except FileNotFoundError:
        return None
    except ValueError:
        raise AppError(f"{path} in the source is not UTF-8 text", code="bad_source", hint="Save it as UTF-8.") from None
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def open_beneath(directory: int, name: str, path: str, flags: int) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            kind = "a symbolic link" if error.errno == errno.ELOOP else "behind something that is not a directory"
            if error.errno == errno.ENOTDIR and not os.path.islink(f"/proc/self/fd/{directory}/{name}"):
                raise FileNotFoundError(path) from None
            raise AppError(
                f"{path} in the source is {kind}, which dokkupy does not follow",
                code="bad_source",
                hint="Replace it with the file itself.",
            ) from None
        raise
