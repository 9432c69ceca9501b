"""What a developer sees of an error: with its details and hint, not the message alone."""

from __future__ import annotations

import traceback

import pytest
from dokkupy.errors import AppError, as_errors, messages


def test_a_traceback_has_the_details_and_the_hint() -> None:
    with pytest.raises(AppError) as caught:
        raise AppError("App blog: its build failed", details=("line 1", "line 2"), hint="builds:output blog")
    caught.value.details += ("line 3",)
    printed = "".join(traceback.format_exception(caught.value))
    assert printed.endswith("App blog: its build failed\nline 1\nline 2\nline 3\nhint: builds:output blog\n")
    assert "hint: builds:output blog" in caught.exconly()


def test_an_error_without_them_is_its_message() -> None:
    printed = "".join(traceback.format_exception(AppError("App blog does not start")))
    assert printed == "dokkupy.errors.AppError: App blog does not start\n"


def test_a_message_of_a_group_is_given_once_and_the_first_error_with_it_stays() -> None:
    """An undo may fail for the reason for which the step itself has failed."""
    first, again, other = AppError("the disk is full", hint="first"), AppError("the disk is full"), AppError("no route")
    failed_disk = OSError(5, "Input/output error", "/srv/x")
    group = BaseExceptionGroup(
        "deploy", [first, BaseExceptionGroup("undo", [again, other, ValueError("x"), failed_disk])]
    )
    assert as_errors(group) == [first, other]
    assert messages(group) == ["the disk is full", "no route", "ValueError: x", "/srv/x: Input/output error"]
