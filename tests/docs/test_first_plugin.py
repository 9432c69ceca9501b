"""Follow docs/tutorial/first-plugin.md literally."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks, commands

pytestmark = pytest.mark.process

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the folders that the tutorial names, so that nothing is written to the real ones."""
    for folder in ("core", "plugin_sdk", "plugins_builtin/apps", "plugins_builtin/plugins"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_following_the_tutorial_gives_a_working_plugin(checkout: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(checkout),
        "DOKKUPY_ROOT": str(checkout / "state"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if os.path.exists(CERTIFICATES):
        env["PIP_CERT"] = CERTIFICATES
    ran = appended = 0
    for block in blocks(ROOT / "docs/tutorial/first-plugin.md"):
        if block.language == "python":
            file = re.fullmatch(r"Append to `([^`]+)`:", block.before)
            assert file, block.before
            with open(checkout / file[1], "a") as target:
                target.write("\n\n" + block.text)
            appended += 1
        elif block.language == "console":
            for command in commands(block):
                if command.machine == "server":
                    continue  # tests/e2e/test_pages.py
                done = subprocess.run(
                    ["bash", "-c", command.line], cwd=checkout, env=env, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{command.line}\n{done.stdout}{done.stderr}"
                for line in command.output:
                    assert line in done.stdout, f"{command.line}\n{done.stdout}"
                ran += 1
    assert (ran, appended) == (7, 4)
