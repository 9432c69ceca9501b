"""How dokkupy starts itself: without a shell, and in the clean environment that every program gets."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CLEAN = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "TERM", "USER", "LOGNAME")
"""The variables that a program inherits, none of which could change what it runs (LD_PRELOAD, DOCKER_HOST...)."""

SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    env = {key: os.environ[key] for key in CLEAN if key in os.environ}
    env["PATH"] = SAFE_PATH
    if "TMPDIR" in env and not usable(env["TMPDIR"]):
        del env["TMPDIR"]  # before setup there is no state
    return {**env, **(extra or {})}


def usable(directory: str) -> bool:
    """Whether this directory for temporary files exists. It is created if at most its parent is missing, too."""
    for path in (os.path.dirname(directory), directory):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            continue
        except OSError:
            return False
        if os.geteuid() == 0:
            owner = os.stat(os.path.dirname(path))
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return True


def own_argv() -> list[str]:
    """How this process was started: by the launcher, which finds modules faster than Python does, or by an interpreter."""
    launcher = getattr(sys.modules["__main__"], "__file__", None) or ""
    if os.path.isabs(launcher) and os.path.basename(launcher) in ("dokku", "dokkupy") and os.access(launcher, os.X_OK):
        return [launcher]
    return [sys.executable, "-I", "-m", "dokkupy"]
