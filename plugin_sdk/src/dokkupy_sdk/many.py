"""Over many: one subject's failure keeps no other from its turn, and all failures are named at the end."""

from __future__ import annotations

from dokkupy.errors import DokkupyError, Interrupted
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import TypeVar

    S = TypeVar("S")
    T = TypeVar("T")


def over_each(subjects: Iterable[S], do: Callable[[S], T]) -> tuple[list[tuple[S, T]], list[tuple[S, Exception]]]:
    """Do it for each; (subject, result) of those that went well, (subject, error) of the others."""
    done: list[tuple[S, T]] = []
    failed: list[tuple[S, Exception]] = []
    for subject in subjects:
        try:
            done.append((subject, do(subject)))
        except Interrupted:
            raise
        except Exception as error:
            failed.append((subject, error))
    return done, failed


def warn_of(host: Host, failed: Collection[tuple[object, Exception]]) -> None:
    """Name the failures, each with what to do."""
    if not failed:
        return
    from dokkupy.errors import messages

    for subject, error in failed:
        for text in messages(error):
            host.out.warn(f"{subject}: {text}")
        if isinstance(error, DokkupyError) and error.hint:
            host.out.warn(error.hint)
