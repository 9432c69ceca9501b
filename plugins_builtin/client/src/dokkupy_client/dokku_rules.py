"""Hosts that run Dokku itself: which of its commands take no app, as Dokku's own client knows it."""

from __future__ import annotations

from dokkupy_client.faults import Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WITHOUT_APP = frozenset(
    (
        *("apps", "apps:create", "apps:list", "certs", "help", "nginx", "version", "shell", "cleanup"),
        *("domains:add-global", "domains:clear-global", "domains:remove-global", "domains:set-global"),
        *("git:allow-host", "git:auth", "git:public-key"),
        *("network:create", "network:destroy", "network:exists", "network:info", "network:list"),
        *("storage:ensure-directory", "scheduler-k3s:initialize"),
    )
)
GROUPS_WITHOUT_APP = ("events", "plugin", "ssh-keys", "trace")
EVERYWHERE = ("--global", "--all")


def takes_app(words: Sequence[str]) -> bool:
    name = words[0] if words else "help"
    if name in WITHOUT_APP or name.partition(":")[0] in GROUPS_WITHOUT_APP or name.endswith(":help"):
        return False
    return not any(word in EVERYWHERE for word in words)


def require_transferable(words: Sequence[str]) -> None:
    """Raise Fault for a word with a line break, which Dokku's splitting of words refuses."""
    for word in words:
        if "\n" in word:
            name = word.partition("=")[0] if "=" in word else word.partition("\n")[0]
            raise Fault(
                f"A Dokku host cannot receive a line break in an argument: {name[:60]}",
                "For a variable: dokku config:set --encoded NAME=$(base64 -w0 < FILE)",
            )
