"""The system user that owns the state: its login names, and how root switches to it."""

from dokkupy.host import Host
from dokkupy.kernel.users import USER, become_owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Read = TypeVar("Read")

__all__ = ["SECOND", "USER", "as_caller", "become_owner"]

SECOND = "dokku"
"""A second login name of the same user, which is Dokku's."""


def as_caller(host: Host, read: "Callable[[], Read]") -> "Read":
    """Read files that an argument names, as the user who typed the command: root reads files that the state's owner may not.
    Then root becomes the owner, whether the reading fails or not. For commands with `keeps_root`."""
    try:
        return read()
    finally:
        become_owner(host.root)
