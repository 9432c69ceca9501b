"""`storage:exec`: a container that sees an entry's directory, and nothing else of the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Image
from dokkupy_sdk.roles import ContainerSpec
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_storage.directories.directory import storage_root


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "dokkupy", plugins=("storage",))
    os.makedirs(storage_root(host))
    assert main(["storage:create", "data"], host=host) == 0
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.client = ["sh", "-c", "exit 7"]
    for ref in ("tools:1", "alpine:3"):
        engine.keep(ref, {})
    return host


def specs(host: Host) -> list[ContainerSpec]:
    return list(host.engine().specs.values())  # type: ignore[attr-defined]


def test_a_command_sees_the_directory_and_its_exit_status_is_passed_on(host: Host) -> None:
    words = ["storage:exec", "data", "--image", "tools:1", "--as-user", "1000", "--", "ls", "--all"]
    assert main(words, host=host) == 7
    (spec,) = specs(host)
    path = os.path.join(storage_root(host), "data")
    assert spec.command == ("ls", "--all") and spec.network == "" and spec.stdin
    assert spec.options == (f"--mount=type=bind,source={path},target=/data", "--workdir=/data", "--user=1000")
    assert host.containers().find_all({"dokkupy.kind": "storage"}) == []


def test_without_a_command_it_is_a_shell_of_alpine(host: Host) -> None:
    assert main(["storage:exec", "data"], host=host) == 7
    assert specs(host)[0].command == ("/bin/sh",)
    assert specs(host)[0].image == host.images().find("alpine:3").id  # type: ignore[union-attr]


@pytest.mark.parametrize("words", [("nobody",), ("data", "--as-user", "--privileged"), ("data", "--image", "-x")])
def test_invalid_arguments_are_refused_before_a_container_is_created(host: Host, words: tuple[str, ...]) -> None:
    assert main(["storage:exec", *words], host=host) == 1
    assert specs(host) == []


def test_a_missing_directory_is_not_created_for_it(host: Host) -> None:
    path = os.path.join(storage_root(host), "data")
    os.rmdir(path)
    assert main(["storage:exec", "data"], host=host) == 1
    assert not os.path.exists(path) and specs(host) == []


def test_an_image_that_cannot_be_pulled_is_an_error_that_names_the_option(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(images: object, ref: str) -> Image:
        raise HostError(f"{ref} could not be pulled: no such host")

    kind = type(host.images())
    monkeypatch.setattr(kind, "pull", refuse)
    monkeypatch.setattr(kind, "find", lambda images, ref: None)
    assert main(["storage:exec", "data"], host=host) == 1
    error = capsys.readouterr().err
    assert "alpine:3 could not be pulled" in error and "--image NAME" in error
