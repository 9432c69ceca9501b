"""Apps to push: small git repositories made from the sample app, changed as a test needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bed.checkout import ROOT
from bed.engine import run

SAMPLE = ROOT / "examples" / "apps" / "hello"


class Repository:
    """A developer's clone of a sample app."""

    def __init__(self, path: Path, sample: Path = SAMPLE) -> None:
        self.path = path
        shutil.copytree(sample, path, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def git(self, *argv: str) -> str:
        """Run git in the repository, and return its output."""
        identity = ("-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "-c", "commit.gpgsign=false")
        return run(["git", "-C", str(self.path), *identity, *argv]).stdout

    def write(self, name: str, text: str) -> None:
        """Replace a file's content."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace `old`, which must be in the file."""
        text = (self.path / name).read_text()
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def greet(self, greeting: str) -> None:
        """Make the app answer `greeting`, and commit."""
        lines = (self.path / "web.py").read_text().splitlines(keepends=True)
        changed = [f'GREETING = "{greeting}"\n' if line.startswith("GREETING = ") else line for line in lines]
        assert changed != lines
        self.write("web.py", "".join(changed))
        self.commit(f"greet with {greeting}")

    def scalable(self) -> None:
        """Remove the formation from app.json, so that one web process and no worker runs, and commit."""
        table = json.loads((self.path / "app.json").read_text())
        table.pop("formation", None)
        self.write("app.json", json.dumps(table, indent=2))
        self.commit("leave the formation to ps:scale")

    def commit(self, message: str) -> str:
        """Commit everything, and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()
