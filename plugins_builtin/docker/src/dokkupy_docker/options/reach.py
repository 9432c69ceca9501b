"""Which docker options affect only an app's own containers, so that deployers of the app may set them.

All others need an admin: what mounts, publishes, joins networks, gives rights or devices, reads files of the host, names
labels or images, and what lifts a limit that an admin set.
"""

from __future__ import annotations

from collections.abc import Sequence

from dokkupy_docker.options.translate import pairs

INSIDE = frozenset(
    {
        "--cap-drop",
        "--dns-option",
        "--dns-search",
        "--domainname",
        "--entrypoint",
        "--env",
        "--expose",
        "--health-cmd",
        "--health-interval",
        "--health-retries",
        "--health-start-interval",
        "--health-start-period",
        "--health-timeout",
        "--hostname",
        "--init",
        "--no-healthcheck",
        "--read-only",
        "--stop-signal",
        "--stop-timeout",
        "--user",
        "--workdir",
    }
)
INSIDE_A_BUILD = frozenset({"--build-arg", "--no-cache", "--target"})


def is_inside(phase: str, words: Sequence[str]) -> bool:
    """Whether these options, of one phase, change nothing but the app's own containers or image."""
    if phase == "build":
        return all(word.partition("=")[0] in INSIDE_A_BUILD for word in words if word.startswith("-"))
    return all(name in INSIDE for name, _ in pairs(words))
