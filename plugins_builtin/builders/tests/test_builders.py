"""Programs of others: what they are called with, what becomes of their images, what is said when they are missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_builders import argv
from dokkupy_builders import builder as module
from dokkupy_builders.builder import (
    LambdaBuilder,
    NixpacksBuilder,
    NullBuilder,
    PackBuilder,
    RailpackBuilder,
    ToolBuilder,
)
from dokkupy_builders.cli import judge
from dokkupy_builders.hooks import post_app_destroy
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, Denied, HostError
from dokkupy_sdk.model import Build, RegistryLogin, Source
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import FakeEngine, fake_host

APP = AppName("blog")
TOOLS = {
    PackBuilder: "project.toml",
    NixpacksBuilder: "nixpacks.toml",
    RailpackBuilder: "railpack.json",
    LambdaBuilder: "lambda.yml",
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path / "host", plugins=("builders",))


@pytest.fixture
def build(tmp_path: Path) -> Build:
    (tmp_path / "source").mkdir()
    return Build(
        id="b",
        source=Source(APP, tmp_path / "source", "git-hook"),
        builder="tool",
        tag="dokkupy/blog:b",
        env={
            "KEY": Secret("canary-77"),
            "PEM": Secret(" one\ntwo=2\n\n"),
            "LARGE": Secret("x" * 100_000),
            "DOCKER_HOST": Secret("tcp://elsewhere"),
        },
        labels={"com.dokku.app-name": "blog"},
    )


@pytest.fixture
def program(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that notes how it was called; the engine then has its image."""
    path = tmp_path / "tool"
    path.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/argv\nenv -0 >{tmp_path}/env\ntest ! -e fail\necho built\n'
    )
    path.chmod(0o755)
    monkeypatch.setattr(ToolBuilder, "installed", lambda self: str(path))
    return path


def test_words_are_what_the_programs_documentation_says() -> None:
    assert argv.pack(
        "pack",
        source="/s",
        tag="t",
        builder="b",
        descriptor="/s/p",
        keys=["B", "A"],
        buildpacks=["x"],
        caches={"build": "v"},
        previous="sha256:1",
    ) == [
        "pack",
        "build",
        "t",
        "--path=/s",
        "--builder=b",
        "--pull-policy=if-not-present",
        "--trust-builder",
        "--no-color",
        "--descriptor=/s/p",
        "--env=A",
        "--env=B",
        "--cache=type=build;format=volume;name=v",
        "--previous-image=sha256:1",
        "--buildpack=x",
    ]
    assert argv.nixpacks("n", source="/s", tag="t", config="", keys=["B", "A"], caches="c") == [
        "n",
        "build",
        "/s",
        "--name=t",
        "--cache-key=c",
        "--env",
        "A",
        "--env",
        "B",
    ]
    assert argv.railpack("r", source="/s", tag="t", config="/c", keys=[], caches="c") == [
        "r",
        "build",
        "/s",
        "--name",
        "t",
        "--progress",
        "plain",
        "--cache-key",
        "c",
        "--config-file",
        "/c",
    ]
    assert argv.lambda_builder("l", source="/s", tag="t", keys=["A"]) == [
        "l",
        "build",
        "--working-directory=/s",
        "--generate-image",
        "--tag=t",
        "--build-env=A",
    ]


@pytest.mark.parametrize("kind", TOOLS)
def test_builder_is_chosen_by_its_file(host: Host, build: Build, kind: type[ToolBuilder]) -> None:
    assert kind(host).detect(build.source) == 0
    (build.source.directory / TOOLS[kind]).write_text("")
    assert kind(host).detect(build.source) > 50


