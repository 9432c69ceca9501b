"""Images that the platform trusts by their recorded id."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.programs import IMAGE, ensure_image, run_program
from dokkupy_sdk.recorded_images import kept_image, moved_images, own_image, record_first, record_image, recorded
from dokkupy_sdk.roles import ContainerSpec
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.fake_engine import FakeEngine

pytestmark = pytest.mark.unit


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path)


def engine(host: Host) -> FakeEngine:
    found = host.engine()
    assert isinstance(found, FakeEngine)
    return found


def test_the_host_s_programs_run_in_the_built_image_even_if_its_name_was_moved(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it starts is root with the host's files: a deployer who moves the name must get nothing of it."""
    made = ensure_image(host)
    engine(host).tags["without a name"] = made  # the fake forgets what has none
    evil = engine(host).keep(IMAGE, {"evil": "1"}).id
    assert evil != made
    specs: list[ContainerSpec] = []
    create = engine(host).containers.create
    monkeypatch.setattr(engine(host).containers, "create", lambda spec: specs.append(spec) or create(spec))
    run_program(host, "task", "true", mounts={}, timeout=5)
    (spec,) = specs
    assert spec.image == made and spec.entrypoint == ()
    found = host.images().find(IMAGE)
    assert found is not None and found.id == made


def test_an_image_of_that_name_which_nobody_recorded_is_not_used(host: Host) -> None:
    evil = engine(host).keep(IMAGE, {"evil": "1"}).id
    assert ensure_image(host) != evil


def test_a_lost_image_is_not_found_by_a_moved_name(host: Host) -> None:
    record_image(host, "dokkupy/debian:bookworm", f"sha256:{'00' * 32}")
    engine(host).keep("dokkupy/debian:bookworm", {})
    assert own_image(host, "dokkupy/debian:bookworm") is None


def test_the_doctor_names_each_name_that_was_moved(host: Host) -> None:
    first = engine(host).keep("python:3.13-slim", {})
    record_first(host, "python:3.13-slim")
    assert list(moved_images(host)) == []
    engine(host).keep("python:3.13-slim", {"other": "1"})
    record_first(host, "python:3.13-slim")
    (found,) = moved_images(host)
    assert found.level == "warning" and "python:3.13-slim now refers to a different image" in found.message
    assert "images:add python:3.13-slim" in found.remedy
    record_image(host, "python:3.13-slim", "")
    assert list(moved_images(host)) == [] and recorded(host, "python:3.13-slim") is None
    assert first.id


def test_a_build_stands_on_the_image_that_was_recorded_though_its_name_was_moved_meanwhile(host: Host) -> None:
    first = engine(host).keep("python:3.13-slim", {}).id
    name = kept_image(host, "python:3.13-slim")
    assert name.startswith("dokkupy/python:3.13-slim-")
    moved = engine(host).keep("python:3.13-slim", {"evil": "1"}).id
    assert moved != first
    assert kept_image(host, "python:3.13-slim") == name
    found = host.images().find(name)
    assert found is not None and found.id == first
    # An admin who takes the new one (`images:add`) lets go of the old one.
    record_image(host, "python:3.13-slim", moved)
    assert host.images().find(name) is None
    newer = host.images().find(kept_image(host, "python:3.13-slim"))
    assert newer is not None and newer.id == moved


def test_a_lost_recorded_image_is_replaced_by_the_current_one_with_a_warning(host: Host) -> None:
    record_image(host, "python:3.13-slim", f"sha256:{'00' * 32}")
    now = engine(host).keep("python:3.13-slim", {}).id
    found = host.images().find(kept_image(host, "python:3.13-slim"))
    assert found is not None and found.id == now
    assert "is no longer on this host" in host.out.text()  # type: ignore[attr-defined]
