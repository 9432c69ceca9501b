"""Which images an app may name."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.releases.app_images import (
    keep_loaded,
    loaded_images,
    private_name,
    repository_of,
    require_usable,
    usable_name,
)
from dokkupy_sdk import Host, registry_access
from dokkupy_sdk.errors import HostError, NotFound, UserError
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import AppName, ImageRef, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import FakeEngine, fake_host

pytestmark = pytest.mark.unit

BLOG, SHOP = AppName("blog"), AppName("shop")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path)
    for app in (BLOG, SHOP):
        create_app(host, app)
    return host


@pytest.mark.parametrize(
    ("ref", "repository"),
    [
        ("python", "python"),
        ("docker.io/library/python:3.13", "python"),
        ("index.docker.io/dokku/blog@sha256:00", "dokku/blog"),
        ("registry.example.com:5000/dokku/blog:1", "registry.example.com:5000/dokku/blog"),
    ],
)
def test_repository_is_the_same_in_every_spelling(ref: str, repository: str) -> None:
    assert repository_of(ref) == repository


@pytest.mark.parametrize(
    "ref", ["dokku/blog", "dokku/blog:latest", "docker.io/dokku/shop:r1", "dokkupy/host-programs:1", "dokkupy/x/y"]
)
def test_names_of_the_platform_and_of_apps_are_refused(host: Host, ref: str) -> None:
    with pytest.raises(UserError, match="belong to them alone"):
        require_usable(host, BLOG, ref)


@pytest.mark.parametrize("ref", ["dokku/dokku:1", "python:3.13", "registry.example.com/dokku/blog", "dokkupy", "cafe"])
def test_every_app_may_use_other_names(host: Host, ref: str) -> None:
    require_usable(host, BLOG, ref)
    assert ref not in loaded_images(host, BLOG)


def test_an_id_is_refused_because_it_may_be_another_apps(host: Host) -> None:
    engine = host.engine()
    identifier = f"sha256:{'ab' * 32}"
    engine.tags[identifier] = identifier  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="is the id of an image"):
        require_usable(host, BLOG, identifier)


def test_image_that_only_the_login_of_another_app_can_pull_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By digest, a build would find an image that the build of another app pulled; by name, an image that is being
    pushed."""
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    login = RegistryLogin("registry.example.com", "ann", Secret("pw"), shared=False)
    engine.accounts[login.server] = {"ann": "pw"}
    name = f"{login.server}/team/base:1"
    engine.pushed[name] = "sha256:" + "a" * 64
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {login.server: login} if app == SHOP else {})
    for ref in (name, f"{name}@sha256:{'a' * 64}"):
        require_usable(host, SHOP, ref)
    require_usable(host, BLOG, name)  # the engine asks the registry, which refuses it
    with pytest.raises(UserError, match="blog may not use"):
        require_usable(host, BLOG, f"{name}@sha256:{'a' * 64}")
    engine.keep(name, {"dokkupy.app": "shop"})
    require_usable(host, SHOP, name)
    with pytest.raises(UserError, match="blog may not use"):
        require_usable(host, BLOG, name)
    engine.keep(name, {"dokkupy.app": "elsewhere"})
    require_usable(host, BLOG, name)


def test_a_public_image_with_a_digest_is_used_while_its_registry_does_not_answer(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise HostError("no route")

    monkeypatch.setattr(host.image_registries(), "digest", silent)
    ref = f"ghcr.io/team/base@sha256:{'a' * 64}"
    require_usable(host, BLOG, ref)
    login = RegistryLogin("ghcr.io", "ann", Secret("pw"), shared=False)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {"ghcr.io": login} if app == SHOP else {})
    with pytest.raises(HostError, match="no route"):
        require_usable(host, BLOG, ref)


def load(host: Host, app: AppName, name: str, content: str) -> str:
    archive = Path(host.path("archive"))
    archive.write_text(content)
    with operation(host, "git:load-image", f"app:{app}") as tx:
        image = host.builds().load(str(archive), name).id
        old = keep_loaded(tx, app, ImageRef(name), image)
    if old:
        host.images().remove(old)
    return image


def test_loaded_image_has_a_name_that_only_its_app_knows(host: Host) -> None:
    image = load(host, BLOG, "mine:1", "one")
    assert loaded_images(host, BLOG) == {"mine:1": image} and loaded_images(host, SHOP) == {}
    assert host.images().find("mine:1") is None
    name = usable_name(host, BLOG, "mine:1")
    assert name.startswith("dokku/blog:load-") and name != private_name(host, SHOP, image).replace("shop", "blog")
    found = host.images().find(name)
    assert found is not None and found.id == image


def test_loading_again_removes_the_image_that_had_the_name_before(host: Host) -> None:
    first = load(host, BLOG, "mine:1", "one")
    load(host, BLOG, "copy:1", "one")
    load(host, BLOG, "mine:1", "two")
    assert host.images().find(private_name(host, BLOG, first)) is not None, "copy:1 means it too"
    load(host, BLOG, "copy:1", "two")
    assert host.images().find(private_name(host, BLOG, first)) is None


def test_error_asks_to_load_an_image_again_that_is_gone(host: Host) -> None:
    load(host, BLOG, "mine:1", "one")
    host.engine().tags.clear()  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match="mine:1 is no longer on this host") as caught:
        usable_name(host, BLOG, "mine:1")
    assert "git:load-image blog mine:1" in caught.value.hint
