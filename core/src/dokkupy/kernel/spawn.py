"""How dokkupy starts itself: a clean environment, which every program gets, and no shell."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLEAN = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "TERM", "USER", "LOGNAME")
"""What a program inherits. Nothing that an app's or user's environment could plant (LD_PRELOAD, DOCKER_HOST...)."""

SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    env = {key: os.environ[key] for key in CLEAN if key in os.environ}
    env["PATH"] = SAFE_PATH
    if "TMPDIR" in env and not usable(env["TMPDIR"]):
        del env["TMPDIR"]  # before setup there is no state
    env.update(extra or {})
    return env


def usable(directory: str) -> bool:
    """Whether this directory for temporary files exists, made where only it and its parent are missing."""
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


def spawn(words: Sequence[str], env: Mapping[str, str]) -> None:
    """Start a command of dokkupy that nobody waits for."""
    import subprocess

    subprocess.Popen(
        [sys.executable, "-I", "-m", "dokkupy", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(env),
        cwd="/",
        start_new_session=True,
    )
