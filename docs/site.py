"""Builds the documentation as a web site: `python docs/site.py [FOLDER]`, by default build/site.

Sphinx has an environment of its own below `.venv`, made by the first call. A link that leads nowhere fails the build.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".venv" / "site"


def prepare() -> None:
    wanted = (HERE / "requirements.txt").read_text()
    stamp = ENVIRONMENT / "stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
    stamp.write_text(wanted)


def build(folder: Path) -> int:
    options = ["-q", "-W", "--keep-going", "-b", "dirhtml", "-d", folder / ".doctrees"]
    done = subprocess.run([ENVIRONMENT / "bin" / "sphinx-build", *options, HERE, folder], check=False)
    (folder / "index.html").write_text('<!doctype html><meta http-equiv="refresh" content="0; url=README/">\n')
    return done.returncode


if __name__ == "__main__":
    target = Path(sys.argv[1] if sys.argv[1:] else HERE.parent / "build" / "site")
    prepare()
    if status := build(target):
        sys.exit(status)
    print(f"The site is in {target}: python3 -m http.server -d {target} shows it")
