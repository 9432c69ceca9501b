"""Types of the commands' arguments. Light, because every command of the namespace imports them."""

from __future__ import annotations

import os

from dokkupy_sdk.names import AppName, Identifier, Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from dokkupy_sdk import Host

DIVIDED = "Storage path must be two valid paths divided by colon."
VOLUME = (
    "Volume name must be two characters or more. Volume name must not contain invalid characters. "
    "Storage path must be two valid paths divided by colon."
)
SAFE = Pattern(r"[^:,\x00-\x1f\x7f\\]*")
"""Characters that a path may have: neither docker's `-v` nor its `--mount` can quote a colon or a comma."""

PLAIN_OPTIONS = ("ro", "rw")
OPTIONS = (*PLAIN_OPTIONS, "z", "Z", "nocopy", "shared", "rshared", "slave", "rslave", "private", "rprivate")
DNS_LABEL = Pattern(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LONGEST_NAME = 45


def is_path(text: str) -> bool:
    """Whether it is an absolute path in its only spelling."""
    return text.startswith("/") and os.path.normpath(text) == text and not text.startswith("//") and fits(text)


def fits(text: str) -> bool:
    return len(text) < 4096 and SAFE.fullmatch(text) is not None


class EntryName(Identifier):
    """The name of a storage entry."""

    __slots__ = ()
    what = "Storage entry name"
    rule = "is a DNS label: lower-case letters, digits and hyphens, at most 45, with a letter or digit at both ends"
    pattern = DNS_LABEL
    max_length = LONGEST_NAME
    noun = "storage"

    def owners(self, host: Host, namespace: str) -> Collection[AppName]:
        from dokkupy_storage.directories.access import apps_of_entry

        return apps_of_entry(host, self)


class HostPath(Identifier):
    """A directory of the host, which only admins may mount."""

    __slots__ = ()
    what = "Path"
    rule = "must be an absolute path other than /, without colons, commas or `..`"
    max_length = 4095

    @classmethod
    def normalized(cls, text: str) -> str:
        return text.rstrip("/") or text

    @classmethod
    def matches(cls, text: str) -> bool:
        return text != "/" and is_path(text)


class ContainerPath(HostPath):
    """The path of a mount in the container."""

    __slots__ = ()
    what = "Container directory"


class SubPath(Identifier):
    """A directory in an entry's directory."""

    __slots__ = ()
    what = "Sub-path"
    rule = "must be a relative path, without colons, commas or `..`"
    max_length = 1024

    @classmethod
    def normalized(cls, text: str) -> str:
        return text.rstrip("/")

    @classmethod
    def matches(cls, text: str) -> bool:
        return not text.startswith("/") and is_path(f"/{text}")


class MountOptions(Identifier):
    """Docker's options of a mount, separated by commas."""

    __slots__ = ()
    what = "Mount options"

    @classmethod
    def matches(cls, text: str) -> bool:
        return {*text.split(",")} <= {*OPTIONS}

    @classmethod
    def complaint(cls, text: str) -> str:
        unknown = next((word for word in text.split(",") if word not in OPTIONS), "")
        return f"{unknown[:40]!r} is not an option of a mount: use {', '.join(OPTIONS)}"


class Mountable(Identifier):
    """What is mounted: the name of an entry, or `SOURCE:TARGET[:OPTIONS]`, where the source is a path of the host or the name
    of a docker volume."""

    __slots__ = ()
    noun = "storage"
    max_length = 8192

    @classmethod
    def normalized(cls, text: str) -> str:
        source, target, options = parts(text)
        shorter = [source.rstrip("/") or source, target.rstrip("/") or target, *([options] if options else [])]
        return ":".join(shorter) if target else text

    @classmethod
    def matches(cls, text: str) -> bool:
        if EntryName.fits(text):
            return True
        source, target, options = parts(text)
        named = is_path(source) if source.startswith("/") else Pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]+").fullmatch(source)
        return bool(named) and ContainerPath.fits(target) and (not options or MountOptions.fits(options))

    @classmethod
    def complaint(cls, text: str) -> str:
        source, target, options = parts(text)
        if target and options and not MountOptions.fits(options):
            return MountOptions.complaint(options)
        if ":" not in text and not text.startswith("/"):
            return EntryName.complaint(text)
        return DIVIDED if source.startswith("/") else VOLUME

    @property
    def is_entry(self) -> bool:
        return ":" not in self

    @property
    def source(self) -> str:
        return parts(self)[0]

    @property
    def target(self) -> str:
        return parts(self)[1]

    @property
    def options(self) -> str:
        return parts(self)[2]

    def owners(self, host: Host, namespace: str) -> Collection[AppName]:
        from dokkupy_storage.directories.access import apps_of_directory, apps_of_entry

        if self.is_entry:
            return apps_of_entry(host, self)
        options = {*filter(None, self.options.split(","))}
        if not options <= {*PLAIN_OPTIONS}:
            return ()
        return apps_of_directory(host, self.source, is_written="ro" not in options)


def parts(text: str) -> tuple[str, str, str]:
    source, _, rest = text.partition(":")
    target, _, options = rest.partition(":")
    return source, target, options


class DirectoryName(Identifier):
    """A directory of the storage root, made by `storage:ensure-directory`."""

    __slots__ = ()
    pattern = Pattern(r"[A-Za-z0-9_-]{1,128}")

    @classmethod
    def complaint(cls, text: str) -> str:
        return "Directory can only contain the following set of characters: [A-Za-z0-9_-]"


class User(Identifier):
    """A user in a container, with or without a group."""

    __slots__ = ()
    what = "User"
    rule = "must be a name or number, or USER:GROUP"
    pattern = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?")
    max_length = 65


class LabelKey(Identifier):
    """The key of a label or an annotation."""

    __slots__ = ()
    what = "Key"
    rule = "must begin with a letter or digit and may only contain letters, digits and . _ / - (at most 128)"
    pattern = Pattern(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
    max_length = 128
