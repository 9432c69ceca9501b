"""`--parallel N` with `--all` (reference, section 1.22)."""

from __future__ import annotations

import os

from dokkupy_sdk.cli import Host
from dokkupy_sdk.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def workers(parallel: int) -> int:
    """The number of apps to process at once. Raises UserError."""
    if parallel < -1:
        raise UserError(
            f"--parallel {parallel} is not a number of apps", hint="Use 1 or more, or -1 for all processors."
        )
    return os.cpu_count() or 1 if parallel == -1 else max(1, parallel)


def at_once(host: Host, parallel: int) -> Callable[..., Any] | None:
    """How to process several apps at once. None means one after the other; a dry run always does that."""
    number = workers(parallel)
    if number == 1 or host.dry_run:
        return None

    def over(apps: list[Any], do: Callable[[Any], object]) -> Any:
        from dokkupy_sdk.parallel import over_each_at_once

        return over_each_at_once(host, apps, do, number)

    return over
