"""The role Containers, by Docker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from dokkupy_sdk.errors import Conflict, HostError, NotFound
from dokkupy_sdk.model import Ending
from dokkupy_sdk.roles import Container, Containers, ContainerSpec

from dokkupy_docker import hookspecs
from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import LATE, endings_of, filters, inspected, is_unexplained, listed
from dokkupy_docker.engine_api.errors import faults
from dokkupy_docker.options.translate import body_of, joins, network_mode
from dokkupy_docker.options.translate import restart_policy as policy_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine

LOG_FILES = 3

KILL_SECONDS = 10
"""The longest time in seconds that a killed container may take to end."""

PIDS = 4096
"""The limit of processes and threads in a container, unless an option sets another one. It is enough for a JVM or a
browser, and stops a fork bomb."""


OOM_SCORE = 500
"""The value that an app's container adds to its score when the kernel runs out of memory and chooses a process to kill.
It stands for half of the memory. Without it, the kernel would first kill the largest process, which is often a database
or another app's build."""


def confine(host: dict[str, Any], labels: Mapping[str, str] = {}) -> None:  # noqa: B006 - never changed
    """Remove rights from a container that apps do not require: privileges by setuid programs, raw packets, unlimited
    processes. An option that an admin sets (`--security-opt no-new-privileges:false`, `--cap-add NET_RAW`,
    `--pids-limit`, `--oom-score-adj`, `--privileged`) overrides this."""
    host.setdefault("PidsLimit", PIDS)
    if "dokkupy.app" in labels:
        host.setdefault("OomScoreAdj", OOM_SCORE)
    if host.get("Privileged"):
        return
    security = host.setdefault("SecurityOpt", [])
    if not any(option.startswith("no-new-privileges") for option in security):
        security.append("no-new-privileges")
    added = {name.upper().removeprefix("CAP_") for name in host.get("CapAdd", ())}
    if not added & {"NET_RAW", "ALL"}:
        host.setdefault("CapDrop", []).append("NET_RAW")


class DockerContainers(Containers):
    """The containers of Docker."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

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
        # StdinOnce: the command's input ends with the caller's.
        body.update(Tty=spec.tty, OpenStdin=spec.stdin, AttachStdin=spec.stdin, StdinOnce=spec.stdin)
        host["AutoRemove"] = spec.remove_on_exit
        host.setdefault("RestartPolicy", policy_body(spec.restart_policy))
        host.setdefault("Init", spec.init)
        confine(host, spec.labels)
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
            made = api.call("POST", "/containers/create", body, name=spec.name)["Id"]
        try:
            if not mode:
                self.join_further(made, spec)
            if start:
                with faults(f"The container {spec.name} could not be started"):
                    api.call("POST", f"/containers/{made}/start")
            found = self.find(made)
            if found is None:
                raise HostError(
                    f"The container {spec.name} disappeared right after its start",
                    hint="Another program removed it. Stop what removes containers on this host, then run the command again.",
                )
            return found
        except BaseException:
            self.remove(made)
            raise

    def find_all(self, labels: Mapping[str, str], *, running_only: bool = False, network: str = "") -> list[Container]:
        wanted = {"label": filters(labels), **({"network": [network]} if network else {})}
        found = api.get("/containers/json", all=0 if running_only else 1, filters=wanted) or []
        return [listed(one) for one in found]

    def find(self, ref: str) -> Container | None:
        found = api.get(f"/containers/{api.quoted(ref)}/json")
        return None if found is None else inspected(found)

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        wanted = {"type": ["container"], "event": ["die", "oom", "kill", "stop"]}

        def until(now: float) -> dict[str, list[Ending]]:
            return endings_of(api.lines("/events", since=f"{since:.9f}", until=f"{now:.9f}", filters=wanted))

        now = time.time()
        found = until(now)
        left = max(
            (one.at + LATE - now for rows in found.values() for one in rows[-1:] if is_unexplained(one)), default=0
        )
        if not 0 < left <= LATE:
            return found
        time.sleep(left)  # the engine may not have said yet that it ran out of memory
        return until(time.time())

    def change(self, ref: str, *, name: str | None = None, restart_policy: str | None = None) -> None:
        if restart_policy is not None:
            with faults(f"The container {ref[:12]} could not be changed"):
                body = {"RestartPolicy": policy_body(restart_policy)}
                api.call("POST", f"/containers/{api.quoted(ref)}/update", body)
        if name is None:
            return
        with faults(f"The container {ref[:12]} could not be renamed to {name}"):
            try:
                api.call("POST", f"/containers/{api.quoted(ref)}/rename", name=name)
            except api.Refused:
                found = self.find(ref)
                if (
                    found is None or found.name != name
                ):  # the engine refuses a name that a container has, even if it is the same container
                    raise

    def start(self, ref: str) -> None:
        with faults(f"The container {ref[:12]} could not be started"):
            api.call("POST", f"/containers/{api.quoted(ref)}/start")

    def stop(self, ref: str, *, timeout: int | None, restart_policy: str | None = None) -> None:
        query: dict[str, Any] = {} if timeout is None else {"t": timeout}
        seconds = api.CHANGE_SECONDS + (10 if timeout is None else timeout)
        try:
            if restart_policy is not None:
                self.change(ref, restart_policy=restart_policy)
            with faults(f"The container {ref[:12]} could not be stopped"):
                api.call("POST", f"/containers/{api.quoted(ref)}/stop", timeout=seconds, **query)
        except NotFound:
            pass

    def remove(self, ref: str) -> None:
        self.announce_end(ref)
        try:
            with faults(f"The container {ref[:12]} could not be removed"):
                api.call("DELETE", f"/containers/{api.quoted(ref)}", force=1, v=1)
        except (NotFound, Conflict):
            pass  # removed, or being removed right now

    def announce_end(self, ref: str) -> None:
        """Stop an app's container, so that it prints nothing more, and let plugins read its output."""
        path = f"/containers/{api.quoted(ref)}"
        found = api.get(f"{path}/json")
        if found is None or "dokkupy.app" not in (found["Config"].get("Labels") or {}):
            return
        if found["Config"].get("OpenStdin") or found["HostConfig"]["LogConfig"]["Type"] == "none":
            return
        if found["State"]["Running"]:
            try:
                api.call("POST", f"{path}/kill")
                api.call("POST", f"{path}/wait", timeout=KILL_SECONDS)
            except (api.Refused, TimeoutError):
                pass  # it ended by itself, or does not end; then the removal reports it
            found = api.get(f"{path}/json") or found
        host = self.engine.host
        host.hooks.notify(hookspecs.on_container_ended, host=host, container=inspected(found))

    def join_further(self, ref: str, spec: ContainerSpec) -> None:
        """Join the networks of `--network`, as docker's command line does: with their own names and addresses."""
        wanted = joins(spec.options)
        for name in wanted["--network"]:
            with faults(f"The container {spec.name} could not join the network {name}"):
                aliases = [*spec.aliases, *wanted["--network-alias"]] if name != "bridge" else []
                addresses = {
                    "IPv4Address": next(iter(wanted["--ip"]), None),
                    "IPv6Address": next(iter(wanted["--ip6"]), None),
                    "LinkLocalIPs": wanted["--link-local-ip"],
                }
                endpoint = {"Aliases": aliases, "IPAMConfig": {key: value for key, value in addresses.items() if value}}
                body = {"Container": ref, "EndpointConfig": {key: value for key, value in endpoint.items() if value}}
                api.call("POST", f"/networks/{api.quoted(name)}/connect", body)
