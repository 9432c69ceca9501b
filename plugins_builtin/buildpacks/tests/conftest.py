"""A source tree and a host whose engine keeps what it is given to build; real builds are in tests/e2e."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_buildpacks.builder import BuildpacksBuilder, plan_source
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Plan, Tree
from dokkupy_sdk.model import Build, Image, Source
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.recorded_images import record_image
from dokkupy_sdk.testing import FakeEngine, fake_host

APP = AppName("blog")


class Bench:
    """A host and a source tree."""

    def __init__(self, path: Path) -> None:
        self.root = path / "source"
        self.root.mkdir()
        self.host = fake_host(path / "host", plugins=("buildpacks",))
        engine = self.host.engine()
        assert isinstance(engine, FakeEngine)
        self.engine = engine
        self.host.store.write("apps", APP, "app", data={"name": APP})
        for name in ("dokkupy/debian:trixie", "dokkupy/debian:bookworm"):
            record_image(self.host, name, engine.keep(name, {"dokkupy.base": name}).id)

    def write(self, files: dict[str, object]) -> Tree:
        for name, content in files.items():
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content if isinstance(content, str) else json.dumps(content))
        return Tree(self.root)

    def plans(self, env: dict[str, str] | None = None) -> tuple[Plan, ...]:
        secrets = {key: Secret(value) for key, value in (env or {}).items()}
        return plan_source(self.host, APP, Tree(self.root), secrets).plans

    def plan(self, env: dict[str, str] | None = None) -> Plan:
        return self.plans(env)[-1]

    def request(self, env: dict[str, str] | None = None) -> Build:
        return Build(
            id="b1",
            source=Source(APP, self.root, "git-hook"),
            builder="buildpacks",
            env={key: Secret(value) for key, value in (env or {}).items()},
            tag="dokkupy-test/blog:build",
            labels={"com.dokku.app-name": "blog"},
        )

    def build(self, env: dict[str, str] | None = None) -> tuple[Image, str]:
        """The image and the Dockerfile that made it."""
        image = BuildpacksBuilder(self.host).build(self.request(env))
        return image, self.engine.built[-1][1]


def steps(plan: Plan) -> str:
    """All commands of a plan, as one text."""
    return "\n".join(step.command for stage in plan.stages for step in stage.steps)


def unreachable(host: Host, url: str) -> bytes:
    raise OSError("no route to host")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    from dokkupy_buildpacks import settings
    from dokkupy_buildpacks.images import registries

    # Whether this machine's administrator added certificates is nothing for a test.
    monkeypatch.setattr(settings, "LOCAL_CERTIFICATES", str(tmp_path / "none"))
    # Nor whether it reaches a registry: a test that asks one says what it answers.
    monkeypatch.setattr(registries, "fetch", unreachable)
    return Bench(tmp_path)
