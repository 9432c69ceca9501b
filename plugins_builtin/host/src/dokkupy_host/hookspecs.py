"""The hook of `status`, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Finding


@hookspec
def host_status(host: Host) -> Iterable[Finding]:  # type: ignore[empty-body]
    """Your part of the host in a line or two for `status`: how full, what ends next, what is late. Cheaper than
    `doctor_checks`: answer from the state. Changes nothing."""
