"""Which buildpacks build a source."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_buildpacks.builder import BuildpacksBuilder, HerokuishBuilder
from dokkupy_buildpacks.select.lists import chosen
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Source

from plugins_builtin.buildpacks.tests.conftest import APP, Bench
from plugins_builtin.buildpacks.tests.sources import FLASK, PYTHON_URL

# the role


def test_buildpack_of_the_apps_own_choice_beats_a_dockerfile_and_a_guess_does_not(bench: Bench) -> None:
    builder = BuildpacksBuilder(bench.host)
    source = Source(APP, bench.root, "git-hook")
    assert builder.detect(source) == 0
    bench.write(FLASK)
    assert 0 < builder.detect(source) < 80
    bench.write({".buildpacks": "heroku/python\n"})
    assert builder.detect(source) == 90
    assert HerokuishBuilder(bench.host).detect(source) == 0


def test_list_of_buildpacks_is_followed_in_order(bench: Bench) -> None:
    bench.write({**FLASK, "package.json": {"scripts": {"build": "x"}}, ".buildpacks": "heroku/nodejs\nheroku/python\n"})
    assert [plan.language for plan in bench.plans()] == ["nodejs", "python"]


def test_unknown_buildpack_is_fetched_and_run_by_herokus_interface(bench: Bench) -> None:
    bench.write({"x": "", ".buildpacks": "https://example.com/own/buildpack.git#v1\n"})
    _, text = bench.build()
    assert "git clone -q --depth 1 --branch v1 https://example.com/own/buildpack.git" in text
    assert 'ENTRYPOINT ["/bin/bash", "/app/.dokkupy/start"]' in text


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/$(id)",
        "file:///etc",
        "a b",
        "--upload-pack=x",
        "https://x/'y'",
        "https://github.com",
        "https://github.com/",
        "https://github.com#main",
    ],
)
def test_address_that_is_none_is_refused(bench: Bench, text: str) -> None:
    bench.write({"x": "", ".buildpacks": f"{text}\n"})
    with pytest.raises(Exception, match="Invalid buildpack specified"):
        bench.plans()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BUILDPACK_URL=heroku/python\n", [PYTHON_URL]),
        ("export BUILDPACK_URL='heroku/python' # why\n", [PYTHON_URL]),
        ("# BUILDPACK_URL=heroku/python\n", []),
        ("= no line\nBUILDPACK_URL=heroku/python\n", [PYTHON_URL]),
        ("BUILDPACK_URL=\n", []),
    ],
)
def test_url_in_the_sources_dotenv_is_used(bench: Bench, text: str, expected: list[str]) -> None:
    assert chosen(bench.host, APP, bench.write({".env": text}), "")[1] == expected


def test_a_dotenv_that_is_a_link_is_no_matter_of_a_builder_that_is_asked_in_passing(bench: Bench) -> None:
    tree = bench.write({"Dockerfile": "FROM scratch\n"})
    Path(tree.root, ".env").symlink_to("/etc/hostname")
    assert BuildpacksBuilder(bench.host).detect(Source(APP, Path(tree.root), "HEAD")) == 0
    with pytest.raises(AppError, match=r"\.env"):
        chosen(bench.host, APP, tree, "")
