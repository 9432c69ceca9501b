"""A rule for many subjects as one test.

pytest takes milliseconds for each test, beside what the test does: every worker collects all of them. A rule for 800
files is therefore no 800 tests. It is still checked for each, and all that break it are named.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def for_each(
    subjects: Iterable[T] | Callable[[], Iterable[T]], name: Callable[[T], object] = str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the test with each of the subjects as its first argument; fixtures follow, which all subjects share.

    subjects: a function is called when the test runs, not when it is collected. name: what a failure calls a subject.
    """

    def rule(test: Callable[..., None]) -> Callable[..., None]:
        def checked(**fixtures: Any) -> None:
            broken: list[BaseException] = []
            found = list(subjects() if callable(subjects) else subjects)
            assert found, "there is nothing to check"
            for one in found:
                try:
                    test(one, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"the subject: {name(one)}")
                    broken.append(error)
            if len(broken) == 1:
                raise broken[0]
            if broken:
                raise BaseExceptionGroup(f"{len(broken)} of {len(found)} break the rule", broken)

        _, *fixtures = inspect.signature(test).parameters.values()
        checked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in fixtures]
        )
        checked.__name__, checked.__qualname__, checked.__doc__ = test.__name__, test.__qualname__, test.__doc__
        checked.__module__ = test.__module__
        return checked

    return rule
