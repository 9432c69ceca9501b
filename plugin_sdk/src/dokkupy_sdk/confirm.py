"""The confirmation before something is destroyed (reference, section 2.3)."""

from __future__ import annotations

import sys

from dokkupy.errors import UserError
from dokkupy.host import Host


def confirm(host: Host, name: str, what: str) -> None:
    """Ask the user to type a name before `what` is destroyed, except with `--force` or in a dry run. Raises UserError."""
    if host.force or host.dry_run:
        return
    host.out.warn("WARNING: Potentially Destructive Action")
    host.out.warn(f"This command will destroy {what}.")
    host.out.warn(f'To proceed, type "{name}"')
    sys.stderr.write("> ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise UserError(
            f"Confirmation did not match {name}. Aborted.",
            code="not_confirmed",
            hint=f"Type {name} when asked, or skip the question with --force.",
        )
