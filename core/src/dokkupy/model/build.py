"""What a build is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy.model.names import AppName
from dokkupy.model.ports import Port
from dokkupy.model.secret import Secret


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
    """One build. env: build-time environment, to be given to the build without leaving it in the image.

    options: docker options of the phase build as argv words. tag: the name under which the image is kept until it
    becomes a release. private: what no other app knows, for the names of the app's caches; it belongs in no log and no
    argv. labels: go on the image.
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
    """A built image. id: `sha256:...`. command: the image's own CMD with ENTRYPOINT; workdir: absolute or empty."""

    id: str
    ports: tuple[Port, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
