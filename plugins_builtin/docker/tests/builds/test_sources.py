"""The policy of what the engine downloads for a build."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from dokkupy_docker.builds.client import Client
from dokkupy_docker.builds.options import ValidatedOptions, validate
from dokkupy_docker.builds.sources import policy, policy_env
from dokkupy_sdk.build_relay import relay_key, relay_places, relay_url
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.roles import ImageBuild

pytestmark = pytest.mark.unit

BUILDX = Client("/usr/bin/docker", buildkit=True, buildx=True)
BUILD = ImageBuild(Path("/"), Path("/Dockerfile"), "x:y", app=AppName("blog"), private=Secret("hidden"))


def permits(source: str) -> bool:
    """As BuildKit's engine of policies decides (sourcepolicy/engine.go)."""
    answer = True
    for rule in policy("blog", "hidden")["rules"]:
        if fnmatchcase(source, rule["selector"]["identifier"]):
            answer = rule["action"] == "ALLOW"
    return answer


def test_engine_downloads_through_the_relay_of_the_app_alone_and_pulls_images() -> None:
    own, of_another = (relay_url(next(relay_places(relay_key(app, "hidden")))) for app in ("blog", "shop"))
    sources = (f"{own}https://example.com/x?a=b", "docker-image://docker.io/library/python:3.13", "local://context")
    assert [permits(source) for source in sources] == [True] * 3
    sources = ("http://127.0.0.1/x", "https://example.com/x", "git://example.com/a.git#main", f"{of_another}http://a/")
    assert [permits(source) for source in sources] == [False] * 4


def test_policy_is_a_file_that_only_buildx_reads(tmp_path: Path) -> None:
    env = policy_env(str(tmp_path), BUILDX, BUILD, ValidatedOptions(()))
    (path,) = env.values()
    assert json.loads(Path(path).read_text()) == policy("blog", "hidden")
    without = Client("/usr/bin/docker", buildkit=True, buildx=False)
    assert policy_env(str(tmp_path), without, BUILD, ValidatedOptions(())) == {}


@pytest.mark.parametrize("option", ["--builder=other", "--build-context"])
def test_sources_that_an_admin_gave_are_not_limited(tmp_path: Path, option: str) -> None:
    assert policy_env(str(tmp_path), BUILDX, BUILD, ValidatedOptions((option, "x"))) == {}


def test_variable_of_an_app_cannot_replace_the_policy() -> None:
    key = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
    validated = validate(["--build-arg", key, f"--secret=id={key}"], (key,), buildkit=True, buildx=True)
    assert (validated.words, validated.keys, len(validated.remarks)) == ((), (), 2)
