"""Where git may connect to for whoever runs the command."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import shown

from dokkupy_git.settings import guard
from dokkupy_git.urls import Remote

PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


def fetch_settings(host: Host, remote: Remote) -> dict[str, str]:
    """git's configuration for a fetch, too secret for an argv: the credentials, and the address that was validated.

    Over HTTP git connects to that address and follows no redirect. Over SSH it resolves the name itself, and its host
    key says that it is the same. Raises UserError when the address is not permitted.
    """
    settings = remote.secret_config()
    permitted = guard(host)
    if not remote.host or permitted.admin:
        return settings
    name, port = remote.host.strip("[]"), remote.port or PORTS[remote.scheme]
    try:
        address = permitted.resolve(name, port)[0]
    except OSError as error:
        raise HostError(
            f"The host {shown(name)} of {remote.url} is not found: {error.strerror}", hint="Check the URL."
        ) from error
    if remote.scheme in ("https", "http"):
        where = f"[{address}]" if ":" in address else address
        settings |= {"http.curloptResolve": f"{name}:{port}:{where}", "http.followRedirects": "false"}
    return settings
