"""Check a rule for many subjects in one test.

pytest takes milliseconds for each test in addition to the test itself, because every worker collects all tests.
Therefore a rule for 800 files is one test. It is checked for each file, and a failure names all files that break it.
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
    """Call the test with each subject as its first argument. All subjects share the fixtures, which follow.

    subjects: a function is called when the test runs, not when it is collected. name: the name of a subject in a
    failure.
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
