"""The role engine, by the Docker SDK's low-level client; what is only read, by the socket itself."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, Conflict, HostError, NotFound
from dokkupy_sdk.model import Ending, Image, Readiness
from dokkupy_sdk.roles import Container, ContainerSpec, Engine, ExecResult, ImageBuild

from dokkupy_docker import api
from dokkupy_docker.answers import (
    endings_of,
    exposed,
    filters,
    inspected,
    lines_of,
    listed,
    output_of,
    quoted,
    words_of,
)
from dokkupy_docker.engine_errors import faults
from dokkupy_docker.network import dynamic_part, make_with_free_subnet
from dokkupy_docker.options import body_of, joins, network_mode, restart_policy

LOG_FILES = 3
CREATE_SECONDS = 120


class DockerEngine(Engine):
    """The Docker Engine of this host."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._client: Any = None
        self._making = Lock()

    @property
    def client(self) -> Any:
        """One connection for the whole command, for all of its threads."""
        with self._making:
            if self._client is None:
                import docker  # type: ignore[import-untyped]

                self._client = docker.APIClient(
                    base_url=f"unix://{api.socket_path()}",
                    version=api.VERSION.removeprefix("v"),
                    timeout=CREATE_SECONDS,
                )
            return self._client

    def prepare(self) -> Readiness:
        try:
            version = api.get("/version")
        except HostError as fault:
            installed = any(os.path.exists(f"{place}/dockerd") for place in ("/usr/bin", "/usr/sbin", "/usr/local/bin"))
            if installed:
                return Readiness("misconfigured", fault.message, fault.hint)
            return Readiness("not-installed", "Docker is not installed", "apt-get install docker.io")
        return Readiness(reason=f"Docker {version['Version']}")

    # images

    def image(self, ref: str) -> Image | None:
        found = api.get(f"/images/{quoted(ref)}/json")
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
        )

    def pull(self, ref: str) -> Image:
        with faults(f"{ref} could not be pulled"):
            for event in self.client.pull(ref, stream=True, decode=True):
                if "error" in event:
                    raise HostError(f"{ref} could not be pulled: {event['error']}")
                if event.get("status"):
                    self.host.out.progress(f"{event['status']} {event.get('id', '')}")
        found = self.image(ref)
        if found is None:
            raise HostError(f"{ref} was pulled but the engine does not have it")
        return found

    def tag(self, image: str, ref: str) -> None:
        name, _, tag = ref.rpartition(":")
        with faults(f"The image {image} could not be tagged {ref}"):
            self.client.tag(image, name, tag, force=True)

    def remove_image(self, ref: str) -> None:
        import docker.errors  # type: ignore[import-untyped]

        try:
            with faults(f"The image {ref} could not be removed"):
                self.client.remove_image(ref)
        except (NotFound, Conflict):
            # In use by a container that goes on living: the name stays until the clean-up finds it unused.
            if self.image(ref) is not None:
                try:
                    self.client.remove_image(ref, force=True, noprune=True)
                except docker.errors.APIError:
                    pass

    def images(self, labels: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], int]]:
        found = api.get("/images/json", filters={"label": filters(labels)}) or []
        return [
            (one["Id"], tuple(tag for tag in one.get("RepoTags") or () if tag != "<none>:<none>"), one["Size"])
            for one in found
        ]

    def can_mount_in_builds(self) -> bool:
        from dokkupy_docker.client import find_client

        return find_client(self.host).buildkit

    def build(self, build: ImageBuild) -> Image:
        from dokkupy_docker.build import build_image

        identifier = build_image(self.host, build)
        image = self.image(identifier)
        if image is None:
            raise HostError(
                f"The image {identifier} was built but the engine does not have it",
                hint="A builder of your own (--builder) must load its images into the engine.",
            )
        self.tag(image.id, build.tag)
        return image

    def load(self, archive: str, ref: str) -> Image:
        name, _, tag = ref.rpartition(":")
        with faults(f"{archive} could not be made an image"):
            self.client.import_image_from_file(archive, repository=name, tag=tag)
        image = self.image(ref)
        if image is None:
            raise HostError(f"{archive} was imported but the engine does not have {ref}")
        return image

    # containers

    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        body = body_of(spec.options)
        host = body["HostConfig"]
        body["Image"] = spec.image
        body["Env"] = [*(f"{key}={value.reveal()}" for key, value in spec.env.items()), *body["Env"]]
        body["Labels"].update(spec.labels)
        if spec.command is not None:
            body["Cmd"] = list(spec.command)
        if spec.entrypoint is not None:
            body["Entrypoint"] = list(spec.entrypoint)
        if spec.stop_signal:
            body["StopSignal"] = spec.stop_signal
        body.setdefault("StopTimeout", spec.stop_timeout)
        # StdinOnce: the end of the caller's input is the end of the command's.
        body.update(Tty=spec.tty, OpenStdin=spec.stdin, AttachStdin=spec.stdin, StdinOnce=spec.stdin)
        host["AutoRemove"] = spec.remove_on_exit
        host.setdefault("RestartPolicy", restart_policy(spec.restart_policy))
        host.setdefault("Init", spec.init)
        if "LogConfig" not in host:
            host["LogConfig"] = {
                "Type": "json-file",
                "Config": {"max-size": spec.log_max_size, "max-file": str(LOG_FILES)},
            }
            if spec.log_max_size == "unlimited":
                host["LogConfig"]["Config"] = {}
        for address, outer, inner in spec.publish:
            body.setdefault("ExposedPorts", {})[f"{inner}/tcp"] = {}
            ports = host.setdefault("PortBindings", {}).setdefault(f"{inner}/tcp", [])
            ports.append({"HostIp": address, "HostPort": str(outer)})
        mode = network_mode(spec.options)
        if mode:
            host["NetworkMode"] = mode
        elif spec.network:
            host["NetworkMode"] = spec.network
            endpoint: dict[str, Any] = {"Aliases": list(spec.aliases)}
            if spec.address:
                endpoint["IPAMConfig"] = {"IPv4Address": spec.address}
            body["NetworkingConfig"] = {"EndpointsConfig": {spec.network: endpoint}}
        else:
            host["NetworkMode"] = "none"
        with faults(f"The container {spec.name} could not be created"):
            made = self.client.create_container_from_config(body, spec.name)["Id"]
        try:
            if not mode:
                self.join_further(made, spec)
            if start:
                with faults(f"The container {spec.name} could not be started"):
                    self.client.start(made)
            found = self.container(made)
            if found is None:
                raise HostError(f"The container {spec.name} is gone right after its start")
            return found
        except BaseException:
            self.remove(made)
            raise

    def join_further(self, ref: str, spec: ContainerSpec) -> None:
        """Join the networks of `--network`, as docker's command line does: with their own names and addresses."""
        wanted = joins(spec.options)
        for name in wanted["--network"]:
            with faults(f"The container {spec.name} could not join the network {name}"):
                self.client.connect_container_to_network(
                    ref,
                    name,
                    aliases=[*spec.aliases, *wanted["--network-alias"]] if name != "bridge" else None,
                    ipv4_address=next(iter(wanted["--ip"]), None),
                    ipv6_address=next(iter(wanted["--ip6"]), None),
                    link_local_ips=wanted["--link-local-ip"] or None,
                )

    def containers(self, labels: Mapping[str, str], *, running_only: bool = False) -> list[Container]:
        found = api.get("/containers/json", all=0 if running_only else 1, filters={"label": filters(labels)}) or []
        return [listed(one) for one in found]

    def container(self, ref: str) -> Container | None:
        found = api.get(f"/containers/{quoted(ref)}/json")
        return None if found is None else inspected(found)

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        wanted = {"type": ["container"], "event": ["die", "oom", "kill", "stop"]}
        found = api.lines("/events", since=f"{since:.9f}", until=f"{time.time():.9f}", filters=wanted)
        return endings_of(found)

    def rename(self, ref: str, name: str) -> None:
        found = self.container(ref)
        if found is not None and found.name == name:
            return
        with faults(f"The container {ref[:12]} could not be renamed to {name}"):
            self.client.rename(ref, name)

    def start(self, ref: str, *, restart_policy: str | None = None) -> None:
        self._set_restart_policy(ref, restart_policy)
        with faults(f"The container {ref[:12]} could not be started"):
            self.client.start(ref)

    def _set_restart_policy(self, ref: str, policy: str | None) -> None:
        if policy is None:
            return
        with faults(f"The container {ref[:12]} could not be changed"):
            self.client.update_container(ref, restart_policy=restart_policy(policy))

    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        try:
            self._set_restart_policy(ref, restart_policy)
            with faults(f"The container {ref[:12]} could not be stopped"):
                self.client.stop(ref, timeout=timeout)
        except NotFound:
            pass

    def remove(self, ref: str) -> None:
        try:
            with faults(f"The container {ref[:12]} could not be removed"):
                self.client.remove_container(ref, force=True, v=True)
        except (NotFound, Conflict):
            pass  # gone, or somebody is removing it right now

    def wait(self, ref: str, *, timeout: float | None = None) -> int:
        import requests

        try:
            with faults(f"The container {ref[:12]} could not be waited for"):
                return int(self.client.wait(ref, timeout=timeout)["StatusCode"])
        except requests.exceptions.RequestException as error:
            raise TimeoutError(f"{ref[:12]} did not end within {timeout} seconds") from error

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        found = api.get(f"/containers/{quoted(ref)}/json")
        if found is None:
            raise NotFound(f"There is no container {ref}")
        with faults(f"The output of {ref[:12]} could not be read"):
            answer = self.client.get(
                self.client._url("/containers/{0}/logs", ref),
                params={
                    "stdout": 1,
                    "stderr": 1,
                    "follow": int(follow),
                    "timestamps": int(timestamps),
                    "tail": "all" if tail is None else tail,
                    "since": since,
                },
                stream=True,
                timeout=None,
            )
            self.client._raise_for_status(answer)
        try:
            yield from lines_of(answer.raw.read, multiplexed=not found["Config"]["Tty"])
        finally:
            answer.close()

    def exec(self, ref: str, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """A client of its own: checks of several instances run in threads."""
        import docker
        import requests

        client = docker.APIClient(
            base_url=f"unix://{api.socket_path()}", version=api.VERSION.removeprefix("v"), timeout=timeout
        )
        try:
            with faults(f"{command[0]} could not be run in {ref[:12]}"):
                made = client.exec_create(ref, list(command), user=user)["Id"]
                output = output_of(client.exec_start(made, socket=True), time.monotonic() + timeout)
                code = client.exec_inspect(made)["ExitCode"]
        except (TimeoutError, requests.exceptions.ReadTimeout) as error:
            raise TimeoutError(f"{command[0]} did not end within {timeout:.0f} seconds") from error
        finally:
            client.close()
        return ExecResult(-1 if code is None else code, output.decode(errors="replace"))

    def attach_argv(self, ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["docker", "exec", "--interactive", *(["--tty"] if tty else []), ref, *command]

    def start_argv(self, ref: str, *, stdin: bool) -> list[str]:
        return ["docker", "start", "--attach", *(["--interactive"] if stdin else []), ref]

    def copy_out(self, image: str, path: str, *, limit: int) -> bytes | None:
        import docker.errors

        with faults(f"{path} could not be copied out of {image}"):
            made = self.client.create_container_from_config({"Image": image, "Cmd": ["-"]})["Id"]
        try:
            try:
                stream, about = self.client.get_archive(made, path)
            except docker.errors.NotFound:
                return None
            if about["size"] > limit:
                raise AppError(f"{path} in the image is larger than {limit // 1024} KiB")
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
                member = tar.next()
                file = tar.extractfile(member) if member is not None and member.isfile() else None
                return None if file is None else file.read(limit)
        finally:
            self.remove(made)

    def has_file(self, image: str, path: str) -> bool:
        with faults(f"The image {image} could not be looked into"):
            made = self.client.create_container_from_config({"Image": image, "Cmd": ["-"]})["Id"]
            try:
                answer = self.client.head(self.client._url("/containers/{0}/archive", made), params={"path": path})
                return bool(answer.status_code == 200)
            finally:
                self.remove(made)

    # networks

    def ensure_network(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        if api.get(f"/networks/{quoted(name)}") is not None:
            return
        if not subnet:
            make_with_free_subnet(self, name, labels)
            return
        with faults(f"The network {name} could not be made"):
            self.client.create_network(
                name,
                driver="bridge",
                labels=dict(labels),
                check_duplicate=True,
                ipam={"Driver": "default", "Config": [{"Subnet": subnet, "IPRange": dynamic_part(subnet)}]},
            )

    def remove_network(self, name: str) -> None:
        try:
            with faults(f"The network {name} could not be removed"):
                self.client.remove_network(name)
        except NotFound:
            pass

    def networks(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        found = api.get("/networks", **({"filters": {"label": filters(labels)}} if labels else {})) or []
        return [
            (
                one["Name"],
                next((c["Subnet"] for c in (one.get("IPAM") or {}).get("Config") or () if c.get("Subnet")), ""),
            )
            for one in found
        ]

    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        found = self.container(ref)
        if found is None:
            raise NotFound(f"There is no container {ref}")
        if network not in found.addresses:
            with faults(f"The container {found.name} could not be let into the network {network}"):
                self.client.connect_container_to_network(found.id, network, aliases=list(aliases))

    def disconnect(self, network: str, ref: str) -> None:
        found = self.container(ref)
        if found is None or network not in found.addresses:
            return
        try:
            with faults(f"The container {found.name} could not be put out of the network {network}"):
                self.client.disconnect_container_from_network(found.id, network, force=True)
        except NotFound:
            pass

    # volumes

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        with faults(f"The volume {name} could not be made"):
            self.client.create_volume(name, labels=dict(labels))

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        found = api.get("/volumes", filters={"label": filters(labels)}) or {}
        return sorted(one["Name"] for one in found.get("Volumes") or ())

    def remove_volume(self, name: str) -> None:
        try:
            with faults(f"The volume {name} could not be removed"):
                self.client.remove_volume(name)
        except NotFound:
            pass
