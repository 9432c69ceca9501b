"""Builds the wheels of all distributions, of one version, and checks them.

    make release                          # into dist/VERSION, with SHA256SUMS
    make release VERSION=0.2.0            # first sets the version everywhere
    ./install.sh --version 0.2.0 --from dist/0.2.0

A wheel counts when its metadata says the version, and when it asks for no dokkupy distribution that is not among them.
All are then installed into an environment of their own, where the command runs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VERSION = re.compile(r"\d+\.\d+\.\d+")


class Fault(Exception):
    """Why there is no release."""


def distributions(root: Path) -> list[Path]:
    """The folders of what is released: the meta distribution, core, SDK and the builtin plugins."""
    plugins = sorted(path.parent for path in root.glob("plugins_builtin/*/pyproject.toml"))
    return [root, root / "core", root / "plugin_sdk", *plugins]


def version_of(folder: Path) -> str:
    return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"])


def set_version(root: Path, version: str) -> None:
    """Write the version to every declaration, with the pins and ranges of what belongs together."""
    if not VERSION.fullmatch(version):
        raise Fault(f"{version} is no version: write three numbers, as in 0.2.0")
    old = version_of(root)
    (major, minor), (next_major, next_minor) = version.split(".")[:2], next_of(version)
    was, was_next = old.split(".")[:2], next_of(old)
    ranges = (
        f">={was[0]}.{was[1]},<{was_next[0]}.{was_next[1]}",
        f">={major}.{minor},<{next_major}.{next_minor}",
    )
    examples = sorted(path.parent for path in root.glob("examples/plugins/*/pyproject.toml"))
    for folder in [*distributions(root), *examples]:
        path = folder / "pyproject.toml"
        text = re.sub(rf'(?m)^version = "{re.escape(old)}"$', f'version = "{version}"', path.read_text())
        text = re.sub(rf"(dokkupy-[a-z-]+(?:\[[a-z]+\])?)=={re.escape(old)}", rf"\g<1>=={version}", text)
        path.write_text(re.sub(rf"(dokkupy-[a-z-]+(?:\[[a-z]+\])?){re.escape(ranges[0])}", rf"\g<1>{ranges[1]}", text))
    source = root / "core/src/dokkupy/__init__.py"
    source.write_text(source.read_text().replace(f'__version__ = "{old}"', f'__version__ = "{version}"'))


def next_of(version: str) -> tuple[str, str]:
    """The first series that a range of this version leaves out."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return str(major), str(minor + 1)


def require_one_version(root: Path) -> str:
    version = version_of(root)
    others = {str(path.relative_to(root)): version_of(path) for path in distributions(root)}
    wrong = [f"{name} has {found}" for name, found in others.items() if found != version]
    if wrong:
        raise Fault(f"The version is {version}, but {', '.join(wrong)}: set it with `make release VERSION={version}`")
    return version


def build(root: Path, target: Path) -> list[Path]:
    program = "import os, sys\nfrom hatchling.build import build_wheel\nfor folder in sys.argv[2:]:\n    os.chdir(folder)\n    build_wheel(sys.argv[1])"
    target.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", program, str(target), *map(str, distributions(root))], check=True)
    return sorted(target.glob("*.whl"))


def metadata(wheel: Path) -> tuple[str, str, list[str]]:
    """(name, version, requirements)"""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        found = HeaderParser().parsestr(archive.read(name).decode())
    return found["Name"], found["Version"], found.get_all("Requires-Dist") or []


def check(wheels: list[Path], version: str) -> None:
    facts = [metadata(wheel) for wheel in wheels]
    names = {name for name, _, _ in facts}
    for name, found, requirements in facts:
        if found != version:
            raise Fault(f"The wheel of {name} says version {found}, not {version}")
        needed = {
            match[0] for one in requirements if "extra ==" not in one and (match := re.match(r"dokkupy[a-z-]*", one))
        }
        if needed - names:
            raise Fault(f"{name} needs {', '.join(sorted(needed - names))}, which is not among the wheels")


def try_out(wheels: list[Path], version: str) -> None:
    """Install all into an environment of its own and run the command there."""
    with tempfile.TemporaryDirectory(prefix="dokkupy-release-") as place:
        venv.create(place, with_pip=True)
        python = os.path.join(place, "bin", "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*pip, *map(str, wheels)], check=True)
        env = {**os.environ, "DOKKUPY_ROOT": os.path.join(place, "state")}
        ask = "from importlib.metadata import version; print(version('dokkupy'), version('dokkupy-core'))"
        for words, expected in ((["-c", ask], f"{version} {version}"), (["-m", "dokkupy", "version"], "dokku version")):
            done = subprocess.run([python, "-I", *words], capture_output=True, text=True, env=env)
            if expected not in done.stdout:
                raise Fault(f"{words[1]} of the installed wheels prints {done.stdout + done.stderr!r}, not {expected}")


def sums(wheels: list[Path], target: Path) -> None:
    lines = [f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel.name}\n" for wheel in wheels]
    (target / "SHA256SUMS").write_text("".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description="Build and check the wheels of all distributions.")
    parser.add_argument("--set", metavar="VERSION", default="", help="write this version everywhere first")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder for VERSION/ (dist)")
    parser.add_argument("--untried", action="store_true", help="do not install the wheels to try them")
    wanted = parser.parse_args()
    try:
        if wanted.set:
            set_version(ROOT, wanted.set)
        version = require_one_version(ROOT)
        target = wanted.into.resolve() / version
        shutil.rmtree(target, ignore_errors=True)
        wheels = build(ROOT, target)
        check(wheels, version)
        if not wanted.untried:
            try_out(wheels, version)
        sums(wheels, target)
    except Fault as fault:
        print(f" !     {fault}", file=sys.stderr)
        return 1
    print(f"-----> {len(wheels)} wheels of {version} in {target}")
    print(f"       ./install.sh --version {version} --from {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
