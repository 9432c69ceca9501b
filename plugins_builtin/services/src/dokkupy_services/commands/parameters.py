"""What the commands of a datastore take: their arguments, options and the environment of `create`."""

from __future__ import annotations

import os
from typing import Annotated

from dokkupy_sdk.cli import Arg, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_services.names import ServiceName, variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.lifecycle import ServiceOptions
    from dokkupy_services.role import Datastore

Name = Annotated[ServiceName, Arg("service")]
NewName = Annotated[ServiceName, Arg("new-service")]
App = Annotated[AppName, Arg("app")]
NoRestart = Annotated[bool, Opt("--no-restart", "-n", help="Do not restart; variables apply at the next start")]
Config = Annotated[str, Opt("--config-options", "-c", help="Extra arguments for the server's command")]
Custom = Annotated[str, Opt("--custom-env", "-C", help="Environment variables of the container, such as A=1;B=2")]
Image = Annotated[str, Opt("--image", "-i", help="Image to use")]
Version = Annotated[str, Opt("--image-version", "-I", help="Tag of the image")]
Memory = Annotated[str, Opt("--memory", "-m", help="Memory limit, such as 512m or 1g; a number alone is megabytes")]
Cpus = Annotated[str, Opt("--cpus", help="CPU limit, such as 0.5")]
Shm = Annotated[str, Opt("--shm-size", "-s", help="Size of shared memory, such as 64m")]
Initial = Annotated[str, Opt("--initial-network", "-N", help="Docker network to create the service in")]
PostCreate = Annotated[str, Opt("--post-create-network", "-P", help="More docker networks, separated by commas")]
PostStart = Annotated[str, Opt("--post-start-network", "-S", help="More docker networks, separated by commas")]
Restart = Annotated[str, Opt("--restart-policy", help="Restart policy: always, unless-stopped, on-failure:10, no")]
Password = Annotated[str, Opt("--password", "-p", help="Password of the apps' user; generated if not given")]
RootPassword = Annotated[
    str, Opt("--root-password", "-r", help="Password of the administrator; generated if not given")
]

NETWORKS = ("initial-network", "post-create-network", "post-start-network")


def service_options_of(
    image: str,
    image_version: str,
    config_options: str,
    custom_env: str,
    memory: str,
    shm_size: str,
    restart_policy: str,
    cpus: str,
    password: str = "",
    root_password: str = "",
) -> ServiceOptions:
    from dokkupy_sdk.names import Secret

    from dokkupy_services.lifecycle import ServiceOptions

    env = {}
    for pair in filter(None, custom_env.split(";")):
        key, mark, value = pair.partition("=")
        if not mark:
            raise UserError("Custom environment is given as A=1;B=2")
        env[key] = Secret(value)
    return ServiceOptions(
        image, image_version, config_options, env, memory, shm_size, restart_policy, cpus, password, root_password
    )


def wished(kind: str, what: str, *, unless: str = "") -> str:
    """What the environment of a `create` wants: POSTGRES_IMAGE, POSTGRES_IMAGE_VERSION, POSTGRES_CUSTOM_ENV,
    POSTGRES_CONFIG_OPTIONS (reference, section 6.2). unless: a flag that was given in its place."""
    return "" if unless else os.environ.get(variable(kind, what), "")


def found(host: Host, kind: str) -> Datastore:
    from dokkupy_services import records

    return records.datastore(host, kind)
