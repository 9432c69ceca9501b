"""The arguments and options of a datastore's commands, and the environment of `create`."""

from __future__ import annotations

import os

from dokkupy_sdk.cli import Annotated, Arg, Host, Opt, Options
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_services.names import ServiceName, variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.lifecycle.service import ServiceOptions
    from dokkupy_services.role import Datastore

Name = Annotated[ServiceName, Arg("service")]
NewName = Annotated[ServiceName, Arg("new-service", complete=())]
App = Annotated[AppName, Arg("app")]
NoRestart = Annotated[bool, Opt("--no-restart", "-n", help="Do not restart; variables apply at the next start")]

NETWORKS = ("initial-network", "post-create-network", "post-start-network")
POLICIES = ("always", "no", "on-failure:10", "unless-stopped")
OF_NETWORKS = "dokkupy_services.completers:networks"


class ContainerOptions(Options):
    """The options of `create`, `clone` and `upgrade` for the container of a service."""

    config_options: Annotated[
        str, Opt("--config-options", "-c", noun="ARGUMENTS", help="Extra arguments for the server's command")
    ] = ""
    custom_env: Annotated[
        str,
        Opt("--custom-env", "-C", noun="KEY=VALUE", help="Environment variables of the container, such as A=1;B=2"),
    ] = ""
    image: Annotated[str, Opt("--image", "-i", help="Image to use")] = ""
    image_version: Annotated[
        str, Opt("--image-version", "-I", help="Tag of the image", complete="dokkupy_services.completers:versions")
    ] = ""
    memory: Annotated[
        str, Opt("--memory", "-m", noun="SIZE", help="Memory limit, such as 512m or 1g; a number alone is megabytes")
    ] = ""
    initial_network: Annotated[
        str,
        Opt(
            "--initial-network",
            "-N",
            help="Docker network that the service joins, besides its own",
            complete=OF_NETWORKS,
        ),
    ] = ""
    post_create_network: Annotated[
        str,
        Opt(
            "--post-create-network",
            "-P",
            noun="NETWORK,...",
            help="More docker networks that it joins, separated by commas",
            complete=OF_NETWORKS,
        ),
    ] = ""
    post_start_network: Annotated[
        str,
        Opt(
            "--post-start-network",
            "-S",
            help="The same: it joins all its networks before the server starts",
            complete=OF_NETWORKS,
        ),
    ] = ""
    shm_size: Annotated[str, Opt("--shm-size", "-s", help="Size of shared memory, such as 64m")] = ""
    restart_policy: Annotated[
        str,
        Opt(
            "--restart",
            "--restart-policy",
            help="Restart policy: always, unless-stopped, on-failure:10, no",
            complete=POLICIES,
        ),
    ] = ""
    cpus: Annotated[str, Opt("--cpus", noun="NUMBER", help="CPU limit, such as 0.5")] = ""
    volume: Annotated[
        list[str],
        Opt(
            "--volume",
            noun="SOURCE:DIRECTORY",
            help="A path of the host or a volume to mount, such as /srv/files:/opt/files:ro; repeatable",
        ),
    ] = []  # noqa: RUF012

    @property
    def networks(self) -> dict[str, str]:
        return dict(
            zip(NETWORKS, (self.initial_network, self.post_create_network, self.post_start_network), strict=True)
        )

    def of_service(self, *, password: str = "", root_password: str = "") -> ServiceOptions:
        from dokkupy_sdk.names import Secret

        from dokkupy_services.lifecycle.service import ServiceOptions

        env = {}
        for pair in filter(None, self.custom_env.split(";")):
            key, mark, value = pair.partition("=")
            if not mark:
                raise UserError(
                    "Give the custom environment as A=1;B=2",
                    hint="Such as: --custom-env 'LANG=C.UTF-8;TZ=Europe/Berlin'",
                )
            env[key] = Secret(value)
        return ServiceOptions(
            self.image,
            self.image_version,
            self.config_options,
            env,
            self.memory,
            self.shm_size,
            self.restart_policy,
            self.cpus,
            password,
            root_password,
            tuple(filter(None, self.volume)) if self.volume else None,
        )


class NewServiceOptions(ContainerOptions):
    """The options of `create`: those of a container, and passwords, which only a new service can set."""

    password: Annotated[str, Opt("--password", "-p", help="Password of the apps' user; generated if not given")] = ""
    root_password: Annotated[
        str, Opt("--root-password", "-r", help="Password of the administrator; generated if not given")
    ] = ""

    def of_service(self, **_: str) -> ServiceOptions:
        return super().of_service(password=self.password, root_password=self.root_password)


def wished(kind: str, what: str, *, unless: str = "") -> str:
    """The options that the environment sets for `create`: POSTGRES_IMAGE, POSTGRES_IMAGE_VERSION, POSTGRES_CUSTOM_ENV,
    POSTGRES_CONFIG_OPTIONS (reference, section 6.2). unless: a flag that overrides it."""
    return "" if unless else os.environ.get(variable(kind, what), "")


def found(host: Host, kind: str) -> Datastore:
    from dokkupy_services import records

    return records.datastore(host, kind)
