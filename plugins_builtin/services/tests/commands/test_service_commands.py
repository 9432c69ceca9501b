"""The commands of a datastore as clients of Dokku call them: arguments, both streams, exit status."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dokkupy_apps.desired.config import get_env
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine
from dokkupy_services import records
from dokkupy_services.lifecycle import container
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.conftest import Ran


def test_exit_statuses_and_streams_are_dokku_s(host: Host, run: Callable[..., Ran]) -> None:
    assert run("fake:exists", "db") == (1, "", " !     Fake service db does not exist\n")
    assert run("fake:list") == (0, "", " !     There are no Fake services\n")
    assert run("fake:create", "db")[0] == 0
    assert run("fake:info", "dbb") == (1, "", " !     Fake service dbb does not exist\n !     Did you mean db?\n")
    assert run("fake:create", "db")[::2] == (1, " !     Fake service db already exists\n")
    assert run("fake:exists", "db") == (0, "-----> Service db exists\n", "")
    assert run("fake:list") == (0, "=====> Fake services\ndb\n", "")
    assert run("--quiet", "fake:list") == (0, "db\n", "")
    assert run("fake:linked", "db", "blog") == (1, "", " !     Service db is not linked to app blog\n")
    assert run("fake:link", "db", "blog", "--no-restart")[0] == 0
    assert run("fake:linked", "db", "blog") == (0, "-----> Service db is linked to app blog\n", "")
    assert run("--quiet", "fake:links", "db") == (0, "blog\n", "")
    assert run("fake:app-links", "blog") == (0, "db\n", "")
    dsn = run("fake:info", "db", "--dsn")
    assert dsn[0] == 0 and dsn[1].startswith("fake://db:") and dsn[1].endswith("@dokku-fake-db:4242/db\n")
    assert get_env(host, AppName("blog"))["DATABASE_URL"].reveal() + "\n" == dsn[1]
    assert run("fake:destroy", "db", "--force")[::2][0] == 1
    assert run("fake:unlink", "db", "blog", "--no-restart")[0] == 0
    assert run("fake:destroy", "db", "--force")[0] == 0


def test_app_of_a_link_may_be_given_by_flag_or_environment_variable(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("fake:create", "db")
    assert run("--app", "blog", "fake:link", "db", "--no-restart")[0] == 0
    assert run("fake:linked", "db", "--app", "blog")[0] == 0
    monkeypatch.setenv("DOKKU_APP_NAME", "blog")
    assert run("fake:linked", "db")[0] == 0
    assert run("fake:app-links") == (0, "db\n", "")
    assert run("fake:info", "db", "--links") == (0, "blog\n", "")
    assert run("fake:unlink", "db", "--no-restart")[0] == 0


@pytest.mark.parametrize(
    ("words", "image"),
    [
        ((), "own/fake:3"),
        (("--image-version", "4"), "own/fake:4"),
        (("--image", "fake", "--image-version", "2"), "fake:2"),
        (("--image", "fake:1"), "fake:1"),
    ],
)
def test_create_reads_options_from_the_environment(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], image: str
) -> None:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.keep("own/fake:4", {})
    for name, value in {
        "IMAGE": "own/fake",
        "IMAGE_VERSION": "3",
        "CUSTOM_ENV": "A=1;B=2",
        "CONFIG_OPTIONS": "-c x=y",
    }.items():
        monkeypatch.setenv(f"FAKE_{name}", value)
    assert run("fake:create", "db", *words)[0] == 0
    made = records.read(host, "fake", ServiceName("db"))
    assert (made.image, made.config_options) == (image, "-c x=y")
    assert {key: value.reveal() for key, value in made.custom_env.items()} == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("text", "option"), [("512", "512m"), ("512m", "512m"), ("1g", "1g"), ("512MB", "512MB"), ("0.5g", "0.5g")]
)
def test_memory_is_in_megabytes_unless_it_has_a_unit(
    host: Host, run: Callable[..., Ran], text: str, option: str
) -> None:
    assert run("fake:create", "db", "--memory", text)[0] == 0
    made = records.read(host, "fake", ServiceName("db"))
    options = container.spec_of(host, records.datastore(host, "fake"), made, name="x", instance="y").options
    assert options[options.index("--memory") + 1] == option


@pytest.mark.parametrize("text", ["512x", "m", "-1", "0", "1", "5m", "512 megabytes", "1g;2g", "9999999t"])
def test_memory_that_no_container_can_have_is_refused(host: Host, run: Callable[..., Ran], text: str) -> None:
    status, out, error = run("fake:create", "db", f"--memory={text}")
    assert (status, out) == (1, "") and error.startswith(" !     ") and text in error
    assert run("fake:exists", "db")[0] == 1


def test_a_variable_of_the_host_keeps_images_from_being_pulled(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    pulled: list[str] = []
    monkeypatch.setattr(engine.images, "pull", lambda ref: pulled.append(ref) or engine.keep(ref, {}))
    monkeypatch.setenv("FAKE_DISABLE_PULL", "true")
    status, _, error = run("fake:create", "db", "--image", "other", "--image-version", "9")
    assert status == 1 and pulled == []
    assert error.startswith(
        " !     The image other:9 is not on this host, and FAKE_DISABLE_PULL is true, so it is not pulled\n"
    )
    assert "docker image pull other:9" in error
    assert run("fake:create", "here")[0] == 0  # the image of a restart is on the host
    monkeypatch.setenv("FAKE_DISABLE_PULL", "false")
    assert run("fake:create", "db", "--image", "other", "--image-version", "9")[0] == 0 and pulled == ["other:9"]


def test_create_offers_the_versions_that_are_on_the_host(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    monkeypatch.delenv("FAKE_IMAGE", raising=False)
    for ref in ("fake:10-alpine", "fake:9.6", "other:11"):
        engine.keep(ref, {})
    status, _, error = run("fake:create", "db", "--image", "fake", "--image-version", "18")
    assert status == 1 and "fake:18 is not on this host and cannot be pulled" in error
    assert "fake:9.6, fake:10-alpine. To use one of them: fake:create db --image-version 10-alpine\n" in error
    assert "other:11" not in error
    engine.tags.clear()
    error = run("fake:create", "db")[2]
    assert "On this host" not in error and "docker save" in error
