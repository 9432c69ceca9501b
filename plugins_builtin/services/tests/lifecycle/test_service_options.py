"""Options of a new service."""

from __future__ import annotations

from typing import Any

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_services.lifecycle import service as lifecycle

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
    assert lifecycle.split_ref(ref) == parts
