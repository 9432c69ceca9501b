"""The addresses to which git may connect for the caller of a command."""

from __future__ import annotations

import shlex

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import shown

from dokkupy_git.repository.logins import login_settings
from dokkupy_git.repository.program import FetchSettings
from dokkupy_git.settings import guard
from dokkupy_git.urls import Remote

PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


def fetch_settings(host: Host, remote: Remote) -> FetchSettings:
    """How git reaches the remote: with its credentials, at the address that was validated, whatever the name says later.

    Over HTTP no redirect is followed. Raises UserError when the address is not permitted.
    """
    of_url = remote.secret_config()
    credentials = FetchSettings(of_url) if of_url else login_settings(host, remote)
    permitted = guard(host)
    if not remote.host or permitted.admin:
        return credentials
    name, port = remote.host.strip("[]"), remote.port or PORTS[remote.scheme]
    try:
        address = permitted.resolve(name, port)[0]
    except OSError as error:
        raise HostError(
            f"The host {shown(name)} of {remote.url} was not found: {error.strerror}", hint="Check the URL."
        ) from error
    where = f"[{address}]" if ":" in address else address
    if remote.scheme == "ssh":
        return FetchSettings(env={"GIT_SSH_COMMAND": pinned_ssh(name, port, address)})
    if remote.scheme == "git":
        asked = "/".join(remote.url.split("/", 3)[:3])
        virtual = {"GIT_OVERRIDE_VIRTUAL_HOST": f"{name}:{port}" if remote.port else name}
        return FetchSettings({f"url.git://{where}:{port}.insteadOf": asked}, virtual)
    pin = {"http.curloptResolve": f"{name}:{port}:{where}", "http.followRedirects": "false"}
    return FetchSettings({**credentials.config, **pin}, credentials.env)


def pinned_ssh(name: str, port: int, address: str) -> str:
    """ssh, which connects to the address and looks for the name's host key. git runs it by a shell: each word is quoted."""
    key = name.lower() if port == PORTS["ssh"] else f"[{name.lower()}]:{port}"
    return shlex.join(["ssh", "-o", f"HostName={address}", "-o", f"HostKeyAlias={key}"])
