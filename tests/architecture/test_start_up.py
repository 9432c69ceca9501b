"""What the frequent commands load. Counts are stable where milliseconds are not: a new import shows here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("typer", "click", "rich", "docker", "requests", "urllib3", "importlib.metadata", "pydantic", "jinja2", "asyncio",
         "inspect", "tempfile", "email", "http.client", "ssl", "certbot", "logging", "unittest", "pkg_resources")  # fmt: skip

#: Command line -> how many modules it may load beyond those of a bare interpreter.
LIMITS = {
    ("version",): 58,
    ("config:get", "blog", "KEY"): 70,
    ("apps:list",): 63,
    ("apps:exists", "blog"): 63,
    ("domains:report", "blog"): 122,
    ("ps:report", "blog"): 66,
    ("help",): 88,
}

#: They ask plugins, and pluggy imports inspect; their budget is wider.
WITH_HOOKS = ("domains:report",)

COUNT = """
import sys
before = set(sys.modules)
sys.argv = ["dokkupy", *sys.argv[1:]]
from dokkupy.cli.main import main
import io, os
out, sys.stdout = sys.stdout, io.StringIO()
status = main(sys.argv[1:])
sys.stdout = out
found = sorted(set(sys.modules) - before)
import json
print(json.dumps([status, found]))
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for words in (["apps:create", "blog"], ["config:set", "--no-restart", "blog", "KEY=value"]):
        loaded(root, *words)
    return root


def loaded(root: Path, *words: str) -> list[str]:
    # Only core: what is installed beside it is not what is measured.
    env = {"DOKKUPY_ROOT": str(root), "DOKKUPY_PLUGINS": "", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", COUNT, *words], capture_output=True, text=True, env=env, check=True
    )
    status, modules = json.loads(done.stdout)
    assert status == 0, done.stderr
    return list(modules)


@pytest.mark.parametrize("words", list(LIMITS), ids=" ".join)
def test_a_command_loads_no_more_than_it_needs(root: Path, words: tuple[str, ...]) -> None:
    modules = loaded(root, *words)
    banned = [name for name in HEAVY if name != "inspect" or words[0] not in WITH_HOOKS]
    heavy = [name for name in modules if name in banned or name.startswith(tuple(f"{one}." for one in banned))]
    assert heavy == []
    assert len(modules) <= LIMITS[words], f"{len(modules)} modules: {' '.join(modules)}"
