"""A source tree and a host whose engine keeps what it is given to build; real builds are the engine's own tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_sdk.model import Build, Source
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import FakeEngine, fake_host


class Bench:
    """A host and a source tree."""

    def __init__(self, path: Path) -> None:
        self.source = path / "source"
        self.source.mkdir()
        self.host = fake_host(path, plugins=("dockerfile",))
        engine = self.host.engine()
        assert isinstance(engine, FakeEngine)
        self.engine = engine

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            target = self.source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def build(self, *options: str, env: dict[str, str] | None = None) -> Build:
        return Build(
            id="b1",
            source=Source(AppName("blog"), self.source, "git-hook"),
            builder="dockerfile",
            env={key: Secret(value) for key, value in (env or {}).items()},
            options=options,
            tag="dokkupy-test/blog:build",
            labels={"com.dokku.app-name": "blog"},
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
