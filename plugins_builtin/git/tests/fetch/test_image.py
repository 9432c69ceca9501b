"""`git:from-image`: an image becomes the app's code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_git.fetch import deploy as bring
from dokkupy_git.repository.bare import Repository
from dokkupy_sdk import registry_access
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import ImageRef, Secret
from dokkupy_sdk.source_store import source_store

from plugins_builtin.git.tests.conftest import BLOG, Client, World, head, run


def test_image_becomes_a_one_line_dockerfile(world: World) -> None:
    world.make_app()
    name = "registry.example.com:5000/team/app:v1"
    world.host.engine().pushed[name] = "sha256:" + "a" * 64  # type: ignore[attr-defined]
    image = f"{name}@sha256:" + "a" * 64
    assert run(world, "git:from-image", "blog", image, "Ann", "ann@example.com") == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}\n"}
    assert world.deployed["metadata"] == image
    assert world.host.store.read("apps", "blog", "git")["properties"]["source-image"] == image
    label = {"com.dokku.docker-image-labeler/alternate-tags": f'["{image}"]'}
    assert world.deployed["labels"] == source_store(world.host).labels(BLOG) == label
    log = Repository(world.host, BLOG).git("log", "--format=%an <%ae>", "master").stdout.strip()
    assert log == "Ann <ann@example.com>"
    assert run(world, "git:from-image", "blog", image) == 1  # no changes
    assert world.leftovers() == []


def test_image_that_only_the_app_s_login_fetches_is_left_to_the_build_with_its_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulled into the engine, it would have a name that every app can use."""
    world.make_app()
    engine = world.host.engine()
    engine.accounts["registry.example.com"] = {"ann": "pw"}  # type: ignore[attr-defined]
    image, digest = "registry.example.com/team/app:v1", "sha256:" + "b" * 64
    engine.pushed[image] = digest  # type: ignore[attr-defined]
    assert run(world, "git:from-image", "--force", "blog", image) == 1
    own = RegistryLogin("registry.example.com", "ann", Secret("pw"), shared=False)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {own.server: own} if app else {})
    assert run(world, "git:from-image", "--force", "blog", image) == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}@{digest}\n"}
    assert engine.images.find(image) is None
    assert run(world, "git:from-image", "--force", "blog", "registry.example.com/team/nothing") == 1
    shared = replace(own, shared=True)
    monkeypatch.setattr(registry_access, "logins_of", lambda host, app: {own.server: shared})
    assert run(world, "git:from-image", "--force", "blog", image) == 0
    assert world.deployed["files"] == {"Dockerfile": f"FROM {image}\n"}
    assert engine.images.find(image) is not None


def test_what_is_built_from_code_after_an_image_does_not_name_that_image(world: World, client: Client) -> None:
    world.make_app()
    image = "registry.example.com/team/app:v1"
    world.host.engine().pushed[image] = "sha256:" + "a" * 64  # type: ignore[attr-defined]
    assert run(world, "git:from-image", "blog", image) == 0 and world.deployed["labels"] != {}
    client.commit({"a": "1"})
    assert client.push("--force", "master").returncode == 0
    assert world.deployed["labels"] == source_store(world.host).labels(BLOG) == {}


def test_image_build_may_have_more_files_for_local_users(world: World, tmp_path: Path) -> None:
    world.make_app()
    extra = tmp_path / "extra"
    (extra / "sub").mkdir(parents=True)
    (extra / "sub" / "a").write_text("1")
    assert run(world, "git:from-image", "--build-dir", str(extra), "blog", "app:v1") == 0
    assert world.deployed["files"] == {"Dockerfile": "FROM app:v1\n", "sub/a": "1"}
    world.host = world.host.for_invocation(who="key:alice")
    with pytest.raises(UserError, match="is not readable over SSH"):
        bring.deploy_image(world.host, BLOG, ImageRef("app:v2"), "", "", kind="x", build_dir="/etc", force=False)


@pytest.mark.parametrize("image", ["app;id", "-v", "a b", "APP:v1", "app:v1\nRUN id", "$(id)", "../x", ""])
def test_malicious_image_names_are_refused(world: World, image: str) -> None:
    world.make_app()
    assert run(world, "git:from-image", "blog", "--", image) == 1
    assert head(world) == ""
