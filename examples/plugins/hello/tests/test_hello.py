"""The plugin on a host of fakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_sdk.entry import main
from dokkupy_sdk.testing import deploy, fake_host


def test_it_says_hello_after_a_deploy_and_on_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = fake_host(tmp_path, plugins=("hello",))
    deploy(host, "blog", {"Dockerfile": "FROM scratch", "Procfile": "web: serve"})
    assert "Hello from blog" in host.out.text()  # type: ignore[attr-defined]
    assert main(["hello:greet", "blog", "--format", "json"], host=host) == 0
    assert json.loads(capsys.readouterr().out)["greeting"] == "Hello from blog"
    assert main(["hello:greet", "nobody"], host=host) == 20
