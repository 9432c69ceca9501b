"""Options of a new service."""

from __future__ import annotations

from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_services.lifecycle.images import split_ref
from dokkupy_services.testing.fakes import FakeDatastore

from plugins_builtin.services.tests.on_fakes import differences, new, picture


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


@pytest.mark.parametrize(
    "options",
    [
        {"image": "--privileged"},
        {"image": "a b"},
        {"image_version": "1;2"},
        {"config_options": "'"},
        {"memory": "1x"},
        {"memory": "5m"},
        {"memory": "-1"},
        {"cpus": "all"},
        {"shm_size": "x"},
        {"restart_policy": "sometimes"},
        {"password": "a b c d e"},
        {"password": "short"},
        {"root_password": "with@sign1"},
        {"custom_env": {"A B": Secret("x")}},
    ],
)
def test_impossible_options_are_refused_and_leave_nothing(host: Host, options: dict[str, Any]) -> None:
    before = picture(host)
    with pytest.raises(UserError):
        new(host, **options)
    assert differences(before, picture(host)) == []


def test_a_password_is_as_long_as_the_server_requires(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeDatastore, "password_length", 16)
    with pytest.raises(UserError, match="A password has 16 to 128 letters"):
        new(host, password="a" * 15)
    assert new(host, password="a" * 16).password.reveal() == "a" * 16


@pytest.mark.parametrize(
    ("ref", "parts"),
    [
        ("postgres:17", ("postgres", "17")),
        ("postgres", ("postgres", "")),
        ("h:5000/a/b", ("h:5000/a/b", "")),
        ("h:5000/a/b:1", ("h:5000/a/b", "1")),
        (f"a:1@sha256:{'0' * 64}", ("a", "1")),
    ],
)
def test_a_reference_is_divided_at_its_tag(ref: str, parts: tuple[str, str]) -> None:
    assert split_ref(ref) == parts
