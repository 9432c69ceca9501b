"""The fakes of the roles Images and ImageBuilds."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
from collections.abc import Mapping

from dokkupy_sdk.errors import AppError, HostError, UserError
from dokkupy_sdk.model import Image, RegistryLogin
from dokkupy_sdk.registry_access import login_for, server_of
from dokkupy_sdk.roles import ImageBuild, ImageBuilds, ImageRegistries, Images
from dokkupy_sdk.testing.labels import covers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.testing.fake_engine import FakeEngine


class FakeImages(Images):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def find(self, ref: str) -> Image | None:
        identifier = self.engine.tags.get(ref, ref if ref in self.engine.tags.values() else "")
        if not identifier:
            return None
        labels, triggers = self.engine.image_labels.get(identifier, {}), self.engine.image_triggers.get(identifier, ())
        return Image(identifier, labels=labels, triggers=triggers)

    def pull(self, ref: str) -> Image:
        login = login_for(self.engine.host, None, ref)
        if not self.engine.registries.may(server_of(ref), login) or ref not in self.engine.pushed:
            raise HostError(f"{ref} cannot be pulled: there is no registry here, or it refuses the login")
        self.engine.tags[ref] = self.engine.pushed[ref]
        return Image(self.engine.tags[ref])

    def tag(self, image: str, ref: str) -> None:
        if self.find(image) is None:
            raise HostError(f"There is no image {image}")
        self.engine.tags[ref] = self.engine.tags.get(image, image)

    def remove(self, ref: str) -> None:
        self.engine.tags.pop(ref, None)

    def find_all(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        found: dict[str, list[str]] = {}
        for ref, identifier in self.engine.tags.items():
            if covers(self.engine.image_labels.get(identifier, {}), labels):
                found.setdefault(identifier, []).append(ref)
        return [(identifier, tuple(refs), 1000) for identifier, refs in found.items()]

    def load(self, archive: str, ref: str) -> Image:
        """The fake's images have the files of all archives. An archive that is none has no files."""
        with contextlib.suppress(tarfile.ReadError), tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None  # a link may lead nowhere
                if content is not None:
                    self.engine.files[f"/{member.name}"] = content.read()
        return self.engine.keep(ref, {})

    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        content = self.engine.files.get(path)
        if content is not None and len(content) > limit:
            raise AppError(f"{path} is larger than {limit} bytes")
        return content

    def has_file(self, image: str, path: str) -> bool:
        return path in self.engine.files


class FakeImageBuilds(ImageBuilds):
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def can_mount(self) -> bool:
        return self.engine.mounts

    def build(self, build: ImageBuild) -> Image:
        self.engine.built.append((build, build.dockerfile.read_text()))
        if self.engine.fails is not None:
            raise self.engine.fails
        return self.engine.keep(build.tag, build.labels)

    def load(self, archive: str, name: str) -> Image:
        """The fake's archives are files with a text; equal texts are the same image, and no text is a damaged archive."""
        with open(archive, "rb") as file:
            content = file.read()
        if not content:
            raise UserError(f"{archive} is not an archive of an image")
        identifier = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.engine.tags[identifier] = identifier
        return Image(identifier)


class FakeImageRegistries(ImageRegistries):
    """A registry that the engine has no accounts of is open to all, but not there for a login."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def may(self, server: str, login: RegistryLogin | None) -> bool:
        accounts = self.engine.accounts.get(server)
        if accounts is None:
            return True
        return login is not None and accounts.get(login.user) == login.password.reveal()

    def check(self, login: RegistryLogin) -> None:
        if login.server not in self.engine.accounts:
            raise HostError(f"The registry {login.server} does not answer")
        if not self.may(login.server, login):
            raise UserError(f"The login at {login.server} as {login.user} failed", code="login_refused")

    def digest(self, ref: str, login: RegistryLogin | None) -> str | None:
        return self.engine.pushed.get(ref.partition("@")[0]) if self.may(server_of(ref), login) else None

    def push(self, image: str, ref: str, login: RegistryLogin | None) -> None:
        if self.engine.images.find(image) is None:
            raise HostError(f"There is no image {image}")
        if server_of(ref) not in self.engine.accounts:
            raise HostError(f"{ref} could not be pushed: the registry does not answer")
        if not self.may(server_of(ref), login):
            raise UserError(f"{ref} could not be pushed: the registry refuses the login", code="login_refused")
        self.engine.pushed[ref] = self.engine.tags.get(image, image)