@pytest.mark.parametrize("kind", TOOLS)
def test_missing_program_is_named_with_where_to_get_it(
    host: Host, build: Build, kind: type[ToolBuilder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "environment", lambda: {"PATH": "/nowhere"})
    assert kind(host).prepare().state == "not-installed"
    with pytest.raises(HostError, match=kind.program) as caught:
        kind(host).build(build)
    assert "https://" in caught.value.hint


@pytest.mark.parametrize("kind", TOOLS)
def test_value_of_any_shape_reaches_the_program_whole_and_not_its_argv(
    host: Host, build: Build, kind: type[ToolBuilder], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    made = "dokkupy/made:once"
    monkeypatch.setattr(module, "name_once", lambda: made)
    engine.keep(made, {})
    image = kind(host).build(build)
    assert image.labels["com.dokku.app-name"] == "blog"
    assert engine.images.find(made) is None
    assert "canary-77" not in (tmp_path / "argv").read_text()
    seen = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().split("\0") if line)
    assert (seen["KEY"], seen["PEM"], seen["LARGE"]) == ("canary-77", " one\ntwo=2\n\n", "x" * 100_000)
    assert "DOCKER_HOST" not in seen
    words = (tmp_path / "argv").read_text()
    assert "PEM" in words and "two" not in words
    assert list(Path(host.path("tmp")).glob("*/*")) == []


@pytest.mark.parametrize("kind", TOOLS)
def test_failing_program_fails_the_build_and_leaves_nothing(
    host: Host, build: Build, kind: type[ToolBuilder], program: Path
) -> None:
    program.write_text("#!/bin/sh\necho the-reason; exit 3\n")
    with pytest.raises(AppError) as caught:
        kind(host).build(build)
    assert caught.value.details == ("the-reason",)
    assert host.images().find(build.tag) is None
    assert list(Path(host.path("tmp")).glob("*/*")) == []


@pytest.mark.parametrize("kind", TOOLS)
def test_file_that_is_a_link_is_refused(host: Host, build: Build, kind: type[ToolBuilder], program: Path) -> None:
    (build.source.directory / TOOLS[kind]).symlink_to("/etc/passwd")
    with pytest.raises(AppError, match="symbolic link"):
        kind(host).build(build)


def test_pack_keeps_its_caches_by_the_app_and_they_go_with_it(
    host: Host, build: Build, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    monkeypatch.setattr(module, "name_once", lambda: "dokkupy/made:once")
    for tag in ("dokkupy/blog:b", "dokkupy/blog:c"):
        engine.keep("dokkupy/made:once", {})
        PackBuilder(host).build(replace(build, tag=tag))
        words = (tmp_path / "argv").read_text()
        assert "--cache=type=build;format=volume;name=dokkupy-pack-blog-build" in words
        assert "--cache=type=launch;format=volume;name=dokkupy-pack-blog-launch" in words
    post_app_destroy(host, APP)
    assert engine.removed_volumes == ["dokkupy-pack-blog-build", "dokkupy-pack-blog-launch"]


def test_null_builds_nothing_and_says_what_to_do(host: Host, build: Build) -> None:
    assert NullBuilder(host).detect(build.source) == 0
    with pytest.raises(AppError, match="null") as caught:
        NullBuilder(host).build(build)
    assert "git:from-image" in caught.value.hint


@pytest.mark.parametrize("kind", [NixpacksBuilder, RailpackBuilder])
def test_caches_are_an_app_s_own_and_their_name_is_in_no_log(
    host: Host, build: Build, kind: type[ToolBuilder], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key nixpacks names them by the directory, and railpack all the same."""
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    monkeypatch.setattr(module, "name_once", lambda: "dokkupy/made:once")
    program.write_text(program.read_text() + 'echo "with $*"\n')
    seen = []
    for private in ("of blog", "of blog", "of shop"):
        engine.keep("dokkupy/made:once", {})
        kind(host).build(replace(build, private=Secret(private)))
        words = (tmp_path / "argv").read_text().replace("--cache-key=", "--cache-key\n").splitlines()
        seen.append(words[words.index("--cache-key") + 1])
    assert seen[0] == seen[1] != seen[2] and len(seen[0]) == 32
    output = host.out.text()  # type: ignore[attr-defined]
    assert "***" in output and not any(key in output for key in seen)


def test_pack_gets_only_a_builder_image_that_an_admin_trusts(
    host: Host, build: Build, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pack runs a builder's own program as root with the engine's socket: it is root on the host."""
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    monkeypatch.setattr(module, "name_once", lambda: "dokkupy/made:once")
    engine.keep("dokkupy/made:once", {})
    host.store.write("apps", APP, "builder-pack", data={"properties": {"builder-image": "example/builder:1"}})
    with pytest.raises(Denied, match="example/builder:1 is not a trusted builder") as caught:
        PackBuilder(host).build(build)
    assert "builder-pack:set --global trusted-builders heroku/builder:24,example/builder:1" in caught.value.hint
    assert not (tmp_path / "argv").exists()
    trusted = {"properties": {"trusted-builders": "heroku/builder:24,example/builder:1"}}
    host.store.write("global", "builder-pack", data=trusted)
    PackBuilder(host).build(build)
    assert "--builder=example/builder:1" in (tmp_path / "argv").read_text().split()


def test_an_untrusted_builder_image_is_refused_where_it_is_set(host: Host) -> None:
    with pytest.raises(Denied, match="not a trusted builder"):
        judge(host, APP, "builder-image", "example/builder:1")
    judge(host, APP, "builder-image", "heroku/builder:24")


@pytest.mark.parametrize("kind", TOOLS)
def test_an_app_s_own_logins_reach_only_programs_that_fetch_apart(
    host: Host, build: Build, kind: type[ToolBuilder], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pack and lambda-builder pull through the engine, where every app can name what they pulled."""
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    monkeypatch.setattr(module, "name_once", lambda: "dokkupy/made:once")
    engine.keep("dokkupy/made:once", {})
    shared = RegistryLogin("ghcr.io", "all", Secret("s"))
    own = RegistryLogin("registry.example.com", "ann", Secret("canary-88"), shared=False)
    monkeypatch.setattr(
        module, "logins_of", lambda host, app: {one.server: one for one in ((shared, own) if app else (shared,))}
    )
    program.write_text(program.read_text() + f'cp "$DOCKER_CONFIG/config.json" {tmp_path}/config\n')
    kind(host).build(build)
    servers = set(json.loads((tmp_path / "config").read_text())["auths"])
    assert servers == (
        {"ghcr.io", "registry.example.com"} if kind in (NixpacksBuilder, RailpackBuilder) else {"ghcr.io"}
    )
    assert "canary-88" not in (tmp_path / "argv").read_text() + (tmp_path / "env").read_text()
    assert list(Path(host.path("tmp")).glob("*/*")) == []
