"""`plugin:new --kind datastore` writes a plugin that passes its tests unchanged: the contract, on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy_sdk.testing.effort import THOROUGH
from dokkupy_services.scaffold import write_datastore

from tests.docs.markdown import ROOT

pytestmark = pytest.mark.docker

sys.path.insert(0, str(ROOT / "tests" / "e2e"))


#: The whole contract runs with --thorough. Each of its tests also runs on the built-in engines.
SOME = () if THOROUGH else ("-k", "answers_and_reports or exported_dump or backup_is_verified")


def test_a_new_datastore_passes_the_contract_at_once(tmp_path: Path) -> None:
    from bed.servers import server

    source, site = tmp_path / "dokkupy-keep-it", tmp_path / "site"
    assert "src/dokkupy_keep_it/datastore.py" in write_datastore("keep-it", str(source))
    lines = sum(len(path.read_text().splitlines()) for path in source.rglob("*") if path.is_file())
    assert lines < 200
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(site), str(source)], check=True)
    env = {
        **os.environ,
        "PYTHONPATH": str(site),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TEST_IMAGE": server("redis:7"),
        "TEST_NEWER_IMAGE": server("redis:8"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", *SOME],
        cwd=source,
        env=env,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{18 if THOROUGH else 3} passed" in done.stdout and "skipped" not in done.stdout
