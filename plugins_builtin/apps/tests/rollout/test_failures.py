"""What a failed change tells its observers."""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy_apps.rollout.failures import NotBegun, diagnosed
from dokkupy_sdk import hookimpl
from dokkupy_sdk.errors import AppError, Busy, Denied, DokkupyError, HostError, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host


class Observer:
    """Adds a cause to the error that it is given, as a plugin that knows one does."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    @hookimpl
    def on_deploy_finished(self, reason: str, error: DokkupyError | None) -> None:
        self.reasons.append(reason)
        if error is not None:
            error.hint = "Cause: the app's own code"


@pytest.fixture
def observer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Host, Observer]:
    host, observer = fake_host(tmp_path_factory.mktemp("host")), Observer()
    host.hooks.manager.register(observer)
    return host, observer


@pytest.mark.parametrize("is_build", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_refusal_gets_no_cause(observer: tuple[Host, Observer], is_build: bool, grouped: bool) -> None:
    host, seen = observer
    refusal = Denied("Access denied", hint="Ask an admin")
    error = BaseExceptionGroup("x", [refusal, HostError("the undo failed")]) if grouped else refusal
    with pytest.raises(type(error)), diagnosed(host, AppName("blog"), is_build=is_build):
        raise error
    assert refusal.hint == "Ask an admin"
    assert seen.reasons == (["Access denied"] if is_build or grouped else [])


@pytest.mark.parametrize(
    ("error", "is_build", "is_the_apps"),
    [
        (AppError("x"), False, True),
        (AppError("x"), True, True),
        (UserError("x"), False, False),
        (UserError("x"), True, True),
        (Busy("x"), False, False),
        (Busy("x"), True, True),
        (NotBegun("x"), True, False),
    ],
)
def test_only_a_failure_of_the_app_gets_a_cause(
    observer: tuple[Host, Observer], error: DokkupyError, is_build: bool, is_the_apps: bool
) -> None:
    host, seen = observer
    with pytest.raises(DokkupyError), diagnosed(host, AppName("blog"), is_build=is_build):
        raise error
    assert bool(seen.reasons) is is_the_apps
    assert error.hint == ("Cause: the app's own code" if is_the_apps else "")
