"""Docker's group, whose members may use the engine. `dokkupy setup` adds the system user's login names."""

from __future__ import annotations

import grp

from dokkupy_sdk.setup import Steps, login
from dokkupy_sdk.users import SECOND, USER


def join(*, dry_run: bool) -> list[str]:
    steps = Steps(dry_run=dry_run)
    try:
        members = grp.getgrnam("docker").gr_mem
    except KeyError:
        return []
    own = login(USER)
    for name in (USER, SECOND):
        found = login(name)  # none yet in a dry run on a bare host
        is_ours = found is None or (own is not None and found.pw_uid == own.pw_uid)
        if is_ours and name not in members:
            steps.run(f"add {name} to the group docker", ["usermod", "-aG", "docker", name])
    return steps.lines
