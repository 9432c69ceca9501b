"""Names of services. Imports little, because the commands of every datastore load it."""

from __future__ import annotations

import os
import re

from dokkupy_sdk.names import AppName, Identifier
from dokkupy_sdk.state_files import state_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host


class ServiceName(Identifier):
    """The name of a service (reference, section 2.6), at most 48 characters so that its host names are DNS labels."""

    __slots__ = ()
    what = "Service name"
    rule = (
        "may only contain letters, digits, underscores and hyphens (at most 48), and must begin with a letter or digit"
    )
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
    max_length = 48
    noun = "service"

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        """The apps to which the service of the kind `namespace` is linked. A key with permission for all of them may
        use the service."""
        return tuple(AppName(app) for app in linked_apps(host, namespace, self))

    @classmethod
    def complaint(cls, text: str) -> str:
        return super().complaint(text) if text else "Please specify a valid name for the service"


class ServiceSubject(Identifier):
    """`KIND:NAME` of a service, such as `postgres:db`, for commands that take services of every kind."""

    __slots__ = ()
    what = "Service"
    rule = "is not KIND:NAME, such as postgres:db"
    pattern = re.compile(r"[a-z][a-z0-9-]*:[A-Za-z0-9][A-Za-z0-9_-]{0,47}")
    max_length = 100
    noun = "service"

    @property
    def kind(self) -> str:
        return self.partition(":")[0]

    @property
    def name(self) -> ServiceName:
        return ServiceName(self.partition(":")[2])

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        return self.name.owners(host, self.kind)

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{text[:100]!r} {cls.rule}"


class Exposure(Identifier):
    """A port of the host, or `ADDRESS:PORT`; `expose` reads it."""

    __slots__ = ()
    what = "Port"
    rule = "is not a port, or ADDRESS:PORT"
    pattern = re.compile(r"(?:\[?[0-9A-Za-z.:%]+\]?:)?[0-9]{1,5}")

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{text[:60]!r} is not a port, or ADDRESS:PORT"


class Mount(Identifier):
    """`SOURCE:DIRECTORY[:OPTIONS]`: a path of the host or the name of a docker volume, and its path in the container.
    With the option `volume-subpath=PATH`, the source is a directory below the path of the host."""

    __slots__ = ()
    what = "Mount"
    max_length = 8192
    options_known = ("ro", "rw", "z", "Z", "nocopy", "shared", "rshared", "slave", "rslave", "private", "rprivate")

    @classmethod
    def normalized(cls, text: str) -> str:
        source, target, options = cls.parts(text)
        rest = []
        for word in filter(None, options.split(",")):
            key, _, value = word.partition("=")
            if key == "volume-subpath" and source.startswith("/") and ".." not in value.split("/"):
                source = f"{source.rstrip('/')}/{value.strip('/')}"
            elif word != "volume-chown=false":
                rest.append(word)
        return ":".join([source.rstrip("/") or source, target.rstrip("/") or target, *filter(None, [",".join(rest)])])

    @classmethod
    def matches(cls, text: str) -> bool:
        return not cls.reason(text)

    @classmethod
    def complaint(cls, text: str) -> str:
        return cls.reason(text)

    @classmethod
    def reason(cls, text: str) -> str:
        """Why the text is not a mount; empty if it is one."""
        source, target, options = cls.parts(text)
        if re.search(r"[\x00-\x1f\x7f\\]", text) or not (is_plain_path(source) or VOLUME.fullmatch(source)):
            return f"{text[:80]!r} does not begin with an absolute path or the name of a docker volume"
        if not is_plain_path(target) or target == "/":
            return f"{text[:80]!r} is not a mount such as /srv/files:/opt/files or /srv/files:/opt/files:ro"
        for word in filter(None, options.split(",")):
            if word.startswith("volume-subpath="):
                return "volume-subpath is for paths of the host, without `..`; a docker volume is mounted as a whole"
            if word.startswith("volume-chown="):
                return "The owner of a mounted directory is not changed: use chown on the host"
            if word not in cls.options_known:
                return f"{word[:40]!r} is not an option of a mount: use {', '.join(cls.options_known)}"
        return ""

    @staticmethod
    def parts(text: str) -> tuple[str, str, str]:
        source, _, rest = text.partition(":")
        target, _, options = rest.partition(":")
        return source, target, options

    @property
    def source(self) -> str:
        return self.parts(self)[0]

    @property
    def target(self) -> str:
        return self.parts(self)[1]

    @property
    def options(self) -> str:
        return self.parts(self)[2]

    @property
    def place(self) -> tuple[str, str]:
        return self.source, self.target

    @property
    def is_path(self) -> bool:
        return self.startswith("/")


VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,127}")


def is_plain_path(text: str) -> bool:
    """Whether it is a normalized absolute path that docker's `-v` accepts."""
    return text.startswith("/") and not text.startswith("//") and os.path.normpath(text) == text and "," not in text


def linked_apps(host: Host, kind: str, name: str) -> list[str]:
    """The apps that have a link, even a broken or lost one. Links of destroyed apps do not count."""
    files = state_files(host.store, os.path.join("services", kind, name, "links"))
    every = [os.path.basename(path).removesuffix(".toml") for path in files]
    return [app for app in every if AppName.fits(app) and host.store.has_traces(AppName(app))]


def variable(kind: str, what: str) -> str:
    """A variable of the host's environment that configures one kind of service: `POSTGRES_IMAGE`."""
    return f"{kind.upper().replace('-', '_')}_{what}"
