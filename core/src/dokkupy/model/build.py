"""The input and the result of a build."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy.model.names import AppName
from dokkupy.model.ports import Port
from dokkupy.model.secret import Secret
from dokkupy.model.values import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """With what an image registry is used. server: its name as images have it, such as `ghcr.io` or `docker.io`. shared:
    every app's; else one app's own, which no other app's build may see, nor what was fetched with it."""

    server: str
    user: str
    password: Secret
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Code on the host, ready to build.

    directory: a private copy that nobody else writes to; its content is untrusted (read it through
    `dokkupy_sdk.files`). kind: git-hook, git:sync, git:from-archive, git:from-image, ps:rebuild... revision: the git
    commit or image reference it came from. metadata: what `apps:report` shows as deploy-source-metadata.
    """

    app: AppName
    directory: Path
    kind: str
    revision: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """One build. env: the build's environment, which must not remain in the image.

    options: docker options of the phase build, as arguments. tag: the image's name. private: a text that no other
    app knows, for the names of the app's caches; keep it out of logs and argv. labels: of the image.
    """

    id: str
    source: Source
    builder: str
    env: Mapping[str, Secret] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    tag: str = ""
    private: Secret = Secret("")
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Image:
    """A built image. id: `sha256:...`. command: the image's own CMD with ENTRYPOINT; workdir: absolute or empty. triggers:
    what its ONBUILD lines add to a build that starts from it. size: bytes."""

    id: str
    ports: tuple[Port, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[str, ...] = ()
    size: int = 0
