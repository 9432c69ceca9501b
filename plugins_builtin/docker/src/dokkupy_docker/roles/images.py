"""The roles Images and ImageBuilds, by Docker."""

from __future__ import annotations

import io
from collections.abc import Mapping

from dokkupy_sdk.errors import AppError, Conflict, HostError, NotFound, UserError
from dokkupy_sdk.model import Image
from dokkupy_sdk.roles import ImageBuild, ImageBuilds, Images

from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import exposed, filters, words_of
from dokkupy_docker.engine_api.errors import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine

IMAGE_GONE = "Run the command again, while nothing else removes images on this host."


class DockerImages(Images):
    """The images of Docker."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def find(self, ref: str) -> Image | None:
        found = api.get(f"/images/{api.quoted(ref)}/json")
        if found is None:
            return None
        config = found.get("Config") or {}
        return Image(
            id=found["Id"],
            ports=exposed(config.get("ExposedPorts") or {}),
            entrypoint=words_of(config.get("Entrypoint")),
            command=words_of(config.get("Cmd")),
            workdir=config.get("WorkingDir") or "",
            user=config.get("User") or "",
            labels=config.get("Labels") or {},
            triggers=tuple(config.get("OnBuild") or ()),
            size=found.get("Size") or 0,
        )

    def pull(self, ref: str) -> Image:
        from dokkupy_sdk.registry_access import login_for

        from dokkupy_docker.roles.registries import account

        login = login_for(self.engine.host, None, ref)
        given = account(login) if login else None
        with faults(f"{ref} could not be pulled"):
            for event in self.engine.client.pull(ref, stream=True, decode=True, auth_config=given):
                if "error" in event:
                    raise HostError(
                        f"{ref} could not be pulled: {event['error']}",
                        hint="Check the name and tag. If the registry requires a login: registry:login",
                    )
                if event.get("status"):
                    self.engine.host.out.progress(f"{event['status']} {event.get('id', '')}")
        found = self.find(ref)
        if found is None:
            raise HostError(f"{ref} was pulled, but the engine does not have it", hint=IMAGE_GONE)
        return found

    def tag(self, image: str, ref: str) -> None:
        name, _, tag = ref.rpartition(":")
        with faults(f"The image {image} could not be tagged {ref}"):
            api.call("POST", f"/images/{api.quoted(image)}/tag", repo=name, tag=tag, force=1)

    def remove(self, ref: str) -> None:
        try:
            with faults(f"The image {ref} could not be removed"):
                api.call("DELETE", f"/images/{api.quoted(ref)}")
        except (NotFound, Conflict):
            # A running container uses the image: the name stays until the clean-up finds it unused.
            if self.find(ref) is not None:
                try:
                    api.call("DELETE", f"/images/{api.quoted(ref)}", force=1, noprune=1)
                except api.Refused:
                    pass

    def find_all(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        found = api.get("/images/json", filters={"label": filters(labels)}) or []
        return [
            (one["Id"], tuple(tag for tag in one.get("RepoTags") or () if tag != "<none>:<none>"), one["Size"])
            for one in found
        ]

    def load(self, archive: str, ref: str) -> Image:
        name, _, tag = ref.rpartition(":")
        with faults(f"{archive} could not be imported as an image"):
            self.engine.client.import_image_from_file(archive, repository=name, tag=tag)
        image = self.find(ref)
        if image is None:
            raise HostError(f"{archive} was imported, but the engine does not have {ref}", hint=IMAGE_GONE)
        return image

    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        import tarfile

        import docker.errors  # type: ignore[import-untyped]

        with faults(f"{path} could not be copied out of {image}"):
            made = api.call("POST", "/containers/create", {"Image": image, "Cmd": ["-"]})["Id"]
        try:
            try:
                stream, about = self.engine.client.get_archive(made, path)
            except docker.errors.NotFound:
                return None
            if about["size"] > limit:
                raise AppError(
                    f"{path} in the image is larger than {limit // 1024} KiB",
                    hint="Make this file of the image smaller.",
                )
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
                member = tar.next()
                file = tar.extractfile(member) if member is not None and member.isfile() else None
                return None if file is None else file.read(limit)
        finally:
            self.engine.containers.remove(made)

    def has_file(self, image: str, path: str) -> bool:
        with faults(f"The files of the image {image} could not be read"):
            made = api.call("POST", "/containers/create", {"Image": image, "Cmd": ["-"]})["Id"]
            try:
                return api.exists(f"/containers/{made}/archive", path=path)
            finally:  # nothing ran in it, so it has no output for plugins
                api.call("DELETE", f"/containers/{made}", force=1, v=1)


class DockerImageBuilds(ImageBuilds):
    """Builds by the docker client, because the API has no BuildKit."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def can_mount(self) -> bool:
        from dokkupy_docker.builds.client import find_client

        return find_client(self.engine.host).buildkit

    def build(self, build: ImageBuild) -> Image:
        from dokkupy_docker.builds.run import build_image

        identifier = build_image(self.engine.host, build)
        image = self.engine.images.find(identifier)
        if image is None:
            raise HostError(
                f"The image {identifier} was built but the engine does not have it",
                hint="A builder that you chose with --builder must load its images into the engine.",
            )
        self.engine.images.tag(image.id, build.tag)
        return image

    def load(self, archive: str, name: str) -> Image:
        from dokkupy_docker.builds.run import IMAGE_ID
        from dokkupy_docker.roles.image_archive import without_names

        identifier = ""
        with faults(f"The image {name} could not be loaded"):
            for event in self.engine.client.load_image(without_names(archive, name)):
                if "error" in event:
                    raise UserError(
                        f"The image {name} could not be loaded: {event['error']}",
                        hint="Pass what `docker save IMAGE` writes.",
                    )
                found = IMAGE_ID.search(str(event.get("stream", "")))
                identifier = found[0] if found else identifier
        image = self.engine.images.find(identifier) if identifier else None
        if image is None:
            raise HostError(f"The image {name} was loaded, but the engine does not have it", hint=IMAGE_GONE)
        return image
